"""A network and what befalls it: each change of the lab's chain is seen in the next probe, as what it is."""

from __future__ import annotations

import pytest

from sankofa_exporters.model.failure import Kind

from .labchain import WINDOW, by_validator, chain, pair

ALL = [f"validator-{number}" for number in range(1, 5)]
pytestmark = pytest.mark.parametrize("dialect", ["qbft", "ibft2"])


async def test_healthy_network_shows_all_its_validators_at_work(dialect: str) -> None:
    """Up, every slot kept, all four commit though each block carries three seals, and one may fail."""
    async with chain(dialect=dialect) as lab, lab.watched() as source:
        found = await lab.seen(source)
    figures = {
        name: found[f"besu_{name}",]
        for name in (
            "witnesses", "window_blocks", "window_rounds", "validators", "quorum_validators",
            "fault_tolerance_validators", "distinct_committers", "fault_margin_validators", "forked_blocks",
        )
    }  # fmt: skip

    assert pair(found) == (1, 1)
    assert found["besu_consensus_info", dialect] == 1
    assert figures == {
        "witnesses": 4, "window_blocks": WINDOW, "window_rounds": 0, "validators": 4, "quorum_validators": 3,
        "fault_tolerance_validators": 1, "distinct_committers": 4, "fault_margin_validators": 1, "forked_blocks": 0,
    }  # fmt: skip
    assert set(by_validator(found, "missed_proposals").values()) == {0}
    assert sum(by_validator(found, "proposed_blocks").values()) == WINDOW
    assert found["probe_success",] == 1


async def test_stalled_chain_is_down_and_its_head_grows_old(dialect: str) -> None:
    """No block for longer than a head may be old: down and known; blocks again: up."""
    async with chain(dialect=dialect) as lab, lab.watched(max_head_age_seconds=30) as source:
        lab.do("wait/20")
        waiting = await lab.seen(source)
        lab.do("wait/20")
        stalled = await lab.seen(source)
        lab.do("advance/1")
        running = await lab.seen(source)

    assert (pair(waiting), pair(stalled), pair(running)) == ((1, 1), (0, 1), (1, 1))
    assert (waiting["collector_age_seconds", "head"], stalled["collector_age_seconds", "head"]) == (20, 40)
    assert stalled["besu_network_head_block",] == waiting["besu_network_head_block",]


async def test_crashed_validator_misses_its_slots_and_nobody_elses(dialect: str) -> None:
    """Its very first slot is ascribed to it in the next probe; after a window it is no committer any more."""
    async with chain(dialect=dialect, replicas=1) as lab, lab.watched("replica-1", "validator-2") as source:
        lab.do("node/validator-1/crash")
        lab.do("advance/3")
        soon = await lab.seen(source)
        lab.do(f"advance/{WINDOW}")
        later = await lab.seen(source)
        lab.do("node/validator-1/return")
        lab.do(f"advance/{WINDOW}")
        back = await lab.seen(source)
    crashed = lab.address("validator-1")

    assert by_validator(soon, "missed_proposals") == {lab.address(name): float(name == "validator-1") for name in ALL}
    assert soon["besu_window_rounds",] == 1
    missed = by_validator(later, "missed_proposals")
    assert missed.pop(crashed) == later["besu_window_rounds",] >= WINDOW // 4
    assert set(missed.values()) == {0}
    assert by_validator(later, "committed_blocks")[crashed] == 0
    assert (later["besu_distinct_committers",], later["besu_fault_margin_validators",]) == (3, 0)
    assert ("besu_validator_last_committed_block", crashed) not in later
    assert (back["besu_distinct_committers",], back["besu_window_rounds",]) == (4, 0)
    assert pair(later) == (1, 1)


