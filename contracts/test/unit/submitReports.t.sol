// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SlaSettlement} from "../../src/SlaSettlement.sol";
import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {bound, vm} from "../support/Vm.sol";

contract SubmitReportsTest is Fixture {
    function test_RecordsABreach() public {
        ISlaSettlement.Report memory item = report();
        bytes32 id = idOf(item);
        bytes[] memory signatures = signaturesFor(one(item), 2);
        vm.expectEmit(address(sla));
        emit ISlaSettlement.SettlementReported(
            id, AGREEMENT, SLO, START, END, 980_000, 1_000_000, 250_000, 250_000, item.evidenceRoot, item.documentHash,
            1, NOW + WINDOW
        );
        vm.prank(REPORTER);
        sla.submitReports(one(item), signatures);

        ISlaSettlement.Settlement memory expected = ISlaSettlement.Settlement({
            state: ISlaSettlement.SettlementState.Reported,
            revision: 1,
            creditPpm: 250_000,
            creditMinor: 250_000, // floor of 250,000.75: the provider keeps the rest
            deadline: NOW + WINDOW,
            deadlineBlock: 1_000_000 + WINDOW_BLOCKS,
            good: 980_000,
            valid: 1_000_000,
            evidenceRoot: item.evidenceRoot,
            documentHash: item.documentHash,
            agreementId: AGREEMENT,
            sloId: SLO,
            periodStart: START,
            periodEnd: END,
            creditedMinor: 0
        });
        vm.assertEq(abi.encode(expected), abi.encode(sla.getSettlement(id)), "settlement");
    }

    function test_AnEmptySettlementReadsAsZeros() public view {
        ISlaSettlement.Settlement memory nothing;
        vm.assertEq(abi.encode(nothing), abi.encode(sla.getSettlement(keccak256("nothing"))), "settlement");
    }

    function test_MoreSignaturesThanNeededAreFine() public {
        ISlaSettlement.Report[] memory list = one(report());
        bytes[] memory signatures = signaturesFor(list, 3);
        vm.prank(REPORTER);
        sla.submitReports(list, signatures);
        requireState(idOf(list[0]), ISlaSettlement.SettlementState.Reported);
    }

    // ------------------------------------------------------------------------------------------------ who and when

    function test_RevertWhen_Paused() public {
        pause();
        refuseReport(report(), enforcedPause());
    }

    function testFuzz_RevertWhen_CallerIsNotAReporter(address caller) public {
        vm.assume(caller != REPORTER);
        ISlaSettlement.Report[] memory list = one(report());
        bytes[] memory signatures = signaturesFor(list, 2);
        vm.expectRevert(missingRole(caller, sla.REPORTER_ROLE()));
        vm.prank(caller);
        sla.submitReports(list, signatures);
    }

    function test_RevertWhen_TheBatchIsEmpty() public {
        refuse(new ISlaSettlement.Report[](0), new bytes[](0), abi.encodeWithSelector(ISlaSettlement.SLAEmptyBatch.selector));
    }

    function test_RevertWhen_TheBatchIsTooLarge() public {
        bytes memory error_ = abi.encodeWithSelector(ISlaSettlement.SLABatchTooLarge.selector, 201, 200);
        refuse(new ISlaSettlement.Report[](201), new bytes[](0), error_);
    }

    // -------------------------------------------------------------------------------------------------- signatures

    function test_RevertWhen_SignaturesAreTooFew() public {
        ISlaSettlement.Report[] memory list = one(report());
        bytes memory error_ = abi.encodeWithSelector(ISlaSettlement.SLAInsufficientAttestations.selector, 1, 2);
        refuse(list, signaturesFor(list, 1), error_);
    }

    function testFuzz_RevertWhen_ASignerIsNoAttestor(uint256 key) public {
        key = bound(key, 1, 2 ** 255);
        address signer = vm.addr(key);
        for (uint256 i = 0; i < keys.length; ++i) vm.assume(signer != vm.addr(keys[i]));
        ISlaSettlement.Report[] memory list = one(report());
        bytes[] memory signatures = signaturesFor(list, 2);
        signatures[1] = signature(key, sla.reportDigest(list));
        refuse(list, signatures, invalidAttestor(signer));
    }

    function test_RevertWhen_OneAttestorSignsTwice() public {
        ISlaSettlement.Report[] memory list = one(report());
        bytes[] memory signatures = signaturesFor(list, 2);
        signatures[1] = signatures[0];
        address signer = vm.addr(keys[0]);
        refuse(list, signatures, abi.encodeWithSelector(ISlaSettlement.SLAAttestorsOutOfOrder.selector, signer, signer));
    }

    function test_RevertWhen_SignersDescend() public {
        ISlaSettlement.Report[] memory list = one(report());
        bytes[] memory signatures = signaturesFor(list, 2);
        (signatures[0], signatures[1]) = (signatures[1], signatures[0]);
        refuse(
            list,
            signatures,
            abi.encodeWithSelector(
                ISlaSettlement.SLAAttestorsOutOfOrder.selector, vm.addr(keys[1]), vm.addr(keys[0])
            )
        );
    }

    /// Whatever field of whatever report is changed by whatever bit, the signatures no longer count.
    function testFuzz_RevertWhen_TheBatchIsNotTheSignedOne(uint256 field, uint256 bit) public {
        ISlaSettlement.Report[] memory list = new ISlaSettlement.Report[](2);
        list[0] = report();
        list[1] = reportOf(AGREEMENT, SLO, START - 30 * DAY, START, 1, 2);
        bytes[] memory signatures = signaturesFor(list, 2);
        bytes32 signed = sla.reportDigest(list);
        flip(list[field % 2], bound(field / 2, 0, 8), bit);
        vm.assertTrue(signed != sla.reportDigest(list), "another digest");
        vm.prank(REPORTER);
        try sla.submitReports(list, signatures) {
            vm.assertTrue(false, "accepted a batch nobody signed");
        } catch (bytes memory reason) {
            vm.assertEq(ISlaSettlement.SLAInvalidAttestor.selector, bytes4(reason), "reason");
        }
    }

    function test_RevertWhen_SignedForAnOlderEpoch() public {
        ISlaSettlement.Report[] memory list = one(report());
        bytes[] memory signatures = signaturesFor(list, 2);
        vm.prank(ADMIN);
        sla.setAttestors(addressesOf(keys), 2); // the same keys again are still another epoch
        refuseAsForged(list, signatures);
    }

    function test_RevertWhen_SignedForAnotherChain() public {
        ISlaSettlement.Report[] memory list = one(report());
        bytes[] memory signatures = signaturesFor(list, 2);
        vm.chainId(4242);
        refuseAsForged(list, signatures);
    }

    function test_RevertWhen_SignedForAnotherContract() public {
        SlaSettlement other = new SlaSettlement(ADMIN, 0, addressesOf(keys), 2);
        ISlaSettlement.Report[] memory list = one(report());
        refuseAsForged(list, signaturesOf(other.reportDigest(list), 2));
    }

    function test_RevertWhen_ASignatureIsMalleable() public {
        ISlaSettlement.Report[] memory list = one(report());
        bytes[] memory signatures = signaturesFor(list, 2);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[1], sla.reportDigest(list));
        bytes32 high = bytes32(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - uint256(s));
        signatures[1] = abi.encodePacked(r, high, v == 27 ? uint8(28) : uint8(27));
        refuse(list, signatures, abi.encodeWithSignature("ECDSAInvalidSignatureS(bytes32)", high));
    }

    function test_RevertWhen_VIsZero() public {
        ISlaSettlement.Report[] memory list = one(report());
        bytes[] memory signatures = signaturesFor(list, 2);
        signatures[0][64] = 0;
        refuse(list, signatures, abi.encodeWithSignature("ECDSAInvalidSignature()"));
    }

    function testFuzz_RevertWhen_ASignatureIsNot65Bytes(uint8 length) public {
        vm.assume(length != 65);
        ISlaSettlement.Report[] memory list = one(report());
        bytes[] memory signatures = signaturesFor(list, 2);
        signatures[0] = new bytes(length);
        refuse(list, signatures, abi.encodeWithSignature("ECDSAInvalidSignatureLength(uint256)", length));
    }

    // ------------------------------------------------------------------------------------------------ each report

    function test_RevertWhen_TheSettlementExistsInWhateverState() public {
        ISlaSettlement.Report memory item = report();
        bytes32 id = submit(item);
        bytes memory error_ = abi.encodeWithSelector(ISlaSettlement.SLASettlementExists.selector, id);
        item.good = 1; // other counts, other documents: still the same settlement
        item.documentHash = keccak256("another document");
        refuseReport(item, error_);
        dispute(id);
        refuseReport(item, error_);
        uint256 disputed = vm.snapshotState();
        resolve(id, ISlaSettlement.Outcome.Rejected, 0, 0);
        refuseReport(item, error_);
        vm.revertToState(disputed);
        resolve(id, ISlaSettlement.Outcome.Upheld, 0, 0);
        refuseReport(item, error_);
    }

    function test_RevertWhen_OneBatchHoldsASettlementTwice() public {
        ISlaSettlement.Report[] memory list = new ISlaSettlement.Report[](2);
        (list[0], list[1]) = (report(), report());
        bytes memory error_ = abi.encodeWithSelector(ISlaSettlement.SLASettlementExists.selector, idOf(list[0]));
        refuse(list, signaturesFor(list, 2), error_);
        requireState(idOf(list[0]), ISlaSettlement.SettlementState.None);
    }

    function test_RevertWhen_TheAgreementIsNotActive() public {
        ISlaSettlement.Report memory item = report();
        item.agreementId = keccak256("proposed only");
        vm.prank(PROVIDER);
        sla.proposeAgreement(item.agreementId, terms());
        refuseReport(item, unexpectedAgreement(item.agreementId, ISlaSettlement.AgreementState.Proposed));
        item.agreementId = keccak256("never seen");
        refuseReport(item, unexpectedAgreement(item.agreementId, ISlaSettlement.AgreementState.None));
    }

    function test_RevertWhen_ThePeriodIsMisshapenOrOutside() public {
        refusePeriod(START, START);
        refusePeriod(START, START - 1);
        refusePeriod(STARTS_AT - 1, END);
        vm.warp(uint256(STARTS_AT) + 2 ** 32 + 2 * DAY);
        refusePeriod(STARTS_AT, uint48(STARTS_AT + 2 ** 32));
    }

    function testFuzz_RevertWhen_ThePeriodIsNotClosed(uint256 when) public {
        ISlaSettlement.Report memory item = report();
        when = bound(when, END + GRACE - 2, END + GRACE + 2);
        vm.warp(when);
        if (when < END + GRACE) {
            bytes memory error_ =
                abi.encodeWithSelector(ISlaSettlement.SLAPeriodNotClosed.selector, END, uint256(END) + GRACE);
            refuseReport(item, error_);
        } else {
            requireState(submit(item), ISlaSettlement.SettlementState.Reported);
        }
    }

    function test_RevertWhen_TheSloIsUnknown() public {
        ISlaSettlement.Report memory item = report();
        item.sloId = bytes32(uint256(SLO) + 1);
        refuseReport(item, abi.encodeWithSelector(ISlaSettlement.SLAUnknownSlo.selector, AGREEMENT, item.sloId));
    }

    function test_RevertWhen_EvidenceIsMissing() public {
        bytes memory error_ = abi.encodeWithSelector(ISlaSettlement.SLANoEvidence.selector, idOf(report()));
        for (uint256 i = 0; i < 3; ++i) {
            ISlaSettlement.Report memory item = report();
            if (i == 0) item.evidenceRoot = 0;
            if (i == 1) item.leafCount = 0;
            if (i == 2) item.documentHash = 0;
            refuseReport(item, error_);
        }
    }

    function test_RevertWhen_ThereIsNoData() public {
        bytes memory error_ = abi.encodeWithSelector(ISlaSettlement.SLANoData.selector, AGREEMENT, SLO);
        refuseReport(reportOf(AGREEMENT, SLO, START, END, 0, 0), error_);
    }

    function testFuzz_RevertWhen_MoreIsGoodThanValid(uint64 good, uint64 valid) public {
        valid = uint64(bound(valid, 1, type(uint64).max - 1));
        good = uint64(bound(good, valid + 1, type(uint64).max));
        bytes memory error_ = abi.encodeWithSelector(ISlaSettlement.SLAInvalidCounts.selector, good, valid);
        refuseReport(reportOf(AGREEMENT, SLO, START, END, good, valid), error_);
    }

    /// The objective itself is met: "99.9 %" is a promise of at least 99.9 %.
    function test_TheBoundIsInTheBetterBand() public {
        bytes memory error_ =
            abi.encodeWithSelector(ISlaSettlement.SLANotABreach.selector, 999_000, 1_000_000, 999_000);
        refuseReport(reportOf(AGREEMENT, SLO, START, END, 999_000, 1_000_000), error_);
        bytes32 id = submit(reportOf(AGREEMENT, SLO, START, END, 998_999, 1_000_000));
        vm.assertEq(100_000, sla.getSettlement(id).creditPpm, "just below the objective");
        id = submit(reportOf(AGREEMENT, SLO, START - DAY, START, 990_000, 1_000_000));
        vm.assertEq(100_000, sla.getSettlement(id).creditPpm, "on the bound of the next band");
    }

    // ---------------------------------------------------------------------------------------------------- overlaps

    /// Of any periods in any order, those are refused that share a second with one that was taken; no others.
    function testFuzz_RefusesExactlyTheOverlappingPeriods(uint256 seed) public {
        uint48[2][] memory taken = new uint48[2][](12);
        uint256 count = 0;
        for (uint256 i = 0; i < 12; ++i) {
            uint48 start = uint48(START + uint256(keccak256(abi.encode(seed, i))) % 40);
            uint48 end = uint48(start + 1 + uint256(keccak256(abi.encode(seed, i, "length"))) % 8);
            bool free = true;
            for (uint256 j = 0; j < count; ++j) free = free && (end <= taken[j][0] || start >= taken[j][1]);
            ISlaSettlement.Report[] memory list = one(reportOf(AGREEMENT, SLO, start, end, 1, 2));
            bytes[] memory signatures = signaturesFor(list, 2);
            vm.prank(REPORTER);
            try sla.submitReports(list, signatures) {
                vm.assertTrue(free, "accepted an overlap");
                taken[count++] = [start, end];
            } catch {
                vm.assertFalse(free, "refused a free period");
            }
        }
    }

    function test_AVoidedSettlementKeepsItsPeriod() public {
        bytes32 id = submit(report());
        dispute(id);
        resolve(id, ISlaSettlement.Outcome.Rejected, 0, 0);
        ISlaSettlement.Report memory item = reportOf(AGREEMENT, SLO, START + 1, END, 1, 2);
        refuseReport(item, abi.encodeWithSelector(ISlaSettlement.SLAPeriodOverlaps.selector, idOf(item), START, END));
    }

    function test_SlosAndAgreementsDoNotShareTheirPeriods() public {
        bytes32 other = keccak256("other agreement");
        activate(other, termsOf(2, 1_000_000));
        submit(report());
        submit(reportOf(other, SLO, START + 1, END, 1, 2));
        submit(reportOf(other, bytes32(uint256(SLO) + 1), START + 2, END, 1, 2));
    }

    // ----------------------------------------------------------------------------------------------------- helpers

    function refuse(ISlaSettlement.Report[] memory list, bytes[] memory signatures, bytes memory error_) internal {
        vm.expectRevert(error_);
        vm.prank(REPORTER);
        sla.submitReports(list, signatures);
    }

    function refuseAsForged(ISlaSettlement.Report[] memory list, bytes[] memory signatures) internal {
        vm.prank(REPORTER);
        try sla.submitReports(list, signatures) {
            vm.assertTrue(false, "accepted");
        } catch (bytes memory reason) {
            vm.assertEq(ISlaSettlement.SLAInvalidAttestor.selector, bytes4(reason), "reason");
        }
    }

    function refusePeriod(uint48 start, uint48 end) internal {
        bytes memory error_ =
            abi.encodeWithSelector(ISlaSettlement.SLAInvalidPeriod.selector, start, end, STARTS_AT, 0);
        refuseReport(reportOf(AGREEMENT, SLO, start, end, 1, 2), error_);
    }

    function flip(ISlaSettlement.Report memory item, uint256 field, uint256 bit) internal pure {
        if (field == 0) item.agreementId ^= bytes32(1 << bit % 256);
        if (field == 1) item.sloId ^= bytes32(1 << bit % 256);
        if (field == 2) item.periodStart ^= uint48(1 << bit % 48);
        if (field == 3) item.periodEnd ^= uint48(1 << bit % 48);
        if (field == 4) item.good ^= uint64(1 << bit % 64);
        if (field == 5) item.valid ^= uint64(1 << bit % 64);
        if (field == 6) item.evidenceRoot ^= bytes32(1 << bit % 256);
        if (field == 7) item.leafCount ^= uint32(1 << bit % 32);
        if (field == 8) item.documentHash ^= bytes32(1 << bit % 256);
    }

    function invalidAttestor(address signer) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISlaSettlement.SLAInvalidAttestor.selector, signer);
    }

    function unexpectedAgreement(bytes32 agreementId, ISlaSettlement.AgreementState state)
        internal
        pure
        returns (bytes memory)
    {
        uint256 expected = (1 << uint8(ISlaSettlement.AgreementState.Active))
            | (1 << uint8(ISlaSettlement.AgreementState.Terminated));
        return abi.encodeWithSelector(
            ISlaSettlement.SLAAgreementUnexpectedState.selector, agreementId, state, expected
        );
    }
}
