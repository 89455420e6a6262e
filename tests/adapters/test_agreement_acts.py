"""What provider and tenant do on chain, on a real one: what is done twice, and what is refused, in words of the trade."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from deploy.lab.ports import free_port
from sankofa_observe.adapters.away import why
from sankofa_observe.adapters.books import Books
from sankofa_observe.adapters.node import Node, Signed
from sankofa_observe.errors import InvalidInput, Refused, Unavailable
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.stacking import CreditRules, Stacking
from sankofa_observe.slo.window import FixedWindow
from sankofa_observe.units import rfc3339
from tests.builders import PERIOD_SECONDS, START, digest_of
from tests.chain import TestChain, new_signer
from tests.on_chain import holds_terms

pytestmark = pytest.mark.real("anvil")


def later(first: Agreement, **changes: object) -> Agreement:
    """Version 2, from the fourth period on."""
    boundary = first.starts_at + 3 * PERIOD_SECONDS
    own = {"version": 2, "starts_at": boundary, "began_at": first.starts_at, "terms_hash": digest_of("later")}
    return replace(first, **{**own, **changes})  # type: ignore[arg-type]  # fields by name


def test_what_a_party_did_before_is_done(anvil: TestChain) -> None:
    """Whoever is not sure repeats the command: it answers that it is already so, and that nothing was sent."""
    terms, parties = anvil.terms(), anvil.parties
    done = [
        parties.propose(terms, anvil.provider),
        parties.propose(terms, anvil.provider),
        parties.accept(terms, anvil.tenant),
        parties.accept(terms, anvil.tenant),
        parties.propose(terms, anvil.provider),
    ]
    assert [one.sent for one in done] == [True, False, True, False, False]
    until = rfc3339(terms.starts_at)
    assert str(done[1]) == f"{terms.name} is already proposed with these terms, open until {until}; nothing was sent"
    assert str(done[3]) == str(done[4]) == f"{terms.name} is agreed with these terms already; nothing was sent"
    chain = anvil.contract_chain()
    assert holds_terms(chain, terms.key, terms.first_period, terms.terms_hash)


DIFFERENT: dict[str, tuple[Callable[[Agreement], Agreement], str]] = {
    "fee": (lambda one: replace(one, fee_minor=one.fee_minor - 1), "fee in minor units 125000 there, 124999 here;"),
    "currency": (lambda one: replace(one, currency="EUR"), "currency USD there, EUR here;"),
    "notice": (lambda one: replace(one, notice_seconds=7), "notice in seconds .* there, 7 here;"),
    "stacking": (
        lambda one: replace(one, credit_rules=CreditRules(stacking=Stacking.LARGEST)),
        "stacking sum there, largest here;",
    ),
    "bands": (
        lambda one: replace(one, promises=(replace(one.promises[0], bands=one.promises[0].bands[:1]),)),
        "promises and their bands: 0x.* there, 0x.* here;",
    ),
    "hash": (
        lambda one: replace(one, terms_hash=digest_of("others")),
        f"something that only their hash shows, 0x.* there, {digest_of('others')} here;",
    ),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_terms_that_differ_are_named_field_by_field_and_nothing_is_sent(anvil: TestChain, case: str) -> None:
    """Before the acceptance and after it: neither party takes the other's by accident."""
    change, told = DIFFERENT[case]
    terms, parties = anvil.terms(), anvil.parties
    parties.propose(terms, anvil.provider)
    with pytest.raises(
        InvalidInput, match=f"the terms offered on contract .*{told} nothing was sent. Compare the specs"
    ):
        parties.accept(change(terms), anvil.tenant)
    parties.accept(terms, anvil.tenant)
    for act, key in ((parties.accept, anvil.tenant), (parties.propose, anvil.provider)):
        with pytest.raises(InvalidInput, match=f"the terms accepted on contract .*{told}"):
            act(change(terms), key)


