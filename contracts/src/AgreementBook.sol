// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "./interfaces/IAgreementBook.sol";
import {Calendars} from "./libraries/Calendars.sol";
import {CreditMath} from "./libraries/CreditMath.sol";
import {TermsCheck} from "./libraries/TermsCheck.sol";
import {AgreementWord, toAgreementWord} from "./types/AgreementWord.sol";
import {Bands, toBands} from "./types/Bands.sol";
import {ReportClock, toReportClock} from "./types/ReportClock.sol";
import {ClockWord, MoneyWord, noticeSecondsOf, toClockWord, toMoneyWord} from "./types/TermsWords.sol";

/**
 * @title AgreementBook
 * @notice See {IAgreementBook}, which carries the documentation of everything callable.
 * @dev Immutable, and nobody's: a successor is deployed beside it, and parties who want to move sign there again.
 */
contract AgreementBook is IAgreementBook {
    using Calendars for Calendars.Book;

    struct AgreementRecord {
        AgreementWord word;
        address provider; // with currency and exponent in one slot
        bytes3 currency;
        uint8 exponent;
        address tenant;
        mapping(uint16 version => VersionRecord) versions;
    }

    struct VersionRecord {
        ClockWord clock;
        MoneyWord money;
        bytes32 termsHash;
        Bands[8] bands;
        bytes32[8] sloIds;
    }

    uint32 public immutable minimumWindowSeconds;

    Calendars.Book private _calendars;
    mapping(bytes32 agreementId => AgreementRecord) private _agreements;
    mapping(bytes32 agreementId => mapping(address proposer => Proposal)) private _proposals;

    /// @param minimumWindowSeconds_ The shortest dispute window that terms may have; at least one second.
    constructor(uint32 minimumWindowSeconds_) {
        minimumWindowSeconds = minimumWindowSeconds_ == 0 ? 1 : minimumWindowSeconds_;
    }

    // ---------------------------------------------------------------------------------------------------- calendars

    /// @inheritdoc IAgreementBook
    function publishCalendar(uint48[] calldata bounds) external returns (bytes16 calendar) {
        return _calendars.publish(bounds);
    }

    /// @inheritdoc IAgreementBook
    function publishFixedCalendar(
        uint48 anchor,
        uint32 periodSeconds,
        uint32 periods
    ) external returns (bytes16 calendar) {
        return _calendars.publishFixed(anchor, periodSeconds, periods);
    }

    // --------------------------------------------------------------------------------------------------- agreements

    /// @inheritdoc IAgreementBook
    function proposeAgreement(
        bytes32 reference_,
        Terms calldata terms,
        uint48 acceptBefore
    ) external returns (bytes32 agreementId) {
        agreementId = agreementIdOf(msg.sender, reference_);
        if (msg.sender != terms.provider) revert SLAUnauthorizedParty(agreementId, msg.sender);
        if (_agreements[agreementId].word.version() != 0) revert SLAAgreementExists(agreementId);
        _checkTerms(terms, acceptBefore);
        _propose(agreementId, 1, terms, acceptBefore);
    }

    /// @inheritdoc IAgreementBook
    function proposeAmendment(bytes32 agreementId, Terms calldata terms, uint48 acceptBefore) external {
        AgreementRecord storage agreement = _known(agreementId);
        _otherParty(agreementId, agreement);
        _checkTerms(terms, acceptBefore);
        _checkAmendment(agreementId, agreement, terms);
        _propose(agreementId, agreement.word.version() + 1, terms, acceptBefore);
    }

    /// @inheritdoc IAgreementBook
    function withdrawProposal(bytes32 agreementId) external {
        Proposal storage proposal = _proposals[agreementId][msg.sender];
        uint16 version = proposal.version;
        if (version == 0) revert SLANoProposal(agreementId, msg.sender);

        delete _proposals[agreementId][msg.sender];
        emit ProposalWithdrawn(agreementId, msg.sender, version);
    }

    /// @inheritdoc IAgreementBook
    function acceptProposal(bytes32 agreementId, Terms calldata terms, uint48 acceptBefore) external {
        AgreementRecord storage agreement = _agreements[agreementId];
        uint16 accepted = agreement.word.version();
        address proposer = accepted == 0 ? terms.provider : _otherParty(agreementId, agreement);
        if (accepted == 0 && msg.sender != terms.tenant) revert SLAUnauthorizedParty(agreementId, msg.sender);
        uint16 version = _checkProposal(agreementId, proposer, accepted, terms, acceptBefore);
        if (accepted != 0) _checkAmendment(agreementId, agreement, terms); // the end may have come nearer

        delete _proposals[agreementId][proposer];
        if (accepted == 0) _begin(agreement, terms);
        else agreement.word = agreement.word.withVersion(version, terms.firstPeriod);
        _storeVersion(agreement.versions[version], terms);
        emit AgreementAccepted(agreementId, version, msg.sender, terms.firstPeriod, terms.termsHash);
    }

    /// @inheritdoc IAgreementBook
    function terminateAgreement(bytes32 agreementId, uint32 endPeriod) external {
        AgreementRecord storage agreement = _known(agreementId);
        _otherParty(agreementId, agreement);
        AgreementWord word = agreement.word;
        uint48 endsAt = _calendars.boundAt(word.calendar(), endPeriod);
        uint256 earliest = block.timestamp + noticeSecondsOf(agreement.versions[word.version()].clock);
        bool nearer = word.firstPeriod() <= endPeriod && endPeriod < word.endPeriod();
        // slither-disable-next-line timestamp a notice is days, a proposer of blocks moves seconds
        if (!nearer || endsAt < earliest) {
            revert SLAInvalidEnd(agreementId, endPeriod, endsAt, earliest, word.endPeriod());
        }

        agreement.word = word.withEnd(endPeriod);
        emit AgreementTerminated(agreementId, msg.sender, endPeriod);
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IAgreementBook
    function boundCount(bytes16 calendar) external view returns (uint256) {
        return _calendars.boundCount(calendar);
    }

    /// @inheritdoc IAgreementBook
    function boundAt(bytes16 calendar, uint256 index) external view returns (uint48) {
        return _calendars.boundAt(calendar, index);
    }

    /// @inheritdoc IAgreementBook
    function agreementIdOf(address provider, bytes32 reference_) public pure returns (bytes32) {
        return keccak256(abi.encode(provider, reference_));
    }

    /// @inheritdoc IAgreementBook
    function proposalDigest(
        bytes32 agreementId,
        uint16 version,
        uint48 acceptBefore,
        Terms calldata terms
    ) public pure returns (bytes32) {
        return keccak256(abi.encode(agreementId, version, acceptBefore, terms));
    }

    /// @inheritdoc IAgreementBook
    function proposalOf(bytes32 agreementId, address proposer) external view returns (Proposal memory) {
        return _proposals[agreementId][proposer];
    }

    /// @inheritdoc IAgreementBook
    function getAgreement(bytes32 agreementId) external view returns (Agreement memory found) {
        AgreementRecord storage agreement = _agreements[agreementId];
        AgreementWord word = agreement.word;
        found.provider = agreement.provider;
        found.tenant = agreement.tenant;
        found.calendar = word.calendar();
        found.version = word.version();
        found.yearPeriods = word.yearPeriods();
        found.firstPeriod = word.firstPeriod();
        found.endPeriod = word.endPeriod();
        found.latestFrom = word.latestFrom();
        found.currency = agreement.currency;
        found.exponent = agreement.exponent;
    }

    /// @inheritdoc IAgreementBook
    function getTerms(bytes32 agreementId, uint16 version) external view returns (Terms memory terms) {
        AgreementRecord storage agreement = _agreements[agreementId];
        VersionRecord storage record = agreement.versions[version];
        if (record.termsHash == 0) revert SLAUnknownAgreement(agreementId);
        terms.provider = agreement.provider;
        terms.tenant = agreement.tenant;
        terms.termsHash = record.termsHash;
        terms.calendar = agreement.word.calendar();
        terms.yearPeriods = agreement.word.yearPeriods();
        terms.currency = agreement.currency;
        terms.exponent = agreement.exponent;
        _fillClock(terms, record.clock);
        _fillMoney(terms, record.money);
        terms.slos = new SloTerms[](record.money.sloCount());
        for (uint256 i = 0; i < terms.slos.length; ++i) {
            terms.slos[i] = SloTerms({sloId: record.sloIds[i], bands: record.bands[i].unpacked()});
        }
    }

    /// @inheritdoc IAgreementBook
    function versionAt(bytes32 agreementId, uint32 period) public view returns (uint16) {
        AgreementRecord storage agreement = _agreements[agreementId];
        if (!agreement.word.covers(period)) revert SLAUnknownPeriod(agreementId, period);
        return _versionAt(agreement, agreement.word, period);
    }

    /// @inheritdoc IAgreementBook
    function creditOf(
        bytes32 agreementId,
        uint32 period,
        uint8 slo,
        uint64 good,
        uint64 valid
    ) external view returns (uint32 creditPpm, uint80 aloneMinor) {
        AgreementRecord storage agreement = _known(agreementId);
        VersionRecord storage version = agreement.versions[versionAt(agreementId, period)];
        if (slo >= version.money.sloCount()) revert SLAUnknownSlo(agreementId, period, slo);
        creditPpm = uint32(version.bands[slo].creditPpm(good, valid));
        aloneMinor = uint80(CreditMath.periodMinor(version.money, creditPpm));
    }

    /// @inheritdoc IAgreementBook
    function partiesOf(bytes32 agreementId) external view returns (address provider, address tenant) {
        return (_agreements[agreementId].provider, _agreements[agreementId].tenant);
    }

    /// @inheritdoc IAgreementBook
    function reportWords(
        bytes32 agreementId,
        uint32 period,
        uint8 slo
    ) external view returns (uint256 clock, uint256 bands) {
        AgreementRecord storage agreement = _agreements[agreementId];
        AgreementWord word = agreement.word;
        if (word.version() == 0) return (0, _reason(SLAUnknownAgreement.selector));
        if (!word.covers(period)) return (0, _reason(SLAUnknownPeriod.selector));
        VersionRecord storage version = agreement.versions[_versionAt(agreement, word, period)];
        bands = slo < 8 ? Bands.unwrap(version.bands[slo]) : 0;
        if (bands == 0) return (0, _reason(SLAUnknownSlo.selector));
        clock = _reportClock(version.clock, _calendars.boundAt(word.calendar(), uint256(period) + 1));
    }

    /// @inheritdoc IAgreementBook
    function creditWords(bytes32 agreementId, uint32 period) external view returns (uint256 money, uint256 year) {
        AgreementRecord storage agreement = _agreements[agreementId];
        AgreementWord word = agreement.word;
        if (!word.covers(period)) return (0, 0);
        money = MoneyWord.unwrap(agreement.versions[_versionAt(agreement, word, period)].money);
        year = (period - word.firstPeriod()) / word.yearPeriods();
    }

    /// @inheritdoc IAgreementBook
    function clockWord(bytes32 agreementId, uint32 period) external view returns (uint256) {
        AgreementRecord storage agreement = _agreements[agreementId];
        AgreementWord word = agreement.word;
        if (!word.covers(period)) return 0;
        return ClockWord.unwrap(agreement.versions[_versionAt(agreement, word, period)].clock);
    }

    /// @inheritdoc IAgreementBook
    function latestClockWord(bytes32 agreementId) external view returns (uint256) {
        AgreementRecord storage agreement = _agreements[agreementId];
        return ClockWord.unwrap(agreement.versions[agreement.word.version()].clock);
    }

    // ------------------------------------------------------------------------------------------------------- checks

    function _checkTerms(Terms calldata terms, uint48 acceptBefore) private view {
        uint256 faults = TermsCheck.faultsOf(terms, minimumWindowSeconds);
        uint256 bounds = _calendars.boundCount(terms.calendar);
        if (bounds == 0) {
            faults |= uint256(1) << uint8(TermsFault.Calendar);
        } else if (uint256(terms.firstPeriod) + 1 >= bounds) {
            faults |= uint256(1) << uint8(TermsFault.FirstPeriod);
        } else if (
            // slither-disable-next-line timestamp the same end, when it is offered
            acceptBefore <= block.timestamp || acceptBefore > _calendars.boundAt(terms.calendar, terms.firstPeriod)
        ) {
            faults |= uint256(1) << uint8(TermsFault.AcceptBefore);
        }
        if (faults != 0) revert SLAInvalidTerms(faults);
    }

    function _checkAmendment(
        bytes32 agreementId,
        AgreementRecord storage agreement,
        Terms calldata terms
    ) private view {
        AgreementWord word = agreement.word;
        _keeps(agreementId, terms.provider == agreement.provider, TermsFault.Provider);
        _keeps(agreementId, terms.tenant == agreement.tenant, TermsFault.Tenant);
        _keeps(agreementId, terms.calendar == word.calendar(), TermsFault.Calendar);
        _keeps(agreementId, terms.yearPeriods == word.yearPeriods(), TermsFault.YearPeriods);
        _keeps(agreementId, terms.currency == agreement.currency, TermsFault.Currency);
        _keeps(agreementId, terms.exponent == agreement.exponent, TermsFault.Exponent);
        if (terms.firstPeriod <= word.latestFrom() || terms.firstPeriod >= word.endPeriod()) {
            revert SLAInvalidFirstPeriod(agreementId, terms.firstPeriod, word.latestFrom(), word.endPeriod());
        }
        bool sameCap = terms.yearCapMinor == agreement.versions[word.version()].money.yearCapMinor();
        if (!sameCap && (terms.firstPeriod - word.firstPeriod()) % word.yearPeriods() != 0) {
            revert SLAYearCapMidYear(agreementId, terms.firstPeriod, word.yearPeriods());
        }
    }

    function _keeps(bytes32 agreementId, bool same, TermsFault field) private pure {
        if (!same) revert SLAImmutableTerm(agreementId, field);
    }

    /// @dev What is accepted is what was offered: the next version, in time, word for word. Returns that version.
    function _checkProposal(
        bytes32 agreementId,
        address proposer,
        uint16 accepted,
        Terms calldata terms,
        uint48 acceptBefore
    ) private view returns (uint16 version) {
        Proposal storage proposal = _proposals[agreementId][proposer];
        version = proposal.version;
        if (version == 0) revert SLANoProposal(agreementId, proposer);
        if (version != accepted + 1) revert SLAStaleProposal(agreementId, version, accepted + 1);
        bytes32 given = proposalDigest(agreementId, version, acceptBefore, terms);
        if (given != proposal.digest) revert SLATermsMismatch(agreementId, given, proposal.digest);
        // slither-disable-next-line timestamp an offer's end is the parties' choice, and both know it
        if (block.timestamp >= proposal.acceptBefore) revert SLAProposalExpired(agreementId, proposal.acceptBefore);
    }

    /// @dev Refuses whoever is no party; answers who the other one is.
    function _otherParty(bytes32 agreementId, AgreementRecord storage agreement) private view returns (address) {
        (address provider, address tenant) = (agreement.provider, agreement.tenant);
        if (msg.sender != provider && msg.sender != tenant) revert SLAUnauthorizedParty(agreementId, msg.sender);
        return msg.sender == provider ? tenant : provider;
    }

    function _known(bytes32 agreementId) private view returns (AgreementRecord storage agreement) {
        agreement = _agreements[agreementId];
        if (agreement.word.version() == 0) revert SLAUnknownAgreement(agreementId);
    }

    // ------------------------------------------------------------------------------------------------------ storage

    function _propose(bytes32 agreementId, uint16 version, Terms calldata terms, uint48 acceptBefore) private {
        _proposals[agreementId][msg.sender] = Proposal({
            digest: proposalDigest(agreementId, version, acceptBefore, terms),
            version: version,
            acceptBefore: acceptBefore
        });
        emit AgreementProposed(agreementId, msg.sender, version, acceptBefore, terms);
    }

    function _begin(AgreementRecord storage agreement, Terms calldata terms) private {
        uint32 end = uint32(_calendars.boundCount(terms.calendar) - 1);
        agreement.word = toAgreementWord(terms.calendar, terms.yearPeriods, terms.firstPeriod, end);
        agreement.provider = terms.provider;
        agreement.currency = terms.currency;
        agreement.exponent = terms.exponent;
        agreement.tenant = terms.tenant;
    }

    function _storeVersion(VersionRecord storage record, Terms calldata terms) private {
        record.clock = toClockWord(terms);
        record.money = toMoneyWord(terms);
        record.termsHash = terms.termsHash;
        for (uint256 i = 0; i < terms.slos.length; ++i) {
            record.bands[i] = toBands(terms.slos[i].bands);
            record.sloIds[i] = terms.slos[i].sloId;
        }
    }

    /// @dev Nearly always the newest; a late report walks back a version at a time.
    function _versionAt(
        AgreementRecord storage agreement,
        AgreementWord word,
        uint32 period
    ) private view returns (uint16 version) {
        version = word.version();
        if (period >= word.latestFrom()) return version;
        do --version; while (period < agreement.versions[version].clock.fromPeriod());
    }

    function _reportClock(ClockWord clock, uint48 endsAt) private pure returns (uint256) {
        uint256 reportableAt = uint256(endsAt) + clock.graceSeconds();
        return ReportClock.unwrap(
            toReportClock(
                _capped(reportableAt),
                _capped(reportableAt + clock.reportSeconds()),
                _capped(reportableAt + clock.restateSeconds()),
                clock.windowSeconds(),
                clock.windowBlocks()
            )
        );
    }

    function _capped(uint256 seconds_) private pure returns (uint256) {
        return seconds_ < type(uint48).max ? seconds_ : type(uint48).max;
    }

    function _reason(bytes4 selector) private pure returns (uint256) {
        return uint32(selector);
    }

    function _fillClock(Terms memory terms, ClockWord clock) private pure {
        terms.firstPeriod = clock.fromPeriod();
        terms.graceSeconds = clock.graceSeconds();
        terms.disputeWindowSeconds = clock.windowSeconds();
        terms.disputeWindowBlocks = clock.windowBlocks();
        terms.rulingSeconds = clock.rulingSeconds();
        terms.reportSeconds = clock.reportSeconds();
        terms.restateSeconds = clock.restateSeconds();
        terms.noticeSeconds = noticeSecondsOf(clock);
    }

    function _fillMoney(Terms memory terms, MoneyWord money) private pure {
        terms.feeMinor = money.feeMinor();
        terms.capPpm = money.capPpm();
        terms.yearCapMinor = money.yearCapMinor();
        terms.minimumMinor = money.minimumMinor();
        terms.belowMinimum = money.belowMinimum();
        terms.stacking = money.stacking();
    }
}
