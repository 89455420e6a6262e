"""Which validators take part *now*: who has given no sign of life for far longer than its own share explains is absent.

A window says who took part at some time in it, and a validator that died a minute ago still shines in it. Here each is
measured by itself: the share of blocks in which it committed or proposed before it fell silent, and the share of its slots
that it kept. From these follows how probable its silence is; below one in a hundred thousand, for a set of four, it is absent. A validator at
the edge of each quorum is given the time its share asks for; one whose slots went by is known sooner. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .consensus import ROTATING, first_slot, missed_by, quorum_of
from .headers import SEALED, Header

RECENT_BLOCKS = 64  # headers that are read for it when the window is shorter
IMPROBABLE = 4e-5  # of all validators together, so that a large set raises no more false alarms than a small one
# Nobody is so regular, or so punctual, that fewer than four silent blocks, or one slot, prove anything.
HIGHEST_SHARE, LOWEST_MISS = 0.9, 0.02
PRIOR_BLOCKS = 2  # what is assumed before anything was seen weighs as much as this many blocks


@dataclass(frozen=True, kw_only=True)
class Presence:
    """The validators of the newest block by what is known of each; `undecided` are too new, or too silent, to say."""

    present: frozenset[bytes]
    absent: frozenset[bytes]
    undecided: frozenset[bytes]

    @property
    def margin(self) -> int | None:
        """The failures that the network can still bear; None while one validator is undecided."""
        if self.undecided:
            return None
        return len(self.present) - quorum_of(len(self.present) + len(self.absent))


@dataclass(frozen=True, kw_only=True)
class _Block:
    """What one block shows: who took part in it, and whose slot went by before it."""

    header: Header
    alive: frozenset[bytes]
    skipped: frozenset[bytes]


def presence_of(run: Sequence[Header]) -> Presence | None:
    """Of a contiguous run, oldest first; None where the headers cannot show it: no seals, or validators not known."""
    newest = run[-1]
    if newest.dialect not in SEALED or not newest.validators or newest.number == 0:
        return None
    blocks = _blocks(run)
    states = {validator: _is_absent(validator, blocks, len(newest.validators)) for validator in newest.validators}
    return Presence(
        present=frozenset(one for one, absent in states.items() if absent is False),
        absent=frozenset(one for one, absent in states.items() if absent),
        undecided=frozenset(one for one, absent in states.items() if absent is None),
    )


def _blocks(run: Sequence[Header]) -> list[_Block]:
    """The sealed blocks at the run's end: what was made by other rules shows nothing."""
    parents: Mapping[int, Header] = {child.number: parent for parent, child in pairwise(run)}
    found: list[_Block] = []
    for header in reversed(run):
        if header.number == 0 or header.dialect not in SEALED:
            break
        skipped = frozenset(skipped_by(header, parents.get(header.number)))
        found.append(_Block(header=header, alive=header.committed_by | {header.proposer}, skipped=skipped))
    return found[::-1]


def skipped_by(header: Header, parent: Header | None) -> frozenset[bytes]:
    """Whose slots went by before this block; where the header has no round, as in IBFT1, the order of proposers shows it.

    Under a rule that is not rotation everybody seems to be skipped all the time, and then it means nothing to anybody.
    """
    if header.dialect in ROTATING:
        return frozenset(missed_by(header, parent) or ())
    order = header.validators
    if parent is None or parent.validators != order or header.proposer not in order:
        return frozenset()
    first = first_slot(order, parent.proposer)
    rounds = (order.index(header.proposer) - first) % len(order)
    return frozenset(order[(first + step) % len(order)] for step in range(rounds))


def _is_absent(validator: bytes, blocks: Sequence[_Block], validators: int) -> bool | None:
    """None while it has shown no sign of life, and its silence may still be chance."""
    own = _since_it_belongs(validator, blocks)
    last = next((at for at in range(len(own) - 1, -1, -1) if validator in own[at].alive), None)
    before, silent = (own[:last], own[last + 1 :]) if last is not None else ([], _certain(validator, own))
    chance = (1 - _share(validator, before, validators)) ** len(silent)
    chance *= _miss(validator, before) ** sum(validator in one.skipped for one in silent)
    if chance < IMPROBABLE / validators:
        return True
    return None if last is None else False


def _since_it_belongs(validator: bytes, blocks: Sequence[_Block]) -> Sequence[_Block]:
    """The blocks at the end in which it was a validator; a header that lists none does not deny it."""
    for at in range(len(blocks) - 1, -1, -1):
        listed = blocks[at].header.validators
        if listed and validator not in listed:
            return blocks[at + 1 :]
    return blocks


def _certain(validator: bytes, blocks: Sequence[_Block]) -> Sequence[_Block]:
    """Of one that has never been seen: only blocks that surely were its own to commit."""
    return [one for one in blocks if validator in one.header.validators]


def _share(validator: bytes, before: Sequence[_Block], validators: int) -> float:
    """The share of blocks it had a part in; before anything is known, half of what a quorum of equals would have."""
    alive = sum(validator in one.alive for one in before)
    expected = quorum_of(validators) / validators / 2
    return min((alive + PRIOR_BLOCKS * expected) / (len(before) + PRIOR_BLOCKS), HIGHEST_SHARE)


def _miss(validator: bytes, before: Sequence[_Block]) -> float:
    """The share of its slots that it did not keep."""
    missed = sum(validator in one.skipped for one in before)
    kept = sum(one.header.proposer == validator for one in before)
    return max((missed + 1) / (missed + kept + 2), LOWEST_MISS)
