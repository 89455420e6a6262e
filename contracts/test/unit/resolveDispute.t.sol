// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {vm} from "../support/Vm.sol";

contract ResolveDisputeTest is Fixture {
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        id = submit(report());
        dispute(id);
    }

    function test_UpheldCreditsTheReport() public {
        expectRuling(ISlaSettlement.Outcome.Upheld, 980_000, 1_000_000, 250_000, 250_000, 1);
        vm.expectEmit(address(sla));
        emit ISlaSettlement.SettlementFinalized(id, AGREEMENT, 250_000, 0);
        vm.expectEmit(address(sla));
        emit ISlaSettlement.CreditAccrued(AGREEMENT, id, 250_000);
        resolve(id, ISlaSettlement.Outcome.Upheld, 1, 2); // counts are read for Corrected only

        requireState(id, ISlaSettlement.SettlementState.Final);
        vm.assertEq(250_000, sla.balanceOf(AGREEMENT).accrued, "accrued");
    }

    function test_CorrectedCreditsTheNewCounts() public {
        expectRuling(ISlaSettlement.Outcome.Corrected, 995, 1_000, 100_000, 100_000, 2);
        resolve(id, ISlaSettlement.Outcome.Corrected, 995, 1_000);

        ISlaSettlement.Settlement memory settlement = sla.getSettlement(id);
        requireState(id, ISlaSettlement.SettlementState.Final);
        vm.assertEq(2, settlement.revision, "revision");
        vm.assertEq(995, settlement.good, "good");
        vm.assertEq(1_000, settlement.valid, "valid");
        vm.assertEq(100_000, settlement.creditedMinor, "credited");
        vm.assertEq(100_000, sla.balanceOf(AGREEMENT).accrued, "accrued");
    }

    function test_RejectedVoidsAndCreditsNothing() public {
        expectRuling(ISlaSettlement.Outcome.Rejected, 980_000, 1_000_000, 250_000, 250_000, 1);
        resolve(id, ISlaSettlement.Outcome.Rejected, 0, 0);

        requireState(id, ISlaSettlement.SettlementState.Voided);
        vm.assertEq(0, sla.balanceOf(AGREEMENT).accrued, "accrued");
        vm.assertEq(0, sla.getSettlement(id).creditedMinor, "credited");
    }

    function test_RevertWhen_CorrectedCountsAreNoBreach() public {
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLANotABreach.selector, 999, 1_000, 999_000));
        resolve(id, ISlaSettlement.Outcome.Corrected, 999, 1_000);
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLANoData.selector, AGREEMENT, SLO));
        resolve(id, ISlaSettlement.Outcome.Corrected, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAInvalidCounts.selector, 2, 1));
        resolve(id, ISlaSettlement.Outcome.Corrected, 2, 1);
    }

    function testFuzz_RevertWhen_CallerIsNotAnArbiter(address caller) public {
        vm.assume(caller != ARBITER);
        vm.expectRevert(missingRole(caller, sla.ARBITER_ROLE()));
        vm.prank(caller);
        sla.resolveDispute(id, ISlaSettlement.Outcome.Upheld, 0, 0, 0);
    }

    function test_RevertWhen_Paused() public {
        pause();
        vm.expectRevert(enforcedPause());
        resolve(id, ISlaSettlement.Outcome.Upheld, 0, 0);
    }

    function test_RevertWhen_NotDisputed() public {
        bytes32 reported = submit(reportOf(AGREEMENT, SLO, START - DAY, START, 1, 2));
        refuse(keccak256("nothing"), ISlaSettlement.SettlementState.None);
        refuse(reported, ISlaSettlement.SettlementState.Reported);
        uint256 before = vm.snapshotState();
        resolve(id, ISlaSettlement.Outcome.Upheld, 0, 0);
        refuse(id, ISlaSettlement.SettlementState.Final);
        vm.revertToState(before);
        resolve(id, ISlaSettlement.Outcome.Rejected, 0, 0);
        refuse(id, ISlaSettlement.SettlementState.Voided);
    }

    function refuse(bytes32 settlementId, ISlaSettlement.SettlementState state) internal {
        vm.expectRevert(
            abi.encodeWithSelector(
                ISlaSettlement.SLASettlementUnexpectedState.selector,
                settlementId,
                state,
                1 << uint8(ISlaSettlement.SettlementState.Disputed)
            )
        );
        resolve(settlementId, ISlaSettlement.Outcome.Upheld, 0, 0);
    }

    function expectRuling(
        ISlaSettlement.Outcome outcome,
        uint64 good,
        uint64 valid,
        uint32 creditPpm,
        uint96 creditMinor,
        uint32 revision
    ) internal {
        vm.expectEmit(address(sla));
        emit ISlaSettlement.DisputeResolved(
            id, outcome, good, valid, creditPpm, creditMinor, revision, keccak256("ruling")
        );
    }
}