def test_an_offer_is_replaced_by_the_one_who_made_it(anvil: TestChain) -> None:
    """The other party can accept the newer one alone."""
    terms, parties = anvil.terms(), anvil.parties
    cheaper = replace(terms, fee_minor=1_000, terms_hash=digest_of("cheaper"))
    parties.propose(terms, anvil.provider)
    assert "in place of your earlier offer" in str(parties.propose(cheaper, anvil.provider))
    with pytest.raises(InvalidInput, match=r"fee in minor units 1000 there, 125000 here"):
        parties.accept(terms, anvil.tenant)
    assert parties.accept(cheaper, anvil.tenant).sent


def test_an_offer_that_was_withdrawn_cannot_be_accepted(anvil: TestChain) -> None:
    """Taken back before the acceptance; after it there is nothing to take back."""
    terms, parties = anvil.terms(), anvil.parties
    assert not parties.withdraw(terms, anvil.provider).sent
    parties.propose(terms, anvil.provider)
    assert [parties.withdraw(terms, anvil.provider).sent for _ in range(2)] == [True, False]
    with pytest.raises(InvalidInput, match=r"offers nothing as 0x.*; nothing was sent"):
        parties.accept(terms, anvil.tenant)
    parties.propose(terms, anvil.provider)
    parties.accept(terms, anvil.tenant)
    with pytest.raises(InvalidInput, match=r"was accepted; nothing was sent. What is agreed is ended by"):
        parties.withdraw(terms, anvil.provider)


def test_an_offer_is_withdrawn_also_where_the_specs_hold_a_later_version(anvil: TestChain) -> None:
    """Whoever wrote the amendment beside it takes back what it did offer."""
    terms, parties = anvil.terms(), anvil.parties
    second = later(terms)
    assert str(parties.withdraw(second, anvil.provider)).endswith("nothing was sent")
    parties.propose(terms, anvil.provider)
    assert str(parties.withdraw(second, anvil.provider)) == f"your offer of {terms.name}, version 1 is withdrawn"
    with pytest.raises(InvalidInput, match="offers nothing"):
        parties.accept(terms, anvil.tenant)


