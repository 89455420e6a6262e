"""`sankofa-observe specs explain`: an agreement in the words and numbers of the people who sign it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from sankofa_observe.cli.output import AsJson, say, show

if TYPE_CHECKING:
    from sankofa_observe.sla.agreement import Agreement
    from sankofa_observe.sla.catalog import Catalog
    from sankofa_observe.sla.explain import Meaning, PeriodAhead, PromiseMeaning
    from sankofa_observe.sla.schedule import Formula
    from sankofa_observe.units import Money

WIDTH = 80
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def explain(
    agreement: Annotated[str, typer.Argument(help="Name or id of the agreement.")],
    paths: Annotated[list[Path], typer.Argument(help="Spec files, or folders of them.")],
    *,
    at: Annotated[str | None, typer.Option(help="Explain as of this day, like 2027-03-01; without it, of now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Explain an agreement: its next periods, what may be bad in them, what a miss costs, who observes and who signs; by the version of then.

    Example: sankofa-observe specs explain example-edge deploy/specs
    """
    from sankofa_observe.adapters.clock import SystemClock
    from sankofa_observe.adapters.specs import load_catalog
    from sankofa_observe.sla.explain import explain as meaning_of

    now = SystemClock().now() if at is None else _day(at)
    meaning = meaning_of(_chosen(load_catalog(paths, unsettled=True), agreement, now), now)
    if as_json:
        show([meaning], as_json=True, nothing="")
        return
    for line in lines(meaning):
        say(line)


def _chosen(catalog: Catalog, name: str, at: int) -> Agreement:
    """The version that holds then, of the one agreement that is meant."""
    from sankofa_observe.errors import InvalidInput
    from sankofa_observe.sla.catalog import version_at

    fitting = [some for some in catalog.agreements_by_id().values() if name in {some[0].name, some[0].id}]
    if len(fitting) == 1 and (found := version_at(fitting[0], at)):
        return found
    if not fitting:
        known = ", ".join(sorted({one.name for one in catalog.agreements.values()})) or "none"
        raise InvalidInput(f"no agreement {name}; there are: {known}")
    raise InvalidInput(
        f"{name} is the name of {len(fitting)} agreements; take an id: {', '.join(some[0].id for some in fitting)}"
    )


def _day(text: str) -> int:
    from sankofa_observe.errors import InvalidInput

    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise InvalidInput(f"--at {text!r}: expected a day like 2027-03-01") from None


def lines(meaning: Meaning) -> Iterator[str]:
    """The explanation, for a terminal of 80 columns."""
    from sankofa_observe.units import rfc3339

    agreed = meaning.agreement
    yield f"{agreed.name}, version {agreed.version}"
    yield f"  id     {agreed.id}"
    yield f"  key    {agreed.key}"
    yield f"  terms  {agreed.terms_hash}"
    yield f"  tenant {agreed.tenant}"
    if agreed.version > 1:
        yield f"  from   {rfc3339(agreed.starts_at)}; version {agreed.version - 1} holds before"
    if agreed.ends_at is not None:
        yield f"  until  {rfc3339(agreed.ends_at)}; then version {agreed.version + 1} holds: --at {rfc3339(agreed.ends_at)[:10]}"
    yield ""
    yield f"Fee of a period      {agreed.money(agreed.fee_minor)}"
    yield f"Credits of a period  at most {_share(agreed.cap_ppm)} of it, {_cap(agreed)}"
    yield from _rules(agreed, meaning.worst_year)
    yield f"Judged               {_length(agreed.grace_seconds) or 'at once'}{' after its end' if agreed.grace_seconds else ''}"
    window = f"{_length(agreed.dispute_window_seconds)}, and {agreed.dispute_window_blocks:,} blocks"
    yield f"To be disputed       for {window} after the report"
    yield f"Ruled                within {_length(agreed.ruling_seconds)} after that, else the report stands"
    yield f"Reported             within {_length(agreed.report_seconds)} after it may be, put right within {_length(agreed.restate_seconds)}"
    yield f"To be ended          with {_length(agreed.notice_seconds) or 'no'} notice, where a period ends"
    calendar = agreed.calendar
    yield f"On chain             {calendar.periods:,} periods, {calendar.kind} calendar {calendar.id[:10]}…,"
    yield f"                     to {rfc3339(calendar.reaches.ends_at)}"
    yield from _planned(agreed)
    if agreed.observers.names:
        told = f"Observed by          {agreed.observers}"
        yield from wrap(told, WIDTH, subsequent_indent=" " * 21, break_on_hyphens=False)
    yield ""
    yield "Signed by"
    yield f"  provider   {agreed.provider_account} proposes the terms"
    yield f"  tenant     {agreed.tenant_account} accepts them"
    yield "  attestors  as many as the contract asks for sign each report; one whose own"
    yield f"             count differs in more than {agreed.tolerance_slots} slots does not"
    yield ""
    yield from _periods(meaning.periods)
    for one in meaning.promises:
        yield ""
        yield from _promise(one)
    yield ""
    yield "What nobody can tell counts as good where it is priced. Where it could make the"
    yield "difference, the period is undetermined: a person reviews it, nothing is paid."


def _cap(agreed: Agreement) -> str:
    return str(agreed.money(agreed.cap_minor))


def _planned(agreed: Agreement) -> Iterator[str]:
    """What becomes of work that was announced and approved."""
    from sankofa_observe.sla.overlay import ExcludedSlots

    ahead = _length(agreed.exclusion_notice_seconds)
    begin = f"announced {ahead} ahead and approved" if ahead else "announced and approved"
    up = agreed.excluded_slots is ExcludedSlots.COUNTS_AS_UP
    yield f"Planned work         {begin}: {'counts as up' if up else 'leaves the base'}"


