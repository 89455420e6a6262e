// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../interfaces/ISlaSettlement.sol";

/**
 * @title The typed data an attestor signs
 * @dev EIP-712: `Batch(uint32 epoch,bytes32 configDigest,Report[] reports)`. One signature covers a whole batch, in order.
 */
library Attestation {
    bytes32 internal constant REPORT_TYPEHASH = keccak256(
        "Report(bytes32 agreementId,bytes32 sloId,uint48 periodStart,uint48 periodEnd,uint64 good,uint64 valid,bytes32 evidenceRoot,uint32 leafCount,bytes32 documentHash)"
    );
    bytes32 internal constant BATCH_TYPEHASH = keccak256(
        "Batch(uint32 epoch,bytes32 configDigest,Report[] reports)Report(bytes32 agreementId,bytes32 sloId,uint48 periodStart,uint48 periodEnd,uint64 good,uint64 valid,bytes32 evidenceRoot,uint32 leafCount,bytes32 documentHash)"
    );

    function structHash(
        uint32 epoch,
        bytes32 configDigest,
        ISlaSettlement.Report[] calldata reports
    ) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](reports.length);
        for (uint256 i = 0; i < reports.length; ++i) {
            // A report is static, so abi.encode lays its words out one after the other, as EIP-712 asks.
            hashes[i] = keccak256(abi.encode(REPORT_TYPEHASH, reports[i]));
        }
        return keccak256(abi.encode(BATCH_TYPEHASH, epoch, configDigest, keccak256(abi.encodePacked(hashes))));
    }
}
