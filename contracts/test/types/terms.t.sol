// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {Bands, toBands} from "../../src/types/Bands.sol";
import {ClockWord, MoneyWord, noticeSecondsOf, toClockWord, toMoneyWord} from "../../src/types/TermsWords.sol";
import {bound, vm} from "../support/Vm.sol";

/// @dev Terms arrive as calldata, so the words are made behind a call.
contract TermsPacker {
    function clockOf(IAgreementBook.Terms calldata terms) external pure returns (ClockWord) {
        return toClockWord(terms);
    }

    function moneyOf(IAgreementBook.Terms calldata terms) external pure returns (MoneyWord) {
        return toMoneyWord(terms);
    }

    function bandsOf(IAgreementBook.Band[] calldata list) external pure returns (Bands) {
        return toBands(list);
    }
}

/// The words of one version of terms: each gives back what was put in, and no field touches another.
contract TermsWordsTest {
    TermsPacker internal packer = new TermsPacker();

    /// 25: the clocks of a version; a field replaced changes its 32 bits alone.
    function testFuzz_AVersionsClocksGiveBackWhatWasPutIn(uint32[8] memory v, uint256 which, uint32 other) public view {
        ClockWord word = clockOf(v);
        requireClock(word, v);
        which = bound(which, 0, 7);
        v[which] = other;
        uint256 changed = ClockWord.unwrap(word) ^ ClockWord.unwrap(clockOf(v));
        vm.assertEq(0, changed & ~(uint256(type(uint32).max) << (224 - 32 * which)), "another field's bits");
    }

    /// 25: their corners: each field alone at its highest, and all of them.
    function test_AVersionsClocksHoldTheirExtremes() public view {
        for (uint256 i = 0; i < 9; ++i) {
            uint32[8] memory v;
            for (uint256 j = 0; j < 8; ++j) v[j] = i == 8 || i == j ? type(uint32).max : 0;
            requireClock(clockOf(v), v);
        }
    }

    /// 25: the money of a version; a field replaced changes its own bits alone.
    function testFuzz_AVersionsMoneyGivesBackWhatWasPutIn(
        uint256[7] memory raw,
        uint256 which,
        uint256 other
    ) public view {
        uint256[7] memory most = moneyBounds();
        for (uint256 i = 0; i < 7; ++i) raw[i] = bound(raw[i], 0, most[i]);
        MoneyWord word = moneyOf(raw);
        requireMoney(word, raw);
        which = bound(which, 0, 6);
        raw[which] = bound(other, 0, most[which]);
        uint256 changed = MoneyWord.unwrap(word) ^ MoneyWord.unwrap(moneyOf(raw));
        uint8[7] memory shifts = [184, 112, 56, 36, 35, 34, 30];
        uint8[7] memory widths = [72, 72, 56, 20, 1, 1, 4];
        uint256 mask = ((uint256(1) << widths[which]) - 1) << shifts[which];
        vm.assertEq(0, changed & ~mask, "another field's bits");
    }

    /// 25: its corners.
    function test_AVersionsMoneyHoldsItsExtremes() public view {
        for (uint256 i = 0; i < 8; ++i) {
            uint256[7] memory v;
            for (uint256 j = 0; j < 7; ++j) v[j] = i == 7 || i == j ? moneyBounds()[j] : 0;
            requireMoney(moneyOf(v), v);
        }
    }

    /// 25: bands of any length that is allowed, with any bounds above 0 and any credits.
    function testFuzz_BandsGiveBackWhatWasPutIn(uint256 count, uint32[12] memory raw) public view {
        IAgreementBook.Band[] memory list = new IAgreementBook.Band[](bound(count, 1, 6));
        for (uint256 i = 0; i < list.length; ++i) {
            list[i].belowPpm = uint32(bound(raw[2 * i], 1, 1_000_000));
            list[i].creditPpm = uint32(bound(raw[2 * i + 1], 0, 1_000_000));
        }
        Bands word = packer.bandsOf(list);
        vm.assertEq(keccak256(abi.encode(list)), keccak256(abi.encode(word.unpacked())), "bands");
        vm.assertEq(0, Bands.unwrap(word) >> (40 * list.length), "the bits above");
    }

    /// 25: six bands at their highest.
    function test_BandsHoldTheirExtremes() public view {
        uint32[12] memory raw;
        for (uint256 i = 0; i < 12; ++i) raw[i] = 1_000_000;
        for (uint256 count = 1; count <= 6; ++count) testFuzz_BandsGiveBackWhatWasPutIn(count, raw);
    }

    // ------------------------------------------------------------------------------------------------------ helpers

    function clockOf(uint32[8] memory v) internal view returns (ClockWord) {
        IAgreementBook.Terms memory terms;
        (terms.firstPeriod, terms.graceSeconds) = (v[0], v[1]);
        (terms.disputeWindowSeconds, terms.disputeWindowBlocks) = (v[2], v[3]);
        (terms.rulingSeconds, terms.reportSeconds) = (v[4], v[5]);
        (terms.restateSeconds, terms.noticeSeconds) = (v[6], v[7]);
        return packer.clockOf(terms);
    }

    function requireClock(ClockWord word, uint32[8] memory v) internal pure {
        vm.assertEq(v[0], word.fromPeriod(), "first period");
        vm.assertEq(v[1], word.graceSeconds(), "grace");
        vm.assertEq(v[2], word.windowSeconds(), "window");
        vm.assertEq(v[3], word.windowBlocks(), "blocks");
        vm.assertEq(v[4], word.rulingSeconds(), "ruling");
        vm.assertEq(v[5], word.reportSeconds(), "report");
        vm.assertEq(v[6], word.restateSeconds(), "restatement");
        vm.assertEq(v[7], noticeSecondsOf(word), "notice");
    }

    function moneyBounds() internal pure returns (uint256[7] memory) {
        return [uint256(type(uint72).max), type(uint72).max, type(uint56).max, 1_000_000, 1, 1, 8];
    }

    function moneyOf(uint256[7] memory v) internal view returns (MoneyWord) {
        IAgreementBook.Terms memory terms;
        (terms.feeMinor, terms.yearCapMinor, terms.minimumMinor) = (uint72(v[0]), uint72(v[1]), uint56(v[2]));
        terms.capPpm = uint32(v[3]);
        terms.stacking = IAgreementBook.Stacking(v[4]);
        terms.belowMinimum = IAgreementBook.BelowMinimum(v[5]);
        terms.slos = new IAgreementBook.SloTerms[](v[6]);
        return packer.moneyOf(terms);
    }

    function requireMoney(MoneyWord word, uint256[7] memory v) internal pure {
        vm.assertEq(v[0], word.feeMinor(), "fee");
        vm.assertEq(v[1], word.yearCapMinor(), "cap of the year");
        vm.assertEq(v[2], word.minimumMinor(), "minimum");
        vm.assertEq(v[3], word.capPpm(), "cap of the period");
        vm.assertEq(v[4], uint256(word.stacking()), "stacking");
        vm.assertEq(v[5], uint256(word.belowMinimum()), "below the minimum");
        vm.assertEq(v[6], word.sloCount(), "SLOs");
    }
}
