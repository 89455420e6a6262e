"""What provider and tenant do on chain, on a real one: what is done twice, and what is refused, in words of the trade."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import requests

from deploy.lab.ports import free_port
from sankofa_observe.adapters import parties
from sankofa_observe.adapters.away import why
from sankofa_observe.adapters.node import Node
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable
from sankofa_observe.sla.agreement import Agreement
from tests import builders
from tests.builders import digest_of
from tests.chain import TestChain, new_signer

pytestmark = pytest.mark.real("anvil")


def agreed(anvil: TestChain, name: str, **changes: Any) -> Agreement:
    accounts = {"provider_account": anvil.provider.account.lower(), "tenant_account": anvil.tenant.account.lower()}
    return replace(builders.agreement(f"parties-{name}", **accounts), **changes)


def offer(anvil: TestChain, terms: Agreement, contract: str = "") -> bool:
    return parties.propose(anvil.node, contract or anvil.identity.contract, terms, anvil.provider)


def take(anvil: TestChain, terms: Agreement, contract: str = "") -> bool:
    return parties.accept(anvil.node, contract or anvil.identity.contract, terms, anvil.tenant)


def test_what_a_party_did_before_is_done(anvil: TestChain) -> None:
    """Whoever is not sure repeats the command: it answers that nothing was sent, and the agreement stands."""
    terms = agreed(anvil, "twice")
    assert [offer(anvil, terms), offer(anvil, terms), take(anvil, terms), take(anvil, terms), offer(anvil, terms)] == [
        True, False, True, False, False,
    ]  # fmt: skip
    assert anvil.contract_chain().holds_terms(terms.id, terms.terms_hash)


DIFFERENT: dict[str, tuple[Callable[[Agreement], Agreement], str]] = {
    "fee": (lambda one: replace(one, fee_minor=one.fee_minor - 1), "fee in minor units 125000 there, 124999 here;"),
    "currency": (lambda one: replace(one, currency="EUR"), "currency USD there, EUR here;"),
    "promises": (lambda one: replace(one, promises=()), "promises and their bands: 0x.* ppm, .* there, none here;"),
    "hash": (
        lambda one: replace(one, terms_hash=digest_of("others")),
        f"something that only their hash shows, 0x.* there, {digest_of('others')} here;",
    ),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_terms_that_differ_are_named_and_nothing_is_sent(anvil: TestChain, case: str) -> None:
    """Two truths disagree, before the acceptance and after it: neither party takes the other's by accident."""
    change, told = DIFFERENT[case]
    terms = agreed(anvil, f"differs-{case}")
    offer(anvil, terms)
    for act in (take, offer):
        with pytest.raises(InvariantBroken, match=f"{told} nothing was sent. Compare the specs"):
            act(anvil, change(terms))
    take(anvil, terms)
    with pytest.raises(InvariantBroken, match=told):
        take(anvil, change(terms))


def test_an_address_without_the_contract_is_wrong_input(anvil: TestChain) -> None:
    """The node answered: trying again helps nobody."""
    terms = agreed(anvil, "nowhere")
    for act in (offer, take):
        with pytest.raises(
            InvalidInput, match=r"nothing is there on the chain of http://127.0.0.1:.* `chain deploy` printed"
        ):
            act(anvil, terms, "0x" + "cc" * 20)


def test_another_contract_is_told_as_one(anvil: TestChain) -> None:
    """It has code, and none of our functions."""
    other = "0x" + "ee" * 20
    anvil.rpc("anvil_setCode", other, "0x00")
    with pytest.raises(InvalidInput, match=f"contract {other}: another contract is there"):
        take(anvil, agreed(anvil, "other"), other)


def test_what_was_not_proposed_is_not_accepted(anvil: TestChain) -> None:
    """Whose turn it is, and what makes the id, are told."""
    with pytest.raises(
        InvalidInput, match=r"nothing was proposed as 0x.* The provider proposes first.* name, salt and version"
    ):
        take(anvil, agreed(anvil, "unknown"))


def test_the_key_of_somebody_else_is_told_by_its_role(anvil: TestChain) -> None:
    """Before anything is sent, with both accounts."""
    terms, stranger = agreed(anvil, "stranger"), new_signer()
    for role, act in (("provider", parties.propose), ("tenant", parties.accept)):
        with pytest.raises(InvalidInput, match=f"of account {stranger.account.lower()}, expected the {role}'s, 0x"):
            act(anvil.node, anvil.identity.contract, terms, stranger)


def test_an_agreement_that_was_terminated_is_told(anvil: TestChain) -> None:
    """It does not come back."""
    terms = anvil.agree()
    functions = parties._functions(anvil.node, anvil.identity.contract)
    anvil.node.transact(functions.terminateAgreement(bytes.fromhex(terms.id[2:]), 2**40), anvil.tenant, "end")
    for act in (take, offer):
        with pytest.raises(InvalidInput, match="was terminated; nothing was sent"):
            act(anvil, terms)


def test_each_version_is_signed_by_itself(anvil: TestChain) -> None:
    """Beside the first one, under an id of its own; the first one may be terminated at the boundary, and is done then."""
    first = agreed(anvil, "versions")
    later = replace(first, version=2, starts_at=first.starts_at + 600, fee_minor=1, terms_hash=digest_of("later"))
    first = replace(first, ends_at=later.starts_at)
    chain = anvil.contract_chain()
    assert [act(anvil, one) for one in (first, later) for act in (offer, take)] == 4 * [True]
    assert [chain.holds_terms(one.on_chain_id, one.terms_hash) for one in (first, later)] == [True, True]
    assert not chain.holds_terms(first.id, later.terms_hash)

    functions = parties._functions(anvil.node, anvil.identity.contract)
    ending = functions.terminateAgreement(bytes.fromhex(first.id[2:]), 2**40)
    anvil.node.transact(ending, anvil.tenant, "end")
    assert [act(anvil, one) for one in (first, later) for act in (offer, take)] == 4 * [False]


def test_a_node_that_is_away_is_told_without_the_client_s_insides() -> None:
    """What the system said, and what to do."""
    node = Node(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unavailable, match=r"did not answer: Connection refused; nothing was lost, try again$"):
        parties._functions(node, "0x" + "cc" * 20)
    node.close()


def test_why_nobody_answered_is_said_by_the_system() -> None:
    """At the bottom of whatever a client made of it; else by the client."""
    wrapped = requests.ConnectionError(ValueError("pool", ConnectionResetError(104, "Connection reset by peer")))
    assert [why(one) for one in (wrapped, requests.ReadTimeout("read"), requests.ConnectionError("odd"))] == [
        "Connection reset by peer", "no answer in time", "ConnectionError: odd",
    ]  # fmt: skip
