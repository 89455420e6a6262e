"""Our own delay is measured, and what only it decides is not known. Real delays: a blocked loop, threads, ages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.family import Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.delay import BEAT_SECONDS, PUNCTUAL_SECONDS, Delay, Measured, observed
from sankofa_exporters.probe.runtime import Report, probe
from sankofa_exporters.probe.source import Collector, Results, Verdict
from sankofa_exporters.serving.self_metrics import SelfMetrics
from sankofa_exporters.serving.timeline import timeline

from .doubles import VALUE, DoubleSource, lead

UNSEEN = BEAT_SECONDS + PUNCTUAL_SECONDS  # of a stop, at most: a beat is due at some moment of it


@pytest.mark.parametrize(
    ("seconds", "delay", "exceeds"),
    [
        (0.2, Delay(), False),
        (0.2, Delay(stood=0.19), False),  # fast, even stretched
        (0.21, Delay(), True),
        (0.21, Delay(waited=0.005, worked=0.004), True),
        (0.21, Delay(waited=0.005, worked=0.006), None),
        (0.7, Delay(stood=0.4), True),  # slow without us
        (0.7, Delay(stood=0.49), None),  # the stop may have begun a beat before one was missed
        (0.7, Delay(stood=0.6, waited=0.1), None),
    ],
)
def test_duration_is_over_a_bound_only_without_our_delay(seconds: float, delay: Delay, exceeds: bool | None) -> None:  # noqa: FBT001 - three states
    """At or under the bound is under it; over it counts when it would be over it without us; else nobody knows."""
    assert Measured(seconds=seconds, delay=delay).exceeds(0.2) is exceeds


@pytest.mark.parametrize("blocks", [0.1, 0.3])
async def test_blocked_loop_is_a_delay_while_the_beat_is_overdue(blocks: float) -> None:
    """Asked right after the block, before any timer had its turn, the delay is there already."""
    with observed() as own:
        time.sleep(blocks)  # noqa: ASYNC251 - what must not happen, and is measured here
        found = own.measured()

    assert blocks - UNSEEN <= found.delay.seconds <= found.seconds


async def test_delays_add_up_and_an_idle_loop_has_none() -> None:
    """Three blocks are three delays; waiting for a timer is none of ours, however long it takes."""
    with observed() as own:
        for _ in range(3):
            time.sleep(0.1)  # noqa: ASYNC251
            await asyncio.sleep(BEAT_SECONDS)
        blocked = own.measured()
    with observed() as own:
        await asyncio.sleep(0.3)
        idle = own.measured()

    assert blocked.delay.seconds >= 3 * (0.1 - UNSEEN)
    # Only an upper bound of what a busy machine adds: the timer was not late by more than we say.
    assert idle.seconds - 0.3 <= idle.delay.at_most + UNSEEN


async def test_beat_ends_with_its_last_observer() -> None:
    """Nested observers share a beat; without any, nothing is scheduled and a block leaves no trace."""
    with observed() as outer:
        with observed():
            pass
        time.sleep(0.1)  # noqa: ASYNC251
        assert outer.measured().delay.seconds >= 0.1 - UNSEEN
    time.sleep(0.1)  # noqa: ASYNC251 - nobody observes
    with observed() as later:
        found = later.measured()

    assert found.delay.stood == 0


class Ageing(DoubleSource):
    """Down when its sample is older than ten seconds, as a system judges that trusts the given moment."""

    def verdict(self, results: Results, now: float) -> Verdict:
        return Verdict.UP if now - results["lead"] <= 10 else Verdict.DOWN


def of_age(fetch: Callable[[Budget], Awaitable[Any]]) -> Ageing:
    return Ageing(collectors=(Collector(name="lead", fetch=fetch, samples=lambda _: [Sample(VALUE, 1, ("lead",))]),))


async def report_of(age: float, blocks: float) -> Report:
    async def fetch(_budget: Budget) -> float:
        sampled_at = time.time() - age
        time.sleep(blocks)  # noqa: ASYNC251
        return sampled_at

    return await probe(of_age(fetch), budget=Budget.of(5), bounds=Bounds())


async def test_age_that_only_our_delay_brought_over_its_bound_is_unknown() -> None:
    """Just young enough when it was heard, too old when it is judged: nobody knows. Really old is down, young is up."""
    assert (await report_of(9.9, blocks=0.3)).verdict is Verdict.UNKNOWN
    assert (await report_of(30, blocks=0.3)).verdict is Verdict.DOWN
    assert (await report_of(1, blocks=0.3)).verdict is Verdict.UP


async def test_delay_is_published_with_the_probe_and_with_the_process() -> None:
    """A series of the probe, a line of its timeline, and a sum over the probes of the process."""
    report = await report_of(1, blocks=0.1)
    own = SelfMetrics()
    own.delayed(report.measured.delay.seconds)
    published = {sample.family.name: sample.value for sample in report.samples}["sankofa_probe_delay_seconds"]
    text = timeline(report, target="t", module="m", budget_seconds=5)

    assert published == report.measured.delay.seconds >= 0.1 - UNSEEN
    assert f"# of which our own delay {published * 1000:.0f} ms (stood" in text
    assert f"sankofa_exporter_probe_delay_seconds_total {published}\n" in own.encode("", "").body.decode()


async def test_probe_of_a_source_in_health_says_how_long_it_was_held_up() -> None:
    """The family is there in every probe, and never more than the probe took."""
    report = await probe(DoubleSource(collectors=(lead(),)), budget=Budget.of(1), bounds=Bounds())

    assert 0 <= report.measured.delay.seconds <= report.seconds