async def test_validator_that_is_always_late_is_seen_by_one_witness_and_not_lost(dialect: str) -> None:
    """Its commits never make the quorum: it proposes, misses nothing, and has no seals in the window."""
    async with chain(dialect=dialect) as lab, lab.watched() as source:
        lab.do("node/validator-3/slow")
        lab.do(f"advance/{WINDOW + 1}")
        found = await lab.seen(source)
    late = lab.address("validator-3")

    assert by_validator(found, "committed_blocks")[late] == 0
    assert by_validator(found, "proposed_blocks")[late] == WINDOW / 4
    assert by_validator(found, "missed_proposals")[late] == 0
    assert found["besu_distinct_committers",] == 3


async def test_seals_of_several_witnesses_are_united(dialect: str) -> None:
    """One node holds three seals of a block, two nodes hold other three: together they show who committed."""
    async with chain(dialect=dialect) as lab:
        lab.do("advance/1")
        heads = [lab.node(name).head for name in ALL[:2]]
        async with lab.watched(ALL[0], min_witnesses=1) as one, lab.watched(*ALL[:2]) as two:
            alone, together = await lab.seen(one), await lab.seen(two)

    assert (heads[0].hash, heads[0].seals == heads[1].seals) == (heads[1].hash, False)
    assert sum(by_validator(alone, "committed_blocks").values()) == 3 * WINDOW
    assert sum(by_validator(together, "committed_blocks").values()) == 4 * WINDOW


