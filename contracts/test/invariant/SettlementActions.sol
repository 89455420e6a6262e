// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {SettlementModel} from "./SettlementModel.sol";
import {Stage} from "./Stage.sol";

/// @title What attestors, senders, parties and the arbiter do with settlements
abstract contract SettlementActions is Stage {
    /// @dev One to three rows; a batch whose signatures are wrong changes nothing, a row that is wrong costs only itself.
    function report(uint256 seed) external {
        shuffle(seed);
        ISettlementBook.Row[] memory rows = new ISettlementBook.Row[](oneIn(24) ? 0 : 1 + draw(3));
        for (uint256 i = 0; i < rows.length; ++i) rows[i] = anyRow();
        send(rows);
    }

    /// @dev A restatement of something that was reported.
    function restate(uint256 seed) external {
        shuffle(seed);
        if (model.entryCount() == 0) return;
        ISettlementBook.Row memory item = find(oneIn(2) ? ISettlementBook.State.Final : anyState()).row;
        item.revision = newestRevision(item) + 1;
        recount(item);
        send(one(item));
    }

    /// @dev All 31 revisions of one settlement, as far as its terms allow; far too rare to come about by chance.
    function exhaust(uint256 seed) external {
        shuffle(seed);
        if (model.entryCount() == 0) return;
        ISettlementBook.Row memory item = find(ISettlementBook.State.Reported).row;
        for (uint256 tries = 0; tries < 60 && item.revision < 32; ++tries) {
            item.revision = newestRevision(item) + 1;
            recount(item);
            send(one(item));
        }
        correctLast(item);
    }

    /// @dev A dispute over the last revision there can be, which no ruling can correct.
    function correctLast(ISettlementBook.Row memory item) internal {
        item.revision = newestRevision(item);
        address party = anyParty(item.agreementId);
        bytes4 reason = model.disputeReason(party, keyOf(item), item.revision);
        bytes memory call = abi.encodeCall(sla.disputeSettlement, (keyOf(item), item.revision, bytes32(0), bytes32(0)));
        (bool done,) = act("dispute", party, address(sla), call, reason, 1);
        if (!done) return;
        model.disputed(party, keyOf(item), item.revision);
        address arbiter = model.holder(ISettlementBook.Role.Arbiter);
        ISettlementBook.Outcome outcome = ISettlementBook.Outcome.Corrected;
        reason = unlessPaused(model.rulingReason(arbiter, item, outcome));
        call = abi.encodeCall(sla.resolveDispute, (item, outcome, bytes32(0)));
        (done,) = act("correct", arbiter, address(sla), call, reason, 2);
        if (done) rule(item, outcome);
    }

    function dispute(uint256 seed) external {
        shuffle(seed);
        if (model.entryCount() == 0) return;
        ISettlementBook.Row memory item = find(oneIn(12) ? anyState() : oneIn(4) ? anyDispute() : ISettlementBook.State.Reported).row;
        if (oneIn(12)) item.revision = uint8(draw(4));
        address caller = casting(anyParty(item.agreementId));

        bytes4 reason = model.disputeReason(caller, keyOf(item), item.revision);
        bytes memory call =
            abi.encodeCall(sla.disputeSettlement, (keyOf(item), item.revision, bytes32(seed), bytes32(chance)));
        (bool done,) = act("dispute", caller, address(sla), call, reason, 1);
        if (!done) return;
        model.disputed(caller, keyOf(item), item.revision);
        if (model.paused()) ++reached["dispute while paused"][0];
    }

    function withdrawDispute(uint256 seed) external {
        shuffle(seed);
        if (model.entryCount() == 0 || oneIn(2)) return;
        SettlementModel.Entry memory found = find(anyDispute());
        if (oneIn(12)) found.row.revision = uint8(draw(4));
        address caller = casting(disputer(found));

        bytes4 reason = model.withdrawDisputeReason(caller, keyOf(found.row), found.row.revision);
        bytes memory call = abi.encodeCall(sla.withdrawDispute, (keyOf(found.row), found.row.revision));
        (bool done,) = act("withdraw dispute", caller, address(sla), call, reason, 1);
        if (done) model.disputeWithdrawn(caller, keyOf(found.row), found.row.revision);
    }

    function resolve(uint256 seed) external {
        shuffle(seed);
        if (model.entryCount() == 0) return;
        ISettlementBook.Row memory item = find(oneIn(12) ? anyState() : anyDispute()).row;
        ISettlementBook.Outcome outcome = ISettlementBook.Outcome(draw(3));
        if (oneIn(8)) item.revision = uint8(draw(4));
        if (outcome == ISettlementBook.Outcome.Corrected || oneIn(8)) recount(item);
        if (oneIn(12)) item.good = item.valid + 1;
        address caller = casting(model.holder(ISettlementBook.Role.Arbiter));

        bytes4 reason = unlessPaused(model.rulingReason(caller, item, outcome));
        bytes memory call = abi.encodeCall(sla.resolveDispute, (item, outcome, bytes32(seed)));
        uint256 events = outcome == ISettlementBook.Outcome.Rejected ? 1 : 2;
        string memory action = ["uphold", "correct", "reject"][uint8(outcome)];
        (bool done,) = act(action, caller, address(sla), call, reason, events);
        if (done) rule(item, outcome);
    }

    function finalize(uint256 seed) external {
        shuffle(seed);
        if (model.entryCount() == 0) return;
        ISettlementBook.Key[] memory keys_ = new ISettlementBook.Key[](oneIn(24) ? 0 : 1 + draw(3));
        for (uint256 i = 0; i < keys_.length; ++i) {
            bool usual = !oneIn(3);
            keys_[i] = keyOf(find(usual ? ISettlementBook.State.Reported : oneIn(3) ? anyState() : anyDispute()).row);
            if (oneIn(24)) keys_[i].slo = uint8(draw(256));
        }
        bytes4 reason = unlessPaused(keys_.length == 0 ? ISettlementBook.SLAEmptyBatch.selector : bytes4(0));
        bytes memory call = abi.encodeCall(sla.finalizeSettlements, (keys_));
        (bool done, bytes memory answer) = act("finalize", STRANGER, address(sla), call, reason, keys_.length);
        if (!done) return;
        bytes4[] memory refused = abi.decode(answer, (bytes4[]));
        for (uint256 i = 0; i < keys_.length; ++i) {
            bytes4 expected = model.finalityReason(keys_[i]);
            expect("finality", refused[i], expected);
            if (expected == 0) settleInModel(keys_[i]);
        }
        for (uint256 i = 0; i < keys_.length; ++i) requireBalance(keys_[i].agreementId);
    }

    function recordRoot(uint256 seed) external {
        shuffle(seed);
        bytes16 calendar = calendars[draw(2)];
        uint32 period = model.periodAt(calendar, block.timestamp) - uint32(draw(4));
        if (oneIn(12)) period = LAST_BOUND + uint32(draw(2));
        uint8 revision = uint8(model.rootCount(calendar, period) + (oneIn(8) ? draw(3) : 1));
        bytes32 root = oneIn(12) ? bytes32(0) : keccak256(abi.encode(seed));
        bytes32 digest = sla.periodRootDigest(calendar, period, revision, root, 7);
        (bytes4 forged, bytes[] memory signatures) = signaturesOver(digest);

        bytes4 reason = unlessPaused(forged != 0 ? forged : model.rootReason(calendar, period, revision, root));
        bytes memory call = abi.encodeCall(sla.recordPeriodRoot, (calendar, period, revision, root, 7, signatures));
        (bool done,) = act("root", STRANGER, address(sla), call, reason, 1);
        if (done) model.rooted(calendar, period, root);
    }

    // ----------------------------------------------------------------------------------------------------- helpers

    function send(ISettlementBook.Row[] memory rows) internal {
        (bytes4 reason, bytes[] memory signatures) = signaturesOver(sla.batchDigest(rows));
        if (rows.length == 0) reason = ISettlementBook.SLAEmptyBatch.selector;
        bytes memory call = abi.encodeCall(sla.submitReports, (rows, signatures));
        (bool done, bytes memory answer) =
            act("report", STRANGER, address(sla), call, unlessPaused(reason), rows.length);
        if (!done) return;
        bytes4[] memory refused = abi.decode(answer, (bytes4[]));
        for (uint256 i = 0; i < rows.length; ++i) {
            bytes4 expected = model.rowReason(rows[i]);
            expect("row", refused[i], expected);
            if (expected == 0) takeIntoModel(rows[i]);
        }
    }

    function takeIntoModel(ISettlementBook.Row memory item) internal {
        (uint256 standing,) = model.liveOf(keyOf(item));
        bool beside = standing != 0 && model.entryAt(standing - 1).state > ISettlementBook.State.DisputedByBoth;
        if (item.revision > 1) ++reached[beside ? "restatement after finality" : "restatement before finality"][0];
        if (item.revision > 1 && model.ppmOf(item) == 0) ++reached["met by restatement"][0];
        model.reported(item);
    }

    function settleInModel(ISettlementBook.Key memory key) internal {
        SettlementModel.Entry memory last = model.entryAt(model.newestOf(key) - 1);
        if (last.state != ISettlementBook.State.Reported) ++reached["upheld by default"][0];
        (, uint256 before,) = model.tallies(key.agreementId);
        model.finalized(key);
        (, uint256 afterwards,) = model.tallies(key.agreementId);
        if (afterwards > before) ++reached["revoked"][0];
        if (model.outstanding(key.agreementId) < 0) ++reached["owed back"][0];
    }

    function rule(ISettlementBook.Row memory item, ISettlementBook.Outcome outcome) internal {
        model.ruled(item, outcome);
        requireBalance(item.agreementId);
    }

    /// @dev At once, because what one finality books wrong another one may hide.
    function requireBalance(bytes32 id) internal {
        ISettlementBook.Balance memory balance = sla.balanceOf(id);
        (uint256 accrued, uint256 revoked, uint256 redeemed) = model.tallies(id);
        bool same = balance.accrued == accrued && balance.revoked == revoked && balance.redeemed == redeemed;
        if (!same) note("a finality booked another difference");
    }

    /// @dev Signatures over a digest, and the reason they are refused for: now and then one too few, of keys that were retired or are
    /// not in force yet, or one twice.
    function signaturesOver(bytes32 digest) internal returns (bytes4 reason, bytes[] memory made) {
        uint256 kind = draw(24);
        made = new bytes[](kind == 0 ? 1 : 2 + draw(2));
        uint256[] memory signers = kind == 1 ? retired : kind == 2 ? upcoming : keys;
        for (uint256 i = 0; i < made.length; ++i) made[i] = signature(signers[kind == 3 ? 0 : i], digest);
        if (kind == 0) reason = ISettlementBook.SLAInsufficientAttestations.selector;
        if (kind == 1 || kind == 2) reason = ISettlementBook.SLAInvalidAttestor.selector;
        if (kind == 3) reason = ISettlementBook.SLAAttestorsOutOfOrder.selector;
    }

    /// @dev A row of a period near now, most of them breaches, each kind of fault now and then.
    function anyRow() internal returns (ISettlementBook.Row memory item) {
        bytes32 id = anyDeal();
        bool known = model.isKnown(id);
        bytes16 calendar = known ? model.termsOf(id, 1).calendar : calendars[0];
        uint32 running = model.periodAt(calendar, block.timestamp);
        uint32 period = running - (oneIn(12) ? 0 : 1 + uint32(draw(oneIn(4) ? 7 : 4)));
        uint256 slos = known && model.isOf(id, period) ? model.termsAt(id, period).slos.length : 1;
        uint8 slo = oneIn(24) ? uint8(draw(16)) : uint8(draw(slos));
        item = rowOf(id, period, slo, 0, 1_000_000);
        item.revision = oneIn(12) ? uint8(draw(4)) : 1;
        recount(item);
    }

    function recount(ISettlementBook.Row memory item) internal {
        item.valid = uint64(1 + draw(2_000_000));
        uint256 share = [uint256(0), 900_000, 970_000, 980_000, 995_000, 998_000, 998_999, 999_000, 1_000_000][draw(9)];
        item.good = uint64(item.valid * share / 1_000_000);
        item.documentHash = keccak256(abi.encode(chance));
        uint256 fault = draw(32);
        if (fault == 0) item.documentHash = 0;
        if (fault == 1) item.good = item.valid + 1;
        if (fault == 2) (item.good, item.valid) = (0, 0);
    }

    function newestRevision(ISettlementBook.Row memory item) internal view returns (uint8) {
        uint256 index = model.newestOf(keyOf(item));
        return index == 0 ? 0 : model.entryAt(index - 1).row.revision;
    }

    function anyState() internal returns (ISettlementBook.State) {
        return ISettlementBook.State(1 + draw(6));
    }

    function anyDispute() internal returns (ISettlementBook.State) {
        return ISettlementBook.State(uint8(ISettlementBook.State.DisputedByProvider) + uint8(draw(3)));
    }

    function disputer(SettlementModel.Entry memory found) internal returns (address) {
        if (!model.isKnown(found.row.agreementId)) return STRANGER;
        IAgreementBook.Terms memory terms = model.termsOf(found.row.agreementId, 1);
        if (found.state == ISettlementBook.State.DisputedByProvider) return oneIn(8) ? terms.tenant : terms.provider;
        return oneIn(8) ? terms.provider : terms.tenant;
    }

    /// @dev A revision in the wished state if there is one, from a random place on; else any that lives.
    function find(ISettlementBook.State wished) internal returns (SettlementModel.Entry memory found) {
        return model.entryIn(wished, draw(model.entryCount()));
    }
}
