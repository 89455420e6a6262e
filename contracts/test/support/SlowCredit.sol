// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";

/**
 * @title A second opinion on the arithmetic
 * @dev Shares no idea with src: fractions are compared by their continued fractions, never by multiplying; the band is the
 * greatest credit of all that match, in no order; money is counted up a bit at a time; caps and minimum are applied to whole
 * lists, never to differences.
 */
library SlowCredit {
    /// @dev The credit of one SLO: of all bands whose bound lies above good/valid, the greatest; 0 of 0 is met.
    function ppmOf(
        IAgreementBook.Band[] memory bands,
        uint64 good,
        uint64 valid
    ) internal pure returns (uint32 greatest) {
        if (valid == 0) return 0;
        for (uint256 i = bands.length; i > 0; --i) {
            IAgreementBook.Band memory band = bands[i - 1];
            if (isLess(good, valid, band.belowPpm, 1_000_000) && band.creditPpm > greatest) greatest = band.creditPpm;
        }
    }

    /// @dev What a period comes to with these credits of its SLOs.
    function periodMinor(
        IAgreementBook.Terms memory terms,
        uint32[] memory credits
    ) internal pure returns (uint256 owed) {
        uint256 sum = 0;
        uint256 greatest = 0;
        for (uint256 i = 0; i < credits.length; ++i) {
            sum += credits[i];
            if (credits[i] > greatest) greatest = credits[i];
        }
        uint256 together = terms.stacking == IAgreementBook.Stacking.Sum ? sum : greatest;
        if (together == 0) return 0;
        owed = quotient(uint256(terms.feeMinor) * smaller(together, terms.capPpm), 1_000_000);
        if (owed >= terms.minimumMinor) return owed;
        return terms.belowMinimum == IAgreementBook.BelowMinimum.Nothing ? 0 : terms.minimumMinor;
    }

    /// @dev What a year of these periods comes to.
    function yearMinor(uint256[] memory periods, uint256 cap) internal pure returns (uint256 sum) {
        for (uint256 i = 0; i < periods.length; ++i) sum += periods[i];
        return cap == 0 ? sum : smaller(sum, cap);
    }

    /// @dev Whether a/b < c/d, for b and d above 0.
    function isLess(uint256 a, uint256 b, uint256 c, uint256 d) internal pure returns (bool) {
        while (true) {
            if (a / b != c / d) return a / b < c / d;
            (a, c) = (a % b, c % d);
            if (c == 0) return false;
            if (a == 0) return true;
            (a, b, c, d) = (d, c, b, a); // a/b < c/d when d/c < b/a
        }
        return false;
    }

    /// @dev The largest q with q * divisor <= value, by doubling and taking away.
    function quotient(uint256 value, uint256 divisor) internal pure returns (uint256 q) {
        uint256 bits = 0;
        while (divisor << (bits + 1) <= value) ++bits;
        for (uint256 i = bits + 1; i > 0; --i) {
            if (divisor << (i - 1) > value) continue;
            value -= divisor << (i - 1);
            q += uint256(1) << (i - 1);
        }
    }

    function smaller(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }
}
