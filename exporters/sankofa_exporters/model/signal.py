"""What is worth watching of a system, as data beside it: its board is made of these, and of nothing that knows the system.

An expression leaves open which sites are meant: each of its selectors has AT, or `at(...)` with matchers of its own. Assumes nothing of
who draws it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AT = "{AT}"


def at(matchers: str) -> str:
    """A selector's braces with these matchers beside those of the sites."""
    return f"{{AT, {matchers}}}"


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A figure over time. `watch` and `bad` are its bounds: from there upwards, or below them where `worst` is the lowest."""

    title: str
    means: str  # one sentence or two, which name the alert that goes with it
    expr: str
    legend: str
    unit: str = "none"  # Grafana's name of it
    decimals: int | None = None
    worst: Literal["highest", "lowest"] = "highest"
    watch: float | None = None
    bad: float | None = None
    shape: Literal["lines", "heat"] = "lines"  # heat: the buckets of a histogram, by le

    def __post_init__(self) -> None:
        if "{AT" not in self.expr:
            raise ValueError(f"signal {self.title!r}: no selector has AT, so it could not be asked of one site")
        if self.watch is not None and self.bad is not None and (self.watch < self.bad) != (self.worst == "highest"):
            raise ValueError(f"signal {self.title!r}: watch {self.watch} and bad {self.bad} stand the wrong way round")
