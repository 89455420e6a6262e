"""Besu and Quorum over JSON-RPC: nodes, and networks seen through several nodes."""
