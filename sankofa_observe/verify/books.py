"""What both contracts hold of an agreement and of one settlement, as typed values: the way from words of the chain to words of the field.

Only views are called that never revert: a revert and a node that does not answer look alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from sankofa_observe.verify.answers import Chain
from sankofa_observe.verify.findings import CannotCheck
from sankofa_observe.verify.row import Row
from sankofa_observe.verify.words import WORD_BYTES, Words

NONE, REPORTED, BY_PROVIDER, BY_TENANT, BY_BOTH, FINAL, VOIDED = range(7)  # states of a settlement
DISPUTED = {BY_PROVIDER: "the provider", BY_TENANT: "the tenant", BY_BOTH: "both parties"}
MOST_EXPONENT = 18
_TERMS_HEAD_WORDS = 22
_MOST_SLOS, _MOST_BANDS = 8, 6
Read = TypeVar("Read")


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """An agreement's versions and periods; version 0: there is none."""

    provider: str
    tenant: str
    calendar: str
    version: int
    first_period: int
    end_period: int


@dataclass(frozen=True, kw_only=True)
class Terms:
    """One version of an agreement, as far as a file claims anything of it, or a person is told of it."""

    terms_hash: str
    currency: str
    exponent: int
    fee_minor: int
    cap_ppm: int
    year_cap_minor: int
    ruling_seconds: int
    promises: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]  # id and bands, by place


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """One word of a settlement: a revision, and where it stands. `deadline` is in unpaused time."""

    state: int = NONE
    revision: int = 0
    credit_ppm: int = 0
    deadline: int = 0
    deadline_block: int = 0
    commitment: str = "0x" + "00" * 20

    def commits_to(self, row: Row) -> bool:
        return self.state != NONE and self.commitment == row.commitment(self.revision)

    @property
    def is_disputed(self) -> bool:
        return self.state in DISPUTED


@dataclass(frozen=True, kw_only=True)
class Balance:
    """The credit of an agreement, in minor units."""

    accrued: int
    revoked: int
    redeemed: int


@dataclass(frozen=True, kw_only=True)
class Books:
    """The settlement book of an address and its agreement book, at one block."""

    chain: Chain
    settlements: str
    agreements: str

    @classmethod
    def at(cls, chain: Chain, settlements: str) -> Books:
        answer = chain.call(settlements, "agreementBook()")
        return cls(chain=chain, settlements=settlements, agreements=_whole(answer, answer.address()))

    def agreement(self, key: str) -> Agreement:
        words = self.chain.call(self.agreements, "getAgreement(bytes32)", key)
        provider, tenant, calendar, version = words.address(), words.address(), words.hex(16), words.number(16)
        words.number(16)  # how many periods an agreement year has
        first, end = words.number(32), words.number(32)
        words.number(32)  # where the newest version begins
        words.hex(3)
        words.number(8)
        words.end()
        return Agreement(
            provider=provider, tenant=tenant, calendar=calendar, version=version, first_period=first, end_period=end
        )

    def bounds(self, calendar: str, period: int) -> tuple[int, int] | None:
        """Where a period begins and ends; None where the calendar has no such period."""
        counted = self.chain.call(self.agreements, "boundCount(bytes16)", calendar)
        if period + 1 >= _whole(counted, counted.number(256)):
            return None
        both = [self.chain.call(self.agreements, "boundAt(bytes16,uint256)", calendar, period + n) for n in (0, 1)]
        start, end = (_whole(one, one.number(48)) for one in both)
        return start, end

    def version_at(self, key: str, period: int) -> int:
        answer = self.chain.call(self.agreements, "versionAt(bytes32,uint32)", key, period)
        return _whole(answer, answer.number(16))

    def terms(self, key: str, version: int) -> Terms:
        return _terms(self.chain.call(self.agreements, "getTerms(bytes32,uint16)", key, version))

    def settlement(self, row: Row) -> tuple[Settlement, Settlement]:
        """What stands, and the restatement that waits beside it."""
        signature = "getSettlement((bytes32,uint32,uint8))"
        words = self.chain.call(self.settlements, signature, row.agreement, row.period, row.slo)
        return _whole(words, (_settlement(words), _settlement(words)))

    def balance(self, key: str) -> Balance:
        words = self.chain.call(self.settlements, "balanceOf(bytes32)", key)
        amounts = [words.number(80) for _ in range(3)]
        return _whole(words, Balance(accrued=amounts[0], revoked=amounts[1], redeemed=amounts[2]))

    def unpaused_at(self) -> int:
        """The clock of windows at the block: it stands still while the contract is paused."""
        answer = self.chain.call(self.settlements, "unpausedTime()")
        return _whole(answer, answer.number(48))

    def is_paused(self) -> bool:
        answer = self.chain.call(self.settlements, "paused()")
        return _whole(answer, answer.flag())


