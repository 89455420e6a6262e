// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {vm} from "../support/Vm.sol";

contract RecordPeriodRootTest is Claims {
    bytes32 internal constant ROOT = keccak256("root of all rows");

    function testFuzz_AnybodySendsARootThatWasSigned(address caller) public {
        bytes[] memory signatures = signed(PERIOD, 1, ROOT, 975);
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.PeriodRootRecorded(calendar, PERIOD, 1, ROOT, 975);
        vm.prank(caller);
        sla.recordPeriodRoot(calendar, PERIOD, 1, ROOT, 975, signatures);
        requireEvents(1);
        requireRoot(ROOT, 975, 1);
    }

    function test_TheNextRevisionTakesItsPlace() public {
        record(PERIOD, 1, ROOT, 975);
        record(PERIOD, 2, keccak256("with a row that was left out"), 976);
        requireRoot(keccak256("with a row that was left out"), 976, 2);
    }

    function test_APeriodWithoutARootReadsAsZeros() public view {
        requireRoot(0, 0, 0);
    }

    /// What attestors sign for a root, written down a second time as EIP-712 has it.
    function test_TheDigestIsTypedData() public view {
        (,, uint32 epoch, bytes32 config) = sla.attestors();
        string memory type_ =
            "PeriodRoot(uint32 epoch,bytes32 configDigest,bytes16 calendar,uint32 period,uint8 revision,bytes32 root,uint32 leafCount)";
        bytes32 hash = keccak256(
            abi.encode(keccak256(bytes(type_)), epoch, config, calendar, PERIOD, uint8(1), ROOT, uint32(975))
        );
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("SankofaSettlementBook"),
                keccak256("1"),
                block.chainid,
                address(sla)
            )
        );
        vm.assertEq(
            keccak256(abi.encodePacked(hex"1901", domain, hash)),
            sla.periodRootDigest(calendar, PERIOD, 1, ROOT, 975),
            "digest"
        );
    }

    function test_RevertWhen_ThePeriodIsNotOver() public {
        uint48 end = startOf(15);
        vm.warp(end - 1);
        refuse(14, 1, ROOT, 1, 1);
        vm.warp(end);
        record(14, 1, ROOT, 1);
    }

    function test_RevertWhen_ItIsNotTheNextRevision() public {
        refuse(PERIOD, 0, ROOT, 1, 1);
        refuse(PERIOD, 2, ROOT, 1, 1);
        record(PERIOD, 1, ROOT, 1);
        refuse(PERIOD, 1, ROOT, 1, 2);
        refuse(PERIOD, 3, ROOT, 1, 2);
        requireRoot(ROOT, 1, 1);
    }

    function test_RevertWhen_NothingIsUnderIt() public {
        refuse(PERIOD, 1, 0, 1, 1);
        refuse(PERIOD, 1, ROOT, 0, 1);
    }

    function test_RevertWhen_TheCalendarHasNoSuchPeriod() public {
        bytes[] memory signatures = signed(PERIODS, 1, ROOT, 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IAgreementBook.SLAUnknownBound.selector, calendar, uint256(PERIODS) + 1, uint256(PERIODS) + 1
            )
        );
        sla.recordPeriodRoot(calendar, PERIODS, 1, ROOT, 1, signatures);
    }

    function test_RevertWhen_Paused() public {
        bytes[] memory signatures = signed(PERIOD, 1, ROOT, 1);
        pause();
        vm.expectRevert(enforcedPause());
        sla.recordPeriodRoot(calendar, PERIOD, 1, ROOT, 1, signatures);
    }

    function test_RevertWhen_SignaturesAreTooFew() public {
        bytes[] memory signatures = signaturesOf(sla.periodRootDigest(calendar, PERIOD, 1, ROOT, 1), 1);
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAInsufficientAttestations.selector, 1, 2));
        sla.recordPeriodRoot(calendar, PERIOD, 1, ROOT, 1, signatures);
    }

    /// Whatever is changed, it is not what was signed; nor are a batch's signatures those of a root.
    function testFuzz_RevertWhen_ItIsNotTheSignedOne(uint256 field) public {
        bytes[] memory signatures = signed(PERIOD, 1, ROOT, 7);
        ISettlementBook.Row[] memory list = one(row());
        if (field % 6 == 5) signatures = signaturesFor(list, 2);
        bytes16 where = field % 6 == 0 ? bytes16(keccak256("another")) : calendar;
        try sla.recordPeriodRoot(
            where,
            field % 6 == 1 ? PERIOD - 1 : PERIOD,
            field % 6 == 2 ? 2 : 1,
            field % 6 == 3 ? keccak256("another") : ROOT,
            field % 6 == 4 ? 8 : 7,
            signatures
        ) {
            vm.assertTrue(false, "accepted");
        } catch (bytes memory reason) {
            vm.assertEq(bytes32(ISettlementBook.SLAInvalidAttestor.selector), bytes32(bytes4(reason)), "reason");
        }
    }

    function signed(uint32 period, uint8 revision, bytes32 root, uint32 leaves) internal view returns (bytes[] memory) {
        return signaturesOf(sla.periodRootDigest(calendar, period, revision, root, leaves), 2);
    }

    function record(uint32 period, uint8 revision, bytes32 root, uint32 leaves) internal {
        sla.recordPeriodRoot(calendar, period, revision, root, leaves, signed(period, revision, root, leaves));
    }

    function refuse(
        uint32 period,
        uint8 revision,
        bytes32 root,
        uint32 leaves,
        uint8 expected
    ) internal {
        bytes[] memory signatures = signed(period, revision, root, leaves);
        vm.expectRevert(
            abi.encodeWithSelector(ISettlementBook.SLAInvalidRoot.selector, expected)
        );
        sla.recordPeriodRoot(calendar, period, revision, root, leaves, signatures);
    }

    function requireRoot(bytes32 root, uint32 leaves, uint8 revision) internal view {
        (bytes32 storedRoot, uint32 storedLeaves, uint8 storedRevision) = sla.periodRootOf(calendar, PERIOD);
        vm.assertEq(
            abi.encode(root, leaves, revision), abi.encode(storedRoot, storedLeaves, storedRevision), "root"
        );
    }
}
