// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {bound, vm} from "../support/Vm.sol";

contract ResolveDisputeTest is Claims {
    bytes32 internal constant RULING_HASH = keccak256("ruling");
    uint256 internal constant DISPUTED = 1 << 2 | 1 << 3; // by provider, by tenant

    function test_Upheld_IsFinalAtOnceAsItWasReported() public {
        contest(row());
        expectRuling(row(), ISettlementBook.Outcome.Upheld, 250_000, RULING_HASH);
        expectFinality(row(), 250_000, 250_000);
        ruleOn(row(), ISettlementBook.Outcome.Upheld);
        requireEvents(2);
        vm.assertEq(
            abi.encode(
                settlementOf(row(), ISettlementBook.State.Final, 250_000, NOW + WINDOW, BLOCK + WINDOW_BLOCKS)
            ),
            abi.encode(standing(row())),
            "settlement"
        );
        requireBalance(agreement, 250_000, 0, 0);
    }

    /// The arbiter sees the row it upholds: any other one is refused, even one that credits the same.
    function testFuzz_Upheld_RevertWhen_TheRowIsNotTheReportedOne(uint256 pick) public {
        contest(row());
        ISettlementBook.Row memory item = row();
        if (pick % 3 == 0) item.good -= 1;
        if (pick % 3 == 1) item.valid += 1;
        if (pick % 3 == 2) item.documentHash = keccak256(abi.encode(pick));
        vm.expectRevert(
            abi.encodeWithSelector(
                ISettlementBook.SLARowMismatch.selector, bytes20(sla.rowHash(item)), bytes20(sla.rowHash(row()))
            )
        );
        ruleOn(item, ISettlementBook.Outcome.Upheld);
    }

    function test_Corrected_IsFinalAtOnceWithTheRulingsRow() public {
        contest(row());
        ISettlementBook.Row memory ruled = rowOf(agreement, PERIOD, 0, 1, 2);
        ISettlementBook.Row memory inForce = restated(ruled, 2, 1);
        expectRuling(inForce, ISettlementBook.Outcome.Corrected, 1_000_000, RULING_HASH);
        expectFinality(inForce, FEE, int96(uint96(FEE)));
        ruleOn(ruled, ISettlementBook.Outcome.Corrected);
        requireEvents(2);
        vm.assertEq(
            abi.encode(
                settlementOf(inForce, ISettlementBook.State.Final, 1_000_000, NOW + WINDOW, BLOCK + WINDOW_BLOCKS)
            ),
            abi.encode(standing(row())),
            "settlement"
        );
        requireBalance(agreement, FEE, 0, 0);
    }

    function test_Corrected_MaySayThatNothingIsOwed() public {
        contest(row());
        ruleOn(rowOf(agreement, PERIOD, 0, 0, 0), ISettlementBook.Outcome.Corrected);
        requireState(row(), ISettlementBook.State.Final);
        requireBalance(agreement, 0, 0, 0);
        ISettlementBook.Row memory other = rowOf(agreement, PERIOD + 1, 0, 1, 2);
        contest(other);
        ruleOn(rowOf(agreement, PERIOD + 1, 0, 999_000, 1_000_000), ISettlementBook.Outcome.Corrected);
        requireState(other, ISettlementBook.State.Final);
        requireBalance(agreement, 0, 0, 0);
    }

    function test_Corrected_RevertWhen_CountsAreImpossibleOrWithoutADocument() public {
        contest(row());
        ISettlementBook.Row memory item = rowOf(agreement, PERIOD, 0, 3, 2);
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAInvalidCounts.selector));
        ruleOn(item, ISettlementBook.Outcome.Corrected);
        item = row();
        item.documentHash = 0;
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLANoEvidence.selector));
        ruleOn(item, ISettlementBook.Outcome.Corrected);
    }

    /// The thirty-first revision can be upheld or rejected, and not corrected.
    function test_Corrected_RevertWhen_RevisionsAreExhausted() public {
        ISettlementBook.Row memory item = row();
        for (uint8 revision = 1; revision <= 31; ++revision) {
            item.revision = revision;
            take(item);
        }
        dispute(item, TENANT);
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLARevisionsExhausted.selector));
        ruleOn(item, ISettlementBook.Outcome.Corrected);
        ruleOn(item, ISettlementBook.Outcome.Upheld);
        requireState(item, ISettlementBook.State.Final);
    }

    function test_Rejected_IsVoidAndCreditsNothing() public {
        contest(row());
        ISettlementBook.Row memory empty = row();
        (empty.good, empty.valid, empty.documentHash) = (0, 0, 0);
        expectRuling(empty, ISettlementBook.Outcome.Rejected, 0, RULING_HASH);
        ruleOn(rowOf(agreement, PERIOD, 0, 7, 3), ISettlementBook.Outcome.Rejected); // only name and revision are read
        requireEvents(1);
        vm.assertEq(
            abi.encode(settlementOf(row(), ISettlementBook.State.Voided, 0, NOW + WINDOW, BLOCK + WINDOW_BLOCKS)),
            abi.encode(standing(row())),
            "settlement"
        );
        requireBalance(agreement, 0, 0, 0);
        closeWindow();
        refuseFinality(row(), ISettlementBook.SLASettlementUnexpectedState.selector);
    }

    function test_ARestatementIsRuledOnByItsDifference() public {
        settle(row());
        ISettlementBook.Row memory again = restated(row(), 2, 1);
        contest(again);
        expectRuling(again, ISettlementBook.Outcome.Upheld, 1_000_000, RULING_HASH);
        expectFinality(again, FEE, int96(uint96(FEE)) - 250_000);
        ruleOn(again, ISettlementBook.Outcome.Upheld);
        requireBalance(agreement, FEE, 0, 0);

        again = restated(row(), 3, 2);
        contest(again);
        again.good = 1_000_000;
        ruleOn(again, ISettlementBook.Outcome.Corrected);
        vm.assertEq(uint256(4), standing(again).revision, "revision of the ruling");
        requireBalance(agreement, FEE, FEE, 0);
    }

    /// A5: exactly one of ruling and default is open to a dispute; from the deadline on the report stands.
    function testFuzz_ExactlyOneOfRulingAndDefaultIsOpen(uint256 second, uint256 blocks) public {
        contest(row());
        uint256 deadline = NOW + WINDOW + RULING;
        second = bound(second, deadline - 2, deadline + 2);
        blocks = bound(blocks, BLOCK + WINDOW_BLOCKS - 2, BLOCK + WINDOW_BLOCKS + 2);
        vm.warp(second);
        vm.roll(blocks);
        bool over = second >= deadline && blocks >= BLOCK + WINDOW_BLOCKS;
        uint256 before = vm.snapshotState();
        bytes32 refused = bytes32(finalize(row()));
        vm.assertEq(over ? bytes32(0) : bytes32(ISettlementBook.SLARulingPending.selector), refused, "default");
        vm.revertToState(before);
        if (over) vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLARulingTooLate.selector, deadline));
        ruleOn(row(), ISettlementBook.Outcome.Rejected);
    }

    function test_APauseStopsTheRulingsClock() public {
        contest(row());
        vm.roll(BLOCK + WINDOW_BLOCKS);
        vm.warp(NOW + WINDOW + RULING - 1);
        pause();
        vm.warp(NOW + WINDOW + RULING + 30 * DAY);
        unpause();
        refuseFinality(row(), ISettlementBook.SLARulingPending.selector);
        ruleOn(row(), ISettlementBook.Outcome.Upheld);
    }

    function test_RevertWhen_Paused() public {
        contest(row());
        pause();
        vm.expectRevert(enforcedPause());
        ruleOn(row(), ISettlementBook.Outcome.Upheld);
    }

    function testFuzz_RevertWhen_TheCallerIsNotTheArbiter(address caller) public {
        vm.assume(caller != ARBITER);
        contest(row());
        vm.expectRevert(unauthorizedRole(ISettlementBook.Role.Arbiter, caller));
        vm.prank(caller);
        sla.resolveDispute(row(), ISettlementBook.Outcome.Upheld, RULING_HASH);
    }

    /// The arbiter touches nothing that nobody disputes.
    function test_RevertWhen_ItIsNotDisputed() public {
        for (uint8 i = 0; i < 3; ++i) {
            ISettlementBook.Outcome outcome = ISettlementBook.Outcome(i);
            uint256 before = vm.snapshotState();
            take(row());
            vm.expectRevert(unexpectedState(ISettlementBook.State.Reported));
            ruleOn(row(), outcome);
            closeWindow();
            finalize(row());
            vm.expectRevert(unexpectedState(ISettlementBook.State.Final));
            ruleOn(row(), outcome);
            vm.revertToState(before);
            contest(row());
            ruleOn(row(), ISettlementBook.Outcome.Rejected);
            vm.expectRevert(unexpectedState(ISettlementBook.State.Voided));
            ruleOn(row(), outcome);
            vm.revertToState(before);
        }
    }

    function test_RevertWhen_NoWordHasTheRevision() public {
        contest(row());
        ISettlementBook.Row memory item = restated(row(), 2, 1);
        vm.expectRevert(unexpectedRevision(2, 1));
        ruleOn(item, ISettlementBook.Outcome.Corrected);
        item.slo = 200;
        vm.expectRevert(unexpectedRevision(2, 0));
        ruleOn(item, ISettlementBook.Outcome.Corrected);
    }

    function ruleOn(ISettlementBook.Row memory item, ISettlementBook.Outcome outcome) internal {
        resolve(item, outcome);
    }

    function expectRuling(
        ISettlementBook.Row memory item,
        ISettlementBook.Outcome outcome,
        uint32 creditPpm,
        bytes32 hash
    ) internal {
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.DisputeResolved(
            item.agreementId,
            item.period,
            item.slo,
            outcome,
            item.revision,
            item.good,
            item.valid,
            item.documentHash,
            creditPpm,
            hash
        );
    }

    function expectFinality(ISettlementBook.Row memory item, uint80 periodMinor, int96 deltaMinor) internal {
        vm.expectEmit(address(sla));
        emit ISettlementBook.SettlementFinalized(
            item.agreementId, item.period, item.slo, item.revision, periodMinor, deltaMinor, false
        );
    }
}
