// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/**
 * @title What two parties have agreed
 * @notice Calendars, agreements and their versions. Nobody but the two parties acts here: there is no admin, no role and no
 * pause, and no function takes or sends ether.
 *
 * @dev Units: availability and credits in parts per million (ppm); money in minor units of the agreement's currency; times in
 * Unix seconds. A period is the half-open span between two neighbouring bounds of a calendar and is named by its index, so
 * two periods of one agreement can neither overlap nor leave a gap.
 *
 * An agreement is one id for all its versions. Terms never change: a version holds from its first period until the first
 * period of the next one, and whatever is agreed later, the version in force at a period's start decides.
 */
interface IAgreementBook {
    // ------------------------------------------------------------------------------------------------------- values

    /// @notice How the credits of several SLOs of one period are put together.
    enum Stacking {
        Sum,
        Largest
    }

    /// @notice What becomes of a period's credit that is smaller than the minimum.
    enum BelowMinimum {
        Nothing,
        Minimum
    }

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
     * @param bands 1 to 6 bands. The first bound is the objective, 1 to 1,000,000; bounds fall strictly, credits rise strictly
     * up to the cap of a period. The lowest band that matches decides.
     */
    struct SloTerms {
        bytes32 sloId;
        Band[] bands;
    }

    /**
     * @notice One version of an agreement, as both parties accept it.
     * @param provider Who owes the credits.
     * @param tenant Who earns them; an address made for this agreement, so that nothing on chain names anybody.
     * @param termsHash SHA-256 of the terms document kept off chain, which holds a salt.
     * @param calendar Which calendar bounds the periods; the same in every version.
     * @param firstPeriod The first period of this version, by its index in the calendar.
     * @param yearPeriods How many periods an agreement year has, counted from the agreement's first; the same in every version.
     * @param currency Code of ISO 4217; the same in every version.
     * @param exponent The currency's exponent by ISO 4217.
     * @param feeMinor The fee of one period; not 0.
     * @param capPpm The most that the credits of one period come to, in ppm of the fee, 1 to 1,000,000.
     * @param yearCapMinor The most that the credits of an agreement year come to; 0: no such cap. It changes only where an
     * agreement year begins.
     * @param minimumMinor The smallest credit of a period; 0: none; at most the cap of a period, and of a year.
     * @param belowMinimum What becomes of a smaller one; Nothing where there is no minimum.
     * @param stacking How the SLOs' credits are put together.
     * @param graceSeconds How long after its end a period is first reported (late samples).
     * @param disputeWindowSeconds How long, in unpaused time, a report can be disputed; at least {minimumWindowSeconds}
     * and at most 366 days.
     * @param disputeWindowBlocks How many blocks that window spans at least: the first block after a chain's halt may carry a
     * time days later, and a party must still get a turn. At most 2^24.
     * @param rulingSeconds How long after the window, in unpaused time, a dispute may be ruled on; then the report stands.
     * 1 second to 366 days.
     * @param reportSeconds How long after the grace a period may be reported for the first time, in unpaused time; not 0.
     * @param restateSeconds The same of restatements; at least `reportSeconds`.
     * @param noticeSeconds How long before its effect a termination is declared.
     * @param slos 1 to 8 SLOs, strictly ascending by `sloId`. A settlement names its SLO by the place in this list.
     */
    struct Terms {
        address provider;
        address tenant;
        bytes32 termsHash;
        bytes16 calendar;
        uint32 firstPeriod;
        uint16 yearPeriods;
        bytes3 currency;
        uint8 exponent;
        uint72 feeMinor;
        uint32 capPpm;
        uint72 yearCapMinor;
        uint56 minimumMinor;
        BelowMinimum belowMinimum;
        Stacking stacking;
        uint32 graceSeconds;
        uint32 disputeWindowSeconds;
        uint32 disputeWindowBlocks;
        uint32 rulingSeconds;
        uint32 reportSeconds;
        uint32 restateSeconds;
        uint32 noticeSeconds;
        SloTerms[] slos;
    }

