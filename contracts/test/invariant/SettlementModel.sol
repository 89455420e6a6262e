// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {SlowCredit} from "../support/SlowCredit.sol";
import {AdminModel} from "./AdminModel.sol";
import {AgreementModel} from "./AgreementModel.sol";

/**
 * @title Every revision there ever was, in one list, and the credit recomputed from all of it
 * @dev Nothing is packed, overwritten or kept as a running total: a settlement's words are those of its revisions that nothing has
 * replaced, and what an agreement has earned is summed anew over all its final rows, year by year.
 */
contract SettlementModel is AgreementModel, AdminModel {
    struct Entry {
        ISettlementBook.Row row;
        ISettlementBook.State state; // None: replaced
        uint256 deadline;
        uint256 deadlineBlock;
    }

    struct Tally {
        uint256 accrued;
        uint256 revoked;
        uint256 redeemed;
    }

    Entry[] internal entries;
    mapping(bytes32 id => Tally) public tallies;

    // --------------------------------------------------------------------------------------------------- questions

    function entryCount() external view returns (uint256) {
        return entries.length;
    }

    function entryAt(uint256 index) external view returns (Entry memory) {
        return entries[index];
    }

    /// @dev The first one in a state, from a place on and round; any where there is none.
    function entryIn(ISettlementBook.State wished, uint256 from) external view returns (Entry memory) {
        for (uint256 i = 0; i < entries.length; ++i) {
            uint256 index = (from + i) % entries.length;
            if (entries[index].state == wished) return entries[index];
        }
        return entries[from];
    }

    /// @dev Those of a settlement that nothing has replaced: at most what stands and what waits beside it. Each plus one; 0: none.
    function liveOf(ISettlementBook.Key memory key) public view returns (uint256 standing, uint256 pending) {
        for (uint256 i = 0; i < entries.length; ++i) {
            ISettlementBook.Row storage row = entries[i].row;
            if (row.period != key.period || row.slo != key.slo || row.agreementId != key.agreementId) continue;
            if (entries[i].state == ISettlementBook.State.None) continue;
            if (standing == 0) standing = i + 1;
            else pending = i + 1;
        }
    }

    function newestOf(ISettlementBook.Key memory key) public view returns (uint256 indexPlusOne) {
        (uint256 standing, uint256 pending) = liveOf(key);
        return pending == 0 ? standing : pending;
    }

    function ofRevision(ISettlementBook.Key memory key, uint8 revision) public view returns (uint256 indexPlusOne) {
        (uint256 standing, uint256 pending) = liveOf(key);
        if (revision == 0) return 0;
        if (standing != 0 && entries[standing - 1].row.revision == revision) return standing;
        if (pending != 0 && entries[pending - 1].row.revision == revision) return pending;
    }

    function ppmOf(ISettlementBook.Row memory row) public view returns (uint32) {
        IAgreementBook.Terms memory terms = termsAt(row.agreementId, row.period);
        return SlowCredit.ppmOf(terms.slos[row.slo].bands, row.good, row.valid);
    }

    /// @dev What refuses one row of a batch.
    function rowReason(ISettlementBook.Row calldata row) external view returns (bytes4) {
        uint256 newest = newestOf(keyOf(row));
        uint8 last = newest == 0 ? 0 : entries[newest - 1].row.revision;
        if (row.slo >= 8) return IAgreementBook.SLAUnknownSlo.selector;
        if (row.revision > 0 && row.revision <= last) return ISettlementBook.SLASettlementExists.selector;
        if (last == 31) return ISettlementBook.SLARevisionsExhausted.selector;
        if (row.revision != last + 1) return ISettlementBook.SLARevisionUnexpected.selector;
        if (newest != 0 && isDisputed(newest)) return ISettlementBook.SLASettlementUnexpectedState.selector;
        if (!isKnown(row.agreementId)) return IAgreementBook.SLAUnknownAgreement.selector;
        if (!isOf(row.agreementId, row.period)) return IAgreementBook.SLAUnknownPeriod.selector;
        return contentReason(row);
    }

    function contentReason(ISettlementBook.Row calldata row) internal view returns (bytes4) {
        IAgreementBook.Terms memory terms = termsAt(row.agreementId, row.period);
        if (row.slo >= terms.slos.length) return IAgreementBook.SLAUnknownSlo.selector;
        uint256 opens = uint256(boundOf(terms.calendar, row.period + 1)) + terms.graceSeconds;
        if (block.timestamp < opens) return ISettlementBook.SLAPeriodNotClosed.selector;
        uint256 closes = opens + (row.revision == 1 ? terms.reportSeconds : terms.restateSeconds);
        if (clock() > closes) return ISettlementBook.SLAReportTooLate.selector;
        if (row.documentHash == 0) return ISettlementBook.SLANoEvidence.selector;
        if (row.valid < row.good) return ISettlementBook.SLAInvalidCounts.selector;
        if (row.revision == 1 && row.valid == 0) return ISettlementBook.SLANoData.selector;
        bool breach = ppmOf(row) != 0;
        return row.revision == 1 && !breach ? ISettlementBook.SLANotABreach.selector : bytes4(0);
    }

    function disputeReason(
        address caller,
        ISettlementBook.Key calldata key,
        uint8 revision
    ) external view returns (bytes4) {
        uint256 index = ofRevision(key, revision);
        if (index == 0) return ISettlementBook.SLARevisionUnexpected.selector;
        if (!isParty(key.agreementId, caller)) return ISettlementBook.SLAUnauthorizedParty.selector;
        ISettlementBook.State state = entries[index - 1].state;
        bool begins = state == ISettlementBook.State.Reported
            || (state != sideOf(key.agreementId, caller) && isDisputed(index) && state != ISettlementBook.State.DisputedByBoth);
        if (!begins) return ISettlementBook.SLASettlementUnexpectedState.selector;
        return isOver(index, 0) ? ISettlementBook.SLADisputeWindowClosed.selector : bytes4(0);
    }

    function withdrawDisputeReason(
        address caller,
        ISettlementBook.Key calldata key,
        uint8 revision
    ) external view returns (bytes4) {
        uint256 index = ofRevision(key, revision);
        if (index == 0) return ISettlementBook.SLARevisionUnexpected.selector;
        if (!isParty(key.agreementId, caller)) return ISettlementBook.SLAUnauthorizedParty.selector;
        ISettlementBook.State state = entries[index - 1].state;
        bool own = state == sideOf(key.agreementId, caller) || state == ISettlementBook.State.DisputedByBoth;
        return own ? bytes4(0) : ISettlementBook.SLASettlementUnexpectedState.selector;
    }

    function rulingReason(
        address caller,
        ISettlementBook.Row calldata row,
        ISettlementBook.Outcome outcome
    ) external view returns (bytes4) {
        if (caller != holder(ISettlementBook.Role.Arbiter)) return ISettlementBook.SLAUnauthorizedRole.selector;
        uint256 index = ofRevision(keyOf(row), row.revision);
        if (index == 0) return ISettlementBook.SLARevisionUnexpected.selector;
        if (!isDisputed(index)) return ISettlementBook.SLASettlementUnexpectedState.selector;
        if (isOver(index, rulingSeconds(index))) return ISettlementBook.SLARulingTooLate.selector;
        if (outcome == ISettlementBook.Outcome.Upheld) {
            bool same = keccak256(abi.encode(row)) == keccak256(abi.encode(entries[index - 1].row));
            return same ? bytes4(0) : ISettlementBook.SLARowMismatch.selector;
        }
        if (outcome == ISettlementBook.Outcome.Rejected) return 0;
        if (row.revision == 31) return ISettlementBook.SLARevisionsExhausted.selector;
        if (row.valid < row.good) return ISettlementBook.SLAInvalidCounts.selector;
        return row.documentHash == 0 ? ISettlementBook.SLANoEvidence.selector : bytes4(0);
    }

    function finalityReason(ISettlementBook.Key calldata key) external view returns (bytes4) {
        uint256 index = newestOf(key);
        if (index == 0) return ISettlementBook.SLASettlementUnexpectedState.selector;
        if (isDisputed(index)) {
            return isOver(index, rulingSeconds(index)) ? bytes4(0) : ISettlementBook.SLARulingPending.selector;
        }
        if (entries[index - 1].state != ISettlementBook.State.Reported) {
            return ISettlementBook.SLASettlementUnexpectedState.selector;
        }
        return isOver(index, 0) ? bytes4(0) : ISettlementBook.SLADisputeWindowOpen.selector;
    }

    // ------------------------------------------------------------------------------------------------------ credit

    function periodMinor(bytes32 id, uint32 period) public view returns (uint256) {
        IAgreementBook.Terms memory terms = termsAt(id, period);
        uint32[] memory credits = new uint32[](entries.length);
        for (uint256 i = 0; i < entries.length; ++i) {
            ISettlementBook.Row storage row = entries[i].row;
            if (row.period != period || row.agreementId != id) continue;
            if (entries[i].state == ISettlementBook.State.Final) {
                credits[i] = SlowCredit.ppmOf(terms.slos[row.slo].bands, row.good, row.valid);
            }
        }
        return SlowCredit.periodMinor(terms, credits);
    }

    /// @dev All periods of one year, each once; 0 of those that nothing was reported of.
    function yearPeriodsMinor(bytes32 id, uint256 year) public view returns (uint256[] memory periods) {
        IAgreementBook.Terms memory terms = termsOf(id, 1);
        periods = new uint256[](terms.yearPeriods);
        for (uint256 i = 0; i < entries.length; ++i) {
            ISettlementBook.Row storage row = entries[i].row;
            if (row.agreementId != id || (row.period - terms.firstPeriod) / terms.yearPeriods != year) continue;
            uint256 place = (row.period - terms.firstPeriod) % terms.yearPeriods;
            if (periods[place] == 0) periods[place] = periodMinor(id, row.period);
        }
    }

    function yearCap(bytes32 id, uint256 year) public view returns (uint256) {
        IAgreementBook.Terms memory terms = termsOf(id, 1);
        return termsAt(id, uint32(terms.firstPeriod + year * terms.yearPeriods)).yearCapMinor;
    }

    /// @dev Everything that was reported of, year by year.
    function earned(bytes32 id) public view returns (uint256 sum) {
        IAgreementBook.Terms memory terms = termsOf(id, 1);
        bool[] memory seen = new bool[](64);
        for (uint256 i = 0; i < entries.length; ++i) {
            if (entries[i].row.agreementId != id) continue;
            uint256 year = (entries[i].row.period - terms.firstPeriod) / terms.yearPeriods;
            if (!seen[year]) sum += SlowCredit.yearMinor(yearPeriodsMinor(id, year), yearCap(id, year));
            seen[year] = true;
        }
    }

    function outstanding(bytes32 id) public view returns (int256) {
        Tally memory tally = tallies[id];
        return int256(tally.accrued) - int256(tally.revoked) - int256(tally.redeemed);
    }

    // ----------------------------------------------------------------------------------------------------- changes

    function reported(ISettlementBook.Row calldata row) external {
        (uint256 standing, uint256 pending) = liveOf(keyOf(row));
        if (pending != 0) entries[pending - 1].state = ISettlementBook.State.None;
        else if (standing != 0 && entries[standing - 1].state == ISettlementBook.State.Reported) {
            entries[standing - 1].state = ISettlementBook.State.None;
        }
        IAgreementBook.Terms memory terms = termsAt(row.agreementId, row.period);
        entries.push(
            Entry({
                row: row,
                state: ISettlementBook.State.Reported,
                deadline: clock() + terms.disputeWindowSeconds,
                deadlineBlock: block.number + terms.disputeWindowBlocks
            })
        );
    }

    function disputed(address caller, ISettlementBook.Key calldata key, uint8 revision) external {
        Entry storage entry = entries[ofRevision(key, revision) - 1];
        bool first = entry.state == ISettlementBook.State.Reported;
        entry.state = first ? sideOf(key.agreementId, caller) : ISettlementBook.State.DisputedByBoth;
    }

    function disputeWithdrawn(address caller, ISettlementBook.Key calldata key, uint8 revision) external {
        Entry storage entry = entries[ofRevision(key, revision) - 1];
        bool last = entry.state != ISettlementBook.State.DisputedByBoth;
        ISettlementBook.State others = sideOf(key.agreementId, caller) == ISettlementBook.State.DisputedByProvider
            ? ISettlementBook.State.DisputedByTenant
            : ISettlementBook.State.DisputedByProvider;
        entry.state = last ? ISettlementBook.State.Reported : others;
    }

    function ruled(ISettlementBook.Row calldata row, ISettlementBook.Outcome outcome) external {
        uint256 index = ofRevision(keyOf(row), row.revision);
        if (outcome == ISettlementBook.Outcome.Rejected) {
            entries[index - 1].state = ISettlementBook.State.Voided;
            return;
        }
        if (outcome == ISettlementBook.Outcome.Corrected) {
            Entry memory next = entries[index - 1];
            next.row = row;
            ++next.row.revision;
            entries.push(next);
            entries[index - 1].state = ISettlementBook.State.None;
            index = entries.length;
        }
        becameFinal(index);
    }

    function finalized(ISettlementBook.Key calldata key) external {
        becameFinal(newestOf(key));
    }

    function becameFinal(uint256 index) internal {
        bytes32 id = entries[index - 1].row.agreementId;
        uint256 before = earned(id);
        (uint256 standing, uint256 pending) = liveOf(keyOf(entries[index - 1].row));
        if (standing != 0) entries[standing - 1].state = ISettlementBook.State.None;
        if (pending != 0) entries[pending - 1].state = ISettlementBook.State.None;
        entries[index - 1].state = ISettlementBook.State.Final;
        uint256 now_ = earned(id);
        if (now_ > before) tallies[id].accrued += now_ - before;
        else tallies[id].revoked += before - now_;
    }

    // ----------------------------------------------------------------------------------------------------- helpers

    function keyOf(ISettlementBook.Row memory row) internal pure returns (ISettlementBook.Key memory) {
        return ISettlementBook.Key({agreementId: row.agreementId, period: row.period, slo: row.slo});
    }

    function isDisputed(uint256 index) internal view returns (bool) {
        ISettlementBook.State state = entries[index - 1].state;
        return state == ISettlementBook.State.DisputedByProvider || state == ISettlementBook.State.DisputedByTenant
            || state == ISettlementBook.State.DisputedByBoth;
    }

    function sideOf(bytes32 id, address party) internal view returns (ISettlementBook.State) {
        return party == termsOf(id, 1).provider
            ? ISettlementBook.State.DisputedByProvider
            : ISettlementBook.State.DisputedByTenant;
    }

    function isOver(uint256 index, uint256 more) internal view returns (bool) {
        return clock() >= entries[index - 1].deadline + more && block.number >= entries[index - 1].deadlineBlock;
    }

    function rulingSeconds(uint256 index) internal view returns (uint256) {
        return termsAt(entries[index - 1].row.agreementId, entries[index - 1].row.period).rulingSeconds;
    }
}
