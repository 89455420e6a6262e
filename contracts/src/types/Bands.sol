// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../interfaces/IAgreementBook.sol";

using {creditPpm, unpacked} for Bands global;

/// @dev The bands of one SLO in 240 bits, the first one lowest: 20 bits of its bound, 20 bits of its credit. Bounds are above 0, so
/// a bound of 0 ends the list.
type Bands is uint256;

uint256 constant MAX_BANDS = 6;
uint256 constant ONE_PPM = 1_000_000;
uint256 constant BAND_BITS = 40;
uint256 constant PPM_MASK = 0xFFFFF;

/// @dev Callers have checked the bands: at most six, each value at most a million.
function toBands(IAgreementBook.Band[] calldata list) pure returns (Bands) {
    uint256 word = 0;
    for (uint256 i = list.length; i > 0; --i) {
        word = word << BAND_BITS | uint256(list[i - 1].creditPpm) << 20 | list[i - 1].belowPpm;
    }
    return Bands.wrap(word);
}

/**
 * @dev The credit of the lowest band that matches, in ppm of the fee; 0 when the objective is met, as it is of 0 of 0.
 *
 * Counts are compared by cross-multiplication and never divided: rounding an attainment to a whole ppm, or to two decimals,
 * moves counts across a bound.
 */
function creditPpm(Bands self, uint256 good, uint256 valid) pure returns (uint256 credit) {
    uint256 rest = Bands.unwrap(self);
    while (good * ONE_PPM < (rest & PPM_MASK) * valid) {
        credit = rest >> 20 & PPM_MASK;
        rest >>= BAND_BITS;
    }
}

function unpacked(Bands self) pure returns (IAgreementBook.Band[] memory list) {
    uint256 count = 0;
    while (count < MAX_BANDS && Bands.unwrap(self) >> count * BAND_BITS & PPM_MASK != 0) ++count;
    list = new IAgreementBook.Band[](count);
    for (uint256 i = 0; i < count; ++i) {
        uint256 band = Bands.unwrap(self) >> i * BAND_BITS;
        list[i] = IAgreementBook.Band({belowPpm: uint32(band & PPM_MASK), creditPpm: uint32(band >> 20 & PPM_MASK)});
    }
}
