// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/**
 * @title From a breach to a service credit
 * @notice One contract holds the agreements between a provider and its tenants, the settlements of breached periods, and
 * the credit each agreement has earned. It moves no money: it has no token, no ETH and no call to another contract. What it
 * guarantees is that a breach attested by k of n attestors becomes one credit, computed by the agreed terms, once.
 *
 * @dev Units: availability in parts per million (ppm) and never stored as a percentage; money in minor units of the
 * agreement's currency; times in Unix seconds. "Unpaused time" is the block time minus all seconds spent paused.
 *
 * Errors carry the offending values and follow ERC-6093's naming. One bad item reverts its whole batch.
 */
interface ISlaSettlement {
    // ------------------------------------------------------------------------------------------------------- values

    /**
     * @notice One step of the credit schedule.
     * @param belowPpm The band applies when `good * 1e6 < belowPpm * valid`; the bound itself is in the better band.
     * @param creditPpm The credit, in ppm of the period's fee.
     */
    struct Band {
        uint32 belowPpm;
        uint32 creditPpm;
    }

    /**
     * @notice What is promised of one service level indicator.
     * @param sloId The SLO's id, chosen off chain; nonzero.
     * @param objectivePpm The promise, 1 to 1,000,000.
     * @param bands 1 to 8 bands: `belowPpm` strictly descending from `objectivePpm`, `creditPpm` strictly ascending to at
     * most 1,000,000. The lowest band that matches decides.
     */
    struct SloTerms {
        bytes32 sloId;
        uint32 objectivePpm;
        Band[] bands;
    }

    /**
     * @notice What both parties sign. Immutable from the proposal on.
     * @param provider Who owes the credits.
     * @param tenant Who earns them; an address made for this agreement, so that nothing on chain names anybody.
     * @param termsHash SHA-256 of the canonical terms document kept off chain; the document holds a salt.
     * @param currency ISO 4217 code, three capital letters.
     * @param exponent ISO 4217 exponent of the currency, 0 to 4.
     * @param feeMinor The fee of one period.
     * @param capPpm The most that all credits of one period may reach, in ppm of the fee, 1 to 1,000,000.
     * @param startsAt The earliest start of a period.
     * @param graceSeconds How long after its end a period may first be reported (late samples).
     * @param disputeWindowSeconds How long, in unpaused time, a report can be disputed; at least one second.
     * @param disputeWindowBlocks How many blocks the window spans at least: the first block after a chain halt may carry a
     * time days later, and the tenant must still get a turn.
     * @param slos 1 to 64 SLOs, strictly ascending by `sloId`.
     */
    struct Terms {
        address provider;
        address tenant;
        bytes32 termsHash;
        bytes3 currency;
        uint8 exponent;
        uint96 feeMinor;
        uint32 capPpm;
        uint48 startsAt;
        uint32 graceSeconds;
        uint32 disputeWindowSeconds;
        uint32 disputeWindowBlocks;
        SloTerms[] slos;
    }

    /**
     * @notice One breached period of one SLO, as the attestors saw it.
     * @param agreementId The agreement.
     * @param sloId One of the agreement's SLOs.
     * @param periodStart First second of the period.
     * @param periodEnd First second after the period; at most 2^32-1 seconds after its start.
     * @param good Good events (or seconds) of the period.
     * @param valid All events (or seconds) that count; never 0, see {SLANoData}.
     * @param evidenceRoot Merkle root of the period's samples.
     * @param leafCount Number of leaves under the root; signed, so that a tree cannot be reread with another shape.
     * @param documentHash SHA-256 of the canonical settlement document.
     */
    struct Report {
        bytes32 agreementId;
        bytes32 sloId;
        uint48 periodStart;
        uint48 periodEnd;
        uint64 good;
        uint64 valid;
        bytes32 evidenceRoot;
        uint32 leafCount;
        bytes32 documentHash;
    }

    /// @notice `None -> Proposed -> Active -> Terminated`.
    enum AgreementState {
        None,
        Proposed,
        Active,
        Terminated
    }

    /// @notice `None -> Reported -> Final`, or `Reported -> Disputed -> Final | Voided`.
    enum SettlementState {
        None,
        Reported,
        Disputed,
        Final,
        Voided
    }

