// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AccessControlDefaultAdminRules} from
    "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {ISlaSettlement} from "./interfaces/ISlaSettlement.sol";
import {Attestation} from "./libraries/Attestation.sol";
import {AttestorSet} from "./libraries/AttestorSet.sol";
import {CreditLedger} from "./libraries/CreditLedger.sol";
import {CreditMath, MAX_BANDS} from "./libraries/CreditMath.sol";
import {Period, toPeriod} from "./types/Period.sol";

/**
 * @title SlaSettlement
 * @notice See {ISlaSettlement}, which carries the documentation of everything callable.
 * @dev Immutable: a successor is deployed beside it and agreements move by signing again. There is no ReentrancyGuard
 * because there is nothing to re-enter from: no function sends ETH or calls another contract.
 *
 * The admin is the default admin of {AccessControlDefaultAdminRules}: one address, handed over in two steps with a delay.
 */
contract SlaSettlement is ISlaSettlement, EIP712, AccessControlDefaultAdminRules, Pausable {
    using AttestorSet for AttestorSet.Set;
    using CreditLedger for CreditLedger.Ledger;

    bytes32 public constant REPORTER_ROLE = keccak256("REPORTER_ROLE");
    bytes32 public constant ARBITER_ROLE = keccak256("ARBITER_ROLE");
    bytes32 public constant BILLING_ROLE = keccak256("BILLING_ROLE");
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");

    /// @dev About 24 million gas when every row is new: below the block limit of the networks this is meant for.
    uint256 public constant MAX_BATCH = 200;

    uint256 private constant MAX_SLOS = 64;
    uint8 private constant MAX_EXPONENT = 4; // ISO 4217 knows none higher
    uint32 private constant FIRST_REVISION = 1;

    struct SloRecord {
        uint32 objectivePpm; // 0: the agreement has no such SLO
        uint8 index;
        uint8 bandCount;
        Period latest; // head of the list of settled periods, newest first
        uint64[MAX_BANDS] bands; // see CreditMath.pack
    }

    struct AgreementRecord {
        // One slot: all that a report and a finalisation read, but the fee.
        AgreementState state;
        bool capBinds;
        uint24 number;
        uint24 capPpm;
        uint48 startsAt;
        uint48 endsAt;
        uint32 graceSeconds;
        uint32 disputeWindowSeconds;
        uint32 disputeWindowBlocks;
        // One slot.
        address tenant;
        uint96 feeMinor;
        // One slot.
        address provider;
        bytes3 currency;
        uint8 exponent;
        bytes32 termsHash;
        bytes32 termsDigest;
        bytes32[] sloIds;
        mapping(bytes32 sloId => SloRecord) slos;
    }

    /// @dev The credit follows from the ppm and the fee, and what was credited from the cut, so neither is stored.
    struct SettlementRecord {
        // One slot.
        SettlementState state;
        uint8 sloIndex;
        uint24 agreementNumber; // a 24-bit name for the 256-bit id: a settlement must lead back to its agreement
        uint32 revision;
        Period period;
        Period previous; // the next older settled period of the SLO
        // One slot.
        uint64 good;
        uint64 valid;
        uint48 deadline;
        uint48 deadlineBlock;
        uint32 creditPpm;
        bytes32 evidenceRoot;
        bytes32 documentHash;
        uint96 cutMinor; // written only where the cap bites
    }

    // These three share the slot of Pausable's flag.
    uint48 private _pausedAt;
    uint48 private _pausedSeconds; // of all pauses that are over
    uint24 private _agreementCount;

    AttestorSet.Set private _attestorSet;
    CreditLedger.Ledger private _ledger;
    mapping(bytes32 agreementId => AgreementRecord) private _agreements;
    mapping(uint24 number => bytes32) private _agreementIds;
    mapping(bytes32 settlementId => SettlementRecord) private _settlements;
    mapping(bytes32 agreementId => mapping(Period => uint96)) private _periodCredit; // only where the cap can bind

    /**
     * @param admin The default admin; grants the roles afterwards.
     * @param adminDelay Seconds a change of admin takes.
     * @param members The first attestor set, strictly ascending.
     * @param threshold How many of them must sign, more than half.
     */
    constructor(
        address admin,
        uint48 adminDelay,
        address[] memory members,
        uint8 threshold
    ) EIP712("SankofaSlaSettlement", "1") AccessControlDefaultAdminRules(adminDelay, admin) {
        _replaceAttestors(members, threshold);
    }

    // --------------------------------------------------------------------------------------------------- agreements

    /// @inheritdoc ISlaSettlement
    function proposeAgreement(bytes32 agreementId, Terms calldata terms) external whenNotPaused {
        if (msg.sender != terms.provider) revert SLAUnauthorizedParty(agreementId, msg.sender);
        _requireTerm(agreementId != 0, TermsField.AgreementId);
        AgreementRecord storage agreement = _agreements[agreementId];
        if (agreement.state != AgreementState.None) revert SLAAgreementExists(agreementId);
        _checkTerms(terms);

        agreement.state = AgreementState.Proposed;
        agreement.number = ++_agreementCount;
        _agreementIds[agreement.number] = agreementId;
        _storeTerms(agreement, terms);
        agreement.termsDigest = agreementTermsDigest(terms);
        emit AgreementProposed(agreementId, terms.provider, terms.tenant, terms.termsHash, agreement.termsDigest);
    }

    /// @inheritdoc ISlaSettlement
    function acceptAgreement(bytes32 agreementId, bytes32 termsDigest) external whenNotPaused {
        AgreementRecord storage agreement = _agreements[agreementId];
        _requireAgreementState(agreementId, agreement, _bit(uint8(AgreementState.Proposed)));
        if (msg.sender != agreement.tenant) revert SLAUnauthorizedParty(agreementId, msg.sender);
        if (termsDigest != agreement.termsDigest) {
            revert SLATermsMismatch(agreementId, termsDigest, agreement.termsDigest);
        }

        agreement.state = AgreementState.Active;
        emit AgreementActivated(agreementId);
    }

    /// @inheritdoc ISlaSettlement
    function terminateAgreement(bytes32 agreementId, uint48 endsAt) external whenNotPaused {
        AgreementRecord storage agreement = _agreements[agreementId];
        _requireAgreementState(agreementId, agreement, _bit(uint8(AgreementState.Active)));
        _requireParty(agreementId, agreement);
        if (endsAt < block.timestamp) revert SLAInvalidEnd(endsAt, uint48(block.timestamp));

        agreement.state = AgreementState.Terminated;
        agreement.endsAt = endsAt;
        emit AgreementTerminated(agreementId, msg.sender, endsAt);
    }

    // -------------------------------------------------------------------------------------------------- settlements

    /// @inheritdoc ISlaSettlement
    function submitReports(
        Report[] calldata reports,
        bytes[] calldata signatures
    ) external whenNotPaused onlyRole(REPORTER_ROLE) {
        _requireBatch(reports.length);
        _attestorSet.check(reportDigest(reports), signatures);
        for (uint256 i = 0; i < reports.length; ++i) {
            _report(reports[i]);
        }
    }

    /// @inheritdoc ISlaSettlement
    function disputeSettlement(bytes32 settlementId, bytes32 reasonHash, bytes32 counterEvidenceRoot) external {
        SettlementRecord storage settlement = _settlements[settlementId];
        _requireSettlementState(settlementId, settlement, SettlementState.Reported);
        bytes32 agreementId = _agreementIds[settlement.agreementNumber];
        _requireParty(agreementId, _agreements[agreementId]);
        if (_windowClosed(settlement)) {
            revert SLADisputeWindowClosed(settlementId, settlement.deadline, settlement.deadlineBlock);
        }

        settlement.state = SettlementState.Disputed;
        emit SettlementDisputed(settlementId, msg.sender, reasonHash, counterEvidenceRoot);
    }

    /// @inheritdoc ISlaSettlement
    function resolveDispute(
        bytes32 settlementId,
        Outcome outcome,
        uint64 good,
        uint64 valid,
        bytes32 rulingHash
    ) external whenNotPaused onlyRole(ARBITER_ROLE) {
        SettlementRecord storage settlement = _settlements[settlementId];
        _requireSettlementState(settlementId, settlement, SettlementState.Disputed);

        if (outcome == Outcome.Corrected) _correct(settlement, good, valid);
        if (outcome == Outcome.Rejected) settlement.state = SettlementState.Voided;
        emit DisputeResolved(
            settlementId,
            outcome,
            settlement.good,
            settlement.valid,
            settlement.creditPpm,
            _creditMinor(settlement),
            settlement.revision,
            rulingHash
        );
        if (outcome != Outcome.Rejected) _finalize(settlementId, settlement);
    }

    /// @inheritdoc ISlaSettlement
    function finalizeSettlements(bytes32[] calldata settlementIds) external whenNotPaused {
        _requireBatch(settlementIds.length);
        for (uint256 i = 0; i < settlementIds.length; ++i) {
            bytes32 settlementId = settlementIds[i];
            SettlementRecord storage settlement = _settlements[settlementId];
            _requireSettlementState(settlementId, settlement, SettlementState.Reported);
            if (!_windowClosed(settlement)) {
                revert SLADisputeWindowOpen(settlementId, settlement.deadline, settlement.deadlineBlock);
            }
            _finalize(settlementId, settlement);
        }
    }

    /// @inheritdoc ISlaSettlement
    function redeemCredit(
        bytes32 agreementId,
        bytes32 invoiceRefHash,
        uint96 amountMinor
    ) external whenNotPaused onlyRole(BILLING_ROLE) {
        _ledger.redeem(agreementId, invoiceRefHash, amountMinor);
        emit CreditRedeemed(agreementId, invoiceRefHash, amountMinor);
    }

    // ----------------------------------------------------------------------------------------------- administration

    /// @inheritdoc ISlaSettlement
    function setAttestors(address[] calldata members, uint8 threshold) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _replaceAttestors(members, threshold);
    }

    /// @inheritdoc ISlaSettlement
    function pause() external onlyRole(GUARDIAN_ROLE) {
        _pause();
        _pausedAt = uint48(block.timestamp);
    }

    /// @inheritdoc ISlaSettlement
    function unpause() external onlyRole(DEFAULT_ADMIN_ROLE) {
        _unpause();
        _pausedSeconds += uint48(block.timestamp) - _pausedAt;
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc ISlaSettlement
    function getAgreement(bytes32 agreementId) external view returns (AgreementState state, Terms memory terms) {
        AgreementRecord storage agreement = _agreements[agreementId];
        state = agreement.state;
        terms.provider = agreement.provider;
        terms.tenant = agreement.tenant;
        terms.termsHash = agreement.termsHash;
        terms.currency = agreement.currency;
        terms.exponent = agreement.exponent;
        terms.feeMinor = agreement.feeMinor;
        terms.capPpm = agreement.capPpm;
        terms.startsAt = agreement.startsAt;
        terms.graceSeconds = agreement.graceSeconds;
        terms.disputeWindowSeconds = agreement.disputeWindowSeconds;
        terms.disputeWindowBlocks = agreement.disputeWindowBlocks;
        terms.slos = new SloTerms[](agreement.sloIds.length);
        for (uint256 i = 0; i < terms.slos.length; ++i) {
            bytes32 sloId = agreement.sloIds[i];
            terms.slos[i] = _sloTerms(sloId, agreement.slos[sloId]);
        }
    }

    /// @inheritdoc ISlaSettlement
    function agreementEndsAt(bytes32 agreementId) external view returns (uint48) {
        return _agreements[agreementId].endsAt;
    }

    /// @inheritdoc ISlaSettlement
    function agreementTermsDigest(Terms calldata terms) public pure returns (bytes32) {
        return keccak256(abi.encode(terms));
    }

    /// @inheritdoc ISlaSettlement
    function getSettlement(bytes32 settlementId) external view returns (Settlement memory settlement) {
        SettlementRecord storage row = _settlements[settlementId];
        if (row.state == SettlementState.None) return settlement;
        settlement.state = row.state;
        settlement.revision = row.revision;
        settlement.creditPpm = row.creditPpm;
        settlement.creditMinor = _creditMinor(row);
        settlement.deadline = row.deadline;
        settlement.deadlineBlock = row.deadlineBlock;
        settlement.good = row.good;
        settlement.valid = row.valid;
        settlement.evidenceRoot = row.evidenceRoot;
        settlement.documentHash = row.documentHash;
        settlement.agreementId = _agreementIds[row.agreementNumber];
        settlement.sloId = _agreements[settlement.agreementId].sloIds[row.sloIndex];
        settlement.periodStart = row.period.start();
        settlement.periodEnd = row.period.end();
        if (row.state == SettlementState.Final) settlement.creditedMinor = settlement.creditMinor - row.cutMinor;
    }

    /// @inheritdoc ISlaSettlement
    function settlementIdOf(
        bytes32 agreementId,
        bytes32 sloId,
        uint48 periodStart,
        uint48 periodEnd
    ) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), agreementId, sloId, periodStart, periodEnd));
    }

    /// @inheritdoc ISlaSettlement
    function creditOf(
        uint96 feeMinor,
        uint32 objectivePpm,
        Band[] calldata bands,
        uint64 good,
        uint64 valid
    ) external pure returns (uint32 creditPpm, uint96 creditMinor) {
        CreditMath.checkBands(objectivePpm, bands);
        if (valid == 0) revert SLANoData(0, 0);
        if (good > valid) revert SLAInvalidCounts(good, valid);
        for (uint256 i = 0; i < bands.length && CreditMath.isBelow(good, valid, bands[i].belowPpm); ++i) {
            creditPpm = bands[i].creditPpm;
        }
        creditMinor = CreditMath.portionOf(feeMinor, creditPpm);
    }

    /// @inheritdoc ISlaSettlement
    function balanceOf(bytes32 agreementId) external view returns (Balance memory) {
        return _ledger.balances[agreementId];
    }

    /// @inheritdoc ISlaSettlement
    function isInvoiceUsed(bytes32 agreementId, bytes32 invoiceRefHash) external view returns (bool) {
        return _ledger.invoices[agreementId][invoiceRefHash];
    }

    /// @inheritdoc ISlaSettlement
    function attestors()
        external
        view
        returns (address[] memory members, uint8 threshold, uint32 epoch, bytes32 configDigest)
    {
        return (_attestorSet.members, _attestorSet.threshold, _attestorSet.epoch, _attestorSet.configDigest);
    }

    /// @inheritdoc ISlaSettlement
    function reportDigest(Report[] calldata reports) public view returns (bytes32) {
        return
            _hashTypedDataV4(Attestation.structHash(_attestorSet.epoch, _attestorSet.configDigest, reports));
    }

    /// @inheritdoc ISlaSettlement
    function unpausedTime() public view returns (uint48) {
        return (paused() ? _pausedAt : uint48(block.timestamp)) - _pausedSeconds;
    }

    // -------------------------------------------------------------------------------------------- agreements, inside

    function _checkTerms(Terms calldata terms) private pure {
        _requireTerm(terms.provider != address(0), TermsField.Provider);
        _requireTerm(terms.tenant != address(0) && terms.tenant != terms.provider, TermsField.Tenant);
        _requireTerm(terms.termsHash != 0, TermsField.TermsHash);
        for (uint256 i = 0; i < 3; ++i) {
            _requireTerm(terms.currency[i] >= "A" && terms.currency[i] <= "Z", TermsField.Currency);
        }
        _requireTerm(terms.exponent <= MAX_EXPONENT, TermsField.Exponent);
        _requireTerm(terms.feeMinor > 0, TermsField.Fee);
        _requireTerm(terms.capPpm > 0 && terms.capPpm <= CreditMath.ONE_PPM, TermsField.Cap);
        _requireTerm(terms.disputeWindowSeconds > 0, TermsField.DisputeWindow);
        _requireTerm(terms.slos.length > 0 && terms.slos.length <= MAX_SLOS, TermsField.SloCount);
        bytes32 previous = 0;
        for (uint256 i = 0; i < terms.slos.length; ++i) {
            _requireTerm(terms.slos[i].sloId > previous, TermsField.SloOrder);
            previous = terms.slos[i].sloId;
            CreditMath.checkBands(terms.slos[i].objectivePpm, terms.slos[i].bands);
        }
    }

    function _storeTerms(AgreementRecord storage agreement, Terms calldata terms) private {
        agreement.provider = terms.provider;
        agreement.tenant = terms.tenant;
        agreement.termsHash = terms.termsHash;
        agreement.currency = terms.currency;
        agreement.exponent = terms.exponent;
        agreement.feeMinor = terms.feeMinor;
        agreement.capPpm = uint24(terms.capPpm); // at most one million
        agreement.startsAt = terms.startsAt;
        agreement.graceSeconds = terms.graceSeconds;
        agreement.disputeWindowSeconds = terms.disputeWindowSeconds;
        agreement.disputeWindowBlocks = terms.disputeWindowBlocks;

        uint256 worstPpm = 0;
        for (uint256 i = 0; i < terms.slos.length; ++i) {
            SloTerms calldata slo = terms.slos[i];
            agreement.sloIds.push(slo.sloId);
            _storeSlo(agreement.slos[slo.sloId], uint8(i), slo);
            worstPpm += slo.bands[slo.bands.length - 1].creditPpm;
        }
        // A period has each SLO once, so when all worst credits together stay within the cap, no sum has to be kept.
        agreement.capBinds = worstPpm > terms.capPpm;
    }

    function _storeSlo(SloRecord storage record, uint8 index, SloTerms calldata slo) private {
        record.objectivePpm = slo.objectivePpm;
        record.index = index;
        record.bandCount = uint8(slo.bands.length); // at most MAX_BANDS
        for (uint256 i = 0; i < slo.bands.length; ++i) {
            record.bands[i] = CreditMath.pack(slo.bands[i]);
        }
    }

    function _sloTerms(bytes32 sloId, SloRecord storage record) private view returns (SloTerms memory slo) {
        slo.sloId = sloId;
        slo.objectivePpm = record.objectivePpm;
        slo.bands = new Band[](record.bandCount);
        for (uint256 i = 0; i < slo.bands.length; ++i) {
            slo.bands[i] = CreditMath.unpack(record.bands[i]);
        }
    }

    // ------------------------------------------------------------------------------------------- settlements, inside

    function _report(Report calldata report) private {
        bytes32 settlementId =
            settlementIdOf(report.agreementId, report.sloId, report.periodStart, report.periodEnd);
        SettlementRecord storage row = _settlements[settlementId];
        // First of all checks, so that a sender who retries always gets this answer.
        if (row.state != SettlementState.None) revert SLASettlementExists(settlementId);

        AgreementRecord storage agreement = _agreements[report.agreementId];
        _checkPeriod(agreement, report);
        SloRecord storage slo = agreement.slos[report.sloId];
        if (slo.objectivePpm == 0) revert SLAUnknownSlo(report.agreementId, report.sloId);
        if (report.evidenceRoot == 0 || report.leafCount == 0 || report.documentHash == 0) {
            revert SLANoEvidence(settlementId);
        }
        uint32 creditPpm = _breachCredit(report.agreementId, report.sloId, slo, report.good, report.valid);

        row.state = SettlementState.Reported;
        row.sloIndex = slo.index;
        row.agreementNumber = agreement.number;
        row.revision = FIRST_REVISION;
        row.period = toPeriod(report.periodStart, report.periodEnd);
        row.previous = _insertPeriod(slo, row.period, settlementId, report);
        row.good = report.good;
        row.valid = report.valid;
        row.deadline = unpausedTime() + agreement.disputeWindowSeconds;
        row.deadlineBlock = uint48(block.number) + agreement.disputeWindowBlocks;
        row.creditPpm = creditPpm;
        row.evidenceRoot = report.evidenceRoot;
        row.documentHash = report.documentHash;
        _emitReported(settlementId, report, creditPpm, agreement.feeMinor, row.deadline);
    }

    /// @dev A function of its own because thirteen values are as many as the stack can reach.
    function _emitReported(
        bytes32 settlementId,
        Report calldata report,
        uint32 creditPpm,
        uint96 feeMinor,
        uint48 deadline
    ) private {
        emit SettlementReported(
            settlementId,
            report.agreementId,
            report.sloId,
            report.periodStart,
            report.periodEnd,
            report.good,
            report.valid,
            creditPpm,
            CreditMath.portionOf(feeMinor, creditPpm),
            report.evidenceRoot,
            report.documentHash,
            FIRST_REVISION,
            deadline
        );
    }

    function _checkPeriod(AgreementRecord storage agreement, Report calldata report) private view {
        _requireAgreementState(
            report.agreementId,
            agreement,
            _bit(uint8(AgreementState.Active)) | _bit(uint8(AgreementState.Terminated))
        );
        (uint48 start, uint48 end) = (report.periodStart, report.periodEnd);
        (uint48 startsAt, uint48 endsAt) = (agreement.startsAt, agreement.endsAt);
        bool shaped = start < end && end - start <= type(uint32).max;
        bool inside = start >= startsAt && (endsAt == 0 || end <= endsAt);
        if (!shaped || !inside) revert SLAInvalidPeriod(start, end, startsAt, endsAt);
        uint256 reportableAt = uint256(end) + agreement.graceSeconds;
        if (block.timestamp < reportableAt) revert SLAPeriodNotClosed(end, reportableAt);
    }

    /// @dev The credit of a breach in ppm of the fee: the lowest band that matches. Refuses what is not a breach.
    function _breachCredit(
        bytes32 agreementId,
        bytes32 sloId,
        SloRecord storage slo,
        uint64 good,
        uint64 valid
    ) private view returns (uint32 creditPpm) {
        if (valid == 0) revert SLANoData(agreementId, sloId);
        if (good > valid) revert SLAInvalidCounts(good, valid);
        if (!CreditMath.isBelow(good, valid, slo.objectivePpm)) revert SLANotABreach(good, valid, slo.objectivePpm);
        uint256 count = slo.bandCount;
        for (uint256 i = 0; i < count; ++i) {
            Band memory band = CreditMath.unpack(slo.bands[i]);
            if (!CreditMath.isBelow(good, valid, band.belowPpm)) break;
            creditPpm = band.creditPpm;
        }
    }

    /**
     * @dev Put `period` into the SLO's list of settled periods, newest first, and return its older neighbour. The list is
     * what makes "overlapping periods are never both paid" exact without a calendar: two comparisons when periods arrive in
     * order, one step more for each settled period that is newer than a late one.
     */
    function _insertPeriod(
        SloRecord storage slo,
        Period period,
        bytes32 settlementId,
        Report calldata report
    ) private returns (Period older) {
        bytes32 newerId = 0;
        older = slo.latest;
        while (older.exists() && older.start() >= period.end()) {
            newerId = settlementIdOf(report.agreementId, report.sloId, older.start(), older.end());
            older = _settlements[newerId].previous;
        }
        if (older.exists() && older.end() > period.start()) {
            revert SLAPeriodOverlaps(settlementId, older.start(), older.end());
        }
        if (newerId == 0) slo.latest = period;
        else _settlements[newerId].previous = period;
    }

    function _correct(SettlementRecord storage settlement, uint64 good, uint64 valid) private {
        bytes32 agreementId = _agreementIds[settlement.agreementNumber];
        AgreementRecord storage agreement = _agreements[agreementId];
        bytes32 sloId = agreement.sloIds[settlement.sloIndex];
        settlement.creditPpm = _breachCredit(agreementId, sloId, agreement.slos[sloId], good, valid);
        settlement.good = good;
        settlement.valid = valid;
        settlement.revision += 1;
    }

    function _finalize(bytes32 settlementId, SettlementRecord storage settlement) private {
        bytes32 agreementId = _agreementIds[settlement.agreementNumber];
        AgreementRecord storage agreement = _agreements[agreementId];
        uint96 creditMinor = CreditMath.portionOf(agreement.feeMinor, settlement.creditPpm);
        uint96 cutMinor = 0;
        if (agreement.capBinds) {
            cutMinor = _cut(agreementId, agreement, settlement.period, creditMinor);
            if (cutMinor > 0) settlement.cutMinor = cutMinor;
            creditMinor -= cutMinor;
        }

        settlement.state = SettlementState.Final;
        emit SettlementFinalized(settlementId, agreementId, creditMinor, cutMinor);
        _ledger.accrue(agreementId, creditMinor);
        emit CreditAccrued(agreementId, settlementId, creditMinor);
    }

    /// @dev What the cap takes off a credit; the rest counts towards the cap from now on.
    function _cut(
        bytes32 agreementId,
        AgreementRecord storage agreement,
        Period period,
        uint96 creditMinor
    ) private returns (uint96) {
        uint96 used = _periodCredit[agreementId][period];
        uint96 left = CreditMath.portionOf(agreement.feeMinor, agreement.capPpm) - used;
        uint96 credited = creditMinor < left ? creditMinor : left;
        _periodCredit[agreementId][period] = used + credited;
        return creditMinor - credited;
    }

    /// @dev Exactly one of dispute and finalise is open to an unpaused Reported settlement, and this decides which.
    function _windowClosed(SettlementRecord storage settlement) private view returns (bool) {
        return unpausedTime() >= settlement.deadline && block.number >= settlement.deadlineBlock;
    }

    function _creditMinor(SettlementRecord storage settlement) private view returns (uint96) {
        uint96 feeMinor = _agreements[_agreementIds[settlement.agreementNumber]].feeMinor;
        return CreditMath.portionOf(feeMinor, settlement.creditPpm);
    }

    // ---------------------------------------------------------------------------------------------------- the rest

    function _replaceAttestors(address[] memory members, uint8 threshold) private {
        _attestorSet.replace(members, threshold);
        emit AttestorsSet(_attestorSet.epoch, _attestorSet.configDigest, members, threshold);
    }

    function _requireTerm(bool condition, TermsField field) private pure {
        if (!condition) revert SLAInvalidTerms(field);
    }

    function _requireBatch(uint256 items) private pure {
        if (items == 0) revert SLAEmptyBatch();
        if (items > MAX_BATCH) revert SLABatchTooLarge(items, MAX_BATCH);
    }

    function _requireParty(bytes32 agreementId, AgreementRecord storage agreement) private view {
        if (msg.sender != agreement.provider && msg.sender != agreement.tenant) {
            revert SLAUnauthorizedParty(agreementId, msg.sender);
        }
    }

    function _requireAgreementState(
        bytes32 agreementId,
        AgreementRecord storage agreement,
        bytes32 expected
    ) private view {
        AgreementState current = agreement.state;
        if (_bit(uint8(current)) & expected == 0) {
            revert SLAAgreementUnexpectedState(agreementId, current, expected);
        }
    }

    function _requireSettlementState(
        bytes32 settlementId,
        SettlementRecord storage settlement,
        SettlementState expected
    ) private view {
        if (settlement.state != expected) {
            revert SLASettlementUnexpectedState(settlementId, settlement.state, _bit(uint8(expected)));
        }
    }

    function _bit(uint8 state) private pure returns (bytes32) {
        return bytes32(uint256(1) << state);
    }
}
