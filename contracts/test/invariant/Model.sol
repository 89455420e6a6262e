// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {SettlementModel} from "./SettlementModel.sol";

/// @title What both books should hold, kept the slow way: redemptions and roots beside what the parents keep
contract Model is SettlementModel {
    struct Redemption {
        bytes32 id;
        bytes32 invoice;
        ISettlementBook.RedemptionState state;
        uint80 amount;
        uint256 deadline;
        uint256 deadlineBlock;
    }

    Redemption[] internal redemptions;
    mapping(bytes16 calendar => mapping(uint32 period => bytes32[])) internal roots;

    // --------------------------------------------------------------------------------------------------- questions

    function redemptionCount() external view returns (uint256) {
        return redemptions.length;
    }

    function redemptionAt(uint256 index) external view returns (Redemption memory) {
        return redemptions[index];
    }

    function rootCount(bytes16 calendar, uint32 period) external view returns (uint256) {
        return roots[calendar][period].length;
    }

    function rootReason(
        bytes16 calendar,
        uint32 period,
        uint8 revision,
        bytes32 root
    ) external view returns (bytes4) {
        if (uint256(period) + 1 >= boundCount(calendar)) return IAgreementBook.SLAUnknownBound.selector;
        bool over = block.timestamp >= boundOf(calendar, uint256(period) + 1);
        bool next = revision == roots[calendar][period].length + 1;
        return over && next && root != 0 ? bytes4(0) : ISettlementBook.SLAInvalidRoot.selector;
    }

    function redeemReason(
        address caller,
        bytes32 id,
        bytes32 invoice,
        uint80 amount
    ) external view returns (bytes4) {
        if (!isTenant(id, caller)) return ISettlementBook.SLAUnauthorizedParty.selector;
        ISettlementBook.RedemptionState state = stateOf(id, invoice);
        bool free =
            state == ISettlementBook.RedemptionState.None || state == ISettlementBook.RedemptionState.Objected;
        if (!free) return ISettlementBook.SLARedemptionUnexpectedState.selector;
        return amountReason(id, invoice, amount);
    }

    function announceReason(
        address caller,
        bytes32 id,
        bytes32 invoice,
        uint80 amount
    ) external view returns (bytes4) {
        bool provider = isKnown(id) && termsOf(id, 1).provider == caller;
        if (!provider && caller != holder(ISettlementBook.Role.Billing)) {
            return ISettlementBook.SLAUnauthorizedParty.selector;
        }
        if (stateOf(id, invoice) != ISettlementBook.RedemptionState.None) {
            return ISettlementBook.SLARedemptionUnexpectedState.selector;
        }
        return amountReason(id, invoice, amount);
    }

    function objectReason(address caller, bytes32 id, bytes32 invoice) external view returns (bytes4) {
        if (!isTenant(id, caller)) return ISettlementBook.SLAUnauthorizedParty.selector;
        if (stateOf(id, invoice) != ISettlementBook.RedemptionState.Announced) {
            return ISettlementBook.SLARedemptionUnexpectedState.selector;
        }
        return hasPassed(id, invoice) ? ISettlementBook.SLAObjectionWindowClosed.selector : bytes4(0);
    }

    function completeReason(address caller, bytes32 id, bytes32 invoice) external view returns (bytes4) {
        if (stateOf(id, invoice) != ISettlementBook.RedemptionState.Announced) {
            return ISettlementBook.SLARedemptionUnexpectedState.selector;
        }
        if (!hasPassed(id, invoice) && !isTenant(id, caller)) return ISettlementBook.SLAUnauthorizedParty.selector;
        return amountReason(id, invoice, redemptions[place(id, invoice) - 1].amount);
    }

    // ----------------------------------------------------------------------------------------------------- changes

    function rooted(bytes16 calendar, uint32 period, bytes32 root) external {
        roots[calendar][period].push(root);
    }

    function redeemed(bytes32 id, bytes32 invoice, uint80 amount) external {
        Redemption storage changed = entry(id, invoice);
        bool announcedBefore = changed.state == ISettlementBook.RedemptionState.Announced;
        if (!announcedBefore) (changed.amount, changed.deadline, changed.deadlineBlock) = (amount, 0, 0);
        changed.state = ISettlementBook.RedemptionState.Redeemed;
        tallies[id].redeemed += changed.amount;
    }

    function announced(bytes32 id, bytes32 invoice, uint80 amount) external {
        Redemption storage made = entry(id, invoice);
        IAgreementBook.Terms memory terms = newestTerms(id);
        (made.state, made.amount) = (ISettlementBook.RedemptionState.Announced, amount);
        made.deadline = clock() + terms.disputeWindowSeconds;
        made.deadlineBlock = block.number + terms.disputeWindowBlocks;
    }

    function objected(bytes32 id, bytes32 invoice) external {
        entry(id, invoice).state = ISettlementBook.RedemptionState.Objected;
    }

    // ----------------------------------------------------------------------------------------------------- helpers

    function isTenant(bytes32 id, address caller) internal view returns (bool) {
        return isKnown(id) && termsOf(id, 1).tenant == caller;
    }

    function place(bytes32 id, bytes32 invoice) internal view returns (uint256 indexPlusOne) {
        for (uint256 i = 0; i < redemptions.length; ++i) {
            if (redemptions[i].id == id && redemptions[i].invoice == invoice) return i + 1;
        }
    }

    function entry(bytes32 id, bytes32 invoice) internal returns (Redemption storage found) {
        uint256 index = place(id, invoice);
        if (index != 0) return redemptions[index - 1];
        found = redemptions.push();
        (found.id, found.invoice) = (id, invoice);
    }

    function stateOf(bytes32 id, bytes32 invoice) internal view returns (ISettlementBook.RedemptionState) {
        uint256 index = place(id, invoice);
        return index == 0 ? ISettlementBook.RedemptionState.None : redemptions[index - 1].state;
    }

    function hasPassed(bytes32 id, bytes32 invoice) internal view returns (bool) {
        Redemption storage found = redemptions[place(id, invoice) - 1];
        return clock() >= found.deadline && block.number >= found.deadlineBlock;
    }

    function amountReason(bytes32 id, bytes32 invoice, uint80 amount) internal view returns (bytes4) {
        if (invoice == 0 || amount == 0) return ISettlementBook.SLAInvalidRedemption.selector;
        bool covered = outstanding(id) >= int256(uint256(amount));
        return covered ? bytes4(0) : ISettlementBook.SLAInsufficientCredit.selector;
    }
}