    /// @notice A ruling: the report stands, it stands with other counts, or it falls.
    enum Outcome {
        Upheld,
        Corrected,
        Rejected
    }

    /// @notice Which part of the terms {SLAInvalidTerms} refuses.
    enum TermsField {
        AgreementId,
        Provider,
        Tenant,
        TermsHash,
        Currency,
        Exponent,
        Fee,
        Cap,
        DisputeWindow,
        SloCount,
        SloOrder,
        Objective,
        BandCount,
        BandThreshold,
        BandCredit
    }

    /**
     * @notice One settlement, as {getSettlement} returns it.
     * @param state Where it stands.
     * @param revision 0 when there is none, 1 when reported, 2 when the arbiter corrected the counts.
     * @param creditPpm The credit by the bands, in ppm of the fee.
     * @param creditMinor The credit by the bands, before the cap.
     * @param deadline End of the dispute window, in unpaused time.
     * @param deadlineBlock First block in which the window may be closed.
     * @param good Good events, as reported or corrected.
     * @param valid Valid events, as reported or corrected.
     * @param evidenceRoot As reported.
     * @param documentHash As reported.
     * @param agreementId The agreement.
     * @param sloId The SLO.
     * @param periodStart First second of the period.
     * @param periodEnd First second after the period.
     * @param creditedMinor What was accrued; 0 until Final, and less than `creditMinor` where the cap cut it.
     */
    struct Settlement {
        SettlementState state;
        uint32 revision;
        uint32 creditPpm;
        uint96 creditMinor;
        uint48 deadline;
        uint64 deadlineBlock;
        uint64 good;
        uint64 valid;
        bytes32 evidenceRoot;
        bytes32 documentHash;
        bytes32 agreementId;
        bytes32 sloId;
        uint48 periodStart;
        uint48 periodEnd;
        uint96 creditedMinor;
    }

    /**
     * @notice The credit of one agreement; outstanding is `accrued - redeemed - revoked`.
     * @param accrued All credit earned.
     * @param redeemed Credit that reached an invoice.
     * @param revoked Credit taken back by restatement; always 0 in this version.
     */
    struct Balance {
        uint96 accrued;
        uint96 redeemed;
        uint96 revoked;
    }

    // ------------------------------------------------------------------------------------------------------- events

    /// @notice The provider proposed terms; the tenant accepts them by `termsDigest`.
    event AgreementProposed(
        bytes32 indexed agreementId,
        address indexed provider,
        address indexed tenant,
        bytes32 termsHash,
        bytes32 termsDigest
    );

    /// @notice The tenant accepted; periods can be reported from now on.
    event AgreementActivated(bytes32 indexed agreementId);

    /// @notice A party ended the agreement; periods that end after `endsAt` can no longer be reported.
    event AgreementTerminated(bytes32 indexed agreementId, address indexed party, uint48 endsAt);

    /// @notice A breach was reported. Everything needed to derive the id and the credit again is in the event.
    event SettlementReported(
        bytes32 indexed settlementId,
        bytes32 indexed agreementId,
        bytes32 indexed sloId,
        uint48 periodStart,
        uint48 periodEnd,
        uint64 good,
        uint64 valid,
        uint32 creditPpm,
        uint96 creditMinor,
        bytes32 evidenceRoot,
        bytes32 documentHash,
        uint32 revision,
        uint48 deadline
    );

    /// @notice A party objected; only the arbiter moves this settlement now.
    event SettlementDisputed(
        bytes32 indexed settlementId, address indexed party, bytes32 reasonHash, bytes32 counterEvidenceRoot
    );

    /// @notice The arbiter ruled. Counts, credit and revision are those in force after the ruling.
    event DisputeResolved(
        bytes32 indexed settlementId,
        Outcome outcome,
        uint64 good,
        uint64 valid,
        uint32 creditPpm,
        uint96 creditMinor,
        uint32 revision,
        bytes32 rulingHash
    );

    /// @notice The settlement is final. `creditMinor` is what is credited, `cutMinor` what the period's cap took off.
    event SettlementFinalized(
        bytes32 indexed settlementId, bytes32 indexed agreementId, uint96 creditMinor, uint96 cutMinor
    );

