// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {SlowCredit} from "../support/SlowCredit.sol";

/**
 * @title What the contract should hold, kept the slow way
 * @dev Lists and loops instead of mappings, links and packed slots; no code of `src` but the types. The handler asks the
 * model what must happen before it asks the contract.
 */
contract Model {
    struct Row {
        bytes32 id;
        bytes32 agreementId;
        bytes32 sloId;
        uint48 start;
        uint48 end;
        uint64 good;
        uint64 valid;
        uint256 deadlineClock;
        uint256 deadlineBlock;
        ISlaSettlement.SettlementState state;
        uint32 revision;
        uint256 credited;
    }

    Row[] internal rows;
    bool public paused;
    uint256 public clock; // advances only while not paused
    mapping(bytes32 agreementId => uint256) public redeemed;
    mapping(bytes32 agreementId => uint256) public capMinor;
    mapping(bytes32 agreementId => uint96) public feeMinor;
    mapping(bytes32 invoice => bool) public invoiceUsed;
    ISlaSettlement.Band[] internal bands;

    constructor(uint256 now_, ISlaSettlement.Band[] memory schedule) {
        clock = now_;
        for (uint256 i = 0; i < schedule.length; ++i) bands.push(schedule[i]);
    }

    function addAgreement(bytes32 agreementId, uint96 fee, uint32 capPpm) external {
        feeMinor[agreementId] = fee;
        capMinor[agreementId] = SlowCredit.minorOf(fee, capPpm);
    }

    function pass(uint256 seconds_) external {
        if (!paused) clock += seconds_;
    }

    function setPaused(bool value) external {
        paused = value;
    }

    // --------------------------------------------------------------------------------------------------- questions

    function count() external view returns (uint256) {
        return rows.length;
    }

    function row(uint256 index) external view returns (Row memory) {
        return rows[index];
    }

    function overlaps(bytes32 agreementId, bytes32 sloId, uint48 start, uint48 end) external view returns (bool) {
        for (uint256 i = 0; i < rows.length; ++i) {
            Row storage other = rows[i];
            bool same = other.agreementId == agreementId && other.sloId == sloId;
            if (same && start < other.end && other.start < end) return true;
        }
        return false;
    }

    function windowClosed(uint256 index) external view returns (bool) {
        return clock >= rows[index].deadlineClock && block.number >= rows[index].deadlineBlock;
    }

    function credit(uint256 index) public view returns (uint256) {
        uint32 ppm = SlowCredit.ppmOf(bands, rows[index].good, rows[index].valid);
        return SlowCredit.minorOf(feeMinor[rows[index].agreementId], ppm);
    }

    function accrued(bytes32 agreementId) public view returns (uint256 sum) {
        for (uint256 i = 0; i < rows.length; ++i) {
            if (rows[i].agreementId == agreementId) sum += rows[i].credited;
        }
    }

    function creditedOfPeriod(bytes32 agreementId, uint48 start, uint48 end) public view returns (uint256 sum) {
        for (uint256 i = 0; i < rows.length; ++i) {
            bool same = rows[i].agreementId == agreementId && rows[i].start == start && rows[i].end == end;
            if (same) sum += rows[i].credited;
        }
    }

    function outstanding(bytes32 agreementId) external view returns (uint256) {
        return accrued(agreementId) - redeemed[agreementId];
    }

    // ----------------------------------------------------------------------------------------------------- changes

    function reported(bytes32 id, ISlaSettlement.Report calldata item, uint256 window, uint256 blocks) external {
        Row storage added = rows.push();
        (added.id, added.agreementId, added.sloId) = (id, item.agreementId, item.sloId);
        (added.start, added.end) = (item.periodStart, item.periodEnd);
        (added.good, added.valid) = (item.good, item.valid);
        (added.deadlineClock, added.deadlineBlock) = (clock + window, block.number + blocks);
        (added.state, added.revision) = (ISlaSettlement.SettlementState.Reported, 1);
    }

    function setState(uint256 index, ISlaSettlement.SettlementState state) external {
        rows[index].state = state;
    }

    function correct(uint256 index, uint64 good, uint64 valid) external {
        (rows[index].good, rows[index].valid) = (good, valid);
        ++rows[index].revision;
    }

    /// @return cut What the cap took off.
    function finalized(uint256 index) external returns (uint256 cut) {
        Row storage changed = rows[index];
        uint256 full = credit(index);
        uint256 used = creditedOfPeriod(changed.agreementId, changed.start, changed.end);
        uint256 left = capMinor[changed.agreementId] - used;
        changed.credited = full < left ? full : left;
        changed.state = ISlaSettlement.SettlementState.Final;
        return full - changed.credited;
    }

    function redeem(bytes32 agreementId, bytes32 invoice, uint256 amount) external {
        redeemed[agreementId] += amount;
        invoiceUsed[keccak256(abi.encode(agreementId, invoice))] = true;
    }
}
