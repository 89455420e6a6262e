"""What was answered, parsed once at the edge: by one connector, and by the account's API."""
