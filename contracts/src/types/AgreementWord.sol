// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

using {calendar, version, yearPeriods, firstPeriod, endPeriod, latestFrom, covers, withEnd, withVersion} for AgreementWord global;

/// @dev What is read of an agreement at each report and finality, highest first: calendar 128, version 16, periods of a year 16, first
/// period 32, end 32, first period of the newest version 32. Versions count from 1, so 0 is "no agreement".
type AgreementWord is uint256;

function toAgreementWord(
    bytes16 calendar_,
    uint16 yearPeriods_,
    uint32 firstPeriod_,
    uint32 endPeriod_
) pure returns (AgreementWord) {
    return AgreementWord.wrap(
        uint256(uint128(calendar_)) << 128 | uint256(1) << 112 | uint256(yearPeriods_) << 96
            | uint256(firstPeriod_) << 64 | uint256(endPeriod_) << 32 | firstPeriod_
    );
}

function calendar(AgreementWord self) pure returns (bytes16) {
    return bytes16(uint128(AgreementWord.unwrap(self) >> 128));
}

function version(AgreementWord self) pure returns (uint16) {
    return uint16(AgreementWord.unwrap(self) >> 112);
}

function yearPeriods(AgreementWord self) pure returns (uint16) {
    return uint16(AgreementWord.unwrap(self) >> 96);
}

function firstPeriod(AgreementWord self) pure returns (uint32) {
    return uint32(AgreementWord.unwrap(self) >> 64);
}

function endPeriod(AgreementWord self) pure returns (uint32) {
    return uint32(AgreementWord.unwrap(self) >> 32);
}

function latestFrom(AgreementWord self) pure returns (uint32) {
    return uint32(AgreementWord.unwrap(self));
}

function covers(AgreementWord self, uint32 period) pure returns (bool) {
    return self.firstPeriod() <= period && period < self.endPeriod();
}

function withEnd(AgreementWord self, uint32 endPeriod_) pure returns (AgreementWord) {
    uint256 rest = AgreementWord.unwrap(self) & ~(uint256(type(uint32).max) << 32);
    return AgreementWord.wrap(rest | uint256(endPeriod_) << 32);
}

/// @dev The next version, in force from `latestFrom_` on.
function withVersion(AgreementWord self, uint16 version_, uint32 latestFrom_) pure returns (AgreementWord) {
    uint256 rest = AgreementWord.unwrap(self) & ~(uint256(type(uint16).max) << 112) & ~uint256(type(uint32).max);
    return AgreementWord.wrap(rest | uint256(version_) << 112 | latestFrom_);
}
