// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AgreementBook} from "../../src/AgreementBook.sol";
import {SettlementBook} from "../../src/SettlementBook.sol";
import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Fixture} from "../support/Fixture.sol";
import {vm} from "../support/Vm.sol";

/**
 * What a batch costs as a whole transaction, its base fee and calldata included, on cold storage: tests run isolated, each call
 * a transaction of its own. Three of five attestors sign; every row is another agreement's. Written to snapshots/.
 */
contract GasTest is Fixture {
    function setUp() public override {
        super.setUp();
        keys = sortedKeys(5, "attestor");
        sla = new SettlementBook(book, CHANGE_DELAY, [ADMIN, ARBITER, BILLING, GUARDIAN], addressesOf(keys), 3);
    }

    function test_Gas_Batches() public {
        uint72 yearCap = 10 * FEE;
        for (uint256 i = 0; i < 4; ++i) measure([uint256(1), 10, 100, 200][i], 3, 300_000, yearCap, "3 SLOs, both caps");
        measure(100, 3, 300_000, 0, "3 SLOs, no cap of the year");
        measure(100, 1, 1_000_000, 0, "1 SLO, no cap of the year");
        measure(100, 8, 300_000, yearCap, "8 SLOs, both caps");
    }

    /// A first period makes the balances, as after some months; then the first breach of another period is measured.
    function measure(uint256 size, uint256 slos, uint32 capPpm, uint72 yearCapMinor, string memory shape) internal {
        IAgreementBook.Terms memory made = termsOf(slos, capPpm, yearCapMinor);
        ISettlementBook.Row[] memory rows = new ISettlementBook.Row[](size);
        ISettlementBook.Key[] memory names = new ISettlementBook.Key[](size);
        vm.warp(SIGNED_AT);
        for (uint256 i = 0; i < size; ++i) {
            bytes32 id = activate(keccak256(abi.encode("gas", shape, size, i)), made);
            rows[i] = rowOf(id, PERIOD, 0, uint64(980_000 + i), 1_000_000);
            names[i] = keyOf(rows[i]);
        }
        vm.warp(NOW);
        string memory name = string.concat(vm.toString(size), " rows, ", shape);
        settleAll(rows, names, string.concat(name, ", first of their agreements"));
        for (uint256 i = 0; i < size; ++i) names[i].period = rows[i].period = PERIOD + 1;
        settleAll(rows, names, name);
    }

    function settleAll(
        ISettlementBook.Row[] memory rows,
        ISettlementBook.Key[] memory names,
        string memory name
    ) internal {
        bytes[] memory signatures = signaturesFor(rows, 3);
        bytes4[] memory refused = sla.submitReports(rows, signatures);
        vm.snapshotGasLastCall("SettlementBook", string.concat("submitReports, ", name));
        for (uint256 i = 0; i < refused.length; ++i) vm.assertEq(bytes32(0), bytes32(refused[i]), "reported");
        closeWindow();
        refused = sla.finalizeSettlements(names);
        vm.snapshotGasLastCall("SettlementBook", string.concat("finalizeSettlements, ", name));
        for (uint256 i = 0; i < refused.length; ++i) vm.assertEq(bytes32(0), bytes32(refused[i]), "final");
    }
}
