"""asking: what attestors say of documents, and the batches that enough of them sign.

A batch is signed as a whole, and answers are of single documents. So a proposal stands for as long as those who agree to each of its
documents are enough; one in which some documents have enough and others not is taken apart, so that a document holds up no other, but not
while answers still come in. What was proposed is kept between turns: whoever is slow to sign finds the same batch again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sankofa_observe.errors import InvariantBroken, SankofaError, Unavailable
from sankofa_observe.ports import Answer, Attestor, AttestorSet, NoAnswer, Proposal, Word
from sankofa_observe.sla.evidence import Evidence
from sankofa_observe.sla.settlement import MAX_BATCH, ChainIdentity, Row
from sankofa_observe.units import rfc3339

Found = TypeVar("Found")
AWAY_SECONDS = 300  # without a turn of its own: it is away, and not slow


@dataclass(frozen=True, kw_only=True)
class Due:
    """What is to be reported, and what its document shows."""

    row: Row
    since_at: int  # from when on it could have been attested


@dataclass(kw_only=True)
class Asking:
    """One turn. `proposals` is what is open, each with how many answers it had, kept by whoever asks; `wait` returns once its argument is so."""

    attestors: Sequence[Attestor]
    members: AttestorSet
    chain: ChainIdentity
    due: Mapping[str, Due]
    documents: Mapping[str, Evidence]  # of all that is due, read where somebody looks at one
    proposals: dict[Proposal, int]
    wait: Callable[[Callable[[], bool]], None]
    now: int
    most_rows: int = MAX_BATCH  # of a batch: as many as the contract takes, and a block holds
    broken: list[InvariantBroken] = field(default_factory=list)  # what a person is told once the rest is sent
    _answers: dict[str, Mapping[str, Answer | NoAnswer]] = field(default_factory=dict)  # by account
    _errors: dict[str, str] = field(default_factory=dict)  # by account

    def __post_init__(self) -> None:
        self._asked = [one for one in self.attestors if self._account(one) in self.members.members]

    def propose(self) -> list[Proposal]:
        """Ask, wait for those who are at it, and answer the proposals to which enough agree."""
        for one in self._asked:
            self._of(one, lambda it: it.ask(self.documents))
        self.wait(self._is_over)
        self._hear()
        self._open(self._arranged())
        return [one for one in self.proposals if len(self._common(one)) >= self.members.threshold]

    def signatures(self, proposal: Proposal) -> dict[str, bytes]:
        """By account, in the contract's order, of those who agree to all of it."""
        found = dict[str, bytes]()
        for one in sorted(self._asked, key=lambda it: int(self._account(it), 16)):
            account = self._account(one)
            if account not in self._common(proposal):
                continue
            try:
                signature = one.signature(proposal)
            except SankofaError as error:  # it costs its own signature, and no other
                self._errors[account] = f"its signature cannot be used: {error}"
                if isinstance(error, InvariantBroken):
                    self.broken.append(error)
                continue
            if signature is not None:
                found[account] = signature
        return found

    def agreeing(self, document: str) -> frozenset[str]:
        """The accounts that agree to it."""
        return frozenset(account for account, said in self._answers.items() if _agrees(said.get(document)))

    def others(self, document: str) -> list[str]:
        """In words, why each of the rest does not sign."""
        agreeing = self.agreeing(document)
        return [
            f"{one.name}: {self._why(one, document)}" for one in self.attestors if self._account(one) not in agreeing
        ]

    def unsigned(self, proposal: Proposal, signed: Mapping[str, bytes]) -> list[str]:
        """In words, of those who agree to all of it and whose signature is not there."""
        return [
            f"{one.name}: {self._errors.get(self._account(one)) or 'agrees, and has not signed this batch yet'}"
            for one in self._asked
            if self._account(one) in self._common(proposal) and self._account(one) not in signed
        ]

    def names(self, accounts: Mapping[str, bytes]) -> tuple[str, ...]:
        return tuple(one.name for one in self._asked if self._account(one) in accounts)

    def _is_over(self) -> bool:
        """Nobody is at it any more, or all that is asked has a quorum."""
        if not any(one.is_awaited for one in self._asked):
            return True
        self._hear()
        return all(len(self.agreeing(one)) >= self.members.threshold for one in self.due)

    def _hear(self) -> None:
        for one in self._asked:
            self._answers[self._account(one)] = self._of(one, lambda it: it.answers(self.documents)) or {}

    def _open(self, proposals: Sequence[Proposal]) -> None:
        """These and no others."""
        counted = {one: self._answered(one) for one in proposals}
        self.proposals.clear()
        self.proposals.update(counted)
        for one in self._asked:
            self._of(one, lambda it: it.propose(proposals, self.documents))

    def _of(self, attestor: Attestor, do: Callable[[Attestor], Found]) -> Found | None:
        """What one attestor makes of it is its own."""
        try:
            return do(attestor)
        except (
            InvariantBroken
        ) as error:  # a document that was whole and is not any more: it is looked at anew in the next turn
            self.broken.append(error)
            self._errors[self._account(attestor)] = f"was not asked: {error}"
            return None
        except Unavailable as error:
            self._errors[self._account(attestor)] = f"away: {error}"
            return None

    def _arranged(self) -> list[Proposal]:
        """What stands of the open proposals, and new ones of the rest: a batch for each group of attestors that agree."""
        kept = [one for one in self.proposals if self._is_of_now(one) and self._stands(one)]
        placed = {name for one in kept for name in one.documents}
        groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for name, one in self.due.items():
            if name not in placed:
                agreeing = self.agreeing(name)
                groups[tuple(sorted(agreeing)) if len(agreeing) >= self.members.threshold else ()].append(one.row)
        made = [
            self._proposal(rows[first : first + self.most_rows])
            for rows in groups.values()
            for first in range(0, len(rows), self.most_rows)
        ]
        return [*kept, *made]

    def _is_of_now(self, proposal: Proposal) -> bool:
        due = (self.due.get(one.document_hash) for one in proposal.rows)
        fits = len(proposal.rows) <= self.most_rows
        return (
            fits
            and (proposal.chain, proposal.attestors) == (self.chain, self.members)
            and all(own is not None and own.row == one for own, one in zip(due, proposal.rows, strict=True))
        )

    def _stands(self, proposal: Proposal) -> bool:
        k = self.members.threshold
        enough = any(len(self.agreeing(one)) >= k for one in proposal.documents)
        return not enough or len(self._common(proposal)) >= k or self._is_answered_now(proposal)

    def _is_answered_now(self, proposal: Proposal) -> bool:
        """Whether those who are at work have still to answer for some of it, and did for more of it than a turn ago."""
        at_work = [self._account(one) for one in self._asked if self._is_at_work(one.heard_at)]
        missing = any(one not in self._answers.get(account, {}) for account in at_work for one in proposal.documents)
        return missing and self._answered(proposal) > self.proposals[proposal]

    def _answered(self, proposal: Proposal) -> int:
        return sum(one in said for said in self._answers.values() for one in proposal.documents)

    def _is_at_work(self, heard_at: int | None) -> bool:
        return heard_at is not None and abs(self.now - heard_at) <= AWAY_SECONDS

    def _common(self, proposal: Proposal) -> frozenset[str]:
        return frozenset.intersection(*map(self.agreeing, proposal.documents))

    def _proposal(self, rows: Sequence[Row]) -> Proposal:
        return Proposal(chain=self.chain, attestors=self.members, rows=tuple(rows))

    def _why(self, attestor: Attestor, document: str) -> str:
        account = self._account(attestor)
        if account not in self.members.members:
            return f"{attestor.account} is not in the contract's attestor set"
        said = self._answers.get(account, {}).get(document)
        if isinstance(said, NoAnswer):
            return f"its answer cannot be used: {said.reason}"
        if said is not None and said.word is Word.CANNOT_TELL:
            return f"cannot tell since {rfc3339(said.since_at)}: {said.reason}"
        return said.reason if said is not None else self._errors.get(account) or self._silent(attestor, document)

    def _silent(self, attestor: Attestor, document: str) -> str:
        asked = f"has not answered since {rfc3339(self.due[document].since_at)}"
        heard = attestor.heard_at
        if heard is None:
            return f"{asked}, and was never heard of"
        return asked if self._is_at_work(heard) else f"{asked}, and was last heard of at {rfc3339(heard)}"

    def _account(self, attestor: Attestor) -> str:
        return attestor.account.lower()


def _agrees(said: Answer | NoAnswer | None) -> bool:
    return isinstance(said, Answer) and said.word is Word.AGREES
