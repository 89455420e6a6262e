"""How a credit reaches an invoice: by the tenant's word, or announced by the provider and open to an objection.

Administrative, one call at a time; what was done before is done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from eth_hash.auto import keccak

from sankofa_observe.adapters.agreement_acts import Done
from sankofa_observe.adapters.books import Books
from sankofa_observe.adapters.contract import as_bytes
from sankofa_observe.adapters.deployment import NOBODY, Role
from sankofa_observe.errors import InvalidInput
from sankofa_observe.ports import Signer
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.units import rfc3339


class RedemptionState(IntEnum):
    """By the contract's number of each."""

    NONE = 0
    ANNOUNCED = 1
    OBJECTED = 2
    REDEEMED = 3


class InvoiceHash(str):
    """An invoice by what the contract knows of it: whoever announced it need not have told its reference, or may have none."""

    __slots__ = ()


def invoice_hash(agreement: Agreement, reference: str) -> str:
    """What the contract knows an invoice by: the same reference under two agreements is two hashes."""
    if isinstance(reference, InvoiceHash):
        return str(reference)
    try:
        return "0x" + keccak(as_bytes(agreement.key) + reference.encode()).hex()
    except UnicodeEncodeError:
        raise InvalidInput(f"invoice {reference!r}: expected text in UTF-8; nothing was sent") from None


