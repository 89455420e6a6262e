// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {Claims} from "../support/Claims.sol";
import {bound, vm} from "../support/Vm.sol";

/// What terms must be, whoever proposes them: each rule broken alone, all at once, and the values at each rule's edges.
contract TermsCheckTest is Claims {
    uint256 internal constant CASES = 50;
    uint48 internal until;

    function setUp() public override {
        super.setUp();
        vm.warp(SIGNED_AT);
        until = book.boundAt(calendar, FIRST);
    }

    /// One broken rule at a time sets its own bit and no other.
    function test_EveryRuleHasABitOfItsOwn() public {
        for (uint256 i = 0; i < CASES; ++i) {
            (IAgreementBook.Terms memory given, IAgreementBook.TermsFault fault) = broken(i);
            vm.expectRevert(invalidTerms(faultOf(fault)));
            vm.prank(given.provider);
            book.proposeAgreement(OTHER, given, until);
        }
    }

    /// Whoever reads the error mends everything in one run.
    function test_AllFaultsAreNamedAtOnce() public {
        IAgreementBook.Terms memory given = termsOf(1, 1_000_000, 0);
        given.tenant = PROVIDER;
        given.termsHash = 0;
        given.calendar = 0;
        given.yearPeriods = 0;
        given.currency = "EUX";
        given.feeMinor = 0;
        given.capPpm = 0;
        given.minimumMinor = 1;
        given.disputeWindowSeconds = 0;
        given.rulingSeconds = 0;
        given.restateSeconds = given.reportSeconds - 1;
        given.slos[0].sloId = 0;
        given.slos[0].bands[1].belowPpm = 999_000;
        uint256 faults = faultOf(IAgreementBook.TermsFault.Tenant) | faultOf(IAgreementBook.TermsFault.TermsHash)
            | faultOf(IAgreementBook.TermsFault.Calendar) | faultOf(IAgreementBook.TermsFault.YearPeriods)
            | faultOf(IAgreementBook.TermsFault.Currency) | faultOf(IAgreementBook.TermsFault.Fee)
            | faultOf(IAgreementBook.TermsFault.Cap) | faultOf(IAgreementBook.TermsFault.Minimum)
            | faultOf(IAgreementBook.TermsFault.DisputeWindow) | faultOf(IAgreementBook.TermsFault.Ruling)
            | faultOf(IAgreementBook.TermsFault.RestateEnd) | faultOf(IAgreementBook.TermsFault.SloOrder)
            | faultOf(IAgreementBook.TermsFault.BandThreshold) | faultOf(IAgreementBook.TermsFault.BandCredit);
        vm.expectRevert(invalidTerms(faults));
        vm.prank(PROVIDER);
        book.proposeAgreement(OTHER, given, until);
    }

    function test_TheLargestValuesAreTaken() public {
        IAgreementBook.Terms memory given = termsOf(8, 1_000_000, type(uint72).max);
        given.firstPeriod = PERIODS - 1;
        given.yearPeriods = type(uint16).max;
        given.feeMinor = type(uint72).max;
        given.minimumMinor = type(uint56).max;
        given.belowMinimum = IAgreementBook.BelowMinimum.Minimum;
        given.stacking = IAgreementBook.Stacking.Largest;
        given.graceSeconds = given.reportSeconds = given.restateSeconds = given.noticeSeconds = type(uint32).max;
        given.disputeWindowSeconds = given.rulingSeconds = 366 days;
        given.disputeWindowBlocks = 2 ** 24;
        for (uint256 i = 0; i < 8; ++i) given.slos[i].bands = manyBands(6);
        given.slos[7].sloId = bytes32(type(uint256).max);
        requireStored(given);
    }

    function test_TheSmallestValuesAreTaken() public {
        IAgreementBook.Terms memory given = termsOf(1, 1, 0);
        given.yearPeriods = 1;
        given.feeMinor = 1;
        given.graceSeconds = given.disputeWindowBlocks = given.noticeSeconds = 0;
        given.disputeWindowSeconds = MINIMUM_WINDOW;
        given.rulingSeconds = given.reportSeconds = given.restateSeconds = 1;
        given.slos[0].sloId = bytes32(uint256(1));
        given.slos[0].bands = manyBands(1);
        given.slos[0].bands[0].belowPpm = 1;
        requireStored(given);
    }

    /// Whatever bands are proposed, they are taken if and only if a slow reading of the rules finds them in order.
    function testFuzz_BandsAreTakenExactlyWhenInOrder(uint32[4] memory below, uint32[4] memory credit) public {
        IAgreementBook.Terms memory given = terms();
        bool ordered = true;
        for (uint256 i = 0; i < 4; ++i) {
            below[i] = uint32(bound(below[i], 0, 1_000_001));
            credit[i] = uint32(bound(credit[i], 0, 1_000_001));
        }
        // Half of the inputs are sorted, or hardly any would be taken.
        if (below[0] % 2 == 0) (below, credit) = (descending(below), ascending(credit));
        given.slos[0].bands = new IAgreementBook.Band[](4);
        for (uint256 i = 0; i < 4; ++i) {
            given.slos[0].bands[i] = IAgreementBook.Band({belowPpm: below[i], creditPpm: credit[i]});
            ordered = ordered && below[i] >= 1 && below[i] <= 1_000_000 && credit[i] >= 1 && credit[i] <= 1_000_000;
            for (uint256 j = 0; j < i; ++j) ordered = ordered && below[j] > below[i] && credit[j] < credit[i];
        }
        vm.prank(PROVIDER);
        try book.proposeAgreement(OTHER, given, until) {
            vm.assertTrue(ordered, "took bands out of order");
        } catch {
            vm.assertFalse(ordered, "refused bands in order");
        }
    }

    /// F21: a currency goes with its own exponent, and no other.
    function testFuzz_ACurrencyHasOneExponent(uint256 pick, uint8 exponent) public {
        bytes3[6] memory codes = [bytes3("EUR"), "JPY", "KWD", "CLF", "XPF", "ZWG"];
        uint8[6] memory right = [2, 0, 3, 4, 0, 2];
        pick %= 6;
        if (exponent % 2 == 0) exponent %= 6;
        IAgreementBook.Terms memory given = terms();
        (given.currency, given.exponent) = (codes[pick], exponent);
        if (exponent != right[pick]) vm.expectRevert(invalidTerms(faultOf(IAgreementBook.TermsFault.Exponent)));
        vm.prank(PROVIDER);
        book.proposeAgreement(OTHER, given, until);
    }

    function broken(
        uint256 i
    ) internal view returns (IAgreementBook.Terms memory given, IAgreementBook.TermsFault fault) {
        given = termsOf(2, 1_000_000, 0);
        if (i < 20) fault = breakMoney(given, i);
        else if (i < 34) fault = breakRest(given, i);
        else fault = breakSlos(given, i);
    }

    function breakMoney(
        IAgreementBook.Terms memory given,
        uint256 i
    ) private pure returns (IAgreementBook.TermsFault fault) {
        if (i == 0) (given.currency, fault) = ("eur", IAgreementBook.TermsFault.Currency);
        if (i == 1) (given.currency, fault) = ("EU", IAgreementBook.TermsFault.Currency);
        if (i == 2) (given.currency, fault) = (0, IAgreementBook.TermsFault.Currency);
        if (i == 3) (given.currency, fault) = ("XAU", IAgreementBook.TermsFault.Currency); // gold has no minor unit
        if (i == 4) (given.currency, fault) = ("URE", IAgreementBook.TermsFault.Currency); // across two neighbours
        if (i == 5) (given.currency, fault) = ("DEM", IAgreementBook.TermsFault.Currency); // withdrawn
        if (i == 6) (given.exponent, fault) = (3, IAgreementBook.TermsFault.Exponent);
        if (i == 7) (given.exponent, fault) = (0, IAgreementBook.TermsFault.Exponent);
        if (i == 8) (given.feeMinor, fault) = (0, IAgreementBook.TermsFault.Fee);
        if (i == 9) (given.capPpm, fault) = (1_000_001, IAgreementBook.TermsFault.Cap);
        if (i == 10) (given.capPpm, fault) = (type(uint32).max, IAgreementBook.TermsFault.Cap);
        if (i == 11) (given.minimumMinor, fault) = (uint56(FEE) + 1, IAgreementBook.TermsFault.Minimum);
        if (i == 12) {
            (given.yearCapMinor, given.minimumMinor, fault) = (9, 10, IAgreementBook.TermsFault.Minimum);
        }
        if (i == 13) {
            (given.belowMinimum, fault) = (IAgreementBook.BelowMinimum.Minimum, IAgreementBook.TermsFault.Minimum);
        }
        if (i == 14) (given.tenant, fault) = (address(0), IAgreementBook.TermsFault.Tenant);
        if (i == 15) (given.tenant, fault) = (PROVIDER, IAgreementBook.TermsFault.Tenant);
        if (i == 16) (given.termsHash, fault) = (0, IAgreementBook.TermsFault.TermsHash);
        if (i == 17) (given.provider, fault) = (address(0), IAgreementBook.TermsFault.Provider);
        if (i == 18) (given.yearPeriods, fault) = (0, IAgreementBook.TermsFault.YearPeriods);
        if (i == 19) (given.calendar, fault) = (0, IAgreementBook.TermsFault.Calendar);
    }

    function breakRest(
        IAgreementBook.Terms memory given,
        uint256 i
    ) private pure returns (IAgreementBook.TermsFault fault) {
        if (i < 25) fault = IAgreementBook.TermsFault.DisputeWindow;
        if (i == 20) given.disputeWindowSeconds = MINIMUM_WINDOW - 1;
        if (i == 21) given.disputeWindowSeconds = 0;
        if (i == 22) given.disputeWindowSeconds = 366 days + 1;
        if (i == 23) given.disputeWindowBlocks = 2 ** 24 + 1;
        if (i == 24) given.disputeWindowBlocks = type(uint32).max;
        if (i == 25) (given.rulingSeconds, fault) = (0, IAgreementBook.TermsFault.Ruling);
        if (i == 26) (given.rulingSeconds, fault) = (366 days + 1, IAgreementBook.TermsFault.Ruling);
        if (i == 27) (given.reportSeconds, fault) = (0, IAgreementBook.TermsFault.ReportEnd);
        if (i == 28) (given.restateSeconds, fault) = (REPORT - 1, IAgreementBook.TermsFault.RestateEnd);
        if (i == 29) (given.restateSeconds, fault) = (0, IAgreementBook.TermsFault.RestateEnd);
        if (i == 30) (given.firstPeriod, fault) = (PERIODS, IAgreementBook.TermsFault.FirstPeriod);
        if (i == 31) (given.firstPeriod, fault) = (0, IAgreementBook.TermsFault.AcceptBefore); // it has begun
        if (i == 32) (given.firstPeriod, fault) = (1, IAgreementBook.TermsFault.AcceptBefore); // it begins now
        if (i == 33) (given.firstPeriod, fault) = (type(uint32).max, IAgreementBook.TermsFault.FirstPeriod);
    }

    function breakSlos(
        IAgreementBook.Terms memory given,
        uint256 i
    ) private view returns (IAgreementBook.TermsFault fault) {
        IAgreementBook.Band[] memory list = given.slos[1].bands;
        if (i == 34) (given.slos, fault) = (new IAgreementBook.SloTerms[](0), IAgreementBook.TermsFault.SloCount);
        if (i == 35) (given.slos, fault) = (termsOf(9, 1_000_000, 0).slos, IAgreementBook.TermsFault.SloCount);
        if (i == 36) (given.slos[0].sloId, fault) = (0, IAgreementBook.TermsFault.SloOrder);
        if (i == 37) (given.slos[1].sloId, fault) = (SLO, IAgreementBook.TermsFault.SloOrder);
        if (i == 38) (given.slos[0].sloId, fault) = (bytes32(uint256(SLO) + 2), IAgreementBook.TermsFault.SloOrder);
        if (i == 39) {
            (given.slos[1].bands, fault) = (new IAgreementBook.Band[](0), IAgreementBook.TermsFault.BandCount);
        }
        if (i == 40) (given.slos[1].bands, fault) = (manyBands(7), IAgreementBook.TermsFault.BandCount);
        if (i == 41) (list[0].belowPpm, fault) = (1_000_001, IAgreementBook.TermsFault.BandThreshold);
        if (i == 42) (list[1].belowPpm, fault) = (999_000, IAgreementBook.TermsFault.BandThreshold);
        if (i == 43) (list[2].belowPpm, fault) = (0, IAgreementBook.TermsFault.BandThreshold);
        if (i == 44) (list[2].belowPpm, fault) = (990_001, IAgreementBook.TermsFault.BandThreshold);
        if (i == 45) (list[0].creditPpm, fault) = (0, IAgreementBook.TermsFault.BandCredit);
        if (i == 46) (list[1].creditPpm, fault) = (100_000, IAgreementBook.TermsFault.BandCredit);
        if (i == 47) (list[2].creditPpm, fault) = (1_000_001, IAgreementBook.TermsFault.BandCredit);
        if (i == 48) (given.capPpm, fault) = (999_999, IAgreementBook.TermsFault.BandCredit); // a credit over the cap
        if (i == 49) (list[1].creditPpm, fault) = (1_000_000, IAgreementBook.TermsFault.BandCredit);
    }

    function manyBands(uint256 count) internal pure returns (IAgreementBook.Band[] memory list) {
        list = new IAgreementBook.Band[](count);
        for (uint32 i = 0; i < count; ++i) {
            list[i] = IAgreementBook.Band({belowPpm: 1_000_000 - i, creditPpm: i + 1 < count || i == 0 ? i + 1 : 1_000_000});
        }
    }

    /// @dev Accepted, and read again word for word.
    function requireStored(IAgreementBook.Terms memory given) internal {
        bytes32 id = activate(OTHER, given);
        vm.assertEq(abi.encode(given), abi.encode(book.getTerms(id, 1)), "terms");
    }

    function ascending(uint32[4] memory list) internal pure returns (uint32[4] memory) {
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 j = i + 1; j < 4; ++j) if (list[j] < list[i]) (list[i], list[j]) = (list[j], list[i]);
        }
        return list;
    }

    function descending(uint32[4] memory list) internal pure returns (uint32[4] memory) {
        list = ascending(list);
        return [list[3], list[2], list[1], list[0]];
    }
}
