"""A network between probes: its collectors, the headers it has read, and its counters."""
