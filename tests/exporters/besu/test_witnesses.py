"""What a witness may do wrong, and that it costs that witness only: unknown when too few are left, never down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sankofa_exporters.besu.rpc.client import Access
from sankofa_exporters.model.failure import Kind
from sankofa_exporters.probe.source import Verdict
from tests.pace import growing, limit

from .labchain import BACKLOG, WINDOW, chain, pair

FAULTS = [
    ("500", "http"), ("401", "auth"), ("403", "permission"), ("html", "decode"), ("garbage", "decode"), ("huge", "limit"),
    ("hang", "timeout"), ("drip", "timeout"),
]  # fmt: skip


def patience(mode: str) -> float:
    """Short with a witness that never answers; long enough at any pace with one that does."""
    return 0.4 if mode in {"hang", "drip"} else min(limit(3), 60)


@pytest.mark.parametrize(("mode", "kind"), FAULTS)
async def test_faulty_witness_costs_itself_only(mode: str, kind: str) -> None:
    """Three others are left: the verdict stands, consensus is read, and the reason is told."""
    for seconds in growing(0.4):
        async with chain() as lab, lab.watched(witness_timeout_seconds=seconds) as source:
            lab.do(f"http/validator-2/{mode}")
            report = await lab.probe(source, seconds=limit(60))
            lab.do("http/validator-2/ok")
            mended = await lab.seen(source)
        found = {
            (sample.family.name.removeprefix("sankofa_besu_"), *sample.labels): sample.value
            for sample in report.samples
        }
        if ("witness_error", "validator-2", kind) in found and mended["besu_witnesses",] == 4:
            break

    assert (found["network_up",], found["network_known",], found["witnesses",]) == (1, 1, 3)
    assert (found["witness_known", "validator-2"], found["witness_error", "validator-2", kind]) == (0, 1)
    assert ("witness_lag_blocks", "validator-2") not in found
    assert (report.failures, found["window_blocks",], found["distinct_committers",]) == ({}, WINDOW, 4)
    assert mended["besu_witness_known", "validator-2"] == 1


@pytest.mark.parametrize(("mode", "kind"), FAULTS)
async def test_too_few_witnesses_are_unknown_and_never_down(mode: str, kind: str) -> None:
    """One witness is no proof, however fresh or old its head is; none is an error of the collector."""
    for seconds in growing(patience(mode)):
        async with (
            chain() as lab,
            lab.watched("validator-1", "validator-2", witness_timeout_seconds=seconds) as source,
        ):
            lab.do(f"http/validator-1/{mode}")
            one = await lab.seen(source, seconds=limit(60))
            lab.do("wait/500")
            old = await lab.seen(source, seconds=limit(60))
            lab.do(f"http/validator-2/{mode}")
            none = await lab.probe(source, seconds=limit(60))
        if one.get(("besu_witnesses",)) == 1:
            break

    assert (pair(one), pair(old)) == ((0, 0), (0, 0))
    assert (one["besu_witnesses",], one["besu_witnesses_required",]) == (1, 2)
    assert set(none.failures) == {
        "head", "forks", "validators", "consensus", "security", "next_validators", "waiting",
    }  # fmt: skip
    assert {failure.kind for failure in none.failures.values()} == {Kind(kind)}
    assert none.verdict.value == (0, 0)


async def test_network_of_one_node_is_known_when_that_is_configured() -> None:
    """`min_witnesses: 1` for a network that has no second node."""
    async with chain(validators=1) as lab, lab.watched(min_witnesses=1) as source:
        found = await lab.seen(source)

    assert pair(found) == (1, 1)
    assert (found["besu_quorum_validators",], found["besu_fault_tolerance_validators",]) == (1, 0)


async def test_crashed_witness_is_refused_and_not_down() -> None:
    """A process that is gone closes the connection; the others decide."""
    async with chain() as lab, lab.watched() as source:
        lab.do("node/validator-4/crash")
        found = await lab.seen(source)

    assert (pair(found), found["besu_witness_error", "validator-4", "refused"]) == ((1, 1), 1)


async def test_witness_of_another_chain_is_not_believed() -> None:
    """Three of one chain and one of another: that one is told apart by its id. One of each: nobody is."""
    async with chain() as lab, chain(chain_id=7) as other:
        here, there = lab.lab.url("validator-1"), other.lab.url("validator-1")
        async with lab.watched() as source, lab.watched("validator-1", "validator-2") as two:
            source.witnesses[3].client.access = Access(url=there)
            two.witnesses[1].client.access = Access(url=there)
            found, split = await lab.seen(source), await lab.probe(two)
    assert here != there
    assert (pair(found), found["besu_witness_error", "validator-4", "decode"]) == ((1, 1), 1)
    assert (split.verdict.value, split.failures["head"].kind) == ((0, 0), Kind.DECODE)


async def test_networks_with_one_id_and_no_common_validator_are_not_a_fork() -> None:
    """Blocks differ at every height, and no validator is in both sets: a wrong witness, so unknown and never down."""
    async with (
        chain() as lab,
        chain(prefix="stranger") as other,
        lab.watched("validator-1", "validator-2") as source,
    ):
        source.witnesses[1].client.access = Access(url=other.lab.url("stranger-1"))
        found = await lab.seen(source)

    assert found["besu_forked_blocks",] == found["besu_compared_blocks",] == BACKLOG + 1
    assert (pair(found), found["besu_fork_proven",]) == ((0, 0), 0)


@pytest.mark.parametrize("mode", ["lying-state", "lying-round"])
async def test_header_that_is_not_what_it_says_is_trusted_by_nobody(mode: str) -> None:
    """A wrong field or an unsigned round: that witness's headers are not used; alone, consensus is decode and absent."""
    async with chain() as lab, lab.watched() as source, lab.watched("validator-2", min_witnesses=1) as alone:
        lab.do(f"http/validator-2/{mode}")
        found, single = await lab.seen(source), await lab.probe(alone)

    assert (pair(found), found["besu_distinct_committers",], found["besu_window_rounds",]) == ((1, 1), 4, 0)
    assert found["besu_witness_error", "validator-2", "decode"] == 1
    lost = ("forks", "validators", "consensus", "security", "next_validators")
    assert {name: failure.kind for name, failure in single.failures.items()} == dict.fromkeys(lost, Kind.DECODE)


