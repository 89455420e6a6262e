"""What the parties do on chain before anything is settled: deploy, propose, accept. Administrative, one call at a time.

What the contract would refuse is found out by asking it first, and told in words of the trade: nothing was sent then. What was done
before is done: a party may repeat its command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from web3 import Web3
from web3.exceptions import BadFunctionCallOutput, ContractLogicError
from web3.types import Wei

from sankofa_observe.adapters.contract import artifact, terms_fields
from sankofa_observe.adapters.node import Node
from sankofa_observe.errors import InvalidInput, InvariantBroken
from sankofa_observe.ports import Signer
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.settlement import ChainIdentity

DEPLOYMENT_GAS = 8_000_000
_NONE, _ACTIVE, _TERMINATED = 0, 2, 3  # the contract's AgreementState; 1 is Proposed
# What both parties sign, in the contract's names and in ours.
_TERMS = {
    "provider": "provider's account", "tenant": "tenant's account", "currency": "currency", "exponent": "exponent of the currency",
    "feeMinor": "fee in minor units", "capPpm": "cap in ppm", "startsAt": "start in UTC seconds", "graceSeconds": "grace in seconds",
    "disputeWindowSeconds": "dispute window in seconds", "disputeWindowBlocks": "dispute window in blocks",
    "slos": "promises and their bands:",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Deployment:
    identity: ChainIdentity
    block_number: int


def deploy(node: Node, admin: Signer, attestors: Sequence[str], threshold: int, admin_delay_seconds: int) -> Deployment:
    """Deploy the contract; the deployer is its first admin and must grant REPORTER to the sender."""
    web3 = node.web3
    members = sorted((Web3.to_checksum_address(one) for one in attestors), key=lambda one: int(one, 16))
    factory = web3.eth.contract(abi=artifact()["abi"], bytecode=artifact()["bytecode"])
    call = factory.constructor(admin.account, admin_delay_seconds, members, threshold)
    with node.asking("deployment"):
        transaction = call.build_transaction(
            {
                "chainId": web3.eth.chain_id,
                "from": admin.account,
                "nonce": web3.eth.get_transaction_count(admin.account),  # type: ignore[arg-type]  # an address, as text
                "gas": DEPLOYMENT_GAS,
                "gasPrice": Wei(node.gas_price_wei),
            }
        )
        signed = admin.sign_transaction(dict(transaction))
        receipt = node.wait(web3.eth.send_raw_transaction(signed), "deployment")
        identity = ChainIdentity(chain_id=web3.eth.chain_id, contract=receipt["contractAddress"].lower())
    return Deployment(identity=identity, block_number=receipt["blockNumber"])


def grant_reporter(node: Node, contract: str, admin: Signer, sender: str) -> None:
    functions = _functions(node, contract)
    with node.asking("role"):
        role = functions.REPORTER_ROLE().call()
    node.transact(functions.grantRole(role, Web3.to_checksum_address(sender)), admin, f"REPORTER for {sender}")


def propose(node: Node, contract: str, agreement: Agreement, provider: Signer) -> bool:
    """The provider offers the terms; answers whether anything was sent: what was proposed before stands.

    Raises:
        InvalidInput: there is no such contract, the key is not the provider's, or the agreement has ended.
        InvariantBroken: other terms stand there.
    """
    functions = _functions(node, contract)
    _is_party("provider", agreement.provider_account, provider, agreement)
    if _standing(node, functions, contract, agreement) is not None:
        return False
    call = functions.proposeAgreement(bytes.fromhex(agreement.on_chain_id[2:]), _terms(agreement))
    node.transact(call, provider, f"proposal of {agreement.name}")
    return True


def accept(node: Node, contract: str, agreement: Agreement, tenant: Signer) -> bool:
    """The tenant accepts exactly the terms it holds itself; answers whether anything was sent: what was accepted before stands.

    Raises:
        InvalidInput: there is no such contract, nothing was proposed, the key is not the tenant's, or the agreement has ended.
        InvariantBroken: other terms were proposed; each that differs is named.
    """
    functions = _functions(node, contract)
    _is_party("tenant", agreement.tenant_account, tenant, agreement)
    state = _standing(node, functions, contract, agreement)
    if state is None:
        raise InvalidInput(
            f"agreement {agreement.name}: nothing was proposed as {agreement.on_chain_id} on contract {contract}; nothing was sent. The "
            "provider proposes first; if it has, compare contract, name, salt and version, which make the id"
        )
    if state in {_ACTIVE, _TERMINATED}:
        return False
    with node.asking("terms digest"):
        digest = functions.agreementTermsDigest(_terms(agreement)).call()
    call = functions.acceptAgreement(bytes.fromhex(agreement.on_chain_id[2:]), digest)
    node.transact(call, tenant, f"acceptance of {agreement.name}")
    return True


def _standing(node: Node, functions: Any, contract: str, agreement: Agreement) -> int | None:
    """The state of a version that stands on chain with these terms; None where nothing was proposed. One that a later version follows may be terminated."""
    with node.asking("agreement"):
        try:
            state, terms = functions.getAgreement(bytes.fromhex(agreement.on_chain_id[2:])).call()
        except (BadFunctionCallOutput, ContractLogicError):
            raise _no_contract(node, contract, "another contract") from None
    if state == _NONE:
        return None
    if state == _TERMINATED and agreement.ends_at is None:
        raise InvalidInput(
            f"agreement {agreement.name} on contract {contract} was terminated; nothing was sent. New terms are its next version"
        )
    if found := _differences(_plain(terms), _terms(agreement)):
        raise InvariantBroken(
            f"agreement {agreement.name}: the terms on contract {contract} are not those of these specs: {'; '.join(found)}; nothing "
            "was sent. Compare the specs with the other party's: terms on chain never change, so other ones are the next version, "
            "from a boundary on"
        )
    return int(state)


def _plain(value: Any) -> Any:
    """The contract's structs by the names of their fields, as those that are sent."""
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _differences(standing: dict[str, Any], own: dict[str, Any]) -> list[str]:
    """Each in words; the hash only where nothing else says it, for it differs with everything."""
    found = [
        f"{words} {_shown(standing[name])} there, {_shown(own[name])} here"
        for name, words in _TERMS.items()
        if standing[name] != own[name]
    ]
    if found or standing["termsHash"] == own["termsHash"]:
        return found
    return [
        f"something that only their hash shows, {_shown(standing['termsHash'])} there, {_shown(own['termsHash'])} here"
    ]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_promise(one) for one in value) or "none"
    if isinstance(value, bytes):
        return value.decode() if len(value) == len(b"USD") else f"0x{value.hex()}"
    return str(value)


