// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {bound, vm} from "../support/Vm.sol";

contract DisputeSettlementTest is Fixture {
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        id = submit(report());
    }

    function test_EitherPartyDisputes() public {
        address[2] memory parties = [PROVIDER, TENANT];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 before = vm.snapshotState();
            vm.expectEmit(address(sla));
            emit ISlaSettlement.SettlementDisputed(id, parties[i], keccak256("reason"), keccak256("samples"));
            vm.prank(parties[i]);
            sla.disputeSettlement(id, keccak256("reason"), keccak256("samples"));
            requireState(id, ISlaSettlement.SettlementState.Disputed);
            vm.revertToState(before);
        }
    }

    function testFuzz_RevertWhen_CallerIsNoParty(address caller) public {
        vm.assume(caller != PROVIDER && caller != TENANT);
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAUnauthorizedParty.selector, AGREEMENT, caller));
        vm.prank(caller);
        sla.disputeSettlement(id, 0, 0);
    }

    function test_RevertWhen_NotReported() public {
        refuse(keccak256("nothing"), unexpected(keccak256("nothing"), ISlaSettlement.SettlementState.None));
        dispute(id);
        refuse(id, unexpected(id, ISlaSettlement.SettlementState.Disputed));
        uint256 disputed = vm.snapshotState();
        resolve(id, ISlaSettlement.Outcome.Rejected, 0, 0);
        refuse(id, unexpected(id, ISlaSettlement.SettlementState.Voided));
        vm.revertToState(disputed);
        resolve(id, ISlaSettlement.Outcome.Upheld, 0, 0);
        refuse(id, unexpected(id, ISlaSettlement.SettlementState.Final));
    }

    /// At every second and block around the window's ends, exactly one of dispute and finalise is open.
    function testFuzz_ExactlyOneOfDisputeAndFinalizeIsOpen(uint256 afterSeconds, uint256 afterBlocks) public {
        afterSeconds = bound(afterSeconds, WINDOW - 2, WINDOW + 2);
        afterBlocks = bound(afterBlocks, WINDOW_BLOCKS - 2, WINDOW_BLOCKS + 2);
        vm.warp(NOW + afterSeconds);
        vm.roll(1_000_000 + afterBlocks);
        bool closed = afterSeconds >= WINDOW && afterBlocks >= WINDOW_BLOCKS;

        uint256 before = vm.snapshotState();
        vm.assertTrue(closed != canDispute(), "dispute");
        vm.revertToState(before);
        vm.assertTrue(closed == canFinalize(), "finalise");
    }

    /// The first block after a halt of the chain may carry a time far past the deadline: the tenant still gets a turn.
    function test_WorksAfterAChainHaltThatOutlastedTheDeadline() public {
        vm.warp(NOW + 10 * WINDOW);
        vm.roll(1_000_001);
        vm.assertFalse(canFinalize(), "finalised without a turn for the tenant");
        dispute(id);
        requireState(id, ISlaSettlement.SettlementState.Disputed);
    }

    /// However long a pause lasts, it takes nothing from the window, and disputes stay open in it.
    function testFuzz_APauseTakesNothingFromTheWindow(uint32 pausedFor, uint32 pausedAfter) public {
        pausedAfter = uint32(bound(pausedAfter, 0, WINDOW - 1));
        vm.roll(2_000_000);
        vm.warp(NOW + pausedAfter);
        pause();
        vm.warp(block.timestamp + pausedFor);
        vm.assertEq(NOW + pausedAfter, sla.unpausedTime(), "the clock stands while paused");
        uint256 before = vm.snapshotState();
        vm.assertTrue(canDispute(), "dispute while paused");
        vm.revertToState(before);

        unpause();
        vm.warp(block.timestamp + WINDOW - pausedAfter - 1);
        vm.assertFalse(canFinalize(), "one second early");
        vm.warp(block.timestamp + 1);
        vm.assertFalse(canDispute(), "too late");
        vm.assertTrue(canFinalize(), "on time");
    }

    function canDispute() internal returns (bool) {
        vm.prank(TENANT);
        try sla.disputeSettlement(id, 0, 0) {
            return true;
        } catch (bytes memory reason) {
            vm.assertEq(ISlaSettlement.SLADisputeWindowClosed.selector, bytes4(reason), "reason");
            return false;
        }
    }

    function canFinalize() internal returns (bool) {
        vm.prank(STRANGER);
        try sla.finalizeSettlements(one(id)) {
            return true;
        } catch (bytes memory reason) {
            vm.assertEq(ISlaSettlement.SLADisputeWindowOpen.selector, bytes4(reason), "reason");
            return false;
        }
    }

    function refuse(bytes32 settlementId, bytes memory revertData) internal {
        vm.expectRevert(revertData);
        dispute(settlementId);
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
