"""The currencies on chain are those of the agreements' files."""

from __future__ import annotations

import re

from deploy.parts import CHECKOUT
from sankofa_observe.adapters.spec_currencies import EXPONENTS

SOURCE = CHECKOUT / "contracts" / "src" / "libraries" / "Currencies.sol"
DECIMALS = {"_NO_DECIMALS": 0, "_TWO_DECIMALS": 2, "_THREE_DECIMALS": 3, "_FOUR_DECIMALS": 4}


def test_the_contract_knows_the_same_currencies_with_the_same_exponents() -> None:
    """Each code once, as three letters one after the other, in the constant whose exponent it is given."""
    text = SOURCE.read_text()
    constants = dict(re.findall(r"bytes private constant (\w+)\s*=([^;]+);", text))
    assert DECIMALS.keys() == constants.keys()
    codes = {name: "".join(re.findall(r'"([A-Z]+)"', value)) for name, value in constants.items()}
    listed = [(run[i : i + 3], DECIMALS[name]) for name, run in codes.items() for i in range(0, len(run), 3)]
    assert sorted(EXPONENTS.items()) == sorted(listed)
    answered = {
        name: int(exponent) for name, exponent in re.findall(r"_holds\((\w+), code\)\) return \(true, (\d)\)", text)
    }
    assert answered == DECIMALS
