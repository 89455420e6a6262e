// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AgreementBook} from "../../src/AgreementBook.sol";
import {SettlementBook} from "../../src/SettlementBook.sol";
import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {newAgreementBook, newSettlementBook} from "./Shipped.sol";
import {vm} from "./Vm.sol";

/**
 * @title Two books, one agreement, everybody who acts
 * @dev The stage every test starts from: a calendar of 30 days a period, three attestors of whom two must sign, and an accepted
 * agreement with one SLO of 99.9 % and the bands 10 % below 99.9 %, 25 % below 99 %, 100 % below 95 %. It is the middle of
 * period 14; the agreement began with period 2.
 */
abstract contract Fixture {
    address internal constant ADMIN = address(0xAD);
    address internal constant ARBITER = address(0xA4);
    address internal constant BILLING = address(0xB1);
    address internal constant GUARDIAN = address(0x6D);
    address internal constant PROVIDER = address(0x9A);
    address internal constant TENANT = address(0x7E);
    address internal constant STRANGER = address(0x57);

    uint48 internal constant DAY = 86_400;
    uint32 internal constant PERIOD_SECONDS = 30 days;
    uint48 internal constant ANCHOR = 1_800_000_000;
    uint32 internal constant FIRST = 2; // first period of the agreement
    uint32 internal constant PERIOD = 12; // the period most tests settle: it ended 45 days ago
    uint32 internal constant PERIODS = 120;
    uint48 internal constant SIGNED_AT = ANCHOR + PERIOD_SECONDS;
    uint48 internal constant NOW = ANCHOR + 14 * PERIOD_SECONDS + 15 * DAY;
    uint32 internal constant GRACE = 1 days;
    uint32 internal constant WINDOW = 7 days;
    uint32 internal constant WINDOW_BLOCKS = 100;
    uint32 internal constant RULING = 14 days;
    uint32 internal constant REPORT = 60 days;
    uint32 internal constant RESTATE = 180 days;
    uint32 internal constant NOTICE = 20 days;
    uint72 internal constant FEE = 1_000_003; // not a multiple of anything, so that floors show
    uint48 internal constant CHANGE_DELAY = 2 days;
    uint32 internal constant MINIMUM_WINDOW = 1 hours;

    bytes32 internal constant REFERENCE = keccak256("agreement");
    bytes32 internal constant SLO = bytes32(uint256(0x510));
    bytes32 internal constant INVOICE = keccak256("invoice");

    AgreementBook internal book;
    SettlementBook internal sla;
    bytes16 internal calendar;
    bytes32 internal agreement; // the id of the stage's agreement
    uint256[] internal keys; // of the attestors, ascending by address

    function setUp() public virtual {
        vm.warp(SIGNED_AT);
        vm.roll(1_000_000);
        keys = sortedKeys(3, "attestor");
        book = newAgreementBook(MINIMUM_WINDOW);
        sla = newSettlementBook(book, CHANGE_DELAY, [ADMIN, ARBITER, BILLING, GUARDIAN], addressesOf(keys), 2);
        vm.label(address(book), "AgreementBook"); // traces know a contract by the bytes that forge has compiled, and these are others
        vm.label(address(sla), "SettlementBook");
        calendar = book.publishFixedCalendar(ANCHOR, PERIOD_SECONDS, PERIODS);
        agreement = activate(REFERENCE, terms());
        vm.warp(NOW);
    }

    // ----------------------------------------------------------------------------------------------------- terms

    function bands() internal pure returns (IAgreementBook.Band[] memory list) {
        list = new IAgreementBook.Band[](3);
        list[0] = IAgreementBook.Band({belowPpm: 999_000, creditPpm: 100_000});
        list[1] = IAgreementBook.Band({belowPpm: 990_000, creditPpm: 250_000});
        list[2] = IAgreementBook.Band({belowPpm: 950_000, creditPpm: 1_000_000});
    }

    function terms() internal view returns (IAgreementBook.Terms memory) {
        return termsOf(1, 1_000_000, 0);
    }

    /// @dev Several SLOs of the same bands, whose credits no cap of the period below them allows.
    function termsOf(
        uint256 sloCount,
        uint32 capPpm,
        uint72 yearCapMinor
    ) internal view returns (IAgreementBook.Terms memory made) {
        made.provider = PROVIDER;
        made.tenant = TENANT;
        made.termsHash = keccak256("terms document");
        made.calendar = calendar;
        made.firstPeriod = FIRST;
        made.yearPeriods = 12;
        made.currency = "EUR";
        made.exponent = 2;
        made.feeMinor = FEE;
        made.capPpm = capPpm;
        made.yearCapMinor = yearCapMinor;
        made.graceSeconds = GRACE;
        made.disputeWindowSeconds = WINDOW;
        made.disputeWindowBlocks = WINDOW_BLOCKS;
        made.rulingSeconds = RULING;
        made.reportSeconds = REPORT;
        made.restateSeconds = RESTATE;
        made.noticeSeconds = NOTICE;
        made.slos = new IAgreementBook.SloTerms[](sloCount);
        for (uint256 i = 0; i < sloCount; ++i) {
            made.slos[i] = IAgreementBook.SloTerms({sloId: bytes32(uint256(SLO) + i), bands: bands()});
            for (uint256 j = 0; j < 3; ++j) {
                if (made.slos[i].bands[j].creditPpm > capPpm) made.slos[i].bands[j].creditPpm = capPpm;
            }
        }
    }

    /// @dev Proposed and accepted in the second before its first period begins at the latest.
    function activate(bytes32 reference_, IAgreementBook.Terms memory made) internal returns (bytes32 agreementId) {
        uint48 acceptBefore = book.boundAt(made.calendar, made.firstPeriod);
        vm.prank(made.provider);
        agreementId = book.proposeAgreement(reference_, made, acceptBefore);
        vm.prank(made.tenant);
        book.acceptProposal(agreementId, made, acceptBefore);
    }

    // --------------------------------------------------------------------------------------------------- reports

    /// @dev 98 % of the usual period: a credit of 25 %.
    function row() internal view returns (ISettlementBook.Row memory) {
        return rowOf(agreement, PERIOD, 0, 980_000, 1_000_000);
    }

    function rowOf(
        bytes32 agreementId,
        uint32 period,
        uint8 slo,
        uint64 good,
        uint64 valid
    ) internal pure returns (ISettlementBook.Row memory) {
        return ISettlementBook.Row({
            agreementId: agreementId,
            period: period,
            slo: slo,
            revision: 1,
            good: good,
            valid: valid,
            documentHash: keccak256(abi.encode("document", agreementId, period, slo, good, valid))
        });
    }

    function keyOf(ISettlementBook.Row memory item) internal pure returns (ISettlementBook.Key memory) {
        return ISettlementBook.Key({agreementId: item.agreementId, period: item.period, slo: item.slo});
    }

    function one(ISettlementBook.Row memory item) internal pure returns (ISettlementBook.Row[] memory list) {
        list = new ISettlementBook.Row[](1);
        list[0] = item;
    }

    function one(ISettlementBook.Key memory item) internal pure returns (ISettlementBook.Key[] memory list) {
        list = new ISettlementBook.Key[](1);
        list[0] = item;
    }

    /// @dev Send one row, properly signed, by a stranger: anybody may. Answers the reason why it was set apart, or 0.
    function submit(ISettlementBook.Row memory item) internal returns (bytes4) {
        return submitAll(one(item))[0];
    }

    function submitAll(ISettlementBook.Row[] memory list) internal returns (bytes4[] memory) {
        bytes[] memory signatures = signaturesFor(list, 2);
        vm.prank(STRANGER);
        return sla.submitReports(list, signatures);
    }

    /// @dev The state in which `finalizeSettlements` works: both halves of the window have passed.
    function closeWindow() internal {
        vm.warp(block.timestamp + WINDOW);
        vm.roll(block.number + WINDOW_BLOCKS);
    }

    function finalize(ISettlementBook.Row memory item) internal returns (bytes4) {
        return sla.finalizeSettlements(one(keyOf(item)))[0];
    }

    /// @dev Reported and final.
    function settle(ISettlementBook.Row memory item) internal {
        vm.assertEq(bytes32(0), bytes32(submit(item)), "reported");
        closeWindow();
        vm.assertEq(bytes32(0), bytes32(finalize(item)), "final");
    }

    function dispute(ISettlementBook.Row memory item, address party) internal {
        vm.prank(party);
        sla.disputeSettlement(keyOf(item), item.revision, keccak256("reason"), 0);
    }

    function resolve(ISettlementBook.Row memory item, ISettlementBook.Outcome outcome) internal {
        vm.prank(ARBITER);
        sla.resolveDispute(item, outcome, keccak256("ruling"));
    }

    function pause() internal {
        vm.prank(GUARDIAN);
        sla.pause();
    }

    function unpause() internal {
        vm.prank(ADMIN);
        sla.unpause();
    }

    function standing(ISettlementBook.Row memory item) internal view returns (ISettlementBook.Settlement memory found) {
        (found,) = sla.getSettlement(keyOf(item));
    }

    function pending(ISettlementBook.Row memory item) internal view returns (ISettlementBook.Settlement memory found) {
        (, found) = sla.getSettlement(keyOf(item));
    }

    function requireState(ISettlementBook.Row memory item, ISettlementBook.State expected) internal view {
        vm.assertEq(uint256(expected), uint256(standing(item).state), "state");
    }

    function outstanding(bytes32 agreementId) internal view returns (int256) {
        ISettlementBook.Balance memory balance = sla.balanceOf(agreementId);
        return int256(uint256(balance.accrued)) - int256(uint256(balance.revoked))
            - int256(uint256(balance.redeemed));
    }

    // -------------------------------------------------------------------------------------------------------- keys

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

    function signaturesFor(
        ISettlementBook.Row[] memory list,
        uint256 count
    ) internal view returns (bytes[] memory signatures) {
        return signaturesOf(sla.batchDigest(list), count);
    }

    function signaturesOf(bytes32 digest, uint256 count) internal view returns (bytes[] memory signatures) {
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) signatures[i] = signature(keys[i], digest);
    }

    function enforcedPause() internal pure returns (bytes memory) {
        return abi.encodeWithSignature("EnforcedPause()");
    }
}
