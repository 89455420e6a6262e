// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {CreditMath} from "../../src/libraries/CreditMath.sol";
import {Bands, toBands} from "../../src/types/Bands.sol";
import {MoneyWord, toMoneyWord} from "../../src/types/TermsWords.sol";
import {SlowCredit} from "../support/SlowCredit.sol";
import {bound, vm} from "../support/Vm.sol";

/// @dev The arithmetic of src behind calls that take terms.
contract CreditHarness {
    using CreditMath for MoneyWord;

    function ppmOf(IAgreementBook.Band[] calldata bands, uint64 good, uint64 valid) external pure returns (uint256) {
        return toBands(bands).creditPpm(good, valid);
    }

    function periodMinor(
        IAgreementBook.Terms calldata terms,
        uint32[] calldata credits
    ) external pure returns (uint256) {
        MoneyWord money = toMoneyWord(terms);
        uint256 together = 0;
        for (uint256 i = 0; i < credits.length; ++i) together = money.stacked(together, credits[i]);
        return money.periodMinor(together);
    }
}

/// The credit of counts, of a period and of a year, against `SlowCredit`, and what may never happen to it.
contract CreditTest {
    CreditHarness internal harness = new CreditHarness();

    /// 9: any counts, any bands.
    function testFuzz_TheBandOfAnyCountsIsTheSlowReferences(uint256 seed, uint64 good, uint64 valid) public view {
        IAgreementBook.Band[] memory list = bandsOf(seed, 1_000_000);
        good = uint64(bound(good, 0, valid));
        vm.assertEq(SlowCredit.ppmOf(list, good, valid), harness.ppmOf(list, good, valid), "credit");
    }

    /// 9: counts that lie on a bound, one event above and one below, of the largest numbers there are.
    function testFuzz_TheBandAtABoundIsTheSlowReferences(uint256 seed, uint64 scale, uint256 which) public view {
        IAgreementBook.Band[] memory list = bandsOf(seed, 1_000_000);
        uint64 belowPpm = list[which % list.length].belowPpm;
        scale = uint64(bound(scale, 1, type(uint64).max / 1_000_000));
        uint64 good = belowPpm * scale;
        uint64 valid = 1_000_000 * scale;
        for (uint64 i = 0; i < 3; ++i) {
            uint64 near = good + i - 1 <= valid ? good + i - 1 : valid;
            vm.assertEq(SlowCredit.ppmOf(list, near, valid), harness.ppmOf(list, near, valid), "credit");
        }
    }

    /// 9: largest counts, which an attainment in floats confuses with its neighbours.
    function test_TheLargestCountsAreTold() public view {
        IAgreementBook.Band[] memory list = new IAgreementBook.Band[](1);
        list[0] = IAgreementBook.Band({belowPpm: 1_000_000, creditPpm: 7});
        uint64 most = type(uint64).max;
        vm.assertEq(0, harness.ppmOf(list, most, most), "all of them");
        vm.assertEq(7, harness.ppmOf(list, most - 1, most), "all but one");
        vm.assertEq(0, harness.ppmOf(list, 0, 0), "none of none");
    }

    /// 10: fewer good events never lower the credit of an SLO.
    function testFuzz_FewerGoodEventsNeverLowerACredit(uint256 seed, uint64 good, uint64 fewer, uint64 valid) public view {
        IAgreementBook.Band[] memory list = bandsOf(seed, 1_000_000);
        good = uint64(bound(good, 0, valid));
        fewer = uint64(bound(fewer, 0, good));
        vm.assertLe(harness.ppmOf(list, good, valid), harness.ppmOf(list, fewer, valid), "credit");
    }

    /// 9, 21: stacking, cap, one division, minimum.
    function testFuzz_ThePeriodsCreditIsTheSlowReferences(uint256 seed, uint32[8] memory raw) public view {
        IAgreementBook.Terms memory terms = moneyOf(seed);
        uint32[] memory credits = creditsOf(raw);
        vm.assertEq(SlowCredit.periodMinor(terms, credits), harness.periodMinor(terms, credits), "period");
    }

    /// 4, 10: never above the cap, nor above the fee.
    function testFuzz_ThePeriodsCreditNeverExceedsItsCap(uint256 seed, uint32[8] memory raw) public view {
        IAgreementBook.Terms memory terms = moneyOf(seed);
        uint256 owed = harness.periodMinor(terms, creditsOf(raw));
        vm.assertLe(owed * 1_000_000, uint256(terms.feeMinor) * terms.capPpm, "cap");
        vm.assertLe(owed, terms.feeMinor, "fee");
    }

    /// 10: where one SLO credits more, no period and no year comes to less.
    function testFuzz_AWorseSloNeverLowersAPeriodOrAYear(
        uint256 seed,
        uint32[8] memory raw,
        uint256 which,
        uint32 more,
        uint72 rest
    ) public view {
        IAgreementBook.Terms memory terms = moneyOf(seed);
        uint32[] memory credits = creditsOf(raw);
        uint256 before = harness.periodMinor(terms, credits);
        which = bound(which, 0, 7);
        credits[which] = uint32(bound(more, credits[which], 1_000_000));
        uint256 afterwards = harness.periodMinor(terms, credits);
        vm.assertLe(before, afterwards, "period");
        uint256 year = CreditMath.yearMinor(uint256(rest) + before, terms.yearCapMinor);
        vm.assertLe(year, CreditMath.yearMinor(uint256(rest) + afterwards, terms.yearCapMinor), "year");
    }

    /// 21: the year's cut is of the sum, not of the periods.
    function testFuzz_TheYearsCreditIsTheSlowReferences(uint72[12] memory raw, uint72 cap) public pure {
        uint256[] memory periods = new uint256[](12);
        uint256 sum = 0;
        for (uint256 i = 0; i < 12; ++i) sum += periods[i] = raw[i];
        if (cap != 0) vm.assertEq(SlowCredit.yearMinor(periods, cap), CreditMath.yearMinor(sum, cap), "year");
        vm.assertEq(sum, SlowCredit.yearMinor(periods, 0), "a year without a cap");
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    /// @dev Bands as terms have them: bounds fall, credits rise up to the cap.
    function bandsOf(uint256 seed, uint256 cap) internal pure returns (IAgreementBook.Band[] memory list) {
        list = new IAgreementBook.Band[](1 + seed % 6);
        uint256 above = 1_000_001;
        uint256 less = 0;
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 left = list.length - 1 - i;
            seed = uint256(keccak256(abi.encode(seed)));
            above = bound(uint128(seed), left + 1, above - 1);
            less = bound(seed >> 128, less + 1, cap - left);
            list[i] = IAgreementBook.Band({belowPpm: uint32(above), creditPpm: uint32(less)});
        }
    }

    function moneyOf(uint256 seed) internal pure returns (IAgreementBook.Terms memory terms) {
        terms.feeMinor = uint72(bound(uint72(seed), 1, seed % 3 == 0 ? 1_000_000 : type(uint72).max));
        terms.capPpm = uint32(bound(uint32(seed >> 72), 1, 1_000_000));
        uint256 most = SlowCredit.quotient(uint256(terms.feeMinor) * terms.capPpm, 1_000_000);
        terms.minimumMinor = uint56(bound(uint56(seed >> 104), 0, SlowCredit.smaller(most, type(uint56).max)));
        bool lifted = terms.minimumMinor > 0 && seed >> 160 & 1 == 1;
        terms.belowMinimum = lifted ? IAgreementBook.BelowMinimum.Minimum : IAgreementBook.BelowMinimum.Nothing;
        terms.stacking = IAgreementBook.Stacking(seed >> 161 & 1);
        terms.yearCapMinor = uint72(bound(uint72(seed >> 162), terms.minimumMinor, type(uint72).max));
        terms.slos = new IAgreementBook.SloTerms[](8);
    }

    /// @dev Half of them 0, as of SLOs that were met.
    function creditsOf(uint32[8] memory raw) internal pure returns (uint32[] memory credits) {
        credits = new uint32[](8);
        for (uint256 i = 0; i < 8; ++i) {
            credits[i] = raw[i] % 2 == 0 ? 0 : uint32(bound(raw[i], 1, raw[i] % 4 == 1 ? 1_000_000 : 1_000));
        }
    }
}