    /// @notice What {SLAInvalidTerms} finds wrong: bit `1 << uint8(fault)` for each.
    enum TermsFault {
        Provider,
        Tenant,
        TermsHash,
        Calendar,
        FirstPeriod,
        YearPeriods,
        Currency,
        Exponent,
        Fee,
        Cap,
        Minimum,
        DisputeWindow,
        Ruling,
        ReportEnd,
        RestateEnd,
        SloCount,
        SloOrder,
        BandCount,
        BandThreshold,
        BandCredit,
        AcceptBefore
    }

    /**
     * @notice One agreement, as {getAgreement} returns it; all zero when there is none.
     * @param version The newest accepted version; versions count from 1 without a gap.
     * @param firstPeriod The first period of version 1.
     * @param endPeriod The first period that is no part of the agreement: its calendar's end, or its termination.
     * @param latestFrom The first period of the newest version.
     */
    struct Agreement {
        address provider;
        address tenant;
        bytes16 calendar;
        uint16 version;
        uint16 yearPeriods;
        uint32 firstPeriod;
        uint32 endPeriod;
        uint32 latestFrom;
        bytes3 currency;
        uint8 exponent;
    }

    /**
     * @notice A proposal that waits for the other party; all zero when there is none.
     * @param digest {proposalDigest} of what was proposed.
     * @param version Which version it becomes.
     * @param acceptBefore From this second on it can no longer be accepted.
     */
    struct Proposal {
        bytes32 digest;
        uint16 version;
        uint48 acceptBefore;
    }

    // ------------------------------------------------------------------------------------------------------- events

    /// @notice A table of bounds is on chain. Whoever reads events needs no call.
    event CalendarPublished(bytes16 indexed calendar, uint48[] bounds);

    /// @notice A calendar of equal periods is on chain.
    event FixedCalendarPublished(bytes16 indexed calendar, uint48 anchor, uint32 periodSeconds, uint32 periods);

    /// @notice A party offered terms; the other one accepts them by presenting them again.
    event AgreementProposed(
        bytes32 indexed agreementId, address indexed proposer, uint16 version, uint48 acceptBefore, Terms terms
    );

    /// @notice A party took its offer back.
    event ProposalWithdrawn(bytes32 indexed agreementId, address indexed proposer, uint16 version);

    /// @notice Both agreed: the version holds from `firstPeriod` on. The terms are those of its {AgreementProposed}.
    event AgreementAccepted(
        bytes32 indexed agreementId, uint16 indexed version, address party, uint32 firstPeriod, bytes32 termsHash
    );

    /// @notice A party ended the agreement: `endPeriod` is the first period that is no part of it.
    event AgreementTerminated(bytes32 indexed agreementId, address indexed party, uint32 endPeriod);

    // ------------------------------------------------------------------------------------------------------- errors

