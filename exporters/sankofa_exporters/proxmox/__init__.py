"""Proxmox VE clusters: quorum, nodes, guests joined with their node's state, storage, and the exporter's own rights."""
