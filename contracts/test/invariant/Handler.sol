// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SlaSettlement} from "../../src/SlaSettlement.sol";
import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {bound, vm, Vm} from "../support/Vm.sol";
import {LogBook} from "./LogBook.sol";
import {Model} from "./Model.sol";

/**
 * @title Everybody who may touch the contract, and some who may not
 * @dev Each action asks the model whether it must succeed, tries it, and records a violation when the contract disagrees. An
 * action never reverts, so nothing hides behind `fail_on_revert = false`.
 */
contract Handler is Fixture {
    bytes32 public constant CAPPED = keccak256("capped"); // three SLOs whose credits can exceed the cap of 30 %
    bytes32 public constant PLAIN = keccak256("plain"); // one SLO, no cut possible
    address internal constant PLAIN_TENANT = address(0x7F);
    uint256 internal constant PERIODS = 6;

    Model public model;
    LogBook public book;
    string public violation; // the first disagreement; empty while there is none
    mapping(string action => uint256) public reached;
    uint256 internal rotations;
    uint256[] internal retired; // the keys before the last rotation
    bool internal ended;

    function setUp() public override {
        super.setUp();
        model = new Model(NOW, bands());
        book = new LogBook();
        ISlaSettlement.Terms memory made = termsOf(3, 300_000);
        activate(CAPPED, made);
        model.addAgreement(CAPPED, FEE, 300_000);
        made = termsOf(1, 1_000_000);
        made.tenant = PLAIN_TENANT;
        activate(PLAIN, made);
        model.addAgreement(PLAIN, FEE, 1_000_000);
        retired = sortedKeys(3, "never in force");
    }

    /// @dev The contract under test.
    function target() external view returns (SlaSettlement) {
        return sla;
    }

    // ----------------------------------------------------------------------------------------------------- actions

    function report(uint256 seed, uint64 good, uint256 forgery) external {
        ISlaSettlement.Report memory item = anyReport(seed, uint64(bound(good, 0, 998_999)));
        ISlaSettlement.Report[] memory list = one(item);
        bool genuine = forgery % 6 > 1;
        bytes[] memory signatures = genuine ? signaturesFor(list, 2) : forgedFor(list, forgery % 6 == 0);
        bool free = !model.overlaps(item.agreementId, item.sloId, item.periodStart, item.periodEnd);

        bool done = act(REPORTER, abi.encodeCall(sla.submitReports, (list, signatures)), 1);
        expect(done == (genuine && free && !model.paused()), "report");
        if (done) model.reported(idOf(item), item, WINDOW, WINDOW_BLOCKS);
        if (done) ++reached["report"];
        if (!done && !genuine && free && !model.paused()) ++reached["forgery refused"];
        if (!done && genuine && !free && !model.paused()) ++reached["overlap refused"];
    }

    function dispute(uint256 seed, uint256 who) external {
        if (model.count() == 0) return;
        uint256 index = find(seed, ISlaSettlement.SettlementState.Reported);
        Model.Row memory row = model.row(index);
        address tenant = row.agreementId == PLAIN ? PLAIN_TENANT : TENANT;
        address caller = [PROVIDER, tenant, STRANGER][who % 3];

        bool done = act(caller, abi.encodeCall(sla.disputeSettlement, (row.id, bytes32(who), bytes32(seed))), 1);
        bool open = row.state == ISlaSettlement.SettlementState.Reported && !model.windowClosed(index);
        expect(done == (open && caller != STRANGER), "dispute");
        if (done) model.setState(index, ISlaSettlement.SettlementState.Disputed);
        if (done) ++reached[model.paused() ? "dispute while paused" : "dispute"];
    }

    function resolve(uint256 seed, uint256 ruling, uint64 good) external {
        if (model.count() == 0) return;
        uint256 index = find(seed, ISlaSettlement.SettlementState.Disputed);
        Model.Row memory row = model.row(index);
        ISlaSettlement.Outcome outcome = ISlaSettlement.Outcome(ruling % 3);
        good = uint64(bound(good, 0, 998_999));

        bool rejected = outcome == ISlaSettlement.Outcome.Rejected;
        bytes memory call = abi.encodeCall(sla.resolveDispute, (row.id, outcome, good, 1_000_000, bytes32(seed)));
        bool done = act(ARBITER, call, rejected ? 1 : 3);
        expect(done == (row.state == ISlaSettlement.SettlementState.Disputed && !model.paused()), "resolve");
        if (!done) return;
        if (rejected) model.setState(index, ISlaSettlement.SettlementState.Voided);
        if (outcome == ISlaSettlement.Outcome.Corrected) model.correct(index, good, 1_000_000);
        if (!rejected && model.finalized(index) > 0) ++reached["cut"];
        ++reached[["uphold", "correct", "reject"][ruling % 3]];
    }

    function finalize(uint256 seed) external {
        if (model.count() == 0) return;
        uint256 index = find(seed, ISlaSettlement.SettlementState.Reported);
        Model.Row memory row = model.row(index);

        bool done = act(STRANGER, abi.encodeCall(sla.finalizeSettlements, (one(row.id))), 2);
        bool ready = row.state == ISlaSettlement.SettlementState.Reported && model.windowClosed(index);
        expect(done == (ready && !model.paused()), "finalize");
        if (done && model.finalized(index) > 0) ++reached["cut"];
        if (done) ++reached["finalize"];
    }

    function redeem(uint256 seed, uint96 amount, uint256 invoice) external {
        bytes32 agreementId = seed % 2 == 0 ? CAPPED : PLAIN;
        bytes32 reference_ = bytes32(1 + invoice % 16);
        amount = uint96(bound(amount, 0, 400_000));
        bool used = model.invoiceUsed(keccak256(abi.encode(agreementId, reference_)));
        bool covered = amount > 0 && amount <= model.outstanding(agreementId);

        bool done = act(BILLING, abi.encodeCall(sla.redeemCredit, (agreementId, reference_, amount)), 1);
        expect(done == (covered && !used && !model.paused()), "redeem");
        if (done) model.redeem(agreementId, reference_, amount);
        if (done) ++reached["redeem"];
    }

    function pass(uint32 seconds_, uint16 blocks) external {
        uint256 span = bound(seconds_, 0, WINDOW);
        vm.warp(block.timestamp + span);
        vm.roll(block.number + bound(blocks, 0, 2 * WINDOW_BLOCKS));
        model.pass(span);
    }

    /// @dev Paused for a fifth of the calls or so: enough to matter, not so much that nothing else happens.
    function switchPause(uint256 seed) external {
        bool pausing = !model.paused();
        if (pausing && seed % 3 != 0) return;
        bool done = pausing
            ? act(GUARDIAN, abi.encodeCall(sla.pause, ()), 1)
            : act(ADMIN, abi.encodeCall(sla.unpause, ()), 1);
        expect(done, "switchPause");
        model.setPaused(pausing);
        ++reached[pausing ? "pause" : "unpause"];
    }

    function rotate() external {
        uint256[] memory fresh = sortedKeys(3, string(abi.encodePacked("rotation", ++rotations)));
        expect(act(ADMIN, abi.encodeCall(sla.setAttestors, (addressesOf(fresh), 2)), 1), "rotate");
        retired = keys; // not as a tuple: of storage arrays it would assign the right one first
        keys = fresh;
        ++reached["rotate"];
    }

    /// @dev The end lies after all periods, so it changes no other expectation; what it refuses is unit-tested.
    function terminate(uint256 seed) external {
        if (seed % 4 != 0) return;
        bytes memory call = abi.encodeCall(sla.terminateAgreement, (PLAIN, uint48(block.timestamp)));
        bool done = act(PLAIN_TENANT, call, 1);
        expect(done == (!ended && !model.paused()), "terminate");
        if (done) ended = true;
        if (done) ++reached["terminate"];
    }

    /// @dev A stranger, and the tenant of the other agreement, try everything with correct arguments.
    function trespass(uint256 seed, uint64 good) external {
        address caller = seed % 2 == 0 ? STRANGER : PLAIN_TENANT;
        ISlaSettlement.Report[] memory list = one(anyReport(seed, uint64(bound(good, 0, 998_999))));
        bytes[] memory signatures = signaturesFor(list, 2);
        bytes32 id = model.count() == 0 ? bytes32(0) : model.row(find(seed, ISlaSettlement.SettlementState.Disputed)).id;
        bytes[8] memory calls = [
            abi.encodeCall(sla.submitReports, (list, signatures)),
            abi.encodeCall(sla.resolveDispute, (id, ISlaSettlement.Outcome.Upheld, 0, 0, 0)),
            abi.encodeCall(sla.redeemCredit, (CAPPED, bytes32(seed), 1)),
            abi.encodeCall(sla.setAttestors, (addressesOf(keys), 2)),
            abi.encodeCall(sla.terminateAgreement, (CAPPED, uint48(block.timestamp))),
            abi.encodeCall(sla.pause, ()),
            abi.encodeCall(sla.unpause, ()),
            abi.encodeCall(sla.grantRole, (sla.BILLING_ROLE(), caller))
        ];
        for (uint256 i = 0; i < calls.length; ++i) expect(!act(caller, calls[i], 0), "trespass");
        ++reached["trespass"];
    }

    // ----------------------------------------------------------------------------------------------------- helpers

    /// @dev One call, its events read into the log book; a state change has exactly `events` of them, a refusal none.
    function act(address caller, bytes memory call, uint256 events) internal returns (bool done) {
        vm.recordLogs();
        vm.prank(caller);
        (done,) = address(sla).call(call);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        book.read(logs);
        expect(logs.length == (done ? events : 0), "number of events");
    }

    function expect(bool held, string memory what) internal {
        if (!held && bytes(violation).length == 0) violation = what;
    }

    /// @dev A closed period of one of four SLOs; a quarter straddles two of the others.
    function anyReport(uint256 seed, uint64 good) internal pure returns (ISlaSettlement.Report memory) {
        uint48 start = STARTS_AT + uint48(seed % PERIODS) * 30 * DAY;
        if (seed / 6 % 4 == 0) start += 15 * DAY;
        uint256 which = seed / 32 % 4;
        bytes32 sloId = bytes32(uint256(SLO) + (which % 3));
        return reportOf(which == 3 ? PLAIN : CAPPED, sloId, start, start + 30 * DAY, good, 1_000_000);
    }

    function forgedFor(ISlaSettlement.Report[] memory list, bool tooFew) internal view returns (bytes[] memory list_) {
        if (tooFew) return signaturesFor(list, 1);
        bytes32 digest = sla.reportDigest(list);
        list_ = new bytes[](2);
        for (uint256 i = 0; i < 2; ++i) list_[i] = signature(retired[i], digest);
    }

    /// @dev A row in the wished state if there is one, from a random place on; else any row.
    function find(uint256 seed, ISlaSettlement.SettlementState wished) internal view returns (uint256 index) {
        uint256 count = model.count();
        for (uint256 i = 0; i < count; ++i) {
            index = (seed % count + i) % count;
            if (model.row(index).state == wished) return index;
        }
    }
}
