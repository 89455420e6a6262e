// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {vm} from "../support/Vm.sol";

/// What rows cost, execution only (a transaction adds 21,000 and its calldata). Written to snapshots/SlaSettlement.json.
contract GasTest is Fixture {
    function test_Gas_Batches() public {
        settle("1 row, first of its SLO", 1, 0);
        settle("1 row", 1, 1);
        settle("100 rows of 100 agreements, first of their SLOs", 100, 2);
        settle("100 rows of 100 agreements", 100, 3);
    }

    /// Rounds 0 and 1, and 2 and 3, are two periods of the same agreements.
    function settle(string memory name, uint256 size, uint48 round) internal {
        ISlaSettlement.Report[] memory list = new ISlaSettlement.Report[](size);
        bytes32[] memory ids = new bytes32[](size);
        for (uint256 i = 0; i < size; ++i) {
            bytes32 agreementId = keccak256(abi.encode("gas", size, i));
            if (round % 2 == 0) activate(agreementId, terms());
            uint48 start = START - (5 - round) * 30 * DAY;
            list[i] = reportOf(agreementId, SLO, start, start + 30 * DAY, uint64(980_000 + i), 1_000_000);
            ids[i] = idOf(list[i]);
        }
        submitAll(list);
        vm.snapshotGasLastCall("SlaSettlement", string.concat("submitReports, ", name));
        closeWindow();
        sla.finalizeSettlements(ids);
        vm.snapshotGasLastCall("SlaSettlement", string.concat("finalizeSettlements, ", name));
    }
}
