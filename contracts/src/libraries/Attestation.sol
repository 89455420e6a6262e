// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ISettlementBook} from "../interfaces/ISettlementBook.sol";

/**
 * @title The typed data an attestor signs
 * @dev EIP-712. One signature covers a whole batch of rows, in order, or one root.
 */
library Attestation {
    bytes32 internal constant ROW_TYPEHASH = keccak256(
        "Row(bytes32 agreementId,uint32 period,uint8 slo,uint8 revision,uint64 good,uint64 valid,bytes32 documentHash)"
    );
    bytes32 internal constant BATCH_TYPEHASH = keccak256(
        "Batch(uint32 epoch,bytes32 configDigest,Row[] rows)Row(bytes32 agreementId,uint32 period,uint8 slo,uint8 revision,uint64 good,uint64 valid,bytes32 documentHash)"
    );
    bytes32 internal constant PERIOD_ROOT_TYPEHASH = keccak256(
        "PeriodRoot(uint32 epoch,bytes32 configDigest,bytes16 calendar,uint32 period,uint8 revision,bytes32 root,uint32 leafCount)"
    );

    bytes32 private constant _DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant _NAME_HASH = keccak256("SankofaSettlementBook");
    bytes32 private constant _VERSION_HASH = keccak256("1");

    /// @dev The digest of typed data of this contract on this chain. The separator is not kept: a chain that forks has two ids.
    function digestOf(bytes32 structHash) internal view returns (bytes32) {
        bytes32 separator =
            keccak256(abi.encode(_DOMAIN_TYPEHASH, _NAME_HASH, _VERSION_HASH, block.chainid, address(this)));
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }

    /// @dev A row is static, so abi.encode lays its words out one after the other, as EIP-712 asks.
    function rowHash(ISettlementBook.Row memory row) internal pure returns (bytes32) {
        return keccak256(abi.encode(ROW_TYPEHASH, row));
    }

    /// @dev Also returns the hash of each row, which its settlement commits to.
    function batchHash(
        uint32 epoch,
        bytes32 configDigest,
        ISettlementBook.Row[] memory rows
    ) internal pure returns (bytes32 hash, bytes32[] memory rowHashes) {
        rowHashes = new bytes32[](rows.length);
        for (uint256 i = 0; i < rows.length; ++i) rowHashes[i] = rowHash(rows[i]);
        hash = keccak256(abi.encode(BATCH_TYPEHASH, epoch, configDigest, keccak256(abi.encodePacked(rowHashes))));
    }
}
