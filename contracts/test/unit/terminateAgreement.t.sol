// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {bound, vm} from "../support/Vm.sol";

contract TerminateAgreementTest is Fixture {
    function test_EitherPartyEndsIt() public {
        address[2] memory parties = [PROVIDER, TENANT];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 before = vm.snapshotState();
            vm.expectEmit(address(sla));
            emit ISlaSettlement.AgreementTerminated(AGREEMENT, parties[i], NOW);
            terminate(parties[i], NOW);
            (ISlaSettlement.AgreementState state,) = sla.getAgreement(AGREEMENT);
            vm.assertEq(uint256(ISlaSettlement.AgreementState.Terminated), uint256(state), "state");
            vm.assertEq(NOW, sla.agreementEndsAt(AGREEMENT), "end");
            vm.revertToState(before);
        }
    }

    function test_RevertWhen_Paused() public {
        pause();
        vm.expectRevert(enforcedPause());
        terminate(TENANT, NOW);
    }

    function testFuzz_RevertWhen_CallerIsNoParty(address caller) public {
        vm.assume(caller != PROVIDER && caller != TENANT);
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAUnauthorizedParty.selector, AGREEMENT, caller));
        terminate(caller, NOW);
    }

    function testFuzz_RevertWhen_TheEndIsInThePast(uint48 endsAt) public {
        endsAt = uint48(bound(endsAt, 0, NOW - 1));
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAInvalidEnd.selector, endsAt, NOW));
        terminate(TENANT, endsAt);
    }

    function test_RevertWhen_ItHasEndedAlready() public {
        terminate(TENANT, NOW);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISlaSettlement.SLAAgreementUnexpectedState.selector,
                AGREEMENT,
                ISlaSettlement.AgreementState.Terminated,
                uint256(1) << uint8(ISlaSettlement.AgreementState.Active)
            )
        );
        terminate(PROVIDER, NOW + 1);
    }

    function test_PeriodsUpToTheEndAreStillSettledAndRedeemed() public {
        terminate(PROVIDER, NOW);
        bytes32 id = submit(report());
        closeWindow();
        finalize(id);
        vm.prank(BILLING);
        sla.redeemCredit(AGREEMENT, INVOICE, 1);
        vm.assertEq(1, sla.balanceOf(AGREEMENT).redeemed, "redeemed");
    }

    function test_PeriodsPastTheEndAreRefused() public {
        uint48 endsAt = NOW + 5 * DAY;
        terminate(PROVIDER, endsAt);
        vm.warp(NOW + 60 * DAY);
        ISlaSettlement.Report memory late = reportOf(AGREEMENT, SLO, NOW, endsAt + 1, 1, 2);
        refuseReport(
            late,
            abi.encodeWithSelector(ISlaSettlement.SLAInvalidPeriod.selector, NOW, endsAt + 1, STARTS_AT, endsAt)
        );
        late.periodEnd = endsAt;
        requireState(submit(late), ISlaSettlement.SettlementState.Reported);
    }

    function terminate(address caller, uint48 endsAt) internal {
        vm.prank(caller);
        sla.terminateAgreement(AGREEMENT, endsAt);
    }
}
