"""Which sites are lost, and who is told so: the site's own page, or one page for all that fell at once.

Lost is down or silent. A storm is seen quickly and covers the sites that fall in it; a page needs all the evidence. Parents cover sites
here and not in Alertmanager: there one straggler of a storm would keep every later page of its tier muted. A site that was paged before
a storm keeps its page; one that falls more than 5 minutes after it began has its own (decision 0040).
"""

from __future__ import annotations

from collections.abc import Sequence

from sankofa_observe.telemetry import (
    FLEET_DOWN,
    FLEET_STORM,
    FLEET_STORMS,
    REGION_DOWN,
    REGION_STORM,
    SITE_DOWN,
    SITE_FRESH,
    SITE_IN_FLEET,
    SITE_IN_REGION,
    SITE_LOST,
    SITE_LOST_QUICK,
    SITE_PAGED,
    SYSTEM_DOWN,
    SYSTEM_EXPLAINED,
    SYSTEM_KNOWN_TARGETS,
    SYSTEM_SEEN,
    SYSTEM_UNSEEN,
    TARGET_EXPECTED,
)

from .pace import AWHILE, QUICK, SURE, Pace
from .rule import Record
from .state import SITE, SYSTEM, hinted
from .systems import WatchedSystem, taking_down

# Tried on one fleet of 325 sites: see decision 0040.
STORM_SHARE, STORM_LEAST = 0.02, 5  # of a tier's sites
REGION_SHARE, REGION_LEAST = 0.6, 3  # of a region's sites
SITES = f"group by ({SITE}) ({TARGET_EXPECTED})"
_NONE = f"or 0 * {SITES}"


def records(systems: Sequence[WatchedSystem], pace: Pace) -> tuple[Record, ...]:
    """In order: lost, storm, covered, paged."""
    return (*_lost(systems, pace), *_storms(pace), *_covered(pace), *_paged(pace))


def _lost(systems: Sequence[WatchedSystem], pace: Pace) -> tuple[Record, ...]:
    deciding = taking_down(systems)
    # Nobody sees it, and nothing else explains that.
    unseen = f"group by ({SITE}) ({SYSTEM_UNSEEN} == 1 unless on ({SYSTEM}) {SYSTEM_EXPLAINED})"
    lately = f"group by ({SITE}) (last_over_time({SYSTEM_SEEN}[{pace.samples(SURE - QUICK + 1)}]))"
    now = f"group by ({SITE}) ({SYSTEM_SEEN})"
    again = f"group by ({SITE}) ({SYSTEM_KNOWN_TARGETS})"
    # By name alone: a site that was moved is told at two places while one of the tellers reads an older file, and is seen at one.
    silent = f"({unseen} unless on (site) {lately})"
    still_silent = f"({pace.was(SITE_LOST)} and on ({SITE}) {SITES} unless on (site) {again})"
    bad = f"group by ({SITE}) {hinted(pace, deciding)}"
    return (
        Record(record=SITE_DOWN, expr=f"max by ({SITE}) ({SYSTEM_DOWN}{{{deciding}}})\n{_NONE}"),
        Record(record=SITE_LOST, expr=f"({SITE_DOWN} == 1)\nor {silent}\nor {still_silent}\n{_NONE}"),
        Record(
            record=SITE_LOST_QUICK,
            expr=f"{bad}\nor ({unseen} unless on (site) {now})\nor ({SITE_LOST} == 1)\n{_NONE}",
        ),
        Record(
            record=SITE_FRESH,
            expr=f"({SITE_LOST_QUICK} == 1)\n"
            f"unless on ({SITE}) (min_over_time({SITE_LOST_QUICK}[{pace.samples(AWHILE)}]) == 1\n"
            f"and on ({SITE}) {SITE_LOST_QUICK} offset {pace.time(AWHILE)})\n"
            f"unless on ({SITE}) {pace.was(SITE_PAGED)}",
        ),
    )


def _lasting(pace: Pace) -> str:
    """A region's storm that was one at the last evaluation too.

    Scrapes are spread over an interval, so of many regions that fall at one instant some seem to be alone at first.
    """
    return f"(min_over_time({REGION_STORM}[{pace.samples(2)}]) == 1)"


def _sole_region(pace: Pace) -> str:
    """The region that is lost, where it is the only one: several at once are an outage of the fleet."""
    return f"({_lasting(pace)} and on () count({REGION_STORM} == 1) == 1)"