def _rules(agreed: Agreement, worst_year: Money | None) -> Iterator[str]:
    """What is agreed of all credits together beside the cap, a line a rule; and that the contract cannot settle it yet."""
    from sankofa_observe.sla.stacking import BelowMinimum, Stacking

    rules = agreed.credit_rules
    if len(agreed.promises) > 1:
        together = "added up" if rules.stacking is Stacking.SUM else "the largest alone"
        yield f"Of several misses    {together}"
    if rules.minimum_minor:
        less = "nothing" if rules.below_minimum is BelowMinimum.NOTHING else "as much"
        yield f"Least credit         {agreed.money(rules.minimum_minor)}; for less {less} is paid"
    if worst_year:
        yield f"Credits of a year    at most {agreed.money(rules.cap_year_minor)}; a first year in which all is"
        yield f"                     missed pays {worst_year}"
    if rules.claim:
        ends = f"{rules.claim.days:,} d" if rules.claim.days else f"{rules.claim.periods:,} further periods"
        yield f"To be claimed        within {ends} after a period's end"
    if rules.claim or any(one.formula for one in agreed.promises):
        yield "Not settled yet      the contract computes no formula and no claim; specs check"
        yield "                     refuses them"


def formula_words(formula: Formula) -> str:
    """A formula as a contract would say it."""
    from sankofa_observe.sla.schedule import Counted, Rounding, Steps

    beyond = " beyond what the objective allows" if formula.counted is Counted.BEYOND else ""
    if isinstance(formula, Steps):
        size = _length(formula.each_seconds) if formula.each_seconds else _share(formula.each_ppm)
        portion = " or portion of it" if formula.rounding is Rounding.STARTED else ""
        return f"{_share(formula.credit_ppm)} of the fee for each {size}{portion} that was bad{beyond}"
    times, rest = divmod(formula.factor_ppm, 1_000_000)
    factor = f"{times}{f'.{rest:06}'.rstrip('0') if rest else ''}"
    return f"{factor} times the fee of what was bad{beyond}"


def _periods(periods: tuple[PeriodAhead, ...]) -> Iterator[str]:
    yield f"Next periods, in {periods[0].zone}"
    yield f"  {'begins':<17}{'ends':<17}{'length':<14}{'judged from':<17}final from"
    for one in periods:
        edges = [one.period.starts_at, one.period.ends_at]
        begins, ends, judged, final = (_local(at, one.zone) for at in (*edges, one.judged_at, one.final_at))
        yield f"  {begins:<17}{ends:<17}{_length(one.period.seconds):<14}{judged:<17}{final[:10]}"
        for change in one.changes:
            moved = change.after_seconds - change.before_seconds
            word = "forward" if moved > 0 else "back"
            yield f"    {_local(change.at, one.zone)}: the clock goes {word} by {_length(abs(moved))}"


def _promise(one: PromiseMeaning) -> Iterator[str]:
    from sankofa_observe.sla.explain import FEW
    from sankofa_observe.units import floor_ppm

    promise, slo = one.promise, one.promise.slo
    thing = "slot" if one.seconds else "event"
    yield from wrap(f"{slo.name} at {promise.site}", WIDTH)
    yield from wrap(slo.description, WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield f"  Promised: {_share(slo.target_ppm)} of {thing}s{f' of {_length(slo.slot.seconds)}' if one.seconds else ''}"
    if promise.formula:
        yield from wrap(
            f"Credited: {formula_words(promise.formula)}", WIDTH, initial_indent="  ", subsequent_indent="  "
        )
    yield ""
    yield f"  {'in a period of':<18}{f'{thing}s':>12}  may be bad"
    for budget in one.budgets:
        period = _length(budget.seconds) if one.seconds else f"such as {budget.base:,}"
        time = f" = {_length(budget.allowed * slo.slot.seconds) or 'none'}" if one.seconds else ""
        yield f"  {period:<18}{budget.base:>12,}  {budget.allowed:,} {_noun(thing, budget.allowed)}{time}"
    yield ""
    of = f"a period of {_length(one.seconds)}" if one.seconds else f"{one.base:,} events"
    yield f"  In {of}"
    yield f"  {'bad, from':<28}{'attained':>11}  {'credit':>18}"
    yield f"  {'0':<28}{'100 %':>11}  {'none':>18}"
    for number, step in enumerate(one.steps):
        if promise.formula and number == FEW:
            yield "  ..."
        time = f" = {_length(step.bad * slo.slot.seconds)}" if one.seconds else ""
        bad = f"{step.bad:,} {_noun(thing, step.bad)}{time}"
        yield f"  {bad:<28}{_share(floor_ppm(step.good, one.base)):>11}  {step.credit!s:>18}"
    yield f"  Example: {_example(one, thing)}"


def _example(one: PromiseMeaning, thing: str) -> str:
    from sankofa_observe.units import floor_ppm

    missed = one.example
    time = f" ({_length(missed.bad * one.promise.slo.slot.seconds)})" if one.seconds else ""
    attained = _share(floor_ppm(missed.good, one.base))
    return f"{missed.bad:,} bad {_noun(thing, missed.bad)}{time} leave {attained}: {missed.credit}"


def _noun(thing: str, count: int) -> str:
    return thing if count == 1 else f"{thing}s"


def _share(ppm: int) -> str:
    whole, rest = divmod(ppm, 10_000)
    return f"{whole}{f'.{rest:04}'.rstrip('0') if rest else ''} %"


def _length(seconds: int) -> str:
    """Exactly, in at most all four units; empty for none."""
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts)


def _local(at: int, zone: str) -> str:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")
