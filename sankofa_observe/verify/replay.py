"""A settlement made again from its events, as the contract makes it: events alone rebuild everything.

What events say is believed only where they make the very words that the contract holds: a node that leaves one out, or adds one, is
found so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sankofa_observe.verify.books import (
    FINAL,
    NONE,
    REPORTED,
    VOIDED,
    Agreement,
    Books,
    Settlement,
)
from sankofa_observe.verify.findings import CannotCheck
from sankofa_observe.verify.history import (
    CORRECTED,
    REJECTED,
    Disputed,
    Event,
    Finalised,
    Progress,
    Reported,
    Ruled,
    Withdrawn,
    events_in,
    first_since,
    pages,
)
from sankofa_observe.verify.row import Row

Pair = tuple[Settlement, Settlement]


@dataclass(kw_only=True)
class Replay:
    """Both words so far, and by revision what there was: rows, the rulings on them, and what finality changed."""

    agreement: Agreement
    standing: Settlement = field(default_factory=Settlement)
    pending: Settlement = field(default_factory=Settlement)
    rows: dict[int, Row] = field(default_factory=dict)
    reported: dict[int, Reported] = field(default_factory=dict)
    rulings: dict[int, Ruled] = field(default_factory=dict)  # by the revision that was ruled on
    finals: dict[int, Finalised] = field(default_factory=dict)

    @property
    def words(self) -> Pair:
        return self.standing, self.pending

    def makes(self, words: Pair) -> bool:
        """Whether these are the words, and no revision on the way to them is missing."""
        newest = max(word.revision for word in words)
        return self.words == words and sorted(self.rows) == list(range(1, newest + 1))

    def revision_of(self, row: Row) -> int | None:
        """The newest revision that was this row."""
        return max((revision for revision, one in self.rows.items() if one == row), default=None)

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Reported):
                self._report(event)
            elif isinstance(event, Ruled):
                self._rule(event)
            elif isinstance(event, Finalised):
                self._finalise(event)
            elif isinstance(event, Disputed):
                self._object(event, add=self._side(event))
            elif isinstance(event, Withdrawn):
                self._object(event, drop=self._side(event))

    def _report(self, event: Reported) -> None:
        word = Settlement(
            state=REPORTED,
            revision=event.revision,
            credit_ppm=event.credit_ppm,
            deadline=event.deadline,
            deadline_block=event.deadline_block,
            commitment=event.row.commitment(event.revision),
        )
        self.rows[event.revision], self.reported[event.revision] = event.row, event
        if self.standing.state in {FINAL, VOIDED}:
            self.pending = word
        else:
            self.standing = word

    def _rule(self, event: Ruled) -> None:
        ruled_on = event.revision - (event.outcome == CORRECTED)
        self.rulings[ruled_on] = event
        word = self._of(ruled_on, event)
        if event.outcome == REJECTED:
            self._put(word, replace(word, state=VOIDED, credit_ppm=0))
        elif event.outcome == CORRECTED:
            self.rows[event.revision] = event.row
            commitment = event.row.commitment(event.revision)
            changed = replace(word, revision=event.revision, credit_ppm=event.credit_ppm, commitment=commitment)
            self._put(word, changed)

    def _finalise(self, event: Finalised) -> None:
        word = self._of(event.revision, event)
        self.finals[event.revision] = event
        if word is self.pending:
            self.pending = Settlement()
        self.standing = replace(word, state=FINAL)

    def _side(self, event: Disputed | Withdrawn) -> int:
        sides = {self.agreement.provider: 1, self.agreement.tenant: 2}
        if event.party not in sides:
            raise CannotCheck(
                f"the node answers an objection by {event.party} in block {event.block}, which is no party of the agreement; "
                "ask another node"
            )
        return sides[event.party]

    def _object(self, event: Event, *, add: int = 0, drop: int = 0) -> None:
        """Of a word that is at no end, the states from REPORTED on count up who objects, one bit for each party."""
        word = self._of(event.revision, event)
        self._put(word, replace(word, state=REPORTED + ((word.state - REPORTED) | add) & ~drop))

    def _of(self, revision: int, event: Event) -> Settlement:
        for word in self.words:
            if word.state != NONE and word.revision == revision:
                return word
        raise CannotCheck(
            f"the node answers an event of revision {event.revision} in block {event.block}, and none in which it was reported; "
            "give --from-block with an earlier block, or ask another node"
        )

    def _put(self, word: Settlement, changed: Settlement) -> None:
        if word is self.pending:
            self.pending = changed
        else:
            self.standing = changed


def replayed(
    books: Books, row: Row, agreement: Agreement, *, since: int, words: Pair, first: int | None, progress: Progress
) -> Replay | None:
    """The settlement by its events up to where they make these words; None where those the node has never do.

    `since` is the second in which its period ended, `first` the block to begin with, if it is said.
    """
    begin, found = first_since(books.chain, since) if first is None else first, Replay(agreement=agreement)
    for page in pages(books.chain, begin):
        found.take(events_in(books.chain, books.settlements, row, page))
        is_whole = found.makes(words)
        progress(begin, page.stop - 1, page.stop - 1 if is_whole else books.chain.block.number)
        if is_whole:
            return found
    return None
