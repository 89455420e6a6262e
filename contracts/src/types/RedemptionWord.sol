// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../interfaces/ISettlementBook.sol";

using {state, amountMinor, deadline, deadlineBlock, withState, unpacked} for RedemptionWord global;

/// @dev The credit of one invoice, highest first: amount 80, deadline 48, deadline's block 32, state 8; the highest 88 bits are 0. 0 is
/// "nothing was announced".
type RedemptionWord is uint256;

/// @dev Callers have checked that the deadlines fit.
function toRedemptionWord(
    ISettlementBook.RedemptionState state_,
    uint256 amountMinor_,
    uint256 deadline_,
    uint256 deadlineBlock_
) pure returns (RedemptionWord) {
    return RedemptionWord.wrap(amountMinor_ << 88 | deadline_ << 40 | deadlineBlock_ << 8 | uint8(state_));
}

function state(RedemptionWord self) pure returns (ISettlementBook.RedemptionState) {
    return ISettlementBook.RedemptionState(uint8(RedemptionWord.unwrap(self)));
}

function amountMinor(RedemptionWord self) pure returns (uint80) {
    return uint80(RedemptionWord.unwrap(self) >> 88);
}

function deadline(RedemptionWord self) pure returns (uint48) {
    return uint48(RedemptionWord.unwrap(self) >> 40);
}

function deadlineBlock(RedemptionWord self) pure returns (uint32) {
    return uint32(RedemptionWord.unwrap(self) >> 8);
}

function withState(RedemptionWord self, ISettlementBook.RedemptionState state_) pure returns (RedemptionWord) {
    return RedemptionWord.wrap(RedemptionWord.unwrap(self) & ~uint256(0xFF) | uint8(state_));
}

function unpacked(RedemptionWord self) pure returns (ISettlementBook.Redemption memory) {
    return ISettlementBook.Redemption({
        state: self.state(),
        amountMinor: self.amountMinor(),
        deadline: self.deadline(),
        deadlineBlock: self.deadlineBlock()
    });
}
