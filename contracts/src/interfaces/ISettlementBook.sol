// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/**
 * @title From a breach to a service credit
 * @notice Settlements of breached periods, and the credit each agreement has earned. It moves no money: it has no token, takes
 * and sends no ether, and calls nobody but the agreement book it was deployed with. What it guarantees is that a breach
 * attested by k of n attestors becomes one credit, computed by the agreed terms, once.
 *
 * @dev A settlement is named by its agreement, its period and its SLO (see {IAgreementBook}) and kept in one word, whose money
 * and clocks are in clear; a commitment of 160 bits to the attested row stands for counts and document. "Unpaused time" is
 * the block time minus all seconds spent paused.
 *
 * Errors carry what their caller does not know. What is wrong with a whole batch (its size, its signatures) reverts. A row that is refused, or was done before, is set apart
 * by {RowSkipped} with the selector of its error, and costs only itself.
 */
interface ISettlementBook {
    // ------------------------------------------------------------------------------------------------------- values

    /**
     * @notice One period of one SLO as the attestors saw it: what they sign.
     * @param agreementId The agreement.
     * @param period The index of the period in the agreement's calendar.
     * @param slo The place of the SLO in the terms that hold for the period.
     * @param revision 1 for the first report, one more for each restatement, at most 31.
     * @param good Good events (or seconds) of the period.
     * @param valid All events (or seconds) that count.
     * @param documentHash SHA-256 of the evidence document, which holds the root over the period's samples.
     */
    struct Row {
        bytes32 agreementId;
        uint32 period;
        uint8 slo;
        uint8 revision;
        uint64 good;
        uint64 valid;
        bytes32 documentHash;
    }

    /// @notice The name of a settlement.
    struct Key {
        bytes32 agreementId;
        uint32 period;
        uint8 slo;
    }

    /// @notice `None -> Reported -> Final`, or `Reported <-> Disputed… -> Final | Voided`. Each party disputes for itself, so the
    /// four states from Reported on are who objects: nobody, one, the other, both.
    enum State {
        None,
        Reported,
        DisputedByProvider,
        DisputedByTenant,
        DisputedByBoth,
        Final,
        Voided
    }

    /// @notice A ruling: the report stands, it stands with other counts, or it falls.
    enum Outcome {
        Upheld,
        Corrected,
        Rejected
    }

    /// @notice Who may do more than anybody; each is one address, which may be a contract of several signers.
    enum Role {
        Admin,
        Arbiter,
        Billing,
        Guardian
    }

    /**
     * @notice One word of a settlement in its parts.
     * @param state Where it stands.
     * @param revision 0 when there is none.
     * @param creditPpm The credit by the bands, in ppm of the fee.
     * @param deadline End of the dispute window, in unpaused time.
     * @param deadlineBlock First block in which the window may be closed.
     * @param commitment The high 160 bits of the row's {rowHash}.
     */
    struct Settlement {
        State state;
        uint8 revision;
        uint32 creditPpm;
        uint48 deadline;
        uint32 deadlineBlock;
        bytes20 commitment;
    }

    /**
     * @notice The credit of one agreement. Outstanding is `accrued - revoked - redeemed`; where a restatement takes back what
     * was redeemed it is below 0, and later credits make it up.
     * @param accrued Everything that finality ever added.
     * @param revoked Everything that it ever took back.
     * @param redeemed What reached an invoice.
     */
    struct Balance {
        uint80 accrued;
        uint80 revoked;
        uint80 redeemed;
    }

    /// @notice `None -> Announced -> Redeemed | Objected`, `Objected -> Redeemed` by the tenant alone, or at once by the tenant.
    enum RedemptionState {
        None,
        Announced,
        Objected,
        Redeemed
    }

    /**
     * @notice The credit that an invoice takes.
     * @param deadline Until when the tenant may object, in unpaused time.
     */
    struct Redemption {
        RedemptionState state;
        uint80 amountMinor;
        uint48 deadline;
        uint32 deadlineBlock;
    }

    // ------------------------------------------------------------------------------------------------------- events

    /// @notice Attested and priced: the settlement, or its restatement, can be disputed until the deadlines.
    event SettlementReported(
        bytes32 indexed agreementId,
        uint32 indexed period,
        uint8 indexed slo,
        uint8 revision,
        uint64 good,
        uint64 valid,
        bytes32 documentHash,
        uint32 creditPpm,
        uint48 deadline,
        uint32 deadlineBlock
    );