def _regions_apart(pace: Pace) -> str:
    """Regions whose sites are no part of the fleet's storm: the only one, and one of which that cannot be said yet."""
    young = f"({REGION_STORM} == 1 unless on (region) {_lasting(pace)})"
    return f"({young} or {_sole_region(pace)})"


def _storms(pace: Pace) -> tuple[Record, ...]:
    region = f"clamp_min({REGION_SHARE} * count by (region) ({SITES}), {REGION_LEAST})"
    tier = f"clamp_min({STORM_SHARE} * count by (tier) ({SITES}), {STORM_LEAST})"
    rest = f"{SITE_FRESH} unless on (region) {_regions_apart(pace)}"
    return (
        Record(
            record=REGION_STORM,
            expr=f"(count by (region) ({SITE_FRESH}) >= on (region) {region}) ^ 0\nor 0 * group by (region) ({SITES})",
        ),
        Record(
            record=FLEET_STORM,
            expr=f"(count by (tier) ({rest}) >= on (tier) {tier}) ^ 0\nor 0 * group by (tier) ({SITES})",
        ),
    )


def _covered(pace: Pace) -> tuple[Record, ...]:
    """Covered while the storm lasts, and then for as long as the site is lost and its parent's page stands.

    Of several regions in a fleet's storm none is told by itself: the core site that took them along has a page of its own.
    """

    def covered(by: str, storm: str, series: str, parent: str) -> str:
        begins = f"({SITE_LOST_QUICK} == 1 and on ({by}) {storm})"
        stays = f"({pace.was(series)} and on ({SITE}) {SITE_LOST} == 1 and on ({by}) {pace.was(parent)})"
        return f"({begins}\nor {stays})\nunless on ({SITE}) {pace.was(SITE_PAGED)}\nunless on ({SITE}) "

    regions_own = f"({pace.was(SITE_IN_REGION)} and on (region) {pace.was(REGION_DOWN)})"
    of_fleet = f"{FLEET_STORM} == 1 unless on (region) {_regions_apart(pace)}"
    of_region = f"({_sole_region(pace)}\nor ({_lasting(pace)} unless on () count({FLEET_STORM} == 1)))"
    return (
        Record(
            record=SITE_IN_FLEET,
            expr=f"{covered('tier', of_fleet, SITE_IN_FLEET, FLEET_DOWN)}{regions_own}\n{_NONE}",
        ),
        Record(
            record=SITE_IN_REGION,
            expr=f"{covered('region', of_region, SITE_IN_REGION, REGION_DOWN)}({SITE_IN_FLEET} == 1)\n{_NONE}",
        ),
    )


def _paged(pace: Pace) -> tuple[Record, ...]:
    def parent(by: str, covered: str) -> str:
        lost = f"({covered} == 1 and on ({SITE}) {SITE_LOST} == 1)"
        return f"group by ({by}) {lost}\nor 0 * group by ({by}) ({SITES})"

    alone = f"({SITE_LOST} == 1 unless on ({SITE}) ({SITE_IN_FLEET} == 1 or {SITE_IN_REGION} == 1))"
    stays = f"({pace.was(SITE_PAGED)} and on ({SITE}) {SITE_LOST} == 1)"
    # A page that has stood for longer than a storm counts as one says nothing of the sites that fall in the next, nor does the next page.
    stood = f"(min_over_time({FLEET_DOWN}[{pace.samples(AWHILE)}]) == 1 and on (tier) {FLEET_DOWN} offset {pace.time(AWHILE)})"
    told = pace.last(FLEET_STORMS)
    lately = f"{FLEET_STORMS}[{pace.samples(AWHILE + SURE)}]"  # the storm that the last page told of is over by now
    rested = f"({told} == 1 or min_over_time({lately}) == max_over_time({lately}))"
    another = f"({told} + 1 and on (tier) {FLEET_STORM} == 1 and on (tier) {stood} and on (tier) {rested})"
    stand = f"({told} > 0 and on (tier) {FLEET_DOWN} == 1)"
    return (
        Record(record=FLEET_DOWN, expr=parent("tier", SITE_IN_FLEET)),
        Record(record=FLEET_STORMS, expr=f"{another}\nor {stand}\nor {FLEET_DOWN}"),
        Record(record=REGION_DOWN, expr=parent("region", SITE_IN_REGION)),
        Record(record=SITE_PAGED, expr=f"{alone}\nor {stays}\n{_NONE}"),
    )
