"""What a case of an alert is: a world, a minute, and what fires then. The tables of cases are beside, one a system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Case:
    """A world, a minute, and the alerts of one name that fire then: their identity and the value they show."""

    alert: str
    world: str
    series: Mapping[str, str]
    minute: float
    unknown: bool = False  # the world in which the source, or its observer, cannot say
    said: str = ""  # what the queries in its words are filled in with
    interval_seconds: int = 15  # between the values of its series
    fires: tuple[tuple[Mapping[str, str], str], ...] = ()
