// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SettlementBook} from "../../src/SettlementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {newSettlementBook} from "../support/Shipped.sol";
import {vm} from "../support/Vm.sol";

/// What counts as attested: each test is one forgery, or one thing that is none.
contract AttestationsTest is Claims {
    /// What attestors sign, written down a second time as EIP-712 has it.
    function test_TheDigestIsTypedData() public view {
        ISettlementBook.Row[] memory list = two();
        (,, uint32 epoch, bytes32 config) = sla.attestors();
        string memory row_ =
            "Row(bytes32 agreementId,uint32 period,uint8 slo,uint8 revision,uint64 good,uint64 valid,bytes32 documentHash)";
        bytes32[] memory hashes = new bytes32[](2);
        for (uint256 i = 0; i < 2; ++i) {
            ISettlementBook.Row memory item = list[i];
            hashes[i] = keccak256(
                abi.encode(
                    keccak256(bytes(row_)), item.agreementId, item.period, item.slo, item.revision, item.good, item.valid,
                    item.documentHash
                )
            );
            vm.assertEq(hashes[i], sla.rowHash(item), "row");
        }
        bytes32 batch = keccak256(
            abi.encode(
                keccak256(bytes(string.concat("Batch(uint32 epoch,bytes32 configDigest,Row[] rows)", row_))),
                epoch,
                config,
                keccak256(abi.encodePacked(hashes))
            )
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
        vm.assertEq(keccak256(abi.encodePacked(hex"1901", domain, batch)), sla.batchDigest(list), "batch");
    }

    function test_MoreSignaturesThanNeededAreFine() public {
        ISettlementBook.Row[] memory list = two();
        sla.submitReports(list, signaturesFor(list, 3));
        requireState(list[1], ISettlementBook.State.Reported);
    }

    function test_AnyMajorityOfTheSetIsEnough() public {
        ISettlementBook.Row[] memory list = two();
        bytes[] memory signatures = new bytes[](2);
        signatures[0] = signature(keys[0], sla.batchDigest(list));
        signatures[1] = signature(keys[2], sla.batchDigest(list));
        sla.submitReports(list, signatures);
        requireState(list[0], ISettlementBook.State.Reported);
    }

    function test_RevertWhen_SignaturesAreTooFew() public {
        ISettlementBook.Row[] memory list = two();
        for (uint256 got = 0; got < 2; ++got) {
            refuse(
                list,
                signaturesFor(list, got),
                abi.encodeWithSelector(ISettlementBook.SLAInsufficientAttestations.selector, got, 2)
            );
        }
    }

    function testFuzz_RevertWhen_ASignerIsNoAttestor(uint256 key) public {
        key = key % 2 ** 255 + 1;
        for (uint256 i = 0; i < keys.length; ++i) vm.assume(key != keys[i]);
        ISettlementBook.Row[] memory list = two();
        bytes[] memory signatures = signaturesFor(list, 2);
        signatures[1] = signature(key, sla.batchDigest(list));
        refuse(list, signatures, abi.encodeWithSelector(ISettlementBook.SLAInvalidAttestor.selector, vm.addr(key)));
    }

    /// One forged signature beside enough good ones is refused too: nothing is counted that was not looked at.
    function test_RevertWhen_OneOfMoreThanEnoughIsForged() public {
        ISettlementBook.Row[] memory list = two();
        bytes[] memory signatures = signaturesFor(list, 3);
        uint256 key = sortedKeys(1, "stranger")[0];
        signatures[2] = signature(key, sla.batchDigest(list));
        refuse(list, signatures, abi.encodeWithSelector(ISettlementBook.SLAInvalidAttestor.selector, vm.addr(key)));
    }

    /// f + 1 signatures of which one is another's copy: a minority that counts itself twice.
    function test_RevertWhen_OneAttestorSignsTwice() public {
        ISettlementBook.Row[] memory list = two();
        bytes[] memory signatures = signaturesFor(list, 2);
        signatures[1] = signatures[0];
        refuse(list, signatures, outOfOrder(keys[0], keys[0]));
        signatures = signaturesFor(list, 3);
        signatures[2] = signatures[1];
        refuse(list, signatures, outOfOrder(keys[1], keys[1]));
    }

    function test_RevertWhen_SignersDescend() public {
        ISettlementBook.Row[] memory list = two();
        bytes[] memory signatures = signaturesFor(list, 2);
        (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        refuse(list, signatures, outOfOrder(keys[1], keys[0]));
    }

    /// Whatever field of whatever row is changed by whatever bit, the signatures no longer count.
    function testFuzz_RevertWhen_TheBatchIsNotTheSignedOne(uint256 field, uint256 bit) public {
        ISettlementBook.Row[] memory list = two();
        bytes[] memory signatures = signaturesFor(list, 2);
        bytes32 signed = sla.batchDigest(list);
        flip(list[field % 2], field / 2 % 7, bit);
        vm.assertTrue(signed != sla.batchDigest(list), "another digest");
        refuseAsForged(list, signatures);
    }

    function test_RevertWhen_RowsAreLeftOutAddedOrExchanged() public {
        ISettlementBook.Row[] memory list = two();
        bytes[] memory signatures = signaturesFor(list, 2);
        refuseAsForged(one(list[0]), signatures);
        ISettlementBook.Row[] memory more = new ISettlementBook.Row[](3);
        (more[0], more[1], more[2]) = (list[0], list[1], list[1]);
        refuseAsForged(more, signatures);
        (list[0], list[1]) = (list[1], list[0]);
        refuseAsForged(list, signatures);
    }

    function test_RevertWhen_SignedForAnOlderEpoch() public {
        ISettlementBook.Row[] memory list = two();
        bytes[] memory signatures = signaturesFor(list, 2);
        vm.prank(ADMIN);
        sla.announceAttestors(addressesOf(keys), 2); // the same keys again are still another epoch
        vm.warp(NOW + CHANGE_DELAY);
        sla.applyAttestors(addressesOf(keys), 2);
        refuseAsForged(list, signatures);
    }

    function test_RevertWhen_SignedForAnotherChain() public {
        ISettlementBook.Row[] memory list = two();
        bytes[] memory signatures = signaturesFor(list, 2);
        vm.chainId(4242);
        refuseAsForged(list, signatures);
    }

    function test_RevertWhen_SignedForAnotherContract() public {
        SettlementBook other =
            newSettlementBook(book, CHANGE_DELAY, [ADMIN, ARBITER, BILLING, GUARDIAN], addressesOf(keys), 2);
        ISettlementBook.Row[] memory list = two();
        refuseAsForged(list, signaturesOf(other.batchDigest(list), 2));
    }

    /// A root's signatures are none of a batch, and a bare row's neither.
    function test_RevertWhen_SomethingElseWasSigned() public {
        ISettlementBook.Row[] memory list = one(row());
        bytes32 root = sla.periodRootDigest(calendar, PERIOD, 1, sla.rowHash(list[0]), 1);
        refuseAsForged(list, signaturesOf(root, 2));
        refuseAsForged(list, signaturesOf(sla.rowHash(list[0]), 2));
    }

    function test_RevertWhen_ASignatureIsMalleable() public {
        ISettlementBook.Row[] memory list = two();
        bytes[] memory signatures = signaturesFor(list, 2);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[1], sla.batchDigest(list));
        bytes32 high = bytes32(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - uint256(s));
        signatures[1] = abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27));
        refuse(list, signatures, abi.encodeWithSignature("ECDSAInvalidSignatureS(bytes32)", high));
    }

    function test_RevertWhen_VIsNeither27Nor28() public {
        ISettlementBook.Row[] memory list = two();
        for (uint256 i = 0; i < 4; ++i) {
            bytes[] memory signatures = signaturesFor(list, 2);
            signatures[0][64] = [bytes1(0x00), 0x01, 0x1D, 0xFF][i];
            refuse(list, signatures, abi.encodeWithSignature("ECDSAInvalidSignature()"));
        }
    }

    function testFuzz_RevertWhen_ASignatureIsNot65Bytes(uint8 length) public {
        vm.assume(length != 65);
        ISettlementBook.Row[] memory list = two();
        bytes[] memory signatures = signaturesFor(list, 2);
        signatures[0] = new bytes(length);
        refuse(list, signatures, abi.encodeWithSignature("ECDSAInvalidSignatureLength(uint256)", length));
    }

    // ------------------------------------------------------------------------------------------------------- helpers

    function two() internal view returns (ISettlementBook.Row[] memory list) {
        list = new ISettlementBook.Row[](2);
        (list[0], list[1]) = (row(), rowOf(agreement, PERIOD + 1, 0, 1, 2));
    }

    function outOfOrder(uint256 previous, uint256 next) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(
            ISettlementBook.SLAAttestorsOutOfOrder.selector, vm.addr(previous), vm.addr(next)
        );
    }

    function refuse(ISettlementBook.Row[] memory list, bytes[] memory signatures, bytes memory error_) internal {
        vm.expectRevert(error_);
        sla.submitReports(list, signatures);
    }

    /// @dev Another digest recovers some other signer, whose address nobody foretells.
    function refuseAsForged(ISettlementBook.Row[] memory list, bytes[] memory signatures) internal {
        try sla.submitReports(list, signatures) {
            vm.assertTrue(false, "accepted");
        } catch (bytes memory reason) {
            vm.assertEq(bytes32(ISettlementBook.SLAInvalidAttestor.selector), bytes32(bytes4(reason)), "reason");
        }
        requireState(list[0], ISettlementBook.State.None);
    }

    function flip(ISettlementBook.Row memory item, uint256 field, uint256 bit) internal pure {
        if (field == 0) item.agreementId ^= bytes32(1 << bit % 256);
        if (field == 1) item.period ^= uint32(1 << bit % 32);
        if (field == 2) item.slo ^= uint8(1 << bit % 8);
        if (field == 3) item.revision ^= uint8(1 << bit % 8);
        if (field == 4) item.good ^= uint64(1 << bit % 64);
        if (field == 5) item.valid ^= uint64(1 << bit % 64);
        if (field == 6) item.documentHash ^= bytes32(1 << bit % 256);
    }
}
