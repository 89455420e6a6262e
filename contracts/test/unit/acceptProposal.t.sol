// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {Claims} from "../support/Claims.sol";
import {bound, vm} from "../support/Vm.sol";

contract AcceptProposalTest is Claims {
    function test_TheFirstVersionIsInForceWordForWord() public {
        (bytes32 id, uint48 until) = proposeFirst();
        IAgreementBook.Terms memory made = termsOf(3, 300_000, 5 * FEE);
        vm.recordLogs();
        vm.expectEmit(address(book));
        emit IAgreementBook.AgreementAccepted(id, 1, TENANT, FIRST, made.termsHash);
        vm.prank(TENANT);
        book.acceptProposal(id, made, until);
        requireEvents(1);

        vm.assertEq(abi.encode(made), abi.encode(book.getTerms(id, 1)), "terms");
        IAgreementBook.Agreement memory expected = IAgreementBook.Agreement({
            provider: PROVIDER,
            tenant: TENANT,
            calendar: calendar,
            version: 1,
            yearPeriods: 12,
            firstPeriod: FIRST,
            endPeriod: PERIODS,
            latestFrom: FIRST,
            currency: "EUR",
            exponent: 2
        });
        vm.assertEq(abi.encode(expected), abi.encode(book.getAgreement(id)), "agreement");
        IAgreementBook.Proposal memory none;
        vm.assertEq(abi.encode(none), abi.encode(book.proposalOf(id, PROVIDER)), "the offer is used up");
    }

    function test_TheNextVersionIsInForceFromItsFirstPeriodOn() public {
        offer(PROVIDER, amendment());
        vm.recordLogs();
        vm.expectEmit(address(book));
        emit IAgreementBook.AgreementAccepted(agreement, 2, TENANT, 15, amendment().termsHash);
        accept(TENANT, amendment());
        requireEvents(1);

        vm.assertEq(1, book.versionAt(agreement, 14), "the running period keeps its terms");
        vm.assertEq(2, book.versionAt(agreement, 15), "the next one has the new ones");
        vm.assertEq(abi.encode(terms()), abi.encode(book.getTerms(agreement, 1)), "the first version");
        vm.assertEq(abi.encode(amendment()), abi.encode(book.getTerms(agreement, 2)), "the second version");
        vm.assertEq(2, book.getAgreement(agreement).version, "version");
        vm.assertEq(15, book.getAgreement(agreement).latestFrom, "from");
    }

    function test_TheProviderAcceptsWhatTheTenantOffers() public {
        offer(TENANT, amendment());
        accept(PROVIDER, amendment());
        vm.assertEq(2, book.versionAt(agreement, 15), "version");
    }

    function testFuzz_RevertWhen_TheCallerIsNotTheOtherParty(address caller) public {
        (bytes32 id, uint48 until) = proposeFirst();
        vm.assume(caller != TENANT);
        refuseAs(caller, id, termsOf(3, 300_000, 5 * FEE), until, unauthorizedParty(id, caller));
        offer(PROVIDER, amendment());
        vm.assume(caller != PROVIDER);
        refuseAs(caller, agreement, amendment(), startOf(15), unauthorizedParty(agreement, caller));
    }

    function test_RevertWhen_TheProposerAcceptsItsOwnOffer() public {
        (bytes32 id, uint48 until) = proposeFirst();
        refuseAs(PROVIDER, id, termsOf(3, 300_000, 5 * FEE), until, unauthorizedParty(id, PROVIDER));
        offer(PROVIDER, amendment());
        refuseAs(PROVIDER, agreement, amendment(), startOf(15), noProposal(agreement, TENANT));
    }

    /// Answering twice: the second acceptance finds no offer.
    function test_RevertWhen_AcceptedTwice() public {
        amend(amendment());
        refuseAs(TENANT, agreement, amendment(), startOf(15), noProposal(agreement, PROVIDER));
        refuseAs(TENANT, agreement, terms(), startOf(FIRST), noProposal(agreement, PROVIDER));
    }

    function test_RevertWhen_NothingIsOffered() public {
        IAgreementBook.Terms memory made = terms();
        bytes32 id = book.agreementIdOf(PROVIDER, OTHER);
        refuseAs(TENANT, id, made, startOf(FIRST), noProposal(id, PROVIDER));
        made.provider = STRANGER; // a stranger's name in the terms brings no offer of the stranger
        refuseAs(TENANT, id, made, startOf(FIRST), noProposal(id, STRANGER));
    }

    /// A1: the last second of an offer is the one before `acceptBefore`.
    function test_AnOfferExpires() public {
        (bytes32 id, uint48 until) = proposeFirst();
        vm.warp(until);
        bytes memory error_ = abi.encodeWithSelector(IAgreementBook.SLAProposalExpired.selector, id, until);
        refuseAs(TENANT, id, termsOf(3, 300_000, 5 * FEE), until, error_);
        vm.warp(until - 1);
        vm.prank(TENANT);
        book.acceptProposal(id, termsOf(3, 300_000, 5 * FEE), until);
    }

    /// Whatever of the terms is changed, it is not what was offered.
    function testFuzz_RevertWhen_TheTermsAreOthers(uint256 field, uint256 bit) public {
        (bytes32 id, uint48 until) = proposeFirst();
        IAgreementBook.Terms memory made = termsOf(3, 300_000, 5 * FEE);
        bytes32 proposed = book.proposalDigest(id, 1, until, made);
        flip(made, field % 20, bit);
        bytes32 given = book.proposalDigest(id, 1, until, made);
        vm.assertTrue(given != proposed, "another digest");
        refuseAs(TENANT, id, made, until, mismatch(id, given, proposed));
    }

    function test_RevertWhen_TheEndOfTheOfferIsAnother() public {
        (bytes32 id, uint48 until) = proposeFirst();
        IAgreementBook.Terms memory made = termsOf(3, 300_000, 5 * FEE);
        bytes32 proposed = book.proposalDigest(id, 1, until, made);
        refuseAs(
            TENANT, id, made, until + 1, mismatch(id, book.proposalDigest(id, 1, until + 1, made), proposed)
        );
    }

    /// What was offered beside a version that was accepted since was offered for other terms than those in force.
    function test_RevertWhen_AVersionWasAcceptedSince() public {
        offer(PROVIDER, amendment());
        offer(TENANT, amendment());
        accept(PROVIDER, amendment());
        bytes memory error_ = abi.encodeWithSelector(IAgreementBook.SLAStaleProposal.selector, agreement, 2, 3);
        refuseAs(TENANT, agreement, amendment(), startOf(15), error_);
    }

    /// An offer does not outlive an end that came nearer.
    function test_RevertWhen_TheAgreementNowEndsBefore() public {
        IAgreementBook.Terms memory made = amendment();
        made.firstPeriod = 20;
        offer(PROVIDER, made);
        terminate(TENANT, 20);
        bytes memory error_ =
            abi.encodeWithSelector(IAgreementBook.SLAInvalidFirstPeriod.selector, agreement, 20, FIRST, 20);
        refuseAs(TENANT, agreement, made, startOf(20), error_);
    }

    /// However many versions and whichever period: the newest one that began by then decides.
    function testFuzz_TheVersionInForceAtAPeriodDecides(uint256 seed, uint32 period) public {
        uint32[5] memory from;
        from[0] = FIRST;
        for (uint256 i = 1; i < 5; ++i) {
            from[i] = uint32((i == 1 ? 14 : from[i - 1]) + 1 + uint256(keccak256(abi.encode(seed, i))) % 20);
            IAgreementBook.Terms memory made = amendment();
            made.firstPeriod = from[i];
            amend(made);
        }
        period = uint32(bound(period, FIRST, PERIODS - 1));
        uint256 expected = 0;
        for (uint256 i = 0; i < 5; ++i) if (from[i] <= period) expected = i + 1;
        vm.assertEq(expected, book.versionAt(agreement, period), "version");
    }

    function proposeFirst() internal returns (bytes32 id, uint48 until) {
        vm.warp(SIGNED_AT);
        until = startOf(FIRST);
        vm.prank(PROVIDER);
        id = book.proposeAgreement(OTHER, termsOf(3, 300_000, 5 * FEE), until);
    }

    function refuseAs(
        address caller,
        bytes32 id,
        IAgreementBook.Terms memory made,
        uint48 until,
        bytes memory error_
    ) internal {
        vm.expectRevert(error_);
        vm.prank(caller);
        book.acceptProposal(id, made, until);
    }

    function noProposal(bytes32 id, address proposer) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementBook.SLANoProposal.selector, id, proposer);
    }

    function mismatch(bytes32 id, bytes32 given, bytes32 proposed) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementBook.SLATermsMismatch.selector, id, given, proposed);
    }

    /// @dev Provider and tenant are looked at before; every other field has its turn.
    function flip(IAgreementBook.Terms memory made, uint256 field, uint256 bit) private pure {
        uint32 one32 = uint32(1) << uint32(bit % 32);
        if (field == 0) made.termsHash ^= bytes32(1 << bit % 256);
        if (field == 1) made.calendar ^= bytes16(uint128(1) << uint128(bit % 128));
        if (field == 2) made.firstPeriod ^= one32;
        if (field == 3) made.yearPeriods ^= uint16(1) << uint16(bit % 16);
        if (field == 4) made.currency ^= bytes3(uint24(1) << uint24(bit % 24));
        if (field == 5) made.exponent ^= uint8(1) << uint8(bit % 8);
        if (field == 6) made.feeMinor ^= uint72(1) << uint72(bit % 72);
        if (field == 7) made.capPpm ^= one32;
        if (field == 8) made.yearCapMinor ^= uint72(1) << uint72(bit % 72);
        if (field == 9) made.minimumMinor ^= uint56(1) << uint56(bit % 56);
        if (field == 10) made.belowMinimum = IAgreementBook.BelowMinimum.Minimum;
        if (field == 11) made.stacking = IAgreementBook.Stacking.Largest;
        if (field == 12) made.graceSeconds ^= one32;
        if (field == 13) made.disputeWindowSeconds ^= one32;
        if (field == 14) made.disputeWindowBlocks ^= one32;
        if (field == 15) made.rulingSeconds ^= one32;
        if (field == 16) made.reportSeconds ^= one32;
        if (field == 17) made.restateSeconds ^= one32;
        if (field == 18) made.noticeSeconds ^= one32;
        if (field == 19) made.slos[bit % 3].bands[bit / 3 % 3].creditPpm ^= one32;
    }
}
