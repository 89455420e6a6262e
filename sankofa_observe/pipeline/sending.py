"""sending: one lane of nonces, each with a fate.

Several signed transactions may share a nonce: a smaller batch where the node took no larger one, or a higher price. The chain takes one of
them, and that is the fate of all: those that were not taken are closed with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby

from sankofa_observe.errors import NotTaken, Unavailable
from sankofa_observe.pipeline.lane_waits import Cause, LaneWaits, Waiting
from sankofa_observe.ports import Attempt, Clock, Ledger, Receipt, SettlementChain, Signed

MOST_BLOCKS = 2  # in which a transaction is waited for within a turn


@dataclass(kw_only=True)
class Sending:
    """The lane in one turn. What it says of settlements is left to who follows the chain: see `settled`."""

    ledger: Ledger
    chain: SettlementChain
    clock: Clock
    waits: LaneWaits
    wait_a_while: Callable[[Callable[[], bool]], None] = lambda _: None
    is_ending: Callable[[], bool] = lambda: False
    sent: int = 0  # transactions whose fate became known
    settled: set[str] = field(default_factory=set)  # settlements of transactions whose fate became known
    refused: Attempt | None = None  # that is open, and that the node does not take
    problems: list[str] = field(default_factory=list)
    _is_open: bool = False
    _is_short: bool = False  # the node counts fewer transactions than were mined

    @property
    def may_send(self) -> bool:
        """Whether a nonce is free, or one is held by what the node does not take."""
        return not self.is_ending() and not self._is_short and (not self._is_open or self.refused is not None)

    def close(self) -> Iterator[Waiting]:
        """Learn the fate of what was sent; what has none yet is sent again, byte for byte."""
        self._is_open, self.refused = False, None
        own, used = self.chain.account.lower(), self.chain.next_nonce()
        for (sender, nonce), group in groupby(self.ledger.open_attempts(), lambda one: (one.sender, one.nonce)):
            attempts = list(group)
            # Read before receipts, or a block in between would look like a loss.
            counted = used if sender == own else self.chain.next_nonce(sender)
            if (fate := self._fate(attempts, counted)) is not None:
                yield from self._close(attempts, fate)
                continue
            if sender != own:  # of a key that was changed: it holds up no nonce of the new one
                with suppress(NotTaken):
                    self.chain.send(attempts[-1])
                continue
            self._is_open = True
            yield from self._again(attempts[-1], nonce)
        if not self._is_open:
            self.waits.lane_over(Cause.UNMINED, Cause.NODE)
        yield from self._send_what_is_gone(used)

    def _send_what_is_gone(self, used: int) -> Iterator[Waiting]:
        """Where the node counts fewer transactions than were mined, blocks were rewritten, or it lags behind.

        What was mined is sent again, byte for byte, and takes its place; no other nonce is spent meanwhile.
        """
        missing = self.ledger.sent_from(self.chain.account.lower(), used)
        self._is_short = bool(missing)
        for one in missing:
            try:
                self.chain.send(one)
            except NotTaken as error:
                self.problems.append(f"transaction {one.transaction} was mined and is not there any more, and {error}")
                break
        if not missing:
            self.waits.lane_over(Cause.NONCE)
            return
        yield self.waits.of_lane(
            Cause.NONCE,
            f"the node counts {used} transactions of {self.chain.account}, and {missing[-1].nonce + 1} were mined: blocks were rewritten, or "
            "it lags behind; they are sent again",
        )

    def _fate(self, attempts: Sequence[Attempt], used: int) -> dict[str, Receipt] | None:
        """The receipt of each, once the nonce has one; None before."""
        for one in attempts:
            if (receipt := self.chain.receipt(one)) is not None:
                lost = Receipt(succeeded=False, block_number=0, reason=f"transaction {one.transaction} took its nonce")
                return {other.transaction: receipt if other is one else lost for other in attempts}
        if attempts[0].nonce >= used:
            return None
        foreign = f"nonce {attempts[0].nonce} was used by another transaction of {attempts[0].sender}"
        return {one.transaction: Receipt(succeeded=False, block_number=0, reason=foreign) for one in attempts}

    def _close(self, attempts: Sequence[Attempt], fate: Mapping[str, Receipt]) -> Iterator[Waiting]:
        for one in attempts:
            receipt = fate[one.transaction]
            self.ledger.close_attempt(one, receipt, self.clock.now())
            self.settled |= set(one.settlement_ids)
            if not receipt.succeeded and len({found.block_hash for found in fate.values()}) == 1:
                yield Waiting(
                    what=one.transaction, cause=Cause.UNMINED, reason=f"{one.kind} was refused: {receipt.reason}"
                )
        self.sent += 1

    def _again(self, attempt: Attempt, nonce: int) -> Iterator[Waiting]:
        told = f"{attempt.kind} with nonce {nonce} is not mined yet: {attempt.transaction}"
        try:
            self.chain.send(attempt)
        except NotTaken as error:
            self.refused = attempt
            yield self.waits.of_lane(
                Cause.NODE,
                f"{attempt.kind} of {len(attempt.settlement_ids)} with nonce {nonce}: {error}; a smaller batch takes its nonce, and by a "
                "person's word the same at another price: sankofa-observe transactions replace",
            )
        else:
            self.waits.lane_over(Cause.NODE)
            yield self.waits.of_lane(Cause.UNMINED, told)

    def next_nonce(self) -> int:
        """The nonce to sign with: that of what the node refuses, or the next one."""
        return self.chain.next_nonce() if self.refused is None else self.refused.nonce

    def send(self, signed: Signed, priced: Mapping[str, int] | None = None) -> Iterator[Waiting]:
        """Store, then send, then look whether it is mined within a block or two: what is not known yet is found by the next turn."""
        attempt = signed.attempt
        known = self.ledger.attempts_under(attempt.sender, attempt.nonce)
        if any(one.transaction == attempt.transaction for one in known):
            yield from self._once_more(attempt)
            return
        attempt = replace(attempt, replacement=len(known))
        try:
            self.ledger.add_attempt(attempt, self.clock.now(), priced)
        except Unavailable as error:  # priced anew since it was read: in the next turn
            yield Waiting(
                what=f"{attempt.kind} of {len(attempt.settlement_ids)}", cause=Cause.ATTESTORS, reason=str(error)
            )
            return
        self._is_open, self.refused = True, None
        try:
            self.chain.send(attempt)
        except NotTaken:
            yield from self.close()
            return
        self._wait_for(attempt)
        yield from self.close()

    def _once_more(self, attempt: Attempt) -> Iterator[Waiting]:
        """These very bytes were signed before: the node has refused them, or the block is gone in which their nonce was another's."""
        if self.refused is not None:
            return
        try:
            self.chain.send(attempt)
        except NotTaken as error:
            yield self.waits.of_lane(Cause.NODE, f"{attempt}: {error}")
            return
        self._wait_for(attempt)
        if self.chain.receipt(attempt) is None:
            yield self.waits.of_lane(Cause.UNMINED, f"{attempt} is sent once more, and not mined yet")
            return
        self.settled |= set(attempt.settlement_ids)
        self.sent += 1

    def _wait_for(self, attempt: Attempt) -> None:
        """For a block or two; a chain that halts, or a node that forgot it, is found in the next turn."""
        first = self.chain.head().number
        self.wait_a_while(
            lambda: (
                self.is_ending()
                or self.chain.next_nonce() > attempt.nonce
                or self.chain.head().number >= first + MOST_BLOCKS
            )
        )
