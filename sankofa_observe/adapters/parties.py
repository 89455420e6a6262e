"""What the parties do on chain before anything is settled: deploy, propose, accept. Administrative, one call at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount
from web3 import Web3
from web3.types import Wei

from sankofa_observe.adapters.contract import artifact, terms_fields
from sankofa_observe.adapters.node import Node
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.settlement import ChainIdentity

DEPLOYMENT_GAS = 8_000_000


@dataclass(frozen=True, kw_only=True)
class Deployment:
    identity: ChainIdentity
    block_number: int


def deploy(
    node: Node, admin: LocalAccount, attestors: Sequence[str], threshold: int, admin_delay_seconds: int
) -> Deployment:
    """Deploy the contract; the deployer is its first admin and must grant REPORTER to the sender."""
    web3 = node.web3
    members = sorted((Web3.to_checksum_address(one) for one in attestors), key=lambda one: int(one, 16))
    factory = web3.eth.contract(abi=artifact()["abi"], bytecode=artifact()["bytecode"])
    call = factory.constructor(admin.address, admin_delay_seconds, members, threshold)
    with node.asking("deployment"):
        transaction = call.build_transaction(
            {
                "chainId": web3.eth.chain_id,
                "from": admin.address,
                "nonce": web3.eth.get_transaction_count(admin.address),
                "gas": DEPLOYMENT_GAS,
                "gasPrice": Wei(node.gas_price_wei),
            }
        )
        signed = admin.sign_transaction(dict(transaction))
        receipt = node.wait(web3.eth.send_raw_transaction(signed.raw_transaction), "deployment")
        identity = ChainIdentity(chain_id=web3.eth.chain_id, contract=receipt["contractAddress"].lower())
    return Deployment(identity=identity, block_number=receipt["blockNumber"])


def grant_reporter(node: Node, contract: str, admin: LocalAccount, sender: str) -> None:
    functions = _functions(node, contract)
    with node.asking("role"):
        role = functions.REPORTER_ROLE().call()
    node.transact(functions.grantRole(role, Web3.to_checksum_address(sender)), admin, f"REPORTER for {sender}")


def propose(node: Node, contract: str, agreement: Agreement, provider: LocalAccount) -> None:
    """The provider offers the terms."""
    call = _functions(node, contract).proposeAgreement(bytes.fromhex(agreement.id[2:]), _terms(agreement))
    node.transact(call, provider, f"proposal of {agreement.name}")


def accept(node: Node, contract: str, agreement: Agreement, tenant: LocalAccount) -> None:
    """The tenant accepts exactly the terms it holds itself, not whatever was proposed."""
    functions = _functions(node, contract)
    with node.asking("terms digest"):
        digest = functions.agreementTermsDigest(_terms(agreement)).call()
    call = functions.acceptAgreement(bytes.fromhex(agreement.id[2:]), digest)
    node.transact(call, tenant, f"acceptance of {agreement.name}")


def _terms(agreement: Agreement) -> dict[str, object]:
    terms = terms_fields(agreement)
    return {
        **terms,
        "provider": Web3.to_checksum_address(terms["provider"]),
        "tenant": Web3.to_checksum_address(terms["tenant"]),
    }


def _functions(node: Node, contract: str) -> Any:
    return node.web3.eth.contract(address=Web3.to_checksum_address(contract), abi=artifact()["abi"]).functions
