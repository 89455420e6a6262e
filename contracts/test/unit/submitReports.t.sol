// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {bound, vm} from "../support/Vm.sol";

contract SubmitReportsTest is Claims {
    /// A6: anybody sends what the attestors signed.
    function testFuzz_AnybodySendsABreach(address caller) public {
        ISettlementBook.Row memory item = row();
        bytes[] memory signatures = signaturesFor(one(item), 2);
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.SettlementReported(
            agreement, PERIOD, 0, 1, 980_000, 1_000_000, item.documentHash, 250_000, NOW + WINDOW, BLOCK + WINDOW_BLOCKS
        );
        vm.prank(caller);
        bytes4[] memory refused = sla.submitReports(one(item), signatures);
        requireEvents(1);
        vm.assertEq(abi.encode(new bytes4[](1)), abi.encode(refused), "taken");

        ISettlementBook.Settlement memory nothing;
        ISettlementBook.Settlement memory expected =
            settlementOf(item, ISettlementBook.State.Reported, 250_000, NOW + WINDOW, BLOCK + WINDOW_BLOCKS);
        vm.assertEq(abi.encode(expected), abi.encode(standing(item)), "stands");
        vm.assertEq(abi.encode(nothing), abi.encode(pending(item)), "nothing waits");
        requireBalance(agreement, 0, 0, 0);
    }

    function test_RevertWhen_Paused() public {
        ISettlementBook.Row[] memory list = one(row());
        bytes[] memory signatures = signaturesFor(list, 2);
        pause();
        vm.expectRevert(enforcedPause());
        sla.submitReports(list, signatures);
    }

    function test_RevertWhen_TheBatchIsEmpty() public {
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAEmptyBatch.selector));
        sla.submitReports(new ISettlementBook.Row[](0), new bytes[](0));
    }

    function test_RevertWhen_TheBatchIsTooLarge() public {
        vm.assertEq(200, sla.MAX_BATCH(), "limit");
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLABatchTooLarge.selector, 201, 200));
        sla.submitReports(new ISettlementBook.Row[](201), new bytes[](0));
    }

    // ----------------------------------------------------------------------------------------------- name, revision

    /// Whatever became of it and whatever the row says: this revision was reported, so a sender who retries is told so.
    function test_SetsApart_ARevisionThatExists() public {
        ISettlementBook.Row memory item = row();
        take(item);
        bytes4 exists = ISettlementBook.SLASettlementExists.selector;
        refuseRow(item, exists);
        item.good = 2;
        item.valid = 1;
        item.documentHash = 0;
        refuseRow(item, exists);
        item = row();
        dispute(item, TENANT);
        refuseRow(item, exists);
        uint256 disputed = vm.snapshotState();
        resolve(item, ISettlementBook.Outcome.Rejected);
        refuseRow(item, exists);
        vm.revertToState(disputed);
        resolve(item, ISettlementBook.Outcome.Upheld);
        refuseRow(item, exists);
    }

    function test_SetsApart_ARevisionOutOfTurn() public {
        ISettlementBook.Row memory item = row();
        for (uint256 i = 0; i < 4; ++i) {
            item.revision = [uint8(0), 2, 31, 255][i];
            refuseRow(item, ISettlementBook.SLARevisionUnexpected.selector);
        }
        take(row());
        item.revision = 0;
        refuseRow(item, ISettlementBook.SLARevisionUnexpected.selector);
        item.revision = 3;
        refuseRow(item, ISettlementBook.SLARevisionUnexpected.selector);
    }

    function test_SetsApart_AnUnknownAgreement() public {
        refuseRow(rowOf(OTHER, PERIOD, 0, 1, 2), IAgreementBook.SLAUnknownAgreement.selector);
        uint48 until = startOf(15);
        vm.prank(PROVIDER);
        bytes32 proposed = book.proposeAgreement(OTHER, amendment(), until);
        refuseRow(rowOf(proposed, PERIOD, 0, 1, 2), IAgreementBook.SLAUnknownAgreement.selector);
    }

    function test_SetsApart_APeriodOutsideTheAgreement() public {
        refuseRow(rowOf(agreement, FIRST - 1, 0, 1, 2), IAgreementBook.SLAUnknownPeriod.selector);
        refuseRow(rowOf(agreement, PERIODS, 0, 1, 2), IAgreementBook.SLAUnknownPeriod.selector);
        refuseRow(rowOf(agreement, type(uint32).max, 0, 1, 2), IAgreementBook.SLAUnknownPeriod.selector);
    }

    function test_SetsApart_AnSloThatTheVersionHasNot() public {
        for (uint256 i = 0; i < 5; ++i) {
            uint8 slo = [1, 7, 8, 16, 255][i];
            refuseRow(rowOf(agreement, PERIOD, slo, 1, 2), IAgreementBook.SLAUnknownSlo.selector);
        }
    }

    /// The ninth place is where the restatement of the first SLO waits: it is no SLO's, whatever lies there.
    function test_SetsApart_ThePlaceWhereARestatementWaits() public {
        ISettlementBook.Row memory ninth = rowOf(agreement, PERIOD, 8, 1, 2);
        settle(row());
        contest(restated(row(), 2, 1));
        for (ninth.revision = 1; ninth.revision < 4; ++ninth.revision) {
            refuseRow(ninth, IAgreementBook.SLAUnknownSlo.selector);
        }
        resolve(restated(row(), 2, 1), ISettlementBook.Outcome.Rejected);
        for (ninth.revision = 1; ninth.revision < 4; ++ninth.revision) {
            refuseRow(ninth, IAgreementBook.SLAUnknownSlo.selector);
        }
    }

    /// Of a row with every fault there is, mended one by one: the answer is always the first that is left.
    function test_SetsApart_ByTheFirstOfSeveralFaults() public {
        ISettlementBook.Row memory item = rowOf(OTHER, PERIODS, 8, 1, 0);
        (item.revision, item.documentHash) = (2, 0);
        refuseRow(item, IAgreementBook.SLAUnknownSlo.selector);
        item.slo = 1;
        refuseRow(item, ISettlementBook.SLARevisionUnexpected.selector);
        item.revision = 1;
        refuseRow(item, IAgreementBook.SLAUnknownAgreement.selector);
        item.agreementId = agreement;
        refuseRow(item, IAgreementBook.SLAUnknownPeriod.selector);
        item.period = PERIOD + 2;
        refuseRow(item, IAgreementBook.SLAUnknownSlo.selector);
        item.slo = 0;
        refuseRow(item, ISettlementBook.SLAPeriodNotClosed.selector);
        item.period = FIRST;
        refuseRow(item, ISettlementBook.SLAReportTooLate.selector);
        item.period = PERIOD;
        refuseRow(item, ISettlementBook.SLANoEvidence.selector);
        item.documentHash = keccak256("document");
        refuseRow(item, ISettlementBook.SLAInvalidCounts.selector);
        item.good = 0;
        refuseRow(item, ISettlementBook.SLANoData.selector);
        item.good = item.valid = 1;
        refuseRow(item, ISettlementBook.SLANotABreach.selector);
        item.good = 0;
        take(item);
    }

    // -------------------------------------------------------------------------------------------------------- clocks

    function test_SetsApart_APeriodThatIsNotOver() public {
        vm.warp(REPORTABLE_AT - 1);
        refuseRow(row(), ISettlementBook.SLAPeriodNotClosed.selector);
        vm.warp(REPORTABLE_AT);
        take(row());
    }

    function test_SetsApart_AReportThatIsTooLate() public {
        vm.warp(REPORTABLE_AT + REPORT + 1);
        refuseRow(row(), ISettlementBook.SLAReportTooLate.selector);
        vm.warp(REPORTABLE_AT + REPORT);
        take(row());
    }

    /// A pause costs nobody the time to report, and shortens no grace.
    function test_APauseStopsTheEndOfReportsAndNotTheGrace() public {
        vm.warp(PERIOD_END);
        pause();
        vm.warp(REPORTABLE_AT);
        unpause();
        take(row());
        ISettlementBook.Row memory next = rowOf(agreement, PERIOD + 1, 0, 1, 2);
        uint48 until = startOf(PERIOD + 2) + GRACE + REPORT + (REPORTABLE_AT - PERIOD_END);
        vm.warp(until + 1);
        refuseRow(next, ISettlementBook.SLAReportTooLate.selector);
        vm.warp(until);
        take(next);
    }

    // ------------------------------------------------------------------------------------------------ counts, bands

    function test_SetsApart_ARowWithoutADocument() public {
        ISettlementBook.Row memory item = row();
        item.documentHash = 0;
        refuseRow(item, ISettlementBook.SLANoEvidence.selector);
    }

    function testFuzz_SetsApart_MoreGoodThanValid(uint64 good, uint64 valid) public {
        valid = uint64(bound(valid, 0, type(uint64).max - 1));
        good = uint64(bound(good, valid + 1, type(uint64).max));
        refuseRow(rowOf(agreement, PERIOD, 0, good, valid), ISettlementBook.SLAInvalidCounts.selector);
    }

    function test_SetsApart_ARowWithoutData() public {
        refuseRow(rowOf(agreement, PERIOD, 0, 0, 0), ISettlementBook.SLANoData.selector);
    }

    /// "99.9 %" is a promise of at least 99.9 %: the bound itself is in the better band.
    function test_TheBoundIsInTheBetterBand() public {
        refuseRow(rowOf(agreement, PERIOD, 0, 1_000_000, 1_000_000), ISettlementBook.SLANotABreach.selector);
        refuseRow(rowOf(agreement, PERIOD, 0, 999_000, 1_000_000), ISettlementBook.SLANotABreach.selector);
        uint64[6] memory good = [uint64(998_999), 990_000, 989_999, 950_000, 949_999, 0];
        uint32[6] memory credit = [uint32(100_000), 100_000, 250_000, 250_000, 1_000_000, 1_000_000];
        for (uint256 i = 0; i < 6; ++i) {
            uint256 before = vm.snapshotState();
            ISettlementBook.Row memory item = rowOf(agreement, PERIOD, 0, good[i], 1_000_000);
            take(item);
            vm.assertEq(credit[i], standing(item).creditPpm, "credit");
            vm.revertToState(before);
        }
    }

    /// Counts are never divided: a ratio rounded to a ppm, or to two decimals, would hide these breaches or make one.
    function test_NoRoundingDecidesABreach() public {
        refuseRow(rowOf(agreement, PERIOD, 0, 1_998, 2_000), ISettlementBook.SLANotABreach.selector);
        uint64 most = type(uint64).max;
        uint64 met = uint64((uint256(most) * 999 + 999) / 1000);
        refuseRow(rowOf(agreement, PERIOD, 0, met, most), ISettlementBook.SLANotABreach.selector);
        take(rowOf(agreement, PERIOD, 0, met - 1, most)); // one event of 1.8e19
    }

    /// Any counts are a credit exactly when a slow reading of the bands says so, and then of the lowest band that matches.
    function testFuzz_TheLowestMatchingBandDecides(uint64 good, uint64 valid) public {
        valid = uint64(bound(valid, 1, type(uint64).max));
        good = uint64(bound(good, 0, valid));
        uint32 expected = 0;
        IAgreementBook.Band[] memory list = bands();
        for (uint256 i = 0; i < 3; ++i) {
            uint256 wholePpm = uint256(good) * 1_000_000 / valid; // the bound is whole too, so the floor compares as the ratio
            if (wholePpm < list[i].belowPpm) expected = list[i].creditPpm;
        }
        ISettlementBook.Row memory item = rowOf(agreement, PERIOD, 0, good, valid);
        if (expected == 0) refuseRow(item, ISettlementBook.SLANotABreach.selector);
        else take(item);
        vm.assertEq(expected, standing(item).creditPpm, "credit");
    }

    /// A settlement's name and commitment hold no time, sender or nonce: whoever sends it whenever, it is the same one.
    function testFuzz_TheSameRowLaterByAnotherIsTheSameSettlement(address caller, uint32 later) public {
        uint256 before = vm.snapshotState();
        take(row());
        bytes20 commitment = standing(row()).commitment;
        bytes[] memory signatures = signaturesFor(one(row()), 2);
        vm.revertToState(before);
        vm.warp(NOW + later % (15 * DAY));
        vm.prank(caller);
        sla.submitReports(one(row()), signatures);
        vm.assertEq(bytes32(commitment), bytes32(standing(row()).commitment), "commitment");
        refuseRow(row(), ISettlementBook.SLASettlementExists.selector);
    }

    /// One breach ends no agreement: its other SLOs and its later periods are reported as ever.
    function test_OneBreachEndsNothing() public {
        bytes32 id = activateOther(termsOf(2, 1_000_000, 0));
        settle(rowOf(id, PERIOD, 0, 0, 1));
        settle(rowOf(id, PERIOD, 1, 0, 1));
        settle(rowOf(id, PERIOD + 1, 0, 0, 1));
        vm.assertEq(PERIODS, book.getAgreement(id).endPeriod, "end");
        requireBalance(id, 2 * FEE, 0, 0);
    }
}
