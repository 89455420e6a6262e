// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {Vm} from "../support/Vm.sol";

/// @title Calendars, offers and agreements, as their events tell them
contract AgreementLog {
    struct Offer {
        uint16 version;
        uint48 acceptBefore;
        bytes terms;
    }

    struct Deal {
        address provider;
        address tenant;
        uint32 end;
        bytes[] versions;
    }

    bytes32[] internal ids; // of all that was ever offered
    mapping(bytes32 id => address) internal firstProposer; // an id is made of its provider, so nobody else offers first
    mapping(bytes16 calendar => uint256) internal boundCounts;
    mapping(bytes32 id => mapping(address proposer => Offer)) internal offers;
    mapping(bytes32 id => Deal) internal deals;

    // --------------------------------------------------------------------------------------------------- questions

    function idCount() external view returns (uint256) {
        return ids.length;
    }

    function idAt(uint256 index) external view returns (bytes32) {
        return ids[index];
    }

    function providerOf(bytes32 id) public view returns (address) {
        return deals[id].provider;
    }

    function versionCount(bytes32 id) external view returns (uint16) {
        return uint16(deals[id].versions.length);
    }

    function termsOf(bytes32 id, uint16 version) external view returns (bytes memory) {
        return deals[id].versions[version - 1];
    }

    function endOf(bytes32 id) external view returns (uint32) {
        return deals[id].end;
    }

    function offerOf(bytes32 id, address proposer) external view returns (Offer memory) {
        return offers[id][proposer];
    }

    // ------------------------------------------------------------------------------------------------------ events

    function readAgreements(Vm.Log calldata log) internal returns (bool) {
        bytes32 kind = log.topics[0];
        if (kind == IAgreementBook.CalendarPublished.selector) {
            boundCounts[bytes16(log.topics[1])] = abi.decode(log.data, (uint48[])).length;
        } else if (kind == IAgreementBook.FixedCalendarPublished.selector) {
            (,, uint32 periods) = abi.decode(log.data, (uint48, uint32, uint32));
            boundCounts[bytes16(log.topics[1])] = uint256(periods) + 1;
        } else if (kind == IAgreementBook.AgreementProposed.selector) {
            proposed(log);
        } else if (kind == IAgreementBook.ProposalWithdrawn.selector) {
            delete offers[log.topics[1]][address(uint160(uint256(log.topics[2])))];
        } else if (kind == IAgreementBook.AgreementAccepted.selector) {
            accepted(log);
        } else if (kind == IAgreementBook.AgreementTerminated.selector) {
            deals[log.topics[1]].end = abi.decode(log.data, (uint32));
        } else {
            return false;
        }
        return true;
    }

    function proposed(Vm.Log calldata log) internal {
        (uint16 version, uint48 acceptBefore, IAgreementBook.Terms memory terms) =
            abi.decode(log.data, (uint16, uint48, IAgreementBook.Terms));
        bytes32 id = log.topics[1];
        address proposer = address(uint160(uint256(log.topics[2])));
        offers[id][proposer] = Offer({version: version, acceptBefore: acceptBefore, terms: abi.encode(terms)});
        if (firstProposer[id] != address(0)) return;
        firstProposer[id] = proposer;
        ids.push(id);
    }

    /// @dev Who offered is the other party; of a first version nobody but its provider.
    function accepted(Vm.Log calldata log) internal {
        bytes32 id = log.topics[1];
        (address party,,) = abi.decode(log.data, (address, uint32, bytes32));
        Deal storage deal = deals[id];
        address proposer = party == deal.provider ? deal.tenant : deal.provider;
        if (deal.versions.length == 0) proposer = firstProposer[id];
        Offer memory offer = offers[id][proposer];
        if (deal.versions.length == 0) begin(deal, abi.decode(offer.terms, (IAgreementBook.Terms)));
        deal.versions.push(offer.terms);
        delete offers[id][proposer];
    }

    function begin(Deal storage deal, IAgreementBook.Terms memory terms) internal {
        (deal.provider, deal.tenant) = (terms.provider, terms.tenant);
        deal.end = uint32(boundCounts[terms.calendar] - 1);
    }
}
