// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {Claims} from "../support/Claims.sol";
import {vm} from "../support/Vm.sol";

contract ProposeAmendmentTest is Claims {
    function test_EitherPartyOffersTheNextVersion() public {
        IAgreementBook.Terms memory made = amendment();
        for (uint256 i = 0; i < 2; ++i) {
            address party = i == 0 ? PROVIDER : TENANT;
            vm.recordLogs();
            vm.expectEmit(address(book));
            emit IAgreementBook.AgreementProposed(agreement, party, 2, startOf(15), made);
            offer(party, made);
            requireEvents(1);
            requireProposal(party, 2, made);
        }
        vm.assertEq(1, book.getAgreement(agreement).version, "an offer changes no agreement");
    }

    function test_AnotherOfferTakesTheFirstOnesPlace() public {
        offer(PROVIDER, amendment());
        IAgreementBook.Terms memory other = amendment();
        other.firstPeriod = 16;
        offer(PROVIDER, other);
        requireProposal(PROVIDER, 2, other);
    }

    function test_RevertWhen_TheAgreementIsUnknown() public {
        uint48 until = startOf(15);
        vm.expectRevert(abi.encodeWithSelector(IAgreementBook.SLAUnknownAgreement.selector, OTHER));
        vm.prank(PROVIDER);
        book.proposeAmendment(OTHER, amendment(), until);
    }

    /// The first version is not amended before it was accepted: it is proposed again.
    function test_RevertWhen_TheFirstVersionIsOnlyProposed() public {
        IAgreementBook.Terms memory made = amendment();
        uint48 until = startOf(15);
        vm.prank(PROVIDER);
        bytes32 id = book.proposeAgreement(OTHER, made, until);
        vm.expectRevert(abi.encodeWithSelector(IAgreementBook.SLAUnknownAgreement.selector, id));
        vm.prank(TENANT);
        book.proposeAmendment(id, made, until);
    }

    function testFuzz_RevertWhen_TheCallerIsNoParty(address caller) public {
        vm.assume(caller != PROVIDER && caller != TENANT);
        refuse(caller, amendment(), unauthorizedParty(agreement, caller));
    }

    function test_RevertWhen_ItChangesWhatNoVersionChanges() public {
        for (uint256 i = 0; i < 6; ++i) {
            IAgreementBook.Terms memory made = amendment();
            IAgreementBook.TermsFault field;
            if (i == 0) (made.provider, field) = (STRANGER, IAgreementBook.TermsFault.Provider);
            if (i == 1) (made.tenant, field) = (STRANGER, IAgreementBook.TermsFault.Tenant);
            if (i == 2) field = IAgreementBook.TermsFault.Calendar;
            if (i == 2) made.calendar = book.publishFixedCalendar(ANCHOR, PERIOD_SECONDS, PERIODS + 1);
            if (i == 3) (made.yearPeriods, field) = (13, IAgreementBook.TermsFault.YearPeriods);
            if (i == 4) (made.currency, field) = ("CHF", IAgreementBook.TermsFault.Currency);
            if (i == 5) (made.currency, made.exponent, field) = ("JPY", 0, IAgreementBook.TermsFault.Currency);
            refuse(PROVIDER, made, abi.encodeWithSelector(IAgreementBook.SLAImmutableTerm.selector, agreement, field));
        }
    }

    function test_RevertWhen_ItBreaksARuleOfTerms() public {
        IAgreementBook.Terms memory made = amendment();
        made.feeMinor = 0;
        refuse(PROVIDER, made, invalidTerms(faultOf(IAgreementBook.TermsFault.Fee)));
    }

    /// A period that has begun keeps its terms, whatever both parties would agree on.
    function test_RevertWhen_ItBeginsInAPeriodThatHasBegun() public {
        IAgreementBook.Terms memory made = amendment();
        made.firstPeriod = 14;
        refuse(PROVIDER, made, invalidTerms(faultOf(IAgreementBook.TermsFault.AcceptBefore)));
        vm.warp(startOf(15));
        refuse(PROVIDER, amendment(), invalidTerms(faultOf(IAgreementBook.TermsFault.AcceptBefore)));
    }

    function test_RevertWhen_ItBeginsNoLaterThanTheNewestVersion() public {
        amend(later(20));
        refuse(PROVIDER, later(20), invalidFirst(20, 20, PERIODS));
        refuse(TENANT, later(19), invalidFirst(19, 20, PERIODS));
        offer(TENANT, later(21));
    }

    function test_RevertWhen_ItBeginsAtTheEndOrLater() public {
        terminate(PROVIDER, 20);
        refuse(PROVIDER, later(20), invalidFirst(20, FIRST, 20));
        offer(PROVIDER, later(19));
        IAgreementBook.Terms memory made = later(PERIODS);
        refuse(PROVIDER, made, invalidTerms(faultOf(IAgreementBook.TermsFault.FirstPeriod)));
    }

    /// The agreement began with period 2 and its years have 12 periods: they begin with 14, 26 and 38.
    function test_TheCapOfAYearChangesOnlyWhereAYearBegins() public {
        for (uint32 first = 25; first < 28; ++first) {
            IAgreementBook.Terms memory made = later(first);
            made.yearCapMinor = FEE;
            if (first == 26) offer(PROVIDER, made);
            else refuse(PROVIDER, made, midYear(first));
        }
        IAgreementBook.Terms memory capped = later(26);
        capped.yearCapMinor = FEE;
        amend(capped);
        IAgreementBook.Terms memory uncapped = later(30);
        refuse(PROVIDER, uncapped, midYear(30)); // to none is a change too
        uncapped.yearCapMinor = FEE;
        offer(PROVIDER, uncapped); // the same cap begins anywhere
    }

    function later(uint32 first) internal view returns (IAgreementBook.Terms memory made) {
        made = amendment();
        made.firstPeriod = first;
    }

    function refuse(address caller, IAgreementBook.Terms memory made, bytes memory error_) internal {
        uint48 until = startOf(made.firstPeriod);
        vm.expectRevert(error_);
        vm.prank(caller);
        book.proposeAmendment(agreement, made, until);
    }

    function invalidFirst(uint32 first, uint32 latest, uint32 end) internal view returns (bytes memory) {
        return
            abi.encodeWithSelector(IAgreementBook.SLAInvalidFirstPeriod.selector, agreement, first, latest, end);
    }

    function midYear(uint32 first) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IAgreementBook.SLAYearCapMidYear.selector, agreement, first, 12);
    }

    function requireProposal(address proposer, uint16 version, IAgreementBook.Terms memory made) internal view {
        uint48 until = startOf(made.firstPeriod);
        IAgreementBook.Proposal memory expected = IAgreementBook.Proposal({
            digest: keccak256(abi.encode(agreement, version, until, made)), version: version, acceptBefore: until
        });
        vm.assertEq(abi.encode(expected), abi.encode(book.proposalOf(agreement, proposer)), "proposal");
    }
}
