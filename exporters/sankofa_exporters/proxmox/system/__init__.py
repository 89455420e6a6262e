"""Proxmox VE as a system of the exporter: what lives between probes, and what a probe makes of it."""

from __future__ import annotations

from .source import SYSTEM

__all__ = ["SYSTEM"]