    /// @notice A row of a batch changed nothing; `reason` is the selector of the error that it met. 0 revision: {finalizeSettlements}.
    event RowSkipped(
        bytes32 indexed agreementId, uint32 indexed period, uint8 indexed slo, uint8 revision, bytes4 reason
    );

    /// @notice A party objected. Until its ruling deadline only the arbiter, or the party itself, moves this settlement.
    event SettlementDisputed(
        bytes32 indexed agreementId,
        uint32 indexed period,
        uint8 indexed slo,
        uint8 revision,
        address party,
        bytes32 reasonHash,
        bytes32 counterEvidenceRoot
    );

    /// @notice The party took its objection back; the window is what it was.
    event DisputeWithdrawn(
        bytes32 indexed agreementId, uint32 indexed period, uint8 indexed slo, uint8 revision, address party
    );

    /// @notice The arbiter ruled. Revision, counts, document and credit are those in force by the ruling; of Rejected 0.
    event DisputeResolved(
        bytes32 indexed agreementId,
        uint32 indexed period,
        uint8 indexed slo,
        Outcome outcome,
        uint8 revision,
        uint64 good,
        uint64 valid,
        bytes32 documentHash,
        uint32 creditPpm,
        bytes32 rulingHash
    );

    /**
     * @notice The settlement is final.
     * @param periodMinor What all final settlements of the period come to now, by cap and minimum, before the cap of the year.
     * @param deltaMinor What the agreement's credit changed by: accrued where it rose, revoked where it fell.
     * @param byDefault Whether a dispute was not ruled on in time, so that the report stands.
     */
    event SettlementFinalized(
        bytes32 indexed agreementId,
        uint32 indexed period,
        uint8 indexed slo,
        uint8 revision,
        uint80 periodMinor,
        int96 deltaMinor,
        bool byDefault
    );

    /// @notice A root over all rows of a calendar's period, met ones too.
    event PeriodRootRecorded(
        bytes16 indexed calendar, uint32 indexed period, uint8 revision, bytes32 root, uint32 leafCount
    );

    /// @notice An invoice is to take credit; the tenant may object until the deadlines.
    event RedemptionAnnounced(
        bytes32 indexed agreementId,
        bytes32 indexed invoiceRefHash,
        address announcer,
        uint80 amountMinor,
        uint48 deadline,
        uint32 deadlineBlock
    );

    /// @notice The tenant objected: only it may redeem for this invoice.
    event RedemptionObjected(bytes32 indexed agreementId, bytes32 indexed invoiceRefHash);

    /// @notice The agreement's redeemed credit rose by `amountMinor`.
    event CreditRedeemed(bytes32 indexed agreementId, bytes32 indexed invoiceRefHash, uint80 amountMinor);

    /// @notice Another holder of a role was announced; from `effectiveAt` on anybody puts it in force.
    event RoleChangeAnnounced(Role indexed role, address holder, uint48 effectiveAt);

    /// @notice The role has another holder.
    event RoleChanged(Role indexed role, address previous, address holder);

    /// @notice Another attestor set was announced; from `effectiveAt` on anybody puts it in force.
    event AttestorsAnnounced(address[] attestors, uint8 threshold, uint48 effectiveAt);

    /// @notice An attestor set is in force; signatures made for an older epoch no longer count.
    event AttestorsSet(uint32 indexed epoch, bytes32 configDigest, address[] attestors, uint8 threshold);

    // ------------------------------------------------------------------------------------------------------- errors

    /// @notice A batch must hold at least one item.
    error SLAEmptyBatch();
    /// @notice The batch holds more items than {MAX_BATCH}.
    error SLABatchTooLarge(uint256 items, uint256 max);

