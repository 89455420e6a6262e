"""From steps to pages: sums over the windows of the burn-rate table, and one alert for each of its rows.

Every comparison is cross-multiplied (bad x 10^6 x denominator > valid x numerator x budget in ppm), so whole numbers
decide at the threshold and an idle window, 0 > 0, is silent: no ratio, no NaN. The sums hold one step more than the
window says (a range is closed at both ends before Prometheus 3); bad and valid alike, so their ratio does not mind.
"""

from __future__ import annotations

from dataclasses import dataclass

from sankofa_observe import telemetry
from sankofa_observe.slo.burn_rate import BURN_WINDOWS, BurnWindow
from sankofa_observe.units import PPM

from .rule import Alert, Group, Record, Severity, duration
from .slo import SLOS

SLOW_EVALUATION_STEPS = 5  # windows of days move slowly, and reading them is what costs
BOARD = "sk-site"


@dataclass(frozen=True, kw_only=True)
class BurnAlert:
    """The name and the words of one row of the table."""

    name: str
    severity: Severity
    summary: str
    window: BurnWindow


_WORDS: tuple[tuple[str, Severity, str], ...] = (
    ("SloBudgetBurnFast", "page", "Customers of {{ $labels.site }} feel it: the month's budget is gone in 2 days"),
    ("SloBudgetBurnSteady", "page", "Customers of {{ $labels.site }} feel it: the month's budget is gone in 5 days"),
    ("SloBudgetDrainDaily", "ticket", "{{ $labels.site }} spends its error budget three times too fast"),
    ("SloBudgetDrainSlow", "ticket", "{{ $labels.site }} will end the month with no error budget left"),
)
ALERTS = tuple(
    BurnAlert(name=name, severity=severity, summary=summary, window=window)
    for (name, severity, summary), window in zip(_WORDS, BURN_WINDOWS, strict=True)
)


def bad(seconds: int) -> str:
    return telemetry.slo_bad(duration(seconds))


def valid(seconds: int) -> str:
    return telemetry.slo_valid(duration(seconds))


def groups(step_seconds: int) -> tuple[Group, ...]:
    """Base steps with the pages, then the tickets at a fifth of the pace."""
    base = tuple(record for slo in SLOS for record in slo.base(step_seconds))
    return (
        Group(name="sankofa-slo-page", interval_seconds=step_seconds, rules=base + _rules("page")),
        Group(
            name="sankofa-slo-ticket",
            interval_seconds=SLOW_EVALUATION_STEPS * step_seconds,
            rules=_rules("ticket"),
        ),
    )


def _rules(severity: Severity) -> tuple[Record | Alert, ...]:
    rows = [row for row in ALERTS if row.severity == severity]
    windows = sorted({s for row in rows for s in (row.window.long_seconds, row.window.short_seconds)})
    already = _page_windows() if severity == "ticket" else set()
    records = tuple(record for seconds in windows if seconds not in already for record in _sums(seconds))
    return records + tuple(_alert(row) for row in rows)


def _page_windows() -> set[int]:
    pages = [row.window for row in ALERTS if row.severity == "page"]
    return {seconds for window in pages for seconds in (window.long_seconds, window.short_seconds)}


def _sums(seconds: int) -> tuple[Record, Record]:
    window = duration(seconds)
    return (
        Record(record=bad(seconds), expr=f"sum_over_time({telemetry.SLO_BAD_STEP}[{window}])"),
        Record(record=valid(seconds), expr=f"sum_over_time({telemetry.SLO_VALID_STEP}[{window}])"),
    )


def _alert(row: BurnAlert) -> Alert:
    window = row.window
    long, short = duration(window.long_seconds), duration(window.short_seconds)
    expr = f"({_excess(window, window.long_seconds)} > 0)\nand\n({_excess(window, window.short_seconds)} > 0)"
    if row.severity == "page":
        # `unless`, so that a promise without a gate, or a gate that is lost, still pages.
        expr += f"\nunless\n({_significance(window)} <= 0)"
    return Alert(
        name=row.name,
        expr=expr,
        severity=row.severity,
        kind="slo",
        scope="site",
        system=None,
        summary=row.summary,
        description=(
            f"{{{{ $labels.slo }}}} at {{{{ $labels.site }}}} burns its error budget more than {float(window.factor):g} "
            f"times too fast over {long}, and still does over {short}."
        ),
        dashboard=BOARD,
    )


def _allowed(window: BurnWindow) -> str:
    """The numerator of the threshold, as a series by SLO; its denominator is `_scale`."""
    return f"({window.factor.numerator} * {telemetry.SLO_BUDGET})"


def _scale(window: BurnWindow) -> int:
    return window.factor.denominator * PPM


def _excess(window: BurnWindow, seconds: int) -> str:
    """How far bad lies above the threshold, scaled to whole numbers."""
    allowed = f"{valid(seconds)} * on (slo) group_left () {_allowed(window)}"
    return f"{_scale(window)} * {bad(seconds)} - {allowed}"


def _significance(window: BurnWindow) -> str:
    """Positive when Wilson's lower bound of the error ratio lies above the threshold t.

    The bound is above t exactly when (bad - t x valid)^2 > z^2 t (1 - t) valid; both sides are scaled as in `_excess`.
    """
    allowed = _allowed(window)
    spread = f"({telemetry.SLO_PAGE_GATE} * {allowed} * ({_scale(window)} - {allowed}))"
    excess = _excess(window, window.long_seconds)
    return f"({excess}) ^ 2 - {valid(window.long_seconds)} * on (slo) group_left () {spread}"
