"""Who missed a slot is said exactly or not at all; who takes part is counted over a window, never in one header."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.lab.bft.network import Network
from sankofa_exporters.besu.network.snapshot.consensus import (
    Consensus,
    consensus_of,
    missed_by,
    quorum_of,
    sealed_by_quorum,
)
from sankofa_exporters.besu.network.snapshot.headers import NO_ADDRESS, Header, parse_header
from tests.exporters.mutation import CASES

A, B, C, D = (bytes([number]) * 20 for number in (1, 2, 3, 4))
ALL = (A, B, C, D)


def header(
    number: int, proposer: bytes, rounds: int | None = 0, validators: tuple[bytes, ...] = ALL, **more: object
) -> Header:
    plain = Header(
        number=number, hash=number.to_bytes(32, "big"), parent_hash=max(0, number - 1).to_bytes(32, "big"),
        timestamp=1_000 + 2 * number, dialect="qbft", proposer=proposer, validators=validators, round=rounds, vote=None,
        signers=frozenset(validators[:3]), gas_used=1, gas_limit=4, transactions=1, extra_digest=b"",
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("validators", "quorum"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (10, 7), (100, 67)]
)
def test_quorum_is_two_thirds_rounded_up(validators: int, quorum: int) -> None:
    """As Besu counts it."""
    assert quorum_of(validators) == quorum


@pytest.mark.parametrize(
    ("why", "parent", "child", "missed"),
    [
        ("first proposer succeeded", header(1, A), header(2, B, 0), {}),
        ("the next one had to", header(1, A), header(2, C, 1), {B: 1}),
        ("two were away", header(1, C), header(2, B, 2), {D: 1, A: 1}),
        ("once around and one more", header(1, A), header(2, C, 5), {A: 1, B: 2, C: 1, D: 1}),
        ("the previous proposer was no validator", header(1, b"\x02" * 19 + b"\x09"), header(2, D, 1), {C: 1}),
        ("the first block after the genesis", header(0, NO_ADDRESS), header(1, B, 1), {A: 1}),
        ("no parent", None, header(2, C, 1), None),
        ("another set decided the parent", header(1, A, validators=ALL[:3]), header(2, C, 1), None),
        ("proposed again unchanged, with its first proposer", header(1, A), header(2, B, 1), None),
        ("another rule, such as Quorum's sticky proposer", header(1, A), header(2, A, 0), None),
        (
            "validators in a contract that nobody asked",
            header(1, A, validators=()),
            header(2, C, 1, validators=()),
            None,
        ),
        ("a round of hostile size costs no time", header(1, A), header(2, B, 4 * 10**8), dict.fromkeys(ALL, 10**8)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_missed_slots_are_attributed_exactly_or_not_at_all(
    why: str, parent: Header | None, child: Header, missed: dict[bytes, int] | None
) -> None:
    """The rotation rule, and every case in which it does not name an owner."""
    assert missed_by(child, parent) == missed


def test_window_sums_what_its_headers_say() -> None:
    """Three blocks after their parent, the second in round 1, the third of a changed set in round 2."""
    run = [header(10, D), header(11, A), header(12, C, 1), header(13, A, 2, validators=ALL[:3])]
    found = consensus_of(run, window_blocks=3)

    assert found == Consensus(
        dialect="qbft", blocks=3, span_seconds=6, rounds=3, unattributed_rounds=2, validators=ALL[:3],
        proposed={A: 2, C: 1}, missed={B: 1}, committed={A: 3, B: 3, C: 3}, last_committed={A: 13, B: 13, C: 13},
        gas_used=3, gas_limit=12, transactions=3,
    )  # fmt: skip
    assert (found.quorum, found.tolerance, found.distinct_committers) == (2, 1, 3)


def test_seals_of_one_header_are_no_margin() -> None:
    """Each header has three of four seals, and all four take part: the distinct committers say so."""
    shifted = [header(number, A, signers=frozenset(ALL) - {ALL[number % 4]}) for number in range(1, 9)]
    found = consensus_of(shifted, window_blocks=8)

    assert all(len(one.committers) == 3 for one in shifted)
    assert (found.distinct_committers, found.quorum) == (4, 3)


def test_seal_of_a_stranger_counts_for_nobody() -> None:
    """A signer outside the header's own validators is no committer."""
    one = header(5, A, signers=frozenset({A, B, b"\x09" * 20}))

    assert one.committers == {A, B}
    assert not sealed_by_quorum(one)


