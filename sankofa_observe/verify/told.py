"""What the contract says, in a person's words: until when an act is open, what is in force, and what it came to."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sankofa_observe.verify.agreed import Agreed
from sankofa_observe.verify.answers import Block
from sankofa_observe.verify.books import DISPUTED, FINAL, NONE, REPORTED, VOIDED, Balance, Settlement
from sankofa_observe.verify.history import CORRECTED, REJECTED
from sankofa_observe.verify.replay import Pair, Replay
from sankofa_observe.verify.row import Row

MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Clock:
    """The clock of windows at a block: it runs with the chain's, and stands still while the contract is paused."""

    block: Block
    unpaused_at: int
    is_paused: bool

    def passed(self, deadline: int, block: int) -> bool:
        return self.unpaused_at >= deadline and self.block.number >= block

    def until(self, deadline: int, block: int) -> str:
        left = max(deadline - self.unpaused_at, 0)
        if self.is_paused:
            return f"{left} s and block {block} after the contract, which is paused, runs again"
        return f"{utc(self.block.at + left)}, and block {block}"


@dataclass(frozen=True, kw_only=True)
class Telling:
    """All that is told of one settlement, by name."""

    words: Pair
    agreed: Agreed
    clock: Clock
    balance: Balance

    def of_word(self, file: Row, word: Settlement, replay: Replay | None) -> dict[str, str]:
        """Of a file that a word commits to."""
        commitment = f"{word.commitment} of revision {word.revision}: {row(file)}"
        found = {"commitment": commitment, "settlement": f"this file is {self._stands(word)}"}
        if word is self.words[1]:
            found["in force"] = f"{self._in_force(replay)}, until this restatement is final"
        return found | self._waiting(word) | self._came_to(word, replay) | {"balance": self._balance()}

    def of_superseded(self, revision: int, replay: Replay) -> dict[str, str]:
        """Of a file that was settled once, and is not any more."""
        was = "reported" if revision in replay.reported else "in force by a ruling"
        final = ", and final once" if revision in replay.finals else ""
        return {
            "commitment": f"{replay.rows[revision].commitment(revision)} of revision {revision}: {row(replay.rows[revision])}",
            "settlement": f"this file is what was {was} as revision {revision}{final}: the credit of this file is NOT in force",
            "superseded": _superseded(revision, replay),
            "in force": self._in_force(replay),
            **self._waiting(self.words[0]),
            **self._came_to(self.words[0], replay),
            "balance": self._balance(),
        }

    def _stands(self, word: Settlement) -> str:
        name, deadline, block = f"revision {word.revision}", word.deadline, word.deadline_block
        if word.state == FINAL:
            return f"{name}, final: {_percent(word.credit_ppm)} of the fee"
        ruled = deadline + self.agreed.terms.ruling_seconds
        if word.state == REPORTED:
            if self.clock.passed(deadline, block):
                return f"{name}, reported: the time to dispute it is over, and anybody may make it final"
            return f"{name}, reported: it can be disputed until {self.clock.until(deadline, block)}"
        parties = DISPUTED[word.state]
        if self.clock.passed(ruled, block):
            return f"{name}, disputed by {parties}: nobody ruled on it in time, so it stands, and anybody may make it final"
        return f"{name}, disputed by {parties}: it is ruled on until {self.clock.until(ruled, block)}; without a ruling it stands"

    def _in_force(self, replay: Replay | None) -> str:
        word = self.words[0]
        known = replay.rows.get(word.revision) if replay else None
        counts = f": {row(known)}" if known else ""
        if word.state == VOIDED:
            return f"nothing: revision {word.revision} was rejected, and no other one is final"
        if word.state != FINAL:
            return f"nothing yet: {self._stands(word)}; it would be {_percent(word.credit_ppm)} of the fee{counts}"
        return f"{self._stands(word)}{counts}"

    def _waiting(self, word: Settlement) -> dict[str, str]:
        """The restatement beside what stands, where the file is not that one."""
        pending = self.words[1]
        if word is pending or pending.state == NONE:
            return {}
        if pending.state == VOIDED:
            return {"restated": f"revision {pending.revision}, which was rejected: it changes nothing"}
        return {"restated": f"{self._stands(pending)}; it would be {_percent(pending.credit_ppm)} of the fee"}

    def _came_to(self, word: Settlement, replay: Replay | None) -> dict[str, str]:
        final = replay.finals.get(word.revision) if replay and word.state == FINAL else None
        if final is None:
            return {}
        before = ", before the cap of the year" if self.agreed.terms.year_cap_minor else ""
        default = ", by default: no ruling came in time" if final.by_default else ""
        return {
            "credited": f"the period came to {self._money(final.period_minor)} with all its promises{before}; revision {word.revision} "
            f"changed the credit by {self._money(final.delta_minor)}, final in block {final.block}{default}"
        }

    def _balance(self) -> str:
        held = self.balance
        outstanding = held.accrued - held.revoked - held.redeemed
        return (
            f"of the agreement: accrued {self._money(held.accrued)}, revoked {self._money(held.revoked)}, redeemed "
            f"{self._money(held.redeemed)}, outstanding {self._money(outstanding)}"
        )

    def _money(self, minor: int) -> str:
        terms = self.agreed.terms
        major, rest = divmod(abs(minor), 10**terms.exponent)
        fraction = f".{rest:0{terms.exponent}d}" if terms.exponent else ""
        return f"{'-' if minor < 0 else ''}{major}{fraction} {terms.currency}"


def row(of: Row) -> str:
    return f"good {of.good} of {of.valid}, document {of.document_hash}"


def rows(replay: Replay) -> str:
    return "; ".join(f"revision {revision}: {row(one)}" for revision, one in sorted(replay.rows.items()))


def _superseded(revision: int, replay: Replay) -> str:
    """By what: the ruling on it, or the restatement that took its place."""
    ruling = replay.rulings.get(revision)
    if ruling and ruling.outcome == REJECTED:
        return f"by the arbiter, who rejected it in block {ruling.block}: ruling {ruling.ruling_hash}"
    if ruling and ruling.outcome == CORRECTED:
        return (
            f"by the arbiter, who corrected it to revision {ruling.revision} ({row(ruling.row)}) in block {ruling.block}: ruling "
            f"{ruling.ruling_hash}"
        )
    later = replay.finals if revision in replay.finals else replay.rows
    next_one = min(one for one in later if one > revision)
    return f"by revision {next_one}, {'which became final' if next_one in replay.finals else 'a restatement'}"


def utc(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _percent(ppm: int) -> str:
    return f"{ppm // 10_000}.{ppm % 10_000:04d} %"