    /// @notice This revision was reported before. A sender that retries reads this as success once it compared documents.
    error SLASettlementExists();
    /// @notice No word of the settlement has this revision; the next report has the newest one plus 1.
    error SLARevisionUnexpected(uint8 revision, uint8 newest);
    /// @notice A settlement has 31 revisions; a ruling may still uphold or reject the last.
    error SLARevisionsExhausted();
    /// @notice The settlement is not where this call begins: to be disputed by you, disputed by you, or disputed at all.
    error SLASettlementUnexpectedState(State current);
    /// @notice The period's end plus the grace has not passed.
    error SLAPeriodNotClosed();
    /// @notice The period can no longer be reported, or restated, by its terms.
    error SLAReportTooLate();
    /// @notice No valid event: the contract cannot judge, the no-data rule of the terms must.
    error SLANoData();
    /// @notice More good events than valid ones.
    error SLAInvalidCounts();
    /// @notice The objective was met, so there is nothing to report. Restatements and rulings may say so.
    error SLANotABreach();
    /// @notice A row needs the hash of its evidence document.
    error SLANoEvidence();

    /// @notice The settlement can still be disputed, so it cannot be finalised.
    error SLADisputeWindowOpen();
    /// @notice The settlement can be finalised, so it can no longer be disputed.
    error SLADisputeWindowClosed(uint48 deadline, uint32 deadlineBlock);
    /// @notice The arbiter has still time to rule, so the report does not stand by default.
    error SLARulingPending();
    /// @notice The dispute was not ruled on in time: the report stands, and anybody finalises it.
    error SLARulingTooLate(uint48 deadline);
    /// @notice A counter of the agreement's credit is full: 2^80 minor units, 256 of the largest fees.
    error SLAAmountsExhausted();
    /// @notice A ruling upholds another row than the one that was reported.
    error SLARowMismatch(bytes20 given, bytes20 reported);

    /// @notice The caller is no party of the agreement, or not the one who may do this.
    error SLAUnauthorizedParty(bytes32 agreementId, address caller);
    /// @notice The caller does not hold the role.
    error SLAUnauthorizedRole(Role role, address caller);

    /// @notice The agreement has less credit outstanding than the invoice takes; below 0 it is owed back by later credits.
    error SLAInsufficientCredit(uint80 requested, int96 outstanding);
    /// @notice The invoice took its credit already, or nothing is announced, or the tenant has objected.
    error SLARedemptionUnexpectedState(RedemptionState current);
    /// @notice A redemption needs an invoice reference and an amount.
    error SLAInvalidRedemption(bytes32 invoiceRefHash, uint80 amountMinor);
    /// @notice The time to object is over.
    error SLAObjectionWindowClosed(uint48 deadline, uint32 deadlineBlock);

    /// @notice A root has a period that is over, something under it, and the next revision.
    error SLAInvalidRoot(uint8 expected);

    /// @notice An attestor set needs `n/2 < threshold <= n <= 32`.
    error SLAInvalidThreshold(uint256 attestors, uint8 threshold);
    /// @notice Attestors and signers come strictly ascending, so that none counts twice.
    error SLAAttestorsOutOfOrder(address previous, address next);
    /// @notice The signer is not in the current set: another key, another batch, another epoch, chain or contract.
    error SLAInvalidAttestor(address signer);
    /// @notice Fewer signatures than the threshold.
    error SLAInsufficientAttestations(uint256 got, uint256 needed);

    /// @notice Nobody can be the admin, the arbiter or the guardian; there may be no billing.
    error SLAInvalidHolder(Role role);
    /// @notice No such change was announced.
    error SLANothingAnnounced();
    /// @notice The announced change takes effect from this second on.
    error SLAChangeTooEarly(uint48 effectiveAt);

    // -------------------------------------------------------------------------------------------------- settlements

    /**
     * @notice Record what k of n attestors signed. Anybody may send it.
     * @dev Emits {SettlementReported} or {RowSkipped} for each row.
     *
     * Requirements: not paused; 1 to {MAX_BATCH} rows; `signatures` are 65-byte EIP-712 signatures over {batchDigest}, at least
     * as many as the threshold, by current attestors, signers strictly ascending.
     *
     * A row is taken when its revision is the settlement's next one and no dispute waits; its period is over, grace included, and
     * not longer ago than the terms allow; it has a document and possible counts; and, in revision 1, they are a breach. A
     * restatement of what is Reported takes its place and begins its window anew; one of what is Final or Voided waits beside
     * it.
     *
     * @return refused For each row 0, or the selector of its error: asked by `eth_call`, it tells what each row would meet.
     */
    function submitReports(
        Row[] calldata rows,
        bytes[] calldata signatures
    ) external returns (bytes4[] memory refused);

