// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {AgreementModel} from "./AgreementModel.sol";
import {Stage} from "./Stage.sol";

/// @title What parties, and who is none, do with agreements
abstract contract AgreementActions is Stage {
    function propose(uint256 seed) external {
        shuffle(seed);
        IAgreementBook.Terms memory made = shaped(draw(3));
        made.firstPeriod = nowIn(made.calendar) + 1 + uint32(draw(3));
        uint48 until = acceptBefore(made);
        if (oneIn(8)) made.feeMinor = 0;
        bytes32 reference_ = keccak256(oneIn(6) ? abi.encode("first", draw(3)) : abi.encode("later", draw(6)));
        address caller = casting(PROVIDER);
        bytes32 id = book.agreementIdOf(caller, reference_);

        bytes4 reason = model.proposalReason(caller, id, made, until);
        bytes memory call = abi.encodeCall(book.proposeAgreement, (reference_, made, until));
        (bool done,) = act("propose", caller, address(book), call, reason, 1);
        if (done) model.proposed(caller, id, made, until);
    }

    /// @dev By one party, or by both at once: of two offers of one version, at most one is ever accepted.
    function amend(uint256 seed) external {
        shuffle(seed);
        bytes32 id = anyDeal();
        address party = anyParty(id);
        amendBy(id, casting(party));
        if (model.isKnown(id) && oneIn(2)) amendBy(id, model.otherParty(id, party));
    }

    function amendBy(bytes32 id, address caller) internal {
        IAgreementBook.Terms memory made = amended(id);
        uint48 until = acceptBefore(made);
        bytes4 reason = model.amendmentReason(caller, id, made, until);
        bytes memory call = abi.encodeCall(book.proposeAmendment, (id, made, until));
        (bool done,) = act("amend", caller, address(book), call, reason, 1);
        if (done) model.proposed(caller, id, made, until);
    }

    function withdrawProposal(uint256 seed) external {
        shuffle(seed);
        if (!oneIn(4)) return; // or few would live to be accepted
        AgreementModel.Offer memory offer = anyOffer();
        address caller = casting(offer.proposer);

        bytes4 reason = model.withdrawalReason(caller, offer.id);
        bytes memory call = abi.encodeCall(book.withdrawProposal, (offer.id));
        (bool done,) = act("withdraw proposal", caller, address(book), call, reason, 1);
        if (done) model.withdrawn(caller, offer.id);
    }

    function accept(uint256 seed) external {
        shuffle(seed);
        AgreementModel.Offer memory offer = anyOffer();
        IAgreementBook.Terms memory made = abi.decode(offer.terms, (IAgreementBook.Terms));
        address other = offer.proposer == made.provider ? made.tenant : made.provider;
        address caller = casting(other);
        if (oneIn(8)) made.termsHash = keccak256("other terms");

        bytes4 reason = model.acceptanceReason(caller, offer.id, made, offer.acceptBefore);
        bytes memory call = abi.encodeCall(book.acceptProposal, (offer.id, made, offer.acceptBefore));
        (bool done,) = act("accept", caller, address(book), call, reason, 1);
        if (done) model.accepted(caller, offer.id, made);
    }

    function terminate(uint256 seed) external {
        shuffle(seed);
        if (!oneIn(2)) return;
        bytes32 id = anyDeal();
        bytes16 calendar = model.isKnown(id) ? model.termsOf(id, 1).calendar : calendars[0];
        uint32 end = nowIn(calendar) + uint32(draw(12));
        if (oneIn(12)) end = LAST_BOUND + 1;
        if (oneIn(2)) (id, end) = whereAnOfferBegins();
        address caller = casting(anyParty(id));

        bytes4 reason = model.terminationReason(caller, id, end);
        bytes memory call = abi.encodeCall(book.terminateAgreement, (id, end));
        (bool done,) = act("terminate", caller, address(book), call, reason, 1);
        if (done) model.terminated(id, end);
    }

    // ----------------------------------------------------------------------------------------------------- helpers

    function nowIn(bytes16 calendar) internal view returns (uint32) {
        return model.periodAt(calendar, block.timestamp);
    }

    /// @dev At the bound most of the time; now and then a second after it, or long ago.
    function acceptBefore(IAgreementBook.Terms memory made) internal returns (uint48) {
        uint48 latest = made.firstPeriod <= LAST_BOUND ? model.boundOf(made.calendar, made.firstPeriod) : 1;
        if (oneIn(12)) return latest + 1;
        if (oneIn(12)) return uint48(block.timestamp);
        return oneIn(4) ? uint48(block.timestamp) + 1 days : latest;
    }

    function amended(bytes32 id) internal returns (IAgreementBook.Terms memory made) {
        made = model.isKnown(id) ? model.newestTerms(id) : shaped(0);
        uint32 running = nowIn(made.calendar);
        uint32 from = made.firstPeriod > running ? made.firstPeriod : running;
        made.firstPeriod = oneIn(10) ? running + 1 : from + 1 + uint32(draw(oneIn(3) ? 12 : 4));
        made.feeMinor = oneIn(16) ? 0 : uint72(800_000 + draw(400_000));
        made.disputeWindowSeconds = uint32(1 days + draw(4 days));
        if (oneIn(4)) made.yearCapMinor = uint72(600_000 + draw(500_000));
        if (oneIn(3)) made.slos = termsOf(1 + draw(3), made.capPpm, 0).slos;
        if (oneIn(10)) made.tenant = STRANGER;
    }

    /// @dev What waits for an answer when its agreement ends can no longer be accepted.
    function whereAnOfferBegins() internal returns (bytes32 id, uint32 end) {
        AgreementModel.Offer memory offer = anyOffer();
        return (offer.id, abi.decode(offer.terms, (IAgreementBook.Terms)).firstPeriod);
    }

    /// @dev One that stands, if there is any; else one that was taken back, or accepted.
    function anyOffer() internal returns (AgreementModel.Offer memory offer) {
        uint256 count = model.offerCount();
        uint256 from = draw(count);
        for (uint256 i = 0; i < count; ++i) {
            offer = model.offerAt((from + i) % count);
            if (offer.open) return offer;
        }
    }
}
