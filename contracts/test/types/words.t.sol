// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {AgreementWord, toAgreementWord} from "../../src/types/AgreementWord.sol";
import {BalanceWord} from "../../src/types/BalanceWord.sol";
import {RedemptionWord, toRedemptionWord} from "../../src/types/RedemptionWord.sol";
import {ReportClock, toReportClock} from "../../src/types/ReportClock.sol";
import {SettlementWord, toSettlementWord} from "../../src/types/SettlementWord.sol";
import {bound, vm} from "../support/Vm.sol";

/**
 * Every packed word gives back what was put in, for all values that fit, and no field touches another: when one value is replaced, the
 * word changes in the bits of that field alone, and every bit of it. `extremes` are the corners: all fields at their highest, each alone.
 */
contract WordsTest {
    uint256 internal constant NONE = type(uint256).max;

    // -------------------------------------------------------------------------------------------------- settlements

    /// 25: the settlement's word.
    function testFuzz_ASettlementsWordGivesBackWhatWasPutIn(uint256[6] memory raw) public pure {
        uint256[6] memory v = fitted(raw, settlementBounds());
        requireSettlement(settlementOf(v), v);
    }

    /// 25: its corners.
    function test_ASettlementsWordHoldsItsExtremes() public pure {
        for (uint256 i = 0; i < 7; ++i) {
            uint256[6] memory v;
            for (uint256 j = 0; j < 6; ++j) v[j] = i == 6 || i == j ? settlementBounds()[j] : 0;
            requireSettlement(settlementOf(v), v);
        }
    }

    /// 25: its fields lie apart.
    function testFuzz_NoFieldOfASettlementsWordTouchesAnother(
        uint256[6] memory raw,
        uint256 other,
        uint256 which
    ) public pure {
        uint256[6] memory v = fitted(raw, settlementBounds());
        uint256[6] memory w = fitted(raw, settlementBounds());
        which = bound(which, 0, 5);
        w[which] = bound(other, 0, settlementBounds()[which]);
        uint256 changed = SettlementWord.unwrap(settlementOf(v)) ^ SettlementWord.unwrap(settlementOf(w));
        uint256 mask = [uint256(type(uint160).max) << 96, 7 << 93, 31 << 88, 0xFFFFF << 68, 0xFFFFFFFFF << 32, 0xFFFFFFFF][which];
        vm.assertEq(0, changed & ~mask, "another field's bits");
    }

    /// 25: what changes a settlement's word changes that alone.
    function testFuzz_ASettlementsStateAndCreditChangeAlone(uint256[6] memory raw, uint256 next) public pure {
        uint256[6] memory v = fitted(raw, settlementBounds());
        SettlementWord word = settlementOf(v);
        v[1] = bound(next, 0, 5);
        word = word.withState(ISettlementBook.State(v[1]));
        requireSettlement(word, v);
        v[3] = 0;
        requireSettlement(word.withoutCredit(), v);
    }

    function settlementBounds() internal pure returns (uint256[6] memory) {
        return [uint256(type(uint160).max), 6, 31, 1_000_000, (1 << 36) - 1, type(uint32).max];
    }

    function settlementOf(uint256[6] memory v) internal pure returns (SettlementWord) {
        return toSettlementWord(
            bytes20(uint160(v[0])), ISettlementBook.State(v[1]), uint8(v[2]), v[3], v[4], v[5]
        );
    }

    function requireSettlement(SettlementWord word, uint256[6] memory v) internal pure {
        ISettlementBook.Settlement memory found = word.unpacked();
        vm.assertEq(v[0], uint160(found.commitment), "commitment");
        vm.assertEq(v[1], uint256(found.state), "state");
        vm.assertEq(v[2], found.revision, "revision");
        vm.assertEq(v[3], found.creditPpm, "credit");
        vm.assertEq(v[4], found.deadline, "deadline");
        vm.assertEq(v[5], found.deadlineBlock, "block");
        bool disputed = v[1] == 2 || v[1] == 3 || v[1] == 4;
        vm.assertTrue(word.isDisputed() == disputed, "disputed");
        bool any = v[0] | v[1] | v[2] | v[3] | v[4] | v[5] != 0;
        vm.assertTrue(word.exists() == any, "exists");
    }

    // --------------------------------------------------------------------------------------------------- agreements

    /// 25: the agreement's word, and what changes of it.
    function testFuzz_AnAgreementsWordGivesBackWhatWasPutIn(uint256[4] memory raw, uint256[3] memory later) public pure {
        AgreementWord word =
            toAgreementWord(bytes16(uint128(raw[0])), uint16(raw[1]), uint32(raw[2]), uint32(raw[3]));
        requireAgreement(word, raw, 1, uint32(raw[2]), uint32(raw[3]));
        word = word.withEnd(uint32(later[0]));
        requireAgreement(word, raw, 1, uint32(raw[2]), uint32(later[0]));
        word = word.withVersion(uint16(later[1]), uint32(later[2]));
        requireAgreement(word, raw, uint16(later[1]), uint32(later[2]), uint32(later[0]));
    }

    /// 25: its corners: all bits set, and none but the version.
    function test_AnAgreementsWordHoldsItsExtremes() public pure {
        for (uint256 i = 0; i < 5; ++i) {
            uint256[4] memory raw;
            for (uint256 j = 0; j < 4; ++j) raw[j] = i == 4 || i == j ? NONE : 0;
            uint256[3] memory later = [raw[3], raw[1], raw[2]];
            testFuzz_AnAgreementsWordGivesBackWhatWasPutIn(raw, later);
            testFuzz_AnAgreementsWordGivesBackWhatWasPutIn(raw, [NONE, NONE, NONE]);
            testFuzz_AnAgreementsWordGivesBackWhatWasPutIn(raw, [uint256(0), 0, 0]);
        }
    }

    function requireAgreement(
        AgreementWord word,
        uint256[4] memory raw,
        uint16 version,
        uint32 latestFrom,
        uint32 end
    ) internal pure {
        vm.assertEq(uint128(raw[0]), uint128(word.calendar()), "calendar");
        vm.assertEq(uint16(raw[1]), word.yearPeriods(), "periods of a year");
        vm.assertEq(uint32(raw[2]), word.firstPeriod(), "first period");
        vm.assertEq(version, word.version(), "version");
        vm.assertEq(latestFrom, word.latestFrom(), "first period of the newest version");
        vm.assertEq(end, word.endPeriod(), "end");
        vm.assertTrue(word.covers(uint32(raw[2])) == (uint32(raw[2]) < end), "the first period is covered");
        vm.assertFalse(word.covers(end), "the end is not covered");
    }

    // ------------------------------------------------------------------------------------------------------ balances

    /// 25: the balance's word: what is added to one counter stays in it.
    function testFuzz_ABalancesCountersRiseAlone(uint80 accrued, uint80 revoked, uint80 redeemed) public pure {
        BalanceWord word = BalanceWord.wrap(0).plus(int256(uint256(accrued))).plus(-int256(uint256(revoked)));
        word = word.withRedeemed(redeemed);
        vm.assertEq(accrued, word.accrued(), "accrued");
        vm.assertEq(revoked, word.revoked(), "revoked");
        vm.assertEq(redeemed, word.redeemed(), "redeemed");
        int256 left = int256(uint256(accrued)) - int256(uint256(revoked)) - int256(uint256(redeemed));
        vm.assertTrue(left == word.outstanding(), "outstanding");
        ISettlementBook.Balance memory found = word.unpacked();
        bool same = found.accrued == accrued && found.revoked == revoked && found.redeemed == redeemed;
        vm.assertTrue(same, "unpacked");
    }

    /// 25: its corners.
    function test_ABalancesCountersHoldTheirExtremes() public pure {
        uint80 most = type(uint80).max;
        testFuzz_ABalancesCountersRiseAlone(most, 0, 0);
        testFuzz_ABalancesCountersRiseAlone(0, most, 0);
        testFuzz_ABalancesCountersRiseAlone(0, 0, most);
        testFuzz_ABalancesCountersRiseAlone(most, most, most);
    }

    /// 25: a counter takes what fits and not one unit more.
    function testFuzz_ABalanceTellsWhatFits(uint80 accrued, uint80 revoked) public pure {
        BalanceWord word = BalanceWord.wrap(0).plus(int256(uint256(accrued))).plus(-int256(uint256(revoked)));
        int256 room = int256(uint256(type(uint80).max - accrued));
        int256 below = int256(uint256(type(uint80).max - revoked));
        vm.assertTrue(word.fits(room), "what fits, accrued");
        vm.assertFalse(word.fits(room + 1), "one more, accrued");
        vm.assertTrue(word.fits(-below), "what fits, revoked");
        vm.assertFalse(word.fits(-below - 1), "one more, revoked");
        vm.assertEq(type(uint80).max, word.plus(room).accrued(), "full");
        vm.assertEq(revoked, word.plus(room).revoked(), "and the other one as before");
    }

    // --------------------------------------------------------------------------------------------------- redemptions

    /// 25: the redemption's word.
    function testFuzz_ARedemptionsWordGivesBackWhatWasPutIn(
        uint80 amount,
        uint48 deadline,
        uint32 blockNumber,
        uint8 state,
        uint8 next
    ) public pure {
        (state, next) = (state % 4, next % 4);
        ISettlementBook.RedemptionState first = ISettlementBook.RedemptionState(state);
        RedemptionWord word = toRedemptionWord(first, amount, deadline, blockNumber);
        requireRedemption(word, amount, deadline, blockNumber, state);
        requireRedemption(word.withState(ISettlementBook.RedemptionState(next)), amount, deadline, blockNumber, next);
        vm.assertEq(0, RedemptionWord.unwrap(word) >> 168, "the highest bits");
    }

    /// 25: its corners.
    function test_ARedemptionsWordHoldsItsExtremes() public pure {
        testFuzz_ARedemptionsWordGivesBackWhatWasPutIn(type(uint80).max, 0, 0, 0, 3);
        testFuzz_ARedemptionsWordGivesBackWhatWasPutIn(0, type(uint48).max, 0, 0, 3);
        testFuzz_ARedemptionsWordGivesBackWhatWasPutIn(0, 0, type(uint32).max, 0, 3);
        testFuzz_ARedemptionsWordGivesBackWhatWasPutIn(type(uint80).max, type(uint48).max, type(uint32).max, 3, 0);
    }

    function requireRedemption(
        RedemptionWord word,
        uint80 amount,
        uint48 deadline,
        uint32 blockNumber,
        uint8 state
    ) internal pure {
        ISettlementBook.Redemption memory found = word.unpacked();
        vm.assertEq(amount, found.amountMinor, "amount");
        vm.assertEq(deadline, found.deadline, "deadline");
        vm.assertEq(blockNumber, found.deadlineBlock, "block");
        vm.assertEq(state, uint256(found.state), "state");
    }

    // -------------------------------------------------------------------------------------------------------- clocks

    /// 25: the clock that one book answers the other.
    function testFuzz_AReportsClockGivesBackWhatWasPutIn(
        uint48 reportableAt,
        uint48 reportUntil,
        uint48 restateUntil,
        uint32 windowSeconds,
        uint32 windowBlocks
    ) public pure {
        ReportClock clock = toReportClock(reportableAt, reportUntil, restateUntil, windowSeconds, windowBlocks);
        vm.assertEq(reportableAt, clock.reportableAt(), "reportable at");
        vm.assertEq(reportUntil, clock.reportUntil(), "reports until");
        vm.assertEq(restateUntil, clock.restateUntil(), "restatements until");
        vm.assertEq(windowSeconds, clock.windowSeconds(), "window");
        vm.assertEq(windowBlocks, clock.windowBlocks(), "blocks");
        vm.assertEq(0, ReportClock.unwrap(clock) & type(uint48).max, "the lowest bits");
    }

    /// 25: its corners.
    function test_AReportsClockHoldsItsExtremes() public pure {
        (uint48 last, uint32 most) = (type(uint48).max, type(uint32).max);
        testFuzz_AReportsClockGivesBackWhatWasPutIn(last, 0, 0, 0, 0);
        testFuzz_AReportsClockGivesBackWhatWasPutIn(0, last, 0, 0, 0);
        testFuzz_AReportsClockGivesBackWhatWasPutIn(0, 0, last, 0, 0);
        testFuzz_AReportsClockGivesBackWhatWasPutIn(0, 0, 0, most, 0);
        testFuzz_AReportsClockGivesBackWhatWasPutIn(0, 0, 0, 0, most);
        testFuzz_AReportsClockGivesBackWhatWasPutIn(last, last, last, most, most);
    }

    // ------------------------------------------------------------------------------------------------------- helpers

    function fitted(uint256[6] memory raw, uint256[6] memory most) internal pure returns (uint256[6] memory v) {
        for (uint256 i = 0; i < 6; ++i) v[i] = bound(raw[i], 0, most[i]);
    }
}
