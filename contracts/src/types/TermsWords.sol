// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../interfaces/IAgreementBook.sol";

using {
    fromPeriod, graceSeconds, windowSeconds, windowBlocks, rulingSeconds, reportSeconds, restateSeconds
} for ClockWord global;
using {feeMinor, yearCapMinor, minimumMinor, capPpm, stacking, belowMinimum, sloCount} for MoneyWord global;

/// @dev The clocks of one version, highest first: first period 32, grace 32, dispute window 32 and its blocks 32, ruling 32, report
/// 32, restatement 32, notice 32. A version has a dispute window, so 0 is "no version".
type ClockWord is uint256;

/// @dev The money of one version, highest first: fee 72, year's cap 72, minimum 56, period's cap in ppm 20, stacking 1, below the
/// minimum 1, SLOs 4; the lowest 30 bits are 0. A version has a fee, so 0 is "no version".
type MoneyWord is uint256;

function toClockWord(IAgreementBook.Terms calldata terms) pure returns (ClockWord) {
    return ClockWord.wrap(
        uint256(terms.firstPeriod) << 224 | uint256(terms.graceSeconds) << 192
            | uint256(terms.disputeWindowSeconds) << 160 | uint256(terms.disputeWindowBlocks) << 128
            | uint256(terms.rulingSeconds) << 96 | uint256(terms.reportSeconds) << 64
            | uint256(terms.restateSeconds) << 32 | terms.noticeSeconds
    );
}

function fromPeriod(ClockWord self) pure returns (uint32) {
    return uint32(ClockWord.unwrap(self) >> 224);
}

function graceSeconds(ClockWord self) pure returns (uint32) {
    return uint32(ClockWord.unwrap(self) >> 192);
}

function windowSeconds(ClockWord self) pure returns (uint32) {
    return uint32(ClockWord.unwrap(self) >> 160);
}

function windowBlocks(ClockWord self) pure returns (uint32) {
    return uint32(ClockWord.unwrap(self) >> 128);
}

function rulingSeconds(ClockWord self) pure returns (uint32) {
    return uint32(ClockWord.unwrap(self) >> 96);
}

function reportSeconds(ClockWord self) pure returns (uint32) {
    return uint32(ClockWord.unwrap(self) >> 64);
}

function restateSeconds(ClockWord self) pure returns (uint32) {
    return uint32(ClockWord.unwrap(self) >> 32);
}

/// @dev By a name of its own because nothing else of the word is asked in the settlement book.
function noticeSecondsOf(ClockWord self) pure returns (uint32) {
    return uint32(ClockWord.unwrap(self));
}

/// @dev Callers have checked that the cap is at most a million and the SLOs at most eight.
function toMoneyWord(IAgreementBook.Terms calldata terms) pure returns (MoneyWord) {
    return MoneyWord.wrap(
        uint256(terms.feeMinor) << 184 | uint256(terms.yearCapMinor) << 112 | uint256(terms.minimumMinor) << 56
            | uint256(terms.capPpm) << 36 | uint256(uint8(terms.stacking)) << 35
            | uint256(uint8(terms.belowMinimum)) << 34 | terms.slos.length << 30
    );
}

function feeMinor(MoneyWord self) pure returns (uint72) {
    return uint72(MoneyWord.unwrap(self) >> 184);
}

function yearCapMinor(MoneyWord self) pure returns (uint72) {
    return uint72(MoneyWord.unwrap(self) >> 112);
}

function minimumMinor(MoneyWord self) pure returns (uint56) {
    return uint56(MoneyWord.unwrap(self) >> 56);
}

function capPpm(MoneyWord self) pure returns (uint32) {
    return uint32(MoneyWord.unwrap(self) >> 36 & 0xFFFFF);
}

function stacking(MoneyWord self) pure returns (IAgreementBook.Stacking) {
    return IAgreementBook.Stacking(MoneyWord.unwrap(self) >> 35 & 1);
}

function belowMinimum(MoneyWord self) pure returns (IAgreementBook.BelowMinimum) {
    return IAgreementBook.BelowMinimum(MoneyWord.unwrap(self) >> 34 & 1);
}

function sloCount(MoneyWord self) pure returns (uint256) {
    return MoneyWord.unwrap(self) >> 30 & 0xF;
}
