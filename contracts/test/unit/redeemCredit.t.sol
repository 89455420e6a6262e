// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISlaSettlement} from "../../src/interfaces/ISlaSettlement.sol";
import {Fixture} from "../support/Fixture.sol";
import {bound, vm} from "../support/Vm.sol";

contract RedeemCreditTest is Fixture {
    uint96 internal constant CREDIT = 250_000;

    function setUp() public override {
        super.setUp();
        bytes32 id = submit(report());
        closeWindow();
        finalize(id);
    }

    function testFuzz_TakesUpToWhatIsOutstanding(uint96 amount) public {
        amount = uint96(bound(amount, 1, CREDIT));
        vm.expectEmit(address(sla));
        emit ISlaSettlement.CreditRedeemed(AGREEMENT, INVOICE, amount);
        redeem(INVOICE, amount);

        ISlaSettlement.Balance memory expected =
            ISlaSettlement.Balance({accrued: CREDIT, redeemed: amount, revoked: 0});
        vm.assertEq(abi.encode(expected), abi.encode(sla.balanceOf(AGREEMENT)), "balance");
        vm.assertTrue(sla.isInvoiceUsed(AGREEMENT, INVOICE), "invoice");
    }

    function test_TakesAllThatIsOutstandingAndThenNothing() public {
        redeem(INVOICE, CREDIT);
        refuse(
            keccak256("next"),
            1,
            abi.encodeWithSelector(ISlaSettlement.SLAInsufficientCredit.selector, AGREEMENT, 1, 0)
        );
    }

    function testFuzz_RevertWhen_TheAmountIsMoreThanOutstanding(uint96 amount) public {
        redeem(INVOICE, 100_000);
        amount = uint96(bound(amount, CREDIT - 100_000 + 1, type(uint96).max));
        refuse(
            keccak256("next"),
            amount,
            abi.encodeWithSelector(ISlaSettlement.SLAInsufficientCredit.selector, AGREEMENT, amount, 150_000)
        );
    }

    function test_RevertWhen_TheInvoiceWasUsed() public {
        redeem(INVOICE, 1);
        refuse(INVOICE, 1, abi.encodeWithSelector(ISlaSettlement.SLAInvoiceAlreadyUsed.selector, AGREEMENT, INVOICE));
    }

    function test_InvoicesOfAgreementsAreApart() public {
        redeem(INVOICE, 1);
        vm.assertFalse(sla.isInvoiceUsed(keccak256("other agreement"), INVOICE), "invoice");
    }

    function test_RevertWhen_ThereIsNothingToDo() public {
        refuse(0, 1, abi.encodeWithSelector(ISlaSettlement.SLAInvalidRedemption.selector, 0, 1));
        refuse(INVOICE, 0, abi.encodeWithSelector(ISlaSettlement.SLAInvalidRedemption.selector, INVOICE, 0));
    }

    function testFuzz_RevertWhen_CallerIsNotBilling(address caller) public {
        vm.assume(caller != BILLING);
        vm.expectRevert(missingRole(caller, sla.BILLING_ROLE()));
        vm.prank(caller);
        sla.redeemCredit(AGREEMENT, INVOICE, 1);
    }

    function test_RevertWhen_Paused() public {
        pause();
        refuse(INVOICE, 1, enforcedPause());
    }

    function redeem(bytes32 invoice, uint96 amount) internal {
        vm.prank(BILLING);
        sla.redeemCredit(AGREEMENT, invoice, amount);
    }

    function refuse(bytes32 invoice, uint96 amount, bytes memory revertData) internal {
        vm.expectRevert(revertData);
        redeem(invoice, amount);
    }
}
