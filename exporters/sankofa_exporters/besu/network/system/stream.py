"""Counters exact by block: validators that came and went, votes, gas and transactions, each block once.

A cursor stands on the last counted block. It begins at the first head it is shown, only goes up, and never counts a
height twice: when the history under it changes it takes its new place without counting, and says so. No I/O.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sankofa_exporters.besu.network import families as f
from sankofa_exporters.besu.network.snapshot.headers import Header
from sankofa_exporters.model.family import Sample

HEADER_EVENTS = ("validator_added", "validator_removed", "vote_add", "vote_drop")
PERMISSION_EVENT = "permission_changed"


@dataclass(kw_only=True)
class BlockStream:
    """What was counted of one chain since this process began."""

    cursor: Header | None = None
    blocks: int = 0
    skipped: int = 0
    gas_used: int = 0
    transactions: int = 0
    events: Counter[str] = field(default_factory=Counter)

    def feed(self, headers: Iterable[Header]) -> None:
        """Count what is new of a run, oldest first."""
        for header in headers:
            if self.cursor is None or header.number <= self.cursor.number:
                continue
            if header.parent_hash == self.cursor.hash:
                self._count(header, self.cursor)
            else:
                self.skipped += header.number - self.cursor.number
            self.cursor = header

    def begin(self, head: Header) -> None:
        if self.cursor is None:
            self.cursor = head

    def gap(self, run_start: int) -> tuple[int, int]:
        """The heights (from, up to and without) that lie between the cursor and a run that begins at `run_start`."""
        return (self.cursor.number + 1 if self.cursor else run_start, run_start)

    def samples(self) -> Iterator[Sample]:
        yield Sample(f.BLOCKS, self.blocks)
        yield Sample(f.SKIPPED, self.skipped)
        yield Sample(f.GAS_USED, self.gas_used)
        yield Sample(f.TRANSACTIONS, self.transactions)
        for event in HEADER_EVENTS:
            yield Sample(f.SECURITY_EVENTS, self.events[event], (event,))

    def _count(self, header: Header, before: Header) -> None:
        self.blocks += 1
        self.gas_used += header.gas_used
        self.transactions += header.transactions
        if header.validators and before.validators:
            self.events["validator_added"] += len(set(header.validators) - set(before.validators))
            self.events["validator_removed"] += len(set(before.validators) - set(header.validators))
        if header.vote is not None:
            self.events["vote_add" if header.vote.add else "vote_drop"] += 1
