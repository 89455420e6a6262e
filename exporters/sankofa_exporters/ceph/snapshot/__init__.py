"""What a cluster answered, as frozen values, and the pure functions that read it out of JSON and text."""
