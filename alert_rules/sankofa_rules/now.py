"""All that is said of the present: states, what the wall shows, pages; one group, so that each series is read at the time it was made."""

from __future__ import annotations

from collections.abc import Sequence

from . import faults, pages, site, state, wall
from .pace import Pace
from .rule import Group
from .systems import WatchedSystem, watched_systems


def groups(scrape_seconds: int, systems: Sequence[WatchedSystem] | None = None) -> tuple[Group, ...]:
    """One group at the server's own interval, which is to be that of scrapes."""
    pace = Pace(scrape_seconds=scrape_seconds)
    there = watched_systems() if systems is None else systems
    return (
        Group(
            name="sankofa-state",
            rules=(
                *state.records(there, pace),
                *site.records(there, pace),
                *faults.records(faults.FAULTS, pace),
                *wall.records(pace),
                *pages.PAGES,
                *(fault.alert() for fault in faults.FAULTS),
                *pages.tickets(pace),
            ),
        ),
    )