async def test_fresh_head_that_is_a_lie_makes_nothing_up() -> None:
    """The chain stands still; one of three claims a new block that hashes to nothing: the two others decide."""
    async with chain() as lab, lab.watched("validator-1", "validator-2", "validator-3") as source:
        await lab.seen(source)
        lab.do("wait/500")
        liar = lab.node("validator-3")
        liar.chain.append(replace(liar.head, number=10_000, timestamp=int(lab.network.now())))
        lab.do("http/validator-3/lying-state")
        found = await lab.seen(source)
        lab.do("http/validator-2/500")
        two = await lab.seen(source)

    assert (found["besu_witness_known", "validator-3"], pair(found), pair(two)) == (0, (0, 1), (0, 0))
    assert found["besu_network_head_block",] < 10_000
    assert [found["besu_witness_lag_blocks", f"validator-{number}"] for number in (1, 2)] == [0, 0]
    assert found["besu_blocks_total",] == 0


async def test_head_from_the_future_is_stale() -> None:
    """Two clocks disagree, so age proves nothing."""
    async with chain() as lab, lab.watched() as source:
        lab.do("ahead/3600")
        lab.do("advance/1")
        report = await lab.probe(source)

    assert (report.verdict.value, report.failures["head"].kind) == ((0, 0), Kind.STALE)


async def test_hanging_witness_delays_the_probe_by_its_share_only() -> None:
    """Its share is a setting; the probe's deadline is for the others."""
    for seconds in growing(0.3):
        async with chain() as lab, lab.watched(witness_timeout_seconds=seconds) as source:
            lab.do("http/validator-1/hang")
            report = await lab.probe(source, seconds=limit(60))
        if report.verdict is Verdict.UP:
            break

    assert report.seconds < limit(60)  # its own end, not the deadline's
    assert report.verdict.value == (1, 1)


async def test_witness_that_repairs_its_history_is_read_anew() -> None:
    """After a fork is healed the node tells other blocks for the same heights: nothing is counted twice, the fork is gone."""
    async with chain() as lab, lab.watched() as source:
        await lab.seen(source)
        lab.do("split/validator-4")
        lab.do("equivocate/on")
        lab.do("advance/3")
        forked = await lab.seen(source)
        lab.do("equivocate/off")
        lab.node("validator-4").chain = lab.node("validator-1").chain[:]
        lab.do("heal")
        lab.do("advance/2")
        healed = await lab.seen(source)

    assert (forked["besu_fork_proven",], healed["besu_fork_proven",]) == (1, 0)
    assert (pair(healed), healed["besu_forked_blocks",]) == ((1, 1), 0)
    assert healed["besu_blocks_total",] + healed["besu_skipped_blocks_total",] == 5
