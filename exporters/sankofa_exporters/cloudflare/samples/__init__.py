"""Snapshots to samples: pure functions, one for each collector."""
