"""The SLA contracts in memory, with faults to switch on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from eth_hash.auto import keccak

from sankofa_observe.errors import NotTaken, Refused, SankofaError, Unavailable
from sankofa_observe.ports import (
    Attempt,
    AttemptKind,
    AttestorSet,
    ChainHead,
    Finalisation,
    OnChainAgreement,
    OnChainSettlement,
    OnChainWord,
    Receipt,
    Ruling,
    Signed,
)
from sankofa_observe.sla.evidence import Evidence
from sankofa_observe.sla.settlement import MAX_BATCH, ChainIdentity, Row, SettlementKey, SettlementState
from sankofa_observe.testing.attestors import AtOnce
from sankofa_observe.testing.sources import FixedClock


@dataclass(kw_only=True)
class ChainFaults:
    """What goes wrong, until switched off."""

    away: bool = False  # nothing answers
    lose_reply: bool = False  # a transaction is taken, the answer to the sender is lost
    drop: bool = False  # a transaction is answered as taken and forgotten
    halt: bool = False  # no new block


class Accepted(str):
    """The hash of whatever terms it is compared with, but those that nobody accepted."""

    __slots__ = ("but",)
    but: frozenset[str]

    def __new__(cls, *, but: frozenset[str]) -> Self:
        made = super().__new__(cls, "accepted")
        made.but = but
        return made

    def __eq__(self, other: object) -> bool:
        return other not in self.but

    __hash__ = str.__hash__


@dataclass(kw_only=True)
class FakeChain:
    """The contract's rules in memory: k of n sign, the second write is refused, the window passes, anyone finalises.

    Transactions wait in a pool until `mine` is called (or at once, with `instant`).
    """

    clock: FixedClock
    members: tuple[str, ...]
    threshold: int
    prices: dict[str, int] = field(default_factory=dict)  # settlement id -> credit the contract computes
    shares: dict[str, int] = field(default_factory=dict)  # the same in ppm of the fee
    agreements: dict[str, OnChainAgreement | None] = field(
        default_factory=dict
    )  # of those that are not accepted as in the specs
    other_terms: set[str] = field(default_factory=set)  # hashes that nobody accepted
    window_seconds: int = 10
    instant: bool = True
    identity: ChainIdentity = field(default_factory=lambda: ChainIdentity(chain_id=31337, contract="0x" + "c0" * 20))
    faults: ChainFaults = field(default_factory=ChainFaults)
    number: int = 1
    head_at: int | None = None
    most_rows: int = MAX_BATCH
    paused: bool = False
    changed: list[tuple[int, str]] = field(default_factory=list)  # block and name of what changed who may do what
    nonce: int = 0
    pool: dict[int, Attempt] = field(default_factory=dict)
    mined: dict[str, Receipt] = field(default_factory=dict)
    refuses: str = ""  # why the node takes no transaction
    held: dict[str, OnChainSettlement] = field(default_factory=dict)
    fork: int = 0  # another number: every block has another hash
    log: list[tuple[int, SettlementKey]] = field(
        default_factory=list
    )  # block, and of which settlement something was logged
    keys: dict[str, SettlementKey] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)  # how often each question was asked
    finals: dict[str, Finalisation] = field(default_factory=dict)
    rulings: dict[str, Ruling] = field(default_factory=dict)
    writes: list[tuple[str, str]] = field(default_factory=list)  # (settlement id, what was written), in order
    account: str = "0x" + "5e" * 20
    _rows: list[tuple[int, Row]] = field(default_factory=list)  # block and row of each report
    _reports: dict[str, tuple[tuple[str, Row], ...]] = field(default_factory=dict)

    def head(self) -> ChainHead:
        self._answer()
        at = self.clock.at if self.head_at is None else self.head_at
        return ChainHead(
            number=self.number,
            at=at,
            hash=self._hash(self.number),
            unpaused_at=self.clock.at,
            paused=self.paused,
            most_rows=self.most_rows,
        )

    def put(self, key: SettlementKey, held: OnChainSettlement | None) -> None:
        """Somebody brought it about, in a block of its own; or it was never there, after a block was rewritten."""
        self.number += 1
        self._put(key.id_on(self.identity), key, held)

    def _put(self, settlement_id: str, key: SettlementKey, held: OnChainSettlement | None) -> None:
        self.keys[settlement_id] = key
        if held is None:
            self.held.pop(settlement_id, None)
            self.log = [one for one in self.log if one[1] != key]
            return
        self.held[settlement_id] = held
        self.log.append((self.number, key))

    def _hash(self, number: int) -> str:
        return f"0x{self.fork:032x}{number:032x}"

    def attestor_set(self) -> AttestorSet:
        self._answer()
        return AttestorSet(members=self.members, threshold=self.threshold, epoch=1, config_digest="0x" + "00" * 32)

    def changes(self, first_block: int, last_block: int) -> list[str]:
        self._answer()
        return [name for block, name in self.changed if first_block <= block <= last_block]

    def settlements(self, keys: Sequence[SettlementKey]) -> list[OnChainSettlement | None]:
        self._answer()
        self.asked["settlements"] += len(keys)
        return [self.held.get(key.id_on(self.identity)) for key in keys]

    def touched(self, first_block: int, last_block: int) -> frozenset[SettlementKey]:
        self._answer()
        return frozenset(key for block, key in self.log if first_block <= block <= last_block)

    def block_hash(self, number: int) -> str | None:
        self._answer()
        return self._hash(number) if number <= self.number else None

    def agreement(self, agreement_id: str) -> OnChainAgreement | None:
        self._answer()
        self.asked["agreement"] += 1
        return self.agreements.get(agreement_id, OnChainAgreement(version=1, first_period=0, end_period=2**32 - 1))

    def terms_hashes(self, periods: Sequence[tuple[str, int]]) -> list[str | None]:
        found: list[str | None] = []
        for agreement_id, index in periods:
            known = self.agreement(agreement_id)
            accepted = Accepted(but=frozenset(self.other_terms))
            found.append(accepted if known is not None and known.covers(index) else None)
        return found

    def _not_final(self, settlement_id: str) -> str:
        found = self.held.get(settlement_id)
        if found is None or found.standing.state is not SettlementState.REPORTED:
            return "SLASettlementUnexpectedState"
        return "" if self.clock.at >= found.standing.deadline_at else "SLADisputeWindowOpen"

    def next_nonce(self, account: str | None = None) -> int:
        self._answer()
        return self.nonce if account in {None, self.account} else 0

    def sign_reports(self, rows: Sequence[Row], signatures: Sequence[bytes], nonce: int) -> Signed:
        self._answer()
        if len(set(signatures)) < self.threshold:
            raise Refused(f"the contract refuses now: {len(set(signatures))} signatures, needs {self.threshold}")
        ids = [one.key.id_on(self.identity) for one in rows]
        attempt = self._sign(AttemptKind.REPORT, ids, nonce, repr(rows).encode())
        self._reports[attempt.transaction] = tuple(zip(ids, rows, strict=True))
        return Signed(
            attempt=attempt, refused=tuple("SLASettlementExists" if self._is_reported(one) else "" for one in ids)
        )

    def sign_finalise(self, keys: Sequence[SettlementKey], nonce: int) -> Signed:
        self._answer()
        ids = [one.id_on(self.identity) for one in keys]
        refused = tuple(map(self._not_final, ids))
        return Signed(attempt=self._sign(AttemptKind.FINALISE, ids, nonce, b""), refused=refused)

    def replacement(self, attempt: Attempt) -> Attempt:
        raw = attempt.raw + b"+"
        return replace(attempt, raw=raw, transaction="0x" + keccak(raw).hex(), replacement=attempt.replacement + 1)

    def send(self, attempt: Attempt) -> None:
        self._answer()
        if attempt.transaction in self.mined or attempt.nonce < self.nonce:
            return
        if self.refuses:
            raise NotTaken(f"the node does not take it: {self.refuses}")
        if not self.faults.drop:
            self.pool[attempt.nonce] = attempt
            if self.instant:
                self.mine()
        if self.faults.lose_reply:
            raise Unavailable("fake chain: the reply was lost")

    def receipt(self, attempt: Attempt) -> Receipt | None:
        self._answer()
        return self.mined.get(attempt.transaction)

    def finalisations(self, keys: frozenset[SettlementKey]) -> dict[SettlementKey, list[Finalisation]]:
        self._answer()
        found = {key: self.finals.get(key.id_on(self.identity)) for key in keys}
        return {key: [one] for key, one in found.items() if one}

    def rows(self, keys: frozenset[SettlementKey]) -> dict[SettlementKey, dict[int, Row]]:
        self._answer()
        found: dict[SettlementKey, dict[int, Row]] = {key: {} for key in keys}
        for _, row in self._rows:
            if row.key in keys:
                found[row.key][row.revision] = row
        return found

    def ruling(self, key: SettlementKey, revision: int) -> Ruling | None:
        self._answer()
        found = self.rulings.get(key.id_on(self.identity))
        return found if found and found.row.revision == revision else None

    def mine(self) -> None:
        """Put the pool into a block, in nonce order, as far as there is no gap."""
        if self.faults.halt:
            return
        self.number += 1
        while (attempt := self.pool.pop(self.nonce, None)) is not None:
            self.nonce += 1
            self.mined[attempt.transaction] = Receipt(
                succeeded=True, block_number=self.number, block_hash=self._hash(self.number)
            )
            self._apply(attempt)

    def _apply(self, attempt: Attempt) -> None:
        """Row by row: what is done already, or not due, is set apart."""
        for one, row in self._reports.get(attempt.transaction, ()):
            if self._is_reported(one):
                continue
            self.writes.append((one, "reported"))
            word = OnChainWord(
                state=SettlementState.REPORTED,
                revision=row.revision,
                commitment=row.commitment,
                credit_ppm=self.shares.get(one, 0),
                deadline_at=self.clock.at + self.window_seconds,
                deadline_block=0,
            )
            self._rows.append((self.number, row))
            self._put(one, row.key, OnChainSettlement(standing=word))
        if attempt.kind is AttemptKind.FINALISE:
            for one in attempt.settlement_ids:
                if not self._not_final(one):
                    self._finalise(one, attempt)

    def _is_reported(self, settlement_id: str) -> bool:
        return settlement_id in self.held

    def _finalise(self, one: str, attempt: Attempt) -> None:
        self.writes.append((one, "final"))
        word = replace(self.held[one].standing, state=SettlementState.FINAL)
        self._put(one, self.keys[one], OnChainSettlement(standing=word))
        self.finals[one] = Finalisation(
            revision=word.revision,
            period_minor=self.prices.get(one, 0),
            delta_minor=self.prices.get(one, 0),
            by_default=False,
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
    signer: SankofaError | None = None  # what its signer raises

    def objection(self, document: Evidence) -> str | None:  # noqa: ARG002  a real one reads it
        if self.away:
            raise Unavailable(f"{self.name}: switched away")
        return self.objects

    def sign(self, rows: Sequence[Row], attestors: AttestorSet, chain: ChainIdentity) -> bytes:  # noqa: ARG002
        if self.signer:
            raise self.signer
        return self.account.encode()
