// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";

/// @title Roles, announcements and the clock, kept as lists of what happened
contract AdminModel {
    struct Pause {
        uint256 from;
        uint256 to; // 0: it lasts
    }

    struct Announcement {
        bytes32 what; // 0: none
        uint256 since;
    }

    Pause[] internal pauses;
    address[4] public holders;
    Announcement[4] internal announcedHolders;
    Announcement internal announcedSet;
    uint32 public epoch = 1;
    uint256 internal changeDelay;

    // --------------------------------------------------------------------------------------------------- questions

    function paused() public view returns (bool) {
        return pauses.length > 0 && pauses[pauses.length - 1].to == 0;
    }

    /// @dev All seconds there were, without those of each pause.
    function clock() public view returns (uint256 seconds_) {
        seconds_ = block.timestamp;
        for (uint256 i = 0; i < pauses.length; ++i) {
            seconds_ -= (pauses[i].to == 0 ? block.timestamp : pauses[i].to) - pauses[i].from;
        }
    }

    function holder(ISettlementBook.Role role) public view returns (address) {
        return holders[uint8(role)];
    }

    function announcedHolder(uint8 role) external view returns (address holder_, uint256 effectiveAt) {
        Announcement memory found = announcedHolders[role];
        return found.since == 0 ? (address(0), 0) : (address(uint160(uint256(found.what))), found.since + changeDelay);
    }

    function roleReason(address caller, uint8 role, address holder_) external view returns (bytes4) {
        if (caller != holders[0]) return ISettlementBook.SLAUnauthorizedRole.selector;
        bool needed = role != uint8(ISettlementBook.Role.Billing);
        return needed && holder_ == address(0) ? ISettlementBook.SLAInvalidHolder.selector : bytes4(0);
    }

    function applyRoleReason(uint8 role) external view returns (bytes4) {
        return maturity(announcedHolders[role]);
    }

    function setReason(
        address caller,
        address[] calldata members,
        uint8 threshold
    ) external view returns (bytes4) {
        if (caller != holders[0]) return ISettlementBook.SLAUnauthorizedRole.selector;
        if (members.length > 32 || threshold > members.length || members.length >= uint256(threshold) + threshold) {
            return ISettlementBook.SLAInvalidThreshold.selector;
        }
        for (uint256 i = 1; i < members.length; ++i) {
            if (members[i] <= members[i - 1]) return ISettlementBook.SLAAttestorsOutOfOrder.selector;
        }
        return 0;
    }

    function applySetReason(address[] calldata members, uint8 threshold) external view returns (bytes4) {
        if (announcedSet.what != keccak256(abi.encode(members, threshold))) {
            return ISettlementBook.SLANothingAnnounced.selector;
        }
        return maturity(announcedSet);
    }

    function pauseReason(address caller) external view returns (bytes4) {
        if (caller != holders[3]) return ISettlementBook.SLAUnauthorizedRole.selector;
        return paused() ? bytes4(keccak256("EnforcedPause()")) : bytes4(0);
    }

    function unpauseReason(address caller) external view returns (bytes4) {
        if (caller != holders[0]) return ISettlementBook.SLAUnauthorizedRole.selector;
        return paused() ? bytes4(0) : bytes4(keccak256("ExpectedPause()"));
    }

    // ----------------------------------------------------------------------------------------------------- changes

    function began(address[4] calldata holders_, uint256 changeDelay_) external {
        (holders, changeDelay) = (holders_, changeDelay_);
    }

    function announcedRole(uint8 role, address holder_) external {
        announcedHolders[role] = Announcement({what: bytes32(uint256(uint160(holder_))), since: block.timestamp});
    }

    function appliedRole(uint8 role) external {
        holders[role] = address(uint160(uint256(announcedHolders[role].what)));
        delete announcedHolders[role];
    }

    function announcedAttestors(address[] calldata members, uint8 threshold) external {
        announcedSet = Announcement({what: keccak256(abi.encode(members, threshold)), since: block.timestamp});
    }

    function appliedAttestors() external {
        delete announcedSet;
        ++epoch;
    }

    function pausedNow() external {
        pauses.push(Pause({from: block.timestamp, to: 0}));
    }

    /// @dev A pause that ends in the second it began is none.
    function unpausedNow() external {
        if (pauses[pauses.length - 1].from == block.timestamp) pauses.pop();
        else pauses[pauses.length - 1].to = block.timestamp;
    }

    function maturity(Announcement memory found) internal view returns (bytes4) {
        if (found.since == 0) return ISettlementBook.SLANothingAnnounced.selector;
        return block.timestamp - found.since < changeDelay ? ISettlementBook.SLAChangeTooEarly.selector : bytes4(0);
    }
}