def _whole(words: Words, read: Read) -> Read:
    """What was read of an answer, when nothing is left of it."""
    words.end()
    return read


def _settlement(words: Words) -> Settlement:
    state, revision, ppm = words.number(8), words.number(8), words.number(32)
    deadline, block = words.number(48), words.number(32)
    if state > VOIDED:
        raise CannotCheck(
            f"a settlement has the state {state}, expected 0 to {VOIDED}; is this the chain that the file names?"
        )
    return Settlement(
        state=state,
        revision=revision,
        credit_ppm=ppm,
        deadline=deadline,
        deadline_block=block,
        commitment=words.hex(20),
    )


def _terms(words: Words) -> Terms:
    """The fields of the contract's struct, in its order; what no file claims is read and left."""
    words.expect(WORD_BYTES)
    words.address()  # provider
    words.address()  # tenant
    terms_hash = words.hex(32)
    words.hex(16)  # calendar
    words.number(32)  # firstPeriod
    words.number(16)  # yearPeriods
    currency, exponent = bytes.fromhex(words.hex(3)[2:]).decode("ascii", "replace"), words.number(8)
    fee, cap, year_cap = words.number(72), words.number(32), words.number(72)
    words.number(56)  # minimumMinor
    words.number(1)  # belowMinimum
    words.number(1)  # stacking
    clocks = [
        words.number(32) for _ in range(7)
    ]  # grace, dispute window and its blocks, ruling, report, restate, notice
    words.expect(_TERMS_HEAD_WORDS * WORD_BYTES)
    if exponent > MOST_EXPONENT:
        raise CannotCheck(
            f"the contract's terms have the exponent {exponent}, expected 0 to {MOST_EXPONENT}; ask another node"
        )
    return Terms(
        terms_hash=terms_hash,
        currency=currency,
        exponent=exponent,
        fee_minor=fee,
        cap_ppm=cap,
        year_cap_minor=year_cap,
        ruling_seconds=clocks[3],
        promises=_promises(words),
    )


def _promises(words: Words) -> tuple[tuple[str, tuple[tuple[int, int], ...]], ...]:
    offsets = [words.number(256) for _ in range(_few(words.number(256), _MOST_SLOS, "promises"))]
    found, at = [], len(offsets) * WORD_BYTES
    for offset in offsets:
        if offset != at:
            raise CannotCheck(f"a promise stands at {offset} of its list, expected {at}; ask another node")
        slo = words.hex(32)
        words.expect(2 * WORD_BYTES)
        bands = [(words.number(32), words.number(32)) for _ in range(_few(words.number(256), _MOST_BANDS, "bands"))]
        found.append((slo, tuple(bands)))
        at += (3 + 2 * len(bands)) * WORD_BYTES
    return _whole(words, tuple(found))


def _few(number: int, most: int, what: str) -> int:
    if number > most:
        raise CannotCheck(f"the contract's terms have {number} {what}, expected {most} at most; ask another node")
    return number
