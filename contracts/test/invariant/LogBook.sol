// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Vm} from "../support/Vm.sol";
import {AgreementLog} from "./AgreementLog.sol";

/**
 * @title Both books as a reader of events alone would keep them
 * @dev What anybody off chain does: no call to a contract, only logs. Keeps what each view of the settlement book answers.
 */
contract LogBook is AgreementLog {
    bytes32 internal constant ROW_TYPE = keccak256(
        "Row(bytes32 agreementId,uint32 period,uint8 slo,uint8 revision,uint64 good,uint64 valid,bytes32 documentHash)"
    );

    struct Root {
        bytes16 calendar;
        uint32 period;
        bytes32 root;
        uint32 leafCount;
        uint8 revision;
    }

    ISettlementBook.Key[] internal keys;
    mapping(bytes32 key => ISettlementBook.Settlement[2]) internal words;
    mapping(bytes32 id => int256[3]) internal balances; // accrued, revoked, redeemed
    mapping(bytes32 idAndInvoice => ISettlementBook.Redemption) internal redemptions;
    Root[] internal roots; // all there ever were
    mapping(uint8 role => address) public holderOf;
    mapping(uint8 role => address) public announcedHolder;
    mapping(uint8 role => uint48) public announcedAt;
    bytes32 public attestorsHash; // of members, threshold, epoch and config digest
    bytes32 public announcedAttestors;
    uint48 public attestorsAt;
    bool public paused;

    function read(Vm.Log[] calldata logs) external {
        for (uint256 i = 0; i < logs.length; ++i) {
            Vm.Log calldata log = logs[i];
            bool known = readAgreements(log) || readSettlements(log) || readCredits(log) || readAdministration(log);
            require(known, "an event that no reader knows");
        }
    }

    // --------------------------------------------------------------------------------------------------- questions

    function keyCount() external view returns (uint256) {
        return keys.length;
    }

    function keyAt(uint256 index) external view returns (ISettlementBook.Key memory) {
        return keys[index];
    }

    function settlement(
        ISettlementBook.Key calldata key
    ) external view returns (ISettlementBook.Settlement memory, ISettlementBook.Settlement memory) {
        ISettlementBook.Settlement[2] storage found = words[nameOf(key)];
        return (found[0], found[1]);
    }

    function balanceOf(bytes32 id) external view returns (int256, int256, int256) {
        return (balances[id][0], balances[id][1], balances[id][2]);
    }

    function redemptionOf(bytes32 id, bytes32 invoice) external view returns (ISettlementBook.Redemption memory) {
        return redemptions[keccak256(abi.encode(id, invoice))];
    }

    function rootOf(bytes16 calendar, uint32 period) external view returns (bytes32, uint32, uint8) {
        for (uint256 i = roots.length; i > 0; --i) {
            Root memory found = roots[i - 1];
            bool same = found.calendar == calendar && found.period == period;
            if (same) return (found.root, found.leafCount, found.revision);
        }
        return (0, 0, 0);
    }

    function rootedCount() external view returns (uint256) {
        return roots.length;
    }

    function rootedAt(uint256 index) external view returns (bytes16, uint32) {
        return (roots[index].calendar, roots[index].period);
    }

    // ------------------------------------------------------------------------------------------------- settlements

    function readSettlements(Vm.Log calldata log) internal returns (bool) {
        bytes32 kind = log.topics[0];
        if (kind == ISettlementBook.SettlementReported.selector) reported(log);
        else if (kind == ISettlementBook.SettlementDisputed.selector) disputed(log);
        else if (kind == ISettlementBook.DisputeWithdrawn.selector) {
            (uint8 revision, address party) = abi.decode(log.data, (uint8, address));
            ISettlementBook.Settlement storage found = word(log, revision);
            bool both = found.state == ISettlementBook.State.DisputedByBoth;
            bool provider = party == providerOf(log.topics[1]);
            found.state = !both
                ? ISettlementBook.State.Reported
                : provider ? ISettlementBook.State.DisputedByTenant : ISettlementBook.State.DisputedByProvider;
        } else if (kind == ISettlementBook.DisputeResolved.selector) resolved(log);
        else if (kind == ISettlementBook.SettlementFinalized.selector) finalized(log);
        else return kind == ISettlementBook.RowSkipped.selector;
        return true;
    }

    function reported(Vm.Log calldata log) internal {
        ISettlementBook.Key memory key = keyOf(log);
        ISettlementBook.Settlement[2] storage found = words[nameOf(key)];
        if (found[0].revision == 0) keys.push(key);
        uint256 place = found[0].state < ISettlementBook.State.Final ? 0 : 1;
        ISettlementBook.Row memory row;
        (row.agreementId, row.period, row.slo) = (key.agreementId, key.period, key.slo);
        ISettlementBook.Settlement memory made;
        (
            row.revision,
            row.good,
            row.valid,
            row.documentHash,
            made.creditPpm,
            made.deadline,
            made.deadlineBlock
        ) = abi.decode(log.data, (uint8, uint64, uint64, bytes32, uint32, uint48, uint32));
        (made.state, made.revision) = (ISettlementBook.State.Reported, row.revision);
        made.commitment = commitment(row);
        found[place] = made;
    }

    function disputed(Vm.Log calldata log) internal {
        (uint8 revision, address party,,) = abi.decode(log.data, (uint8, address, bytes32, bytes32));
        ISettlementBook.Settlement storage found = word(log, revision);
        if (found.state != ISettlementBook.State.Reported) found.state = ISettlementBook.State.DisputedByBoth;
        else if (party == providerOf(log.topics[1])) found.state = ISettlementBook.State.DisputedByProvider;
        else found.state = ISettlementBook.State.DisputedByTenant;
    }

    function resolved(Vm.Log calldata log) internal {
        (ISettlementBook.Outcome outcome, uint8 revision, uint64 good, uint64 valid, bytes32 document, uint32 ppm,) =
            abi.decode(log.data, (ISettlementBook.Outcome, uint8, uint64, uint64, bytes32, uint32, bytes32));
        if (outcome == ISettlementBook.Outcome.Rejected) {
            ISettlementBook.Settlement storage voided = word(log, revision);
            (voided.state, voided.creditPpm) = (ISettlementBook.State.Voided, 0);
        } else if (outcome == ISettlementBook.Outcome.Corrected) {
            ISettlementBook.Settlement storage changed = word(log, revision - 1);
            ISettlementBook.Key memory key = keyOf(log);
            (changed.revision, changed.creditPpm) = (revision, ppm);
            changed.commitment = commitment(
                ISettlementBook.Row(key.agreementId, key.period, key.slo, revision, good, valid, document)
            );
        }
    }

    function finalized(Vm.Log calldata log) internal {
        (uint8 revision,, int96 delta,) = abi.decode(log.data, (uint8, uint80, int96, bool));
        ISettlementBook.Settlement[2] storage found = words[nameOf(keyOf(log))];
        ISettlementBook.Settlement memory last = word(log, revision);
        last.state = ISettlementBook.State.Final;
        found[0] = last;
        delete found[1];
        if (delta > 0) balances[log.topics[1]][0] += delta;
        else balances[log.topics[1]][1] -= delta;
    }

    // ------------------------------------------------------------------------------------------------------ credit

    function readCredits(Vm.Log calldata log) internal returns (bool) {
        bytes32 kind = log.topics[0];
        if (kind == ISettlementBook.PeriodRootRecorded.selector) {
            Root memory made;
            (made.revision, made.root, made.leafCount) = abi.decode(log.data, (uint8, bytes32, uint32));
            (made.calendar, made.period) = (bytes16(log.topics[1]), uint32(uint256(log.topics[2])));
            roots.push(made);
            return true;
        }
        if (log.topics.length < 3) return false;
        ISettlementBook.Redemption storage changed = redemptions[keccak256(abi.encode(log.topics[1], log.topics[2]))];
        if (kind == ISettlementBook.RedemptionAnnounced.selector) {
            changed.state = ISettlementBook.RedemptionState.Announced;
            (, changed.amountMinor, changed.deadline, changed.deadlineBlock) =
                abi.decode(log.data, (address, uint80, uint48, uint32));
        } else if (kind == ISettlementBook.RedemptionObjected.selector) {
            changed.state = ISettlementBook.RedemptionState.Objected;
        } else if (kind == ISettlementBook.CreditRedeemed.selector) {
            uint80 amount = abi.decode(log.data, (uint80));
            bool announced = changed.state == ISettlementBook.RedemptionState.Announced;
            if (!announced) (changed.deadline, changed.deadlineBlock) = (0, 0);
            (changed.state, changed.amountMinor) = (ISettlementBook.RedemptionState.Redeemed, amount);
            balances[log.topics[1]][2] += int256(uint256(amount));
        } else {
            return false;
        }
        return true;
    }

    // ---------------------------------------------------------------------------------------------- administration

    function readAdministration(Vm.Log calldata log) internal returns (bool) {
        bytes32 kind = log.topics[0];
        if (kind == keccak256("Paused(address)")) paused = true;
        else if (kind == keccak256("Unpaused(address)")) paused = false;
        else if (kind == ISettlementBook.RoleChangeAnnounced.selector) {
            uint8 role = uint8(uint256(log.topics[1]));
            (announcedHolder[role], announcedAt[role]) = abi.decode(log.data, (address, uint48));
        } else if (kind == ISettlementBook.RoleChanged.selector) {
            uint8 role = uint8(uint256(log.topics[1]));
            (, holderOf[role]) = abi.decode(log.data, (address, address));
            (announcedHolder[role], announcedAt[role]) = (address(0), 0);
        } else if (kind == ISettlementBook.AttestorsAnnounced.selector) {
            (address[] memory members, uint8 threshold, uint48 since) =
                abi.decode(log.data, (address[], uint8, uint48));
            (announcedAttestors, attestorsAt) = (keccak256(abi.encode(members, threshold)), since);
        } else if (kind == ISettlementBook.AttestorsSet.selector) {
            (bytes32 config, address[] memory members, uint8 threshold) =
                abi.decode(log.data, (bytes32, address[], uint8));
            attestorsHash = keccak256(abi.encode(members, threshold, uint32(uint256(log.topics[1])), config));
            (announcedAttestors, attestorsAt) = (0, 0);
        } else {
            return false;
        }
        return true;
    }

    // ----------------------------------------------------------------------------------------------------- helpers

    function keyOf(Vm.Log calldata log) internal pure returns (ISettlementBook.Key memory) {
        return ISettlementBook.Key({
            agreementId: log.topics[1],
            period: uint32(uint256(log.topics[2])),
            slo: uint8(uint256(log.topics[3]))
        });
    }

    function nameOf(ISettlementBook.Key memory key) internal pure returns (bytes32) {
        return keccak256(abi.encode(key));
    }

    function word(Vm.Log calldata log, uint8 revision) internal view returns (ISettlementBook.Settlement storage) {
        ISettlementBook.Settlement[2] storage found = words[nameOf(keyOf(log))];
        return found[0].revision == revision ? found[0] : found[1];
    }

    function commitment(ISettlementBook.Row memory row) internal pure returns (bytes20) {
        return bytes20(keccak256(abi.encode(ROW_TYPE, row)));
    }
}
