"""What is broken in ourselves: an exporter that is away or may not see, a site that fell silent, a stage that stalls."""

from __future__ import annotations

from functools import partial

from sankofa_exporters.ceph import families as ceph
from sankofa_exporters.model import catalogue
from sankofa_exporters.proxmox import families as pve
from sankofa_observe.slo.quorum import SAME
from sankofa_observe.telemetry import (
    OBSERVER_ISOLATED,
    OBSERVER_NEWEST,
    OBSERVER_VERDICTS,
    PIPELINE_SUCCESS,
    SETTLEMENTS,
    SYSTEM_EXPLAINED,
    UNDETERMINED,
    WAITING_SECONDS,
)

from .rule import FLEET_BOARD, SITE_BOARD, Alert, Group
from .watched import OWN_JOB, target_jobs, watched

STARVED_SECONDS = 0.1  # half of the slack that a quick eth_call has under its bound of 0.2 s
OBSERVER_BEHIND_SECONDS = 1800  # what it counts closes a minute or two after it was; restarts take minutes
PIPELINE_STALL_SECONDS = 900  # a tick judges five slots of 60 s: three ticks were missed
# By what waits, for how many seconds it may, and how a person says it.
WAITS = {"period": 3600, "settlement": 3600, "verdict": 7 * 86_400}
PLATFORM_IDENTITY = {"tier": "core", "region": "all", "site": "platform"}

_UNSCRAPED = f"up{{{target_jobs(watched())}}} == 0 unless on (tier, region, site, system) {SYSTEM_EXPLAINED}"
# An exporter that is away itself has no site: its observer stands for one.
_AWAY = (
    f'label_replace(group by (system, observer) (up{{job="{OWN_JOB}"}} == 0\n'
    f'unless on (observer) {OBSERVER_ISOLATED} == 1), "site", "$1", "observer", "(.+)")'
)
_REFUSED = f'{catalogue.COLLECTOR_ERROR.name}{{kind="permission"}} == 1'
_LACKING = (f"{pve.PRIVILEGE_MISSING.name} == 1", f"{ceph.PRIVILEGE_MISSING.name} == 1", _REFUSED)
_STARVED = f"quantile_over_time(0.8, {catalogue.PROBE_DELAY.name}[5m]) > {STARVED_SECONDS}"
_BY_SYSTEM = "count by (tier, region, site, system)"


_WAITING_LONG = "max(({}) > 0)".format(
    "\nor ".join(
        f'max by (kind, reason) ({WAITING_SECONDS}{{kind="{kind}"}}) - {seconds}' for kind, seconds in WAITS.items()
    )
)


def _with_system(expr: str) -> str:
    return f'label_replace({expr}, "system", "$1", "job", "sankofa-(.+)")'


OBSERVER = (
    Alert(
        name="ExporterDown",
        expr=f'{_BY_SYSTEM} ({_UNSCRAPED}\nor label_replace(label_replace({_AWAY}, "tier", "all", "", ""), "region", "all", "", ""))',
        for_seconds=60,
        severity="ticket",
        kind="meta",
        scope="system",
        system=None,
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: we are blind to {{ $labels.system }}, no verdict is possible",
        description="{{ $value }} target(s) of {{ $labels.system }} at {{ $labels.site }} cannot be scraped.",
    ),
    Alert(
        name="ExporterPrivilegeMissing",
        expr="{} ({})".format(_BY_SYSTEM, "\nor ".join(map(_with_system, _LACKING))),
        for_seconds=300,
        severity="ticket",
        kind="meta",
        scope="system",
        system=None,
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: our {{ $labels.system }} account may not see all it must",
        description="{{ $value }} right(s) of the exporter's account are missing at {{ $labels.site }}.",
    ),
    Alert(
        name="ExporterStarved",
        expr=f"{_BY_SYSTEM} ({_with_system(_STARVED)})",
        for_seconds=300,
        severity="ticket",
        kind="meta",
        scope="system",
        system=None,
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: our {{ $labels.system }} exporter is too slow to judge by it",
        description="{{ $value }} target(s) of {{ $labels.system }} at {{ $labels.site }}: our own delay spoils each fifth probe.",
    ),
)

_of_the_platform = partial(
    Alert, kind="meta", scope="system", system="platform", identity=PLATFORM_IDENTITY, dashboard=FLEET_BOARD
)
PLATFORM = (
    _of_the_platform(
        name="PipelineStalled",
        expr=f"count(time() - {PIPELINE_SUCCESS} > {PIPELINE_STALL_SECONDS})",
        for_seconds=60,
        severity="ticket",
        summary="Outages are not being judged: credits will be late",
        description="{{ $value }} stage(s) of the pipeline have not succeeded for 15 minutes.",
    ),
    _of_the_platform(
        name="SettlementHeld",
        expr=f'sum({SETTLEMENTS}{{state="held"}}) > 0',
        severity="page",
        summary="Money is held: a settlement needs a person before it is paid",
        description="{{ $value }} settlement(s) are held; tenants wait for their credit.",
    ),
    _of_the_platform(
        name="VerdictUndetermined",
        expr=f"sum({UNDETERMINED}) > 0",
        for_seconds=300,
        severity="ticket",
        summary="Nobody can tell whether promises were kept: a person has to say",
        description="{{ $value }} verdict(s) are undetermined, and nobody has reviewed them; nothing is paid for them by itself.",
    ),
    _of_the_platform(
        name="WaitingLong",
        expr=_WAITING_LONG,
        severity="ticket",
        summary="What is due cannot be done: a period, a verdict or a settlement waits",
        description="The oldest waits {{ $value | humanizeDuration }} past its bound.",
    ),
    _of_the_platform(
        name="ObserverSilent",
        expr=f"count(time() - {OBSERVER_NEWEST} > {OBSERVER_BEHIND_SECONDS})",
        for_seconds=300,
        severity="ticket",
        summary="An observer counts no slots: the others decide without it",
        description="{{ $value }} observer(s) have counted nothing for half an hour.",
    ),
    _of_the_platform(
        name="ObserverDiffers",
        expr=f'sum({OBSERVER_VERDICTS}{{alone!="{SAME}"}}) > 0',
        for_seconds=300,
        severity="ticket",
        summary="One observer saw a period otherwise than the others, or could not see it",
        description="In {{ $value }} case(s) an observer alone would not have come to the verdict of all.",
    ),
)

GROUPS = (Group(name="sankofa-observer", rules=OBSERVER), Group(name="sankofa-platform", rules=PLATFORM))
