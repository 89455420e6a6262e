// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {SlaSettlement} from "../../src/SlaSettlement.sol";
import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {vm} from "./Vm.sol";

/**
 * @title One contract, one agreement, five roles
 * @dev The stage every test starts from: three attestors of whom two must sign, and an agreement (Proposed and accepted)
 * with one SLO of 99.9 % and the bands 10 % below 99.9 %, 25 % below 99 %, 100 % below 95 %.
 */
abstract contract Fixture {
    address internal constant ADMIN = address(0xAD);
    address internal constant REPORTER = address(0x4E);
    address internal constant ARBITER = address(0xA4);
    address internal constant BILLING = address(0xB1);
    address internal constant GUARDIAN = address(0x6D);
    address internal constant PROVIDER = address(0x9A);
    address internal constant TENANT = address(0x7E);
    address internal constant STRANGER = address(0x57);

    uint48 internal constant NOW = 1_800_000_000;
    uint48 internal constant DAY = 86_400;
    uint48 internal constant STARTS_AT = NOW - 400 * DAY;
    uint48 internal constant START = NOW - 40 * DAY; // of the period most tests settle
    uint48 internal constant END = NOW - 10 * DAY;
    uint32 internal constant GRACE = 1 days;
    uint32 internal constant WINDOW = 7 days;
    uint32 internal constant WINDOW_BLOCKS = 100;
    uint96 internal constant FEE = 1_000_003; // not a multiple of anything, so that floors show
    uint48 internal constant ADMIN_DELAY = 2 days;

    bytes32 internal constant AGREEMENT = keccak256("agreement");
    bytes32 internal constant SLO = bytes32(uint256(0x510));
    bytes32 internal constant INVOICE = keccak256("invoice");

    SlaSettlement internal sla;
    uint256[] internal keys; // of the attestors, ascending by address

    function setUp() public virtual {
        vm.warp(NOW);
        vm.roll(1_000_000);
        keys = sortedKeys(3, "attestor");
        sla = new SlaSettlement(ADMIN, ADMIN_DELAY, addressesOf(keys), 2);
        grant(sla.REPORTER_ROLE(), REPORTER);
        grant(sla.ARBITER_ROLE(), ARBITER);
        grant(sla.BILLING_ROLE(), BILLING);
        grant(sla.GUARDIAN_ROLE(), GUARDIAN);
        activate(AGREEMENT, terms());
    }

    // ----------------------------------------------------------------------------------------------------- terms

    function bands() internal pure returns (ISlaSettlement.Band[] memory list) {
        list = new ISlaSettlement.Band[](3);
        list[0] = ISlaSettlement.Band({belowPpm: 999_000, creditPpm: 100_000});
        list[1] = ISlaSettlement.Band({belowPpm: 990_000, creditPpm: 250_000});
        list[2] = ISlaSettlement.Band({belowPpm: 950_000, creditPpm: 1_000_000});
    }

    function terms() internal pure returns (ISlaSettlement.Terms memory made) {
        return termsOf(1, 1_000_000);
    }

    function termsOf(uint256 sloCount, uint32 capPpm) internal pure returns (ISlaSettlement.Terms memory made) {
        made.provider = PROVIDER;
        made.tenant = TENANT;
        made.termsHash = keccak256("terms document");
        made.currency = "EUR";
        made.exponent = 2;
        made.feeMinor = FEE;
        made.capPpm = capPpm;
        made.startsAt = STARTS_AT;
        made.graceSeconds = GRACE;
        made.disputeWindowSeconds = WINDOW;
        made.disputeWindowBlocks = WINDOW_BLOCKS;
        made.slos = new ISlaSettlement.SloTerms[](sloCount);
        for (uint256 i = 0; i < sloCount; ++i) {
            made.slos[i] =
                ISlaSettlement.SloTerms({sloId: bytes32(uint256(SLO) + i), objectivePpm: 999_000, bands: bands()});
        }
    }

    function activate(bytes32 agreementId, ISlaSettlement.Terms memory made) internal {
        vm.prank(made.provider);
        sla.proposeAgreement(agreementId, made);
        bytes32 digest = sla.agreementTermsDigest(made);
        vm.prank(made.tenant);
        sla.acceptAgreement(agreementId, digest);
    }

    // --------------------------------------------------------------------------------------------------- reports

    /// @dev 98 % of the usual period: a credit of 25 %.
    function report() internal pure returns (ISlaSettlement.Report memory) {
        return reportOf(AGREEMENT, SLO, START, END, 980_000, 1_000_000);
    }

    function reportOf(
        bytes32 agreementId,
        bytes32 sloId,
        uint48 start,
        uint48 end,
        uint64 good,
        uint64 valid
    ) internal pure returns (ISlaSettlement.Report memory) {
        return ISlaSettlement.Report({
            agreementId: agreementId,
            sloId: sloId,
            periodStart: start,
            periodEnd: end,
            good: good,
            valid: valid,
            evidenceRoot: keccak256(abi.encode("root", agreementId, sloId, start)),
            leafCount: 720,
            documentHash: keccak256(abi.encode("document", agreementId, sloId, start))
        });
    }

    function one(ISlaSettlement.Report memory item) internal pure returns (ISlaSettlement.Report[] memory list) {
        list = new ISlaSettlement.Report[](1);
        list[0] = item;
    }

    function one(bytes32 item) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](1);
        list[0] = item;
    }

    function idOf(ISlaSettlement.Report memory item) internal view returns (bytes32) {
        return sla.settlementIdOf(item.agreementId, item.sloId, item.periodStart, item.periodEnd);
    }

    function submit(ISlaSettlement.Report memory item) internal returns (bytes32) {
        submitAll(one(item));
        return idOf(item);
    }

    function submitAll(ISlaSettlement.Report[] memory list) internal {
        bytes[] memory signatures = signaturesFor(list, 2);
        vm.prank(REPORTER);
        sla.submitReports(list, signatures);
    }

    /// @dev Expect `revertData` when the reporter submits `item`, properly signed.
    function refuseReport(ISlaSettlement.Report memory item, bytes memory revertData) internal {
        ISlaSettlement.Report[] memory list = one(item);
        bytes[] memory signatures = signaturesFor(list, 2);
        vm.expectRevert(revertData);
        vm.prank(REPORTER);
        sla.submitReports(list, signatures);
    }

    /// @dev The state in which `finalizeSettlements` works: both halves of the window have passed.
    function closeWindow() internal {
        vm.warp(block.timestamp + WINDOW);
        vm.roll(block.number + WINDOW_BLOCKS);
    }

    function finalize(bytes32 settlementId) internal {
        sla.finalizeSettlements(one(settlementId));
    }

    function dispute(bytes32 settlementId) internal {
        vm.prank(TENANT);
        sla.disputeSettlement(settlementId, keccak256("reason"), 0);
    }

    function resolve(bytes32 settlementId, ISlaSettlement.Outcome outcome, uint64 good, uint64 valid) internal {
        vm.prank(ARBITER);
        sla.resolveDispute(settlementId, outcome, good, valid, keccak256("ruling"));
    }

    function pause() internal {
        vm.prank(GUARDIAN);
        sla.pause();
    }

    function unpause() internal {
        vm.prank(ADMIN);
        sla.unpause();
    }

    function stateOf(bytes32 settlementId) internal view returns (ISlaSettlement.SettlementState) {
        return sla.getSettlement(settlementId).state;
    }

    function requireState(bytes32 settlementId, ISlaSettlement.SettlementState expected) internal view {
        vm.assertEq(uint256(expected), uint256(stateOf(settlementId)), "state");
    }

    // ----------------------------------------------------------------------------------------------- keys, roles

    function grant(bytes32 role, address account) internal {
        vm.prank(ADMIN);
        sla.grantRole(role, account);
    }

    function sortedKeys(uint256 count, string memory label) internal pure returns (uint256[] memory list) {
        list = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 key = uint256(keccak256(abi.encode(label, i)));
            uint256 place = i;
            for (; place > 0 && vm.addr(list[place - 1]) > vm.addr(key); --place) list[place] = list[place - 1];
            list[place] = key;
        }
    }

    function addressesOf(uint256[] memory list) internal pure returns (address[] memory addresses) {
        addresses = new address[](list.length);
        for (uint256 i = 0; i < list.length; ++i) addresses[i] = vm.addr(list[i]);
    }

    function signature(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function signaturesFor(ISlaSettlement.Report[] memory list, uint256 count)
        internal
        view
        returns (bytes[] memory signatures)
    {
        return signaturesOf(sla.reportDigest(list), count);
    }

    function signaturesOf(bytes32 digest, uint256 count) internal view returns (bytes[] memory signatures) {
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) signatures[i] = signature(keys[i], digest);
    }

    function missingRole(address account, bytes32 role) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("AccessControlUnauthorizedAccount(address,bytes32)", account, role);
    }

    function enforcedPause() internal pure returns (bytes memory) {
        return abi.encodeWithSignature("EnforcedPause()");
    }
}
