// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {newSettlementBook} from "../support/Shipped.sol";
import {vm} from "../support/Vm.sol";

/// Holders of roles change by an announcement, a delay, and anybody's hand.
contract RolesTest is Claims {
    address internal constant NEXT = address(0x4E);

    function test_TheFirstHoldersAreTheConstructors() public view {
        address[4] memory holders = [ADMIN, ARBITER, BILLING, GUARDIAN];
        for (uint8 i = 0; i < 4; ++i) vm.assertEq(holders[i], sla.holderOf(ISettlementBook.Role(i)), "holder");
        vm.assertEq(CHANGE_DELAY, sla.changeDelay(), "delay");
        vm.assertEq(address(book), sla.agreementBook(), "agreement book");
    }

    function test_AChangeIsAnnouncedWaitsAndIsAppliedByAnybody() public {
        for (uint8 i = 0; i < 4; ++i) {
            ISettlementBook.Role role = ISettlementBook.Role((i + 1) % 4); // the admin last, or it could announce no more
            address previous = sla.holderOf(role);
            uint48 effectiveAt = uint48(block.timestamp) + CHANGE_DELAY;
            vm.recordLogs();
            vm.expectEmit(address(sla));
            emit ISettlementBook.RoleChangeAnnounced(role, NEXT, effectiveAt);
            announce(role, NEXT);
            requireEvents(1);
            vm.assertEq(previous, sla.holderOf(role), "announcing changes nothing");
            requireAnnounced(role, NEXT, effectiveAt);

            vm.warp(effectiveAt - 1);
            vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAChangeTooEarly.selector, effectiveAt));
            sla.applyRole(role);
            vm.warp(effectiveAt);
            vm.recordLogs();
            vm.expectEmit(address(sla));
            emit ISettlementBook.RoleChanged(role, previous, NEXT);
            vm.prank(STRANGER);
            sla.applyRole(role);
            requireEvents(1);
            vm.assertEq(NEXT, sla.holderOf(role), "holder");
            requireAnnounced(role, address(0), 0);
        }
    }

    function test_APreviousHolderMayNoMore() public {
        change(ISettlementBook.Role.Guardian, NEXT);
        vm.expectRevert(unauthorizedRole(ISettlementBook.Role.Guardian, GUARDIAN));
        vm.prank(GUARDIAN);
        sla.pause();
        change(ISettlementBook.Role.Admin, NEXT);
        vm.expectRevert(unauthorizedRole(ISettlementBook.Role.Admin, ADMIN));
        announce(ISettlementBook.Role.Admin, ADMIN);
    }

    function test_AnotherAnnouncementTakesTheFirstOnesPlaceAndWaitsAnew() public {
        announce(ISettlementBook.Role.Arbiter, STRANGER);
        vm.warp(NOW + CHANGE_DELAY - 1);
        announce(ISettlementBook.Role.Arbiter, NEXT);
        vm.warp(NOW + CHANGE_DELAY);
        vm.expectRevert(
            abi.encodeWithSelector(ISettlementBook.SLAChangeTooEarly.selector, NOW + 2 * CHANGE_DELAY - 1)
        );
        sla.applyRole(ISettlementBook.Role.Arbiter);
        vm.warp(NOW + 2 * CHANGE_DELAY - 1);
        sla.applyRole(ISettlementBook.Role.Arbiter);
        vm.assertEq(NEXT, sla.holderOf(ISettlementBook.Role.Arbiter), "holder");
    }

    /// An announcement is taken back by announcing the present holder.
    function test_ThePresentHolderIsAnnouncedToTakeItBack() public {
        announce(ISettlementBook.Role.Arbiter, NEXT);
        announce(ISettlementBook.Role.Arbiter, ARBITER);
        vm.warp(NOW + CHANGE_DELAY);
        sla.applyRole(ISettlementBook.Role.Arbiter);
        vm.assertEq(ARBITER, sla.holderOf(ISettlementBook.Role.Arbiter), "holder");
    }

    function test_RevertWhen_NothingWasAnnounced() public {
        bytes memory error_ = abi.encodeWithSelector(ISettlementBook.SLANothingAnnounced.selector);
        for (uint8 i = 0; i < 4; ++i) {
            vm.expectRevert(error_);
            sla.applyRole(ISettlementBook.Role(i));
        }
        change(ISettlementBook.Role.Billing, NEXT);
        vm.expectRevert(error_); // applied once
        sla.applyRole(ISettlementBook.Role.Billing);
    }

    function testFuzz_RevertWhen_TheCallerIsNotTheAdmin(address caller, uint8 role) public {
        vm.assume(caller != ADMIN);
        vm.expectRevert(unauthorizedRole(ISettlementBook.Role.Admin, caller));
        vm.prank(caller);
        sla.announceRole(ISettlementBook.Role(role % 4), caller);
    }

    /// Without billing, providers announce; without the others the contract would stand still.
    function test_OnlyBillingMayBeNobody() public {
        for (uint8 i = 0; i < 4; ++i) {
            ISettlementBook.Role role = ISettlementBook.Role(i);
            if (role != ISettlementBook.Role.Billing) vm.expectRevert(invalidHolder(role));
            announce(role, address(0));
        }
        vm.warp(NOW + CHANGE_DELAY);
        sla.applyRole(ISettlementBook.Role.Billing);
        vm.assertEq(address(0), sla.holderOf(ISettlementBook.Role.Billing), "billing");
    }

    function test_TheConstructorObeysTheSameRule() public {
        address[] memory members = addressesOf(keys);
        for (uint8 i = 0; i < 4; ++i) {
            address[4] memory holders = [ADMIN, ARBITER, BILLING, GUARDIAN];
            holders[i] = address(0);
            if (i != 2) vm.expectRevert(invalidHolder(ISettlementBook.Role(i)));
            newSettlementBook(book, CHANGE_DELAY, holders, members, 2);
        }
    }

    /// A leaked key is met by pausing: announcements mature meanwhile and are applied.
    function test_WorksWhilePaused() public {
        pause();
        change(ISettlementBook.Role.Guardian, NEXT);
        vm.assertEq(NEXT, sla.holderOf(ISettlementBook.Role.Guardian), "holder");
    }

    // --------------------------------------------------------------------------------------------- pause, unpause

    function testFuzz_Pause_OnlyTheGuardian(address caller) public {
        vm.assume(caller != GUARDIAN);
        vm.expectRevert(unauthorizedRole(ISettlementBook.Role.Guardian, caller));
        vm.prank(caller);
        sla.pause();
    }

    /// The key that stops everything cannot start it again: it is the fast one, so it is the one that may leak.
    function testFuzz_Unpause_OnlyTheAdmin(address caller) public {
        vm.assume(caller != ADMIN);
        pause();
        vm.expectRevert(unauthorizedRole(ISettlementBook.Role.Admin, caller));
        vm.prank(caller);
        sla.unpause();
    }

    function test_Pause_AlternatesWithUnpause() public {
        vm.expectRevert(abi.encodeWithSignature("ExpectedPause()"));
        unpause();
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit Paused(GUARDIAN);
        pause();
        requireEvents(1);
        vm.expectRevert(enforcedPause());
        pause();
        vm.expectEmit(address(sla));
        emit Unpaused(ADMIN);
        unpause();
    }

    event Paused(address account);
    event Unpaused(address account);

    /// Captured, it stops the contract and runs out no window: the clock is the blocks' time minus every pause.
    function testFuzz_Pause_StopsTheClock(uint16[6] memory spans) public {
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

    /// The agreement book knows no pause and no role.
    function test_Pause_LeavesAgreementsAlone() public {
        pause();
        amend(amendment());
        terminate(TENANT, 20);
        vm.assertEq(2, book.getAgreement(agreement).version, "version");
    }

    function announce(ISettlementBook.Role role, address holder) internal {
        vm.prank(ADMIN);
        sla.announceRole(role, holder);
    }

    function change(ISettlementBook.Role role, address holder) internal {
        announce(role, holder);
        vm.warp(block.timestamp + CHANGE_DELAY);
        sla.applyRole(role);
    }

    function invalidHolder(ISettlementBook.Role role) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementBook.SLAInvalidHolder.selector, role);
    }

    function requireAnnounced(ISettlementBook.Role role, address holder, uint48 effectiveAt) internal view {
        (address found, uint48 from) = sla.announcedRole(role);
        vm.assertEq(abi.encode(holder, effectiveAt), abi.encode(found, from), "announced");
    }
}
