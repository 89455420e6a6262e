"""From steps to pages: sums over the windows of the burn-rate table, one state that pages, and one ticket.

Every comparison is cross-multiplied (bad x 10^6 x denominator > valid x numerator x budget in ppm), so whole numbers
decide at the threshold and an idle window, 0 > 0, is silent: no ratio, no NaN. Bad is what was seen; valid is what a whole window
would have held, so that a few known minutes of a blind day, or of a young site, prove no more than they are.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor

from sankofa_observe import telemetry
from sankofa_observe.slo.burn_rate import BURN_WINDOWS, BurnWindow
from sankofa_observe.units import PPM

from .durations import duration, half_open
from .fault_to_page import Evidence
from .pace import SCRAPE_SECONDS, Pace
from .rule import Alert, Group, Record
from .signal import PLACE
from .slo import WatchedSlos

SLOW_EVALUATION_STEPS = 5  # windows of days move slowly, and reading them is what costs
LEAST_BAD = 3  # slots or events: before the third bad slot, DOWN has been found where it is a site that is lost
NOW_STEPS = 2  # what burned and is over pages nobody
SETTLED_SECONDS = 300  # of which all but a step must be known before a page ends
LOST_SECONDS = 300  # a site that was lost has had its page; what burned with it is not told again
BOARD = "sk-site"
BY_SLO = f"slo, {PLACE}"
PAGES, TICKETS = (tuple(row for row in BURN_WINDOWS if row.severity == severity) for severity in ("page", "ticket"))
CHAIN_PAGES = '{alertname=~"BesuHeadStalled|BesuChainForked", alertstate="firing"}'


def bad(seconds: int) -> str:
    return telemetry.slo_bad(duration(seconds))


def valid(seconds: int) -> str:
    return telemetry.slo_valid(duration(seconds))


def groups(slos: WatchedSlos, step_seconds: int) -> tuple[Group, ...]:
    """Base steps with the page, then the ticket at a fifth of the pace."""
    sums = [_sums(seconds, step_seconds) for seconds in _windows(PAGES)]
    slow = [_sums(seconds, step_seconds) for seconds in _windows(TICKETS) if seconds not in _windows(PAGES)]
    proven = Record(record=telemetry.SLO_PROVEN, expr="\nor\n".join(_proven(row) for row in PAGES))
    burning = Record(record=telemetry.SLO_BURNING, expr=_burning(step_seconds))
    return (
        Group(
            name="sankofa-slo-page",
            interval_seconds=step_seconds,
            rules=(
                *slos.base(step_seconds),
                *(rule for pair in sums for rule in pair),
                proven,
                burning,
                _page(slos, step_seconds),
            ),
        ),
        Group(
            name="sankofa-slo-ticket",
            interval_seconds=SLOW_EVALUATION_STEPS * step_seconds,
            rules=(*(rule for pair in slow for rule in pair), DRAIN),
        ),
    )


def _page(slos: WatchedSlos, step_seconds: int) -> Alert:
    """With what the promise that burns slowest needs, if all of it is bad."""
    seconds = max((seconds_to_burn(target, step_seconds) for target in slos.paging_targets_ppm()), default=0)
    if not seconds:
        return BURN
    looks = ceil(seconds / SCRAPE_SECONDS)
    # A step is counted when it is over, and its group has a pace of its own.
    return replace(BURN, evidence=Evidence(needed=looks, of=looks, after_seconds=2 * step_seconds))


def seconds_to_burn(target_ppm: int, step_seconds: int) -> int:
    """Seconds of nothing but bad steps until the first row is over; 0 where no row can be proven."""
    return min(filter(None, (_seconds_of_row(row, target_ppm, step_seconds) for row in PAGES)), default=0)


def _seconds_of_row(row: BurnWindow, target_ppm: int, step_seconds: int) -> int:
    steps = [floor(row.factor * (PPM - target_ppm) * (s // step_seconds) / PPM) + 1 for s in _windows_of(row)]
    fits = all(step * step_seconds <= s for step, s in zip(steps, _windows_of(row), strict=True))
    return max(*steps, LEAST_BAD) * step_seconds if fits else 0


def _windows_of(row: BurnWindow) -> tuple[int, int]:
    return row.long_seconds, row.short_seconds


def _windows(rows: tuple[BurnWindow, ...]) -> list[int]:
    return sorted({seconds for row in rows for seconds in _windows_of(row)})


def _sums(seconds: int, step_seconds: int) -> tuple[Record, Record]:
    window = half_open(seconds)
    whole = f"{seconds // step_seconds} * avg_over_time({telemetry.SLO_VALID_STEP}[{window}])"
    return (
        Record(record=bad(seconds), expr=f"sum_over_time({telemetry.SLO_BAD_STEP}[{window}])"),
        Record(record=valid(seconds), expr=whole),
    )


def _burning(step_seconds: int) -> str:
    """Begins where a row is proven, burns now, and no lost site explains it; ends where what is known no longer proves it.

    It stays while nobody knows, for as long as the longest window has anything to say.
    """
    now = f"sum_over_time({telemetry.SLO_BAD_STEP}[{half_open(NOW_STEPS * step_seconds)}]) > 0"
    known = f"count_over_time({telemetry.SLO_VALID_STEP}[{half_open(SETTLED_SECONDS)}])"
    enough = f"{known} >= {SETTLED_SECONDS // step_seconds - 1}"
    was = Pace().was(telemetry.SLO_BURNING)
    longest = max(_windows(PAGES))
    return (
        f"({telemetry.SLO_PROVEN} and on ({BY_SLO}) ({now})\n{_unexplained()}) ^ 0\n"
        f"or ({was} and on ({BY_SLO}) {valid(longest)}\n"
        f"  unless on ({BY_SLO}) ({enough} unless on ({BY_SLO}) {telemetry.SLO_PROVEN}))\n"
        f"or 0 * {valid(longest)}"
    )


def _unexplained() -> str:
    """A lost site is told once, as such; and so is a chain that stands, which its pages call by its network's name."""
    lost = " or ".join(
        f"max_over_time({series}[{half_open(LOST_SECONDS)}]) == 1"
        for series in (telemetry.SITE_DOWN, telemetry.SITE_PAGED)
    )
    stands = f'{valid(min(_windows(PAGES)))}{{tier="chain"}} and on (site) ALERTS{CHAIN_PAGES}'
    return f"unless on ({PLACE}) ({lost})\nunless on ({BY_SLO}) ({stands})"


