// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {ISettlementBook} from "../interfaces/ISettlementBook.sol";

/**
 * @title Who attests, and what counts as attested
 * @dev A signature is 65 bytes, r || s || v with v in {27, 28} and s in the lower half of the curve's order. Each check
 * stops one attack:
 *
 * - strictly ascending signers: one key counted twice;
 * - membership stored with its epoch: a key that was rotated out (nothing has to be deleted);
 * - epoch and config digest inside the signed digest: a batch signed for an older set, another chain or another contract;
 * - `n/2 < k`: two disjoint quorums that attest two different truths;
 * - ECDSA of OpenZeppelin: malleable (high s) and malformed signatures.
 */
library AttestorSet {
    uint256 internal constant MAX_ATTESTORS = 32;

    struct Set {
        bytes32 configDigest;
        uint32 epoch;
        uint8 threshold;
        address[] members;
        mapping(address attestor => uint32) memberSince; // the epoch of the last set that holds it; 0: never
    }

    /// @dev Refuses what is no set: too many, no majority, a key twice.
    function checkSet(address[] memory members, uint8 threshold) internal pure {
        uint256 count = members.length;
        bool majority = threshold <= count && uint256(threshold) * 2 > count; // also refuses the empty set
        if (!majority || count > MAX_ATTESTORS) revert ISettlementBook.SLAInvalidThreshold(count, threshold);
        address previous = address(0);
        for (uint256 i = 0; i < count; ++i) {
            if (members[i] <= previous) revert ISettlementBook.SLAAttestorsOutOfOrder(previous, members[i]);
            previous = members[i];
        }
    }

    /// @dev Put a new set in force, in a new epoch.
    function replace(Set storage self, address[] memory members, uint8 threshold) internal {
        checkSet(members, threshold);
        uint32 epoch = self.epoch + 1;
        for (uint256 i = 0; i < members.length; ++i) self.memberSince[members[i]] = epoch;
        self.members = members;
        self.threshold = threshold;
        self.epoch = epoch;
        self.configDigest = keccak256(abi.encode(block.chainid, address(this), epoch, members, threshold));
    }

    /// @dev Refuses unless at least `threshold` current members signed `digest`.
    function check(Set storage self, bytes32 digest, bytes[] calldata signatures) internal view {
        uint8 needed = self.threshold;
        uint32 epoch = self.epoch;
        if (signatures.length < needed) revert ISettlementBook.SLAInsufficientAttestations(signatures.length, needed);

        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = ECDSA.recover(digest, signatures[i]);
            if (self.memberSince[signer] != epoch) revert ISettlementBook.SLAInvalidAttestor(signer);
            if (signer <= previous) revert ISettlementBook.SLAAttestorsOutOfOrder(previous, signer);
            previous = signer;
        }
    }
}
