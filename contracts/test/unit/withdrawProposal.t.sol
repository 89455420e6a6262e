// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {Claims} from "../support/Claims.sol";
import {vm} from "../support/Vm.sol";

contract WithdrawProposalTest is Claims {
    /// A1: what was withdrawn can no longer be accepted.
    function test_AnOfferIsGone() public {
        offer(PROVIDER, amendment());
        vm.recordLogs();
        vm.expectEmit(address(book));
        emit IAgreementBook.ProposalWithdrawn(agreement, PROVIDER, 2);
        withdrawOffer(PROVIDER);
        requireEvents(1);
        IAgreementBook.Proposal memory none;
        vm.assertEq(abi.encode(none), abi.encode(book.proposalOf(agreement, PROVIDER)), "proposal");

        uint48 until = startOf(15);
        vm.expectRevert(noProposal(PROVIDER));
        vm.prank(TENANT);
        book.acceptProposal(agreement, amendment(), until);
    }

    function test_TheFirstVersionIsWithdrawnToo() public {
        vm.warp(SIGNED_AT);
        vm.prank(PROVIDER);
        bytes32 id = book.proposeAgreement(OTHER, terms(), SIGNED_AT + 1);
        vm.warp(NOW); // an expired one as well
        vm.expectEmit(address(book));
        emit IAgreementBook.ProposalWithdrawn(id, PROVIDER, 1);
        vm.prank(PROVIDER);
        book.withdrawProposal(id);
    }

    function test_TheOtherPartysOfferStands() public {
        offer(PROVIDER, amendment());
        offer(TENANT, amendment());
        withdrawOffer(PROVIDER);
        accept(PROVIDER, amendment());
        vm.assertEq(2, book.getAgreement(agreement).version, "version");
    }

    function test_AStaleOfferIsWithdrawn() public {
        offer(PROVIDER, amendment());
        offer(TENANT, amendment());
        accept(PROVIDER, amendment());
        withdrawOffer(PROVIDER);
    }

    function testFuzz_RevertWhen_TheCallerOffersNothing(address caller) public {
        offer(PROVIDER, amendment());
        vm.assume(caller != PROVIDER);
        vm.expectRevert(noProposal(caller));
        withdrawOffer(caller);
    }

    function test_RevertWhen_ItWasWithdrawnOrAccepted() public {
        offer(PROVIDER, amendment());
        withdrawOffer(PROVIDER);
        vm.expectRevert(noProposal(PROVIDER));
        withdrawOffer(PROVIDER);
        amend(amendment());
        vm.expectRevert(noProposal(PROVIDER));
        withdrawOffer(PROVIDER);
    }

    function withdrawOffer(address party) internal {
        vm.prank(party);
        book.withdrawProposal(agreement);
    }

    function noProposal(address proposer) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementBook.SLANoProposal.selector, agreement, proposer);
    }
}
