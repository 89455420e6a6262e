// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Model} from "./Model.sol";
import {Stage} from "./Stage.sol";

/// @title What tenants, billing and providers do with credit
abstract contract RedemptionActions is Stage {
    function redeem(uint256 seed) external {
        shuffle(seed);
        bytes32 id = anyKnownDeal();
        (bytes32 invoice, uint80 amount) = anyClaim(id);
        address caller = casting(model.termsOf(id, 1).tenant);

        bytes4 reason = unlessPaused(model.redeemReason(caller, id, invoice, amount));
        bytes memory call = abi.encodeCall(sla.redeemCredit, (id, invoice, amount));
        (bool done,) = act("redeem", caller, address(sla), call, reason, 1);
        if (done) model.redeemed(id, invoice, amount);
    }

    function announce(uint256 seed) external {
        shuffle(seed);
        bytes32 id = anyKnownDeal();
        (bytes32 invoice, uint80 amount) = anyClaim(id);
        address billing = model.holder(ISettlementBook.Role.Billing);
        address caller = casting(oneIn(2) ? PROVIDER : billing == address(0) ? STRANGER : billing);

        bytes4 reason = unlessPaused(model.announceReason(caller, id, invoice, amount));
        bytes memory call = abi.encodeCall(sla.announceRedemption, (id, invoice, amount));
        (bool done,) = act("announce", caller, address(sla), call, reason, 1);
        if (done) model.announced(id, invoice, amount);
    }

    function object(uint256 seed) external {
        shuffle(seed);
        (bytes32 id, bytes32 invoice) = anyAnnounced();
        address caller = casting(model.termsOf(id, 1).tenant);

        bytes4 reason = model.objectReason(caller, id, invoice);
        bytes memory call = abi.encodeCall(sla.objectRedemption, (id, invoice));
        (bool done,) = act("object", caller, address(sla), call, reason, 1);
        if (!done) return;
        model.objected(id, invoice);
        if (model.paused()) ++reached["object while paused"][0];
    }

    function complete(uint256 seed) external {
        shuffle(seed);
        (bytes32 id, bytes32 invoice) = anyAnnounced();
        address caller = oneIn(2) ? STRANGER : casting(model.termsOf(id, 1).tenant);

        bytes4 reason = unlessPaused(model.completeReason(caller, id, invoice));
        bytes memory call = abi.encodeCall(sla.completeRedemption, (id, invoice));
        (bool done,) = act("complete", caller, address(sla), call, reason, 1);
        if (done) model.redeemed(id, invoice, 0);
    }

    // ----------------------------------------------------------------------------------------------------- helpers

    /// @dev Half of what is outstanding or all of it most of the time; also nothing, and more than there is.
    function anyClaim(bytes32 id) internal returns (bytes32 invoice, uint80 amount) {
        invoice = oneIn(16) ? bytes32(0) : keccak256(abi.encode("invoice", draw(12)));
        int256 left = model.outstanding(id);
        uint256 most = left < 1 ? 1 : uint256(left);
        amount = uint80(oneIn(12) ? 0 : oneIn(8) ? most + 1 : oneIn(2) ? most : most / 2 + 1);
    }

    function anyAnnounced() internal returns (bytes32 id, bytes32 invoice) {
        uint256 count = model.redemptionCount();
        if (count == 0) return (anyKnownDeal(), keccak256(abi.encode("invoice", draw(12))));
        uint256 from = draw(count);
        bool anyState = oneIn(8);
        for (uint256 i = 0; i < count; ++i) {
            Model.Redemption memory found = model.redemptionAt((from + i) % count);
            (id, invoice) = (found.id, found.invoice);
            if (anyState || found.state == ISettlementBook.RedemptionState.Announced) return (id, invoice);
        }
    }
}
