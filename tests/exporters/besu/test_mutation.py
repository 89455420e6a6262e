"""Spoiled answers of a node: no exception leaves the probe, and no false up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sankofa_exporters.besu.node.system.source import BesuSource
from sankofa_exporters.besu.rpc.client import Access, Call, RpcClient
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.exposition import encode
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.reading.coerce import hex_int
from tests.exporters.mutation import CASES, HOSTILE, spoiled

from .recorded import fresh_head, healthy, probed, values


class AnswerClient(RpcClient):
    """The client without its I/O."""

    answers: dict[str, Any]

    async def call(self, method: str, params: list[Any], budget: Budget) -> Any:
        if method not in self.answers:
            raise CollectorError(Kind.PERMISSION, "no such method")
        answer = self.answers[method]
        return answer() if callable(answer) else answer

    async def many(self, calls: Sequence[Call], budget: Budget) -> list[Any]:
        return await asyncio.gather(
            *(self.call(method, params, budget) for method, params in calls), return_exceptions=True
        )


def check(answers: dict[str, Any]) -> None:
    client = AnswerClient(http=None, access=Access(url="http://node"), body_bytes=1)  # type: ignore[arg-type]
    client.answers = answers
    report = asyncio.run(probed(BesuSource(client=client, module=BesuModule()), seconds=60))
    found = values(report)
    up, known = found["besu_up",], found["besu_known",]

    assert (up, known) in {(1, 1), (0, 1), (0, 0)}
    assert known == found["collector_success", "head"]
    assert not [failure for failure in report.failures.values() if failure.reason.startswith("unexpected")]
    assert list(text_string_to_metric_families(encode(report.samples).body.decode()))
    head = answers["eth_getBlockByNumber"]
    if up and not callable(head):
        assert hex_int(head["number"]) is not None
        assert abs(found["besu_head_timestamp_seconds",] - int(head["timestamp"], 16)) < 1


@settings(max_examples=CASES)
@given(spoiled(fresh_head()))
def test_spoiled_head_is_never_a_false_up(head: Any) -> None:
    """Keys dropped, types changed, texts cut in the head block."""
    check({**healthy(), "eth_getBlockByNumber": head})


@settings(max_examples=CASES)
@given(st.dictionaries(st.sampled_from(sorted(healthy())), st.sampled_from(HOSTILE), min_size=1))
def test_hostile_answers_cost_only_their_families(answers: dict[str, Any]) -> None:
    """Any method may answer anything."""
    check({**healthy(), **answers})
