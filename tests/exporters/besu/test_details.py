"""What describes a network is asked in rotation and remembered with its age: who decides next, and how many wait."""

from __future__ import annotations

import pytest

from sankofa_exporters.besu.network.system.source import NetworkSource
from sankofa_exporters.model.failure import Kind

from .labchain import chain


def make_due(source: NetworkSource) -> None:
    """As if the periods of all details had passed."""
    for one in (source.details.following, *source.details.waiting.values()):
        if one.tried_at is not None:
            one.tried_at -= one.period_seconds


async def test_each_probe_asks_the_next_pool_and_all_are_known_in_the_end() -> None:
    """Four pools take four probes, one request each beside the heads; the next validators are asked when they are due."""
    async with chain() as lab, lab.watched() as source:
        lab.network.pool = 7
        probes = [await lab.seen(source) for _ in range(6)]
    waiting = [sum(key[0] == "besu_witness_waiting_transactions" for key in found) for found in probes]

    assert waiting == [1, 2, 3, 4, 4, 4]
    assert [found["probe_upstream_calls",] for found in probes][1:] == [5, 5, 5, 5, 5]
    assert {value for key, value in probes[-1].items() if key[0] == "besu_witness_waiting_transactions"} == {7}
    assert ("besu_witness_waiting_age_seconds", "validator-1") in probes[-1]


@pytest.mark.parametrize("dialect", ["qbft", "ibft2"])
async def test_next_validators_change_a_block_before_the_validators_do(dialect: str) -> None:
    """The vote is decided, and the newest block was still decided by the old set."""
    async with chain(dialect=dialect, replicas=1) as lab, lab.watched(skip=["waiting"]) as source:
        await lab.seen(source)
        lab.do("join/replica-1")
        while len(lab.network.validators) == 4:
            lab.do("advance/1")
        make_due(source)
        decided = await lab.seen(source)
        lab.do("advance/1")
        make_due(source)
        applied = await lab.seen(source)

    assert [(found["besu_validators",], found["besu_next_validators",]) for found in (decided, applied)] == [
        (4, 5),
        (5, 5),
    ]


async def test_apis_that_are_off_are_absent_and_no_error() -> None:
    """TXPOOL and the consensus API are off by default on Besu: nobody is told each time."""
    async with chain(off=["txpool", "qbft"]) as lab, lab.watched() as source:
        for _ in range(6):
            report = await lab.probe(source)
            found = await lab.seen(source)

    assert report.failures == {}
    assert not {key[0] for key in found} & {"besu_next_validators", "besu_witness_waiting_transactions"}


async def test_network_s_waiting_transactions_are_of_this_probe_and_of_one_pool() -> None:
    """Demand of a throughput: not added up over pools that hold the same, gone at once, and absent where nobody told."""
    async with chain(validators=4) as lab, lab.watched("validator-1", "validator-2", min_witnesses=1) as source:
        lab.network.pool = 7
        full = await lab.seen(source)
        lab.network.pool = 0
        taken = await lab.seen(source)
        lab.do("api/validator-1/txpool/off")
        lab.do("api/validator-2/txpool/off")
        untold = [await lab.seen(source) for _ in range(2)]

    assert [found["besu_network_waiting_transactions",] for found in (full, taken)] == [7, 0]
    assert not [found for found in untold if ("besu_network_waiting_transactions",) in found]


async def test_witness_without_a_pool_takes_no_turn_from_one_that_has() -> None:
    """Else half of the probes would not know what waits."""
    async with chain(validators=4) as lab, lab.watched("validator-1", "validator-2") as source:
        lab.do("api/validator-1/txpool/off")
        found = [await lab.seen(source) for _ in range(5)]

    assert [("besu_network_waiting_transactions",) in one for one in found] == [False, True, True, True, True]


async def test_pool_that_cannot_be_read_keeps_its_last_answer_and_its_age() -> None:
    """Silence is no news; a refusal by a status is an error once nothing is left to show."""
    async with chain() as lab, lab.watched("validator-1", min_witnesses=1, skip=["next_validators"]) as source:
        lab.network.pool = 3
        first = await lab.seen(source)
        lab.do("http/validator-1/500")
        make_due(source)
        failing = await lab.probe(source)
        found = await lab.seen(source)

    assert first["besu_witness_waiting_transactions", "validator-1"] == 3
    assert failing.failures["waiting"].kind is Kind.HTTP  # its head could not be read either
    assert ("besu_witness_waiting_transactions", "validator-1") not in found


async def test_sync_distance_periods_and_clients_of_a_node() -> None:
    """Where the node tells them: the genesis' periods and the peers' clients; nothing of a distance while it does not sync."""
    async with chain(empty_period=30, period=2, timeout=6) as lab, lab.watched_node("validator-1") as source:
        found = await lab.seen(source)

    assert [found[f"besu_{name}_seconds",] for name in ("block_period", "empty_block_period", "round_timeout")] == [
        2,
        30,
        6,
    ]
    assert found["besu_peers_by_client", "besu"] == 3
    assert (found["besu_syncing",], ("besu_sync_distance_blocks",) in found) == (0, False)
