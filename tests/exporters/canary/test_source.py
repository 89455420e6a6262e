"""What a probe shows of a canary that asks on by itself, rests, stood still or sees nothing."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from sankofa_exporters.canary.families import FAMILIES
from sankofa_exporters.canary.snapshot import KINDS, Ended, Failure, Unknown
from sankofa_exporters.canary.system import source as room
from sankofa_exporters.canary.system.source import SYSTEM, CanarySource
from sankofa_exporters.canary.system.tally import Tally
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.exposition import render_text
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.runtime import Report, probe
from tests.exporters.doubles import Seen, constant, loopback
from tests.exporters.golden import complaints, names_in, names_of, settled
from tests.exporters.watching import Values, values_of
from tests.pace import limit

from .asking import canary

GOLDEN = Path(__file__).parent / "golden" / "edge.prom"
EACH_SECOND = {"objective_seconds": 0.05, "interval_seconds": 1, "timeout_seconds": 1}
OFTEN = {"objective_seconds": 0.05, "interval_seconds": 0.2, "timeout_seconds": 0.2}


async def probed(source: CanarySource, *, seconds: float = 5) -> Report:
    return await probe(source, budget=Budget.of(limit(seconds)), bounds=Bounds())


def shown(report: Report) -> Values:
    return values_of(render_text(report.samples))


def stood_still(source: CanarySource, *ended: Ended, seconds_ago: float = 0) -> CanarySource:
    """As if these requests had ended that long ago, and none were sent any more."""
    began = time.monotonic()
    source.clock = lambda: began - seconds_ago
    for one in ended:
        source._take(one)
    source.clock = lambda: began

    async def nothing() -> None:
        await asyncio.sleep(3600)

    source._ask_for_ever = nothing  # type: ignore[method-assign]
    return source


def answered(seconds: float, status: int = 200) -> Ended:
    return Ended(outcome=None, seconds=seconds, status=status)


async def test_a_probe_asks_nobody_and_tells_no_age() -> None:
    """It tells what was asked meanwhile: its system says so, and its board has no panels of calls and ages."""
    source = stood_still(canary("http://127.0.0.1:9/"), answered(0.01))
    seen = shown(await probed(source))
    await source.close()
    assert seen["probe_upstream_calls",] == 0
    assert [name for name, *_ in seen if name == "collector_age_seconds"] == []
    assert not SYSTEM.asks


async def test_requests_go_on_between_probes_and_a_close_ends_them() -> None:
    """The first probe waits for the first request; then the counters grow without any probe."""
    asked, sixth = 0, asyncio.Event()

    async def answer(request: Seen, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        if asked == 6:
            sixth.set()
        await constant(b"well")(request, writer)

    async with loopback(answer) as gateway:
        source = canary(gateway.url, OFTEN)
        await probed(source)
        began = asked
        async with asyncio.timeout(limit(20)):
            await sixth.wait()
        await source.close()
        ended = asked
        await asyncio.sleep(3 * OFTEN["interval_seconds"])

    assert began >= 1
    assert asked == ended
    assert source.tally.requests + sum(source.tally.not_known.values()) >= 5


async def test_target_that_nobody_probes_rests_until_the_next_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its task ends; the next probe begins it again, with the counters it had."""
    monkeypatch.setattr(room, "RESTS_AFTER_SECONDS", 0.3)
    async with loopback(constant(b"well")) as gateway:
        source = canary(gateway.url, OFTEN)
        await probed(source)
        assert source._task is not None
        await asyncio.wait({source._task}, timeout=limit(20))
        rested, asked = source._task.done(), len(gateway.seen)
        await asyncio.sleep(1.5)  # long enough to know nothing any more
        resting = len(gateway.seen)
        await probed(source)
        await source.close()

    assert (rested, resting) == (True, asked)
    assert len(gateway.seen) > asked


