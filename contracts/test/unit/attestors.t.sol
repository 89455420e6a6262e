// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {newSettlementBook} from "../support/Shipped.sol";
import {bound, vm} from "../support/Vm.sol";

/// The attestor set changes by an announcement, a delay, and anybody's hand.
contract AttestorsTest is Claims {
    function test_TheFirstSetIsTheConstructors() public view {
        requireSet(addressesOf(keys), 2, 1);
    }

    /// A8: the admin cannot put a set in force at once; everybody sees it for the whole delay.
    function test_ASetIsAnnouncedWaitsAndIsAppliedByAnybody() public {
        address[] memory members = addressesOf(sortedKeys(5, "next"));
        uint48 effectiveAt = NOW + CHANGE_DELAY;
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.AttestorsAnnounced(members, 3, effectiveAt);
        announce(members, 3);
        requireEvents(1);
        requireSet(addressesOf(keys), 2, 1);
        requireAnnounced(keccak256(abi.encode(members, uint8(3))), effectiveAt);

        vm.warp(effectiveAt - 1);
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAChangeTooEarly.selector, effectiveAt));
        sla.applyAttestors(members, 3);
        vm.warp(effectiveAt);
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.AttestorsSet(2, configOf(2, members, 3), members, 3);
        vm.prank(STRANGER);
        sla.applyAttestors(members, 3);
        requireEvents(1);
        requireSet(members, 3, 2);
        requireAnnounced(0, 0);
    }

    function test_RevertWhen_ExactlyThisSetWasNotAnnounced() public {
        address[] memory members = addressesOf(sortedKeys(5, "next"));
        bytes memory error_ = abi.encodeWithSelector(ISettlementBook.SLANothingAnnounced.selector);
        vm.expectRevert(error_);
        sla.applyAttestors(members, 3);
        announce(members, 3);
        vm.warp(NOW + CHANGE_DELAY);
        vm.expectRevert(error_);
        sla.applyAttestors(members, 4);
        vm.expectRevert(error_);
        sla.applyAttestors(addressesOf(sortedKeys(4, "next")), 3);
        sla.applyAttestors(members, 3);
        vm.expectRevert(error_); // applied once
        sla.applyAttestors(members, 3);
    }

    function test_AnotherAnnouncementTakesTheFirstOnesPlaceAndWaitsAnew() public {
        address[] memory first = addressesOf(sortedKeys(3, "first"));
        address[] memory second = addressesOf(sortedKeys(3, "second"));
        announce(first, 2);
        vm.warp(NOW + CHANGE_DELAY - 1);
        announce(second, 2);
        vm.warp(NOW + CHANGE_DELAY);
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLANothingAnnounced.selector));
        sla.applyAttestors(first, 2);
        vm.expectRevert(
            abi.encodeWithSelector(ISettlementBook.SLAChangeTooEarly.selector, NOW + 2 * CHANGE_DELAY - 1)
        );
        sla.applyAttestors(second, 2);
        vm.warp(NOW + 2 * CHANGE_DELAY - 1);
        sla.applyAttestors(second, 2);
        requireSet(second, 2, 2);
    }

    /// A threshold is taken if and only if it is a majority that the set can reach, of at most 32 attestors.
    function testFuzz_ExactlyReachableMajoritiesAreTaken(uint256 count, uint8 threshold) public {
        count = bound(count, 0, 34);
        threshold = uint8(bound(threshold, 0, 36));
        address[] memory members = new address[](count);
        for (uint256 i = 0; i < count; ++i) members[i] = address(uint160(i + 1));
        bool good = count <= 32 && threshold <= count && threshold > count / 2;
        if (!good) vm.expectRevert(invalidThreshold(count, threshold));
        announce(members, threshold);
    }

    function test_RevertWhen_AttestorsAreNotStrictlyAscending() public {
        address[] memory members = new address[](2);
        refuse(members, address(0), address(0));
        (members[0], members[1]) = (address(2), address(2));
        refuse(members, address(2), address(2));
        members[1] = address(1);
        refuse(members, address(2), address(1));
    }

    function testFuzz_RevertWhen_TheCallerIsNotTheAdmin(address caller) public {
        vm.assume(caller != ADMIN);
        address[] memory members = addressesOf(keys);
        vm.expectRevert(unauthorizedRole(ISettlementBook.Role.Admin, caller));
        vm.prank(caller);
        sla.announceAttestors(members, 2);
    }

    function test_TheConstructorObeysTheSameRules() public {
        address[4] memory holders = [ADMIN, ARBITER, BILLING, GUARDIAN];
        address[] memory members = addressesOf(keys);
        vm.expectRevert(invalidThreshold(3, 1));
        newSettlementBook(book, CHANGE_DELAY, holders, members, 1);
        members[2] = members[1];
        vm.expectRevert(
            abi.encodeWithSelector(ISettlementBook.SLAAttestorsOutOfOrder.selector, members[1], members[1])
        );
        newSettlementBook(book, CHANGE_DELAY, holders, members, 2);
    }

    function test_WorksWhilePaused() public {
        pause();
        rotate(sortedKeys(4, "next"), 3);
        unpause();
        (,, uint32 epoch,) = sla.attestors();
        vm.assertEq(2, epoch, "epoch");
    }

    /// Of any set of up to 32, the threshold's number of any of its members is enough, and one fewer is not.
    /// forge-config: deep.fuzz.runs = 500
    function testFuzz_TheThresholdIsEnough(uint256 count, uint256 threshold, uint256 from) public {
        count = bound(count, 1, 32);
        threshold = bound(threshold, count / 2 + 1, count);
        from = bound(from, 0, count - threshold);
        rotate(sortedKeys(count, "next"), uint8(threshold));
        ISettlementBook.Row[] memory list = one(row());
        bytes32 digest = sla.batchDigest(list);
        bytes[] memory fewer = new bytes[](threshold - 1);
        bytes[] memory enough = new bytes[](threshold);
        for (uint256 i = 0; i < threshold; ++i) enough[i] = signature(keys[from + i], digest);
        for (uint256 i = 0; i + 1 < threshold; ++i) fewer[i] = enough[i];
        bytes memory error_ = abi.encodeWithSelector(
            ISettlementBook.SLAInsufficientAttestations.selector, threshold - 1, threshold
        );
        vm.expectRevert(error_);
        sla.submitReports(list, fewer);
        sla.submitReports(list, enough);
        requireState(row(), ISettlementBook.State.Reported);
    }

    /// In the middle of a month: what was attested stays and goes its way, and the old keys attest nothing any more.
    function test_RotationLeavesSettlementsAloneAndRetiresTheOldKeys() public {
        take(row());
        bytes memory before = stateOf(row());
        uint256[] memory old = keys;
        rotate(sortedKeys(3, "next"), 2);
        vm.assertEq(before, stateOf(row()), "settlement");

        ISettlementBook.Row[] memory list = one(rowOf(agreement, PERIOD + 1, 0, 1, 2));
        bytes[] memory signatures = new bytes[](2);
        for (uint256 i = 0; i < 2; ++i) signatures[i] = signature(old[i], sla.batchDigest(list));
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAInvalidAttestor.selector, vm.addr(old[0])));
        sla.submitReports(list, signatures);
        take(list[0]);
        take(restated(row(), 2, 1)); // the new ones restate what the old ones attested
        closeWindow();
        vm.assertEq(bytes32(0), bytes32(finalize(list[0])), "final");
    }

    /// A member of both sets signs for the set in force; one that left and came back as well.
    function test_AKeyThatStaysOrReturnsSignsForTheNewEpoch() public {
        uint256[] memory both = sortedKeys(3, "attestor");
        rotate(sortedKeys(3, "next"), 2);
        rotate(both, 2);
        requireSet(addressesOf(both), 2, 3);
        take(row());
    }

    /// A smaller set of the same keys: who was left out counts no more, though its epoch was the last one.
    function test_AKeyThatWasLeftOutIsOut() public {
        uint256 out = keys[0];
        uint256[] memory rest = new uint256[](2);
        (rest[0], rest[1]) = (keys[1], keys[2]);
        rotate(rest, 2);
        ISettlementBook.Row[] memory list = one(row());
        bytes32 digest = sla.batchDigest(list);
        bytes[] memory signatures = new bytes[](2);
        (signatures[0], signatures[1]) = (signature(out, digest), signature(keys[0], digest));
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAInvalidAttestor.selector, vm.addr(out)));
        sla.submitReports(list, signatures);
    }

    function announce(address[] memory members, uint8 threshold) internal {
        vm.prank(ADMIN);
        sla.announceAttestors(members, threshold);
    }

    function rotate(uint256[] memory next, uint8 threshold) internal {
        announce(addressesOf(next), threshold);
        vm.warp(block.timestamp + CHANGE_DELAY);
        vm.prank(STRANGER);
        sla.applyAttestors(addressesOf(next), threshold);
        keys = next;
    }

    function refuse(address[] memory members, address previous, address next) internal {
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAAttestorsOutOfOrder.selector, previous, next));
        announce(members, 2);
    }

    function invalidThreshold(uint256 count, uint8 threshold) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementBook.SLAInvalidThreshold.selector, count, threshold);
    }

    function configOf(uint32 epoch, address[] memory members, uint8 threshold) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(sla), epoch, members, threshold));
    }

    function requireSet(address[] memory members, uint8 threshold, uint32 epoch) internal view {
        (address[] memory found, uint8 k, uint32 number, bytes32 config) = sla.attestors();
        vm.assertEq(
            abi.encode(members, threshold, epoch, configOf(epoch, members, threshold)),
            abi.encode(found, k, number, config),
            "set"
        );
    }

    function requireAnnounced(bytes32 digest, uint48 effectiveAt) internal view {
        (bytes32 found, uint48 from) = sla.announcedAttestors();
        vm.assertEq(abi.encode(digest, effectiveAt), abi.encode(found, from), "announced");
    }
}
