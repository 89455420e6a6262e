// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";

/**
 * @title A second opinion on the arithmetic
 * @dev Shares no idea with CreditMath: fractions are compared by their continued fractions, never by multiplying; the band is
 * the greatest credit of all that match, in no order; the floor is taken by subtracting the remainder.
 */
library SlowCredit {
    function ppmOf(
        ISlaSettlement.Band[] memory bands,
        uint64 good,
        uint64 valid
    ) internal pure returns (uint32 greatest) {
        for (uint256 i = bands.length; i > 0; --i) {
            ISlaSettlement.Band memory band = bands[i - 1];
            if (isLess(good, valid, band.belowPpm, 1_000_000) && band.creditPpm > greatest) greatest = band.creditPpm;
        }
    }

    function minorOf(uint96 feeMinor, uint32 ppm) internal pure returns (uint256) {
        uint256 millionths = uint256(feeMinor) * ppm;
        return (millionths - millionths % 1_000_000) / 1_000_000;
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
}
