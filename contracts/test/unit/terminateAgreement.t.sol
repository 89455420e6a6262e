// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {vm} from "../support/Vm.sol";

contract TerminateAgreementTest is Claims {
    function test_EitherPartyEndsItAtABound() public {
        for (uint256 i = 0; i < 2; ++i) {
            address party = i == 0 ? PROVIDER : TENANT;
            uint32 end = 20 - uint32(i);
            vm.recordLogs();
            vm.expectEmit(address(book));
            emit IAgreementBook.AgreementTerminated(agreement, party, end);
            terminate(party, end);
            requireEvents(1);
            vm.assertEq(end, book.getAgreement(agreement).endPeriod, "end");
            vm.assertEq(1, book.versionAt(agreement, end - 1), "the last period has its terms");
            vm.expectRevert(abi.encodeWithSelector(IAgreementBook.SLAUnknownPeriod.selector, agreement, end));
            book.versionAt(agreement, end);
        }
    }

    /// A2: the running period and every earlier one are reported, disputed, finalised and redeemed as ever.
    function test_ARunningPeriodSurvives() public {
        terminate(PROVIDER, 16);
        vm.warp(startOf(16) + GRACE);
        settle(rowOf(agreement, 14, 0, 980_000, 1_000_000));
        ISettlementBook.Row memory last = rowOf(agreement, 15, 0, 980_000, 1_000_000);
        contest(last);
        resolve(last, ISettlementBook.Outcome.Upheld);
        requireBalance(agreement, 500_000, 0, 0);
        vm.prank(TENANT);
        sla.redeemCredit(agreement, INVOICE, 500_000);
        vm.warp(startOf(17) + GRACE);
        refuseRow(rowOf(agreement, 16, 0, 980_000, 1_000_000), IAgreementBook.SLAUnknownPeriod.selector);
    }

    /// A2: a second before a month ends nothing is free any more, nor is anything within the notice.
    function test_TheNoticeIsKeptToTheSecond() public {
        vm.warp(startOf(15) - 1);
        refuse(15, startOf(15), PERIODS);
        vm.warp(startOf(16) - NOTICE + 1);
        refuse(16, startOf(16), PERIODS);
        vm.warp(startOf(16) - NOTICE);
        terminate(PROVIDER, 16);
    }

    function test_RevertWhen_ThePeriodHasBegunOrIsOver() public {
        refuse(14, startOf(14), PERIODS);
        refuse(PERIOD, startOf(PERIOD), PERIODS);
    }

    function test_AnEndOnlyComesNearer() public {
        refuse(PERIODS, startOf(PERIODS), PERIODS); // it ends there already
        terminate(TENANT, 20);
        refuse(20, startOf(20), 20);
        refuse(21, startOf(21), 20);
        terminate(PROVIDER, 19);
        vm.assertEq(19, book.getAgreement(agreement).endPeriod, "end");
    }

    /// Before it begins an agreement can be ended so that it has no period at all, and not before that.
    function test_AnAgreementEndsBeforeItBegins() public {
        IAgreementBook.Terms memory made = terms();
        made.firstPeriod = 20;
        agreement = activate(OTHER, made);
        refuse(19, startOf(19), PERIODS);
        terminate(TENANT, 20);
        vm.expectRevert(abi.encodeWithSelector(IAgreementBook.SLAUnknownPeriod.selector, agreement, 20));
        book.versionAt(agreement, 20);
    }

    /// The notice is the newest version's, in force or not.
    function test_TheNewestVersionsNoticeCounts() public {
        IAgreementBook.Terms memory made = amendment();
        made.firstPeriod = 30;
        made.noticeSeconds = 3 * PERIOD_SECONDS;
        amend(made);
        vm.expectRevert(invalidEnd(17, startOf(17), block.timestamp + 3 * PERIOD_SECONDS, PERIODS));
        terminate(PROVIDER, 17);
        terminate(PROVIDER, 18);
    }

    function testFuzz_RevertWhen_TheCallerIsNoParty(address caller) public {
        vm.assume(caller != PROVIDER && caller != TENANT);
        vm.expectRevert(unauthorizedParty(agreement, caller));
        terminate(caller, 20);
    }

    function test_RevertWhen_TheAgreementIsUnknown() public {
        agreement = OTHER;
        vm.expectRevert(abi.encodeWithSelector(IAgreementBook.SLAUnknownAgreement.selector, OTHER));
        terminate(PROVIDER, 20);
    }

    function test_RevertWhen_TheCalendarHasNoSuchBound() public {
        bytes memory error_ =
            abi.encodeWithSelector(IAgreementBook.SLAUnknownBound.selector, calendar, PERIODS + 1, PERIODS + 1);
        vm.expectRevert(error_);
        terminate(PROVIDER, PERIODS + 1);
    }

    function refuse(uint32 end, uint48 endsAt, uint32 present) internal {
        vm.expectRevert(invalidEnd(end, endsAt, block.timestamp + NOTICE, present));
        terminate(PROVIDER, end);
    }

    function invalidEnd(uint32 end, uint48 endsAt, uint256 earliest, uint32 present)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IAgreementBook.SLAInvalidEnd.selector, agreement, end, endsAt, earliest, present
        );
    }
}