def test_what_the_other_party_does_in_between_is_told_with_its_reason(
    anvil: TestChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The offer is withdrawn after it was looked at and before the acceptance is mined: no fault of the input, and it may be tried again."""
    terms, parties, node = anvil.terms(), anvil.parties, anvil.node
    parties.propose(terms, anvil.provider)
    sign = node.sign

    def late(*given: Any, **named: Any) -> Signed:
        monkeypatch.setattr(node, "sign", sign)
        parties.withdraw(terms, anvil.provider)
        return sign(*given, **named)

    monkeypatch.setattr(node, "sign", late)
    with pytest.raises(Refused, match=r"transaction 0x.* was mined and refused: SLANoProposal\("):
        parties.accept(terms, anvil.tenant)


def test_an_offer_that_expired_is_made_anew(anvil: TestChain) -> None:
    """What nobody can accept any more is not proposed already."""
    terms, parties = anvil.terms(), anvil.parties
    parties.propose(terms, anvil.provider, anvil.now() + 5)
    anvil.rpc("evm_increaseTime", 20)
    anvil.rpc("anvil_mine", hex(1))
    assert parties.propose(terms, anvil.provider).sent
    assert parties.accept(terms, anvil.tenant).sent


def test_an_agreement_that_has_not_begun_ends_where_it_begins(anvil: TestChain) -> None:
    """Without an instant: not at a boundary before it, which the contract refuses."""
    terms, parties = anvil.terms(notice_seconds=0), anvil.parties
    starts_at = terms.starts_at + 7 * PERIOD_SECONDS
    terms = replace(terms, starts_at=starts_at)
    parties.propose(terms, anvil.provider)
    parties.accept(terms, anvil.tenant)
    with pytest.raises(InvalidInput, match=f"the first one that its notice leaves is {rfc3339(starts_at)}"):
        parties.terminate(terms, anvil.tenant, starts_at - PERIOD_SECONDS)
    assert f"ends at {rfc3339(starts_at)}" in str(parties.terminate(terms, anvil.tenant))


def test_an_end_is_never_counted_in_another_calendar(anvil: TestChain) -> None:
    """Of other specs, or other data of time zones, the same index is another instant: refused, for an end never moves back."""
    terms, parties = anvil.terms(notice_seconds=0), anvil.parties
    parties.propose(terms, anvil.provider)
    parties.accept(terms, anvil.tenant)
    (promise,) = terms.promises
    halves = replace(promise.slo, window=FixedWindow(seconds=PERIOD_SECONDS // 2, anchor_at=START))
    other = replace(terms, promises=(replace(promise, slo=halves),))
    with pytest.raises(InvalidInput, match=f"is {terms.calendar.id} on the contract, and {other.calendar.id} by these"):
        parties.terminate(other, anvil.provider, terms.starts_at + 3 * PERIOD_SECONDS)


def test_an_offer_that_expired_cannot_be_accepted(anvil: TestChain) -> None:
    """Nobody waits for a month to see how it goes, and signs then."""
    terms, parties = anvil.terms(), anvil.parties
    parties.propose(terms, anvil.provider)
    anvil.pass_periods(terms, 0)
    with pytest.raises(InvalidInput, match=f"the offer was open until {rfc3339(terms.starts_at)}; nothing was sent"):
        parties.accept(terms, anvil.tenant)


def test_a_start_that_has_passed_is_refused_before_anything_is_sent(anvil: TestChain) -> None:
    """Known outages cannot be agreed away, or in."""
    terms = anvil.terms()
    past = replace(terms, starts_at=terms.starts_at - 5 * PERIOD_SECONDS)
    with pytest.raises(
        InvalidInput, match=r"its first period begins at .*, and it is .* on the chain; nothing was sent"
    ):
        anvil.parties.propose(past, anvil.provider)
    for wrong in (terms.starts_at + 1, 1):
        with pytest.raises(InvalidInput, match=r"to be accepted before .*; expected after .* and at most"):
            anvil.parties.propose(terms, anvil.provider, wrong)


def test_terms_that_the_contract_refuses_are_told_with_every_reason(anvil: TestChain) -> None:
    """What the specs would refuse, the contract refuses too, all of it at once."""
    wrong = anvil.terms(fee_minor=0, currency="XXX", cap_ppm=1, dispute_window_seconds=0)
    with pytest.raises(
        Refused,
        match=r"SLAInvalidTerms.*Currency, Fee, DisputeWindow, BandCredit.* is 0, and these contracts take 1 at least",
    ):
        anvil.parties.propose(wrong, anvil.provider)


def test_an_amendment_holds_from_its_boundary_on(anvil: TestChain) -> None:
    """Offered by either party, under one id; periods before keep the terms that they began with."""
    first, parties = anvil.agree(passed=0), anvil.parties
    second = later(first, fee_minor=999)
    assert parties.propose(second, anvil.tenant).sent
    assert [parties.accept(second, anvil.provider).sent for _ in range(2)] == [True, False]
    chain, boundary = anvil.contract_chain(), second.first_period
    found = [
        [holds_terms(chain, first.key, period, one.terms_hash) for one in (first, second)]
        for period in (boundary - 1, boundary)
    ]
    assert found == [[True, False], [False, True]]


def test_versions_are_accepted_in_their_order(anvil: TestChain) -> None:
    """One that nobody offers yet is no fault after one that is agreed; one that skips a version is."""
    first, parties = anvil.terms(), anvil.parties
    second = later(first)
    parties.propose(first, anvil.provider)
    done = list(parties.accept_offered([first, second], anvil.tenant))
    assert [(one.sent, "not offered yet" in one.said) for one in done] == [(True, False), (False, True)]
    with pytest.raises(InvalidInput, match=r"version 1 is the newest that both accepted; nothing was sent"):
        parties.propose(later(first, version=3), anvil.provider)


def test_an_amendment_of_what_no_version_changes_is_refused(anvil: TestChain) -> None:
    """By the contract, in words; the specs refuse it before."""
    first = anvil.agree(passed=0)
    with pytest.raises(Refused, match=r"SLAImmutableTerm.*: An amendment keeps"):
        anvil.parties.propose(later(first, currency="EUR"), anvil.provider)


def test_a_termination_ends_it_after_the_notice_where_a_period_begins(anvil: TestChain) -> None:
    """At the first boundary after the notice, by either party; again, or later, it is already so; earlier is not."""
    terms, parties = anvil.agree(passed=1, notice_seconds=PERIOD_SECONDS), anvil.parties
    done = parties.terminate(terms, anvil.provider)
    found = anvil.contract_chain().agreement(terms.key)
    assert done.sent
    assert found is not None
    ends_at = terms.calendar.period_at(found.end_period).starts_at
    assert anvil.now() + PERIOD_SECONDS <= ends_at + 60
    assert ends_at < anvil.now() + 2 * PERIOD_SECONDS + 60
    assert not parties.terminate(terms, anvil.tenant).sent
    with pytest.raises(InvalidInput, match=rf"the first one that its notice leaves is {rfc3339(ends_at)}"):
        parties.terminate(terms, anvil.tenant, terms.starts_at + PERIOD_SECONDS)
    with pytest.raises(InvalidInput, match=r"no period of .* begins there"):
        parties.terminate(terms, anvil.tenant, ends_at + 1)


def test_what_was_never_accepted_cannot_be_terminated(anvil: TestChain) -> None:
    """An offer is taken back instead."""
    terms = anvil.terms()
    anvil.parties.propose(terms, anvil.provider)
    with pytest.raises(InvalidInput, match=r"was never accepted; nothing was sent. An offer is taken back"):
        anvil.parties.terminate(terms, anvil.provider)


def test_the_key_of_somebody_else_is_told_with_those_that_may(anvil: TestChain) -> None:
    """Before anything is sent."""
    terms, stranger, parties = anvil.terms(), new_signer(), anvil.parties
    told = f"the key is of account {stranger.account.lower()}, expected the provider's, {terms.provider_account}"
    for act, both in (
        (parties.propose, False), (parties.accept, True), (parties.withdraw, True), (parties.terminate, True),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=f"{told}{f' or the tenant.s, {terms.tenant_account}' if both else ';'}"):
            act(terms, stranger)


def test_an_address_without_the_contract_is_wrong_input(anvil: TestChain) -> None:
    """The node answered: trying again helps nobody."""
    with pytest.raises(
        InvalidInput, match=r"nothing is there on the chain of http://127.0.0.1:.* `chain deploy` printed"
    ):
        Books.at(anvil.node, "0x" + "cc" * 20)


def test_another_contract_is_told_as_one(anvil: TestChain) -> None:
    """It has code, and none of our functions: the agreement book is a likely one to be taken for the other."""
    for other in ("0x" + "ee" * 20, anvil.books.agreements.address):
        if other.startswith("0xee"):
            anvil.rpc("anvil_setCode", other, "0x00")
        with pytest.raises(InvalidInput, match=f"contract {other}: another contract is there"):
            Books.at(anvil.node, other)


def test_a_node_that_is_away_is_told_without_the_client_s_insides() -> None:
    """What the system said, and what to do."""
    node = Node(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable, match=r"did not answer: Connection refused; nothing was lost, try again$"):
        Books.at(node, "0x" + "cc" * 20)
    node.close()


def test_why_nobody_answered_is_said_by_the_system() -> None:
    """At the bottom of whatever a client made of it; else by the client."""
    wrapped = requests.ConnectionError(ValueError("pool", ConnectionResetError(104, "Connection reset by peer")))
    assert [why(one) for one in (wrapped, requests.ReadTimeout("read"), requests.ConnectionError("odd"))] == [
        "Connection reset by peer", "no answer in time", "ConnectionError: odd",
    ]  # fmt: skip