@pytest.mark.parametrize(
    ("ended", "seconds_ago", "expected"),
    [
        ([answered(0.004)], 0, (1, 1, 1, 0)),
        ([answered(0.004)], 3.9, (1, 1, 1, 0)),
        ([answered(0.004)], 4.1, (0, 0, None, 0)),  # three intervals and a timeout: too old, and the counters go
        ([answered(0.7)], 0, (1, 1, 1, 0)),  # late, and there
        ([answered(0.004), Ended(outcome=Failure.REFUSED, seconds=0)], 0, (0, 1, 2, 0)),
        ([answered(0.004), Ended(outcome=Unknown.DELAY, seconds=3)], 0, (1, 1, 1, 1)),  # what was known is recent
        ([Ended(outcome=Unknown.NETWORK, seconds=0)], 0, (0, 0, None, 1)),
        ([], 0, (0, 0, None, 0)),
    ],
)
async def test_state_and_counters_are_those_of_what_is_known_and_recent(
    ended: list[Ended], seconds_ago: float, expected: tuple[int, int, int | None, int]
) -> None:
    """Up, known, requests (absent while nothing is known), and how many are not known."""
    source = stood_still(canary("http://127.0.0.1:1", EACH_SECOND), *ended, seconds_ago=seconds_ago)
    found = shown(await probe(source, budget=Budget.of(0.1), bounds=Bounds()))
    await source.close()
    left_out = sum(value for key, value in found.items() if key[0] == "canary_not_known_total")

    assert (
        found["canary_up",],
        found["canary_known",],
        found.get(("canary_requests_total",)),
        left_out,
    ) == expected
    assert (("canary_request_duration_seconds_count",) in found) == (("canary_requests_total",) in found)


@pytest.mark.parametrize("reason", list(Unknown))
async def test_collector_says_why_nothing_is_known(reason: Unknown) -> None:
    """By the kind of the reason, with the host and without the path."""
    source = stood_still(canary("http://127.0.0.1:1/a-secret-path", EACH_SECOND), Ended(outcome=reason, seconds=0))
    report = await probe(source, budget=Budget.of(0.1), bounds=Bounds())
    await source.close()
    failure = report.failures["requests"]

    assert (failure.kind, failure.reason) == (KINDS[reason], f"GET http://127.0.0.1:1: nothing is known: {reason}")


async def test_delay_of_the_loop_leaves_out_the_request_it_met() -> None:
    """A loop that is held for longer than is borne, in the stretch that is watched: not known, though the answer was quick."""

    async def held(request: Seen, writer: asyncio.StreamWriter) -> None:
        await constant(b"well")(request, writer)
        asyncio.get_running_loop().call_later(0.01, time.sleep, 0.2)

    async with loopback(held) as gateway:
        source = canary(gateway.url, EACH_SECOND)
        ended = await source._one_request(Budget.of(1))
        await source.close()

    assert ended.outcome is Unknown.DELAY


def test_each_request_is_in_one_place() -> None:
    """Known is failed or in the histogram; what is not known is in neither."""
    tally = Tally()
    for outcome in (None, *Failure, *Unknown):
        tally.add(Ended(outcome=outcome, seconds=0.05))
    tally.missed(4)

    assert tally.requests == 1 + len(Failure) == sum(tally.counts) + sum(tally.failures.values())
    assert sum(tally.not_known.values()) == len(Unknown) + 4


async def exposition() -> str:
    """A target with a quick, a late and a failed request and one that is not known; without what a clock makes."""
    ended = [Ended(outcome=Failure.STATUS, seconds=0.002, status=503), answered(0.01), answered(0.0101), answered(0.3)]
    ended.append(Ended(outcome=Unknown.DELAY, seconds=3))
    source = stood_still(canary("https://api.example.com/", {"objective_seconds": 0.01}), *ended)
    source.since = 1_790_000_000.5
    report = await probed(source)
    await source.close()
    return render_text([one for one in report.samples if one.family.name.startswith("sankofa_canary_")])


async def test_exposition_equals_the_golden_file() -> None:
    """UPDATE_GOLDEN=1 writes the file anew."""
    text = await exposition()

    assert text == settled(GOLDEN, text)


def test_golden_file_names_the_whole_catalogue() -> None:
    """client_python's parser reads it, and every family of the catalogue is in it."""
    assert names_in([GOLDEN], "sankofa_canary_") == names_of(FAMILIES)


@pytest.mark.real("promtool")
def test_golden_file_passes_promtool() -> None:
    """Prometheus' own linter has nothing to say about it."""
    assert complaints(GOLDEN) == ""