    /// @notice A table has 2 to 512 bounds, ascending.
    error SLAInvalidCalendar(uint256 bounds, uint256 firstWrong);
    /// @notice Equal periods need a length, are 1 to 2^32 - 2, and end before 2^48.
    error SLAInvalidFixedCalendar(uint48 anchor, uint32 periodSeconds, uint32 periods);
    /// @notice The calendar is not on chain, or has no such bound.
    error SLAUnknownBound(bytes16 calendar, uint256 index, uint256 bounds);
    /// @notice The terms break the rules of {Terms}; bit `1 << uint8(TermsFault)` for each fault.
    error SLAInvalidTerms(uint256 faults);
    /// @notice There is no such agreement.
    error SLAUnknownAgreement(bytes32 agreementId);
    /// @notice The agreement was accepted before; what follows is an amendment.
    error SLAAgreementExists(bytes32 agreementId);
    /// @notice The caller is neither party of the agreement, or not the one who may do this.
    error SLAUnauthorizedParty(bytes32 agreementId, address caller);
    /// @notice An amendment keeps `field` of {Terms}: by its {TermsFault}.
    error SLAImmutableTerm(bytes32 agreementId, TermsFault field);
    /// @notice A version begins after the newest one and before the agreement's end.
    error SLAInvalidFirstPeriod(bytes32 agreementId, uint32 firstPeriod, uint32 latestFrom, uint32 endPeriod);
    /// @notice The cap of a year changes only where an agreement year begins.
    error SLAYearCapMidYear(bytes32 agreementId, uint32 firstPeriod, uint16 yearPeriods);
    /// @notice The other party has no offer that stands.
    error SLANoProposal(bytes32 agreementId, address proposer);
    /// @notice The offer is of another version than the next: one was accepted since.
    error SLAStaleProposal(bytes32 agreementId, uint16 version, uint16 expected);
    /// @notice The offer was to be accepted before this second.
    error SLAProposalExpired(bytes32 agreementId, uint48 acceptBefore);
    /// @notice What is accepted is not what was proposed.
    error SLATermsMismatch(bytes32 agreementId, bytes32 given, bytes32 proposed);
    /// @notice An agreement ends at a bound after the notice, and each time earlier than before.
    error SLAInvalidEnd(bytes32 agreementId, uint32 endPeriod, uint48 endsAt, uint256 earliest, uint32 present);
    /// @notice The period is none of the agreement's.
    error SLAUnknownPeriod(bytes32 agreementId, uint32 period);
    /// @notice The version in force at the period has no such SLO.
    error SLAUnknownSlo(bytes32 agreementId, uint32 period, uint8 slo);

    // ---------------------------------------------------------------------------------------------------- calendars

    /**
     * @notice Put a table of bounds on chain; anyone may, and one that is there is left.
     * @dev Emits {CalendarPublished} the first time. Requirements: see {SLAInvalidCalendar}.
     * @return calendar `bytes16(keccak256(abi.encode(bounds)))`.
     */
    function publishCalendar(uint48[] calldata bounds) external returns (bytes16 calendar);

    /**
     * @notice Put a calendar of equal periods on chain; anyone may, and one that is there is left.
     * @dev Emits {FixedCalendarPublished} the first time. Requirements: see {SLAInvalidFixedCalendar}.
     * @return calendar `bytes16(keccak256(abi.encode(anchor, periodSeconds, periods)))`.
     */
    function publishFixedCalendar(
        uint48 anchor,
        uint32 periodSeconds,
        uint32 periods
    ) external returns (bytes16 calendar);

    // --------------------------------------------------------------------------------------------------- agreements

    /**
     * @notice Offer the first version of an agreement to a tenant. An offer of the same caller under the same reference is
     * replaced.
     * @dev Emits {AgreementProposed}. Only a digest is stored, under an id that nobody else can propose.
     *
     * Requirements: the caller is `terms.provider`; the agreement was not accepted yet; the terms are valid; `acceptBefore` is
     * after now and at most the first bound of `terms.firstPeriod`.
     */
    function proposeAgreement(
        bytes32 reference_,
        Terms calldata terms,
        uint48 acceptBefore
    ) external returns (bytes32 agreementId);

    /**
     * @notice Offer the next version of an agreement to the other party, in place of the caller's earlier offer.
     * @dev Emits {AgreementProposed}.
     *
     * Requirements: the caller is a party; the terms are valid and keep what no version changes; they begin after the newest
     * version and before the agreement's end; a changed cap of the year begins with an agreement year; `acceptBefore` as in
     * {proposeAgreement}.
     */
    function proposeAmendment(bytes32 agreementId, Terms calldata terms, uint48 acceptBefore) external;

    /**
     * @notice Take back what the caller has offered.
     * @dev Emits {ProposalWithdrawn}. Requirements: the caller has an offer that was not accepted.
     */
    function withdrawProposal(bytes32 agreementId) external;

    /**
     * @notice Accept what the other party offers, by presenting it.
     * @dev Emits {AgreementAccepted}.
     *
     * Requirements: the caller is the other party; terms and `acceptBefore` are those that were offered; it is before
     * `acceptBefore`; the offer is of the next version, which still begins before the agreement's end.
     */
    function acceptProposal(bytes32 agreementId, Terms calldata terms, uint48 acceptBefore) external;

