// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";

/**
 * @title What the agreement book should hold, kept the slow way
 * @dev Lists that are searched, terms kept whole; no code of `src` but the types. A question answers the selector of the error that a
 * call must meet, or 0; a change is made only after a question said 0.
 */
contract AgreementModel {
    struct Deal {
        bytes32 id;
        uint32 end;
        bytes[] versions; // abi.encode of the terms
    }

    struct Offer {
        bytes32 id;
        address proposer;
        uint16 version;
        uint48 acceptBefore;
        bytes terms;
        bool open;
    }

    Deal[] internal deals;
    Offer[] internal offers;
    mapping(bytes16 calendar => uint48[]) internal bounds;

    // --------------------------------------------------------------------------------------------------- questions

    function dealCount() external view returns (uint256) {
        return deals.length;
    }

    function dealAt(uint256 index) external view returns (bytes32 id, uint32 end, uint16 versions) {
        return (deals[index].id, deals[index].end, uint16(deals[index].versions.length));
    }

    function offerCount() external view returns (uint256) {
        return offers.length;
    }

    function offerAt(uint256 index) external view returns (Offer memory) {
        return offers[index];
    }

    function boundOf(bytes16 calendar, uint256 index) public view returns (uint48) {
        return bounds[calendar][index];
    }

    function boundCount(bytes16 calendar) public view returns (uint256) {
        return bounds[calendar].length;
    }

    /// @dev The period that holds this second, in a calendar that has begun.
    function periodAt(bytes16 calendar, uint256 second) public view returns (uint32 index) {
        while (index + 1 < bounds[calendar].length && bounds[calendar][index + 1] <= second) ++index;
    }

    function isKnown(bytes32 id) public view returns (bool) {
        return find(id) != 0;
    }

    function newestTerms(bytes32 id) public view returns (IAgreementBook.Terms memory) {
        return termsOf(id, deals[find(id) - 1].versions.length);
    }

    function termsOf(bytes32 id, uint256 version) public view returns (IAgreementBook.Terms memory) {
        return abi.decode(deals[find(id) - 1].versions[version - 1], (IAgreementBook.Terms));
    }

    function isOf(bytes32 id, uint32 period) public view returns (bool) {
        return isKnown(id) && termsOf(id, 1).firstPeriod <= period && period < deals[find(id) - 1].end;
    }

    /// @dev The last version, in order, that has begun.
    function versionAt(bytes32 id, uint32 period) public view returns (uint16 found) {
        uint256 count = deals[find(id) - 1].versions.length;
        for (uint16 version = 1; version <= count; ++version) {
            if (termsOf(id, version).firstPeriod <= period) found = version;
        }
    }

    function termsAt(bytes32 id, uint32 period) public view returns (IAgreementBook.Terms memory) {
        return termsOf(id, versionAt(id, period));
    }

    function isParty(bytes32 id, address caller) public view returns (bool) {
        if (!isKnown(id)) return false;
        IAgreementBook.Terms memory terms = termsOf(id, 1);
        return caller == terms.provider || caller == terms.tenant;
    }

    function otherParty(bytes32 id, address party) public view returns (address) {
        IAgreementBook.Terms memory terms = termsOf(id, 1);
        return party == terms.provider ? terms.tenant : terms.provider;
    }

    function openOffer(bytes32 id, address proposer) public view returns (uint256 indexPlusOne) {
        for (uint256 i = 0; i < offers.length; ++i) {
            if (offers[i].id == id && offers[i].proposer == proposer && offers[i].open) return i + 1;
        }
    }

    function proposalReason(
        address caller,
        bytes32 id,
        IAgreementBook.Terms calldata terms,
        uint48 acceptBefore
    ) external view returns (bytes4) {
        if (caller != terms.provider) return IAgreementBook.SLAUnauthorizedParty.selector;
        if (isKnown(id)) return IAgreementBook.SLAAgreementExists.selector;
        return isSound(terms, acceptBefore) ? bytes4(0) : IAgreementBook.SLAInvalidTerms.selector;
    }

    function amendmentReason(
        address caller,
        bytes32 id,
        IAgreementBook.Terms calldata terms,
        uint48 acceptBefore
    ) external view returns (bytes4) {
        if (!isKnown(id)) return IAgreementBook.SLAUnknownAgreement.selector;
        if (!isParty(id, caller)) return IAgreementBook.SLAUnauthorizedParty.selector;
        if (!isSound(terms, acceptBefore)) return IAgreementBook.SLAInvalidTerms.selector;
        return continues(id, terms);
    }

    function withdrawalReason(address caller, bytes32 id) external view returns (bytes4) {
        return openOffer(id, caller) == 0 ? IAgreementBook.SLANoProposal.selector : bytes4(0);
    }

    function acceptanceReason(
        address caller,
        bytes32 id,
        IAgreementBook.Terms calldata terms,
        uint48 acceptBefore
    ) external view returns (bytes4) {
        bool known = isKnown(id);
        if (known ? !isParty(id, caller) : caller != terms.tenant) return IAgreementBook.SLAUnauthorizedParty.selector;
        uint256 index = openOffer(id, known ? otherParty(id, caller) : terms.provider);
        if (index == 0) return IAgreementBook.SLANoProposal.selector;
        Offer storage offer = offers[index - 1];
        if (offer.version != (known ? deals[find(id) - 1].versions.length + 1 : 1)) {
            return IAgreementBook.SLAStaleProposal.selector;
        }
        bool same = keccak256(offer.terms) == keccak256(abi.encode(terms)) && offer.acceptBefore == acceptBefore;
        if (!same) return IAgreementBook.SLATermsMismatch.selector;
        if (block.timestamp >= acceptBefore) return IAgreementBook.SLAProposalExpired.selector;
        return known ? continues(id, terms) : bytes4(0);
    }

    function terminationReason(address caller, bytes32 id, uint32 endPeriod) external view returns (bytes4) {
        if (!isKnown(id)) return IAgreementBook.SLAUnknownAgreement.selector;
        if (!isParty(id, caller)) return IAgreementBook.SLAUnauthorizedParty.selector;
        IAgreementBook.Terms memory terms = newestTerms(id);
        if (endPeriod >= bounds[terms.calendar].length) return IAgreementBook.SLAUnknownBound.selector;
        bool inTime = bounds[terms.calendar][endPeriod] >= block.timestamp + terms.noticeSeconds;
        bool nearer = endPeriod < deals[find(id) - 1].end && endPeriod >= termsOf(id, 1).firstPeriod;
        return inTime && nearer ? bytes4(0) : IAgreementBook.SLAInvalidEnd.selector;
    }

    // ----------------------------------------------------------------------------------------------------- changes

    function published(bytes16 calendar, uint48[] calldata list) external {
        bounds[calendar] = list;
    }

    function proposed(
        address caller,
        bytes32 id,
        IAgreementBook.Terms calldata terms,
        uint48 acceptBefore
    ) external {
        withdrawn(caller, id);
        Offer storage made = offers.push();
        (made.id, made.proposer, made.acceptBefore, made.open) = (id, caller, acceptBefore, true);
        made.version = isKnown(id) ? uint16(deals[find(id) - 1].versions.length + 1) : 1;
        made.terms = abi.encode(terms);
    }

    function withdrawn(address caller, bytes32 id) public {
        uint256 index = openOffer(id, caller);
        if (index != 0) offers[index - 1].open = false;
    }

    function accepted(address caller, bytes32 id, IAgreementBook.Terms calldata terms) external {
        bool known = isKnown(id);
        withdrawn(known ? otherParty(id, caller) : terms.provider, id);
        if (!known) {
            Deal storage made = deals.push();
            (made.id, made.end) = (id, uint32(bounds[terms.calendar].length - 1));
        }
        deals[find(id) - 1].versions.push(abi.encode(terms));
    }

    function terminated(bytes32 id, uint32 endPeriod) external {
        deals[find(id) - 1].end = endPeriod;
    }

    // ----------------------------------------------------------------------------------------------------- helpers

    function find(bytes32 id) internal view returns (uint256 indexPlusOne) {
        for (uint256 i = 0; i < deals.length; ++i) {
            if (deals[i].id == id) return i + 1;
        }
    }

    /// @dev The handler spoils terms by a fee of 0; each of the other faults is a unit test's.
    function isSound(IAgreementBook.Terms calldata terms, uint48 acceptBefore) internal view returns (bool) {
        uint48[] storage list = bounds[terms.calendar];
        if (terms.feeMinor == 0 || uint256(terms.firstPeriod) + 2 > list.length) return false;
        return block.timestamp < acceptBefore && acceptBefore <= list[terms.firstPeriod];
    }

    function continues(bytes32 id, IAgreementBook.Terms calldata terms) internal view returns (bytes4) {
        IAgreementBook.Terms memory last = newestTerms(id);
        bool same = terms.provider == last.provider && terms.tenant == last.tenant && terms.calendar == last.calendar
            && terms.yearPeriods == last.yearPeriods && terms.currency == last.currency
            && terms.exponent == last.exponent;
        if (!same) return IAgreementBook.SLAImmutableTerm.selector;
        if (terms.firstPeriod <= last.firstPeriod || terms.firstPeriod >= deals[find(id) - 1].end) {
            return IAgreementBook.SLAInvalidFirstPeriod.selector;
        }
        uint32 begun = terms.firstPeriod - termsOf(id, 1).firstPeriod;
        bool midYear = begun % terms.yearPeriods != 0;
        bool otherCap = terms.yearCapMinor != last.yearCapMinor;
        return midYear && otherCap ? IAgreementBook.SLAYearCapMidYear.selector : bytes4(0);
    }
}
