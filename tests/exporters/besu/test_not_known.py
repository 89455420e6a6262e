"""A call that the exporter made slow itself is not the node's: a real exporter is stopped, its loop is blocked."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.probe.delay import BEAT_SECONDS, PUNCTUAL_SECONDS
from sankofa_exporters.probe.runtime import Report
from tests.exporters.doubles import loopback, rpc_node

from .recorded import fresh_head, healthy, opened, probed, values

CALL, NOT_KNOWN = ("besu_eth_call_duration_seconds",), ("besu_eth_call_not_known_total",)
FAST = 5  # place of the bucket of 0.2 s
TRIES = 40
STOPPED_SECONDS = 0.6


async def report_when(wanted: Callable[[Report], bool], call: Callable[[], Any], **module: Any) -> Report:
    """The first probe that a machine, however busy, let come out as wanted; each has a source of its own."""
    for _ in range(TRIES):
        async with loopback(rpc_node({**healthy(), "eth_call": call})) as node, opened(node.url, **module) as source:
            report = await probed(source, seconds=10)
        if wanted(report):
            return report
    pytest.fail(f"no probe came out as wanted in {TRIES}; the last one was delayed {report.measured.delay}")


def after(seconds: float, blocks: float = 0.0) -> Callable[[], Awaitable[str]]:
    """A node that takes its time, and blocks the exporter's loop in the moment of its answer."""

    async def answer() -> str:
        await asyncio.sleep(seconds)
        if blocks:
            asyncio.get_running_loop().call_soon(time.sleep, blocks)
        return "0x"

    return answer


async def test_quick_call_heard_late_is_not_known() -> None:
    """Another coroutine holds the loop for 0.3 s while the answer is there: no bucket, no histogram, one not known."""
    async with (
        loopback(rpc_node({**healthy(), "eth_call": after(0, blocks=0.3)})) as node,
        opened(node.url) as source,
    ):
        report = await probed(source)
    found = values(report)

    assert CALL not in found
    assert found[NOT_KNOWN] == 1
    assert sum(value for key, value in found.items() if key[0] == "besu_eth_call_errors_total") == 0
    assert found["probe_delay_seconds",] >= 0.3 - BEAT_SECONDS - PUNCTUAL_SECONDS


async def test_slow_node_is_slow() -> None:
    """0.6 s on an exporter that was hardly delayed: over the bound, and known."""
    found = values(await report_when(lambda report: report.measured.delay.at_most < 0.3, after(0.6)))

    assert (found[CALL].counts[FAST], found[CALL].counts[-1], found[NOT_KNOWN]) == (0, 1, 0)


async def test_node_that_is_slow_without_us_is_slow_although_we_delayed_it() -> None:
    """1.5 s and our 0.3 s on top: it would be over the bound without us."""
    found = values(await report_when(lambda report: report.measured.delay.at_most < 1.2, after(1.5, blocks=0.3)))

    assert found["probe_delay_seconds",] >= 0.3 - BEAT_SECONDS - PUNCTUAL_SECONDS
    assert (found[CALL].counts[FAST], found[CALL].counts[-1], found[NOT_KNOWN]) == (0, 1, 0)


async def test_timeout_in_which_the_node_had_no_time_is_not_known() -> None:
    """The loop stands over the whole wait: the call is cut off, and nobody knows what the node would have done."""

    async def hangs() -> str:
        asyncio.get_running_loop().call_soon(time.sleep, 0.6)
        await asyncio.sleep(30)
        return "0x"

    async with (
        loopback(rpc_node({**healthy(), "eth_call": hangs})) as node,
        opened(node.url, call_timeout_seconds=0.5) as source,
    ):
        found = values(await probed(source))

    assert (CALL in found, found[NOT_KNOWN], found["besu_eth_call_errors_total", "timeout"]) == (False, 1, 0)


async def test_head_is_as_old_as_it_was_when_it_was_asked_for() -> None:
    """A call that hangs for two seconds after it makes no head old; one that was old before is down."""
    verdicts = []
    for age in (9, 12):
        head = {**fresh_head(), "timestamp": hex(int(time.time()) - age)}
        methods = {**healthy(), "eth_getBlockByNumber": head, "eth_call": after(2)}
        async with loopback(rpc_node(methods)) as node, opened(node.url, max_head_age_seconds=11) as source:
            found = values(await probed(source, seconds=5))
        verdicts.append((found["besu_up",], found["besu_known",]))

    assert verdicts == [(1, 1), (0, 1)]


@pytest.mark.parametrize("wrong", [{"call_objective_seconds": 0.3}, {"call_objective_seconds": 5.0}])
def test_objective_is_a_bucket_that_a_call_can_exceed(wrong: dict[str, float]) -> None:
    """Only a bucket can be counted exactly, and a call that is cut off before it could never be known to be slow."""
    with pytest.raises(ValueError, match="call_objective_seconds"):
        BesuModule(**wrong)


def metrics(text: str) -> dict[str, float]:
    """Samples without labels, and the histogram's count."""
    found = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {sample.name: sample.value for sample in found if not sample.labels}


async def test_stopped_exporter_charges_its_stop_to_nobody(processes: Processes, tmp_path: Path) -> None:
    """SIGSTOP between question and answer: the call is not known, the delay is told, and the next answers count again."""
    stops: list[float] = []
    child: Any = None

    def carry_on(stopped_at: float) -> None:
        stops.append(time.monotonic() - stopped_at)
        os.kill(child.process.pid, signal.SIGCONT)

    def call() -> str:
        if not stops:
            os.kill(child.process.pid, signal.SIGSTOP)
            asyncio.get_running_loop().call_later(STOPPED_SECONDS, carry_on, time.monotonic())
        return "0x"

    async with loopback(rpc_node({**healthy(), "eth_call": call})) as node, httpx.AsyncClient(timeout=60) as client:
        config = tmp_path / "besu.yml"
        config.write_text(f'modules: {{m: {{}}}}\ntargets: {{node: {{module: m, endpoint: "{node.url}"}}}}\n')
        listen = f"127.0.0.1:{free_port()}"
        command = [sys.executable, "-m", "sankofa_exporters.cli", "besu", "--config.file", str(config)]
        child = processes.start("exporter", [*command, "--web.listen-address", listen])
        await asyncio.to_thread(processes.wait_until, child, answers(f"http://{listen}/-/ready"))
        probes = [metrics((await client.get(f"http://{listen}/probe?target=node")).text)]
        while "sankofa_besu_eth_call_duration_seconds_count" not in probes[-1] and len(probes) < TRIES:
            probes.append(metrics((await client.get(f"http://{listen}/probe?target=node")).text))
        own = metrics((await client.get(f"http://{listen}/metrics")).text)

    first, last = probes[0], probes[-1]
    assert first["sankofa_besu_eth_call_not_known_total"] == 1
    assert "sankofa_besu_eth_call_duration_seconds_count" not in first
    assert first["sankofa_probe_delay_seconds"] >= stops[0] - BEAT_SECONDS - PUNCTUAL_SECONDS
    assert (first["sankofa_besu_up"], first["sankofa_besu_known"]) == (1, 1)
    not_known = last["sankofa_besu_eth_call_not_known_total"]
    assert last["sankofa_besu_eth_call_duration_seconds_count"] == len(probes) - not_known
    assert own["sankofa_exporter_probe_delay_seconds_total"] >= first["sankofa_probe_delay_seconds"]
