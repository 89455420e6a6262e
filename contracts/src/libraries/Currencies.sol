// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/**
 * @title The currencies of ISO 4217, by the decimals of their minor unit
 * @dev Source: list one of the standard's maintenance agency (SIX Financial Information), as published on 2026-01-01; codes
 * without a minor unit, such as gold, are no money. The Python package holds the same list, and a test holds both equal.
 */
library Currencies {
    bytes private constant _NO_DECIMALS = "BIFCLPDJFGNFISKJPYKMFKRWPYGRWFUGXUYIVNDVUVXAFXOFXPF";
    bytes private constant _TWO_DECIMALS =
        "AEDAFNALLAMDAOAARSAUDAWGAZNBAMBBDBDTBMDBNDBOBBOVBRLBSDBTNBWPBYNBZDCADCDFCHECHFCHWCNYCOPCOUCRCCUPCVE"
        "CZKDKKDOPDZDEGPERNETBEURFJDFKPGBPGELGHSGIPGMDGTQGYDHKDHNLHTGHUFIDRILSINRIRRJMDKESKGSKHRKPWKYDKZTLAK"
        "LBPLKRLRDLSLMADMDLMGAMKDMMKMNTMOPMRUMURMVRMWKMXNMXVMYRMZNNADNGNNIONOKNPRNZDPABPENPGKPHPPKRPLNQARRON"
        "RSDRUBSARSBDSCRSDGSEKSGDSHPSLESOSSRDSSPSTNSVCSYPSZLTHBTJSTMTTOPTRYTTDTWDTZSUAHUSDUSNUYUUZSVEDVESWST"
        "XADXCDXCGYERZARZMWZWG";
    bytes private constant _THREE_DECIMALS = "BHDIQDJODKWDLYDOMRTND";
    bytes private constant _FOUR_DECIMALS = "CLFUYW";

    /// @dev Whether ISO 4217 has the code, and with how many decimals.
    function exponentOf(bytes3 code) internal pure returns (bool known, uint8 exponent) {
        if (_holds(_TWO_DECIMALS, code)) return (true, 2);
        if (_holds(_NO_DECIMALS, code)) return (true, 0);
        if (_holds(_THREE_DECIMALS, code)) return (true, 3);
        if (_holds(_FOUR_DECIMALS, code)) return (true, 4);
    }

    function _holds(bytes memory codes, bytes3 code) private pure returns (bool) {
        for (uint256 i = 0; i < codes.length; i += 3) {
            if (codes[i] == code[0] && codes[i + 1] == code[1] && codes[i + 2] == code[2]) return true;
        }
        return false;
    }
}
