"""The contract's terms, field by field in words: what differs between what stands there and what the specs say."""

from __future__ import annotations

from typing import Any

from sankofa_observe.adapters.contract import BELOW_MINIMUM, STACKING

# What both parties accept, in the contract's names and in ours; the hash last, for it differs with everything.
FIELDS = {
    "provider": "provider's account", "tenant": "tenant's account", "calendar": "calendar of periods",
    "firstPeriod": "first period", "yearPeriods": "periods of a year", "currency": "currency", "exponent": "exponent of the currency",
    "feeMinor": "fee in minor units", "capPpm": "cap in ppm", "yearCapMinor": "cap of a year in minor units",
    "minimumMinor": "minimum credit in minor units", "belowMinimum": "below the minimum", "stacking": "stacking",
    "graceSeconds": "grace in seconds", "disputeWindowSeconds": "dispute window in seconds",
    "disputeWindowBlocks": "dispute window in blocks", "rulingSeconds": "time for a ruling in seconds",
    "reportSeconds": "time for reports in seconds", "restateSeconds": "time for restatements in seconds",
    "noticeSeconds": "notice in seconds", "slos": "promises and their bands:",
}  # fmt: skip
_ENUMS = {"belowMinimum": BELOW_MINIMUM, "stacking": STACKING}
_CODE_BYTES = 3


def plain(value: Any) -> Any:
    """The contract's structs by the names of their fields, as those that are sent."""
    if hasattr(value, "_asdict"):
        return {name: plain(one) for name, one in value._asdict().items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def differences(standing: dict[str, Any], own: dict[str, Any]) -> list[str]:
    """Each in words; the hash only where nothing else says it."""
    found = [
        f"{words} {_shown(name, standing[name])} there, {_shown(name, own[name])} here"
        for name, words in FIELDS.items()
        if standing[name] != own[name]
    ]
    if found or standing["termsHash"] == own["termsHash"]:
        return found
    hashes = [_shown("termsHash", one["termsHash"]) for one in (standing, own)]
    return [f"something that only their hash shows, {hashes[0]} there, {hashes[1]} here"]


def _shown(name: str, value: Any) -> str:
    if name in _ENUMS:
        return str(_ENUMS[name][value].value)
    if isinstance(value, list):
        return ", ".join(_promise(one) for one in value) or "none"
    if isinstance(value, bytes):
        return value.decode() if len(value) == _CODE_BYTES else f"0x{value.hex()}"
    return str(value)


def _promise(one: dict[str, Any]) -> str:
    bands = " ".join(f"{band['belowPpm']}:{band['creditPpm']}" for band in one["bands"])
    return f"0x{one['sloId'].hex()[:8]}… {bands}"
