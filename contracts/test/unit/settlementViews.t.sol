// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ISettlementBook} from "../../src/interfaces/ISettlementBook.sol";
import {Claims} from "../support/Claims.sol";
import {vm} from "../support/Vm.sol";

contract SettlementViewsTest is Claims {
    /// Whatever is asked of, what is not there reads as zeros, and nothing of it reverts.
    function testFuzz_NothingReadsAsZeros(bytes32 id, uint32 period, uint8 slo) public view {
        vm.assume(id != agreement);
        ISettlementBook.Settlement memory nothing;
        ISettlementBook.Balance memory noCredit;
        ISettlementBook.Redemption memory noRedemption;
        vm.assertEq(
            abi.encode(nothing, nothing, noCredit, uint256(0), uint256(0)),
            stateOf(rowOf(id, period, slo, 1, 2)),
            "settlement, credit"
        );
        vm.assertEq(abi.encode(noRedemption), abi.encode(sla.redemptionOf(id, INVOICE)), "redemption");
    }

    /// An SLO's place beyond the eighth names nothing, though the words of restatements lie there.
    function test_PlacesBeyondTheEighthAreNone() public {
        settle(row());
        take(restated(row(), 2, 1));
        ISettlementBook.Settlement memory nothing;
        for (uint256 i = 0; i < 3; ++i) {
            ISettlementBook.Row memory item = rowOf(agreement, PERIOD, [uint8(8), 16, 255][i], 1, 2);
            vm.assertEq(abi.encode(nothing), abi.encode(standing(item)), "stands");
            vm.assertEq(abi.encode(nothing), abi.encode(pending(item)), "waits");
        }
    }

    /// What a period comes to is read from its final words alone, whoever waits or was rejected.
    function test_OnlyFinalWordsCount() public {
        bytes32 id = activateOther(termsOf(3, 1_000_000, 0));
        settle(rowOf(id, PERIOD, 0, 980_000, 1_000_000));
        take(rowOf(id, PERIOD, 1, 0, 1));
        contest(rowOf(id, PERIOD, 2, 0, 1));
        vm.assertEq(250_000, sla.periodCreditOf(id, PERIOD), "reported and disputed ones do not count");
        resolve(rowOf(id, PERIOD, 2, 0, 1), ISettlementBook.Outcome.Rejected);
        take(restated(rowOf(id, PERIOD, 0, 0, 1_000_000), 2, 0));
        vm.assertEq(250_000, sla.periodCreditOf(id, PERIOD), "nor a void one, nor a restatement that waits");
    }

    /// Calldata that is cut short, or whose numbers do not fit, is refused as a whole and changes nothing.
    function testFuzz_MalformedCalldataIsRefused(uint256 cut) public {
        ISettlementBook.Row[] memory list = one(row());
        bytes memory data = abi.encodeCall(ISettlementBook.submitReports, (list, signaturesFor(list, 2)));
        uint256 length = cut % (data.length - 32); // the last word pads the second signature
        assembly {
            mstore(data, length)
        }
        (bool accepted,) = address(sla).call(data);
        vm.assertFalse(accepted, "accepted");
        requireState(row(), ISettlementBook.State.None);
    }
}
