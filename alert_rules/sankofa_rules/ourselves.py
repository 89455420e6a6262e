"""What is broken in ourselves: the platform, its money, its chain, the machines it stands on, and Prometheus that judges them.

A platform that is away cannot take back what it said: what fired stays as it was last told, and PlatformDown comes beside it
(decision 0043). Pages have neither `for` nor `keep_firing_for`.
"""

from __future__ import annotations

from functools import partial

from sankofa_observe.slo.quorum import SAME
from sankofa_observe.telemetry import (
    AT_STAKE,
    ATTESTOR_AGE,
    ATTESTOR_HEARD,
    CHAIN_ASKED,
    CHAIN_HEAD,
    CLOCK_OFFSET,
    DISK_FREE,
    ERRORS,
    OBSERVER_AGE,
    OBSERVER_ISOLATED,
    OBSERVER_NEWEST,
    OBSERVER_VERDICTS,
    PIPELINE_AGE,
    PIPELINE_SUCCESS,
    PLATFORM_DOWN,
    RULER_MISSED,
    SETTLEMENT_CHAIN_AGE,
    SETTLEMENTS,
    SETTLEMENTS_HELD,
    UNDETERMINED,
    UNDETERMINED_STAKE,
    VERDICTS_DIFFER,
    VERDICTS_UNDETERMINED,
    WAITED,
    WAITING_SECONDS,
)

from . import prometheus
from .fault_to_page import Evidence
from .pace import EVIDENCE, MEMORY, SURE, Pace
from .rule import EVERYWHERE, FLEET_BOARD, Alert, Group, Record, of_platform
from .security import SECURITY
from .systems import PLATFORM_JOB, at_observer

REMEMBERED = "1d"  # for how long what the platform last said stands while it is away
PIPELINE_STALL_SECONDS = 900  # a tick judges five slots of 60 s: three ticks were missed
OBSERVER_BEHIND_SECONDS = 1800  # what it counts closes a minute or two after it was; restarts take minutes
ATTESTOR_AWAY_SECONDS = 3600  # it takes a turn each few seconds, and a restart of a host takes minutes
CHAIN_LATE_SECONDS, CHAIN_STALLED_SECONDS = 300, 1800
RULER_MISSED_SHARE, RULER_RESTARTS = 0.1, 2
RULER_MISSED_LEAST = 3  # evaluations that are more than this share of 5 minutes
CLOCK_SECONDS = 1
CERTIFICATE_DAYS = 14
DISK_FREE_RATIO = 0.1
# By what waits, for how many seconds it may.
WAITS = {"lane": 900, "period": 3600, "settlement": 3600, "silences": 3600, "verdict": 7 * 86_400}


def _kept(record: str, expr: str, series: object, *, labelled: bool = False) -> Record:
    """As it is told now; while nobody tells `series`, as it was told last: the whole, for each process tells only its own.

    With labels, what is told no more stands only while nothing is told.
    """
    told = f" unless on () group({series})" if labelled else ""
    was = f"last_over_time({record}[{REMEMBERED}]) and on () group(last_over_time({series}[{REMEMBERED}]))"
    return Record(record=record, expr=f"{expr}\nor {was}{told}")


def _told(series: object) -> str:
    """Without NaN, which says that nothing is known yet."""
    return f"({series} >= 0)"


def _days_left(series: str) -> str:
    return f"({series} - timestamp({series})) / 86400"


def _platform_down(pace: Pace) -> Record:
    """By process; it is over on as much evidence as it began."""
    up = f'up{{job="{PLATFORM_JOB}"}}'
    tried, answered = (f"{sum_}_over_time({up}[{pace.sure}])" for sum_ in ("count", "sum"))
    failed = f"max by (site, instance) ({tried} - {answered})"
    well = f"max by (site, instance) ({answered}) >= {EVIDENCE} and on (site, instance) {failed} == 0"
    there = f"max by (site, instance) (count_over_time({up}[{pace.time(MEMORY)}]))"
    return Record(
        record=PLATFORM_DOWN,
        expr=f"({failed} >= {EVIDENCE}) ^ 0\n"
        f"or {pace.was(PLATFORM_DOWN)} and on (site, instance) {there} unless on (site, instance) ({well})\n"
        f"or 0 * max by (site, instance) ({tried})",
    )


