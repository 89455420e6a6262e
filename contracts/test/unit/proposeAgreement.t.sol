// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {Claims} from "../support/Claims.sol";
import {vm} from "../support/Vm.sol";

contract ProposeAgreementTest is Claims {
    bytes32 internal id;
    uint48 internal until;

    function setUp() public override {
        super.setUp();
        vm.warp(SIGNED_AT);
        id = book.agreementIdOf(PROVIDER, OTHER);
        until = book.boundAt(calendar, FIRST);
    }

    function test_StoresADigestAndSaysAllTerms() public {
        IAgreementBook.Terms memory made = termsOf(3, 300_000, 5 * FEE);
        bytes32 digest = keccak256(abi.encode(id, uint16(1), until, made));
        vm.assertEq(digest, book.proposalDigest(id, 1, until, made), "digest");
        vm.recordLogs();
        vm.expectEmit(address(book));
        emit IAgreementBook.AgreementProposed(id, PROVIDER, 1, until, made);
        vm.prank(PROVIDER);
        vm.assertEq(id, book.proposeAgreement(OTHER, made, until), "id");
        requireEvents(1);

        requireProposal(digest, 1, until);
        IAgreementBook.Agreement memory nothing;
        vm.assertEq(abi.encode(nothing), abi.encode(book.getAgreement(id)), "no agreement before both agreed");
    }

    function test_AnotherOfferTakesTheFirstOnesPlace() public {
        propose(terms());
        IAgreementBook.Terms memory other = termsOf(2, 1_000_000, 0);
        propose(other);
        requireProposal(keccak256(abi.encode(id, uint16(1), until, other)), 1, until);
    }

    /// A3: the id is the hash of its proposer, so nobody can take somebody's, nor offer in somebody's name.
    function testFuzz_NobodyProposesForAnother(address caller) public {
        vm.assume(caller != PROVIDER);
        vm.assertTrue(id != book.agreementIdOf(caller, OTHER), "another id");
        bytes32 given = book.agreementIdOf(caller, OTHER);
        vm.expectRevert(abi.encodeWithSelector(IAgreementBook.SLAUnauthorizedParty.selector, given, caller));
        vm.prank(caller);
        book.proposeAgreement(OTHER, terms(), until);
    }

    function test_RevertWhen_TheAgreementWasAccepted() public {
        vm.expectRevert(abi.encodeWithSelector(IAgreementBook.SLAAgreementExists.selector, agreement));
        vm.prank(PROVIDER);
        book.proposeAgreement(REFERENCE, terms(), until);
    }

    /// A1: the offer ends, at the latest, where its first period begins.
    function test_AnOfferEndsAfterNowAndNotAfterItsFirstBound() public {
        uint256 fault = faultOf(IAgreementBook.TermsFault.AcceptBefore);
        refuse(terms(), uint48(block.timestamp), fault);
        refuse(terms(), until + 1, fault);
        refuse(terms(), 0, fault);
        proposeUntil(terms(), uint48(block.timestamp) + 1);
        proposeUntil(terms(), until);
    }

    function test_TheFirstPeriodIsOneOfTheCalendar() public {
        IAgreementBook.Terms memory made = terms();
        made.firstPeriod = PERIODS;
        refuse(made, until, faultOf(IAgreementBook.TermsFault.FirstPeriod));
        made.firstPeriod = type(uint32).max;
        refuse(made, until, faultOf(IAgreementBook.TermsFault.FirstPeriod));
        made.firstPeriod = PERIODS - 1;
        proposeUntil(made, until);
    }

    function test_RevertWhen_AFirstPeriodHasBegun() public {
        vm.warp(until);
        refuse(terms(), until, faultOf(IAgreementBook.TermsFault.AcceptBefore));
        refuse(terms(), until + 1, faultOf(IAgreementBook.TermsFault.AcceptBefore));
    }

    function test_RevertWhen_TheCalendarIsNotOnChain() public {
        IAgreementBook.Terms memory made = terms();
        made.calendar = bytes16(keccak256("nothing"));
        refuse(made, until, faultOf(IAgreementBook.TermsFault.Calendar));
    }

    /// A4: an offer writes under its own id and counts nothing, so no number of them costs anybody anything.
    function testFuzz_AStrangersOffersTouchNobodysElse(address caller, bytes32 reference_) public {
        vm.assume(caller != PROVIDER && caller != address(0) && caller != TENANT);
        propose(terms());
        bytes memory before = abi.encode(book.proposalOf(id, PROVIDER), book.getAgreement(agreement));
        IAgreementBook.Terms memory made = terms();
        made.provider = caller;
        vm.prank(caller);
        book.proposeAgreement(reference_, made, until);
        vm.assertEq(before, abi.encode(book.proposalOf(id, PROVIDER), book.getAgreement(agreement)), "others");
    }

    function propose(IAgreementBook.Terms memory made) internal {
        proposeUntil(made, until);
    }

    function proposeUntil(IAgreementBook.Terms memory made, uint48 acceptBefore) internal {
        vm.prank(PROVIDER);
        book.proposeAgreement(OTHER, made, acceptBefore);
    }

    function refuse(IAgreementBook.Terms memory made, uint48 acceptBefore, uint256 faults) internal {
        vm.expectRevert(invalidTerms(faults));
        vm.prank(PROVIDER);
        book.proposeAgreement(OTHER, made, acceptBefore);
    }

    function requireProposal(bytes32 digest, uint16 version, uint48 acceptBefore) internal view {
        IAgreementBook.Proposal memory expected =
            IAgreementBook.Proposal({digest: digest, version: version, acceptBefore: acceptBefore});
        vm.assertEq(abi.encode(expected), abi.encode(book.proposalOf(id, PROVIDER)), "proposal");
    }
}
