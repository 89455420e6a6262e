// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Calendars} from "../../src/libraries/Calendars.sol";
import {Claims} from "../support/Claims.sol";
import {bound, vm} from "../support/Vm.sol";

contract PublishCalendarTest is Claims {
    using Calendars for Calendars.Book;

    uint48 internal constant YEAR_2027 = 1_798_758_000; // its first second in Vienna

    Calendars.Book private _own;

    // -------------------------------------------------------------------------------------------------------- tables

    function test_Table_IsNamedByItsBounds() public {
        uint48[] memory bounds = table(3);
        bytes16 expected = bytes16(keccak256(abi.encode(bounds)));
        vm.recordLogs();
        vm.expectEmit(address(book));
        emit IAgreementBook.CalendarPublished(expected, bounds);
        vm.prank(STRANGER);
        bytes16 given = book.publishCalendar(bounds);
        requireEvents(1);
        vm.assertEq(expected, given, "name");
        vm.assertEq(3, book.boundCount(given), "bounds");
        for (uint256 i = 0; i < 3; ++i) vm.assertEq(bounds[i], book.boundAt(given, i), "bound");
    }

    function test_Table_ThatIsThereIsLeft() public {
        bytes16 first = book.publishCalendar(table(3));
        vm.recordLogs();
        vm.assertEq(first, book.publishCalendar(table(3)), "name");
        requireEvents(0);
        vm.assertEq(3, book.boundCount(first), "bounds");
    }

    /// One bound more or less, or another second, is another calendar.
    function test_Table_OfOtherBoundsHasAnotherName() public {
        uint48[] memory bounds = table(3);
        bytes16 first = book.publishCalendar(bounds);
        bounds[1] += 1;
        vm.assertTrue(first != book.publishCalendar(bounds), "another second");
        vm.assertTrue(first != book.publishCalendar(table(4)), "another bound");
    }

    function test_Table_Has2To512Bounds() public {
        vm.assertEq(2, book.boundCount(book.publishCalendar(table(2))), "shortest");
        vm.assertEq(512, book.boundCount(book.publishCalendar(table(512))), "longest");
        refuseTable(table(0), 0);
        refuseTable(table(1), 0);
        refuseTable(table(513), 0);
    }

    /// A table is refused exactly when a bound is not after the one before, and the first such bound is named.
    function testFuzz_Table_Ascends(uint48[6] memory given, uint256 length) public {
        length = bound(length, 2, 6);
        uint48[] memory bounds = new uint48[](length);
        uint256 wrong = 0;
        for (uint256 i = 0; i < length; ++i) bounds[i] = given[0] % 2 == 0 ? uint48(given[i] % 64 + i * 40) : given[i];
        for (uint256 i = length - 1; i > 0; --i) if (bounds[i] <= bounds[i - 1]) wrong = i;
        if (wrong != 0) refuseTable(bounds, wrong);
        else vm.assertEq(length, book.boundCount(book.publishCalendar(bounds)), "bounds");
    }

    // ---------------------------------------------------------------------------------------------------------- fixed

    function test_Fixed_IsNamedByItsNumbers() public {
        bytes16 expected = bytes16(keccak256(abi.encode(uint48(5), uint32(7), uint32(9))));
        vm.recordLogs();
        vm.expectEmit(address(book));
        emit IAgreementBook.FixedCalendarPublished(expected, 5, 7, 9);
        vm.prank(STRANGER);
        bytes16 given = book.publishFixedCalendar(5, 7, 9);
        requireEvents(1);
        vm.assertEq(expected, given, "name");
        vm.assertEq(10, book.boundCount(given), "9 periods have 10 bounds");
        vm.assertEq(5, book.boundAt(given, 0), "first");
        vm.assertEq(68, book.boundAt(given, 9), "last");
    }

    function test_Fixed_ThatIsThereIsLeft() public {
        vm.recordLogs();
        vm.assertEq(calendar, book.publishFixedCalendar(ANCHOR, PERIOD_SECONDS, PERIODS), "name");
        requireEvents(0);
    }

    function test_Fixed_NeedsALengthAndPeriods() public {
        refuseFixed(ANCHOR, 0, 12);
        refuseFixed(ANCHOR, 1, 0);
        refuseFixed(ANCHOR, 1, type(uint32).max); // its bounds would not have an index of 32 bits each
        vm.assertEq(2 ** 32 - 1, book.boundCount(book.publishFixedCalendar(0, 1, type(uint32).max - 1)), "most");
    }

    function test_Fixed_EndsBefore2To48() public {
        refuseFixed(2 ** 48 - 14, 7, 2);
        bytes16 last = book.publishFixedCalendar(2 ** 48 - 15, 7, 2);
        vm.assertEq(2 ** 48 - 1, book.boundAt(last, 2), "last bound");
    }

    function testFuzz_Fixed_BoundsAreEquallyFarApart(uint48 anchor, uint32 length, uint32 periods, uint256 index) public {
        anchor = uint48(bound(anchor, 0, 2 ** 47));
        length = uint32(bound(length, 1, 400 days));
        periods = uint32(bound(periods, 1, 1_000_000));
        bytes16 given = book.publishFixedCalendar(anchor, length, periods);
        index = bound(index, 0, uint256(periods) + 3);
        if (index > periods) refuseBound(given, index, uint256(periods) + 1);
        vm.assertEq(anchor + (index > periods ? 0 : index) * length, book.boundAt(given, index > periods ? 0 : index), "");
    }

    // ------------------------------------------------------------------------------------------------- names, bounds

    function test_AnUnknownCalendarHasNoBound() public {
        bytes16 unknown = bytes16(keccak256("nothing"));
        vm.assertEq(0, book.boundCount(unknown), "bounds");
        refuseBound(unknown, 0, 0);
        bytes16 known = book.publishCalendar(table(3));
        refuseBound(known, 3, 3);
        refuseBound(known, type(uint256).max, 3);
    }

    /// Whoever finds a table and equal periods of one name (2^64 tries) cannot change what is signed by the second of them.
    function test_TheFirstOfOneNameIsLeftWhateverItsKind() public {
        uint48[] memory bounds = table(3);
        bytes16 name = bytes16(keccak256(abi.encode(bounds)));
        _own.fixedOnes[name] = Calendars.Fixed({anchor: 1, periodSeconds: 1, periods: 1});
        this.publishOwn(bounds);
        vm.assertEq(0, _own.tables[name].length, "no table beside the equal periods");

        name = bytes16(keccak256(abi.encode(uint48(5), uint32(7), uint32(9))));
        _own.tables[name] = bounds;
        _own.publishFixed(5, 7, 9);
        vm.assertEq(0, _own.fixedOnes[name].periods, "no equal periods beside the table");
    }

    function publishOwn(uint48[] calldata bounds) external {
        _own.publish(bounds);
    }

    // --------------------------------------------------------------------------------------------------------- months

    /// Months of a zone with clock changes: each is reportable from its own end and grace on, to the second.
    function test_MonthsOf28To31DaysAndClockChangesEndWhereTheTableSays() public {
        vm.warp(YEAR_2027 - DAY);
        uint48[] memory bounds = months();
        IAgreementBook.Terms memory made = terms();
        made.calendar = book.publishCalendar(bounds);
        made.firstPeriod = 0;
        bytes32 id = activate(OTHER, made);
        uint256[14] memory hours_ =
            [uint256(744), 672, 743, 720, 744, 720, 744, 744, 720, 745, 720, 744, 744, 696]; // to February of a leap year
        for (uint32 i = 0; i < 14; ++i) {
            vm.assertEq(hours_[i] * 1 hours, bounds[i + 1] - bounds[i], "length");
            ISettlementBook.Row memory item = rowOf(id, i, 0, 1, 2);
            vm.warp(bounds[i + 1] + GRACE - 1);
            refuseRow(item, ISettlementBook.SLAPeriodNotClosed.selector);
            vm.warp(bounds[i + 1] + GRACE);
            take(item);
        }
        vm.assertEq(14, book.getAgreement(id).endPeriod, "the calendar's end is the agreement's");
        refuseRow(rowOf(id, 14, 0, 1, 2), IAgreementBook.SLAUnknownPeriod.selector);
    }

    /// @dev January 2027 to February 2028 in Vienna; clocks go forward in March and back in October.
    function months() internal pure returns (uint48[] memory bounds) {
        uint8[14] memory lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29];
        bounds = new uint48[](15);
        bounds[0] = YEAR_2027;
        for (uint256 i = 0; i < 14; ++i) bounds[i + 1] = bounds[i] + lengths[i] * DAY;
        for (uint256 i = 3; i < 15; ++i) bounds[i] -= 1 hours;
        for (uint256 i = 10; i < 15; ++i) bounds[i] += 1 hours;
    }

    function table(uint256 length) internal pure returns (uint48[] memory bounds) {
        bounds = new uint48[](length);
        for (uint256 i = 0; i < length; ++i) bounds[i] = uint48(1_900_000_000 + i * i + i);
    }

    function refuseTable(uint48[] memory bounds, uint256 firstWrong) internal {
        vm.expectRevert(
            abi.encodeWithSelector(IAgreementBook.SLAInvalidCalendar.selector, bounds.length, firstWrong)
        );
        book.publishCalendar(bounds);
    }

    function refuseFixed(uint48 anchor, uint32 length, uint32 periods) internal {
        vm.expectRevert(
            abi.encodeWithSelector(IAgreementBook.SLAInvalidFixedCalendar.selector, anchor, length, periods)
        );
        book.publishFixedCalendar(anchor, length, periods);
    }

    function refuseBound(bytes16 name, uint256 index, uint256 bounds) internal {
        vm.expectRevert(abi.encodeWithSelector(IAgreementBook.SLAUnknownBound.selector, name, index, bounds));
        book.boundAt(name, index);
    }
}