def _records(pace: Pace) -> tuple[Record, ...]:
    missed, every = (f"increase({name}[5m])" for name in (prometheus.MISSED, prometheus.ITERATIONS))
    return (
        _platform_down(pace),
        _kept(PIPELINE_AGE, f"max(timestamp({PIPELINE_SUCCESS}) - {PIPELINE_SUCCESS})", PIPELINE_SUCCESS),
        _kept(SETTLEMENT_CHAIN_AGE, f"max({_told(CHAIN_ASKED)} - {_told(CHAIN_HEAD)})", CHAIN_HEAD),
        # An observer that no agreement names any more is told no more, while others are.
        _kept(
            OBSERVER_AGE,
            f"max by (observer) (timestamp({OBSERVER_NEWEST}) - {OBSERVER_NEWEST})",
            OBSERVER_NEWEST,
            labelled=True,
        ),
        _kept(
            ATTESTOR_AGE,
            f"max by (attestor) (timestamp({ATTESTOR_HEARD}) - {ATTESTOR_HEARD})",
            ATTESTOR_HEARD,
            labelled=True,
        ),
        _kept(SETTLEMENTS_HELD, f'sum({SETTLEMENTS}{{state="held"}})', SETTLEMENTS),
        _kept(VERDICTS_UNDETERMINED, f"sum({UNDETERMINED})", UNDETERMINED),
        _kept(VERDICTS_DIFFER, f'sum({OBSERVER_VERDICTS}{{alone!="{SAME}"}})', OBSERVER_VERDICTS),
        _kept(AT_STAKE, f"sum by (currency) ({UNDETERMINED_STAKE})", UNDETERMINED_STAKE, labelled=True),
        _kept(WAITED, f"max by (kind, reason) ({WAITING_SECONDS})", WAITING_SECONDS, labelled=True),
        # Of the group that misses most: among many groups in time, one that pages could be late unseen. A single turn is no share.
        Record(
            record=RULER_MISSED,
            expr=f"max by (observer) ({missed} / ({every} > 0) and {missed} > {RULER_MISSED_LEAST - 0.5})\n"
            f"or 0 * sum by (observer) ({every})",
        ),
    )


_WAITING_LONG = "max(({}) > 0)".format(
    "\nor ".join(f'{WAITED}{{kind="{kind}"}} - {seconds}' for kind, seconds in WAITS.items())
)
_STAKE = f"{AT_STAKE} > 0"
_BROKEN = f'{ERRORS}{{kind="invariant_broken"}}'
# It is met again at each turn until it is mended.
_BROKE = f"sum(increase({_BROKEN}[15m])) > 0"
_FILLING = f"min by (role) ({DISK_FREE}) < {DISK_FREE_RATIO}"
_FULL_TOMORROW = f"min by (role) (predict_linear({DISK_FREE}[6h], 86400) and {DISK_FREE} offset 6h) < 0"
_EXPIRES = "\nor ".join(
    [*map(_days_left, prometheus.certificates()), at_observer(_days_left(prometheus.OWN_CERTIFICATE))]
)

_page, _ticket = of_platform("page", "fleet"), of_platform("ticket", "system")
_everywhere = partial(Alert, kind="meta", scope="fleet", identity=EVERYWHERE, system="observer", dashboard=FLEET_BOARD)

PAGES = (
    _everywhere(
        name="Watchdog",
        # Of each observer, by its name where its Prometheus scrapes itself.
        expr=f"group by (observer) ({prometheus.SELF})\nor on () vector(1)",
        severity="heartbeat",
        summary="Prometheus judges, and Alertmanager sends",
        description="It always fires: whoever expects it and does not get it calls somebody else.",
    ),
    _page(
        name="PlatformDown",
        expr=f"count({PLATFORM_DOWN} == 1)",
        evidence=Evidence(needed=EVIDENCE, of=SURE),
        summary="The platform is away: nothing is judged or settled",
        description="{{ $value }} process(es) of the platform have not answered five scrapes in two minutes.",
    ),
    _everywhere(
        name="RulerLate",
        expr=f"{RULER_MISSED} > {RULER_MISSED_SHARE}\n"
        f"or max by (observer) (changes({prometheus.STARTED}[5m])) >= {RULER_RESTARTS}",
        severity="page",
        evidence=Evidence(needed=RULER_MISSED_LEAST, of=RULER_MISSED_LEAST),  # from when it evaluates again
        summary="Rules are judged late: no page can be trusted to come in time",
        description="Prometheus missed evaluations, or restarted again and again, in the last five minutes.",
    ),
    _page(
        name="SettlementHeld",
        expr=f"{SETTLEMENTS_HELD} > 0",
        evidence=Evidence(),
        summary="Money is held: a settlement needs a person before it is paid",
        description="{{ $value }} settlement(s) are held; tenants wait for their credit.",
    ),
    _page(
        name="SettlementChainStalled",
        expr=f"{SETTLEMENT_CHAIN_AGE} > {CHAIN_STALLED_SECONDS}",
        evidence=Evidence(after_seconds=CHAIN_STALLED_SECONDS),
        summary="The settlement chain makes no blocks: nothing that is owed can be paid",
        description="When it was last asked, its newest block was {{ $value | humanizeDuration }} old.",
    ),
    _page(
        name="InvariantBroken",
        expr=_BROKE,
        evidence=Evidence(),
        summary="Two of our records contradict each other: that part stopped, a person must look",
        description="Found within the last quarter of an hour; the log names the records, and what was left undone.",
    ),
)

