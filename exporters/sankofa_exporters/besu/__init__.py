"""Besu nodes (and any Ethereum JSON-RPC node): head freshness, peers, sync, and the latency of a real `eth_call`."""
