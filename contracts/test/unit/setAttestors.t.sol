// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SlaSettlement} from "../../src/SlaSettlement.sol";
import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {bound, vm} from "../support/Vm.sol";

contract SetAttestorsTest is Fixture {
    function test_PutsANewSetInForceInANewEpoch() public {
        address[] memory members = addressesOf(sortedKeys(5, "new"));
        bytes32 digest = keccak256(abi.encode(block.chainid, address(sla), uint32(2), members, uint8(3)));
        vm.expectEmit(address(sla));
        emit ISlaSettlement.AttestorsSet(2, digest, members, 3);
        set(members, 3);

        (address[] memory stored, uint8 threshold, uint32 epoch, bytes32 configDigest) = sla.attestors();
        vm.assertEq(
            abi.encode(members, uint8(3), uint32(2), digest), abi.encode(stored, threshold, epoch, configDigest), "set"
        );
    }

    /// A threshold is taken if and only if it is a majority that the set can reach, of at most 32 attestors.
    function testFuzz_AcceptsExactlyReachableMajorities(uint256 count, uint8 threshold) public {
        count = bound(count, 0, 34);
        threshold = uint8(bound(threshold, 0, 36));
        address[] memory members = new address[](count);
        for (uint256 i = 0; i < count; ++i) members[i] = address(uint160(i + 1));
        bool good = count <= 32 && threshold <= count && threshold > count / 2;
        if (!good) {
            vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAInvalidThreshold.selector, count, threshold));
        }
        set(members, threshold);
    }

    function test_RevertWhen_AttestorsAreNotStrictlyAscending() public {
        address[] memory members = new address[](2);
        refuse(members, address(0), address(0));
        (members[0], members[1]) = (address(2), address(2));
        refuse(members, address(2), address(2));
        members[1] = address(1);
        refuse(members, address(2), address(1));
    }

    function testFuzz_RevertWhen_CallerIsNotTheAdmin(address caller) public {
        vm.assume(caller != ADMIN);
        address[] memory members = addressesOf(keys);
        vm.expectRevert(missingRole(caller, sla.DEFAULT_ADMIN_ROLE()));
        vm.prank(caller);
        sla.setAttestors(members, 2);
    }

    /// Rotation changes no settlement, and the rotated-out keys attest nothing any more.
    function test_RotationLeavesSettlementsAloneAndRetiresTheOldKeys() public {
        bytes32 id = submit(report());
        bytes memory before = abi.encode(sla.getSettlement(id));
        uint256[] memory old = keys;
        keys = sortedKeys(3, "new");
        set(addressesOf(keys), 2);
        vm.assertEq(before, abi.encode(sla.getSettlement(id)), "settlement");

        ISlaSettlement.Report[] memory list = one(reportOf(AGREEMENT, SLO, START - DAY, START, 1, 2));
        bytes[] memory signatures = new bytes[](2);
        for (uint256 i = 0; i < 2; ++i) signatures[i] = signature(old[i], sla.reportDigest(list));
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAInvalidAttestor.selector, vm.addr(old[0])));
        vm.prank(REPORTER);
        sla.submitReports(list, signatures);
        requireState(submit(list[0]), ISlaSettlement.SettlementState.Reported);
    }

    function test_WorksWhilePaused() public {
        pause();
        set(addressesOf(keys), 3);
    }

    function test_TheFirstSetObeysTheSameRules() public {
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAInvalidThreshold.selector, 3, 1));
        new SlaSettlement(ADMIN, 0, addressesOf(keys), 1);
    }

    function set(address[] memory members, uint8 threshold) internal {
        vm.prank(ADMIN);
        sla.setAttestors(members, threshold);
    }

    function refuse(address[] memory members, address previous, address next) internal {
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAAttestorsOutOfOrder.selector, previous, next));
        set(members, 2);
    }
}
