// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AgreementBook} from "../../src/AgreementBook.sol";
import {SettlementBook} from "../../src/SettlementBook.sol";
import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {vm} from "../support/Vm.sol";
import {AgreementActions} from "./AgreementActions.sol";
import {RedemptionActions} from "./RedemptionActions.sol";
import {SettlementActions} from "./SettlementActions.sol";

/**
 * @title Everybody who may touch the books, and some who may not
 * @dev Each action asks the model what must happen, tries it, and records a violation when a book disagrees.
 */
contract Handler is AgreementActions, SettlementActions, RedemptionActions {
    /// @dev The contracts under test.
    function targets() external view returns (AgreementBook, SettlementBook) {
        return (book, sla);
    }

    // -------------------------------------------------------------------------------------------------------- time

    function pass(uint256 seed) external {
        shuffle(seed);
        vm.warp(block.timestamp + draw(oneIn(3) ? 6 days : 1 days));
        vm.roll(block.number + draw(oneIn(3) ? 60 : 20));
    }

    // ---------------------------------------------------------------------------------------------- administration

    /// @dev Paused for a fifth of the calls or so: enough to matter, not so much that nothing else happens.
    function switchPause(uint256 seed) external {
        shuffle(seed);
        bool paused = model.paused();
        if (!paused && !oneIn(4)) return;
        bool pausing = paused == oneIn(3);
        pausing ? tryPause() : tryUnpause();
    }

    function announceRole(uint256 seed) external {
        shuffle(seed);
        uint8 role = uint8(draw(4));
        address[4] memory usual = [ADMIN, ARBITER, BILLING, GUARDIAN];
        address next = oneIn(8) ? address(0) : oneIn(2) ? SPARE : usual[role];
        address caller = casting(model.holder(ISettlementBook.Role.Admin));

        bytes memory call = abi.encodeCall(sla.announceRole, (ISettlementBook.Role(role), next));
        bytes4 reason = model.roleReason(caller, role, next);
        (bool done,) = act("announce role", caller, address(sla), call, reason, 1);
        if (done) model.announcedRole(role, next);
    }

    function applyRole(uint256 seed) external {
        shuffle(seed);
        uint8 role = uint8(draw(4));
        bytes memory call = abi.encodeCall(sla.applyRole, (ISettlementBook.Role(role)));
        bytes4 reason = model.applyRoleReason(role);
        (bool done,) = act("apply role", STRANGER, address(sla), call, reason, 1);
        if (done) model.appliedRole(role);
    }

    function announceAttestors(uint256 seed) external {
        shuffle(seed);
        uint256[] memory fresh = sortedKeys(3, string(abi.encodePacked("rotation", ++rotations)));
        if (oneIn(8)) (fresh[0], fresh[1]) = (fresh[1], fresh[0]);
        uint8 threshold = oneIn(8) ? uint8(draw(2) * 3 + 1) : 2;
        address caller = casting(model.holder(ISettlementBook.Role.Admin));

        bytes memory call = abi.encodeCall(sla.announceAttestors, (addressesOf(fresh), threshold));
        bytes4 reason = model.setReason(caller, addressesOf(fresh), threshold);
        (bool done,) = act("announce attestors", caller, address(sla), call, reason, 1);
        if (!done) return;
        upcoming = fresh;
        model.announcedAttestors(addressesOf(fresh), threshold);
    }

    function applyAttestors(uint256 seed) external {
        shuffle(seed);
        address[] memory members = addressesOf(oneIn(8) ? retired : upcoming);
        bytes memory call = abi.encodeCall(sla.applyAttestors, (members, 2));
        bytes4 reason = model.applySetReason(members, 2);
        (bool done,) = act("apply attestors", STRANGER, address(sla), call, reason, 1);
        if (!done) return;
        retired = keys; // not as a tuple: of storage arrays it would assign the right one first
        keys = upcoming;
        upcoming = sortedKeys(3, "upcoming");
        model.appliedAttestors();
    }

    function tryPause() internal {
        address caller = casting(model.holder(ISettlementBook.Role.Guardian));
        bytes4 reason = model.pauseReason(caller);
        (bool done,) = act("pause", caller, address(sla), abi.encodeCall(sla.pause, ()), reason, 1);
        if (done) model.pausedNow();
    }

    function tryUnpause() internal {
        address caller = casting(model.holder(ISettlementBook.Role.Admin));
        bytes4 reason = model.unpauseReason(caller);
        (bool done,) = act("unpause", caller, address(sla), abi.encodeCall(sla.unpause, ()), reason, 1);
        if (done) model.unpausedNow();
    }

    // ---------------------------------------------------------------------------------------------------- trespass

    /// @dev A stranger tries, with arguments as good as they can be, everything that is for somebody.
    function trespass(uint256 seed) external {
        shuffle(seed);
        bytes32 id = anyKnownDeal();
        IAgreementBook.Terms memory terms = model.newestTerms(id);
        bytes4 party = IAgreementBook.SLAUnauthorizedParty.selector;
        bytes4 role = ISettlementBook.SLAUnauthorizedRole.selector;
        refuse(address(book), abi.encodeCall(book.proposeAmendment, (id, terms, type(uint48).max)), party);
        refuse(address(book), abi.encodeCall(book.acceptProposal, (id, terms, type(uint48).max)), party);
        refuse(address(book), abi.encodeCall(book.terminateAgreement, (id, LAST_BOUND - 1)), party);
        refuse(address(sla), abi.encodeCall(sla.redeemCredit, (id, bytes32(seed), 1)), unlessPaused(party));
        refuse(address(sla), abi.encodeCall(sla.announceRedemption, (id, bytes32(seed), 1)), unlessPaused(party));
        refuse(address(sla), abi.encodeCall(sla.objectRedemption, (id, bytes32(seed))), party);
        refuse(address(sla), abi.encodeCall(sla.announceRole, (ISettlementBook.Role.Billing, STRANGER)), role);
        refuse(address(sla), abi.encodeCall(sla.announceAttestors, (addressesOf(keys), 2)), role);
        refuse(address(sla), abi.encodeCall(sla.pause, ()), role);
        refuse(address(sla), abi.encodeCall(sla.unpause, ()), role);
    }

    function refuse(address target, bytes memory call, bytes4 reason) internal {
        act("trespass", STRANGER, target, call, reason, 0);
    }
}
