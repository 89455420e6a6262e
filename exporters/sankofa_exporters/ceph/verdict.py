"""Does the cluster serve reads and writes? One rule for both witnesses, and how their words are joined.

Up: every pool that counts has all its PGs serving, nothing blocks its reads or writes, and the mons have a quorum.
Down: one of these is known to be broken. Unknown: none is known to be broken, and one is not known. HEALTH_WARN and
HEALTH_ERR decide nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sankofa_exporters.probe.source import Verdict

from .metrics import View
from .snapshot import Health, Pgs, Pool, Reports

BLOCKING_FLAGS = frozenset({"pauserd", "pausewr", "full"})


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a verdict needs to know; None is unknown."""

    pgs: Sequence[Pgs] | None
    blocked: bool | None
    quorate: bool | None


def judge(service: Service) -> Verdict:
    pgs = service.pgs or ()
    if service.quorate is False or service.blocked or any(pool.lost for pool in pgs):
        return Verdict.DOWN
    if not pgs or service.quorate is None or service.blocked is None or any(pool.unknown for pool in pgs):
        return Verdict.UNKNOWN
    return Verdict.UP


def by_rest(
    health: Health, flags: frozenset[str], pools: Sequence[Pool], wanted: frozenset[str], reports: Reports | None
) -> Service:
    counted = [pool for pool in pools if not wanted or pool.name in wanted]
    complete = health.pools == len(pools) if health.pools is not None else True
    # A mgr that lists fewer OSDs than the map has, or none that is up, proves nothing by their reports.
    listed = reports is None or (health.osds is not None and reports.listed == health.osds.total)
    pgs = [pool.pgs for pool in counted]
    known = complete and listed and _all_there(wanted, (pool.name for pool in counted)) and health.osds is not None
    return Service(
        pgs=pgs if known else [pool for pool in pgs if pool.lost] or None,
        blocked=bool(flags & BLOCKING_FLAGS) or any(pool.full for pool in counted),
        quorate=None if health.mons is None else health.mons.margin_votes >= 0,
    )


def by_mgr(view: View, wanted: frozenset[str]) -> Service:
    """The mgr exports neither pause nor full: OSDMAP_FLAGS says that some flag is set, and it may be one of these."""
    counted = [pool for pool in view.pools if not wanted or pool.name in wanted]
    pgs = [pool.pgs for pool in counted if pool.pgs is not None]
    known = view.pools_complete and _all_there(wanted, (pool.name for pool in counted))
    return Service(
        pgs=pgs if known else None,
        blocked=_blocked(view.checks),
        quorate=None if view.mons is None else view.mons.margin_votes >= 0,
    )


def silent(reports: Reports | None, seconds: float) -> bool:
    """Fewer than half of the OSDs that are called up have reported lately: what is said of their PGs is old.

    When all OSDs die at once nobody is left to report them, and Ceph's map calls them up for 15 minutes.
    """
    return reports is not None and bool(reports.ages) and reports.lately(seconds) * 2 < len(reports.ages)


def joined(rest: Service | None, mgr: Service | None, *, old: bool) -> Verdict:
    """The dashboard's word goes first: it reads the maps at once, while `/metrics` is a cache of some seconds."""
    service = rest if rest is not None else mgr
    return Verdict.UNKNOWN if old or service is None else judge(service)


def _blocked(checks: frozenset[str] | None) -> bool | None:
    if checks is None:
        return None
    if "OSD_FULL" in checks:
        return True
    # POOL_FULL may be a quota, OSDMAP_FLAGS may be noout.
    return None if checks & {"OSDMAP_FLAGS", "POOL_FULL"} else False


def _all_there(wanted: frozenset[str], names: Iterable[str]) -> bool:
    return wanted <= set(names)
