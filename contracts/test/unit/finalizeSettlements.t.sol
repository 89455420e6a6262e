// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {bound, vm} from "../support/Vm.sol";

contract FinalizeSettlementsTest is Fixture {
    bytes32 internal constant CAPPED = keccak256("capped agreement");
    uint32 internal constant CAP_PPM = 300_000;
    uint96 internal constant CAP = 300_000; // floor of 300,000.9

    function test_AnyoneMakesAnUndisputedReportFinal() public {
        bytes32 id = submit(report());
        closeWindow();
        vm.expectEmit(address(sla));
        emit ISlaSettlement.SettlementFinalized(id, AGREEMENT, 250_000, 0);
        vm.expectEmit(address(sla));
        emit ISlaSettlement.CreditAccrued(AGREEMENT, id, 250_000);
        vm.prank(STRANGER);
        sla.finalizeSettlements(one(id));

        requireState(id, ISlaSettlement.SettlementState.Final);
        vm.assertEq(250_000, sla.getSettlement(id).creditedMinor, "credited");
        vm.assertEq(250_000, sla.balanceOf(AGREEMENT).accrued, "accrued");
    }

    function test_RevertWhen_Paused() public {
        bytes32 id = submit(report());
        closeWindow();
        pause();
        vm.expectRevert(enforcedPause());
        finalize(id);
    }

    function test_RevertWhen_TheBatchIsEmptyOrTooLarge() public {
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAEmptyBatch.selector));
        sla.finalizeSettlements(new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLABatchTooLarge.selector, 201, 200));
        sla.finalizeSettlements(new bytes32[](201));
    }

    function test_RevertWhen_TheWindowIsOpen() public {
        bytes32 id = submit(report());
        vm.expectRevert(
            abi.encodeWithSelector(
                ISlaSettlement.SLADisputeWindowOpen.selector, id, NOW + WINDOW, 1_000_000 + WINDOW_BLOCKS
            )
        );
        finalize(id);
    }

    function test_RevertWhen_NotReported() public {
        bytes32 id = submit(report());
        refuse(keccak256("nothing"), ISlaSettlement.SettlementState.None);
        uint256 reported = vm.snapshotState();
        dispute(id);
        closeWindow();
        refuse(id, ISlaSettlement.SettlementState.Disputed);
        resolve(id, ISlaSettlement.Outcome.Rejected, 0, 0);
        refuse(id, ISlaSettlement.SettlementState.Voided);
        vm.revertToState(reported);
        closeWindow();
        finalize(id);
        refuse(id, ISlaSettlement.SettlementState.Final);
    }

    function test_RevertWhen_OneBatchHoldsASettlementTwice() public {
        bytes32[] memory twice = new bytes32[](2);
        twice[0] = twice[1] = submit(report());
        closeWindow();
        vm.expectRevert(unexpected(twice[0], ISlaSettlement.SettlementState.Final));
        sla.finalizeSettlements(twice);
        vm.assertEq(0, sla.balanceOf(AGREEMENT).accrued, "accrued");
    }

    // ------------------------------------------------------------------------------------------------------ the cap

    function test_TheCapCutsTheLaterSloAndSaysSo() public {
        bytes32[] memory ids = breachTwoSlos(980_000, 980_000);
        vm.expectEmit(address(sla));
        emit ISlaSettlement.SettlementFinalized(ids[0], CAPPED, 250_000, 0);
        vm.expectEmit(address(sla));
        emit ISlaSettlement.CreditAccrued(CAPPED, ids[0], 250_000);
        vm.expectEmit(address(sla));
        emit ISlaSettlement.SettlementFinalized(ids[1], CAPPED, 50_000, 200_000);
        vm.expectEmit(address(sla));
        emit ISlaSettlement.CreditAccrued(CAPPED, ids[1], 50_000);
        sla.finalizeSettlements(ids);

        vm.assertEq(250_000, sla.getSettlement(ids[1]).creditMinor, "the credit by the bands stays visible");
        vm.assertEq(50_000, sla.getSettlement(ids[1]).creditedMinor, "credited");
        vm.assertEq(CAP, sla.balanceOf(CAPPED).accrued, "accrued");
    }

    /// Whatever three breaches and whichever comes first, a period's credits sum up to the smaller of their sum and the cap.
    function testFuzz_ThePeriodTotalDoesNotDependOnTheOrder(uint64[3] memory good, uint256 first, uint32 capPpm) public {
        capPpm = uint32(bound(capPpm, 1, 1_000_000));
        activate(CAPPED, termsOf(3, capPpm));
        bytes32[] memory ids = new bytes32[](3);
        uint256 sum = 0;
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 sloId = bytes32(uint256(SLO) + i);
            uint64 count = uint64(bound(good[i], 0, 998_999));
            bytes32 id = submit(reportOf(CAPPED, sloId, START, END, count, 1_000_000));
            ids[(first % 3 + i) % 3] = id;
            sum += sla.getSettlement(id).creditMinor;
        }
        closeWindow();
        sla.finalizeSettlements(ids);
        uint256 cap = uint256(FEE) * capPpm / 1_000_000;
        vm.assertEq(sum < cap ? sum : cap, sla.balanceOf(CAPPED).accrued, "accrued");
    }

    /// The shortcut for agreements whose worst credits stay within the cap must not reach one that is a ppm above it.
    function test_TheCapBindsFromTheFirstPpmOn() public {
        for (uint32 below = 0; below < 2; ++below) {
            bytes32 agreementId = keccak256(abi.encode("edge", below));
            activate(agreementId, termsOf(1, 1_000_000 - below)); // the worst credit is the whole fee
            bytes32 id = submit(reportOf(agreementId, SLO, START, END, 0, 1));
            closeWindow();
            finalize(id);
            vm.assertEq(FEE - 2 * below, sla.balanceOf(agreementId).accrued, "floor of 1,000,001.99...");
        }
    }

    function test_TheCapIsPerPeriod() public {
        bytes32[] memory ids = breachTwoSlos(980_000, 980_000);
        ISlaSettlement.Report memory next = reportOf(CAPPED, SLO, START - 30 * DAY, START, 980_000, 1_000_000);
        bytes32 other = submit(next);
        closeWindow();
        sla.finalizeSettlements(ids);
        finalize(other);
        vm.assertEq(250_000, sla.getSettlement(other).creditedMinor, "another period has its own cap");
    }

    function test_TheCapHoldsForRulingsToo() public {
        activate(CAPPED, termsOf(2, CAP_PPM));
        bytes32 id = submit(reportOf(CAPPED, SLO, START, END, 980_000, 1_000_000));
        dispute(id);
        resolve(id, ISlaSettlement.Outcome.Corrected, 1, 2);
        vm.assertEq(FEE, sla.getSettlement(id).creditMinor, "by the bands");
        vm.assertEq(CAP, sla.balanceOf(CAPPED).accrued, "accrued");
    }

    // ------------------------------------------------------------------------------------------------------ batches

    /// A batch of n leaves the same state as n single calls.
    function testFuzz_ABatchEqualsSingleCalls(uint256 seed, uint256 size) public {
        size = bound(size, 1, 8);
        activate(CAPPED, termsOf(2, CAP_PPM));
        ISlaSettlement.Report[] memory list = new ISlaSettlement.Report[](size);
        bytes32[] memory ids = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) {
            uint48 start = START - uint48(i / 2) * DAY;
            uint64 good = uint64(uint256(keccak256(abi.encode(seed, i))) % 999_000);
            list[i] = reportOf(CAPPED, bytes32(uint256(SLO) + i % 2), start, start + DAY, good, 1_000_000);
            ids[i] = idOf(list[i]);
        }
        uint256 before = vm.snapshotState();
        submitAll(list);
        closeWindow();
        sla.finalizeSettlements(ids);
        bytes32 batched = digestOf(ids);
        vm.revertToState(before);

        for (uint256 i = 0; i < size; ++i) submit(list[i]);
        closeWindow();
        for (uint256 i = 0; i < size; ++i) finalize(ids[i]);
        vm.assertEq(batched, digestOf(ids), "state");
    }

    function digestOf(bytes32[] memory ids) internal view returns (bytes32 digest) {
        digest = keccak256(abi.encode(sla.balanceOf(CAPPED)));
        for (uint256 i = 0; i < ids.length; ++i) digest = keccak256(abi.encode(digest, sla.getSettlement(ids[i])));
    }

    function breachTwoSlos(uint64 first, uint64 second) internal returns (bytes32[] memory ids) {
        activate(CAPPED, termsOf(2, CAP_PPM));
        ids = new bytes32[](2);
        ids[0] = submit(reportOf(CAPPED, SLO, START, END, first, 1_000_000));
        ids[1] = submit(reportOf(CAPPED, bytes32(uint256(SLO) + 1), START, END, second, 1_000_000));
        closeWindow();
    }

    function refuse(bytes32 settlementId, ISlaSettlement.SettlementState state) internal {
        vm.expectRevert(unexpected(settlementId, state));
        finalize(settlementId);
    }

    function unexpected(bytes32 settlementId, ISlaSettlement.SettlementState state)
        internal
        pure
        returns (bytes memory)
    {
        uint256 expected = 1 << uint8(ISlaSettlement.SettlementState.Reported);
        return abi.encodeWithSelector(
            ISlaSettlement.SLASettlementUnexpectedState.selector, settlementId, state, expected
        );
    }
}
