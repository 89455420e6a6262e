"""Does the cluster serve reads and writes? Each part proves for itself.

Down by any fresh proof of any part: a flag that stops I/O, a PG lost, no space left, no quorum. Up only when every part is
known and good. Unknown otherwise. HEALTH_WARN and HEALTH_ERR decide nothing. A part is judged by the dashboard, which
reads the maps at once, and by the mgr's metrics, a cache of some seconds, where the dashboard did not answer it. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sankofa_exporters.probe.source import Verdict

from .snapshot.mgr_metrics import View
from .snapshot.values import Check, Checks, Health, Mons, Osds, Pgs, Pools

UP, DOWN, UNKNOWN = Verdict.UP, Verdict.DOWN, Verdict.UNKNOWN
BLOCKING_FLAGS = frozenset({"pauserd", "pausewr", "full"})
WRITE_BLOCKING_FLAGS = BLOCKING_FLAGS - {"pauserd"}
_FULL_POOL = re.compile(r"pool '(.+)' is full \((no space|running out of quota)\)")


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What one probe found; None is what failed or was not asked."""

    linked: bool  # a dashboard proved that it hears from a quorum
    mons: Mons | None = None
    health: Health | None = None
    flags: frozenset[str] | None = None
    pools: Pools | None = None
    osds: Osds | None = None
    view: View | None = None  # of a mgr's metrics


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the operator wants the verdict to lean on."""

    pools: frozenset[str] = frozenset()  # empty: all
    osd_reports: bool = True
    max_report_age_seconds: float = 30


def verdict_of(evidence: Evidence, rules: Rules) -> Verdict:
    return combined(parts_of(evidence, rules).values())


def combined(parts: Iterable[Verdict]) -> Verdict:
    found = set(parts)
    if DOWN in found:
        return DOWN
    return UP if found == {UP} else UNKNOWN


def parts_of(evidence: Evidence, rules: Rules) -> dict[str, Verdict]:
    return {
        "quorum": quorum(evidence),
        "flags": flags(evidence),
        "space": space(evidence, rules.pools),
        "pgs": pgs(evidence, rules),
        "reports": reports(evidence, rules),
    }


def quorum(evidence: Evidence) -> Verdict:
    """Each answer that names the mons counts; the mgr's metrics only where the dashboard has none."""
    found = [evidence.mons, evidence.health.mons if evidence.health else None]
    if found == [None, None] and evidence.view is not None:
        found = [evidence.view.mons]
    verdicts = [UP if mons.margin_votes >= 0 else DOWN for mons in found if mons is not None]
    return combined(verdicts)


def flags(evidence: Evidence) -> Verdict:
    """Without the list, OSDMAP_FLAGS says that some flag is set: it may be a pause, or noout."""
    if evidence.flags is not None:
        return DOWN if evidence.flags & BLOCKING_FLAGS else UP
    return UP if _passes(evidence, "OSDMAP_FLAGS") else UNKNOWN


def space(evidence: Evidence, wanted: frozenset[str]) -> Verdict:
    """A pool at its own quota is refused as agreed; one without space is down."""
    if evidence.pools is not None:
        counted = [pool for pool in evidence.pools.rows if not wanted or pool.name in wanted]
        if any(pool.full for pool in counted):
            return DOWN
        return UP if _all_listed(evidence, wanted) else UNKNOWN
    return _space_by_checks(evidence, wanted)


def _space_by_checks(evidence: Evidence, wanted: frozenset[str]) -> Verdict:
    """OSD_FULL may be of a device class that no pool of ours uses: it proves nothing of chosen pools."""
    full = _full_pools(evidence.health.checks if evidence.health else None)
    if full is not None and any(not wanted or pool in wanted for pool in full):
        return DOWN
    if not wanted and _fails(evidence, "OSD_FULL"):
        return DOWN
    return UP if _passes(evidence, "OSD_FULL", "POOL_FULL") else UNKNOWN


def _full_pools(checks: Checks | None) -> frozenset[str] | None:
    """The pools that have no space, by the lines of POOL_FULL; None where they are not shown."""
    check: Check | None = checks.failing.get("POOL_FULL") if checks else None
    if check is None:
        return None
    found = [_FULL_POOL.fullmatch(line) for line in check.details]
    return frozenset(match[1] for match in found if match is not None and match[2] == "no space")


def pgs(evidence: Evidence, rules: Rules) -> Verdict:
    """What is said of PGs while their OSDs are silent is old."""
    if evidence.osds is not None and rules.osd_reports and evidence.osds.are_silent(rules.max_report_age_seconds):
        return UNKNOWN
    found = _pgs_of_pools(evidence)
    counted = [one for name, one in found.items() if not rules.pools or name in rules.pools]
    if any(one is not None and one.lost for one in counted):
        return DOWN
    known = counted and all(one is not None and not one.unknown for one in counted)
    return UP if known and _all_listed(evidence, rules.pools) else UNKNOWN


def _pgs_of_pools(evidence: Evidence) -> Mapping[str, Pgs | None]:
    if evidence.pools is not None:
        return {pool.name: pool.pgs for pool in evidence.pools.rows}
    return {pool.name: pool.pgs for pool in evidence.view.pools} if evidence.view is not None else {}


def _all_listed(evidence: Evidence, wanted: frozenset[str]) -> bool:
    """Every pool that counts is in the list; for all pools, as many as another view counts."""
    listed = _pgs_of_pools(evidence)
    if wanted:
        are_readable = evidence.pools is not None or (evidence.view is not None and evidence.view.pools_readable)
        return are_readable and wanted <= set(listed)
    if evidence.pools is None:
        return evidence.view is not None and evidence.view.pools_complete
    return evidence.pools.complete and _pool_count(evidence) == len(listed)


def _pool_count(evidence: Evidence) -> int | None:
    if evidence.health is not None and evidence.health.pools is not None:
        return evidence.health.pools
    return len(evidence.view.pools) if evidence.view is not None and evidence.view.pools_complete else None


def reports(evidence: Evidence, rules: Rules) -> Verdict:
    """Proof that OSDs report. Never down: a short list or silence proves nothing but that the rest is not known.

    Metrics alone do not see that all OSDs fell silent; a dashboard that is there must show that they did not.
    """
    if not rules.osd_reports or not evidence.linked:
        return UP
    total = _osd_count(evidence)
    if evidence.osds is None or total is None or len(evidence.osds.rows) != total:
        return UNKNOWN
    return UNKNOWN if evidence.osds.are_silent(rules.max_report_age_seconds) else UP


def _osd_count(evidence: Evidence) -> int | None:
    if evidence.health is not None and evidence.health.osds is not None:
        return evidence.health.osds.total
    return evidence.view.osds if evidence.view is not None else None


def _fails(evidence: Evidence, *names: str) -> bool:
    failing, unclear = _checks(evidence)
    return failing is not None and bool(failing & set(names) - unclear)


def _passes(evidence: Evidence, *names: str) -> bool:
    """None of these checks fails, and the answer says so clearly: a line that was lost may be of any of them."""
    failing, unclear = _checks(evidence)
    by_dashboard = evidence.health is not None and evidence.health.checks is not None
    if not by_dashboard and evidence.view is not None and not evidence.view.checks_readable:
        return False
    return failing is not None and not (failing | unclear) & set(names)


def _checks(evidence: Evidence) -> tuple[frozenset[str] | None, frozenset[str]]:
    if evidence.health is not None and evidence.health.checks is not None:
        return evidence.health.checks.names, evidence.health.checks.unclear
    if evidence.view is not None:
        return evidence.view.checks, evidence.view.unclear
    return None, frozenset()