@dataclass(frozen=True, kw_only=True)
class Redemptions:
    """Acts at one pair of books."""

    books: Books
    first_block: int = 0  # where a search of logs ends

    def shown(self, agreement: Agreement) -> Iterator[str]:
        """What is outstanding, and each invoice that takes credit or is to take it, newest first, a line each."""
        functions, named = self.books.settlements.functions, as_bytes(agreement.key)
        found = self.books.ask("balance", functions.balanceOf(named))
        yield (
            f"{agreement.name}: {found.accrued - found.revoked - found.redeemed} minor units outstanding: {found.accrued} accrued, "
            f"{found.revoked} taken back, {found.redeemed} redeemed"
        )
        names = "RedemptionAnnounced", "CreditRedeemed"
        logged = self.books.logged(self.books.settlements, names, {"agreementId": named}, first_block=self.first_block)
        for one in dict.fromkeys(f"0x{bytes(event.values['invoiceRefHash']).hex()}" for event in logged):
            redemption = self._redemption(agreement, InvoiceHash(one))
            until = f"; to be objected to until {rfc3339(redemption.deadline)} of unpaused time"
            yield f"  {one}: {self._stands(agreement, redemption)}" + (
                until if redemption.state == RedemptionState.ANNOUNCED else ""
            )

    def outstanding(self, keys: Collection[str]) -> dict[str, int]:
        """By agreement, as the contract names it, the minor units that were accrued and are on no invoice; of many in a few questions."""
        named, functions = sorted(keys), self.books.settlements.functions
        found = self.books.batch("balances", [functions.balanceOf(as_bytes(one)) for one in named])
        return {key: one.accrued - one.revoked - one.redeemed for key, one in zip(named, found, strict=True)}

    def redeem(self, agreement: Agreement, reference: str, amount_minor: int, key: Signer) -> Done:
        """As the tenant: the credit is taken. As the provider, or whoever bills: it is announced.

        Raises:
            InvalidInput: the key is nobody's who may, less is outstanding, or the invoice took another amount.
        """
        found = self._redemption(agreement, reference)
        tenant = key.account.lower() == agreement.tenant_account
        if done := self._already(agreement, found, reference, amount_minor, tenant=tenant):
            return done
        self._may(agreement, key)
        self._outstanding(agreement, amount_minor)
        functions, named = self.books.settlements.functions, self._named(agreement, reference)
        money = agreement.money(amount_minor)
        if not tenant:
            self.books.node.transact(functions.announceRedemption(*named, amount_minor), key, "announcement")
            until = self._redemption(agreement, reference).deadline
            return Done(
                sent=True,
                said=f"{money} for {reference} is announced: the tenant may object until {rfc3339(until)} of unpaused time",
            )
        if found.state == RedemptionState.ANNOUNCED:
            self.books.node.transact(functions.completeRedemption(*named), key, "redemption")
        else:
            self.books.node.transact(functions.redeemCredit(*named, amount_minor), key, "redemption")
        return Done(sent=True, said=f"{money} is redeemed for {reference}")

    def object(self, agreement: Agreement, reference: str, key: Signer) -> Done:
        """As the tenant: what was announced is not taken; the tenant alone can redeem for this invoice then."""
        found = self._redemption(agreement, reference)
        if found.state == RedemptionState.OBJECTED:
            return Done(sent=False, said=f"you have objected to {reference} already")
        if found.state != RedemptionState.ANNOUNCED:
            raise InvalidInput(
                f"{reference}: {self._stands(agreement, found)}, so there is nothing to object to; nothing was sent"
            )
        self._is_tenant(agreement, key)
        call = self.books.settlements.functions.objectRedemption(*self._named(agreement, reference))
        self.books.node.transact(call, key, "objection")
        return Done(sent=True, said=f"{reference} takes no credit: only the tenant can redeem for it")

    def complete(self, agreement: Agreement, reference: str, key: Signer) -> Done:
        """Take what was announced, when the time to object is over. Anybody may."""
        found = self._redemption(agreement, reference)
        if found.state == RedemptionState.REDEEMED:
            return Done(sent=False, said=f"{agreement.money(found.amountMinor)} is redeemed for {reference} already")
        if found.state != RedemptionState.ANNOUNCED:
            raise InvalidInput(f"{reference}: {self._stands(agreement, found)}; nothing was sent")
        now = self.books.ask("clock", self.books.settlements.functions.unpausedTime())
        if now < found.deadline and key.account.lower() != agreement.tenant_account:
            raise InvalidInput(
                f"{reference}: the tenant may object until {rfc3339(found.deadline)} of unpaused time, and it is {rfc3339(now)}; nothing was sent"
            )
        call = self.books.settlements.functions.completeRedemption(*self._named(agreement, reference))
        self.books.node.transact(call, key, "redemption")
        return Done(sent=True, said=f"{agreement.money(found.amountMinor)} is redeemed for {reference}")

    def _already(
        self, agreement: Agreement, found: Any, reference: str, amount_minor: int, *, tenant: bool
    ) -> Done | None:
        """What stands in the way, or is done."""
        if found.state == RedemptionState.NONE:
            return None
        same = found.amountMinor == amount_minor
        if same and (
            found.state == RedemptionState.REDEEMED or (found.state == RedemptionState.ANNOUNCED and not tenant)
        ):
            return Done(sent=False, said=f"{reference}: {self._stands(agreement, found)} already")
        if tenant and (found.state == RedemptionState.OBJECTED or (same and found.state == RedemptionState.ANNOUNCED)):
            return None
        way_out = (
            "Object to it first, with `credits object`: then its amount is yours to say"
            if tenant and found.state == RedemptionState.ANNOUNCED
            else "An invoice takes credit once"
        )
        raise InvalidInput(
            f"{reference}: {self._stands(agreement, found)}, and {agreement.money(amount_minor)} is asked for; nothing was sent. {way_out}"
        )

    def _stands(self, agreement: Agreement, found: Any) -> str:
        money = agreement.money(found.amountMinor)
        return {
            RedemptionState.NONE: "nothing was announced",
            RedemptionState.ANNOUNCED: f"{money} is announced",
            RedemptionState.OBJECTED: f"the tenant has objected to {money}",
            RedemptionState.REDEEMED: f"{money} is redeemed",
        }[RedemptionState(found.state)]

    def _redemption(self, agreement: Agreement, reference: str) -> Any:
        call = self.books.settlements.functions.redemptionOf(*self._named(agreement, reference))
        return self.books.ask("redemption", call)

    def _named(self, agreement: Agreement, reference: str) -> tuple[bytes, bytes]:
        return as_bytes(agreement.key), as_bytes(invoice_hash(agreement, reference))

    def _outstanding(self, agreement: Agreement, amount_minor: int) -> None:
        found = self.books.ask("balance", self.books.settlements.functions.balanceOf(as_bytes(agreement.key)))
        outstanding = found.accrued - found.revoked - found.redeemed
        if outstanding <= 0:
            raise InvalidInput(
                f"nothing of {agreement.name} is outstanding: {found.accrued} minor units accrued, {found.revoked} taken back, "
                f"{found.redeemed} redeemed; nothing was sent. Credit accrues when a settlement is final"
            )
        if not 0 < amount_minor <= outstanding:
            raise InvalidInput(
                f"{amount_minor} minor units of {agreement.name}: expected 1 to {outstanding}, what is outstanding; nothing was sent"
            )

    def _may(self, agreement: Agreement, key: Signer) -> None:
        billing = self.books.ask("role", self.books.settlements.functions.holderOf(Role.BILLING)).lower()
        allowed = {"tenant": agreement.tenant_account, "provider": agreement.provider_account, "billing": billing}
        if key.account.lower() not in allowed.values():
            expected = ", ".join(f"the {role}'s, {one}" for role, one in allowed.items() if one != NOBODY)
            raise InvalidInput(
                f"the key is of account {key.account.lower()}, expected one of {expected}; nothing was sent"
            )

    def _is_tenant(self, agreement: Agreement, key: Signer) -> None:
        if key.account.lower() != agreement.tenant_account:
            raise InvalidInput(
                f"the key is of account {key.account.lower()}, expected the tenant's, {agreement.tenant_account}; nothing was sent"
            )