    /**
     * @notice Object to a revision of a settlement.
     * @dev Emits {SettlementDisputed}. Works while paused: a pause must not silence a party.
     *
     * Requirements: the revision is Reported, or disputed by the other party alone; the caller is a party of its agreement; the
     * dispute window is open. Each party objects for itself: one that takes its objection back leaves the other's.
     *
     * @param reasonHash Hash of the objection, which stays off chain.
     * @param counterEvidenceRoot Merkle root of the party's own samples, or 0.
     */
    function disputeSettlement(
        Key calldata key,
        uint8 revision,
        bytes32 reasonHash,
        bytes32 counterEvidenceRoot
    ) external;

    /**
     * @notice Take an objection back. The window is what it was, so the settlement may be final at once, unless the other party
     * objects as well.
     * @dev Emits {DisputeWithdrawn}. Works while paused. Requirements: the caller disputed this revision.
     */
    function withdrawDispute(Key calldata key, uint8 revision) external;

    /**
     * @notice Rule on a dispute. Upheld and Corrected make the settlement Final at once, Rejected makes it Voided.
     * @dev Emits {DisputeResolved}, then for Upheld and Corrected {SettlementFinalized}.
     *
     * Requirements: not paused; the caller is the arbiter; `row.revision` is disputed and its ruling deadline has not passed. For
     * Upheld `row` is the one that was reported. For Corrected it has the counts and the document of the ruling, and takes the
     * next revision. Of Rejected only the name and the revision are read.
     *
     * @param rulingHash Hash of the ruling, which stays off chain.
     */
    function resolveDispute(Row calldata row, Outcome outcome, bytes32 rulingHash) external;

    /**
     * @notice Make settlements final whose windows are closed, and disputed ones whose ruling deadline has passed: then the report
     * stands. Anybody may.
     * @dev Emits {SettlementFinalized} or {RowSkipped} for each. Requirements: not paused; 1 to {MAX_BATCH} keys.
     * @return refused As of {submitReports}.
     */
    function finalizeSettlements(Key[] calldata keys) external returns (bytes4[] memory refused);

    /**
     * @notice Record a root over all rows of a calendar's period, so that a row that was left out can be shown. Anybody may send it.
     * @dev Emits {PeriodRootRecorded}.
     *
     * Requirements: not paused; the period is over; `revision` is the next one, from 1; the signatures are those of
     * {submitReports}, over {periodRootDigest}.
     */
    function recordPeriodRoot(
        bytes16 calendar,
        uint32 period,
        uint8 revision,
        bytes32 root,
        uint32 leafCount,
        bytes[] calldata signatures
    ) external;

    // ------------------------------------------------------------------------------------------------------ credits

    /**
     * @notice Take credit for an invoice, by the tenant's word.
     * @dev Emits {CreditRedeemed}.
     *
     * Requirements: not paused; the caller is the tenant; the reference is not 0, and neither redeemed nor announced; the amount is
     * not 0 and not more than what is outstanding.
     */
    function redeemCredit(bytes32 agreementId, bytes32 invoiceRefHash, uint80 amountMinor) external;

    /**
     * @notice Announce that an invoice takes credit; the tenant has the dispute window of the newest terms to object.
     * @dev Emits {RedemptionAnnounced}.
     *
     * Requirements: not paused; the caller is the provider of the agreement or holds Billing; reference and amount as of
     * {redeemCredit}; the reference is new.
     */
    function announceRedemption(bytes32 agreementId, bytes32 invoiceRefHash, uint80 amountMinor) external;

    /**
     * @notice Object to an announced redemption.
     * @dev Emits {RedemptionObjected}. Works while paused.
     *
     * Requirements: the caller is the tenant; it is announced, and its window is open.
     */
    function objectRedemption(bytes32 agreementId, bytes32 invoiceRefHash) external;

    /**
     * @notice Take the credit that was announced, when the tenant did not object in time. Anybody may; the tenant at once.
     * @dev Emits {CreditRedeemed}.
     *
     * Requirements: not paused; it is announced; its window is closed, or the caller is the tenant, which gives its word by it; the
     * amount is outstanding.
     */
    function completeRedemption(bytes32 agreementId, bytes32 invoiceRefHash) external;

