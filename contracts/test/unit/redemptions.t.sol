// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {bound, vm} from "../support/Vm.sol";

/// Credit reaches an invoice: by the tenant's word, or announced and not objected to.
contract RedemptionsTest is Claims {
    uint80 internal constant CREDIT = 250_000;
    uint48 internal constant ANNOUNCED_AT = NOW + WINDOW;
    uint48 internal constant DEADLINE = ANNOUNCED_AT + WINDOW;
    uint32 internal constant DEADLINE_BLOCK = BLOCK + 2 * WINDOW_BLOCKS;

    function setUp() public override {
        super.setUp();
        settle(row());
    }

    // ----------------------------------------------------------------------------------------------- redeemCredit

    function test_Redeem_TheTenantTakesItAtOnce() public {
        vm.recordLogs();
        expectRedeemed(100_000);
        redeem(TENANT, INVOICE, 100_000);
        requireEvents(1);
        requireBalance(agreement, CREDIT, 0, 100_000);
        requireRedemption(ISettlementBook.RedemptionState.Redeemed, 100_000, 0, 0);
    }

    /// A7: nobody else, and no other tenant, by whatever 32 bytes.
    function testFuzz_Redeem_RevertWhen_TheCallerIsNotTheTenant(address caller, bytes32 invoice) public {
        vm.assume(caller != TENANT);
        vm.expectRevert(unauthorizedParty(agreement, caller));
        redeem(caller, invoice, 1);
    }

    function test_Redeem_RevertWhen_TheInvoiceTookItsCredit() public {
        redeem(TENANT, INVOICE, 1);
        vm.expectRevert(unexpected(ISettlementBook.RedemptionState.Redeemed));
        redeem(TENANT, INVOICE, 1);
        redeem(TENANT, OTHER, 1);
    }

    function test_Redeem_RevertWhen_ItIsAnnounced() public {
        announce(BILLING, 1);
        vm.expectRevert(unexpected(ISettlementBook.RedemptionState.Announced));
        redeem(TENANT, INVOICE, 1);
    }

    function test_Redeem_RevertWhen_ThereIsNoReferenceOrNoAmount() public {
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAInvalidRedemption.selector, 0, 1));
        redeem(TENANT, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAInvalidRedemption.selector, INVOICE, 0));
        redeem(TENANT, INVOICE, 0);
    }

    function testFuzz_Redeem_NeverMoreThanIsOutstanding(uint80 first, uint80 second) public {
        first = uint80(bound(first, 1, CREDIT));
        redeem(TENANT, INVOICE, first);
        second = uint80(bound(second, CREDIT - first + 1, type(uint80).max));
        vm.expectRevert(
            abi.encodeWithSelector(
                ISettlementBook.SLAInsufficientCredit.selector, second, int96(uint96(CREDIT - first))
            )
        );
        redeem(TENANT, OTHER, second);
        if (first < CREDIT) redeem(TENANT, OTHER, CREDIT - first);
        requireBalance(agreement, CREDIT, 0, CREDIT);
    }

    function test_Redeem_RevertWhen_Paused() public {
        pause();
        vm.expectRevert(enforcedPause());
        redeem(TENANT, INVOICE, 1);
    }

    function test_Redeem_RevertWhen_TheAgreementIsUnknown() public {
        vm.expectRevert(unauthorizedParty(OTHER, TENANT));
        vm.prank(TENANT);
        sla.redeemCredit(OTHER, INVOICE, 1);
    }

    // ------------------------------------------------------------------------------------------- announceRedemption

    function test_Announce_BillingAndTheProviderGiveTheTenantItsWindow() public {
        for (uint256 i = 0; i < 2; ++i) {
            address caller = i == 0 ? BILLING : PROVIDER;
            uint256 before = vm.snapshotState();
            vm.recordLogs();
            vm.expectEmit(address(sla));
            emit ISettlementBook.RedemptionAnnounced(agreement, INVOICE, caller, CREDIT, DEADLINE, DEADLINE_BLOCK);
            announce(caller, CREDIT);
            requireEvents(1);
            requireRedemption(ISettlementBook.RedemptionState.Announced, CREDIT, DEADLINE, DEADLINE_BLOCK);
            requireBalance(agreement, CREDIT, 0, 0);
            vm.revertToState(before);
        }
    }

    /// The window is that of the newest terms, in force or not.
    function test_Announce_TheNewestTermsWindowCounts() public {
        IAgreementBook.Terms memory made = amendment();
        (made.disputeWindowSeconds, made.disputeWindowBlocks) = (3 * WINDOW, 7);
        amend(made);
        announce(BILLING, 1);
        requireRedemption(
            ISettlementBook.RedemptionState.Announced, 1, ANNOUNCED_AT + 3 * WINDOW, BLOCK + WINDOW_BLOCKS + 7
        );
    }

    function testFuzz_Announce_RevertWhen_TheCallerIsNeitherProviderNorBilling(address caller) public {
        vm.assume(caller != PROVIDER && caller != BILLING);
        vm.expectRevert(unauthorizedParty(agreement, caller));
        announce(caller, 1);
    }

    function test_Announce_WithoutBillingTheProviderIsLeft() public {
        vm.prank(ADMIN);
        sla.announceRole(ISettlementBook.Role.Billing, address(0));
        vm.warp(block.timestamp + CHANGE_DELAY);
        sla.applyRole(ISettlementBook.Role.Billing);
        vm.expectRevert(unauthorizedParty(agreement, BILLING));
        announce(BILLING, 1);
        announce(PROVIDER, 1);
    }

    function test_Announce_RevertWhen_TheReferenceIsNotNew() public {
        announce(BILLING, 1);
        vm.expectRevert(unexpected(ISettlementBook.RedemptionState.Announced));
        announce(PROVIDER, 2);
        object(TENANT);
        vm.expectRevert(unexpected(ISettlementBook.RedemptionState.Objected));
        announce(BILLING, 1);
        redeem(TENANT, INVOICE, 1);
        vm.expectRevert(unexpected(ISettlementBook.RedemptionState.Redeemed));
        announce(BILLING, 1);
    }

    function test_Announce_RevertWhen_ReferenceOrAmountIsWrong() public {
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAInvalidRedemption.selector, INVOICE, 0));
        announce(BILLING, 0);
        vm.expectRevert(abi.encodeWithSelector(ISettlementBook.SLAInvalidRedemption.selector, 0, 1));
        vm.prank(BILLING);
        sla.announceRedemption(agreement, 0, 1);
        vm.expectRevert(insufficient(CREDIT + 1, int96(uint96(CREDIT))));
        announce(BILLING, CREDIT + 1);
        vm.expectRevert(insufficient(1, 0));
        vm.prank(BILLING);
        sla.announceRedemption(OTHER, INVOICE, 1);
    }

    function test_Announce_RevertWhen_Paused() public {
        pause();
        vm.expectRevert(enforcedPause());
        announce(BILLING, 1);
    }

    // --------------------------------------------------------------------------------------------- objectRedemption

    function test_Object_TheInvoiceIsForTheTenantAlone() public {
        announce(BILLING, CREDIT);
        vm.recordLogs();
        vm.expectEmit(address(sla));
        emit ISettlementBook.RedemptionObjected(agreement, INVOICE);
        object(TENANT);
        requireEvents(1);
        requireRedemption(ISettlementBook.RedemptionState.Objected, CREDIT, DEADLINE, DEADLINE_BLOCK);
        vm.warp(DEADLINE);
        vm.roll(DEADLINE_BLOCK);
        vm.expectRevert(unexpected(ISettlementBook.RedemptionState.Objected));
        complete(BILLING);
        redeem(TENANT, INVOICE, 7);
        requireBalance(agreement, CREDIT, 0, 7);
        requireRedemption(ISettlementBook.RedemptionState.Redeemed, 7, 0, 0);
    }

    function test_Object_WorksWhilePaused() public {
        announce(BILLING, 1);
        pause();
        vm.roll(DEADLINE_BLOCK);
        vm.warp(DEADLINE + 30 * DAY); // the clock of the window stands still
        object(TENANT);
    }

    function testFuzz_Object_RevertWhen_TheCallerIsNotTheTenant(address caller) public {
        vm.assume(caller != TENANT);
        announce(BILLING, 1);
        vm.expectRevert(unauthorizedParty(agreement, caller));
        object(caller);
    }

    function test_Object_RevertWhen_ItIsNotAnnounced() public {
        vm.expectRevert(unexpected(ISettlementBook.RedemptionState.None));
        object(TENANT);
        announce(BILLING, 1);
        object(TENANT);
        vm.expectRevert(unexpected(ISettlementBook.RedemptionState.Objected));
        object(TENANT);
        redeem(TENANT, INVOICE, 1);
        vm.expectRevert(unexpected(ISettlementBook.RedemptionState.Redeemed));
        object(TENANT);
    }

    /// Until its window closes, by seconds and by blocks, the tenant objects and no stranger completes; then the other way round.
    function testFuzz_ExactlyOneOfObjectionAndCompletionIsOpen(uint256 second, uint256 blocks) public {
        announce(PROVIDER, 9);
        second = bound(second, DEADLINE - 2, DEADLINE + 2);
        blocks = bound(blocks, DEADLINE_BLOCK - 2, DEADLINE_BLOCK + 2);
        vm.warp(second);
        vm.roll(blocks);
        bool over = second >= DEADLINE && blocks >= DEADLINE_BLOCK;
        uint256 before = vm.snapshotState();
        if (!over) vm.expectRevert(unauthorizedParty(agreement, STRANGER));
        complete(STRANGER);
        vm.revertToState(before);
        bytes memory closed = abi.encodeWithSelector(
            ISettlementBook.SLAObjectionWindowClosed.selector, DEADLINE, DEADLINE_BLOCK
        );
        if (over) vm.expectRevert(closed);
        object(TENANT);
    }

    // ------------------------------------------------------------------------------------------- completeRedemption

    function testFuzz_Complete_AnybodyAfterTheWindow(address caller) public {
        announce(BILLING, 9);
        vm.warp(DEADLINE);
        vm.roll(DEADLINE_BLOCK);
        vm.recordLogs();
        expectRedeemed(9);
        complete(caller);
        requireEvents(1);
        requireBalance(agreement, CREDIT, 0, 9);
        requireRedemption(ISettlementBook.RedemptionState.Redeemed, 9, DEADLINE, DEADLINE_BLOCK);
    }

    function test_Complete_TheTenantAtOnce() public {
        announce(BILLING, 9);
        expectRedeemed(9);
        complete(TENANT);
        vm.expectRevert(unexpected(ISettlementBook.RedemptionState.Redeemed));
        complete(TENANT);
        requireBalance(agreement, CREDIT, 0, 9);
    }

    function test_Complete_RevertWhen_NothingIsAnnounced() public {
        vm.expectRevert(unexpected(ISettlementBook.RedemptionState.None));
        complete(TENANT);
    }

    /// Announcing holds nothing back; what is no longer there is not taken, and later credit completes it.
    function test_Complete_RevertWhen_TheCreditIsGone() public {
        announce(BILLING, CREDIT);
        redeem(TENANT, OTHER, 1);
        vm.warp(DEADLINE);
        vm.roll(DEADLINE_BLOCK);
        vm.expectRevert(insufficient(CREDIT, int96(uint96(CREDIT)) - 1));
        complete(STRANGER);
        settle(rowOf(agreement, PERIOD + 1, 0, 1, 2));
        complete(STRANGER);
        requireBalance(agreement, CREDIT + FEE, 0, CREDIT + 1);
    }

    function test_Complete_RevertWhen_Paused() public {
        announce(BILLING, 9);
        pause();
        vm.expectRevert(enforcedPause());
        complete(TENANT);
    }

    // ------------------------------------------------------------------------------------------------------- helpers

    function redeem(address caller, bytes32 invoice, uint80 amountMinor) internal {
        vm.prank(caller);
        sla.redeemCredit(agreement, invoice, amountMinor);
    }

    function announce(address caller, uint80 amountMinor) internal {
        vm.prank(caller);
        sla.announceRedemption(agreement, INVOICE, amountMinor);
    }

    function object(address caller) internal {
        vm.prank(caller);
        sla.objectRedemption(agreement, INVOICE);
    }

    function complete(address caller) internal {
        vm.prank(caller);
        sla.completeRedemption(agreement, INVOICE);
    }

    function expectRedeemed(uint80 amountMinor) internal {
        vm.expectEmit(address(sla));
        emit ISettlementBook.CreditRedeemed(agreement, INVOICE, amountMinor);
    }

    function requireRedemption(
        ISettlementBook.RedemptionState state,
        uint80 amountMinor,
        uint48 deadline,
        uint32 deadlineBlock
    ) internal view {
        ISettlementBook.Redemption memory expected = ISettlementBook.Redemption({
            state: state, amountMinor: amountMinor, deadline: deadline, deadlineBlock: deadlineBlock
        });
        vm.assertEq(abi.encode(expected), abi.encode(sla.redemptionOf(agreement, INVOICE)), "redemption");
    }

    function unexpected(ISettlementBook.RedemptionState current) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementBook.SLARedemptionUnexpectedState.selector, current);
    }

    function insufficient(uint80 requested, int96 left) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISettlementBook.SLAInsufficientCredit.selector, requested, left);
    }
}
