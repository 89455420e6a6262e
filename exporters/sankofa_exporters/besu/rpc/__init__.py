"""One node's JSON-RPC endpoint, and the values its answers are made of."""
