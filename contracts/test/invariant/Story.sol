// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AgreementBook} from "../../src/AgreementBook.sol";
import {SettlementBook} from "../../src/SettlementBook.sol";
import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {vm} from "../support/Vm.sol";
import {AgreementActions} from "./AgreementActions.sol";
import {AgreementLog} from "./AgreementLog.sol";
import {Handler} from "./Handler.sol";
import {LogBook} from "./LogBook.sol";
import {Model} from "./Model.sol";
import {RedemptionActions} from "./RedemptionActions.sol";
import {SettlementActions} from "./SettlementActions.sol";
import {SettlementModel} from "./SettlementModel.sol";

/**
 * @title Both books, the model and the events, and how they are compared
 * @dev Every word, credit and balance is the one recomputed from all rows; every view is the one rebuilt from events alone.
 */
abstract contract Story {
    Handler internal handler;
    Model internal model;
    LogBook internal logBook;
    AgreementBook internal book;
    SettlementBook internal sla;

    function setUp() public {
        handler = new Handler();
        handler.setUp();
        (model, logBook) = (handler.model(), handler.logBook());
        (book, sla) = handler.targets();
    }

    /// @dev Reports, finality, disputes and time come up more often, as in life.
    function actions() internal pure returns (bytes4[] memory list) {
        list = new bytes4[](32);
        list[0] = list[1] = list[2] = list[3] = SettlementActions.report.selector;
        list[4] = list[5] = SettlementActions.restate.selector;
        list[6] = list[7] = SettlementActions.dispute.selector;
        list[8] = SettlementActions.withdrawDispute.selector;
        list[9] = list[10] = SettlementActions.resolve.selector;
        list[11] = list[12] = list[13] = SettlementActions.finalize.selector;
        list[14] = SettlementActions.recordRoot.selector;
        list[15] = RedemptionActions.redeem.selector;
        list[16] = RedemptionActions.announce.selector;
        list[17] = RedemptionActions.object.selector;
        list[18] = RedemptionActions.complete.selector;
        list[19] = AgreementActions.propose.selector;
        list[20] = AgreementActions.amend.selector;
        list[21] = AgreementActions.accept.selector;
        list[22] = AgreementActions.withdrawProposal.selector;
        list[23] = AgreementActions.terminate.selector;
        list[24] = Handler.announceRole.selector;
        list[25] = Handler.applyRole.selector;
        list[26] = Handler.announceAttestors.selector;
        list[27] = Handler.applyAttestors.selector;
        list[28] = Handler.switchPause.selector;
        list[29] = Handler.trespass.selector;
        list[30] = list[31] = Handler.pass.selector;
    }

    // ---------------------------------------------------------------------------------------- storage and the model

    function requireTheModel() internal view {
        for (uint256 i = 0; i < model.entryCount(); ++i) requireEntry(i);
        for (uint256 i = 0; i < model.dealCount(); ++i) {
            (bytes32 id, uint32 end, uint16 versions) = model.dealAt(i);
            vm.assertEq(versions, book.getAgreement(id).version, "versions by the model");
            vm.assertEq(end, book.getAgreement(id).endPeriod, "end by the model");
            requireCredit(id);
        }
        for (uint256 i = 0; i < model.redemptionCount(); ++i) requireRedemption(model.redemptionAt(i));
        vm.assertEq(model.clock(), sla.unpausedTime(), "clock");
    }

    function requireEntry(uint256 index) internal view {
        SettlementModel.Entry memory entry = model.entryAt(index);
        if (entry.state == ISettlementBook.State.None) return;
        ISettlementBook.Key memory key =
            ISettlementBook.Key({agreementId: entry.row.agreementId, period: entry.row.period, slo: entry.row.slo});
        (ISettlementBook.Settlement memory found, ISettlementBook.Settlement memory other) = sla.getSettlement(key);
        (uint256 standing, uint256 pending) = model.liveOf(key);
        if (standing != index + 1) (found, other) = (other, found);
        vm.assertEq(pending == 0 ? 0 : 1, other.revision == 0 ? 0 : 1, "what waits");
        vm.assertEq(uint256(entry.state), uint256(found.state), "state");
        vm.assertEq(entry.row.revision, found.revision, "revision");
        bool voided = entry.state == ISettlementBook.State.Voided;
        vm.assertEq(voided ? 0 : model.ppmOf(entry.row), found.creditPpm, "credit");
        vm.assertEq(entry.deadline, found.deadline, "deadline");
        vm.assertEq(entry.deadlineBlock, found.deadlineBlock, "block");
        vm.assertEq(bytes20(sla.rowHash(entry.row)), bytes32(found.commitment), "commitment");
        uint256 credit = model.periodMinor(key.agreementId, key.period);
        vm.assertEq(credit, sla.periodCreditOf(key.agreementId, key.period), "credit of the period");
    }

    function requireCredit(bytes32 id) internal view {
        ISettlementBook.Balance memory balance = sla.balanceOf(id);
        (uint256 accrued, uint256 revoked, uint256 redeemed) = model.tallies(id);
        vm.assertEq(accrued, balance.accrued, "accrued");
        vm.assertEq(revoked, balance.revoked, "revoked");
        vm.assertEq(redeemed, balance.redeemed, "redeemed");
        vm.assertLe(balance.redeemed, balance.accrued, "redeemed at most what accrued");
        vm.assertEq(model.earned(id), uint256(balance.accrued) - balance.revoked, "earned, summed anew");
        for (uint256 year = 0; year < 4; ++year) {
            uint256 cap = model.yearCap(id, year);
            uint256[] memory periods = model.yearPeriodsMinor(id, year);
            uint256 sum = 0;
            for (uint256 i = 0; i < periods.length; ++i) sum += periods[i];
            vm.assertEq(cap == 0 ? 0 : sum, sla.yearCreditOf(id, year), "year before its cap");
        }
    }

    function requireRedemption(Model.Redemption memory item) internal view {
        ISettlementBook.Redemption memory found = sla.redemptionOf(item.id, item.invoice);
        vm.assertEq(uint256(item.state), uint256(found.state), "state of a redemption");
        vm.assertEq(item.amount, found.amountMinor, "amount of a redemption");
        vm.assertEq(item.deadline, found.deadline, "deadline of a redemption");
        vm.assertEq(item.deadlineBlock, found.deadlineBlock, "block of a redemption");
    }

    // ---------------------------------------------------------------------------------------- storage and the events

    function requireTheEvents() internal view {
        for (uint256 i = 0; i < logBook.keyCount(); ++i) {
            ISettlementBook.Key memory key = logBook.keyAt(i);
            (ISettlementBook.Settlement memory standing, ISettlementBook.Settlement memory pending) =
                logBook.settlement(key);
            (ISettlementBook.Settlement memory stored, ISettlementBook.Settlement memory waiting) =
                sla.getSettlement(key);
            requireSame(abi.encode(standing, pending), abi.encode(stored, waiting), "settlement by its events");
        }
        for (uint256 i = 0; i < logBook.idCount(); ++i) requireAgreement(logBook.idAt(i));
        for (uint256 i = 0; i < model.redemptionCount(); ++i) {
            Model.Redemption memory item = model.redemptionAt(i);
            requireSame(
                abi.encode(logBook.redemptionOf(item.id, item.invoice)),
                abi.encode(sla.redemptionOf(item.id, item.invoice)),
                "redemption by its events"
            );
        }
        requireAdministration();
        requireRoots();
    }

    function requireAgreement(bytes32 id) internal view {
        IAgreementBook.Agreement memory found = book.getAgreement(id);
        vm.assertEq(logBook.versionCount(id), found.version, "versions");
        vm.assertEq(logBook.endOf(id), found.endPeriod, "end");
        for (uint16 version = 1; version <= found.version; ++version) {
            bytes memory terms = abi.encode(book.getTerms(id, version));
            requireSame(logBook.termsOf(id, version), terms, "terms by their event");
            bool modelled = model.isKnown(id); // all but the fixture's own, which the sequences leave alone
            if (modelled) requireSame(abi.encode(model.termsOf(id, version)), terms, "terms by the model");
        }
        requireOffers(id, found);
        (int256 accrued, int256 revoked, int256 redeemed) = logBook.balanceOf(id);
        ISettlementBook.Balance memory balance = sla.balanceOf(id);
        vm.assertEq(uint256(accrued), balance.accrued, "accrued by events");
        vm.assertEq(uint256(revoked), balance.revoked, "revoked by events");
        vm.assertEq(uint256(redeemed), balance.redeemed, "redeemed by events");
    }

    function requireOffers(bytes32 id, IAgreementBook.Agreement memory found) internal view {
        address[2] memory parties = [found.provider, found.tenant];
        for (uint256 i = 0; i < 2; ++i) {
            AgreementLog.Offer memory offer = logBook.offerOf(id, parties[i]);
            IAgreementBook.Proposal memory stored = book.proposalOf(id, parties[i]);
            vm.assertEq(offer.version, stored.version, "version of an offer");
            vm.assertEq(offer.acceptBefore, stored.acceptBefore, "end of an offer");
            if (offer.version == 0) continue;
            IAgreementBook.Terms memory terms = abi.decode(offer.terms, (IAgreementBook.Terms));
            bytes32 digest = book.proposalDigest(id, offer.version, offer.acceptBefore, terms);
            vm.assertEq(digest, stored.digest, "digest of an offer");
        }
    }

    function requireAdministration() internal view {
        for (uint8 i = 0; i < 4; ++i) {
            ISettlementBook.Role role = ISettlementBook.Role(i);
            vm.assertEq(logBook.holderOf(i), sla.holderOf(role), "holder by events");
            vm.assertEq(model.holder(role), sla.holderOf(role), "holder by the model");
            (address next, uint48 since) = sla.announcedRole(role);
            vm.assertEq(logBook.announcedHolder(i), next, "announced holder");
            vm.assertEq(logBook.announcedAt(i), since, "second of an announcement");
        }
        (address[] memory members, uint8 threshold, uint32 epoch, bytes32 config) = sla.attestors();
        bytes32 now_ = keccak256(abi.encode(members, threshold, epoch, config));
        vm.assertEq(logBook.attestorsHash(), now_, "attestors by events");
        vm.assertEq(model.epoch(), epoch, "epoch by the model");
        (bytes32 announced, uint48 effectiveAt) = sla.announcedAttestors();
        vm.assertEq(logBook.announcedAttestors(), announced, "announced attestors");
        vm.assertEq(logBook.attestorsAt(), effectiveAt, "second of announced attestors");
        vm.assertEq(logBook.paused() ? 1 : 0, sla.paused() ? 1 : 0, "pause by events");
    }

    function requireRoots() internal view {
        for (uint256 i = 0; i < logBook.rootedCount(); ++i) {
            (bytes16 calendar, uint32 period) = logBook.rootedAt(i);
            (bytes32 root, uint32 leaves, uint8 revision) = sla.periodRootOf(calendar, period);
            (bytes32 root_, uint32 leaves_, uint8 revision_) = logBook.rootOf(calendar, period);
            requireSame(abi.encode(root_, leaves_, revision_), abi.encode(root, leaves, revision), "root");
            vm.assertEq(model.rootCount(calendar, period), revision, "revisions of a root");
        }
    }

    function requireSame(bytes memory expected, bytes memory actual, string memory what) internal pure {
        vm.assertEq(keccak256(expected), keccak256(actual), what);
    }
}
