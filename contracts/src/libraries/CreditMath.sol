// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../interfaces/IAgreementBook.sol";
import {ONE_PPM} from "../types/Bands.sol";
import {MoneyWord} from "../types/TermsWords.sol";

/**
 * @title The arithmetic of a period's credit
 * @dev Credits of SLOs are put together in ppm, cut by the cap in ppm, and become money by the one division there is, towards zero:
 * the provider keeps less than one minor unit of a period. Two floors would give another amount than one.
 */
library CreditMath {
    /// @dev What a period comes to whose credits are `togetherPpm`: the cap, the division, the minimum.
    function periodMinor(MoneyWord money, uint256 togetherPpm) internal pure returns (uint256 owed) {
        uint256 cap = money.capPpm();
        uint256 fee = money.feeMinor();
        owed = fee * (togetherPpm < cap ? togetherPpm : cap) / ONE_PPM;
        uint256 minimum = money.minimumMinor();
        if (togetherPpm == 0 || owed >= minimum) return owed;
        return money.belowMinimum() == IAgreementBook.BelowMinimum.Minimum ? minimum : 0;
    }

    /// @dev Two credits put together.
    function stacked(MoneyWord money, uint256 onePpm, uint256 otherPpm) internal pure returns (uint256) {
        if (money.stacking() == IAgreementBook.Stacking.Sum) return onePpm + otherPpm;
        return onePpm > otherPpm ? onePpm : otherPpm;
    }

    /// @dev What is credited of a year that comes to `uncutMinor`. Callers ask only where there is a cap: 0 means none.
    function yearMinor(uint256 uncutMinor, uint256 yearCapMinor) internal pure returns (uint256) {
        return uncutMinor < yearCapMinor ? uncutMinor : yearCapMinor;
    }
}
