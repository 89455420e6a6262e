"""A place that is promised something: its name, its tier, its region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Site:
    name: str
    tier: str
    region: str
    targets: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)  # by system, what is scraped there
