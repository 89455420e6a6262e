"""Who is absent now: silence is measured by each validator's own share, and what proves nothing says nothing."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from sankofa_exporters.besu.network.snapshot.consensus import quorum_of
from sankofa_exporters.besu.network.snapshot.headers import Header
from sankofa_exporters.besu.network.snapshot.presence import presence_of, skipped_by

from .test_consensus import ALL, A, B, C, D, header


def made(
    blocks: int, *, dead_from: int = 1 << 30, dead: bytes = D, validators: tuple[bytes, ...] = ALL, dialect: str = "qbft",
    share: float = 1.0, seed: int = 1,
) -> list[Header]:  # fmt: skip
    """A chain whose blocks carry a random quorum; `dead` stops for good, and is drawn with `share` of the others' weight."""
    dice, found, proposer = random.Random(seed), [header(0, bytes(20), dialect=dialect)], validators[-1]
    for number in range(1, blocks + 1):
        order = [*validators, *validators]
        turns = order[order.index(proposer) + 1 :]
        skipped = int(turns[0] == dead and number >= dead_from)
        proposer = turns[skipped]
        alive = [one for one in validators if one != dead or number < dead_from]
        signers: set[bytes] = set()
        while len(signers) < min(quorum_of(len(validators)), len(alive)):
            signers.add(dice.choices(alive, [share if one == dead else 1.0 for one in alive])[0])
        rounds = None if dialect == "ibft1" else skipped
        found.append(header(number, proposer, rounds, validators, dialect=dialect, signers=frozenset(signers)))
    return found


@pytest.mark.parametrize("dialect", ["qbft", "ibft1"])
@pytest.mark.parametrize("size", [3, 4, 7, 21])
def test_healthy_validators_are_never_absent(dialect: str, size: int) -> None:
    """A random quorum in each of 1,500 blocks: nobody is called absent at any of them, from the first blocks on."""
    validators = tuple(bytes([number]) * 20 for number in range(1, size + 1))
    run = made(1_500, validators=validators, dialect=dialect)
    found = [presence_of(run[max(0, at - 120) : at + 1]) for at in range(1, len(run), 5)]

    assert [one.absent for one in found if one is not None and one.absent] == []


@pytest.mark.parametrize("dialect", ["qbft", "ibft1"])
@pytest.mark.parametrize(("share", "blocks"), [(1.0, 8), (0.5, 12), (0.05, 24)])
def test_dead_validator_is_absent_after_as_many_blocks_as_its_share_asks_for(
    dialect: str, share: float, blocks: int
) -> None:
    """One that is in most quorums soon, one at their edge later."""
    run = made(300, dead_from=200, share=share, dialect=dialect)
    states = [presence_of(run[80 : 200 + silent]) for silent in range(1, blocks + 1)]

    assert states[-1] is not None
    assert (states[-1].absent, states[-1].margin) == (frozenset({D}), 0)
    assert states[0] is not None
    assert (states[0].absent, states[0].margin) == (frozenset(), 1)


def test_dead_validator_stays_absent_when_the_window_no_longer_shows_it() -> None:
    """After hundreds of blocks without it nothing of its own share is left to see."""
    found = presence_of(made(400, dead_from=100)[-121:])

    assert found is not None
    assert (found.absent, found.undecided) == (frozenset({D}), frozenset())


def test_validator_that_has_just_joined_is_undecided_and_so_is_the_margin() -> None:
    """Two blocks without it prove nothing: neither present nor absent, and no sum."""
    run = [header(number, B, validators=(A, B, C)) for number in range(1, 60)]
    run += [header(number, B, validators=ALL, signers=frozenset({A, B, C})) for number in (60, 61)]
    found = presence_of(run)

    assert found is not None
    assert (found.undecided, found.absent, found.margin) == (frozenset({D}), frozenset(), None)


def test_one_sign_of_life_ends_an_absence() -> None:
    """A seal in the newest block, or a block of its own."""
    run = made(300, dead_from=200)
    sealed = [*run, header(301, A, signers=frozenset({A, B, D}))]
    proposed = [*run, header(301, D, signers=frozenset({A, B, C}))]

    assert [found.absent for found in map(presence_of, (sealed, proposed)) if found] == [frozenset(), frozenset()]


@pytest.mark.parametrize(
    "run",
    [
        [header(0, bytes(20))],
        [header(1, A, None, dialect="clique", signers=frozenset())],
        [header(1, A, validators=())],
    ],
)
def test_headers_that_cannot_show_it_say_nothing(run: list[Header]) -> None:
    """A genesis, a chain without seals, validators in a contract that nobody asked."""
    assert presence_of(run) is None


def test_headers_before_a_migration_from_clique_show_nothing() -> None:
    """Only the sealed blocks count: in three of them nobody's silence is proof."""
    old = [header(number, A, None, dialect="clique", signers=frozenset()) for number in range(1, 100)]
    found = presence_of([*old, *(header(number, A, signers=frozenset({A, B, C})) for number in (100, 101, 102))])

    assert found is not None
    assert (found.absent, found.undecided) == (frozenset(), frozenset({D}))


def test_slots_of_a_dialect_without_rounds_are_seen_in_the_order_of_proposers() -> None:
    """IBFT1: who was passed over. Under a proposer that never changes everybody is, and that proves nothing."""
    one, two, same = (
        header(1, A, None, dialect="ibft1"),
        header(2, C, None, dialect="ibft1"),
        header(2, A, None, dialect="ibft1"),
    )
    sticky = [header(number, A, None, dialect="ibft1", signers=frozenset({A, B, C})) for number in range(1, 100)]
    sticky += [header(number, A, None, dialect="ibft1", signers=frozenset({A, C, D})) for number in (100, 101, 102)]

    assert (skipped_by(two, one), skipped_by(same, one), skipped_by(two, None)) == (
        frozenset({B}),
        frozenset({B, C, D}),
        frozenset(),
    )
    assert skipped_by(replace(two, validators=ALL[:3]), one) == frozenset()
    found = presence_of(sticky)
    assert found is not None
    assert B in found.present
