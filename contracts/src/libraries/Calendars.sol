// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../interfaces/IAgreementBook.sol";

uint256 constant MAX_BOUNDS = 512; // about 2.4 million gas to publish

/**
 * @title Where periods begin and end
 * @dev Months of a zone cannot be computed on chain, so they are a table; equal periods are three numbers. A calendar is named by
 * the hash of what it holds, so the same one is shared by all who publish it, and none ever changes. 128 bits name it: who
 * makes two calendars of one name tries 2^64 of them, and whichever is published first is left, be it a table or not.
 */
library Calendars {
    struct Fixed {
        uint48 anchor;
        uint32 periodSeconds; // 0: a table
        uint32 periods;
    }

    struct Book {
        mapping(bytes16 calendar => Fixed) fixedOnes;
        mapping(bytes16 calendar => uint48[]) tables;
    }

    function publish(Book storage self, uint48[] calldata bounds) internal returns (bytes16 calendar) {
        uint256 count = bounds.length;
        if (count < 2 || count > MAX_BOUNDS) revert IAgreementBook.SLAInvalidCalendar(count, 0);
        for (uint256 i = 1; i < count; ++i) {
            if (bounds[i] <= bounds[i - 1]) revert IAgreementBook.SLAInvalidCalendar(count, i);
        }
        calendar = bytes16(keccak256(abi.encode(bounds)));
        if (boundCount(self, calendar) != 0) return calendar;

        self.tables[calendar] = bounds;
        emit IAgreementBook.CalendarPublished(calendar, bounds);
    }

    function publishFixed(
        Book storage self,
        uint48 anchor,
        uint32 periodSeconds,
        uint32 periods
    ) internal returns (bytes16 calendar) {
        uint256 end = uint256(anchor) + uint256(periodSeconds) * periods;
        if (periodSeconds == 0 || periods == 0 || periods == type(uint32).max || end > type(uint48).max) {
            revert IAgreementBook.SLAInvalidFixedCalendar(anchor, periodSeconds, periods);
        }
        calendar = bytes16(keccak256(abi.encode(anchor, periodSeconds, periods)));
        if (boundCount(self, calendar) != 0) return calendar;

        self.fixedOnes[calendar] = Fixed({anchor: anchor, periodSeconds: periodSeconds, periods: periods});
        emit IAgreementBook.FixedCalendarPublished(calendar, anchor, periodSeconds, periods);
    }

    function boundCount(Book storage self, bytes16 calendar) internal view returns (uint256) {
        uint256 periods = self.fixedOnes[calendar].periods;
        return periods != 0 ? periods + 1 : self.tables[calendar].length;
    }

    function boundAt(Book storage self, bytes16 calendar, uint256 index) internal view returns (uint48) {
        Fixed memory fixedOne = self.fixedOnes[calendar];
        uint256 count = fixedOne.periods != 0 ? uint256(fixedOne.periods) + 1 : self.tables[calendar].length;
        if (index >= count) revert IAgreementBook.SLAUnknownBound(calendar, index, count);
        if (fixedOne.periods == 0) return self.tables[calendar][index];
        return uint48(fixedOne.anchor + index * fixedOne.periodSeconds);
    }
}
