"""A place that is promised something: its name, its tier, its region."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Site:
    name: str
    tier: str
    region: str
