"""The systems whose state is watched: those of the exporters' registry, with the families that say whether a target is known and up.

A new system follows by itself. It takes a site down unless it is named here with the reason why not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sankofa_exporters.model.family import pairs
from sankofa_exporters.registry import SYSTEM_NAMES, system

PART_OF_A_SITE = {
    "besu": "readers of a node go to another one, and a chain that stands has a page of its own",
    "canary": "it says what users meet, not what broke: their promises burn, and that pages",
}
"""Systems of which one that is down is a part of its site: the site's state is DOWN, and nobody is woken by SiteDown."""

OWN_JOB = "sankofa-exporter"  # the exporters' own /metrics
PLATFORM_JOB = "sankofa-platform"


@dataclass(frozen=True, kw_only=True)
class WatchedSystem:
    """A system: its name, and each pair of series (known, up) by which one kind of its targets is judged."""

    name: str
    pairs: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        if not self.pairs:
            raise ValueError(f"system {self.name}: expected families <name>_known and <name>_up without labels")

    @property
    def job(self) -> str:
        return f"sankofa-{self.name}"

    @property
    def takes_site_down(self) -> bool:
        return self.name not in PART_OF_A_SITE


def watched_systems() -> tuple[WatchedSystem, ...]:
    return tuple(WatchedSystem(name=name, pairs=pairs(system(name).families)) for name in SYSTEM_NAMES)


def target_jobs(systems: Iterable[WatchedSystem]) -> str:
    """A matcher of the jobs that scrape targets."""
    return f'job=~"sankofa-({"|".join(one.name for one in systems)})"'


def observing_jobs(systems: Iterable[WatchedSystem]) -> str:
    """A matcher of the jobs that show whether an observer can see: its targets, and the exporters themselves."""
    return f'job=~"sankofa-({"|".join([*(one.name for one in systems), OWN_JOB.removeprefix("sankofa-")])})"'


def watched(systems: Iterable[WatchedSystem]) -> str:
    """A matcher of these systems: the platform tells targets of gateways and links too, which no pair of families judges."""
    return f'system=~"{"|".join(one.name for one in systems)}"'


def at_observer(expr: str) -> str:
    """Series of an exporter itself, which has no site: its observer stands for one."""
    site = f'label_replace({expr}, "site", "$1", "observer", "(.+)")'
    return f'label_replace(label_replace({site}, "tier", "all", "", ""), "region", "all", "", "")'


def taking_down(systems: Iterable[WatchedSystem]) -> str:
    """A matcher of the systems that take their site down."""
    return f'system=~"{"|".join(one.name for one in systems if one.takes_site_down)}"'
