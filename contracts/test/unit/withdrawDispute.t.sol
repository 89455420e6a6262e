// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {vm} from "../support/Vm.sol";

contract WithdrawDisputeTest is Claims {
    function test_TheReportIsAsItWas() public {
        take(row());
        bytes memory before = stateOf(row());
        for (uint256 i = 0; i < 2; ++i) {
            address party = i == 0 ? PROVIDER : TENANT;
            dispute(row(), party);
            vm.recordLogs();
            vm.expectEmit(address(sla));
            emit ISettlementBook.DisputeWithdrawn(agreement, PERIOD, 0, 1, party);
            withdraw(row(), party);
            requireEvents(1);
            vm.assertEq(before, stateOf(row()), "state");
        }
    }

    /// The window is what it was: still open, it can be disputed again; closed, it is final at once.
    function test_TheWindowIsWhatItWas() public {
        contest(row());
        withdraw(row(), TENANT);
        dispute(row(), PROVIDER);
        closeWindow();
        withdraw(row(), PROVIDER);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISettlementBook.SLADisputeWindowClosed.selector, NOW + WINDOW, BLOCK + WINDOW_BLOCKS
            )
        );
        dispute(row(), TENANT);
        vm.assertEq(bytes32(0), bytes32(finalize(row())), "final");
    }

    function test_WorksWhilePaused() public {
        contest(row());
        pause();
        withdraw(row(), TENANT);
        requireState(row(), ISettlementBook.State.Reported);
    }

    function test_ARestatementsDisputeIsWithdrawn() public {
        settle(row());
        ISettlementBook.Row memory again = restated(row(), 2, 1);
        contest(again);
        withdraw(again, TENANT);
        vm.assertEq(uint256(ISettlementBook.State.Reported), uint256(pending(again).state), "reported again");
        closeWindow();
        vm.assertEq(bytes32(0), bytes32(finalize(again)), "final");
    }

    function test_TheOthersObjectionStays() public {
        for (uint256 i = 0; i < 2; ++i) {
            uint256 before = vm.snapshotState();
            take(row());
            dispute(row(), PROVIDER);
            dispute(row(), TENANT);
            withdraw(row(), i == 0 ? PROVIDER : TENANT);
            requireState(
                row(), i == 0 ? ISettlementBook.State.DisputedByTenant : ISettlementBook.State.DisputedByProvider
            );
            withdraw(row(), i == 0 ? TENANT : PROVIDER);
            requireState(row(), ISettlementBook.State.Reported);
            vm.revertToState(before);
        }
    }

    function test_RevertWhen_TheOtherPartyDisputed() public {
        contest(row());
        bytes memory error_ = unexpectedState(ISettlementBook.State.DisputedByTenant);
        vm.expectRevert(error_);
        withdraw(row(), PROVIDER);
    }

    function test_RevertWhen_ItIsNotDisputed() public {
        take(row());
        vm.expectRevert(unexpectedState(ISettlementBook.State.Reported));
        withdraw(row(), TENANT);
        dispute(row(), TENANT);
        resolve(row(), ISettlementBook.Outcome.Upheld);
        vm.expectRevert(unexpectedState(ISettlementBook.State.Final));
        withdraw(row(), TENANT);
    }

    function test_RevertWhen_NoWordHasTheRevision() public {
        contest(row());
        ISettlementBook.Row memory item = row();
        item.revision = 2;
        vm.expectRevert(unexpectedRevision(2, 1));
        withdraw(item, TENANT);
    }

    function testFuzz_RevertWhen_TheCallerIsNoParty(address caller) public {
        vm.assume(caller != PROVIDER && caller != TENANT);
        contest(row());
        vm.expectRevert(unauthorizedParty(agreement, caller));
        withdraw(row(), caller);
    }
}
