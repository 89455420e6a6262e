"""What became of one settlement, by its events: each one typed, from the page in which its period ended on.

A report can stand in no block before its period's end, so the search begins there, however old the chain is; `first_block` begins it
elsewhere. It ends as soon as the events make the words that the contract holds: revisions only rise, so that none is missing then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sankofa_observe.verify.answers import Chain, Log, header, topic
from sankofa_observe.verify.findings import CannotCheck
from sankofa_observe.verify.row import Row

PAGE_BLOCKS = 2_000  # Besu refuses more than 5,000 blocks a query
UPHELD, CORRECTED, REJECTED = range(3)  # outcomes of a dispute
_KEY = "bytes32,uint32,uint8"
Progress = Callable[[int, int, int], None]  # the first block, up to which block was searched, and the last one


@dataclass(frozen=True, kw_only=True)
class Event:
    """What every event of a settlement has."""

    block: int
    revision: int


@dataclass(frozen=True, kw_only=True)
class Reported(Event):
    row: Row
    credit_ppm: int
    deadline: int
    deadline_block: int


@dataclass(frozen=True, kw_only=True)
class Disputed(Event):
    party: str


@dataclass(frozen=True, kw_only=True)
class Withdrawn(Event):
    party: str


@dataclass(frozen=True, kw_only=True)
class Ruled(Event):
    """`row` and `revision` are those in force by the ruling; of a rejected report the revision alone says something."""

    outcome: int
    row: Row
    credit_ppm: int
    ruling_hash: str


@dataclass(frozen=True, kw_only=True)
class Finalised(Event):
    period_minor: int
    delta_minor: int
    by_default: bool


def pages(chain: Chain, first: int) -> Iterator[range]:
    """The blocks from the first to the chain's newest, oldest first."""
    for start in range(first, chain.block.number + 1, PAGE_BLOCKS):
        yield range(start, min(start + PAGE_BLOCKS, chain.block.number + 1))


def events_in(chain: Chain, contract: str, row: Row, page: range) -> list[Event]:
    """The events of the row's settlement in one page, oldest first."""
    indexed = [topic(row.agreement), topic(row.period), topic(row.slo)]
    return [_READ[log.topic](log, row) for log in chain.logs(contract, [list(_READ), *indexed], page)]


def first_since(chain: Chain, at: int) -> int:
    """The first block of this second or later: back from the newest in steps that double, then by halves."""
    step, high = 1, chain.block.number
    low = high
    while low > 0 and header(low, chain.ask).at >= at:
        high, low, step = low, max(low - step, 0), 2 * step
    while low < high:
        middle = (low + high) // 2
        if header(middle, chain.ask).at >= at:
            high = middle
        else:
            low = middle + 1
    return high


def _reported(log: Log, row: Row) -> Event:
    words = log.data
    revision, good, valid, document = words.number(8), words.number(64), words.number(64), words.hex(32)
    ppm, deadline, block = words.number(32), words.number(48), words.number(32)
    words.end()
    return Reported(
        block=log.block,
        revision=revision,
        row=row.with_counts(good, valid, document),
        credit_ppm=ppm,
        deadline=deadline,
        deadline_block=block,
    )


def _disputed(log: Log, _: Row) -> Event:
    revision, party = log.data.number(8), log.data.address()
    log.data.hex(32)  # the reason's hash
    log.data.hex(32)  # the root of the party's own samples
    log.data.end()
    return Disputed(block=log.block, revision=revision, party=party)


def _withdrawn(log: Log, _: Row) -> Event:
    revision, party = log.data.number(8), log.data.address()
    log.data.end()
    return Withdrawn(block=log.block, revision=revision, party=party)


def _ruled(log: Log, row: Row) -> Event:
    words = log.data
    outcome, revision, good, valid = words.number(8), words.number(8), words.number(64), words.number(64)
    document, ppm, ruling = words.hex(32), words.number(32), words.hex(32)
    words.end()
    if outcome > REJECTED:
        raise CannotCheck(
            f"a ruling in block {log.block} has the outcome {outcome}, expected 0 to {REJECTED}; ask another node"
        )
    return Ruled(
        block=log.block,
        revision=revision,
        outcome=outcome,
        row=row.with_counts(good, valid, document),
        credit_ppm=ppm,
        ruling_hash=ruling,
    )


def _finalised(log: Log, _: Row) -> Event:
    words = log.data
    revision, period, delta, by_default = words.number(8), words.number(80), words.signed(96), words.flag()
    words.end()
    return Finalised(block=log.block, revision=revision, period_minor=period, delta_minor=delta, by_default=by_default)


_READ: dict[str, Callable[[Log, Row], Event]] = {
    topic(f"SettlementReported({_KEY},uint8,uint64,uint64,bytes32,uint32,uint48,uint32)"): _reported,
    topic(f"SettlementDisputed({_KEY},uint8,address,bytes32,bytes32)"): _disputed,
    topic(f"DisputeWithdrawn({_KEY},uint8,address)"): _withdrawn,
    topic(f"DisputeResolved({_KEY},uint8,uint8,uint64,uint64,bytes32,uint32,bytes32)"): _ruled,
    topic(f"SettlementFinalized({_KEY},uint8,uint80,int96,bool)"): _finalised,
}
