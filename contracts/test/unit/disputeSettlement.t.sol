// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {bound, vm} from "../support/Vm.sol";

contract DisputeSettlementTest is Claims {
    function test_EitherPartyObjects() public {
        take(row());
        for (uint256 i = 0; i < 2; ++i) {
            uint256 before = vm.snapshotState();
            address party = i == 0 ? PROVIDER : TENANT;
            vm.recordLogs();
            vm.expectEmit(address(sla));
            emit ISettlementBook.SettlementDisputed(agreement, PERIOD, 0, 1, party, keccak256("why"), keccak256("own"));
            vm.prank(party);
            sla.disputeSettlement(keyOf(row()), 1, keccak256("why"), keccak256("own"));
            requireEvents(1);
            ISettlementBook.State state =
                i == 0 ? ISettlementBook.State.DisputedByProvider : ISettlementBook.State.DisputedByTenant;
            vm.assertEq(
                abi.encode(settlementOf(row(), state, 250_000, NOW + WINDOW, BLOCK + WINDOW_BLOCKS)),
                abi.encode(standing(row())),
                "only the state changed"
            );
            vm.revertToState(before);
        }
    }

    /// 27: a provider that objects first and takes it back when the window is closed has not taken the tenant's turn.
    function test_OneObjectionDoesNotSilenceTheOther() public {
        take(row());
        dispute(row(), PROVIDER);
        dispute(row(), TENANT);
        requireState(row(), ISettlementBook.State.DisputedByBoth);
        closeWindow();
        withdraw(row(), PROVIDER);
        requireState(row(), ISettlementBook.State.DisputedByTenant);
        refuseFinality(row(), ISettlementBook.SLARulingPending.selector);
    }

    function test_WorksWhilePaused() public {
        take(row());
        pause();
        dispute(row(), TENANT);
        requireState(row(), ISettlementBook.State.DisputedByTenant);
    }

    function test_ARestatementBesideAFinalOneIsDisputed() public {
        settle(row());
        ISettlementBook.Row memory again = restated(row(), 2, 1);
        contest(again);
        requireState(again, ISettlementBook.State.Final);
        vm.assertEq(
            uint256(ISettlementBook.State.DisputedByTenant), uint256(pending(again).state), "the restatement is disputed"
        );
    }

    function test_RevertWhen_ItIsAtAnEndOrTheCallerObjects() public {
        ISettlementBook.Row memory item = row();
        contest(item);
        refuse(item, TENANT, unexpectedState(ISettlementBook.State.DisputedByTenant));
        dispute(item, PROVIDER);
        refuse(item, PROVIDER, unexpectedState(ISettlementBook.State.DisputedByBoth));
        refuse(item, TENANT, unexpectedState(ISettlementBook.State.DisputedByBoth));
        resolve(item, ISettlementBook.Outcome.Rejected);
        refuse(item, TENANT, unexpectedState(ISettlementBook.State.Voided));
        item = rowOf(agreement, PERIOD + 1, 0, 1, 2);
        settle(item);
        refuse(item, TENANT, unexpectedState(ISettlementBook.State.Final));
        take(restated(item, 2, 1));
        refuse(item, TENANT, unexpectedState(ISettlementBook.State.Final));
    }

    /// The error names the newest revision, so that a party sees what it can object to.
    function test_RevertWhen_NoWordHasTheRevision() public {
        ISettlementBook.Row memory item = row();
        refuse(item, TENANT, unexpectedRevision(1, 0));
        item.revision = 0;
        refuse(item, TENANT, unexpectedRevision(0, 0));
        take(row());
        refuse(item, TENANT, unexpectedRevision(0, 1));
        item.revision = 2;
        refuse(item, TENANT, unexpectedRevision(2, 1));
        take(restated(row(), 2, 1));
        refuse(row(), TENANT, unexpectedRevision(1, 2)); // a restatement took its place
        closeWindow();
        finalize(item);
        take(restated(row(), 3, 1));
        item.revision = 4;
        refuse(item, TENANT, unexpectedRevision(4, 3));
    }

    function test_RevertWhen_TheSloHasNoWord() public {
        refuse(rowOf(agreement, PERIOD, 1, 1, 2), TENANT, unexpectedRevision(1, 0));
        refuse(rowOf(agreement, PERIOD, 8, 1, 2), TENANT, unexpectedRevision(1, 0));
        refuse(rowOf(agreement, PERIOD, 255, 1, 2), TENANT, unexpectedRevision(1, 0));
        settle(row());
        take(restated(row(), 2, 1)); // lies where a ninth SLO's word would
        ISettlementBook.Row memory ninth = rowOf(agreement, PERIOD, 8, 1, 2);
        ninth.revision = 2;
        refuse(ninth, TENANT, unexpectedRevision(2, 0));
    }

    function testFuzz_RevertWhen_TheCallerIsNoParty(address caller) public {
        vm.assume(caller != PROVIDER && caller != TENANT);
        take(row());
        refuse(row(), caller, unauthorizedParty(agreement, caller));
    }

    /// A window is closed when its seconds and its blocks have passed; then, and only then, it can be finalised.
    function testFuzz_ExactlyOneOfDisputeAndFinalityIsOpen(uint256 second, uint256 blocks) public {
        take(row());
        second = bound(second, NOW + WINDOW - 2, NOW + WINDOW + 2);
        blocks = bound(blocks, BLOCK + WINDOW_BLOCKS - 2, BLOCK + WINDOW_BLOCKS + 2);
        vm.warp(second);
        vm.roll(blocks);
        bool closed = second >= NOW + WINDOW && blocks >= BLOCK + WINDOW_BLOCKS;
        uint256 before = vm.snapshotState();
        bytes32 refused = bytes32(finalize(row()));
        vm.assertEq(closed ? bytes32(0) : bytes32(ISettlementBook.SLADisputeWindowOpen.selector), refused, "finality");
        vm.revertToState(before);
        if (closed) refuse(row(), TENANT, windowClosed(NOW + WINDOW));
        else dispute(row(), TENANT);
    }

    /// The first block after a halt may be days later: a party still gets its turn.
    function test_AHaltOfTheChainClosesNothing() public {
        take(row());
        vm.warp(NOW + 3 * WINDOW);
        vm.roll(BLOCK + 1);
        refuseFinality(row(), ISettlementBook.SLADisputeWindowOpen.selector);
        dispute(row(), TENANT);
    }

    /// Every second paused is added, also to a window that would have closed meanwhile.
    function testFuzz_APauseAddsItsSeconds(uint32 paused) public {
        take(row());
        vm.roll(BLOCK + WINDOW_BLOCKS);
        vm.warp(NOW + WINDOW - 1);
        pause();
        vm.warp(NOW + WINDOW - 1 + uint256(paused));
        uint256 during = vm.snapshotState();
        dispute(row(), TENANT);
        vm.revertToState(during);
        unpause();
        refuseFinality(row(), ISettlementBook.SLADisputeWindowOpen.selector);
        vm.warp(block.timestamp + 1);
        refuse(row(), TENANT, windowClosed(NOW + WINDOW));
        vm.assertEq(bytes32(0), bytes32(finalize(row())), "final");
    }

    function refuse(ISettlementBook.Row memory item, address caller, bytes memory error_) internal {
        vm.expectRevert(error_);
        dispute(item, caller);
    }

    function windowClosed(uint48 deadline) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(
            ISettlementBook.SLADisputeWindowClosed.selector, deadline, BLOCK + WINDOW_BLOCKS
        );
    }
}
