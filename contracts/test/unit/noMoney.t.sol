// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {vm} from "../support/Vm.sol";

/// @dev A party that refuses whatever is sent or said to it.
contract Refusal {
    fallback() external payable {
        revert("refused");
    }
}

contract NoMoneyTest is Claims {
    /// The deployed code has no instruction that calls, creates, delegates or destroys; the agreement book does not even ask.
    function test_TheCodeCannotCallOut() public view {
        vm.assertEq(0, staticCallsOf(address(book).code), "STATICCALL of the agreement book");
        vm.assertTrue(staticCallsOf(address(sla).code) > 0, "STATICCALL of the settlement book: ecrecover, the other book");
    }

    function testFuzz_NeitherTakesEther(uint96 amount, bytes calldata data) public {
        vm.assume(amount > 0);
        vm.deal(address(this), 2 * uint256(amount));
        (bool accepted,) = address(sla).call{value: amount}(data);
        vm.assertFalse(accepted, "the settlement book accepted ether");
        (accepted,) = address(book).call{value: amount}(data);
        vm.assertFalse(accepted, "the agreement book accepted ether");
        vm.assertEq(0, address(sla).balance + address(book).balance, "balance");
    }

    /// Nor by any function that exists.
    function test_NoFunctionIsPayable() public {
        vm.deal(address(this), 10);
        bytes[4] memory calls = [
            abi.encodeCall(ISettlementBook.pause, ()),
            abi.encodeCall(ISettlementBook.completeRedemption, (agreement, INVOICE)),
            abi.encodeCall(ISettlementBook.applyRole, (ISettlementBook.Role.Admin)),
            abi.encodeCall(ISettlementBook.unpausedTime, ())
        ];
        for (uint256 i = 0; i < 4; ++i) {
            (bool accepted, bytes memory answer) = address(sla).call{value: 1}(calls[i]);
            vm.assertFalse(accepted, "accepted");
            vm.assertEq(0, answer.length, "refused before anything is looked at");
        }
    }

    /// A callback that reverts blocks nothing, because nobody is called: neither party hears of finality or redemption.
    function test_APartyThatRefusesEverythingBlocksNothing() public {
        IAgreementBook.Terms memory made = terms();
        (made.provider, made.tenant) = (address(new Refusal()), address(new Refusal()));
        bytes32 id = activateOther(made);
        settle(rowOf(id, PERIOD, 0, 980_000, 1_000_000));
        vm.prank(made.tenant);
        sla.redeemCredit(id, INVOICE, 1);
        requireBalance(id, 250_000, 0, 1);
    }

    /// A13: both are deployed in a block of 4.7 million gas (200 a byte and what storing the first state costs), with room to mend.
    function test_BothCodesAreSmall() public view {
        vm.assertLe(address(sla).code.length, 20_000, "settlement book");
        vm.assertLe(address(book).code.length, 22_000, "agreement book");
    }

    function staticCallsOf(bytes memory code) internal pure returns (uint256 staticCalls) {
        // The last two bytes give the length of the metadata before them, which is no code.
        uint256 metadata = uint256(uint8(code[code.length - 2])) << 8 | uint8(code[code.length - 1]);
        for (uint256 i = 0; i < code.length - metadata - 2; ++i) {
            uint8 op = uint8(code[i]);
            bool callsOut = op == 0xF0 || op == 0xF1 || op == 0xF2 || op == 0xF4 || op == 0xF5 || op == 0xFF;
            vm.assertFalse(callsOut, "CREATE, CALL, CALLCODE, DELEGATECALL, CREATE2 or SELFDESTRUCT");
            if (op == 0xFA) ++staticCalls;
            if (op >= 0x60 && op <= 0x7F) i += op - 0x5F; // the operand of PUSH1 to PUSH32
        }
    }
}
