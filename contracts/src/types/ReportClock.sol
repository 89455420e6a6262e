// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

using {reportableAt, reportUntil, restateUntil, windowSeconds, windowBlocks} for ReportClock global;

/// @dev What a report's clocks are held against, highest first: reportable at 48, reports until 48, restatements until 48, dispute
/// window 32 and its blocks 32. The answer of one book to the other; it is stored nowhere. 0 is "not of this agreement".
type ReportClock is uint256;

/// @dev Sums of a 48-bit bound and 32-bit spans; callers have capped them at 2^48 - 1.
function toReportClock(
    uint256 reportableAt_,
    uint256 reportUntil_,
    uint256 restateUntil_,
    uint256 windowSeconds_,
    uint256 windowBlocks_
) pure returns (ReportClock) {
    return ReportClock.wrap(
        reportableAt_ << 208 | reportUntil_ << 160 | restateUntil_ << 112 | windowSeconds_ << 80 | windowBlocks_ << 48
    );
}

function reportableAt(ReportClock self) pure returns (uint48) {
    return uint48(ReportClock.unwrap(self) >> 208);
}

function reportUntil(ReportClock self) pure returns (uint48) {
    return uint48(ReportClock.unwrap(self) >> 160);
}

function restateUntil(ReportClock self) pure returns (uint48) {
    return uint48(ReportClock.unwrap(self) >> 112);
}

function windowSeconds(ReportClock self) pure returns (uint32) {
    return uint32(ReportClock.unwrap(self) >> 80);
}

function windowBlocks(ReportClock self) pure returns (uint32) {
    return uint32(ReportClock.unwrap(self) >> 48);
}
