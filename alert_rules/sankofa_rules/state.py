"""State of every system that a site should have: expected, seen, down, not known; and what explains that one is not seen.

Down ends only on evidence, not known is never up, and what nobody scrapes any more is still expected. Each state is a series of 0 and 1
that reads its own past (decision 0040). Assumes the target labels tier, region, site, system and observer.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from sankofa_observe.telemetry import (
    FLEET_NOT_KNOWN,
    FLEET_NOT_KNOWN_PAGED,
    OBSERVER_ISOLATED,
    OBSERVER_PAGED,
    SYSTEM_DOWN,
    SYSTEM_EXPLAINED,
    SYSTEM_KNOWN_TARGETS,
    SYSTEM_NOT_KNOWN,
    SYSTEM_SEEN,
    SYSTEM_UNSEEN,
    SYSTEM_UP_TARGETS,
    TARGET_BAD,
    TARGET_BAD_QUICK,
    TARGET_DUE,
    TARGET_EXPECTED,
    TARGET_INFO,
    TARGET_ISOLATED,
    TARGET_UP_QUICK,
    TARGET_VOTES,
)

from .pace import AWHILE, DUE, EVIDENCE, HINT, MEMORY, SURE, Pace
from .rule import Record
from .systems import OWN_JOB, PLATFORM_JOB, WatchedSystem, observing_jobs, target_jobs, watched

SITE = "tier, region, site"
SYSTEM = f"{SITE}, system"
TARGET = f"{SYSTEM}, instance"
MOSTLY = 0.8  # of a window, so that a flicker does not begin it anew
OBSERVER_WINDOW = 5  # evaluations
OBSERVER_LOOKS, FLEET_LOOKS = (ceil(MOSTLY * window) for window in (OBSERVER_WINDOW, AWHILE))  # until a page
FLEET_SHARE, FLEET_LEAST = 0.05, 5  # of a system's sites, all unseen: that is the observing, and not the sites


def records(systems: Sequence[WatchedSystem], pace: Pace) -> tuple[Record, ...]:
    """In order: each series is recorded before it is read, and all at one timestamp."""
    return (
        *_expected(systems, pace),
        *_samples(systems, pace),
        *_systems(pace),
        *_observers(systems, pace),
        *_fleet(pace),
    )


def _expected(systems: Sequence[WatchedSystem], pace: Pace) -> tuple[Record, ...]:
    past = f"last_over_time({TARGET_EXPECTED}[{pace.time(MEMORY)}])"
    told = f"count by ({SYSTEM}) (group by ({SYSTEM}, target) ({TARGET_INFO}{{{watched(systems)}}}))"
    # An exporter that is down, or is scraped no more, tells nothing of its own targets, whatever others of its kind tell; the platform
    # knows them all.
    own = f'up{{job="{OWN_JOB}"}}'
    unheard = f"group by (system) (last_over_time({own}[{pace.time(MEMORY)}]) unless {own} == 1)"
    platform = f'{TARGET_INFO}{{job="{PLATFORM_JOB}"}}'
    told_of = f"group by (system) ({TARGET_INFO})"
    # Of a system that nobody tells any more the last target was taken away, where the platform is there to tell of others.
    emptied = f"group by (system) ({past}) and on () group({platform})"
    complete = (
        f"((({told_of}) or on (system) ({emptied})) unless on (system) {unheard}\n"
        f"or on (system) group by (system) ({platform}))"
    )
    # A ruler that missed evaluations, or has just begun, has not looked: its silence is RulerLate's. Targets are discovered and scraped
    # some seconds after it has begun, so one missed evaluation is all that may be missing.
    looked = f"count_over_time({TARGET_EXPECTED}[{pace.sure}]) >= {SURE - 1}"
    before = f"last_over_time({TARGET_EXPECTED}[{pace.time(5)}] offset {pace.time(DUE)})"
    return (
        Record(record=TARGET_EXPECTED, expr=f"{told}\nor ({past} unless on (system) {complete})"),
        Record(
            record=TARGET_DUE,
            # 0 and not absent: what was recorded before a restart would be read for minutes after it.
            expr=f"({TARGET_EXPECTED} and on ({SYSTEM}) {before}\nand on ({SYSTEM}) ({looked})) ^ 0\nor 0 * {TARGET_EXPECTED}",
        ),
    )


def _samples(systems: Sequence[WatchedSystem], pace: Pace) -> tuple[Record, ...]:
    """Sums by family name, for a pattern of names would be matched against all that is scraped.

    Several may observe one target. It is down where more of them say so than say that it is up, and not known where as many differ
    (decision 0015). What is bad is recorded where it is, so that votes are counted over a handful of series.
    """
    pairs = [pair for one in systems for pair in one.pairs]

    def each(form: str, window: str) -> str:
        return "\nor ".join(form.format(known=known, up=up, window=window) for known, up in pairs)

    bad = "(sum_over_time({known}[{window}]) - sum_over_time({up}[{window}])) > 0"
    up = each("sum_over_time({up}[{window}]) > 0", pace.quick)
    proven = f"({pace.now(TARGET_BAD)} >= {EVIDENCE})"

    def targets(series: str, window: str, least: int, aside: str = "") -> str:
        enough = each(f"sum_over_time({{{series}}}[{{window}}]) >= {least}", window)
        return f"count by ({SYSTEM}) (group by ({TARGET}) (\n{enough}){aside})"

    votes = f"\nunless on ({TARGET}) ({pace.now(TARGET_VOTES)}"
    return (
        Record(record=TARGET_BAD, expr=each(bad, pace.sure)),
        Record(record=TARGET_BAD_QUICK, expr=each(bad, pace.quick)),
        Record(
            record=TARGET_UP_QUICK,
            expr=f"((\n{up})\nunless {pace.now(TARGET_BAD_QUICK)} and on ({TARGET}) {pace.now(TARGET_BAD)}) ^ 0",
        ),
        Record(record=TARGET_VOTES, expr=f"{_voted(proven, pace)}\nand on ({TARGET}) {proven}"),
        Record(record=SYSTEM_KNOWN_TARGETS, expr=targets("known", pace.sure, EVIDENCE, f"{votes} <= 0)")),
        Record(record=SYSTEM_UP_TARGETS, expr=targets("up", pace.sure, EVIDENCE, f"{votes})")),
        Record(record=SYSTEM_SEEN, expr=targets("known", pace.quick, 1)),
        Record(
            record=SYSTEM_UNSEEN,
            expr=f"({TARGET_DUE} == 1 unless on ({SYSTEM}) {SYSTEM_SEEN})\nor 0 * {TARGET_EXPECTED}",
        ),
    )


def _voted(down: str, pace: Pace) -> str:
    """Of each target, how many observers more say that it is down than say that it is up."""
    return f"sum by ({TARGET}) ({down} ^ 0 or -1 * {pace.now(TARGET_UP_QUICK)})"


def hinted(pace: Pace, deciding: str) -> str:
    """Targets that seem to be down, of the systems of a matcher, by as much as a storm is seen from."""
    return f"({_voted(f'({pace.now(TARGET_BAD_QUICK, deciding)} >= {HINT})', pace)} > 0)"


def _systems(pace: Pace) -> tuple[Record, ...]:
    """DOWN begins with known bad samples and ends when all targets are known up: what nobody sees meanwhile stays as it was."""
    well = f"({SYSTEM_UP_TARGETS} >= on ({SYSTEM}) {TARGET_EXPECTED} unless on ({SYSTEM}) {pace.now(TARGET_BAD)})"
    still = f"{pace.was(SYSTEM_DOWN)} and on ({SYSTEM}) {TARGET_EXPECTED} unless on ({SYSTEM}) {well}"
    doubt = f"{TARGET_EXPECTED} unless on ({SYSTEM}) ({SYSTEM_KNOWN_TARGETS} >= on ({SYSTEM}) {TARGET_EXPECTED})"
    down = f"group by ({SYSTEM}) ({pace.now(TARGET_VOTES)} > 0)"
    return (
        Record(record=SYSTEM_DOWN, expr=f"{down}\nor ({still})\nor 0 * {TARGET_EXPECTED}"),
        Record(record=SYSTEM_NOT_KNOWN, expr=f"({doubt}) ^ 0\nor 0 * {TARGET_EXPECTED}"),
    )


def _observers(systems: Sequence[WatchedSystem], pace: Pace) -> tuple[Record, ...]:
    """An observer none of whose targets can be scraped is cut off itself; one target alone cannot tell that."""
    scraped = f'up{{{observing_jobs(systems)}, observer!=""}}'
    every = f"count by (observer) ({scraped})"
    cut = f"(count by (observer) ({scraped} == 0) == {every} and {every} > 1) ^ 0"
    long = (
        f"(avg_over_time({OBSERVER_ISOLATED}[{pace.samples(OBSERVER_WINDOW)}]) >= {MOSTLY}\n"
        f"and count_over_time({OBSERVER_ISOLATED}[{pace.samples(OBSERVER_WINDOW)}]) >= 3) ^ 0"
    )
    lately = f"max_over_time({OBSERVER_ISOLATED}[{pace.sure}]) == 1"
    # A target that another observer can scrape is not cut off: what that one sees, or does not, counts.
    scraped_targets = f"up{{{target_jobs(systems)}}}"
    cut_off = f"group by ({TARGET}) ({scraped_targets} and on (observer) {lately})"
    elsewhere = f"({scraped_targets} unless on (observer) {lately})"
    return (
        Record(record=OBSERVER_ISOLATED, expr=f"{cut}\nor 0 * {every}"),
        Record(
            record=OBSERVER_PAGED,
            expr=f"{long}\nor ({pace.was(OBSERVER_PAGED)} and on (observer) {lately})\nor 0 * {OBSERVER_ISOLATED}",
        ),
        Record(
            record=TARGET_ISOLATED,
            expr=f"group by ({SYSTEM}) ({cut_off}\nunless on ({TARGET}) {elsewhere})",
        ),
    )


def _fleet(pace: Pace) -> tuple[Record, ...]:
    """Many sites of a system unseen at once: credentials, an API, an exporter. No site is silent for that."""
    unseen = f"count by (system) ({SYSTEM_UNSEEN} == 1 unless on ({SYSTEM}) {TARGET_ISOLATED})"
    every = f"count by (system) ({TARGET_EXPECTED})"
    many = f"({unseen} >= on (system) clamp_min({FLEET_SHARE} * {every}, {FLEET_LEAST})) ^ 0"
    before = f"last_over_time({FLEET_NOT_KNOWN}[{pace.time(5)}] offset {pace.time(DUE)})"
    long = f"(max(avg_over_time({FLEET_NOT_KNOWN}[{pace.samples(AWHILE)}]) and on (system) {before}) >= {MOSTLY}) ^ 0"
    lately = f"max_over_time({FLEET_NOT_KNOWN}[{pace.samples(SURE)}]) == 1"
    return (
        Record(record=FLEET_NOT_KNOWN, expr=f"{many}\nor 0 * {every}"),
        Record(
            record=FLEET_NOT_KNOWN_PAGED,
            expr=f"{long}\nor ({pace.was(FLEET_NOT_KNOWN_PAGED)} and on () group({lately}))\n"
            f"or 0 * group({FLEET_NOT_KNOWN})",
        ),
        Record(
            record=SYSTEM_EXPLAINED,
            expr=f"{TARGET_ISOLATED}\nor group by ({SYSTEM}) ({TARGET_EXPECTED} and on (system) {lately})",
        ),
    )
