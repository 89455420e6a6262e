// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

using {start, end, exists} for Period global;

/// @dev A half-open span of time in 80 bits, start (uint48) and length in seconds (uint32), so that a settlement and its
/// neighbour fit one slot with the state. Zero is "no period". Internal: the ABI knows start and end only.
type Period is uint80;

/// @dev Callers have checked `startsAt < endsAt` and that the length fits.
function toPeriod(uint48 startsAt, uint48 endsAt) pure returns (Period) {
    return Period.wrap(uint80(startsAt) << 32 | uint32(endsAt - startsAt));
}

function start(Period self) pure returns (uint48) {
    return uint48(Period.unwrap(self) >> 32);
}

function end(Period self) pure returns (uint48) {
    return start(self) + uint32(Period.unwrap(self));
}

function exists(Period self) pure returns (bool) {
    return Period.unwrap(self) != 0;
}
