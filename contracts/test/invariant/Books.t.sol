// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {vm} from "../support/Vm.sol";
import {Story} from "./Story.sol";

/// After any sequence of calls, both books, the model and the events tell one story. The numbers are those of contracts/README.md.
contract BooksInvariants is Story {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function targetContracts() public view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(handler);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory list) {
        list = new FuzzSelector[](1);
        list[0] = FuzzSelector({addr: address(handler), selectors: actions()});
    }

    /// 3, 5, 6, 7, 8, 11, 13, 15, 16, 17, 19, 20, 23, 24, 27: each call met exactly what the model said, with exactly its events.
    function invariant_EveryCallEndsAsTheModelSays() public view {
        vm.assertTrue(bytes(handler.violation()).length == 0, handler.violation());
    }

    /// 1, 2, 4, 9, 21, 22: every word, every credit and every balance is the model's, recomputed from all rows.
    function invariant_StorageIsTheModel() public view {
        requireTheModel();
    }

    /// 15: the events alone rebuild both books.
    function invariant_EventsRebuildBothBooks() public view {
        requireTheEvents();
    }
}
