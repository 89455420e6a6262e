"""What is broken in our exporters: one that is away, may not see or is too slow, and a site that fell silent."""

from __future__ import annotations

from sankofa_exporters.ceph import families as ceph
from sankofa_exporters.model import catalogue
from sankofa_exporters.proxmox import families as pve
from sankofa_observe.telemetry import OBSERVER_ISOLATED, SYSTEM_EXPLAINED

from .rule import Group, tickets_of
from .systems import OWN_JOB, at_observer, target_jobs, watched_systems

STARVED_SECONDS = 0.1  # half of the slack that a quick eth_call has under its bound of 0.2 s

_UNSCRAPED = f"up{{{target_jobs(watched_systems())}}} == 0 unless on (tier, region, site, system) {SYSTEM_EXPLAINED}"
_AWAY = at_observer(
    f'group by (system, observer) (up{{job="{OWN_JOB}"}} == 0\nunless on (observer) {OBSERVER_ISOLATED} == 1)'
)
_REFUSED = f'{catalogue.COLLECTOR_ERROR.name}{{kind="permission"}} == 1'
_LACKING = (f"{pve.PRIVILEGE_MISSING.name} == 1", f"{ceph.PRIVILEGE_MISSING.name} == 1", _REFUSED)
_STARVED = f"quantile_over_time(0.8, {catalogue.PROBE_DELAY.name}[5m]) > {STARVED_SECONDS}"
_BY_SYSTEM = "count by (tier, region, site, system)"


def _with_system(expr: str) -> str:
    return f'label_replace({expr}, "system", "$1", "job", "sankofa-(.+)")'


_ticket = tickets_of(None, "meta")

OBSERVER = (
    _ticket(
        name="ExporterDown",
        expr=f"{_BY_SYSTEM} ({_UNSCRAPED}\nor {_AWAY})",
        for_seconds=60,
        summary="{{ $labels.site }}: we are blind to {{ $labels.system }}, no verdict is possible",
        description="{{ $value }} target(s) of {{ $labels.system }} at {{ $labels.site }} cannot be scraped.",
    ),
    _ticket(
        name="ExporterPrivilegeMissing",
        expr="{} ({})".format(_BY_SYSTEM, "\nor ".join(map(_with_system, _LACKING))),
        for_seconds=300,
        summary="{{ $labels.site }}: our {{ $labels.system }} account may not see all it must",
        description="{{ $value }} right(s) of the exporter's account are missing at {{ $labels.site }}.",
    ),
    _ticket(
        name="ExporterStarved",
        expr=f"{_BY_SYSTEM} ({_with_system(_STARVED)})",
        for_seconds=300,
        summary="{{ $labels.site }}: our {{ $labels.system }} exporter is too slow to judge by it",
        description="{{ $value }} target(s) of {{ $labels.system }} at {{ $labels.site }}: our own delay spoils each fifth probe.",
    ),
)

GROUPS = (Group(name="sankofa-observer", rules=OBSERVER),)
