// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {bound, vm} from "../support/Vm.sol";

contract FinalizeSettlementsTest is Claims {
    function testFuzz_AnybodyMakesAnUndisputedReportFinal(address caller) public {
        take(row());
        closeWindow();
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.SettlementFinalized(agreement, PERIOD, 0, 1, 250_000, 250_000, false);
        vm.prank(caller);
        bytes4[] memory refused = sla.finalizeSettlements(one(keyOf(row())));
        requireEvents(1);
        vm.assertEq(abi.encode(new bytes4[](1)), abi.encode(refused), "answer");
        vm.assertEq(
            abi.encode(
                settlementOf(row(), ISettlementBook.State.Final, 250_000, NOW + WINDOW, BLOCK + WINDOW_BLOCKS)
            ),
            abi.encode(standing(row())),
            "settlement"
        );
        requireBalance(agreement, 250_000, 0, 0); // floor of 250,000.75: the provider keeps the rest
        vm.assertEq(250_000, sla.periodCreditOf(agreement, PERIOD), "period");
    }

    /// A5: a dispute that nobody ruled on in time leaves the report standing.
    function test_AnUnruledDisputeIsFinalByDefault() public {
        take(row());
        dispute(row(), PROVIDER);
        vm.roll(BLOCK + WINDOW_BLOCKS);
        vm.warp(NOW + WINDOW + RULING - 1);
        refuseFinality(row(), ISettlementBook.SLARulingPending.selector);
        vm.warp(NOW + WINDOW + RULING);
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.SettlementFinalized(agreement, PERIOD, 0, 1, 250_000, 250_000, true);
        vm.prank(STRANGER);
        sla.finalizeSettlements(one(keyOf(row())));
        requireEvents(1);
        requireBalance(agreement, 250_000, 0, 0);
    }

    function test_RevertWhen_Paused() public {
        take(row());
        closeWindow();
        pause();
        vm.expectRevert(enforcedPause());
        sla.finalizeSettlements(one(keyOf(row())));
    }

    function test_RevertWhen_TheBatchIsEmptyOrTooLarge() public {
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAEmptyBatch.selector));
        sla.finalizeSettlements(new ISettlementBook.Key[](0));
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLABatchTooLarge.selector, 201, 200));
        sla.finalizeSettlements(new ISettlementBook.Key[](201));
    }

    function test_SetsApart_WhatIsNotThere() public {
        bytes4 reason = ISettlementBook.SLASettlementUnexpectedState.selector;
        refuseFinality(row(), reason);
        refuseFinality(rowOf(OTHER, PERIOD, 0, 1, 2), reason);
        refuseFinality(rowOf(agreement, type(uint32).max, 7, 1, 2), reason);
        refuseFinality(rowOf(agreement, PERIOD, 8, 1, 2), reason);
        refuseFinality(rowOf(agreement, PERIOD, 255, 1, 2), reason);
    }

    /// The ninth place is where the restatement of the first SLO waits: it is no SLO's, whatever lies there.
    function test_SetsApart_ThePlaceWhereARestatementWaits() public {
        bytes4 reason = ISettlementBook.SLASettlementUnexpectedState.selector;
        ISettlementBook.Row memory ninth = rowOf(agreement, PERIOD, 8, 1, 2);
        settle(row());
        take(restated(row(), 2, 1));
        closeWindow();
        refuseFinality(ninth, reason);
        take(restated(row(), 3, 1));
        dispute(restated(row(), 3, 1), TENANT);
        refuseFinality(ninth, reason);
        resolve(restated(row(), 3, 1), ISettlementBook.Outcome.Rejected);
        refuseFinality(ninth, reason);
        requireBalance(agreement, 250_000, 0, 0);
    }

    function test_SetsApart_WhatIsFinalOrVoid() public {
        bytes4 reason = ISettlementBook.SLASettlementUnexpectedState.selector;
        settle(row());
        refuseFinality(row(), reason);
        ISettlementBook.Row memory other = rowOf(agreement, PERIOD + 1, 0, 1, 2);
        contest(other);
        resolve(other, ISettlementBook.Outcome.Rejected);
        refuseFinality(other, reason);
    }

    function test_SetsApart_WhoseWindowIsOpen() public {
        take(row());
        refuseFinality(row(), ISettlementBook.SLADisputeWindowOpen.selector);
        vm.warp(NOW + WINDOW);
        refuseFinality(row(), ISettlementBook.SLADisputeWindowOpen.selector);
        vm.warp(NOW);
        vm.roll(BLOCK + WINDOW_BLOCKS);
        refuseFinality(row(), ISettlementBook.SLADisputeWindowOpen.selector);
    }

    /// A9: one that is final already costs the others of its batch nothing.
    function test_OneThatIsFinalCostsTheOthersNothing() public {
        settle(row());
        ISettlementBook.Row memory next = rowOf(agreement, PERIOD + 1, 0, 1, 2);
        take(next);
        closeWindow();
        ISettlementBook.Key[] memory names = new ISettlementBook.Key[](3);
        (names[0], names[1], names[2]) = (keyOf(row()), keyOf(next), keyOf(row()));
        bytes4[] memory refused = sla.finalizeSettlements(names);
        bytes4[] memory expected = new bytes4[](3);
        expected[0] = expected[2] = ISettlementBook.SLASettlementUnexpectedState.selector;
        vm.assertEq(abi.encode(expected), abi.encode(refused), "answers");
        requireState(next, ISettlementBook.State.Final);
    }

    // --------------------------------------------------------------------------------------------------- the money

    /// Credits of a period are summed in ppm and cut by its cap before the one division.
    function test_ThePeriodsCapCutsTheLaterSlo() public {
        bytes32 id = activateOther(termsOf(2, 300_000, 0));
        reportTwo(id);
        expectFinality(id, 0, 250_000, 250_000);
        expectFinality(id, 1, 300_000, 50_000); // floor of 300,000.9
        finalizeTwo(id);
        requireBalance(id, 300_000, 0, 0);
    }

    function test_TheLargestCreditOfAPeriodCounts() public {
        IAgreementBook.Terms memory made = termsOf(2, 1_000_000, 0);
        made.stacking = IAgreementBook.Stacking.Largest;
        bytes32 id = activateOther(made);
        take(rowOf(id, PERIOD, 0, 995_000, 1_000_000));
        take(rowOf(id, PERIOD, 1, 980_000, 1_000_000));
        closeWindow();
        expectFinality(id, 0, 100_000, 100_000);
        expectFinality(id, 1, 250_000, 150_000);
        finalizeTwo(id);
    }

    /// 10 % and 25 % of 1,000,003 are 100,000.3 and 250,000.75: together one floor of 350,001.05, not the sum of two.
    function test_APeriodIsDividedOnce() public {
        bytes32 id = activateOther(termsOf(2, 1_000_000, 0));
        take(rowOf(id, PERIOD, 0, 995_000, 1_000_000));
        take(rowOf(id, PERIOD, 1, 980_000, 1_000_000));
        closeWindow();
        finalizeTwo(id);
        requireBalance(id, 350_001, 0, 0);
    }

    function test_BelowTheMinimumIsNothingOrTheMinimum() public {
        IAgreementBook.Terms memory made = terms();
        made.minimumMinor = 250_001;
        bytes32 id = activateOther(made);
        settle(rowOf(id, PERIOD, 0, 980_000, 1_000_000));
        requireBalance(id, 0, 0, 0);
        made.minimumMinor = 250_000;
        made.slos[0].sloId = keccak256("other");
        vm.warp(SIGNED_AT);
        id = activate(keccak256("at the minimum"), made);
        vm.warp(NOW);
        settle(rowOf(id, PERIOD, 0, 980_000, 1_000_000));
        requireBalance(id, 250_000, 0, 0);
        made.minimumMinor = 250_001;
        made.belowMinimum = IAgreementBook.BelowMinimum.Minimum;
        vm.warp(SIGNED_AT);
        id = activate(keccak256("the minimum"), made);
        vm.warp(NOW);
        settle(rowOf(id, PERIOD, 0, 980_000, 1_000_000));
        requireBalance(id, 250_001, 0, 0);
        settle(restated(rowOf(id, PERIOD, 0, 980_000, 1_000_000), 2, 1_000_000)); // nothing owed has no minimum
        requireBalance(id, 250_001, 250_001, 0);
    }

    /// The cap of a year is taken on the uncut sum, so a restatement below it takes back only what was credited.
    function test_TheYearsCapIsTakenOnTheUncutSum() public {
        bytes32 id = activateOther(termsOf(1, 1_000_000, FEE + 10));
        settle(rowOf(id, PERIOD, 0, 0, 1));
        settle(rowOf(id, PERIOD + 1, 0, 0, 1));
        requireBalance(id, FEE + 10, 0, 0);
        vm.assertEq(2 * FEE, sla.yearCreditOf(id, 0), "uncut");
        settle(restated(rowOf(id, PERIOD, 0, 0, 1_000_000), 2, 1_000_000)); // leaves one fee
        requireBalance(id, FEE + 10, 10, 0);
        settle(rowOf(id, PERIOD + 2, 0, 0, 1)); // period 14 begins the next year
        requireBalance(id, 2 * FEE + 10, 10, 0);
        vm.assertEq(FEE, sla.yearCreditOf(id, 1), "the next year");
    }

    /// Terms of the version in force at the period price it, however late it is reported.
    function test_TheVersionAtThePeriodPricesIt() public {
        amend(amendment());
        vm.warp(startOf(16) + GRACE);
        settle(rowOf(agreement, 14, 0, 0, 1));
        requireBalance(agreement, FEE, 0, 0);
        settle(rowOf(agreement, 15, 0, 0, 1));
        requireBalance(agreement, 3 * FEE, 0, 0);
    }

    /// 256 of the largest fees fill a counter: what would not fit is set apart and refused by name, and wraps nothing.
    function test_AFullCounterIsRefused() public {
        IAgreementBook.Terms memory made = terms();
        made.feeMinor = type(uint72).max;
        made.calendar = book.publishFixedCalendar(ANCHOR, 1 days, 400);
        made.firstPeriod = 100;
        made.reportSeconds = made.restateSeconds = 4000 days;
        vm.warp(ANCHOR);
        bytes32 id = activate(OTHER, made);
        vm.warp(ANCHOR + 500 * DAY);
        ISettlementBook.Key[] memory names = new ISettlementBook.Key[](128);
        for (uint256 batch = 0; batch < 2; ++batch) {
            for (uint256 i = 0; i < 128; ++i) {
                ISettlementBook.Row memory item = rowOf(id, uint32(100 + 128 * batch + i), 0, 0, 1);
                take(item);
                names[i] = keyOf(item);
            }
            closeWindow();
            vm.assertEq(abi.encode(new bytes4[](128)), abi.encode(sla.finalizeSettlements(names)), "final");
        }
        requireBalance(id, uint80(type(uint72).max) * 256, 0, 0);
        ISettlementBook.Row memory more = rowOf(id, 356, 0, 0, 1);
        ISettlementBook.Row memory disputed = rowOf(id, 357, 0, 0, 1);
        take(more);
        contest(disputed);
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAAmountsExhausted.selector));
        resolve(disputed, ISettlementBook.Outcome.Upheld);
        closeWindow();
        refuseFinality(more, ISettlementBook.SLAAmountsExhausted.selector);
    }

    /// Whichever of a period's SLOs is final first, they come to the same.
    function testFuzz_TheOrderChangesNoBalance(uint64[3] memory good, uint32 capPpm, uint256 order) public {
        bytes32 id = activateOther(termsOf(3, uint32(bound(capPpm, 3, 1_000_000)), 0, good));
        ISettlementBook.Key[] memory names = new ISettlementBook.Key[](3);
        for (uint8 i = 0; i < 3; ++i) {
            ISettlementBook.Row memory item = rowOf(id, PERIOD, i, uint64(good[i] % 999_000), 1_000_000);
            take(item);
            names[(order % 3 + (order / 3 % 2 == 0 ? i : 3 - i)) % 3] = keyOf(item);
        }
        closeWindow();
        uint256 before = vm.snapshotState();
        sla.finalizeSettlements(names);
        bytes memory balance = abi.encode(sla.balanceOf(id));
        vm.revertToState(before);
        for (uint8 i = 0; i < 3; ++i) finalize(rowOf(id, PERIOD, i, 0, 1));
        vm.assertEq(abi.encode(sla.balanceOf(id)), balance, "balance");
    }

    /// @dev Terms with a cap so small that equal credits would be no bands: one band each.
    function termsOf(
        uint256 slos,
        uint32 capPpm,
        uint72 yearCap,
        uint64[3] memory salt
    ) internal view returns (IAgreementBook.Terms memory made) {
        made = termsOf(slos, capPpm, yearCap);
        for (uint256 i = 0; i < slos; ++i) {
            made.slos[i].bands = new IAgreementBook.Band[](2);
            made.slos[i].bands[0] = IAgreementBook.Band({belowPpm: 999_000, creditPpm: 1});
            made.slos[i].bands[1] =
                IAgreementBook.Band({belowPpm: 500_000, creditPpm: 2 + uint32(salt[i] % (capPpm - 1))});
        }
    }

    function reportTwo(bytes32 id) internal {
        for (uint8 i = 0; i < 2; ++i) take(rowOf(id, PERIOD, i, 980_000, 1_000_000));
        closeWindow();
    }

    function finalizeTwo(bytes32 id) internal {
        ISettlementBook.Key[] memory names = new ISettlementBook.Key[](2);
        for (uint8 i = 0; i < 2; ++i) names[i] = keyOf(rowOf(id, PERIOD, i, 1, 2));
        sla.finalizeSettlements(names);
    }

    function expectFinality(bytes32 id, uint8 slo, uint80 periodMinor, int96 deltaMinor) internal {
        vm.expectEmit(address(sla));
        emit ISettlementBook.SettlementFinalized(id, PERIOD, slo, 1, periodMinor, deltaMinor, false);
    }
}
