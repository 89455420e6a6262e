"""What is kept of headers is bounded, read once, and corrected when a witness tells another history."""

from __future__ import annotations

import sys
from dataclasses import replace

from deploy.lab.bft.network import Network
from sankofa_exporters.besu.network.snapshot.headers import Header, parse_header
from sankofa_exporters.besu.network.snapshot.view import ChainView

from .test_consensus import A, B, header


def test_view_is_bounded_however_long_it_runs() -> None:
    """Ten thousand blocks of three witnesses: no more heights than asked for, and no header that nobody holds."""
    view = ChainView(keep=64)
    for number in range(1, 10_001):
        for witness in ("one", "two", "three"):
            view.learn(witness, [header(number, A)])

    assert {witness: len(held) for witness, held in view.held.items()} == {"one": 64, "two": 64, "three": 64}
    assert len(view.headers) <= 2 * 64
    assert set(view.copies) <= set(view.headers) | {header(10_000, A).hash}


def test_view_of_a_fork_keeps_both_histories() -> None:
    """Witnesses that never agree need a header each; the bound follows what they hold."""
    view = ChainView(keep=32)
    for number in range(1, 500):
        for at, witness in enumerate(("one", "two", "three", "four")):
            view.learn(witness, [header(number, A, hash=bytes([at]) + number.to_bytes(31, "big"))])

    assert len(view.headers) <= 2 * 4 * 32
    assert len(list(view.shared(("one", "two", "three", "four")))) == 32


def test_header_that_is_known_is_not_read_again() -> None:
    """The very copy of a node is recognised; another node's copy of the same block is read for its seals."""
    network = Network.of(dialect="qbft", validators=4, backlog=1, clock=lambda: 1_750_000_000.0)
    mine, theirs = (network.nodes[name].head.document() for name in ("validator-1", "validator-2"))
    view = ChainView(keep=8)
    view.learn("one", view.read([mine]))

    assert view.recall(mine) is view.headers[parse_header(mine).hash]
    assert view.recall(theirs) is None
    assert view.recall({**mine, "stateRoot": "0x" + "00" * 32}) is not None  # a field under the hash cannot be another
    view.learn("two", view.read([theirs]))
    assert len(view.headers[parse_header(mine).hash].committers) == 4


def test_run_ends_where_the_headers_stop_to_join() -> None:
    """A parent that is missing, or is of another history, ends the run; the rest is not used."""
    view = ChainView(keep=64)
    view.learn("one", [header(number, A) for number in (1, 2, 4, 5)])
    view.learn("two", [header(1, A), header(2, B, hash=b"\x02" * 32), header(3, A)])

    assert [one.number for one in view.run("one", header(5, A), 9)] == [4, 5]
    assert [one.number for one in view.run("two", header(3, A), 9)] == [3]


def test_small_header_stays_small() -> None:
    """A header of four validators takes some two kilobytes in memory, so a view of 512 takes about one megabyte."""
    network = Network.of(dialect="qbft", validators=4, backlog=1, clock=lambda: 1_750_000_000.0)
    found = parse_header(network.nodes["validator-1"].head.document())

    assert _size(found) < 2_500
    assert replace(found, round=1) != found


def _size(one: Header) -> int:
    parts = [
        one,
        vars(one) if hasattr(one, "__dict__") else one,
        *one.validators,
        *one.signers,
        one.validators,
        one.signers,
    ]
    return sum(map(sys.getsizeof, [*parts, one.hash, one.parent_hash, one.proposer, one.extra_digest]))
