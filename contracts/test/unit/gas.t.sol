// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Fixture} from "../support/Fixture.sol";
import {newSettlementBook} from "../support/Shipped.sol";
import {vm} from "../support/Vm.sol";

/**
 * What a batch costs as a whole transaction, its base fee and calldata included, on cold storage: tests run isolated, each call
 * a transaction of its own. Three of five attestors sign; every row is another agreement's. Written to snapshots/.
 */
contract GasTest is Fixture {
    function setUp() public override {
        super.setUp();
        keys = sortedKeys(5, "attestor");
        sla = newSettlementBook(book, CHANGE_DELAY, [ADMIN, ARBITER, BILLING, GUARDIAN], addressesOf(keys), 3);
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

    /// One of each of the other calls, on an agreement of three SLOs and both caps that has had its first credit.
    function test_Gas_SingleCalls() public {
        vm.warp(SIGNED_AT);
        IAgreementBook.Terms memory made = termsOf(3, 300_000, 10 * FEE);
        bytes32 id = agreeMeasured(made);
        vm.warp(NOW);
        ISettlementBook.Row memory item = rowOf(id, PERIOD, 0, 980_000, 1_000_000);
        submitMeasured(item, "submitReports, 1 row of 3 SLOs, both caps");
        submitMeasured(item, "submitReports, 1 row that is there");
        closeWindow();
        finalize(item);
        item.revision = 2;
        item.good = 900_000;
        submitMeasured(item, "submitReports, 1 restatement of what is final");
        disputeMeasured(item);
        resolve(item, ISettlementBook.Outcome.Upheld);
        vm.snapshotGasLastCall("SettlementBook", "resolveDispute, upheld");
        rulingsMeasured(id);
        redemptionMeasured(id);
        rootMeasured();
        amendMeasured(id, made);
    }

    function agreeMeasured(IAgreementBook.Terms memory made) internal returns (bytes32 id) {
        uint48 acceptBefore = book.boundAt(calendar, FIRST);
        vm.prank(PROVIDER);
        id = book.proposeAgreement(keccak256("single"), made, acceptBefore);
        vm.snapshotGasLastCall("AgreementBook", "proposeAgreement, 3 SLOs of 3 bands");
        vm.prank(TENANT);
        book.acceptProposal(id, made, acceptBefore);
        vm.snapshotGasLastCall("AgreementBook", "acceptProposal, 3 SLOs of 3 bands");
    }

    function submitMeasured(ISettlementBook.Row memory item, string memory name) internal {
        bytes[] memory signatures = signaturesFor(one(item), 3);
        sla.submitReports(one(item), signatures);
        vm.snapshotGasLastCall("SettlementBook", name);
    }

    function disputeMeasured(ISettlementBook.Row memory item) internal {
        dispute(item, PROVIDER);
        vm.snapshotGasLastCall("SettlementBook", "disputeSettlement");
        vm.prank(PROVIDER);
        sla.withdrawDispute(keyOf(item), item.revision);
        vm.snapshotGasLastCall("SettlementBook", "withdrawDispute");
        dispute(item, TENANT);
    }

    function rulingsMeasured(bytes32 id) internal {
        for (uint8 slo = 1; slo < 3; ++slo) {
            ISettlementBook.Row memory item = rowOf(id, PERIOD, slo, 980_000, 1_000_000);
            submitMeasured(item, "submitReports, 1 row of a further SLO");
            dispute(item, TENANT);
            item.good = 900_000;
            resolve(item, slo == 1 ? ISettlementBook.Outcome.Corrected : ISettlementBook.Outcome.Rejected);
            vm.snapshotGasLastCall("SettlementBook", slo == 1 ? "resolveDispute, corrected" : "resolveDispute, rejected");
        }
    }

    function redemptionMeasured(bytes32 id) internal {
        vm.prank(TENANT);
        sla.redeemCredit(id, INVOICE, 1_000);
        vm.snapshotGasLastCall("SettlementBook", "redeemCredit");
        vm.prank(BILLING);
        sla.announceRedemption(id, keccak256("next invoice"), 1_000);
        vm.snapshotGasLastCall("SettlementBook", "announceRedemption");
        closeWindow();
        sla.completeRedemption(id, keccak256("next invoice"));
        vm.snapshotGasLastCall("SettlementBook", "completeRedemption");
    }

    function rootMeasured() internal {
        bytes32 digest = sla.periodRootDigest(calendar, PERIOD, 1, keccak256("root"), 300);
        bytes[] memory signatures = signaturesOf(digest, 3);
        sla.recordPeriodRoot(calendar, PERIOD, 1, keccak256("root"), 300, signatures);
        vm.snapshotGasLastCall("SettlementBook", "recordPeriodRoot");
    }

    function amendMeasured(bytes32 id, IAgreementBook.Terms memory made) internal {
        made.firstPeriod = PERIOD + 8;
        made.feeMinor = 2 * FEE;
        uint48 acceptBefore = book.boundAt(calendar, made.firstPeriod);
        vm.prank(PROVIDER);
        book.proposeAmendment(id, made, acceptBefore);
        vm.snapshotGasLastCall("AgreementBook", "proposeAmendment, 3 SLOs of 3 bands");
        vm.prank(PROVIDER);
        book.withdrawProposal(id);
        vm.snapshotGasLastCall("AgreementBook", "withdrawProposal");
        vm.prank(TENANT);
        book.proposeAmendment(id, made, acceptBefore);
        vm.prank(PROVIDER);
        book.acceptProposal(id, made, acceptBefore);
        vm.snapshotGasLastCall("AgreementBook", "acceptProposal of an amendment, 3 SLOs of 3 bands");
        vm.prank(TENANT);
        book.terminateAgreement(id, PERIOD + 20);
        vm.snapshotGasLastCall("AgreementBook", "terminateAgreement");
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