def _promise(one: dict[str, Any]) -> str:
    bands = " ".join(f"{band['belowPpm']}:{band['creditPpm']}" for band in one["bands"])
    return f"0x{one['sloId'].hex()[:8]}… {one['objectivePpm']} ppm, {bands}"


def _is_party(role: str, expected: str, key: Signer, agreement: Agreement) -> None:
    if key.account.lower() != expected.lower():
        raise InvalidInput(
            f"agreement {agreement.name}: the key is of account {key.account.lower()}, expected the {role}'s, {expected}; nothing "
            f"was sent. Give the {role}'s key, or mend the account in the specs before anything is proposed"
        )


def _no_contract(node: Node, contract: str, found: str) -> InvalidInput:
    return InvalidInput(
        f"contract {contract}: {found} is there on the chain of {node.shown}, expected an SLA contract, at the address that `chain "
        "deploy` printed; nothing was sent"
    )


def _terms(agreement: Agreement) -> dict[str, object]:
    terms = terms_fields(agreement)
    return {
        **terms,
        "provider": Web3.to_checksum_address(terms["provider"]),
        "tenant": Web3.to_checksum_address(terms["tenant"]),
    }


def _functions(node: Node, contract: str) -> Any:
    address = Web3.to_checksum_address(contract)
    with node.asking("contract"):
        code = node.web3.eth.get_code(address)
    if not code:
        raise _no_contract(node, contract, "nothing")
    return node.web3.eth.contract(address=address, abi=artifact()["abi"], decode_tuples=True).functions
