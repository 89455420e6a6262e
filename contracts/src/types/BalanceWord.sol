// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../interfaces/ISettlementBook.sol";

using {accrued, revoked, redeemed, outstanding, fits, plus, withRedeemed, unpacked} for BalanceWord global;

/// @dev The credit of one agreement, highest first: accrued 80, revoked 80, redeemed 80; the lowest 16 bits are 0. A fee has 72 bits,
/// so 256 of the largest fees fill a counter; what would not fit is refused before.
type BalanceWord is uint256;

uint256 constant ACCRUED_SHIFT = 176;
uint256 constant REVOKED_SHIFT = 96;
uint256 constant REDEEMED_SHIFT = 16;

function accrued(BalanceWord self) pure returns (uint80) {
    return uint80(BalanceWord.unwrap(self) >> ACCRUED_SHIFT);
}

function revoked(BalanceWord self) pure returns (uint80) {
    return uint80(BalanceWord.unwrap(self) >> REVOKED_SHIFT);
}

function redeemed(BalanceWord self) pure returns (uint80) {
    return uint80(BalanceWord.unwrap(self) >> REDEEMED_SHIFT);
}

/// @dev Below 0 where a restatement took back what was redeemed.
function outstanding(BalanceWord self) pure returns (int96) {
    return int96(uint96(self.accrued())) - int96(uint96(self.revoked())) - int96(uint96(self.redeemed()));
}

/// @dev Whether a change leaves both counters within their bits.
function fits(BalanceWord self, int256 deltaMinor) pure returns (bool) {
    uint256 counter = deltaMinor < 0 ? self.revoked() : self.accrued();
    return counter + uint256(deltaMinor < 0 ? -deltaMinor : deltaMinor) <= type(uint80).max;
}

/// @dev What rises is accrued, what falls is revoked. Callers have checked that it fits, so no bit is carried over.
function plus(BalanceWord self, int256 deltaMinor) pure returns (BalanceWord) {
    return BalanceWord.wrap(
        BalanceWord.unwrap(self)
            + (deltaMinor < 0 ? uint256(-deltaMinor) << REVOKED_SHIFT : uint256(deltaMinor) << ACCRUED_SHIFT)
    );
}

/// @dev Callers have checked that as much is outstanding, so that it fits.
function withRedeemed(BalanceWord self, uint80 amountMinor) pure returns (BalanceWord) {
    return BalanceWord.wrap(BalanceWord.unwrap(self) + (uint256(amountMinor) << REDEEMED_SHIFT));
}

function unpacked(BalanceWord self) pure returns (ISettlementBook.Balance memory) {
    return ISettlementBook.Balance({accrued: self.accrued(), revoked: self.revoked(), redeemed: self.redeemed()});
}