def test_dialects_without_rounds_have_no_missed_slots() -> None:
    """IBFT1's rounds are not in the header, Clique has neither rounds nor seals: absent, not zero."""
    old = consensus_of([header(1, A, None, dialect="ibft1"), header(2, B, None, dialect="ibft1")], window_blocks=1)
    clique = consensus_of([header(1, A, None, dialect="clique", signers=frozenset())], window_blocks=1)

    assert (old.rounds, old.missed, old.unattributed_rounds) == (None, None, None)
    assert (old.committed, old.quorum) == ({A: 1, B: 1, C: 1}, 3)
    assert (clique.rounds, clique.missed, clique.committed, clique.quorum) == (None, None, None, None)
    assert clique.distinct_committers is None
    assert clique.proposed == {A: 1}


def test_window_across_a_migration_says_no_more_than_all_its_headers_do() -> None:
    """From IBFT2 to QBFT both have rounds; from IBFT1 to QBFT a part of the window has none."""
    two = consensus_of([header(1, A), header(2, B, dialect="ibft2"), header(3, D, 1)], window_blocks=2)
    one = consensus_of([header(1, A), header(2, B, None, dialect="ibft1"), header(3, D, 1)], window_blocks=2)

    assert (two.dialect, two.rounds, two.missed) == ("qbft", 1, {C: 1})
    assert (one.dialect, one.rounds, one.missed) == ("qbft", None, None)


def test_genesis_is_nobodys_work() -> None:
    """A chain of one block has a window of none."""
    found = consensus_of([header(0, NO_ADDRESS)], window_blocks=8)

    assert (found.blocks, found.rounds, found.proposed, found.span_seconds) == (0, None, {}, None)


def test_window_without_a_block_before_it_has_no_span() -> None:
    """Neither the genesis' time nor one period less is the time that the window took."""
    young = consensus_of([header(0, NO_ADDRESS), header(1, A), header(2, B)], window_blocks=8)
    cut = consensus_of([header(7, A), header(8, B)], window_blocks=8)
    whole = consensus_of([header(7, A), header(8, B)], window_blocks=1)

    assert [one.span_seconds for one in (young, cut, whole)] == [None, None, 2]


def test_same_block_of_two_nodes_is_joined() -> None:
    """Seals are united, and a quorum seen in an earlier round proves that no later one was needed."""
    mine, theirs = header(5, A, 1, signers=frozenset({A, B, C})), header(5, A, 0, signers=frozenset({B, C, D}))

    assert (mine.joined(theirs).round, mine.joined(theirs).committers) == (0, frozenset(ALL))


@settings(max_examples=min(CASES, 100), deadline=None)
@given(
    validators=st.integers(4, 9),
    steps=st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.integers(1, 4)), max_size=12),
    dialect=st.sampled_from(["qbft", "ibft2"]),
)
def test_missed_slots_are_those_of_the_validators_that_were_away(
    validators: int, steps: list[tuple[int, bool, int]], dialect: str
) -> None:
    """Whoever crashes and returns, in any order: every missed slot is of one that was away, and all rounds are named."""
    network = Network.of(dialect=dialect, validators=validators, clock=lambda: 1_750_000_000.0)
    names = list(network.nodes)
    away_at: dict[int, set[bytes]] = {}
    best = network.nodes[names[0]].chain
    for at, alive, blocks in steps:
        network.nodes[names[at % validators]].alive = alive
        for _ in range(blocks):
            before = len(best)
            network.advance(1)
            best = max((node.chain for node in network.nodes.values()), key=len)
            if len(best) > before:
                away_at[best[-1].number] = {node.key.address for node in network.nodes.values() if not node.alive}
    run = [parse_header(block.document()) for block in best]
    for parent, child in pairwise(run):
        missed = missed_by(child, parent)
        assert missed is not None
        assert sum(missed.values()) == child.round
        assert set(missed) <= away_at[child.number]