    /**
     * @notice End an agreement before `endPeriod`. All earlier periods are reported, disputed, finalised and redeemed as ever.
     * @dev Emits {AgreementTerminated}.
     *
     * Requirements: the caller is a party; the period's bound is at least `noticeSeconds` of the newest version away; the end is
     * earlier than the present one and not before the agreement's first period.
     */
    function terminateAgreement(bytes32 agreementId, uint32 endPeriod) external;

    // -------------------------------------------------------------------------------------------------------- views

    /// @notice The shortest dispute window that terms may have, in seconds.
    function minimumWindowSeconds() external view returns (uint32);

    /// @notice How many bounds a calendar has; 0 when it is not on chain.
    function boundCount(bytes16 calendar) external view returns (uint256);

    /// @notice Where period `index` of a calendar begins, and period `index - 1` ends.
    function boundAt(bytes16 calendar, uint256 index) external view returns (uint48);

    /// @notice `keccak256(abi.encode(provider, reference_))`: nobody can take an id in somebody's place.
    function agreementIdOf(address provider, bytes32 reference_) external pure returns (bytes32);

    /// @notice `keccak256(abi.encode(agreementId, version, acceptBefore, terms))`: what is offered, and accepted.
    function proposalDigest(
        bytes32 agreementId,
        uint16 version,
        uint48 acceptBefore,
        Terms calldata terms
    ) external pure returns (bytes32);

    /// @notice What `proposer` offers under an id.
    function proposalOf(bytes32 agreementId, address proposer) external view returns (Proposal memory);

    /// @notice The agreement; zeros when there is none.
    function getAgreement(bytes32 agreementId) external view returns (Agreement memory);

    /// @notice The terms of an accepted version; {SLAUnknownAgreement} when there is no such version.
    function getTerms(bytes32 agreementId, uint16 version) external view returns (Terms memory);

    /// @notice The version in force at a period; {SLAUnknownPeriod} when the period is none of the agreement's.
    function versionAt(bytes32 agreementId, uint32 period) external view returns (uint16);

    /**
     * @notice What some counts of an SLO in a period are worth by the terms in force, as a settlement is priced.
     * @dev Reverts with {SLAUnknownAgreement}, {SLAUnknownPeriod} or {SLAUnknownSlo}.
     * @return creditPpm The credit in ppm of the fee; 0 when the objective is met.
     * @return aloneMinor What the period comes to when nothing else of it is credited, before the cap of the year.
     */
    function creditOf(
        bytes32 agreementId,
        uint32 period,
        uint8 slo,
        uint64 good,
        uint64 valid
    ) external view returns (uint32 creditPpm, uint80 aloneMinor);

    // ------------------------------------------------------------- views for {ISettlementBook}, packed into words

    /// @notice The two parties; zeros when there is no such agreement.
    function partiesOf(bytes32 agreementId) external view returns (address provider, address tenant);

    /**
     * @notice What a report is checked and priced by; never reverts.
     * @return clock A `ReportClock`; 0 when the row cannot be of this agreement.
     * @return bands The SLO's `Bands`; where `clock` is 0, the selector of the reason in the lowest four bytes.
     */
    function reportWords(
        bytes32 agreementId,
        uint32 period,
        uint8 slo
    ) external view returns (uint256 clock, uint256 bands);

    /**
     * @notice What a period's credit is computed by; never reverts.
     * @return money The version's `MoneyWord`; 0 when the period is none of the agreement's.
     * @return year Which agreement year the period is in, from 0.
     */
    function creditWords(bytes32 agreementId, uint32 period) external view returns (uint256 money, uint256 year);

    /// @notice The `ClockWord` of the version in force at a period; 0 when the period is none of the agreement's.
    function clockWord(bytes32 agreementId, uint32 period) external view returns (uint256);

    /// @notice The `ClockWord` of the newest version; 0 when there is no such agreement.
    function latestClockWord(bytes32 agreementId) external view returns (uint256);
}
