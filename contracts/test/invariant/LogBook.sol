// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Vm} from "../support/Vm.sol";

/**
 * @title The ledger as a reader of events alone would keep it
 * @dev What the HTTP API does off chain: no call to the contract, only its logs.
 */
contract LogBook {
    mapping(bytes32 agreementId => uint256) public accrued;
    mapping(bytes32 agreementId => uint256) public redeemed;
    mapping(bytes32 settlementId => ISlaSettlement.SettlementState) public state;
    mapping(bytes32 settlementId => uint256) public credited;
    mapping(bytes32 settlementId => uint256) public revision;

    function read(Vm.Log[] calldata logs) external {
        for (uint256 i = 0; i < logs.length; ++i) readOne(logs[i]);
    }

    function readOne(Vm.Log calldata log) internal {
        bytes32 kind = log.topics[0];
        if (kind == ISlaSettlement.SettlementReported.selector) {
            state[log.topics[1]] = ISlaSettlement.SettlementState.Reported;
            revision[log.topics[1]] = word(log.data, 8);
        } else if (kind == ISlaSettlement.SettlementDisputed.selector) {
            state[log.topics[1]] = ISlaSettlement.SettlementState.Disputed;
        } else if (kind == ISlaSettlement.DisputeResolved.selector) {
            revision[log.topics[1]] = word(log.data, 5);
            if (word(log.data, 0) == uint256(ISlaSettlement.Outcome.Rejected)) {
                state[log.topics[1]] = ISlaSettlement.SettlementState.Voided;
            }
        } else if (kind == ISlaSettlement.SettlementFinalized.selector) {
            state[log.topics[1]] = ISlaSettlement.SettlementState.Final;
            credited[log.topics[1]] = word(log.data, 0);
        } else if (kind == ISlaSettlement.CreditAccrued.selector) {
            accrued[log.topics[1]] += word(log.data, 0);
        } else if (kind == ISlaSettlement.CreditRedeemed.selector) {
            redeemed[log.topics[1]] += word(log.data, 0);
        }
    }

    function word(bytes calldata data, uint256 index) internal pure returns (uint256) {
        return uint256(bytes32(data[index * 32:]));
    }
}