    /// @notice The agreement's accrued credit rose by `amountMinor`.
    event CreditAccrued(bytes32 indexed agreementId, bytes32 indexed settlementId, uint96 amountMinor);

    /// @notice The agreement's redeemed credit rose by `amountMinor`.
    event CreditRedeemed(bytes32 indexed agreementId, bytes32 indexed invoiceRefHash, uint96 amountMinor);

    /// @notice A new attestor set is in force; signatures made for an older epoch no longer count.
    event AttestorsSet(uint32 indexed epoch, bytes32 configDigest, address[] attestors, uint8 threshold);

    // ------------------------------------------------------------------------------------------------------- errors

    /// @notice The terms break a rule of {Terms}, {SloTerms} or {Band}.
    error SLAInvalidTerms(TermsField field);
    /// @notice The agreement id is in use.
    error SLAAgreementExists(bytes32 agreementId);
    /// @notice Bit `1 << uint8(state)` of `expected` is set for each state the call needs.
    error SLAAgreementUnexpectedState(bytes32 agreementId, AgreementState current, bytes32 expected);
    /// @notice The caller is not the party (or neither party) of the agreement.
    error SLAUnauthorizedParty(bytes32 agreementId, address caller);
    /// @notice The tenant accepts other terms than the provider proposed.
    error SLATermsMismatch(bytes32 agreementId, bytes32 given, bytes32 proposed);
    /// @notice An agreement cannot end in the past.
    error SLAInvalidEnd(uint48 endsAt, uint48 earliest);

    /// @notice A batch must hold at least one item.
    error SLAEmptyBatch();
    /// @notice The batch holds more items than {MAX_BATCH}.
    error SLABatchTooLarge(uint256 items, uint256 max);
    /// @notice The settlement was reported before. A sender that retries reads this as success once it compared documents.
    error SLASettlementExists(bytes32 settlementId);
    /// @notice Bit `1 << uint8(state)` of `expected` is set for each state the call needs.
    error SLASettlementUnexpectedState(bytes32 settlementId, SettlementState current, bytes32 expected);
    /// @notice The agreement has no such SLO.
    error SLAUnknownSlo(bytes32 agreementId, bytes32 sloId);
    /// @notice The period is empty, too long, starts before the agreement or ends after it (0: it has no end).
    error SLAInvalidPeriod(uint48 periodStart, uint48 periodEnd, uint48 startsAt, uint48 endsAt);
    /// @notice The period cannot be reported before `reportableAt`, its end plus the grace.
    error SLAPeriodNotClosed(uint48 periodEnd, uint256 reportableAt);
    /// @notice Another settlement of the same SLO covers a part of this period.
    error SLAPeriodOverlaps(bytes32 settlementId, uint48 otherStart, uint48 otherEnd);
    /// @notice No valid event: the contract cannot judge, the off-chain no-data rule must.
    error SLANoData(bytes32 agreementId, bytes32 sloId);
    /// @notice More good events than valid ones.
    error SLAInvalidCounts(uint64 good, uint64 valid);
    /// @notice The objective was met, so there is nothing to settle.
    error SLANotABreach(uint64 good, uint64 valid, uint32 objectivePpm);
    /// @notice A report needs an evidence root, at least one leaf and a document hash.
    error SLANoEvidence(bytes32 settlementId);

    /// @notice The settlement can still be disputed, so it cannot be finalised.
    error SLADisputeWindowOpen(bytes32 settlementId, uint48 deadline, uint64 deadlineBlock);
    /// @notice The settlement can be finalised, so it can no longer be disputed.
    error SLADisputeWindowClosed(bytes32 settlementId, uint48 deadline, uint64 deadlineBlock);

    /// @notice The agreement has less credit outstanding than the invoice takes.
    error SLAInsufficientCredit(bytes32 agreementId, uint96 requested, uint96 outstanding);
    /// @notice The invoice took its credit already.
    error SLAInvoiceAlreadyUsed(bytes32 agreementId, bytes32 invoiceRefHash);
    /// @notice A redemption needs an invoice reference and an amount.
    error SLAInvalidRedemption(bytes32 invoiceRefHash, uint96 amountMinor);

