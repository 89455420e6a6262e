// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Fixture} from "../support/Fixture.sol";
import {vm} from "../support/Vm.sol";

contract AdministrationTest is Fixture {
    function testFuzz_OnlyTheGuardianPauses(address caller) public {
        vm.assume(caller != GUARDIAN);
        vm.expectRevert(missingRole(caller, sla.GUARDIAN_ROLE()));
        vm.prank(caller);
        sla.pause();
    }

    /// The key that stops everything cannot start it again: it is the fast one, so it is the one that may leak.
    function testFuzz_OnlyTheAdminUnpauses(address caller) public {
        vm.assume(caller != ADMIN);
        pause();
        vm.expectRevert(missingRole(caller, sla.DEFAULT_ADMIN_ROLE()));
        vm.prank(caller);
        sla.unpause();
    }

    function test_PauseAndUnpauseAlternate() public {
        vm.expectRevert(abi.encodeWithSignature("ExpectedPause()"));
        vm.prank(ADMIN);
        sla.unpause();
        pause();
        vm.expectRevert(enforcedPause());
        vm.prank(GUARDIAN);
        sla.pause();
    }

    /// The clock of dispute windows is the time of the blocks minus every pause, however many there are.
    function testFuzz_UnpausedTimeSkipsEveryPause(uint16[6] memory spans) public {
        uint256 expected = NOW;
        for (uint256 i = 0; i < 6; ++i) {
            if (i % 2 == 1) pause();
            vm.warp(block.timestamp + spans[i]);
            if (i % 2 == 0) expected += spans[i];
            vm.assertEq(expected, sla.unpausedTime(), "clock");
            if (i % 2 == 1) unpause();
            vm.assertEq(expected, sla.unpausedTime(), "clock after");
        }
    }

    function test_TheAdminChangesInTwoStepsAfterTheDelay() public {
        vm.prank(ADMIN);
        sla.beginDefaultAdminTransfer(STRANGER);
        vm.warp(NOW + ADMIN_DELAY);
        vm.expectRevert(
            abi.encodeWithSignature("AccessControlEnforcedDefaultAdminDelay(uint48)", NOW + ADMIN_DELAY)
        );
        vm.prank(STRANGER);
        sla.acceptDefaultAdminTransfer();
        vm.warp(NOW + ADMIN_DELAY + 1);
        vm.prank(STRANGER);
        sla.acceptDefaultAdminTransfer();
        vm.assertEq(STRANGER, sla.defaultAdmin(), "admin");
    }

    function testFuzz_OnlyTheAdminGrantsRoles(address caller) public {
        vm.assume(caller != ADMIN);
        bytes32 role = sla.BILLING_ROLE();
        vm.expectRevert(missingRole(caller, sla.DEFAULT_ADMIN_ROLE()));
        vm.prank(caller);
        sla.grantRole(role, caller);
    }
}
