// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Fixture} from "../support/Fixture.sol";
import {vm} from "../support/Vm.sol";

contract NoMoneyTest is Fixture {
    /// The deployed code has no instruction that calls, creates, delegates or destroys. STATICCALL is there once: ecrecover.
    function test_TheCodeCannotCallOut() public view {
        bytes memory code = address(sla).code;
        // The last two bytes give the length of the metadata before them, which is no code.
        uint256 metadata = uint256(uint8(code[code.length - 2])) << 8 | uint8(code[code.length - 1]);
        uint256 staticCalls = 0;
        for (uint256 i = 0; i < code.length - metadata - 2; ++i) {
            uint8 op = uint8(code[i]);
            bool callsOut = op == 0xF0 || op == 0xF1 || op == 0xF2 || op == 0xF4 || op == 0xF5 || op == 0xFF;
            vm.assertFalse(callsOut, "CREATE, CALL, CALLCODE, DELEGATECALL, CREATE2 or SELFDESTRUCT");
            if (op == 0xFA) ++staticCalls;
            if (op >= 0x60 && op <= 0x7F) i += op - 0x5F; // the operand of PUSH1 to PUSH32
        }
        vm.assertEq(1, staticCalls, "STATICCALL");
    }

    function testFuzz_TakesNoEther(uint96 amount, bytes calldata data) public {
        vm.assume(amount > 0);
        vm.deal(address(this), amount);
        (bool accepted,) = address(sla).call{value: amount}(data);
        vm.assertFalse(accepted, "accepted ether");
        vm.assertEq(0, address(sla).balance, "balance");
    }
}
