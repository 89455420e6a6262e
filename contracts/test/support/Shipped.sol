// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AgreementBook} from "../../src/AgreementBook.sol";
import {SettlementBook} from "../../src/SettlementBook.sol";
import {IAgreementBook} from "../../src/interfaces/IAgreementBook.sol";
import {vm} from "./Vm.sol";

/// @dev Where the package keeps what it deploys. `new` would deploy what forge has compiled, without the optimizer: other bytes, other gas.
string constant ARTEFACTS = "../sankofa_observe/adapters/abi/";

/// @dev In place of `new AgreementBook(...)`.
function newAgreementBook(uint32 minimumWindowSeconds) returns (AgreementBook) {
    return AgreementBook(deployShipped("AgreementBook", abi.encode(minimumWindowSeconds)));
}

/// @dev In place of `new SettlementBook(...)`.
function newSettlementBook(
    IAgreementBook book,
    uint48 changeDelay,
    address[4] memory holders,
    address[] memory members,
    uint8 threshold
) returns (SettlementBook) {
    bytes memory arguments = abi.encode(book, changeDelay, holders, members, threshold);
    return SettlementBook(deployShipped("SettlementBook", arguments));
}

/// @dev The code is one cheat code's answer, which `expectRevert` does not take for the next call. A revert is passed on as it is.
function deployShipped(string memory name, bytes memory arguments) returns (address made) {
    bytes memory code = bytes.concat(vm.getCode(string.concat(ARTEFACTS, name, ".json")), arguments);
    assembly ("memory-safe") {
        made := create(0, add(code, 0x20), mload(code))
        if iszero(made) {
            let reason := mload(0x40)
            returndatacopy(reason, 0, returndatasize())
            revert(reason, returndatasize())
        }
    }
}
