// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {SlowCredit} from "../support/SlowCredit.sol";
import {bound, vm} from "../support/Vm.sol";

contract CreditOfTest is Fixture {
    function test_TheLowestMatchingBandWins() public view {
        requireCredit(1_000_000, 0);
        requireCredit(999_000, 0);
        requireCredit(998_999, 100_000);
        requireCredit(990_000, 100_000);
        requireCredit(989_999, 250_000);
        requireCredit(950_000, 250_000);
        requireCredit(949_999, 1_000_000);
        requireCredit(0, 1_000_000);
    }

    /// Counts are never divided: 2 of 2,001 lost is a breach of 99.9 % that a ratio rounded to two decimals would hide.
    function test_NoRoundingDecidesABreach() public view {
        (uint32 ppm,) = sla.creditOf(FEE, 999_000, bands(), 1_998, 2_000);
        vm.assertEq(0, ppm, "exactly 99.9 %");
        (ppm,) = sla.creditOf(FEE, 999_000, bands(), 1_998, 2_001);
        vm.assertEq(100_000, ppm, "99.8500...%");
        uint64 most = type(uint64).max;
        (ppm,) = sla.creditOf(FEE, 1_000_000, oneBand(1_000_000, 1), most - 1, most);
        vm.assertEq(1, ppm, "one event in 1.8e19");
    }

    /// The contract's arithmetic equals a slow reference that never multiplies counts, for all inputs.
    function testFuzz_EqualsTheSlowReference(uint96 fee, uint64 good, uint64 valid, uint256 seed) public view {
        valid = uint64(bound(valid, 1, type(uint64).max));
        good = uint64(bound(good, 0, valid));
        ISlaSettlement.Band[] memory list = anyBands(seed);
        // Half of the inputs sit within one event of a bound, where an error would show.
        if (seed % 2 == 0) {
            uint256 near = uint256(valid) * list[seed % list.length].belowPpm / 1_000_000 + seed / 2 % 3;
            good = uint64(near < 1 ? 0 : near - 1 > valid ? valid : near - 1);
        }
        (uint32 ppm, uint96 minor) = sla.creditOf(fee, list[0].belowPpm, list, good, valid);
        uint32 expectedPpm = SlowCredit.ppmOf(list, good, valid);
        vm.assertEq(expectedPpm, ppm, "ppm");
        vm.assertEq(SlowCredit.minorOf(fee, expectedPpm), minor, "minor");
    }

    /// Fewer good events never lower the credit, and no credit is above the fee.
    function testFuzz_IsMonotoneAndAtMostTheFee(uint96 fee, uint64 good, uint64 fewer, uint64 valid, uint256 seed)
        public
        view
    {
        valid = uint64(bound(valid, 1, type(uint64).max));
        good = uint64(bound(good, 0, valid));
        fewer = uint64(bound(fewer, 0, good));
        ISlaSettlement.Band[] memory list = anyBands(seed);
        (, uint96 high) = sla.creditOf(fee, list[0].belowPpm, list, fewer, valid);
        (, uint96 low) = sla.creditOf(fee, list[0].belowPpm, list, good, valid);
        vm.assertLe(low, high, "monotone");
        vm.assertLe(high, fee, "at most the fee");
    }

    /// What is stored by a report is what the view says.
    function testFuzz_AReportIsCreditedAsTheViewSays(uint64 good, uint64 valid) public {
        valid = uint64(bound(valid, 2, type(uint64).max));
        good = uint64(bound(good, 0, valid / 2));
        bytes32 id = submit(reportOf(AGREEMENT, SLO, START, END, good, valid));
        (uint32 ppm, uint96 minor) = sla.creditOf(FEE, 999_000, bands(), good, valid);
        vm.assertEq(ppm, sla.getSettlement(id).creditPpm, "ppm");
        vm.assertEq(minor, sla.getSettlement(id).creditMinor, "minor");
    }

    function test_RevertWhen_CountsAreNone() public {
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLANoData.selector, 0, 0));
        sla.creditOf(FEE, 999_000, bands(), 0, 0);
        vm.expectRevert(abi.encodeWithSelector(ISlaSettlement.SLAInvalidCounts.selector, 2, 1));
        sla.creditOf(FEE, 999_000, bands(), 2, 1);
    }

    function test_RevertWhen_BandsAreOutOfOrder() public {
        vm.expectRevert(
            abi.encodeWithSelector(ISlaSettlement.SLAInvalidTerms.selector, ISlaSettlement.TermsField.BandThreshold)
        );
        sla.creditOf(FEE, 998_000, bands(), 1, 2);
    }

    function requireCredit(uint64 good, uint32 expectedPpm) internal view {
        (uint32 ppm, uint96 minor) = sla.creditOf(FEE, 999_000, bands(), good, 1_000_000);
        vm.assertEq(expectedPpm, ppm, "ppm");
        vm.assertEq(uint256(FEE) * expectedPpm / 1_000_000, minor, "minor");
    }

    function oneBand(uint32 belowPpm, uint32 creditPpm) internal pure returns (ISlaSettlement.Band[] memory list) {
        list = new ISlaSettlement.Band[](1);
        list[0] = ISlaSettlement.Band({belowPpm: belowPpm, creditPpm: creditPpm});
    }

    /// @dev 1 to 8 bands in order, from a seed.
    function anyBands(uint256 seed) internal pure returns (ISlaSettlement.Band[] memory list) {
        list = new ISlaSettlement.Band[](1 + seed % 8);
        uint32 below = 1_000_001;
        uint32 credit = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            below -= uint32(1 + random % 100_000);
            credit += uint32(1 + (random >> 128) % 100_000);
            list[i] = ISlaSettlement.Band({belowPpm: below, creditPpm: credit});
        }
    }
}
