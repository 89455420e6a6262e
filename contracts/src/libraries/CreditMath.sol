// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../interfaces/ISlaSettlement.sol";

/// @dev Eight bands fill two storage slots; public schedules have two to four.
uint256 constant MAX_BANDS = 8;

/**
 * @title The arithmetic of a service credit
 * @dev Counts are compared by cross-multiplication and never divided: rounding an availability to a whole ppm or to two
 * decimals moves counts across a band's bound. The one division is the last step, towards zero, so the provider keeps less
 * than one minor unit of a credit. All products fit 128 bits and are taken in 256.
 */
library CreditMath {
    uint32 internal constant ONE_PPM = 1_000_000;

    /// @dev Whether good/valid is strictly below `ppm`, exactly.
    function isBelow(uint64 good, uint64 valid, uint256 ppm) internal pure returns (bool) {
        return uint256(good) * ONE_PPM < ppm * valid;
    }

    /// @dev `ppm` of `amountMinor`, floored. At most `amountMinor`, because `ppm` is at most one million.
    function portionOf(uint96 amountMinor, uint32 ppm) internal pure returns (uint96) {
        return uint96(uint256(amountMinor) * ppm / ONE_PPM);
    }

    /// @dev Refuses an objective or bands that break the rules of {ISlaSettlement-SloTerms}.
    function checkBands(uint32 objectivePpm, ISlaSettlement.Band[] calldata bands) internal pure {
        _require(objectivePpm > 0 && objectivePpm <= ONE_PPM, ISlaSettlement.TermsField.Objective);
        _require(bands.length > 0 && bands.length <= MAX_BANDS, ISlaSettlement.TermsField.BandCount);
        // Without this equality a breach could exist that no band credits, or a credit without a breach.
        _require(bands[0].belowPpm == objectivePpm, ISlaSettlement.TermsField.BandThreshold);
        _require(bands[0].creditPpm > 0, ISlaSettlement.TermsField.BandCredit);
        for (uint256 i = 1; i < bands.length; ++i) {
            bool lower = bands[i].belowPpm < bands[i - 1].belowPpm && bands[i].belowPpm > 0;
            _require(lower, ISlaSettlement.TermsField.BandThreshold);
            _require(bands[i].creditPpm > bands[i - 1].creditPpm, ISlaSettlement.TermsField.BandCredit);
        }
        _require(bands[bands.length - 1].creditPpm <= ONE_PPM, ISlaSettlement.TermsField.BandCredit);
    }

    /// @dev Bands four to a slot, as storage keeps them: the bound in the high half, the credit in the low one.
    function pack(ISlaSettlement.Band calldata band) internal pure returns (uint64) {
        return uint64(band.belowPpm) << 32 | band.creditPpm;
    }

    function unpack(uint64 packed) internal pure returns (ISlaSettlement.Band memory) {
        return ISlaSettlement.Band({belowPpm: uint32(packed >> 32), creditPpm: uint32(packed)});
    }

    function _require(bool condition, ISlaSettlement.TermsField field) private pure {
        if (!condition) revert ISlaSettlement.SLAInvalidTerms(field);
    }
}
