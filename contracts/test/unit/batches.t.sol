// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {Vm, vm} from "../support/Vm.sol";

/// One bad row costs only itself, whatever is wrong with it.
contract BatchesTest is Claims {
    uint256 internal constant FAULTS = 15;

    bytes32 internal other; // an agreement of 8 SLOs whose rows are all good

    function setUp() public override {
        super.setUp();
        IAgreementBook.Terms memory made = termsOf(8, 300_000, 2 * FEE);
        made.reportSeconds = made.restateSeconds = 4000 days;
        other = activateOther(made);
        makeStates();
    }

    /// @dev What some bad rows stumble over: a settlement disputed, one with 31 revisions, one final.
    function makeStates() private {
        ISettlementBook.Row memory item = rowOf(other, 3, 0, 1, 2);
        for (item.revision = 1; item.revision < 31; ++item.revision) take(item);
        take(item);
        contest(rowOf(other, 3, 1, 1, 2));
        settle(rowOf(other, 3, 2, 1, 2));
    }

    function test_EveryFaultOfARowCostsOnlyThatRow() public {
        ISettlementBook.Row[] memory list = new ISettlementBook.Row[](2 * FAULTS);
        bytes4[] memory expected = new bytes4[](2 * FAULTS);
        for (uint256 i = 0; i < FAULTS; ++i) {
            (list[2 * i], expected[2 * i]) = bad(i);
            list[2 * i + 1] = good(i);
        }
        vm.recordLogs();
        bytes4[] memory refused = submitAll(list);
        vm.assertEq(abi.encode(expected), abi.encode(refused), "answers");
        requireLogged(list, expected);
        for (uint256 i = 0; i < FAULTS; ++i) requireState(list[2 * i + 1], ISettlementBook.State.Reported);
    }

    /// A bad row anywhere among good ones, any number of them: exactly the good ones are taken.
    function testFuzz_OnlyBadRowsAreSetApart(uint256 seed) public {
        uint256 size = 1 + seed % 12;
        ISettlementBook.Row[] memory list = new ISettlementBook.Row[](size);
        bytes4[] memory expected = new bytes4[](size);
        for (uint256 i = 0; i < size; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(seed, i)));
            if (draw % 2 == 0) list[i] = good(i);
            else (list[i], expected[i]) = bad(draw / 2 % FAULTS);
        }
        vm.recordLogs();
        vm.assertEq(abi.encode(expected), abi.encode(submitAll(list)), "answers");
        requireLogged(list, expected);
    }

    /// `eth_call` tells what each row would meet, to the byte, and changes nothing.
    function testFuzz_ACallForetellsWhatATransactionDoes(uint256 seed) public {
        ISettlementBook.Row[] memory list = drawn(seed);
        uint256 before = vm.snapshotState();
        bytes4[] memory foretold = submitAll(list);
        vm.revertToState(before);
        vm.assertEq(abi.encode(foretold), abi.encode(submitAll(list)), "reports");

        closeWindow();
        ISettlementBook.Key[] memory names = namesOf(list);
        before = vm.snapshotState();
        foretold = sla.finalizeSettlements(names);
        vm.revertToState(before);
        vm.assertEq(abi.encode(foretold), abi.encode(sla.finalizeSettlements(names)), "finality");
    }

    /// A batch of n leaves the same state as n single calls, and answers the same.
    function testFuzz_ABatchEqualsSingleCalls(uint256 seed) public {
        ISettlementBook.Row[] memory list = drawn(seed);
        ISettlementBook.Key[] memory names = namesOf(list);
        uint256 before = vm.snapshotState();
        bytes4[] memory reported = submitAll(list);
        closeWindow();
        bytes4[] memory ended = sla.finalizeSettlements(names);
        bytes32 batched = digestOf(list);
        vm.revertToState(before);

        for (uint256 i = 0; i < list.length; ++i) vm.assertEq(bytes32(reported[i]), bytes32(submit(list[i])), "report");
        closeWindow();
        for (uint256 i = 0; i < list.length; ++i) vm.assertEq(bytes32(ended[i]), bytes32(finalize(list[i])), "finality");
        vm.assertEq(batched, digestOf(list), "state");
    }

    /// Answering twice pays once.
    function test_ARowTwiceInOneBatchIsTakenOnce() public {
        ISettlementBook.Row[] memory list = new ISettlementBook.Row[](3);
        (list[0], list[1], list[2]) = (row(), row(), restated(row(), 2, 0));
        bytes4[] memory expected = new bytes4[](3);
        expected[1] = ISettlementBook.SLASettlementExists.selector;
        vm.assertEq(abi.encode(expected), abi.encode(submitAll(list)), "answers");
        vm.assertEq(uint256(2), standing(row()).revision, "the restatement that came after it was taken as well");

        closeWindow();
        expected[1] = expected[2] = ISettlementBook.SLASettlementUnexpectedState.selector;
        vm.assertEq(abi.encode(expected), abi.encode(sla.finalizeSettlements(namesOf(list))), "answers");
        requireBalance(agreement, FEE, 0, 0);
    }

    function test_ABatchOf200IsTakenWhole() public {
        ISettlementBook.Row[] memory list = new ISettlementBook.Row[](200);
        vm.warp(startOf(40));
        for (uint256 i = 0; i < 200; ++i) list[i] = rowOf(other, uint32(5 + i / 8), uint8(i % 8), uint64(i), 1_000_000);
        vm.assertEq(abi.encode(new bytes4[](200)), abi.encode(submitAll(list)), "reports");
        closeWindow();
        vm.assertEq(abi.encode(new bytes4[](200)), abi.encode(sla.finalizeSettlements(namesOf(list))), "finality");
        for (uint256 i = 0; i < 200; ++i) requireState(list[i], ISettlementBook.State.Final);
        // Periods 5 to 29 come to 300,000 each (floor of 300,000.9): the cap of 2 fees cuts the first two years, not the third.
        requireBalance(other, 2 * 2 * FEE + 4 * 300_000, 0, 0);
        vm.assertEq(12 * 300_000, sla.yearCreditOf(other, 1), "before the cap");
    }

    // ------------------------------------------------------------------------------------------------------ the rows

    function good(uint256 i) internal view returns (ISettlementBook.Row memory) {
        return rowOf(other, uint32(4 + i / 8), uint8(i % 8), uint64(i), 1_000_000);
    }

    function bad(uint256 fault) internal view returns (ISettlementBook.Row memory item, bytes4 reason) {
        item = rowOf(other, 10, 0, 1, 2);
        if (fault == 0) (item.agreementId, reason) = (OTHER, IAgreementBook.SLAUnknownAgreement.selector);
        if (fault == 1) (item.period, reason) = (FIRST - 1, IAgreementBook.SLAUnknownPeriod.selector);
        if (fault == 2) (item.period, reason) = (PERIODS, IAgreementBook.SLAUnknownPeriod.selector);
        if (fault == 3) (item.slo, reason) = (8, IAgreementBook.SLAUnknownSlo.selector);
        if (fault == 4) (item.slo, item.agreementId, reason) = (1, agreement, IAgreementBook.SLAUnknownSlo.selector);
        if (fault == 5) (item.period, reason) = (20, ISettlementBook.SLAPeriodNotClosed.selector);
        if (fault == 6) {
            (item.period, item.agreementId, reason) = (FIRST, agreement, ISettlementBook.SLAReportTooLate.selector);
        }
        if (fault == 7) (item.documentHash, reason) = (0, ISettlementBook.SLANoEvidence.selector);
        if (fault == 8) (item.good, reason) = (3, ISettlementBook.SLAInvalidCounts.selector);
        if (fault == 9) (item.good, item.valid, reason) = (0, 0, ISettlementBook.SLANoData.selector);
        if (fault == 10) (item.good, reason) = (2, ISettlementBook.SLANotABreach.selector);
        if (fault == 11) (item.revision, reason) = (2, ISettlementBook.SLARevisionUnexpected.selector);
        if (fault > 11) item.period = 3;
        if (fault == 12) (item.revision, reason) = (32, ISettlementBook.SLARevisionsExhausted.selector);
        if (fault == 13) {
            (item.slo, item.revision, reason) = (1, 2, ISettlementBook.SLASettlementUnexpectedState.selector);
        }
        if (fault == 14) (item.slo, reason) = (2, ISettlementBook.SLASettlementExists.selector);
    }

    /// @dev Rows of all kinds, some of them twice or one after the other of one settlement.
    function drawn(uint256 seed) internal view returns (ISettlementBook.Row[] memory list) {
        list = new ISettlementBook.Row[](1 + seed % 8);
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(seed, i)));
            if (draw % 3 == 0) (list[i],) = bad(draw / 3 % FAULTS);
            else list[i] = good(draw / 3 % 3);
            if (draw % 3 == 2) list[i].revision = uint8(1 + draw / 9 % 3);
        }
    }

    function namesOf(ISettlementBook.Row[] memory list) internal pure returns (ISettlementBook.Key[] memory names) {
        names = new ISettlementBook.Key[](list.length);
        for (uint256 i = 0; i < list.length; ++i) names[i] = keyOf(list[i]);
    }

    function digestOf(ISettlementBook.Row[] memory list) internal view returns (bytes32 digest) {
        for (uint256 i = 0; i < list.length; ++i) digest = keccak256(abi.encode(digest, stateOf(list[i])));
    }

    /// @dev An event a row, in order: the report, or the selector that was answered.
    function requireLogged(ISettlementBook.Row[] memory list, bytes4[] memory expected) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(list.length, logs.length, "events");
        for (uint256 i = 0; i < list.length; ++i) {
            bool taken = expected[i] == 0;
            vm.assertEq(
                taken ? ISettlementBook.SettlementReported.selector : ISettlementBook.RowSkipped.selector,
                logs[i].topics[0],
                "event"
            );
            vm.assertEq(list[i].agreementId, logs[i].topics[1], "agreement");
            vm.assertEq(list[i].period, uint256(logs[i].topics[2]), "period");
            vm.assertEq(list[i].slo, uint256(logs[i].topics[3]), "slo");
            if (!taken) vm.assertEq(abi.encode(list[i].revision, expected[i]), logs[i].data, "revision and reason");
        }
    }
}
