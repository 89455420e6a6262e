"""Exporters of Sankofa Observe: each asks its own kind of system, and they meet the platform only at /metrics."""

__version__ = "0.1.0"
