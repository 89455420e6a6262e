// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Fixture} from "../support/Fixture.sol";
import {SlowCredit} from "../support/SlowCredit.sol";
import {bound, vm} from "../support/Vm.sol";

/// Whole months through the book, in every order: what is owed at the end is the slow reference's.
contract OrderTest is Fixture {
    uint32[3] internal periods = [PERIOD - 1, PERIOD, PERIOD + 1]; // one agreement year ends between them: 2 + 12 = 14

    /// 12: six rows of three periods and two SLOs, finalised in any order, come to one balance: that of the slow reference.
    function testFuzz_NoOrderOfFinalitiesChangesABalance(uint256 seed, uint256 order) public {
        bytes32 id = capped(seed);
        ISettlementBook.Row[] memory rows = rowsOf(id, seed);
        submitAll(rows);
        closeWindow();
        uint256 clean = vm.snapshotState();
        for (uint256 i = 0; i < 2; ++i) {
            shuffle(rows, i == 0 ? order : uint256(keccak256(abi.encode(order))));
            for (uint256 j = 0; j < rows.length; ++j) vm.assertEq(bytes32(0), bytes32(finalize(rows[j])), "final");
            vm.assertTrue(outstanding(id) == int256(expected(id, rows)), "balance");
            vm.assertEq(expected(id, rows), sla.balanceOf(id).accrued, "first reports only ever accrue");
            vm.revertToState(clean);
        }
    }

    /// 10, 12: one good event fewer in one row never lowers what is owed at the end.
    function testFuzz_FewerGoodEventsNeverLowerABalance(uint256 seed, uint256 which, uint64 fewer) public {
        bytes32 id = capped(seed);
        ISettlementBook.Row[] memory rows = rowsOf(id, seed);
        uint256 clean = vm.snapshotState();
        int256 before = outcome(id, rows);
        vm.revertToState(clean);
        which = bound(which, 0, rows.length - 1);
        rows[which].good = uint64(bound(fewer, 0, rows[which].good));
        vm.assertTrue(before <= outcome(id, rows), "balance");
    }

    /// 22: restated after finality, whatever the order, the balance is that of the last counts alone.
    function testFuzz_ARestatementLeavesTheBalanceOfTheLastCounts(uint256 seed, uint256 order) public {
        bytes32 id = capped(seed);
        ISettlementBook.Row[] memory rows = rowsOf(id, seed);
        outcome(id, rows);
        shuffle(rows, order);
        for (uint256 i = 0; i < rows.length; ++i) {
            rows[i].revision = 2;
            rows[i].good = uint64(uint256(keccak256(abi.encode(order, i))) % 1_000_001);
        }
        vm.assertTrue(outcome(id, rows) == int256(expected(id, rows)), "balance");
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    function capped(uint256 seed) internal returns (bytes32) {
        vm.warp(SIGNED_AT);
        IAgreementBook.Terms memory made = termsOf(2, 600_000, uint72(bound(uint72(seed), 600_000, 1_400_000)));
        made.minimumMinor = uint56(bound(uint56(seed >> 72), 0, 300_000));
        made.stacking = IAgreementBook.Stacking(seed >> 128 & 1);
        bool lifted = made.minimumMinor > 0 && seed >> 129 & 1 == 1;
        made.belowMinimum = lifted ? IAgreementBook.BelowMinimum.Minimum : IAgreementBook.BelowMinimum.Nothing;
        made.yearPeriods = uint16(1 + (seed >> 130) % 12);
        made.reportSeconds = 180 days;
        bytes32 id = activate(keccak256("order"), made);
        vm.warp(NOW);
        return id;
    }

    function rowsOf(bytes32 id, uint256 seed) internal view returns (ISettlementBook.Row[] memory rows) {
        rows = new ISettlementBook.Row[](6);
        for (uint256 i = 0; i < 6; ++i) {
            uint64 good = uint64(uint256(keccak256(abi.encode(seed, i))) % 999_000);
            rows[i] = rowOf(id, periods[i / 2], uint8(i % 2), i % 3 == 0 ? good : 900_000 + good / 11, 1_000_000);
        }
    }

    function shuffle(ISettlementBook.Row[] memory rows, uint256 order) internal pure {
        for (uint256 i = rows.length - 1; i > 0; --i) {
            uint256 j = uint256(keccak256(abi.encode(order, i))) % (i + 1);
            (rows[i], rows[j]) = (rows[j], rows[i]);
        }
    }

    function outcome(bytes32 id, ISettlementBook.Row[] memory rows) internal returns (int256) {
        bytes4[] memory refused = submitAll(rows);
        closeWindow();
        for (uint256 i = 0; i < rows.length; ++i) {
            vm.assertEq(bytes32(0), bytes32(refused[i]), "reported");
            vm.assertEq(bytes32(0), bytes32(finalize(rows[i])), "final");
        }
        return outstanding(id);
    }

    function expected(bytes32 id, ISettlementBook.Row[] memory rows) internal view returns (uint256 sum) {
        IAgreementBook.Terms memory made = book.getTerms(id, 1);
        bool[3] memory counted;
        for (uint256 i = 0; i < 3; ++i) {
            if (counted[i]) continue;
            uint256[] memory year = new uint256[](3);
            for (uint256 j = i; j < 3; ++j) {
                if ((periods[j] - FIRST) / made.yearPeriods != (periods[i] - FIRST) / made.yearPeriods) continue;
                (counted[j], year[j]) = (true, slowPeriod(made, rows, periods[j]));
            }
            sum += SlowCredit.yearMinor(year, made.yearCapMinor);
        }
    }

    function slowPeriod(
        IAgreementBook.Terms memory made,
        ISettlementBook.Row[] memory rows,
        uint32 period
    ) internal pure returns (uint256) {
        uint32[] memory credits = new uint32[](rows.length);
        for (uint256 i = 0; i < rows.length; ++i) {
            bool same = rows[i].period == period;
            if (same) credits[i] = SlowCredit.ppmOf(made.slos[rows[i].slo].bands, rows[i].good, rows[i].valid);
        }
        return SlowCredit.periodMinor(made, credits);
    }
}
