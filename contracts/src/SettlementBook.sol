// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Administered} from "./Administered.sol";
import {Credits, PENDING} from "./Credits.sol";
import {IAgreementBook} from "./interfaces/IAgreementBook.sol";
import {ISettlementBook} from "./interfaces/ISettlementBook.sol";
import {Attestation} from "./libraries/Attestation.sol";
import {AttestorSet} from "./libraries/AttestorSet.sol";
import {MAX_SLOS} from "./libraries/TermsCheck.sol";
import {Bands} from "./types/Bands.sol";
import {ReportClock} from "./types/ReportClock.sol";
import {MAX_REVISION, SettlementWord, toSettlementWord} from "./types/SettlementWord.sol";
import {ClockWord} from "./types/TermsWords.sol";

/**
 * @title SettlementBook
 * @notice See {ISettlementBook}, which carries the documentation of everything callable.
 * @dev Immutable: a successor is deployed beside it. There is no ReentrancyGuard because there is nothing to re-enter from: the
 * only calls are STATICCALLs to the agreement book of the constructor.
 */
contract SettlementBook is Credits {
    using AttestorSet for AttestorSet.Set;

    /// @dev Below the block limit of the networks this is meant for; the sender takes fewer where a block holds less.
    uint256 public constant MAX_BATCH = 200;

    struct PeriodRoot {
        bytes32 root;
        uint32 leafCount;
        uint8 revision;
    }

    mapping(bytes16 calendar => mapping(uint32 period => PeriodRoot)) private _periodRoots;

    /**
     * @param book The agreement book whose agreements are settled here.
     * @param changeDelay_ Seconds between the announcement of a change of role or attestors and its effect.
     * @param holders Admin, arbiter, billing (may be nobody) and guardian.
     * @param members The first attestor set, strictly ascending.
     * @param threshold How many of them must sign, more than half.
     */
    constructor(
        IAgreementBook book,
        uint48 changeDelay_,
        address[4] memory holders,
        address[] memory members,
        uint8 threshold
    ) Credits(book) Administered(changeDelay_, holders, members, threshold) {}

    // -------------------------------------------------------------------------------------------------- settlements

    /// @inheritdoc ISettlementBook
    function submitReports(
        Row[] memory rows,
        bytes[] calldata signatures
    ) external whenNotPaused returns (bytes4[] memory refused) {
        _checkBatch(rows.length);
        (bytes32 hash, bytes32[] memory rowHashes) =
            Attestation.batchHash(_attestorSet.epoch, _attestorSet.configDigest, rows);
        _attestorSet.check(Attestation.digestOf(hash), signatures);

        refused = new bytes4[](rows.length);
        uint48 unpaused = unpausedTime();
        for (uint256 i = 0; i < rows.length; ++i) {
            Row memory row = rows[i];
            bytes4 reason = _report(row, bytes20(rowHashes[i]), unpaused);
            if (reason != 0) _skip(refused, i, row.agreementId, row.period, row.slo, row.revision, reason);
        }
    }

    /// @inheritdoc ISettlementBook
    function disputeSettlement(
        Key calldata key,
        uint8 revision,
        bytes32 reasonHash,
        bytes32 counterEvidenceRoot
    ) external {
        (SettlementWord word, uint256 place) = _find(key, revision);
        uint8 side = _sideOf(key.agreementId);
        uint8 objecting = word.objecting();
        if (objecting & side != 0) _unexpected(word);
        if (_windowClosed(word, 0, unpausedTime())) {
            revert SLADisputeWindowClosed(word.deadline(), word.deadlineBlock());
        }

        _put(key, place, word.withObjecting(objecting | side));
        emit SettlementDisputed(
            key.agreementId, key.period, key.slo, revision, msg.sender, reasonHash, counterEvidenceRoot
        );
    }

    /// @inheritdoc ISettlementBook
    function withdrawDispute(Key calldata key, uint8 revision) external {
        (SettlementWord word, uint256 place) = _find(key, revision);
        uint8 side = _sideOf(key.agreementId);
        uint8 objecting = word.objecting();
        if (word.state() >= State.Final || objecting & side == 0) _unexpected(word);

        _put(key, place, word.withObjecting(objecting & ~side));
        emit DisputeWithdrawn(key.agreementId, key.period, key.slo, revision, msg.sender);
    }

    /// @inheritdoc ISettlementBook
    function resolveDispute(
        Row memory row,
        Outcome outcome,
        bytes32 rulingHash
    ) external whenNotPaused onlyHolder(Role.Arbiter) {
        Key memory key = Key({agreementId: row.agreementId, period: row.period, slo: row.slo});
        (SettlementWord word, uint256 place) = _find(key, row.revision);
        if (!word.isDisputed()) _unexpected(word);
        uint48 more = _rulingSeconds(key);
        if (_windowClosed(word, more, unpausedTime())) {
            revert SLARulingTooLate(word.deadline() + more);
        }

        if (outcome == Outcome.Rejected) {
            (row.good, row.valid, row.documentHash) = (0, 0, 0);
            word = word.withState(State.Voided).withoutCredit();
            _put(key, place, word);
        } else if (outcome == Outcome.Upheld) {
            bytes20 given = bytes20(Attestation.rowHash(row));
            if (given != word.commitment()) revert SLARowMismatch(given, word.commitment());
        } else {
            word = _corrected(row, word);
        }
        _emitResolved(row, outcome, word.creditPpm(), rulingHash);
        if (outcome != Outcome.Rejected && _makeFinal(_words[key.agreementId][key.period], key, place, word, false) != 0) {
            revert SLAAmountsExhausted();
        }
    }

    /// @inheritdoc ISettlementBook
    function finalizeSettlements(Key[] memory keys) external whenNotPaused returns (bytes4[] memory refused) {
        _checkBatch(keys.length);
        refused = new bytes4[](keys.length);
        uint48 unpaused = unpausedTime();
        for (uint256 i = 0; i < keys.length; ++i) {
            Key memory key = keys[i];
            bytes4 reason = _finalize(key, unpaused);
            if (reason != 0) _skip(refused, i, key.agreementId, key.period, key.slo, 0, reason);
        }
    }

    /// @inheritdoc ISettlementBook
    function recordPeriodRoot(
        bytes16 calendar,
        uint32 period,
        uint8 revision,
        bytes32 root,
        uint32 leafCount,
        bytes[] calldata signatures
    ) external whenNotPaused {
        _attestorSet.check(periodRootDigest(calendar, period, revision, root, leafCount), signatures);
        PeriodRoot storage stored = _periodRoots[calendar][period];
        uint8 expected = stored.revision + 1;
        uint48 endsAt = _book.boundAt(calendar, uint256(period) + 1);
        // slither-disable-next-line timestamp a period's end, which attestors signed after
        if (block.timestamp < endsAt || revision != expected || root == 0 || leafCount == 0) {
            revert SLAInvalidRoot(expected);
        }

        (stored.root, stored.leafCount, stored.revision) = (root, leafCount, revision);
        emit PeriodRootRecorded(calendar, period, revision, root, leafCount);
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc ISettlementBook
    function getSettlement(
        Key calldata key
    ) external view returns (Settlement memory standing, Settlement memory pending) {
        SettlementWord[2 * MAX_SLOS] storage words = _words[key.agreementId][key.period];
        if (key.slo < MAX_SLOS) return (words[key.slo].unpacked(), words[key.slo + PENDING].unpacked());
    }

    /// @inheritdoc ISettlementBook
    function periodRootOf(
        bytes16 calendar,
        uint32 period
    ) external view returns (bytes32 root, uint32 leafCount, uint8 revision) {
        PeriodRoot storage stored = _periodRoots[calendar][period];
        return (stored.root, stored.leafCount, stored.revision);
    }

    /// @inheritdoc ISettlementBook
    function rowHash(Row memory row) external pure returns (bytes32) {
        return Attestation.rowHash(row);
    }

    /// @inheritdoc ISettlementBook
    function batchDigest(Row[] memory rows) external view returns (bytes32) {
        // slither-disable-next-line unused-return the hashes of the rows are not asked for
        (bytes32 hash,) = Attestation.batchHash(_attestorSet.epoch, _attestorSet.configDigest, rows);
        return Attestation.digestOf(hash);
    }

    /// @inheritdoc ISettlementBook
    function periodRootDigest(
        bytes16 calendar,
        uint32 period,
        uint8 revision,
        bytes32 root,
        uint32 leafCount
    ) public view returns (bytes32) {
        return Attestation.digestOf(
            keccak256(
                abi.encode(
                    Attestation.PERIOD_ROOT_TYPEHASH,
                    _attestorSet.epoch,
                    _attestorSet.configDigest,
                    calendar,
                    period,
                    revision,
                    root,
                    leafCount
                )
            )
        );
    }

    // ------------------------------------------------------------------------------------------------------ reports

    /// @dev Takes one row, or answers the selector of what refuses it.
    function _report(Row memory row, bytes20 commitment, uint48 unpaused) private returns (bytes4) {
        if (row.slo >= MAX_SLOS) return IAgreementBook.SLAUnknownSlo.selector;
        SettlementWord[2 * MAX_SLOS] storage words = _words[row.agreementId][row.period];
        (SettlementWord newest, uint256 place) = _newest(words, row.slo);
        bytes4 reason = _checkRevision(row.revision, newest);
        if (reason != 0) return reason;
        SettlementWord word;
        (reason, word) = _priced(row, commitment, unpaused);
        if (reason != 0) return reason;

        words[place] = word;
        _emitReported(row, word);
        return 0;
    }

    /// @dev The word of an SLO with the highest revision, and the place where the next report goes: beside what is Final or Voided. A
    /// first report need not look for what waits.
    function _newest(
        SettlementWord[2 * MAX_SLOS] storage words,
        uint256 slo
    ) private view returns (SettlementWord newest, uint256 place) {
        newest = words[slo];
        if (newest.state() < State.Final) return (newest, slo); // neither Final nor Voided
        place = slo + PENDING;
        SettlementWord waiting = words[place];
        if (waiting.exists()) newest = waiting;
    }

    /// @dev The row by the terms in force: what refuses it, or its word.
    function _priced(
        Row memory row,
        bytes20 commitment,
        uint48 unpaused
    ) private view returns (bytes4 reason, SettlementWord word) {
        // slither-disable-next-line calls-loop a STATICCALL to the book of the constructor, for each of at most MAX_BATCH rows
        (uint256 clockWord, uint256 bandsWord) = _book.reportWords(row.agreementId, row.period, row.slo);
        if (clockWord == 0) return (bytes4(uint32(bandsWord)), word);
        ReportClock clock = ReportClock.wrap(clockWord);
        uint256 creditPpm = Bands.wrap(bandsWord).creditPpm(row.good, row.valid);
        reason = _checkRow(row, clock, creditPpm, unpaused);
        if (reason != 0) return (reason, word);

        word = toSettlementWord(
            commitment,
            State.Reported,
            row.revision,
            creditPpm,
            unpaused + clock.windowSeconds(),
            block.number + clock.windowBlocks()
        );
    }

    /// @dev A function of its own because its values are as many as the stack can reach.
    function _emitReported(Row memory row, SettlementWord word) private {
        emit SettlementReported(
            row.agreementId,
            row.period,
            row.slo,
            row.revision,
            row.good,
            row.valid,
            row.documentHash,
            word.creditPpm(),
            word.deadline(),
            word.deadlineBlock()
        );
    }

    /// @dev The first of all checks, so that a sender who retries always gets this answer.
    function _checkRevision(uint8 revision, SettlementWord newest) private pure returns (bytes4) {
        uint8 last = newest.revision();
        if (revision != 0 && revision <= last) return SLASettlementExists.selector;
        if (last == MAX_REVISION) return SLARevisionsExhausted.selector;
        if (revision != last + 1) return SLARevisionUnexpected.selector;
        return newest.isDisputed() ? SLASettlementUnexpectedState.selector : bytes4(0);
    }

    function _checkRow(
        Row memory row,
        ReportClock clock,
        uint256 creditPpm,
        uint48 unpaused
    ) private view returns (bytes4) {
        // slither-disable-next-line timestamp a grace is hours, a proposer of blocks moves seconds
        if (block.timestamp < clock.reportableAt()) return SLAPeriodNotClosed.selector;
        // slither-disable-next-line timestamp the same of weeks
        if (unpaused > (row.revision == 1 ? clock.reportUntil() : clock.restateUntil())) {
            return SLAReportTooLate.selector;
        }
        if (row.documentHash == 0) return SLANoEvidence.selector;
        if (row.good > row.valid) return SLAInvalidCounts.selector;
        if (row.revision > 1) return 0;
        if (row.valid == 0) return SLANoData.selector;
        return creditPpm == 0 ? SLANotABreach.selector : bytes4(0);
    }

    // ----------------------------------------------------------------------------------------------------- disputes

    /// @dev The word of a settlement that has this revision, and its place among the words of its period. The error names the newest.
    function _find(Key memory key, uint8 revision) private view returns (SettlementWord word, uint256 place) {
        SettlementWord[2 * MAX_SLOS] storage words = _words[key.agreementId][key.period];
        if (key.slo < MAX_SLOS) {
            (word, place) = (words[key.slo], key.slo);
            SettlementWord waiting = words[key.slo + PENDING];
            if (word.revision() != revision && waiting.exists()) (word, place) = (waiting, key.slo + PENDING);
        }
        if (revision == 0 || word.revision() != revision) {
            revert SLARevisionUnexpected(revision, word.revision());
        }
    }

    function _put(Key memory key, uint256 place, SettlementWord word) private {
        _words[key.agreementId][key.period][place] = word;
    }

    /// @dev The caller's bit of who objects; refuses whoever is no party.
    function _sideOf(bytes32 agreementId) private view returns (uint8) {
        (address provider, address tenant) = _book.partiesOf(agreementId);
        if (msg.sender == provider) return 1;
        if (msg.sender == tenant) return 2;
        revert SLAUnauthorizedParty(agreementId, msg.sender);
    }

    /// @dev The ruling's row takes the next revision; its counts may say that nothing is owed.
    function _corrected(Row memory row, SettlementWord word) private view returns (SettlementWord) {
        if (row.revision == MAX_REVISION) revert SLARevisionsExhausted();
        if (row.good > row.valid) revert SLAInvalidCounts();
        if (row.documentHash == 0) revert SLANoEvidence();
        // slither-disable-next-line unused-return a ruling has no report clock
        (, uint256 bands) = _book.reportWords(row.agreementId, row.period, row.slo);
        row.revision += 1;
        return toSettlementWord(
            bytes20(Attestation.rowHash(row)),
            word.state(),
            row.revision,
            Bands.wrap(bands).creditPpm(row.good, row.valid),
            word.deadline(),
            word.deadlineBlock()
        );
    }

    function _emitResolved(Row memory row, Outcome outcome, uint32 creditPpm, bytes32 rulingHash) private {
        emit DisputeResolved(
            row.agreementId,
            row.period,
            row.slo,
            outcome,
            row.revision,
            row.good,
            row.valid,
            row.documentHash,
            creditPpm,
            rulingHash
        );
    }

    // ----------------------------------------------------------------------------------------------------- finality

    function _finalize(Key memory key, uint48 unpaused) private returns (bytes4) {
        if (key.slo >= MAX_SLOS) return SLASettlementUnexpectedState.selector;
        SettlementWord[2 * MAX_SLOS] storage words = _words[key.agreementId][key.period];
        (SettlementWord word, uint256 place) = _newest(words, key.slo);
        State current = word.state();
        if (current == State.None || current >= State.Final) return SLASettlementUnexpectedState.selector;
        bool disputed = current != State.Reported;
        if (!_windowClosed(word, disputed ? _rulingSeconds(key) : 0, unpaused)) {
            return disputed ? SLARulingPending.selector : SLADisputeWindowOpen.selector;
        }
        return _makeFinal(words, key, place, word, disputed);
    }

    /**
     * @dev Exactly one of dispute and finalise is open to an unpaused Reported settlement, and exactly one of ruling and default to a
     * Disputed one; this decides which. The first block after a chain's halt closes nothing that was open before it.
     */
    function _windowClosed(SettlementWord word, uint48 moreSeconds, uint48 unpaused) private view returns (bool) {
        // slither-disable-next-line timestamp a window is hours at least, and blocks beside
        return unpaused >= word.deadline() + moreSeconds && block.number >= word.deadlineBlock();
    }

    function _rulingSeconds(Key memory key) private view returns (uint48) {
        // slither-disable-next-line calls-loop a STATICCALL to the book of the constructor, for each of at most MAX_BATCH rows
        return ClockWord.wrap(_book.clockWord(key.agreementId, key.period)).rulingSeconds();
    }

    // ---------------------------------------------------------------------------------------------------- the rest

    function _skip(
        bytes4[] memory refused,
        uint256 index,
        bytes32 agreementId,
        uint32 period,
        uint8 slo,
        uint8 revision,
        bytes4 reason
    ) private {
        refused[index] = reason;
        emit RowSkipped(agreementId, period, slo, revision, reason);
    }

    function _checkBatch(uint256 items) private pure {
        if (items == 0) revert SLAEmptyBatch();
        if (items > MAX_BATCH) revert SLABatchTooLarge(items, MAX_BATCH);
    }

    function _unexpected(SettlementWord word) private pure {
        revert SLASettlementUnexpectedState(word.state());
    }
}