def _proven(row: BurnWindow) -> str:
    """Both windows are over, with enough bad in the long one.

    `unless`, so that a promise without a gate, or a gate that is lost, still pages.
    """
    budget = f'{telemetry.SLO_BUDGET}{{derived=""}}'
    over = " and ".join(f"({_excess(row, seconds, budget)} > 0)" for seconds in (row.long_seconds, row.short_seconds))
    floor = f"({bad(row.long_seconds)} >= {LEAST_BAD})"
    return f"({over} and {floor} unless ({_significance(row, budget)} <= 0))"


def _scale(row: BurnWindow) -> int:
    """The denominator of the threshold; its numerator is a series by SLO."""
    return row.factor.denominator * PPM


def _excess(row: BurnWindow, seconds: int, budget: str = telemetry.SLO_BUDGET) -> str:
    """How far bad lies above the threshold, scaled to whole numbers."""
    allowed = f"{valid(seconds)} * on (slo) group_left () ({row.factor.numerator} * {budget})"
    return f"{_scale(row)} * {bad(seconds)} - {allowed}"


def _significance(row: BurnWindow, budget: str) -> str:
    """Positive when Wilson's lower bound of the error ratio lies above the threshold t.

    The bound is above t exactly when (bad - t x valid)^2 > z^2 t (1 - t) valid; both sides are scaled as in `_excess`.
    """
    allowed = f"({row.factor.numerator} * {budget})"
    spread = f"({telemetry.SLO_PAGE_GATE} * on (slo) {allowed} * on (slo) ({_scale(row)} - {allowed}))"
    excess = _excess(row, row.long_seconds, budget)
    return f"({excess}) ^ 2 - {valid(row.long_seconds)} * on (slo) group_left () {spread}"


BURN = Alert(
    name="SloBurn",
    expr=f"{telemetry.SLO_BURNING} == 1",
    severity="page",
    kind="slo",
    scope="site",
    system=None,
    summary="Customers of {{ $labels.site }} feel it: {{ $labels.slo }} burns",
    description=(
        "{{ $labels.slo }} at {{ $labels.site }} burns its error budget "
        + " or ".join(
            f"more than {float(row.factor):g} times too fast over {duration(row.long_seconds)}" for row in PAGES
        )
        + ", and does so now."
    ),
    dashboard=BOARD,
)
DRAIN = Alert(
    name="SloDrain",
    expr="\nor\n".join(
        f"({_excess(row, row.long_seconds)} > 0 and {_excess(row, row.short_seconds)} > 0)" for row in TICKETS
    ),
    severity="ticket",
    kind="slo",
    scope="site",
    system=None,
    summary="{{ $labels.site }} will end the month with no budget left: {{ $labels.slo }}",
    description=(
        "{{ $labels.slo }} at {{ $labels.site }} spends its error budget "
        + " or ".join(
            f"more than {float(row.factor):g} times too fast over {duration(row.long_seconds)}" for row in TICKETS
        )
        + "."
    ),
    dashboard=BOARD,
)
