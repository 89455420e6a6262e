"""Collectors of a probe run side by side, each alone with its failure, inside one deadline."""

from __future__ import annotations

import asyncio
import gc
import time
import weakref
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.runtime import Report, probe
from sankofa_exporters.probe.source import Collector, Results, Verdict
from tests.pace import limit

from .doubles import VALUE, DoubleSource, lead, sleeping

BOUNDS = Bounds()
TRIES = 10


async def no_permission(_budget: Budget) -> None:
    raise CollectorError(Kind.PERMISSION, "refused")


async def defect(_budget: Budget) -> None:
    raise KeyError("secret-payload")


def bad_samples(_results: Results) -> list[Sample]:
    raise ZeroDivisionError


def values(report: Report) -> dict[tuple[str, ...], Any]:
    return {(sample.family.name, *sample.labels): sample.value for sample in report.samples}


async def run(*collectors: Collector, seconds: float = 1) -> Report:
    return await probe(DoubleSource(collectors=(lead(), *collectors)), budget=Budget.of(seconds), bounds=BOUNDS)


@pytest.mark.parametrize(
    ("fetch", "kind"),
    [(no_permission, Kind.PERMISSION), (defect, Kind.DECODE), (sleeping, Kind.TIMEOUT)],
)
async def test_failure_costs_only_its_own_families(fetch: Callable[[Budget], Awaitable[Any]], kind: Kind) -> None:
    """A refusal, a defect or a hang of one collector leaves the other's data and the verdict in place."""
    report = await run(Collector(name="bad", fetch=fetch, samples=lambda _: [Sample(VALUE, 1, ("bad",))]), seconds=0.1)
    found = values(report)

    assert found["sankofa_double_up",] == 1
    assert found["sankofa_double_value", "lead"] == 1
    assert ("sankofa_double_value", "bad") not in found
    assert found["sankofa_collector_success", "bad"] == 0
    assert found["sankofa_collector_error", "bad", kind] == 1
    assert found["sankofa_probe_success",] == 0


async def test_defect_in_samples_is_a_decode_failure_without_the_payload() -> None:
    """An exception nobody expected becomes kind decode, and its text, which may quote the payload, is not told."""
    report = await run(
        Collector(name="bad", fetch=lead().fetch, samples=bad_samples),
        Collector(name="worse", fetch=defect, samples=bad_samples),
    )

    assert {name: failure.kind for name, failure in report.failures.items()} == {
        "bad": Kind.DECODE,
        "worse": Kind.DECODE,
    }
    assert "secret-payload" not in repr(report)


async def test_optional_collector_does_not_cost_probe_success() -> None:
    """sankofa_probe_success asks for required collectors only."""
    report = await run(Collector(name="extra", fetch=no_permission, samples=lambda _: (), required=False))

    assert values(report)["sankofa_probe_success",] == 1
    assert values(report)["sankofa_collector_success", "extra"] == 0


async def test_collectors_share_the_deadline() -> None:
    """Five hanging collectors take one deadline together, not five: all have begun before the first one ends."""
    told: list[str] = []

    async def hanging(budget: Budget) -> None:
        told.append("begun")
        try:
            await sleeping(budget)
        finally:
            told.append("ended")

    await run(*(Collector(name=f"slow{n}", fetch=hanging, samples=lambda _: ()) for n in range(5)), seconds=0.2)

    assert told == ["begun"] * 5 + ["ended"] * 5


async def test_series_cap_fails_loudly_and_keeps_the_verdict() -> None:
    """A collector over the cap loses its series, says limit, and the pair of gauges stays."""

    def flood(_results: Results) -> list[Sample]:
        return [Sample(VALUE, 1, (str(number),)) for number in range(600)]

    source = DoubleSource(collectors=(lead(), Collector(name="many", fetch=lead().fetch, samples=flood)))
    report = await probe(source, budget=Budget.of(1), bounds=Bounds(series=500))

    assert report.failures["many"].kind is Kind.LIMIT
    assert values(report)["sankofa_double_up",] == 1
    assert len(report.samples) < 500


async def test_defect_in_the_verdict_is_unknown() -> None:
    """A judge that breaks never says up and never says down."""

    class Broken(DoubleSource):
        def verdict(self, results: Results, now: float) -> Verdict:
            raise KeyError("lead")

    found = values(await probe(Broken(collectors=(lead(),)), budget=Budget.of(1), bounds=BOUNDS))

    assert (found["sankofa_double_up",], found["sankofa_double_known",]) == (0, 0)


def test_up_and_unknown_cannot_be_said() -> None:
    """The pair of gauges has three values; a false up has no name."""
    assert {verdict.value for verdict in Verdict} == {(1, 1), (0, 1), (0, 0)}


async def test_age_is_of_the_sources_own_sample() -> None:
    """The age of a collector is what its source's clock says, and absent when it has none."""
    aged = Collector(name="aged", fetch=lead().fetch, samples=lambda _: (), age_seconds=lambda _, now: now - 90)
    source = DoubleSource(collectors=(lead(), aged))
    found = values(await probe(source, budget=Budget.of(1), bounds=BOUNDS, now=lambda: 100.0))

    assert found["sankofa_collector_age_seconds", "aged"] == 10
    assert ("sankofa_collector_age_seconds", "lead") not in found


async def test_black_hole_delays_no_other_probe() -> None:
    """While fifty targets hang, a hundred probes of another end, each at the cost of a probe alone."""
    hole = DoubleSource(collectors=(Collector(name="lead", fetch=sleeping, samples=lambda _: ()),))
    good = DoubleSource(collectors=(lead(),))

    async def cheapest() -> float:
        """The CPU seconds of ten probes, the least of ten times: the host's own hiccups are not the claim."""
        costs = []
        for _ in range(10):
            started = time.process_time()
            for _ in range(10):
                await probe(good, budget=Budget.of(limit(5)), bounds=BOUNDS)
            costs.append(time.process_time() - started)
        return min(costs)

    for _ in range(TRIES):  # a core that another fills while one of the three is measured tells nothing
        alone = await cheapest()
        holes = [asyncio.create_task(probe(hole, budget=Budget.of(3600), bounds=BOUNDS)) for _ in range(50)]
        beside = await cheapest()
        hanging = [task for task in holes if not task.done()]
        for task in holes:
            task.cancel()
        await asyncio.gather(*holes, return_exceptions=True)
        alone = max(alone, await cheapest())
        if beside < 2 * alone:
            break

    assert len(hanging) == 50
    assert beside < 2 * alone


async def test_failed_collector_keeps_nothing_that_it_read() -> None:
    """An error and the frames that raised it hold each other, and a body of megabytes: they go with the probe, no collector needed."""

    class Body:
        pass

    read: list[weakref.ref[Body]] = []

    async def failing(_budget: Budget) -> None:
        body, first = Body(), None
        read.append(weakref.ref(body))
        try:
            await no_permission(_budget)
        except CollectorError as error:
            first = error
        if first is not None:
            raise first

    gc.disable()
    try:
        report = await run(Collector(name="failing", fetch=failing, samples=lambda _: ()))
    finally:
        gc.enable()

    assert report.failures["failing"].kind is Kind.PERMISSION
    assert read[0]() is None
