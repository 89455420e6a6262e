"""Numbers and texts out of JSON that cannot be trusted: a value, or None when it is not one.

Sources send numbers as strings, booleans as 0/1 and leave keys out. Pure; never raises, never guesses a default.
"""

from __future__ import annotations

import math
import re
from typing import Any

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DECIMAL = re.compile(
    r"\s*[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\s*"
)  # float() takes 0_3 and other scripts too
_DIGITS = 40  # longer than any count or byte number; keeps int() of a hostile string cheap


def number(value: Any) -> float | None:
    """A finite number from a number or a decimal string."""
    if isinstance(value, str):
        if len(value) > _DIGITS or not _DECIMAL.fullmatch(value):
            return None
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None


def amount(value: Any) -> float | None:
    """A number that is not negative."""
    found = number(value)
    return found if found is not None and found >= 0 else None


def flag(value: Any) -> bool | None:
    """A truth from 0, 1, "0", "1", true or false; everything else is not one."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | str) and value in {0, 1, "0", "1"}:
        return value in {1, "1"}
    return None


def text(value: Any) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else None


def hex_int(value: Any) -> int | None:
    """An Ethereum quantity (`0x…`) of at most 256 bits."""
    return int(value, 16) if isinstance(value, str) and _QUANTITY.fullmatch(value) else None
