// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {vm} from "../support/Vm.sol";
import {SettlementActions} from "./SettlementActions.sol";
import {Story} from "./Story.sol";

/// The invariants are not vacuous: as many sequences of the same actions as it takes meet every reason that each action has.
contract CallCoverageTest is Story {
    uint256 internal constant SEQUENCES = 30; // at most
    uint256 internal constant CALLS = 300;
    bytes4 internal constant DONE = 0;
    bytes4 internal constant PARTY = ISettlementBook.SLAUnauthorizedParty.selector;
    bytes4 internal constant ROLE = ISettlementBook.SLAUnauthorizedRole.selector;
    bytes4 internal constant REVISION = ISettlementBook.SLARevisionUnexpected.selector;
    bytes4 internal constant STATE = ISettlementBook.SLASettlementUnexpectedState.selector;
    bytes4 internal constant REDEMPTION = ISettlementBook.SLARedemptionUnexpectedState.selector;
    bytes4 internal constant TERMS = IAgreementBook.SLAInvalidTerms.selector;
    bytes4 internal constant UNKNOWN = IAgreementBook.SLAUnknownAgreement.selector;
    bytes4 internal immutable PAUSED = bytes4(keccak256("EnforcedPause()"));

    string internal missing;
    mapping(string action => mapping(bytes4 reason => bool)) internal met;

    /// 26: and after each of them a stranger brings every settlement to an end.
    function test_EveryActionSucceedsAndMeetsEachOfItsReasons() public {
        missing = "nothing was played";
        for (uint256 i = 0; i < SEQUENCES && bytes(missing).length > 0; ++i) {
            setUp();
            play(i);
            missing = "";
            collect();
        }
        vm.assertTrue(bytes(missing).length == 0, missing);
    }

    function play(uint256 sequence) internal {
        bytes4[] memory list = actions();
        for (uint256 i = 0; i < CALLS; ++i) {
            uint256 seed = uint256(keccak256(abi.encode(sequence, i)));
            bool rare = i == CALLS - 1;
            call(rare ? SettlementActions.exhaust.selector : list[seed % list.length], seed >> 8);
        }
        vm.assertTrue(bytes(handler.violation()).length == 0, handler.violation());
        if (sequence == 0) {
            requireTheModel();
            requireTheEvents();
        }
        requireAnOutlet();
    }

    /// @dev Nobody is needed but a stranger, once the admin has ended a pause: every settlement comes to an end.
    function requireAnOutlet() internal {
        if (model.paused()) {
            vm.prank(model.holder(ISettlementBook.Role.Admin));
            sla.unpause();
        }
        vm.warp(block.timestamp + 30 days); // more than a window and a ruling of these terms together
        vm.roll(block.number + 100);
        for (uint256 i = 0; i < logBook.keyCount(); ++i) {
            ISettlementBook.Key[] memory list = new ISettlementBook.Key[](1);
            list[0] = logBook.keyAt(i);
            sla.finalizeSettlements(list);
            (ISettlementBook.Settlement memory standing, ISettlementBook.Settlement memory pending) =
                sla.getSettlement(list[0]);
            vm.assertTrue(standing.state > ISettlementBook.State.DisputedByBoth, "what stands is at an end");
            bool waits = pending.revision > 0 && pending.state != ISettlementBook.State.Voided;
            vm.assertFalse(waits, "nothing waits beside it");
        }
    }

    function call(bytes4 action, uint256 seed) internal {
        (bool done,) = address(handler).call(abi.encodeWithSelector(action, seed));
        vm.assertTrue(done, "a handler's action reverted");
    }

    // ---------------------------------------------------------------------------------------------------- the list

    /// @dev Notes what was met so far, and lists what was not.
    function collect() internal {
        agreementReasons();
        settlementReasons();
        redemptionReasons();
        administrationReasons();
    }

    function need(string memory action, bytes4[12] memory reasons) internal {
        for (uint256 i = 0; i < 12; ++i) {
            if (i > 0 && reasons[i] == 0) return; // the first one is success
            if (handler.reached(action, reasons[i]) > 0) met[action][reasons[i]] = true;
            if (met[action][reasons[i]]) continue;
            missing = string.concat(missing, action, " ", vm.toString(uint32(reasons[i])), "; ");
        }
    }

    function agreementReasons() internal {
        bytes4 exists = IAgreementBook.SLAAgreementExists.selector;
        bytes4 none = IAgreementBook.SLANoProposal.selector;
        bytes4 stale = IAgreementBook.SLAStaleProposal.selector;
        bytes4 mismatch = IAgreementBook.SLATermsMismatch.selector;
        bytes4 expired = IAgreementBook.SLAProposalExpired.selector;
        bytes4 first = IAgreementBook.SLAInvalidFirstPeriod.selector;
        bytes4 kept = IAgreementBook.SLAImmutableTerm.selector;
        bytes4 midYear = IAgreementBook.SLAYearCapMidYear.selector;
        bytes4 end = IAgreementBook.SLAInvalidEnd.selector;
        bytes4 bound = IAgreementBook.SLAUnknownBound.selector;
        need("propose", [DONE, PARTY, exists, TERMS, 0, 0, 0, 0, 0, 0, 0, 0]);
        need("amend", [DONE, UNKNOWN, PARTY, TERMS, kept, first, midYear, 0, 0, 0, 0, 0]);
        need("withdraw proposal", [DONE, none, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        need("accept", [DONE, PARTY, none, stale, mismatch, expired, first, 0, 0, 0, 0, 0]);
        need("terminate", [DONE, UNKNOWN, PARTY, end, bound, 0, 0, 0, 0, 0, 0, 0]);
    }

    function settlementReasons() internal {
        bytes4 empty = ISettlementBook.SLAEmptyBatch.selector;
        bytes4 few = ISettlementBook.SLAInsufficientAttestations.selector;
        bytes4 foreign = ISettlementBook.SLAInvalidAttestor.selector;
        bytes4 twice = ISettlementBook.SLAAttestorsOutOfOrder.selector;
        need("report", [DONE, PAUSED, empty, few, foreign, twice, 0, 0, 0, 0, 0, 0]);
        rowReasons();
        bytes4 closed = ISettlementBook.SLADisputeWindowClosed.selector;
        need("dispute", [DONE, REVISION, STATE, PARTY, closed, 0, 0, 0, 0, 0, 0, 0]);
        need("dispute while paused", [DONE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        need("withdraw dispute", [DONE, REVISION, PARTY, STATE, 0, 0, 0, 0, 0, 0, 0, 0]);
        rulingReasons();
        bytes4 open = ISettlementBook.SLADisputeWindowOpen.selector;
        bytes4 pendingRuling = ISettlementBook.SLARulingPending.selector;
        need("finalize", [DONE, PAUSED, empty, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        need("finality", [DONE, STATE, open, pendingRuling, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes4 bound = IAgreementBook.SLAUnknownBound.selector;
        bytes4 root = ISettlementBook.SLAInvalidRoot.selector;
        need("root", [DONE, PAUSED, few, foreign, twice, bound, root, 0, 0, 0, 0, 0]);
    }

    function rowReasons() internal {
        bytes4[12] memory reasons;
        reasons[1] = IAgreementBook.SLAUnknownSlo.selector;
        reasons[2] = ISettlementBook.SLASettlementExists.selector;
        reasons[3] = ISettlementBook.SLARevisionsExhausted.selector;
        (reasons[4], reasons[5], reasons[6]) = (REVISION, STATE, UNKNOWN);
        reasons[7] = IAgreementBook.SLAUnknownPeriod.selector;
        reasons[8] = ISettlementBook.SLAPeriodNotClosed.selector;
        reasons[9] = ISettlementBook.SLAReportTooLate.selector;
        reasons[10] = ISettlementBook.SLANoEvidence.selector;
        reasons[11] = ISettlementBook.SLAInvalidCounts.selector;
        need("row", reasons);
        bytes4 noData = ISettlementBook.SLANoData.selector;
        bytes4 met_ = ISettlementBook.SLANotABreach.selector;
        need("row", [DONE, noData, met_, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        string[6] memory outcomes = [
            "restatement before finality", "restatement after finality", "met by restatement", "upheld by default",
            "revoked", "owed back"
        ];
        for (uint256 i = 0; i < 6; ++i) need(outcomes[i], [DONE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }

    function rulingReasons() internal {
        bytes4 late = ISettlementBook.SLARulingTooLate.selector;
        bytes4 other = ISettlementBook.SLARowMismatch.selector;
        bytes4 exhausted = ISettlementBook.SLARevisionsExhausted.selector;
        bytes4 counts = ISettlementBook.SLAInvalidCounts.selector;
        bytes4 evidence = ISettlementBook.SLANoEvidence.selector;
        need("uphold", [DONE, PAUSED, ROLE, REVISION, STATE, late, other, 0, 0, 0, 0, 0]);
        need("reject", [DONE, PAUSED, ROLE, REVISION, STATE, late, 0, 0, 0, 0, 0, 0]);
        need("correct", [DONE, PAUSED, ROLE, REVISION, STATE, late, counts, evidence, exhausted, 0, 0, 0]);
    }

    function redemptionReasons() internal {
        bytes4 invalid = ISettlementBook.SLAInvalidRedemption.selector;
        bytes4 few = ISettlementBook.SLAInsufficientCredit.selector;
        bytes4 closed = ISettlementBook.SLAObjectionWindowClosed.selector;
        need("redeem", [DONE, PAUSED, PARTY, REDEMPTION, invalid, few, 0, 0, 0, 0, 0, 0]);
        need("announce", [DONE, PAUSED, PARTY, REDEMPTION, invalid, few, 0, 0, 0, 0, 0, 0]);
        need("object", [DONE, PARTY, REDEMPTION, closed, 0, 0, 0, 0, 0, 0, 0, 0]);
        need("object while paused", [DONE, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        need("complete", [DONE, PAUSED, REDEMPTION, PARTY, few, 0, 0, 0, 0, 0, 0, 0]);
    }

    function administrationReasons() internal {
        bytes4 holder = ISettlementBook.SLAInvalidHolder.selector;
        bytes4 nothing = ISettlementBook.SLANothingAnnounced.selector;
        bytes4 early = ISettlementBook.SLAChangeTooEarly.selector;
        bytes4 threshold = ISettlementBook.SLAInvalidThreshold.selector;
        bytes4 order = ISettlementBook.SLAAttestorsOutOfOrder.selector;
        bytes4 running = bytes4(keccak256("ExpectedPause()"));
        need("announce role", [DONE, ROLE, holder, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        need("apply role", [DONE, nothing, early, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        need("announce attestors", [DONE, ROLE, threshold, order, 0, 0, 0, 0, 0, 0, 0, 0]);
        need("apply attestors", [DONE, nothing, early, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        need("pause", [DONE, ROLE, PAUSED, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        need("unpause", [DONE, ROLE, running, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
}
