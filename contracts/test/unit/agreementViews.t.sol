// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ReportClock} from "../../src/types/ReportClock.sol";
import {Claims} from "../support/Claims.sol";
import {newAgreementBook} from "../support/Shipped.sol";
import {vm} from "../support/Vm.sol";

contract AgreementViewsTest is Claims {
    function test_AnUnknownAgreementReadsAsZeros() public view {
        IAgreementBook.Agreement memory nothing;
        IAgreementBook.Proposal memory none;
        vm.assertEq(abi.encode(nothing), abi.encode(book.getAgreement(OTHER)), "agreement");
        vm.assertEq(abi.encode(none), abi.encode(book.proposalOf(OTHER, PROVIDER)), "proposal");
        (address provider, address tenant) = book.partiesOf(OTHER);
        vm.assertEq(address(0), provider, "provider");
        vm.assertEq(address(0), tenant, "tenant");
        vm.assertEq(0, book.latestClockWord(OTHER), "latest clock");
    }

    function test_TermsOfAnUnknownVersionAreRefused() public {
        bytes memory error_ = abi.encodeWithSelector(IAgreementBook.SLAUnknownAgreement.selector, agreement);
        vm.expectRevert(error_);
        book.getTerms(agreement, 0);
        vm.expectRevert(error_);
        book.getTerms(agreement, 2);
    }

    function test_APeriodOutsideHasNoVersion() public {
        for (uint256 i = 0; i < 3; ++i) {
            uint32 period = [FIRST - 1, PERIODS, type(uint32).max][i];
            vm.expectRevert(abi.encodeWithSelector(IAgreementBook.SLAUnknownPeriod.selector, agreement, period));
            book.versionAt(agreement, period);
        }
    }

    /// What a report is refused for is said in the second word.
    function test_ReportWordsNameTheReason() public view {
        requireReason(OTHER, PERIOD, 0, IAgreementBook.SLAUnknownAgreement.selector);
        requireReason(agreement, FIRST - 1, 0, IAgreementBook.SLAUnknownPeriod.selector);
        requireReason(agreement, PERIODS, 0, IAgreementBook.SLAUnknownPeriod.selector);
        requireReason(agreement, PERIOD, 1, IAgreementBook.SLAUnknownSlo.selector);
        requireReason(agreement, PERIOD, 8, IAgreementBook.SLAUnknownSlo.selector);
        requireReason(agreement, PERIOD, 255, IAgreementBook.SLAUnknownSlo.selector);
    }

    function test_ReportWordsGiveTheClocksOfThePeriod() public view {
        (uint256 word,) = book.reportWords(agreement, PERIOD, 0);
        ReportClock clock = ReportClock.wrap(word);
        vm.assertEq(REPORTABLE_AT, clock.reportableAt(), "reportable at");
        vm.assertEq(REPORTABLE_AT + REPORT, clock.reportUntil(), "reports until");
        vm.assertEq(REPORTABLE_AT + RESTATE, clock.restateUntil(), "restatements until");
        vm.assertEq(WINDOW, clock.windowSeconds(), "window");
        vm.assertEq(WINDOW_BLOCKS, clock.windowBlocks(), "blocks");
    }

    /// The last second there is bounds every sum, so that no period of a far calendar breaks a batch.
    function test_ClocksOfAFarPeriodAreCapped() public {
        IAgreementBook.Terms memory made = terms();
        made.calendar = book.publishFixedCalendar(2 ** 48 - 21, 10, 2);
        made.firstPeriod = 0;
        bytes32 id = activate(OTHER, made);
        (uint256 word,) = book.reportWords(id, 1, 0);
        ReportClock clock = ReportClock.wrap(word);
        vm.assertEq(2 ** 48 - 1, clock.reportableAt(), "reportable at");
        vm.assertEq(2 ** 48 - 1, clock.restateUntil(), "restatements until");
    }

    function test_YearsCountFromTheFirstPeriod() public view {
        uint32[6] memory periods = [FIRST, FIRST + 11, FIRST + 12, FIRST + 23, FIRST + 24, PERIODS - 1];
        uint256[6] memory expected = [uint256(0), 0, 1, 1, 2, 9];
        for (uint256 i = 0; i < 6; ++i) {
            (uint256 money, uint256 year) = book.creditWords(agreement, periods[i]);
            vm.assertTrue(money != 0, "money");
            vm.assertEq(expected[i], year, "year");
        }
    }

    /// A batch asks for whatever its rows name, so none of these may revert.
    function testFuzz_WordsNeverRevert(bytes32 id, uint32 period, uint8 slo, bool known) public view {
        if (known) id = agreement;
        book.reportWords(id, period, slo);
        (uint256 money,) = book.creditWords(id, period);
        bool covered = known && period >= FIRST && period < PERIODS;
        vm.assertTrue(covered == (money != 0), "money");
        vm.assertTrue(covered == (book.clockWord(id, period) != 0), "clock");
        vm.assertTrue(known == (book.latestClockWord(id) != 0), "latest clock");
    }

    function test_AWindowHasASecondAtLeast() public {
        vm.assertEq(MINIMUM_WINDOW, book.minimumWindowSeconds(), "given");
        vm.assertEq(1, newAgreementBook(0).minimumWindowSeconds(), "none given");
    }

    function requireReason(bytes32 id, uint32 period, uint8 slo, bytes4 reason) internal view {
        (uint256 clock, uint256 second) = book.reportWords(id, period, slo);
        vm.assertEq(0, clock, "clock");
        vm.assertEq(uint32(reason), second, "reason");
    }
}
