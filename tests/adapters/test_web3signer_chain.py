"""Every role on a real chain with no key of its own: deployment, agreement, attestation, report and credit, signed by the double."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_account import Account

from deploy.lab.web3signer.double import Web3SignerDouble
from sankofa_observe.adapters.one_call import Service
from sankofa_observe.adapters.web3signer import Web3Signer
from sankofa_observe.errors import InvariantBroken
from sankofa_observe.ports import Signer
from sankofa_observe.sla.settlement import SettlementState
from tests import chain as chains
from tests.adapters.signers import CHAIN_ID
from tests.adapters.test_settlement_chain import real_world
from tests.on_chain import settlement

pytestmark = pytest.mark.real("anvil")


def test_report_is_settled_with_keys_that_never_leave_the_signer(tmp_path: Path) -> None:
    """Seven accounts in one signer. It is asked to sign and for nothing else, each transaction with its nonce; and a signer that signs
    for another chain costs nothing: no nonce is spent, and the report goes out once it is right.
    """
    with Web3SignerDouble(keys=[], chain_id=CHAIN_ID) as double:

        def signer() -> Signer:
            double.keys.append(Account.create())
            return Web3Signer(Service(name="signer", url=double.url), double.keys[-1].address)

        with chains.running(tmp_path, signer) as anvil:
            world = real_world(anvil)
            penalty = world.penalty()
            double.chain_id = 1
            with pytest.raises(InvariantBroken, match=f"chainId 1, expected {CHAIN_ID}; nothing was sent"):
                world.attempt(penalty)
            assert world.chain.next_nonce() == 0
            double.chain_id = CHAIN_ID
            world.report(penalty)
            world.pass_window()
            world.finalise(penalty)
            found = settlement(world.chain, penalty.key)
    assert found
    assert (found.standing.state, len(double.keys)) == (SettlementState.FINAL, 10)
    assert {method for method, _ in double.asked} == {"eth_signTransaction", "eth_signTypedData"}
    assert all("nonce" in params[0] for method, params in double.asked if method == "eth_signTransaction")
