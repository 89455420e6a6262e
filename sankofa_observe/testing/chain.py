"""The SLA contract in memory, with faults to switch on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from eth_hash.auto import keccak

from sankofa_observe.errors import Refused, Unavailable
from sankofa_observe.ports import (
    Attempt,
    AttemptKind,
    AttestorSet,
    ChainHead,
    Finalisation,
    OnChainSettlement,
    Receipt,
)
from sankofa_observe.sla.evidence import Evidence
from sankofa_observe.sla.settlement import ChainIdentity, Report, SettlementState, settlement_id
from sankofa_observe.testing.attestors import AtOnce
from sankofa_observe.testing.sources import FixedClock


@dataclass(kw_only=True)
class ChainFaults:
    """What goes wrong, until switched off."""

    away: bool = False  # nothing answers
    lose_reply: bool = False  # a transaction is taken, the answer to the sender is lost
    drop: bool = False  # a transaction is answered as taken and forgotten
    halt: bool = False  # no new block


@dataclass(kw_only=True)
class FakeChain:
    """The contract's rules in memory: k of n sign, the second write is refused, the window passes, anyone finalises.

    Transactions wait in a pool until `mine` is called (or at once, with `instant`).
    """

    clock: FixedClock
    members: tuple[str, ...]
    threshold: int
    prices: dict[str, int] = field(default_factory=dict)  # settlement id -> credit the contract computes
    other_terms: set[str] = field(default_factory=set)  # agreements whose accepted terms are not those of the specs
    window_seconds: int = 10
    instant: bool = True
    identity: ChainIdentity = field(default_factory=lambda: ChainIdentity(chain_id=31337, contract="0x" + "c0" * 20))
    faults: ChainFaults = field(default_factory=ChainFaults)
    number: int = 1
    head_at: int | None = None
    paused: bool = False
    changed: list[tuple[int, str]] = field(default_factory=list)  # block and name of what changed who may do what
    nonce: int = 0
    pool: dict[int, Attempt] = field(default_factory=dict)
    mined: dict[str, Receipt] = field(default_factory=dict)
    held: dict[str, OnChainSettlement] = field(default_factory=dict)
    finals: dict[str, Finalisation] = field(default_factory=dict)
    writes: list[tuple[str, str]] = field(default_factory=list)  # (settlement id, what was written), in order
    account: str = "0x" + "5e" * 20
    _reports: dict[str, tuple[tuple[str, Report], ...]] = field(default_factory=dict)

    def head(self) -> ChainHead:
        self._answer()
        return ChainHead(number=self.number, at=self.clock.at if self.head_at is None else self.head_at)

    def attestor_set(self) -> AttestorSet:
        self._answer()
        return AttestorSet(members=self.members, threshold=self.threshold, epoch=1, config_digest="0x" + "00" * 32)

    def is_paused(self) -> bool:
        self._answer()
        return self.paused

    def changes(self, first_block: int, last_block: int) -> list[str]:
        self._answer()
        return [name for block, name in self.changed if first_block <= block <= last_block]

    def settlement(self, settlement_id: str) -> OnChainSettlement | None:
        self._answer()
        return self.held.get(settlement_id)

    def holds_terms(self, agreement_id: str, terms_hash: str) -> bool:  # noqa: ARG002  every version is as accepted
        self._answer()
        return agreement_id not in self.other_terms

    def can_finalise(self, settlement_id: str) -> bool:
        self._answer()
        return self._window_is_over(settlement_id)

    def _window_is_over(self, settlement_id: str) -> bool:
        found = self.held.get(settlement_id)
        return found is not None and found.state is SettlementState.REPORTED and self.clock.at >= found.deadline_at

    def next_nonce(self) -> int:
        self._answer()
        return self.nonce

    def sign_reports(self, reports: Sequence[Report], signatures: Sequence[bytes], nonce: int) -> Attempt:
        self._answer()
        if len(set(signatures)) < self.threshold:
            raise Refused(f"the contract refuses now: {len(set(signatures))} signatures, needs {self.threshold}")
        ids = [settlement_id(self.identity, one.agreement_id, one.slo_id, one.period) for one in reports]
        if any(one in self.held for one in ids):
            raise Refused("the contract refuses now: SLASettlementExists")
        attempt = self._sign(AttemptKind.REPORT, ids, nonce, repr(reports).encode())
        self._reports[attempt.transaction] = tuple(zip(ids, reports, strict=True))
        return attempt

    def sign_finalise(self, settlement_ids: Sequence[str], nonce: int) -> Attempt:
        if not all(self.can_finalise(one) for one in settlement_ids):
            raise Refused("the contract refuses now: SLADisputeWindowOpen")
        return self._sign(AttemptKind.FINALISE, settlement_ids, nonce, b"")

    def send(self, attempt: Attempt) -> None:
        self._answer()
        if attempt.transaction in self.mined or attempt.nonce < self.nonce:
            return
        if not self.faults.drop:
            self.pool[attempt.nonce] = attempt
            if self.instant:
                self.mine()
        if self.faults.lose_reply:
            raise Unavailable("fake chain: the reply was lost")

    def receipt(self, attempt: Attempt) -> Receipt | None:
        self._answer()
        return self.mined.get(attempt.transaction)

    def finalisation(self, settlement_id: str) -> Finalisation | None:
        self._answer()
        return self.finals.get(settlement_id)

    def mine(self) -> None:
        """Put the pool into a block, in nonce order, as far as there is no gap."""
        if self.faults.halt:
            return
        self.number += 1
        while (attempt := self.pool.pop(self.nonce, None)) is not None:
            self.nonce += 1
            refused = self._refusal(attempt)
            self.mined[attempt.transaction] = Receipt(succeeded=not refused, block_number=self.number, reason=refused)
            if not refused:
                self._apply(attempt)

    def _refusal(self, attempt: Attempt) -> str:
        for one in attempt.settlement_ids:
            if attempt.kind is AttemptKind.REPORT and one in self.held:
                return "SLASettlementExists"
            if attempt.kind is AttemptKind.FINALISE and not self._window_is_over(one):
                return "SLASettlementUnexpectedState"
        return ""

    def _apply(self, attempt: Attempt) -> None:
        for one, report in self._reports.get(attempt.transaction, ()):
            self.writes.append((one, "reported"))
            self.held[one] = OnChainSettlement(
                state=SettlementState.REPORTED,
                document_hash=report.document_hash,
                credit_minor=self.prices.get(one, 0),
                deadline_at=self.clock.at + self.window_seconds,
            )
        if attempt.kind is AttemptKind.FINALISE:
            for one in attempt.settlement_ids:
                self._finalise(one, attempt)

    def _finalise(self, one: str, attempt: Attempt) -> None:
        self.writes.append((one, "final"))
        self.held[one] = replace(self.held[one], state=SettlementState.FINAL)
        self.finals[one] = Finalisation(
            credit_minor=self.held[one].credit_minor,
            cut_minor=0,
            transaction=attempt.transaction,
            block_number=self.number,
            at=self.clock.at,
        )

    def _sign(self, kind: AttemptKind, ids: Sequence[str], nonce: int, payload: bytes) -> Attempt:
        raw = f"{kind}:{nonce}:{','.join(ids)}:".encode() + payload
        return Attempt(
            kind=kind,
            settlement_ids=tuple(ids),
            sender=self.account,
            nonce=nonce,
            transaction="0x" + keccak(raw).hex(),
            raw=raw,
        )

    def _answer(self) -> None:
        if self.faults.away:
            raise Unavailable("fake chain: switched away")


@dataclass(kw_only=True)
class FakeAttestor(AtOnce):
    """Signs with its account's name, unless told to object or to be away."""

    name: str
    account: str
    objects: str | None = None
    away: bool = False

    def objection(self, document: Evidence) -> str | None:  # noqa: ARG002  a real one reads it
        if self.away:
            raise Unavailable(f"{self.name}: switched away")
        return self.objects

    def sign(self, reports: Sequence[Report], attestors: AttestorSet, chain: ChainIdentity) -> bytes:  # noqa: ARG002
        return self.account.encode()
