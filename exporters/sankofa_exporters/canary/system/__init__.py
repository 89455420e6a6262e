"""The canary as a system of the exporter: what asks at a rate of its own, and what a probe shows of it."""

from __future__ import annotations

from .source import SYSTEM

__all__ = ["SYSTEM"]
