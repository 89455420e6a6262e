"""A network as a target, seen through several nodes that witness for it."""
