"""What provider and tenant do on chain: propose, accept, withdraw, amend, terminate. Administrative, one call at a time.

What the contract would refuse is found out by asking it first, and told in words of the trade: nothing was sent then. What was done
before is done: a party may repeat its command, and is told that it is already so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from web3 import Web3

from sankofa_observe.adapters.books import Books
from sankofa_observe.adapters.contract import as_bytes, calendar_call, terms_fields
from sankofa_observe.adapters.terms_shown import differences, plain
from sankofa_observe.errors import InvalidInput, Refused, Unavailable
from sankofa_observe.ports import Signer
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.units import rfc3339


@dataclass(frozen=True, kw_only=True)
class Done:
    """What came of an act, and whether anything was sent for it."""

    sent: bool
    said: str

    def __str__(self) -> str:
        return self.said if self.sent else f"{self.said}; nothing was sent"


@dataclass(frozen=True, kw_only=True)
class Parties:
    """Acts at one pair of books, each by the key of whoever acts."""

    books: Books
    first_block: int = 0  # where the search for an offer's terms ends

    def propose(self, agreement: Agreement, key: Signer, accept_before: int | None = None) -> Done:
        """Offer one version to the other party: the first one as its provider, a later one as either.

        Raises:
            InvalidInput: the key is no party's, the version does not follow, its start has passed, or other terms were accepted as it.
        """
        self._is_party(agreement, key, first=agreement.version == 1)
        if self._accepted(agreement):
            return Done(sent=False, said=f"{agreement.title} is agreed with these terms already")
        first_at = agreement.calendar.period_at(agreement.first_period).starts_at
        until = first_at if accept_before is None else accept_before
        standing = self._standing_offer(agreement, key.account)
        same = standing and standing.digest == self._digest(agreement, standing.acceptBefore)
        if same and self.now() < standing.acceptBefore and accept_before in {None, standing.acceptBefore}:
            open_until = rfc3339(standing.acceptBefore)
            return Done(
                sent=False, said=f"{agreement.title} is already proposed with these terms, open until {open_until}"
            )
        self._in_time(agreement, until, first_at)
        self._publish(agreement, key)
        functions, terms = self.books.agreements.functions, terms_fields(agreement)
        call = (
            functions.proposeAgreement(as_bytes(agreement.id), terms, until)
            if agreement.version == 1
            else functions.proposeAmendment(as_bytes(agreement.key), terms, until)
        )
        try:
            self.books.node.transact(call, key, f"proposal of {agreement.title}")
        except Refused as error:
            raise self._with_window(agreement, error) from None
        instead = " in place of your earlier offer" if standing else ""
        return Done(
            sent=True, said=f"{agreement.title} is proposed{instead}; the other party accepts before {rfc3339(until)}"
        )

    def _with_window(self, agreement: Agreement, refused: Refused) -> Refused:
        """The one term whose bound stands in no spec is told beside the contract's words."""
        if "DisputeWindow" not in str(refused):
            return refused
        fewest = self.books.ask("shortest window", self.books.agreements.functions.minimumWindowSeconds())
        return Refused(
            f"{refused} disputeWindowSeconds is {agreement.dispute_window_seconds}, and these contracts take {fewest} at least"
        )

    def accept(self, agreement: Agreement, key: Signer) -> Done:
        """Accept exactly the terms that the accepting party holds itself.

        Raises:
            InvalidInput: nothing was offered, or not any more; the key is no party's; or other terms were offered, or accepted: each that
                differs is named.
        """
        self._is_party(agreement, key)
        if self._accepted(agreement):
            return Done(sent=False, said=f"{agreement.title} is agreed with these terms already")
        proposer = self._other(agreement, key)
        offer = self._standing_offer(agreement, proposer)
        if offer is None and self._standing_offer(agreement, key.account):
            raise InvalidInput(
                f"{agreement.title}: your own offer stands, and the other party accepts it; nothing was sent"
            )
        if offer is None:
            raise self._nothing_offered(agreement, proposer)
        if self._digest(agreement, offer.acceptBefore) != offer.digest:
            raise self._differs(agreement, self._offered(agreement, proposer), "offered")
        if self.now() >= offer.acceptBefore:
            raise InvalidInput(
                f"{agreement.title}: the offer was open until {rfc3339(offer.acceptBefore)}; nothing was sent. A new one begins with a "
                "later period"
            )
        call = self.books.agreements.functions.acceptProposal(
            as_bytes(agreement.key), terms_fields(agreement), offer.acceptBefore
        )
        self.books.node.transact(call, key, f"acceptance of {agreement.title}")
        begins = rfc3339(agreement.calendar.period_at(agreement.first_period).starts_at)
        return Done(sent=True, said=f"{agreement.title} is agreed, from {begins} on")

    def accept_offered(self, versions: Sequence[Agreement], key: Signer) -> Iterator[Done]:
        """Accept each version that is offered, oldest first; one after those that are agreed need not be offered yet."""
        for one in versions:
            if one.version > 1 and self._is_not_offered(one, key):
                yield Done(sent=False, said=f"{one.title} is not offered yet")
                return
            yield self.accept(one, key)

    def _is_not_offered(self, agreement: Agreement, key: Signer) -> bool:
        self._is_party(agreement, key)
        return not self._accepted(agreement) and self._standing_offer(agreement, self._other(agreement, key)) is None

    def withdraw(self, agreement: Agreement, key: Signer) -> Done:
        """Take an offer back, of whichever version it is; raises `InvalidInput` where it was accepted meanwhile."""
        self._is_party(agreement, key)
        offered = self._offer(agreement, key.account).version
        if offered == 0:
            functions = self.books.agreements.functions
            newest = self.books.ask("agreement", functions.getAgreement(as_bytes(agreement.key))).version
            if newest >= agreement.version:
                raise InvalidInput(
                    f"{agreement.title} was accepted; nothing was sent. What is agreed is ended by `agreements terminate`"
                )
            return Done(sent=False, said=f"you have no offer of {agreement.title} that stands")
        call = self.books.agreements.functions.withdrawProposal(as_bytes(agreement.key))
        title = agreement.title if offered == agreement.version else f"{agreement.name}, version {offered}"
        self.books.node.transact(call, key, f"withdrawal of {title}")
        return Done(sent=True, said=f"your offer of {title} is withdrawn")

    def terminate(self, agreement: Agreement, key: Signer, ends_at: int | None = None) -> Done:
        """End an agreement where a period begins, after its notice: at the first such instant, or at a later one.

        Raises:
            InvalidInput: the instant is no bound of its periods, too near, or nothing was accepted; or its periods are others than those
                of these specs, and an index would end it somewhere else.
        """
        self._is_party(agreement, key)
        functions, named = self.books.agreements.functions, as_bytes(agreement.key)
        found = self.books.ask("agreement", functions.getAgreement(named))
        if found.version == 0:
            raise InvalidInput(
                f"{agreement.name} was never accepted; nothing was sent. An offer is taken back by `agreements withdraw`"
            )
        if bytes(found.calendar) != as_bytes(agreement.calendar.id):
            raise InvalidInput(
                f"{agreement.name}: its calendar of periods is 0x{bytes(found.calendar).hex()} on the contract, and {agreement.calendar.id} "
                "by these specs; nothing was sent. Give the specs that both accepted, and the data of time zones of then"
            )
        notice = self.books.ask("terms", functions.getTerms(named, found.version)).noticeSeconds
        earliest = max(self.now() + notice, agreement.calendar.bounds[found.firstPeriod])
        end_period = self._bound(agreement, earliest, ends_at)
        end_at = agreement.calendar.bounds[end_period]
        if found.endPeriod <= end_period:
            return Done(
                sent=False,
                said=f"{agreement.name} ends at {rfc3339(agreement.calendar.bounds[found.endPeriod])} already",
            )
        self.books.node.transact(
            functions.terminateAgreement(named, end_period), key, f"termination of {agreement.name}"
        )
        return Done(
            sent=True,
            said=f"{agreement.name} ends at {rfc3339(end_at)}: all periods before are settled as ever",
        )

    def now(self) -> int:
        """By the chain's clock, which is the one that decides."""
        with self.books.node.asking("newest block"):
            return int(self.books.node.web3.eth.get_block("latest")["timestamp"])

    # ------------------------------------------------------------------------------------------------- what stands

    def _accepted(self, agreement: Agreement) -> bool:
        """Whether this version was accepted with these terms; raises where it was with others."""
        functions, named = self.books.agreements.functions, as_bytes(agreement.key)
        found = self.books.ask("agreement", functions.getAgreement(named))
        if found.version < agreement.version:
            if agreement.version > found.version + 1:
                raise InvalidInput(
                    f"{agreement.title}: version {found.version or 'none'} is the newest that both accepted; nothing was sent. "
                    "Versions follow each other: have the one before accepted first"
                )
            return False
        standing = plain(self.books.ask("terms", functions.getTerms(named, agreement.version)))
        if found_differences := differences(standing, terms_fields(agreement)):
            raise self._refusal(agreement, found_differences, "accepted")
        return True

    def _standing_offer(self, agreement: Agreement, proposer: str) -> Any:
        """The offer of this version by a party, or None."""
        found = self._offer(agreement, proposer)
        return found if found.version == agreement.version else None

    def _offer(self, agreement: Agreement, proposer: str) -> Any:
        """The offer of a party, of whichever version; of version 0 where there is none."""
        call = self.books.agreements.functions.proposalOf(as_bytes(agreement.key), Web3.to_checksum_address(proposer))
        return self.books.ask("proposal", call)

    def _digest(self, agreement: Agreement, accept_before: int) -> Any:
        call = self.books.agreements.functions.proposalDigest(
            as_bytes(agreement.key), agreement.version, accept_before, terms_fields(agreement)
        )
        return self.books.ask("digest", call)

    def _offered(self, agreement: Agreement, proposer: str) -> dict[str, Any]:
        """The terms of the newest offer, as it was logged."""
        indexed = {"agreementId": as_bytes(agreement.key), "proposer": proposer}
        logged = self.books.logged(self.books.agreements, ("AgreementProposed",), indexed, first_block=self.first_block)
        newest = next((one for one in logged if one.values["version"] == agreement.version), None)
        if newest is None:
            raise Unavailable(
                f"{agreement.title}: an offer stands, and the node has no log of it; nothing was sent. Ask a node that keeps logs from "
                f"block {self.first_block} on"
            )
        offered: dict[str, Any] = plain(newest.values["terms"])
        return offered

    # ------------------------------------------------------------------------------------------------- what is refused

    def _differs(self, agreement: Agreement, standing: dict[str, Any], how: str) -> InvalidInput:
        return self._refusal(agreement, differences(standing, terms_fields(agreement)), how)

    def _refusal(self, agreement: Agreement, found: list[str], how: str) -> InvalidInput:
        return InvalidInput(
            f"agreement {agreement.title}: the terms {how} on contract {self.books.agreements.address.lower()} are not those of these "
            f"specs: {'; '.join(found)}; nothing was sent. Compare the specs with the other party's: what was accepted never changes, so "
            "other terms are the next version, from a boundary on"
        )

    def _nothing_offered(self, agreement: Agreement, proposer: str) -> InvalidInput:
        return InvalidInput(
            f"agreement {agreement.title}: {proposer.lower()} offers nothing as {agreement.key}, version {agreement.version}; nothing was "
            "sent. The other party proposes first; if it has, compare contract, provider's account, name, salt and version, which make the id"
        )

    def _in_time(self, agreement: Agreement, until: int, first_at: int) -> None:
        now = self.now()
        if first_at <= now:
            raise InvalidInput(
                f"{agreement.title}: its first period begins at {rfc3339(first_at)}, and it is {rfc3339(now)} on the chain; nothing was "
                "sent. An agreement begins after both have accepted it: let startsAt be a later boundary"
            )
        if not now < until <= first_at:
            raise InvalidInput(
                f"{agreement.title}: to be accepted before {rfc3339(until)}; expected after {rfc3339(now)} and at most {rfc3339(first_at)}, "
                "where its first period begins; nothing was sent"
            )

    def _bound(self, agreement: Agreement, earliest: int, ends_at: int | None) -> int:
        """The index of the bound where it ends."""
        bounds = agreement.calendar.bounds
        if ends_at is None:
            found = next((index for index, at in enumerate(bounds) if at >= earliest), None)
            if found is None:
                raise InvalidInput(
                    f"{agreement.name}: its calendar ends at {rfc3339(bounds[-1])}, before the notice; nothing was sent"
                )
            return found
        if ends_at not in bounds:
            around = [bounds[index] for index in _around(bounds, ends_at)]
            raise InvalidInput(
                f"{rfc3339(ends_at)}: no period of {agreement.name} begins there, the nearest at {' and '.join(map(rfc3339, around))}; "
                "nothing was sent"
            )
        if ends_at < earliest:
            first = next((at for at in bounds if at >= earliest), None)
            known = rfc3339(first) if first is not None else f"none: its calendar ends at {rfc3339(bounds[-1])}"
            raise InvalidInput(
                f"{rfc3339(ends_at)}: too early an end of {agreement.name}; the first one that its notice leaves is {known}; nothing was sent"
            )
        return list(bounds).index(ends_at) if not isinstance(bounds, range) else bounds.index(ends_at)

    def _publish(self, agreement: Agreement, key: Signer) -> None:
        """Put the calendar on chain, where nobody has."""
        calendar, functions = agreement.calendar, self.books.agreements.functions
        if self.books.ask("calendar", functions.boundCount(as_bytes(calendar.id))):
            return
        name, arguments = calendar_call(calendar)
        self.books.node.transact(functions[name](*arguments), key, f"calendar {calendar.id}")

    def _other(self, agreement: Agreement, key: Signer) -> str:
        provider = key.account.lower() == agreement.provider_account
        return agreement.tenant_account if provider else agreement.provider_account

    def _is_party(self, agreement: Agreement, key: Signer, *, first: bool = False) -> None:
        account = key.account.lower()
        parties = {"provider": agreement.provider_account.lower(), "tenant": agreement.tenant_account.lower()}
        allowed = {"provider": parties["provider"]} if first else parties
        if account not in allowed.values():
            expected = " or ".join(f"the {role}'s, {one}" for role, one in allowed.items())
            raise InvalidInput(
                f"agreement {agreement.title}: the key is of account {account}, expected {expected}; nothing was sent. Give that party's "
                "key, or mend the account in the specs before anything is proposed"
            )


def _around(bounds: Sequence[int], at: int) -> list[int]:
    """The indices of the bounds right before and right after an instant."""
    after = bisect_left(bounds, at)
    return [index for index in (after - 1, after) if 0 <= index < len(bounds)]