    /// @notice An attestor set needs `n/2 < threshold <= n <= 32`.
    error SLAInvalidThreshold(uint256 attestors, uint8 threshold);
    /// @notice Attestors and signers come strictly ascending, so that none counts twice.
    error SLAAttestorsOutOfOrder(address previous, address next);
    /// @notice The signer is not in the current set: another key, another batch, another epoch, chain or contract.
    error SLAInvalidAttestor(address signer);
    /// @notice Fewer signatures than the threshold.
    error SLAInsufficientAttestations(uint256 got, uint256 needed);

    // --------------------------------------------------------------------------------------------------- agreements

    /**
     * @notice Propose terms to a tenant.
     * @dev Emits {AgreementProposed}.
     *
     * Requirements: not paused; the caller is `terms.provider`; `agreementId` is nonzero and unused; the terms are valid.
     *
     * NOTE: `agreementId` should be a hash over random bytes and the terms. Somebody who saw it in flight can take it with
     * terms of his own; the tenant then refuses the digest, and the provider proposes again under another id.
     */
    function proposeAgreement(bytes32 agreementId, Terms calldata terms) external;

    /**
     * @notice Accept exactly the proposed terms.
     * @dev Emits {AgreementActivated}.
     *
     * Requirements: not paused; the agreement is Proposed; the caller is its tenant; `termsDigest` is
     * {agreementTermsDigest} of the proposed terms.
     */
    function acceptAgreement(bytes32 agreementId, bytes32 termsDigest) external;

    /**
     * @notice End an agreement. Periods that end by `endsAt` can still be reported, disputed and finalised, and credit can
     * still be redeemed.
     * @dev Emits {AgreementTerminated}.
     *
     * Requirements: not paused; the agreement is Active; the caller is a party; `endsAt` is not before now. Notice periods
     * are a matter of the off-chain terms.
     */
    function terminateAgreement(bytes32 agreementId, uint48 endsAt) external;

    // -------------------------------------------------------------------------------------------------- settlements

    /**
     * @notice Record breaches attested by k of n attestors.
     * @dev Emits {SettlementReported} for each report.
     *
     * Requirements: not paused; the caller has {REPORTER_ROLE}; 1 to {MAX_BATCH} reports; `signatures` are 65-byte EIP-712
     * signatures over {reportDigest}, at least `threshold` of them, by current attestors, signers strictly ascending.
     * For each report: the agreement is Active or Terminated; the period lies inside it and is closed; it overlaps no other
     * settlement of the SLO; the counts are a breach; there is evidence; the settlement does not exist.
     */
    function submitReports(Report[] calldata reports, bytes[] calldata signatures) external;

    /**
     * @notice Object to a report.
     * @dev Emits {SettlementDisputed}. Works while paused: a pause must not silence a tenant.
     *
     * Requirements: the settlement is Reported; the caller is a party of its agreement; the dispute window is open.
     *
     * @param reasonHash Hash of the objection, which stays off chain.
     * @param counterEvidenceRoot Merkle root of the party's own samples, or 0.
     */
    function disputeSettlement(bytes32 settlementId, bytes32 reasonHash, bytes32 counterEvidenceRoot) external;

    /**
     * @notice Rule on a dispute. Upheld and Corrected make the settlement Final at once, Rejected makes it Voided.
     * @dev Emits {DisputeResolved}, then for Upheld and Corrected {SettlementFinalized} and {CreditAccrued}.
     *
     * Requirements: not paused; the caller has {ARBITER_ROLE}; the settlement is Disputed; corrected counts are a breach (if
     * they are not, the ruling is Rejected).
     *
     * @param good Corrected counts; read for Corrected only.
     * @param valid Corrected counts; read for Corrected only.
     * @param rulingHash Hash of the ruling, which stays off chain.
     */
    function resolveDispute(
        bytes32 settlementId,
        Outcome outcome,
        uint64 good,
        uint64 valid,
        bytes32 rulingHash
    ) external;

