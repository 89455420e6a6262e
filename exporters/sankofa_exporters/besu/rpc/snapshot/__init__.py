"""Values out of JSON-RPC answers that node and network both read."""
