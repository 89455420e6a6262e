// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../interfaces/ISettlementBook.sol";

using {
    commitment, state, revision, creditPpm, deadline, deadlineBlock, exists, isDisputed, objecting, withObjecting, withState, withoutCredit, unpacked
} for SettlementWord global;

/// @dev One settlement in 256 bits, highest first: commitment 160, state 3, revision 5, credit in ppm 20, deadline 36,
/// deadline's block 32. 36 bits of seconds end in the year 4147. 0 is "no settlement".
type SettlementWord is uint256;

uint8 constant MAX_REVISION = 31;

uint256 constant STATE_MASK = uint256(7) << 93;

/// @dev Callers have checked that each value fits: revision at most 31, ppm at most a million, deadline below 2^36.
function toSettlementWord(
    bytes20 commitment_,
    ISettlementBook.State state_,
    uint8 revision_,
    uint256 creditPpm_,
    uint256 deadline_,
    uint256 deadlineBlock_
) pure returns (SettlementWord) {
    return SettlementWord.wrap(
        uint256(uint160(commitment_)) << 96 | uint256(uint8(state_)) << 93 | uint256(revision_) << 88
            | creditPpm_ << 68 | deadline_ << 32 | deadlineBlock_
    );
}

function commitment(SettlementWord self) pure returns (bytes20) {
    return bytes20(uint160(SettlementWord.unwrap(self) >> 96));
}

function state(SettlementWord self) pure returns (ISettlementBook.State) {
    return ISettlementBook.State(SettlementWord.unwrap(self) >> 93 & 0x7);
}

function revision(SettlementWord self) pure returns (uint8) {
    return uint8(SettlementWord.unwrap(self) >> 88 & 0x1F);
}

function creditPpm(SettlementWord self) pure returns (uint32) {
    return uint32(SettlementWord.unwrap(self) >> 68 & 0xFFFFF);
}

function deadline(SettlementWord self) pure returns (uint48) {
    return uint48(SettlementWord.unwrap(self) >> 32 & 0xFFFFFFFFF);
}

function deadlineBlock(SettlementWord self) pure returns (uint32) {
    return uint32(SettlementWord.unwrap(self));
}

function exists(SettlementWord self) pure returns (bool) {
    return SettlementWord.unwrap(self) != 0;
}

/// @dev Who objects, of a word that is neither Final nor Voided: 1 the provider, 2 the tenant, 3 both. The states from Reported on count
/// this up; of one that is at an end it says that nobody can object any more.
function objecting(SettlementWord self) pure returns (uint8) {
    uint8 state_ = uint8(self.state());
    return state_ > uint8(ISettlementBook.State.DisputedByBoth) ? 3 : state_ - 1;
}

function withObjecting(SettlementWord self, uint8 objecting_) pure returns (SettlementWord) {
    return self.withState(ISettlementBook.State(objecting_ + 1));
}

function isDisputed(SettlementWord self) pure returns (bool) {
    ISettlementBook.State state_ = self.state();
    return state_ > ISettlementBook.State.Reported && state_ < ISettlementBook.State.Final;
}

function withState(SettlementWord self, ISettlementBook.State state_) pure returns (SettlementWord) {
    return SettlementWord.wrap(SettlementWord.unwrap(self) & ~STATE_MASK | uint256(uint8(state_)) << 93);
}

/// @dev Of what was rejected: a reader of the word sees no money in it.
function withoutCredit(SettlementWord self) pure returns (SettlementWord) {
    return SettlementWord.wrap(SettlementWord.unwrap(self) & ~(uint256(0xFFFFF) << 68));
}

function unpacked(SettlementWord self) pure returns (ISettlementBook.Settlement memory) {
    return ISettlementBook.Settlement({
        state: self.state(),
        revision: self.revision(),
        creditPpm: self.creditPpm(),
        deadline: self.deadline(),
        deadlineBlock: self.deadlineBlock(),
        commitment: self.commitment()
    });
}
