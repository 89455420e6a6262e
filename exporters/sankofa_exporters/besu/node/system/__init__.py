"""A node between probes: its collectors, and the latency of its calls."""