    /**
     * @notice Make undisputed settlements final and credit them. Anyone may.
     * @dev Emits {SettlementFinalized} and {CreditAccrued} for each. Where the cap of a period bites, the later item is
     * cut, so callers pass the ids of one period ascending by SLO.
     *
     * Requirements: not paused; 1 to {MAX_BATCH} ids; each settlement is Reported and its dispute window is closed.
     */
    function finalizeSettlements(bytes32[] calldata settlementIds) external;

    /**
     * @notice Take credit for an invoice.
     * @dev Emits {CreditRedeemed}.
     *
     * Requirements: not paused; the caller has {BILLING_ROLE}; the reference is nonzero and unused in this agreement; the
     * amount is not 0 and not more than the outstanding credit.
     */
    function redeemCredit(bytes32 agreementId, bytes32 invoiceRefHash, uint96 amountMinor) external;

    // ----------------------------------------------------------------------------------------------- administration

    /**
     * @notice Replace the attestor set. Settlements reported under the old set stay as they are.
     * @dev Emits {AttestorsSet}. Works while paused: a leaked key is replaced before the contract runs again.
     *
     * Requirements: the caller is the default admin; see {SLAInvalidThreshold} and {SLAAttestorsOutOfOrder}.
     */
    function setAttestors(address[] calldata attestors, uint8 threshold) external;

    /// @notice Stop everything but disputes, views and administration. Requirements: {GUARDIAN_ROLE}.
    function pause() external;

    /// @notice Run again; the seconds spent paused are added to every open window. Requirements: the default admin.
    function unpause() external;

    // -------------------------------------------------------------------------------------------------------- views

    /// @notice May report.
    function REPORTER_ROLE() external view returns (bytes32);

    /// @notice May rule on disputes.
    function ARBITER_ROLE() external view returns (bytes32);

    /// @notice May redeem credit.
    function BILLING_ROLE() external view returns (bytes32);

    /// @notice May pause.
    function GUARDIAN_ROLE() external view returns (bytes32);

    /// @notice The most items of one batch.
    function MAX_BATCH() external view returns (uint256);

    /// @notice The agreement's state and terms; empty terms when there is none.
    function getAgreement(bytes32 agreementId) external view returns (AgreementState state, Terms memory terms);

    /// @notice When a terminated agreement ends; 0 while it has no end.
    function agreementEndsAt(bytes32 agreementId) external view returns (uint48);

    /// @notice `keccak256(abi.encode(terms))`: what the tenant signs.
    function agreementTermsDigest(Terms calldata terms) external pure returns (bytes32);

    /// @notice The settlement; state None and zeros when there is none.
    function getSettlement(bytes32 settlementId) external view returns (Settlement memory);

    /// @notice `keccak256(abi.encode(block.chainid, this, agreementId, sloId, periodStart, periodEnd))`: no time, caller or
    /// nonce, so whoever retries arrives at the same id.
    function settlementIdOf(
        bytes32 agreementId,
        bytes32 sloId,
        uint48 periodStart,
        uint48 periodEnd
    ) external view returns (bytes32);

    /**
     * @notice The credit of some counts by some bands, as the contract computes it; 0 when the objective is met.
     * @dev Reverts with {SLAInvalidTerms}, {SLANoData} (with zero ids) or {SLAInvalidCounts}.
     */
    function creditOf(
        uint96 feeMinor,
        uint32 objectivePpm,
        Band[] calldata bands,
        uint64 good,
        uint64 valid
    ) external pure returns (uint32 creditPpm, uint96 creditMinor);

    /// @notice The agreement's credit.
    function balanceOf(bytes32 agreementId) external view returns (Balance memory);

    /// @notice Whether the invoice took its credit already.
    function isInvoiceUsed(bytes32 agreementId, bytes32 invoiceRefHash) external view returns (bool);

    /// @notice The current attestor set.
    function attestors()
        external
        view
        returns (address[] memory members, uint8 threshold, uint32 epoch, bytes32 configDigest);

    /// @notice The EIP-712 digest attestors of the current epoch sign for this batch.
    function reportDigest(Report[] calldata reports) external view returns (bytes32);

    /// @notice The clock of dispute windows: block time minus all seconds spent paused. It stands still while paused.
    function unpausedTime() external view returns (uint48);
}
