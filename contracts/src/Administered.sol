// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

import {ISettlementBook} from "./interfaces/ISettlementBook.sol";
import {AttestorSet} from "./libraries/AttestorSet.sol";

/**
 * @title Who may do more than anybody, and the clock that a pause stops
 * @dev Every change of a holder or of the attestors is announced by the admin, waits for the same delay, and is then put in force by
 * anybody: parties see it before it works, and can end their agreements. A leaked key is met by pausing, which needs no delay
 * and lets announcements mature.
 */
abstract contract Administered is ISettlementBook, Pausable {
    using AttestorSet for AttestorSet.Set;

    struct Announced {
        address holder;
        uint48 effectiveAt;
    }

    uint48 public immutable changeDelay;

    // These share the slot of Pausable's flag.
    uint48 private _pausedAt;
    uint48 private _pausedSeconds; // of all pauses that are over
    uint48 private _attestorsEffectiveAt;

    AttestorSet.Set internal _attestorSet;
    bytes32 private _announcedAttestors;
    mapping(Role => address) private _holders;
    mapping(Role => Announced) private _announced;

    modifier onlyHolder(Role role) {
        _checkCaller(role);
        _;
    }

    /// @param holders In the order of {ISettlementBook-Role}.
    constructor(uint48 changeDelay_, address[4] memory holders, address[] memory members, uint8 threshold) {
        changeDelay = changeDelay_;
        for (uint8 i = 0; i < 4; ++i) _setHolder(Role(i), holders[i]);
        _setAttestors(members, threshold);
    }

    /// @inheritdoc ISettlementBook
    function announceRole(Role role, address holder) external onlyHolder(Role.Admin) {
        _checkHolder(role, holder);
        uint48 effectiveAt = uint48(block.timestamp) + changeDelay;
        _announced[role] = Announced({holder: holder, effectiveAt: effectiveAt});
        emit RoleChangeAnnounced(role, holder, effectiveAt);
    }

    /// @inheritdoc ISettlementBook
    function applyRole(Role role) external {
        Announced memory announced = _announced[role];
        _checkMature(announced.effectiveAt);
        delete _announced[role];
        _setHolder(role, announced.holder);
    }

    /// @inheritdoc ISettlementBook
    function announceAttestors(address[] memory members, uint8 threshold) external onlyHolder(Role.Admin) {
        AttestorSet.checkSet(members, threshold);
        _announcedAttestors = keccak256(abi.encode(members, threshold));
        _attestorsEffectiveAt = uint48(block.timestamp) + changeDelay;
        emit AttestorsAnnounced(members, threshold, _attestorsEffectiveAt);
    }

    /// @inheritdoc ISettlementBook
    function applyAttestors(address[] memory members, uint8 threshold) external {
        if (keccak256(abi.encode(members, threshold)) != _announcedAttestors) revert SLANothingAnnounced();
        _checkMature(_attestorsEffectiveAt);
        (_announcedAttestors, _attestorsEffectiveAt) = (0, 0);
        _setAttestors(members, threshold);
    }

    /// @inheritdoc ISettlementBook
    function pause() external onlyHolder(Role.Guardian) {
        _pause();
        _pausedAt = uint48(block.timestamp);
    }

    /// @inheritdoc ISettlementBook
    function unpause() external onlyHolder(Role.Admin) {
        _unpause();
        _pausedSeconds += uint48(block.timestamp) - _pausedAt;
    }

    /// @inheritdoc ISettlementBook
    function holderOf(Role role) public view returns (address) {
        return _holders[role];
    }

    /// @inheritdoc ISettlementBook
    function announcedRole(Role role) external view returns (address holder, uint48 effectiveAt) {
        return (_announced[role].holder, _announced[role].effectiveAt);
    }

    /// @inheritdoc ISettlementBook
    function announcedAttestors() external view returns (bytes32 digest, uint48 effectiveAt) {
        return (_announcedAttestors, _attestorsEffectiveAt);
    }

    /// @inheritdoc ISettlementBook
    function attestors()
        external
        view
        returns (address[] memory members, uint8 threshold, uint32 epoch, bytes32 configDigest)
    {
        return (_attestorSet.members, _attestorSet.threshold, _attestorSet.epoch, _attestorSet.configDigest);
    }

    /// @inheritdoc ISettlementBook
    function unpausedTime() public view returns (uint48) {
        return (paused() ? _pausedAt : uint48(block.timestamp)) - _pausedSeconds;
    }

    function _checkCaller(Role role) private view {
        // slither-disable-next-line timestamp a holder is compared, no time
        if (msg.sender != _holders[role]) revert SLAUnauthorizedRole(role, msg.sender);
    }

    function _checkMature(uint48 effectiveAt) private view {
        // slither-disable-next-line incorrect-equality,timestamp 0 says that nothing was announced
        if (effectiveAt == 0) revert SLANothingAnnounced();
        if (block.timestamp < effectiveAt) revert SLAChangeTooEarly(effectiveAt);
    }

    /// @dev Without billing, tenants and providers redeem; without the others the contract would stand still.
    function _checkHolder(Role role, address holder) private pure {
        // slither-disable-next-line timestamp a holder is compared, no time
        if (holder == address(0) && role != Role.Billing) revert SLAInvalidHolder(role);
    }

    function _setHolder(Role role, address holder) private {
        _checkHolder(role, holder);
        address previous = _holders[role];
        _holders[role] = holder;
        emit RoleChanged(role, previous, holder);
    }

    function _setAttestors(address[] memory members, uint8 threshold) private {
        _attestorSet.replace(members, threshold);
        emit AttestorsSet(_attestorSet.epoch, _attestorSet.configDigest, members, threshold);
    }
}