TICKETS = (
    _ticket(
        name="PipelineStalled",
        expr=f"{PIPELINE_AGE} > {PIPELINE_STALL_SECONDS}",
        summary="Outages are not being judged: credits will be late",
        description="A stage of the pipeline has not succeeded for {{ $value | humanizeDuration }}.",
    ),
    _ticket(
        name="SettlementChainLate",
        expr=f"{SETTLEMENT_CHAIN_AGE} > {CHAIN_LATE_SECONDS}",
        summary="The settlement chain is behind: credits will be late",
        description="When it was last asked, its newest block was {{ $value | humanizeDuration }} old.",
    ),
    _ticket(
        name="VerdictUndetermined",
        expr=f"{VERDICTS_UNDETERMINED} > 0",
        for_seconds=300,
        summary='Nobody can tell if promises were kept; at stake:{{ range query "'
        + _STAKE
        + '" }} {{ printf "%.2f" .Value }} {{ .Labels.currency }}{{ else }} nothing{{ end }}',
        description="{{ $value }} verdict(s) are undetermined, and nobody has reviewed them; nothing is paid for them by itself.",
    ),
    _ticket(
        name="WaitingLong",
        expr=_WAITING_LONG,
        summary="What is due cannot be done: a period, a verdict or a settlement waits",
        description="The oldest waits {{ $value | humanizeDuration }} past its bound.",
    ),
    _ticket(
        name="AttestorSilent",
        expr=f"count({ATTESTOR_AGE} > {ATTESTOR_AWAY_SECONDS})",
        for_seconds=300,
        summary="An attestor is away: with too few left, nothing that is owed is settled",
        description="{{ $value }} attestor(s) were not at work for an hour.",
    ),
    _ticket(
        name="ObserverSilent",
        expr=f"count({OBSERVER_AGE} > {OBSERVER_BEHIND_SECONDS})",
        for_seconds=300,
        summary="An observer counts no slots: the others decide without it",
        description="{{ $value }} observer(s) have counted nothing for half an hour.",
    ),
    _ticket(
        name="ObserverDiffers",
        expr=f"{VERDICTS_DIFFER} > 0",
        for_seconds=300,
        summary="One observer alone would have judged a period otherwise, or not at all",
        description="In {{ $value }} case(s) one observer's own verdict is not that of the vote.",
    ),
    _ticket(
        name="ObserverClockOff",
        expr=f"max(abs({CLOCK_OFFSET})) > {CLOCK_SECONDS}",
        for_seconds=300,
        summary="A clock of ours is wrong: slots may begin and end at the wrong second",
        description="Prometheus' clock and ours are {{ $value | humanizeDuration }} apart.",
    ),
    _ticket(
        name="DiskFilling",
        expr=f"count({_FILLING}\nor {_FULL_TOMORROW})",
        for_seconds=300,
        summary="A disk of ours is filling: once it is full, nothing is counted or settled",
        description="{{ $value }} folder(s) of the platform have less than a tenth left, or will have nothing tomorrow.",
    ),
    Alert(
        name="CertificateExpiring",
        expr=f"min by (tier, region, site, system) ({_EXPIRES}) < {CERTIFICATE_DAYS}",
        severity="ticket",
        kind="cause",
        scope="system",
        system=None,
        dashboard=FLEET_BOARD,
        summary="{{ $labels.site }}: a certificate of {{ $labels.system }} expires soon",
        description='It is valid for {{ printf "%.1f" $value }} more days; then connections to it are refused.',
    ),
    Alert(
        name="UpstreamDown",
        # An observer that is cut off says nothing about any of them, and pages by itself.
        expr=f"count by (tier, region, site, system) (max_over_time({prometheus.UPSTREAM}[5m]) == 0\n"
        f"and count_over_time({prometheus.UPSTREAM}[5m]) >= {EVIDENCE}\n"
        f"unless on (observer) {OBSERVER_ISOLATED} == 1)",
        severity="ticket",
        kind="meta",
        scope="system",
        system=None,
        dashboard=FLEET_BOARD,
        summary="{{ $labels.site }}: an endpoint of {{ $labels.system }} cannot be scraped",
        description="{{ $value }} endpoint(s) that are scraped directly have not answered for five minutes.",
    ),
)


def groups(scrape_seconds: int) -> tuple[Group, ...]:
    """One group, so that a series is read at the time it was made."""
    return (
        Group(
            name="sankofa-ourselves",
            rules=(*_records(Pace(scrape_seconds=scrape_seconds)), *PAGES, *TICKETS, *SECURITY),
        ),
    )
