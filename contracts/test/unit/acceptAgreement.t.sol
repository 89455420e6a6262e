// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {vm} from "../support/Vm.sol";

contract AcceptAgreementTest is Fixture {
    bytes32 internal constant OTHER = keccak256("other agreement");

    function setUp() public override {
        super.setUp();
        vm.prank(PROVIDER);
        sla.proposeAgreement(OTHER, terms());
    }

    function test_MakesTheProposalActive() public {
        vm.expectEmit(address(sla));
        emit ISlaSettlement.AgreementActivated(OTHER);
        accept(TENANT, digest());

        (ISlaSettlement.AgreementState state,) = sla.getAgreement(OTHER);
        vm.assertEq(uint256(ISlaSettlement.AgreementState.Active), uint256(state), "state");
    }

    function test_RevertWhen_Paused() public {
        pause();
        vm.expectRevert(enforcedPause());
        accept(TENANT, bytes32(0));
    }

    function testFuzz_RevertWhen_CallerIsNotTheTenant(address caller) public {
        vm.assume(caller != TENANT);
        bytes32 right = digest();
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAUnauthorizedParty.selector, OTHER, caller));
        accept(caller, right);
    }

    function testFuzz_RevertWhen_TheDigestIsOfOtherTerms(uint96 fee) public {
        vm.assume(fee != FEE);
        ISlaSettlement.Terms memory shown = terms();
        shown.feeMinor = fee;
        bytes32 wrong = sla.agreementTermsDigest(shown);
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLATermsMismatch.selector, OTHER, wrong, digest()));
        accept(TENANT, wrong);
    }

    function test_RevertWhen_TheAgreementIsNotProposed() public {
        bytes32 right = digest();
        accept(TENANT, right);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISlaSettlement.SLAAgreementUnexpectedState.selector,
                OTHER,
                ISlaSettlement.AgreementState.Active,
                uint256(1) << uint8(ISlaSettlement.AgreementState.Proposed)
            )
        );
        accept(TENANT, right);
    }

    function accept(address caller, bytes32 given) internal {
        vm.prank(caller);
        sla.acceptAgreement(OTHER, given);
    }

    function digest() internal view returns (bytes32) {
        return sla.agreementTermsDigest(terms());
    }
}