    // ----------------------------------------------------------------------------------------------- administration

    /**
     * @notice Announce another holder of a role, in place of what was announced before. The present holder takes an
     * announcement back by being announced.
     * @dev Emits {RoleChangeAnnounced}. Works while paused. Requirements: the caller is the admin; see {SLAInvalidHolder}.
     */
    function announceRole(Role role, address holder) external;

    /// @notice Put an announced holder in force. Emits {RoleChanged}. Requirements: announced at least {changeDelay} ago.
    function applyRole(Role role) external;

    /**
     * @notice Announce another attestor set, in place of what was announced before.
     * @dev Emits {AttestorsAnnounced}. Works while paused. Requirements: the caller is the admin; see {SLAInvalidThreshold} and
     * {SLAAttestorsOutOfOrder}.
     */
    function announceAttestors(address[] calldata members, uint8 threshold) external;

    /**
     * @notice Put the announced attestor set in force. Settlements keep what the old one attested.
     * @dev Emits {AttestorsSet}. Requirements: exactly this set was announced, at least {changeDelay} ago.
     */
    function applyAttestors(address[] calldata members, uint8 threshold) external;

    /// @notice Stop everything but disputes, their withdrawals, objections, views and administration. Requirements: the guardian.
    function pause() external;

    /// @notice Run again; the seconds spent paused are added to every open window. Requirements: the admin.
    function unpause() external;

    // -------------------------------------------------------------------------------------------------------- views

    /// @notice The most items of one batch.
    // slither-disable-next-line naming-convention the getter of a constant
    function MAX_BATCH() external view returns (uint256);

    /// @notice The agreement book that terms are asked of; never another one.
    function agreementBook() external view returns (address);

    /// @notice How many seconds a change of role or attestors waits between its announcement and its effect.
    function changeDelay() external view returns (uint48);

    /// @notice What stands, and the restatement that waits beside it; zeros when there is none.
    function getSettlement(Key calldata key) external view returns (Settlement memory standing, Settlement memory pending);

    /// @notice What the final settlements of a period come to, by cap and minimum, before the cap of the year.
    function periodCreditOf(bytes32 agreementId, uint32 period) external view returns (uint80);

    /// @notice What the periods of an agreement year come to together before its cap; kept only where there is one.
    function yearCreditOf(bytes32 agreementId, uint256 year) external view returns (uint256 uncutMinor);

    /// @notice The agreement's credit.
    function balanceOf(bytes32 agreementId) external view returns (Balance memory);

    /// @notice What becomes of an invoice's credit; zeros when nothing was announced.
    function redemptionOf(bytes32 agreementId, bytes32 invoiceRefHash) external view returns (Redemption memory);

    /// @notice The newest root of a calendar's period; zeros when there is none.
    function periodRootOf(
        bytes16 calendar,
        uint32 period
    ) external view returns (bytes32 root, uint32 leafCount, uint8 revision);

    /// @notice Who holds a role.
    function holderOf(Role role) external view returns (address);

    /// @notice What was announced of a role; zeros when nothing.
    function announcedRole(Role role) external view returns (address holder, uint48 effectiveAt);

    /// @notice What was announced of the attestors: `keccak256(abi.encode(attestors, threshold))`; zeros when nothing.
    function announcedAttestors() external view returns (bytes32 digest, uint48 effectiveAt);

    /// @notice The current attestor set.
    function attestors()
        external
        view
        returns (address[] memory members, uint8 threshold, uint32 epoch, bytes32 configDigest);

    /// @notice The row's EIP-712 struct hash; a settlement commits to its high 160 bits.
    function rowHash(Row calldata row) external pure returns (bytes32);

    /// @notice The EIP-712 digest that attestors of the current epoch sign for these rows.
    function batchDigest(Row[] calldata rows) external view returns (bytes32);

    /// @notice The EIP-712 digest that attestors of the current epoch sign for a root.
    function periodRootDigest(
        bytes16 calendar,
        uint32 period,
        uint8 revision,
        bytes32 root,
        uint32 leafCount
    ) external view returns (bytes32);

    /// @notice The clock of windows: block time minus all seconds spent paused. It stands still while paused.
    function unpausedTime() external view returns (uint48);
}