async def test_minority_of_a_split_lags_and_the_network_lives(dialect: str) -> None:
    """One of four is cut off: that witness falls behind, nothing forks, the network is up."""
    async with chain(dialect=dialect) as lab, lab.watched() as source:
        lab.do("split/validator-4")
        lab.do(f"advance/{WINDOW // 2}")
        found = await lab.seen(source)
        lab.do(f"advance/{3 * WINDOW}")
        far = await lab.seen(source)
        lab.do("heal")
        healed = await lab.seen(source)

    assert pair(found) == (1, 1)
    assert [found["besu_witness_lag_blocks", name] for name in ALL] == [0, 0, 0, WINDOW // 2]
    assert (found["besu_forked_blocks",], found["besu_fork_proven",]) == (0, 0)
    assert (far["besu_witness_lag_blocks", "validator-4"], far["besu_forked_blocks",]) == (WINDOW // 2 + 3 * WINDOW, 0)
    assert far["besu_compared_blocks",] > 0
    assert (pair(healed), healed["besu_witness_lag_blocks", "validator-4"]) == ((1, 1), 0)


async def test_split_without_a_quorum_on_either_side_is_down(dialect: str) -> None:
    """Two and two: no side can commit; down and known, and no fork."""
    async with chain(dialect=dialect) as lab, lab.watched(max_head_age_seconds=30) as source:
        lab.do("split/validator-3,validator-4")
        lab.do("advance/20")
        found = await lab.seen(source)
        lab.do("heal")
        lab.do("advance/1")
        healed = await lab.seen(source)

    assert (pair(found), found["besu_fork_proven",]) == ((0, 1), 0)
    assert {found["besu_witness_lag_blocks", name] for name in ALL} == {0}
    assert pair(healed) == (1, 1)


async def test_witnesses_of_a_minority_alone_see_a_halted_chain(dialect: str) -> None:
    """Nodes of one side only cannot know of the other: this is why witnesses belong on both."""
    async with (
        chain(dialect=dialect, validators=7) as lab,
        lab.watched("validator-6", "validator-7", max_head_age_seconds=30) as minority,
        lab.watched("validator-1", "validator-7", max_head_age_seconds=30) as both,
    ):
        lab.do("split/validator-6,validator-7")
        lab.do("advance/20")
        blind, seeing = await lab.seen(minority), await lab.seen(both)

    assert (pair(blind), pair(seeing)) == ((0, 1), (1, 1))


async def test_two_histories_sealed_by_quorums_are_a_proven_fork(dialect: str) -> None:
    """Validators that commit on both sides of a split make two blocks of one height: down and known, proven."""
    async with chain(dialect=dialect) as lab, lab.watched() as source:
        before = await lab.seen(source)
        lab.do("split/validator-3,validator-4")
        lab.do("equivocate/on")
        lab.do("advance/3")
        found = await lab.seen(source)
        counted = found["besu_blocks_total",]
        again = await lab.seen(source)

    assert (pair(before), before["besu_fork_proven",]) == ((1, 1), 0)
    assert pair(found) == (0, 1)
    assert (found["besu_forked_blocks",], found["besu_fork_proven",]) == (3, 1)
    assert counted == again["besu_blocks_total",] == 3


async def test_one_node_behind_is_a_nodes_fault(dialect: str) -> None:
    """A lagging witness shows its lag; the network is judged by the newest head."""
    async with chain(dialect=dialect, replicas=1) as lab, lab.watched() as source:
        lab.do("node/replica-1/lag")
        lab.do("advance/30")
        found = await lab.seen(source)

    assert pair(found) == (1, 1)
    assert found["besu_witness_lag_blocks", "replica-1"] == 30
    assert found["besu_witness_known", "replica-1"] == 1


async def test_empty_block_period_makes_old_heads_legitimate(dialect: str) -> None:
    """A chain that waits for work is up as long as its period says so; without knowing the period it would be down."""
    async with chain(dialect=dialect) as lab:
        lab.do("empty/60")
        async with (
            lab.watched(max_head_age_seconds=30, empty_block_period_seconds=60) as knowing,
            lab.watched(max_head_age_seconds=30) as ignorant,
        ):
            lab.do("advance/20")
            patient, hasty = await lab.seen(knowing), await lab.seen(ignorant)
            lab.do("transactions/5")
            lab.do("advance/1")
            busy = await lab.seen(ignorant)

    assert (pair(patient), pair(hasty), pair(busy)) == ((1, 1), (0, 1), (1, 1))


async def test_head_a_second_ahead_is_believed(dialect: str) -> None:
    """Besu lets a header be one second in the future; clocks vary."""
    async with chain(dialect=dialect) as lab, lab.watched() as source:
        lab.do("ahead/1")
        lab.do("advance/2")
        found = await lab.seen(source)

    assert pair(found) == (1, 1)
    assert found["collector_age_seconds", "head"] == -1


async def test_steady_state_asks_each_witness_for_one_head_and_little_else(dialect: str) -> None:
    """The window once; then a head for each witness, the headers between two probes, and one pool."""
    async with chain(dialect=dialect) as lab, lab.watched() as source:
        first = await lab.seen(source)
        still = await lab.seen(source)
        lab.do("advance/1")
        one = await lab.seen(source)
        lab.do("advance/5")
        five = await lab.seen(source)

    assert [found["probe_upstream_calls",] for found in (first, still, one, five)] == [10, 5, 5, 9]
    assert five["besu_blocks_total",] == 6


async def test_network_without_consensus_keeps_its_heads(dialect: str) -> None:
    """`consensus: none`: heads, lag and verdict, and nothing is decoded."""
    async with chain(dialect=dialect) as lab, lab.watched(consensus="none") as source:
        report = await lab.probe(source)
        found = await lab.seen(source)

    assert (pair(found), report.failures) == ((1, 1), {})
    assert [outcome.collector.name for outcome in report.outcomes] == ["head", "waiting"]


async def test_validators_in_a_contract_are_asked_for(dialect: str) -> None:
    """The header lists none: RPC tells them, missed slots are attributed from then on, and other kinds of failure are absent."""
    async with chain(dialect=dialect, in_contract=True) as lab, lab.watched() as source:
        first = await lab.seen(source)
        lab.do("node/validator-2/crash")
        lab.do("advance/6")
        found = await lab.seen(source)
        for name in ALL:
            lab.do(f"api/{name}/{'qbft' if dialect == 'qbft' else 'ibft'}/off")
        lab.do("advance/2")
        refused = await lab.probe(source)

    assert (first["besu_validators",], first["besu_distinct_committers",]) == (4, 4)
    missed = by_validator(found, "missed_proposals")
    assert missed.pop(lab.address("validator-2")) >= 1
    assert set(missed.values()) == {0}
    assert {name: failure.kind for name, failure in refused.failures.items()} == {"validators": Kind.PERMISSION}
