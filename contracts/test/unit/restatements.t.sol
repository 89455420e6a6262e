// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {bound, vm} from "../support/Vm.sol";

/// `submitReports` with revision 2 and later.
contract RestatementsTest is Claims {
    /// It takes the report's place and begins its window anew.
    function test_OfAReportTakesItsPlace() public {
        take(row());
        closeWindow(); // the first window is over, and nobody made it final
        ISettlementBook.Row memory again = restated(row(), 2, 995_000);
        bytes[] memory signatures = signaturesFor(one(again), 2);
        uint48 deadline = NOW + 2 * WINDOW;
        uint32 deadlineBlock = BLOCK + 2 * WINDOW_BLOCKS;
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.SettlementReported(
            agreement, PERIOD, 0, 2, 995_000, 1_000_000, again.documentHash, 100_000, deadline, deadlineBlock
        );
        sla.submitReports(one(again), signatures);
        requireEvents(1);
        ISettlementBook.Settlement memory nothing;
        vm.assertEq(
            abi.encode(settlementOf(again, ISettlementBook.State.Reported, 100_000, deadline, deadlineBlock)),
            abi.encode(standing(again)),
            "stands"
        );
        vm.assertEq(abi.encode(nothing), abi.encode(pending(again)), "nothing waits");
        refuseFinality(again, ISettlementBook.SLADisputeWindowOpen.selector);
    }

    /// It waits beside what is final, which stays in force until the restatement is final itself: then the difference is booked.
    function test_OfAFinalSettlementWaitsAndBooksTheDifference() public {
        settle(row());
        requireBalance(agreement, 250_000, 0, 0);
        bytes memory first = abi.encode(standing(row()));
        ISettlementBook.Row memory lower = restated(row(), 2, 995_000);
        take(lower);
        vm.assertEq(first, abi.encode(standing(row())), "the final one stands");
        vm.assertEq(uint256(2), pending(lower).revision, "the restatement waits");
        requireBalance(agreement, 250_000, 0, 0);
        closeWindow();
        finalizeWith(lower, 100_000, -150_000);
        requireBalance(agreement, 250_000, 150_000, 0);

        ISettlementBook.Row memory higher = restated(row(), 3, 0);
        take(higher);
        closeWindow();
        finalizeWith(higher, 1_000_003, 900_003);
        requireBalance(agreement, 1_150_003, 150_000, 0);
        vm.assertEq(FEE, sla.periodCreditOf(agreement, PERIOD), "what the period comes to");
    }

    /// A rejected report is no last word: what k attestors restate is reported beside it.
    function test_OfAVoidedSettlementWaitsAndTakesItsPlace() public {
        contest(row());
        resolve(row(), ISettlementBook.Outcome.Rejected);
        ISettlementBook.Row memory again = restated(row(), 2, 995_000);
        take(again);
        requireState(again, ISettlementBook.State.Voided);
        closeWindow();
        finalizeWith(again, 100_000, 100_000);
        requireBalance(agreement, 100_000, 0, 0);
    }

    function test_MayHaveMetTheObjectiveOrHaveNoData() public {
        settle(row());
        ISettlementBook.Row memory met = restated(row(), 2, 1_000_000);
        take(met);
        closeWindow();
        finalizeWith(met, 0, -250_000);
        ISettlementBook.Row memory none = rowOf(agreement, PERIOD, 0, 0, 0);
        none.revision = 3;
        take(none);
        closeWindow();
        finalizeWith(none, 0, 0);
        requireBalance(agreement, 250_000, 250_000, 0);
    }

    function test_SetsApart_RestatementsWithoutADocumentOrWithImpossibleCounts() public {
        settle(row());
        ISettlementBook.Row memory again = restated(row(), 2, 1_000_001);
        refuseRow(again, ISettlementBook.SLAInvalidCounts.selector);
        again = restated(row(), 2, 1);
        again.documentHash = 0;
        refuseRow(again, ISettlementBook.SLANoEvidence.selector);
    }

    function test_SetsApart_WhileADisputeWaits() public {
        contest(row());
        refuseRow(restated(row(), 2, 1), ISettlementBook.SLASettlementUnexpectedState.selector);
        withdraw(row(), TENANT);
        take(restated(row(), 2, 1));
        dispute(restated(row(), 2, 1), PROVIDER);
        refuseRow(restated(row(), 3, 1), ISettlementBook.SLASettlementUnexpectedState.selector);
    }

    function test_SetsApart_WhileADisputeOfARestatementWaits() public {
        settle(row());
        contest(restated(row(), 2, 1));
        refuseRow(restated(row(), 3, 1), ISettlementBook.SLASettlementUnexpectedState.selector);
    }

    /// Whoever rejected it once is not asked again: the revision is used up, and the final one stands.
    function test_ARejectedOneUsesUpItsRevision() public {
        settle(row());
        bytes memory first = abi.encode(standing(row()));
        ISettlementBook.Row memory again = restated(row(), 2, 1);
        contest(again);
        resolve(again, ISettlementBook.Outcome.Rejected);
        vm.assertEq(first, abi.encode(standing(row())), "the final one stands");
        vm.assertEq(uint256(ISettlementBook.State.Voided), uint256(pending(again).state), "the restatement is void");
        requireBalance(agreement, 250_000, 0, 0);
        refuseRow(again, ISettlementBook.SLASettlementExists.selector);
        refuseFinality(again, ISettlementBook.SLASettlementUnexpectedState.selector);
        take(restated(row(), 3, 2));
        vm.assertEq(uint256(3), pending(again).revision, "the next one takes the void one's place");
    }

    function test_SetsApart_ThirtyOneRevisionsAreAll() public {
        ISettlementBook.Row memory item = row();
        for (uint8 revision = 1; revision <= 31; ++revision) {
            item.revision = revision;
            take(item);
        }
        item.revision = 32;
        refuseRow(item, ISettlementBook.SLARevisionsExhausted.selector);
        item.revision = 0;
        refuseRow(item, ISettlementBook.SLARevisionsExhausted.selector);
        item.revision = 31;
        refuseRow(item, ISettlementBook.SLASettlementExists.selector);
        closeWindow();
        vm.assertEq(bytes32(0), bytes32(finalize(item)), "the last one becomes final");
    }

    function test_SetsApart_ARestatementThatIsTooLate() public {
        settle(row());
        vm.warp(REPORTABLE_AT + RESTATE + 1);
        refuseRow(restated(row(), 2, 1), ISettlementBook.SLAReportTooLate.selector);
        vm.warp(REPORTABLE_AT + RESTATE);
        take(restated(row(), 2, 1));
    }

    /// What was redeemed is never asked back: later credits make it up, and until then nothing is redeemed.
    function test_BelowWhatWasRedeemedIsCarried() public {
        settle(row());
        vm.prank(TENANT);
        sla.redeemCredit(agreement, INVOICE, 250_000);
        settle(restated(row(), 2, 1_000_000));
        requireBalance(agreement, 250_000, 250_000, 250_000);
        vm.assertTrue(outstanding(agreement) == -250_000, "owed back by later credits");

        settle(rowOf(agreement, PERIOD + 1, 0, 995_000, 1_000_000));
        vm.expectRevert(
            abi.encodeWithSelector(ISettlementBook.SLAInsufficientCredit.selector, 1, int96(-150_000))
        );
        vm.prank(TENANT);
        sla.redeemCredit(agreement, OTHER, 1);
        settle(rowOf(agreement, PERIOD + 2, 0, 0, 1));
        vm.prank(TENANT);
        sla.redeemCredit(agreement, OTHER, FEE - 150_000);
        vm.assertTrue(outstanding(agreement) == 0, "made up");
    }

    /// Final, restated and final again any number of times: the balance is what the last counts come to.
    function testFuzz_TheBalanceIsWhatTheLastOnesComeTo(uint64[4] memory good) public {
        ISettlementBook.Row memory item;
        for (uint8 i = 0; i < 4; ++i) {
            uint64 count = uint64(bound(good[i], 0, i == 0 ? 998_999 : 1_000_000));
            item = restated(row(), i + 1, count);
            settle(item);
        }
        uint256 minor = uint256(FEE) * standing(item).creditPpm / 1_000_000;
        vm.assertTrue(outstanding(agreement) == int256(minor), "outstanding");
        vm.assertEq(minor, sla.periodCreditOf(agreement, PERIOD), "period");
    }

    function finalizeWith(ISettlementBook.Row memory item, uint80 periodMinor, int96 deltaMinor) internal {
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.SettlementFinalized(
            item.agreementId, item.period, item.slo, item.revision, periodMinor, deltaMinor, false
        );
        finalize(item);
        requireEvents(1);
        ISettlementBook.Settlement memory nothing;
        vm.assertEq(uint256(item.revision), standing(item).revision, "stands");
        vm.assertEq(abi.encode(nothing), abi.encode(pending(item)), "nothing waits any more");
    }
}
