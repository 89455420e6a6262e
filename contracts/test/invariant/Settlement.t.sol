// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SlaSettlement} from "../../src/SlaSettlement.sol";
import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {vm} from "../support/Vm.sol";
import {Handler} from "./Handler.sol";
import {LogBook} from "./LogBook.sol";
import {Model} from "./Model.sol";

/// After any sequence of calls, contract, model and event log tell one story. The numbers are those of contracts/README.md.
contract SettlementInvariants {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler internal handler;
    Model internal model;
    LogBook internal book;
    SlaSettlement internal sla;

    function setUp() public {
        handler = new Handler();
        handler.setUp();
        (model, book) = (handler.model(), handler.book());
        sla = handler.target();
    }

    function targetContracts() public view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory list) {
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector({addr: address(handler), selectors: actions()});
    }

    /// @dev Reporting, finalising and time come up more often, as in life.
    function actions() internal pure returns (bytes4[] memory list) {
        list = new bytes4[](13);
        list[0] = list[1] = list[2] = Handler.report.selector;
        list[3] = Handler.dispute.selector;
        list[4] = Handler.resolve.selector;
        list[5] = list[6] = Handler.finalize.selector;
        list[7] = Handler.redeem.selector;
        list[8] = Handler.pass.selector;
        list[9] = Handler.switchPause.selector;
        list[10] = Handler.rotate.selector;
        list[11] = Handler.terminate.selector;
        list[12] = Handler.trespass.selector;
    }

    /// 5, 6, 7, 8, 11, 13, 15, 16: each call succeeded exactly when the model said so, with exactly its events.
    function invariant_EveryCallEndsAsTheModelSays() public view {
        vm.assertEq(bytes(""), bytes(handler.violation()), handler.violation());
    }

    /// 1, 2, 3, 9, 11, 13: every settlement and every balance is the model's.
    function invariant_StorageIsTheModel() public view {
        for (uint256 i = 0; i < model.count(); ++i) {
            Model.Row memory row = model.row(i);
            ISlaSettlement.Settlement memory stored = sla.getSettlement(row.id);
            vm.assertEq(uint256(row.state), uint256(stored.state), "state");
            vm.assertEq(row.revision, stored.revision, "revision");
            vm.assertEq(row.good, stored.good, "good");
            vm.assertEq(row.valid, stored.valid, "valid");
            vm.assertEq(row.credited, stored.creditedMinor, "credited");
            vm.assertEq(model.credit(i), stored.creditMinor, "credit");
            vm.assertEq(row.deadlineClock, stored.deadline, "deadline");
        }
        requireBalance(handler.CAPPED());
        requireBalance(handler.PLAIN());
    }

    /// 4, 10: the credits of one period never exceed its cap.
    function invariant_NoPeriodExceedsItsCap() public view {
        for (uint256 i = 0; i < model.count(); ++i) {
            Model.Row memory row = model.row(i);
            uint256 sum = 0;
            for (uint256 j = 0; j < model.count(); ++j) {
                Model.Row memory other = model.row(j);
                bool same = other.agreementId == row.agreementId && other.start == row.start && other.end == row.end;
                if (same) sum += sla.getSettlement(other.id).creditedMinor;
            }
            vm.assertLe(sum, model.capMinor(row.agreementId), "cap");
        }
    }

    /// 15: the events alone rebuild the ledger and every state.
    function invariant_EventsRebuildTheLedger() public view {
        bytes32[2] memory agreements = [handler.CAPPED(), handler.PLAIN()];
        for (uint256 i = 0; i < 2; ++i) {
            ISlaSettlement.Balance memory balance = sla.balanceOf(agreements[i]);
            vm.assertEq(book.accrued(agreements[i]), balance.accrued, "accrued");
            vm.assertEq(book.redeemed(agreements[i]), balance.redeemed, "redeemed");
        }
        for (uint256 i = 0; i < model.count(); ++i) {
            bytes32 id = model.row(i).id;
            ISlaSettlement.Settlement memory stored = sla.getSettlement(id);
            vm.assertEq(uint256(book.state(id)), uint256(stored.state), "state");
            vm.assertEq(book.credited(id), stored.creditedMinor, "credited");
            vm.assertEq(book.revision(id), stored.revision, "revision");
        }
    }

    /// 8, 14: the clock of windows skips every pause, and no ether arrives.
    function invariant_TheClockSkipsPausesAndNoEtherArrives() public view {
        vm.assertEq(model.clock(), sla.unpausedTime(), "clock");
        vm.assertEq(0, address(sla).balance, "ether");
    }

    /// The invariants are not vacuous: six sequences of 150 calls reach every outcome an action can have.
    /// forge-config: default.fuzz.runs = 8
    /// forge-config: deep.fuzz.runs = 64
    function testFuzz_TheHandlerReachesEverything(uint256 seed) public {
        string[16] memory outcomes = [
            "report", "forgery refused", "overlap refused", "dispute", "dispute while paused", "uphold", "correct",
            "reject", "finalize", "cut", "redeem", "pause", "unpause", "rotate", "terminate", "trespass"
        ];
        uint256[16] memory reached;
        for (uint256 i = 0; i < 6; ++i) {
            uint256 before = vm.snapshotState();
            play(uint256(keccak256(abi.encode(seed, i))), 150);
            invariant_EveryCallEndsAsTheModelSays();
            for (uint256 j = 0; j < outcomes.length; ++j) reached[j] += handler.reached(outcomes[j]);
            vm.revertToState(before);
        }
        for (uint256 j = 0; j < outcomes.length; ++j) vm.assertLt(0, reached[j], outcomes[j]);
    }

    function play(uint256 seed, uint256 calls) internal {
        bytes4[] memory list = actions();
        for (uint256 i = 0; i < calls; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            uint256 second = uint256(keccak256(abi.encode(random)));
            bytes4 action = list[random % list.length];
            bytes memory arguments = action == Handler.pass.selector
                ? abi.encode(uint32(random >> 64), uint16(second))
                : abi.encode(random >> 64, uint64(second), uint64(second >> 64));
            (bool done,) = address(handler).call(abi.encodePacked(action, arguments));
            vm.assertTrue(done, "a handler's action reverted");
        }
    }

    function requireBalance(bytes32 agreementId) internal view {
        ISlaSettlement.Balance memory balance = sla.balanceOf(agreementId);
        vm.assertEq(model.accrued(agreementId), balance.accrued, "accrued");
        vm.assertEq(model.redeemed(agreementId), balance.redeemed, "redeemed");
        vm.assertEq(0, balance.revoked, "revoked");
        vm.assertLe(balance.redeemed, balance.accrued, "redeemed at most what accrued");
    }
}
