"""One node as a target: its head decides, everything else describes."""
