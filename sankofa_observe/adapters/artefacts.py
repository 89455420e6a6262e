"""The contracts as the compiler made them: ABI, bytecode, and what their errors mean in words. No I/O beyond the package's own files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

AGREEMENTS, SETTLEMENTS = "AgreementBook", "SettlementBook"
TERMS_FAULTS = (
    "Provider", "Tenant", "TermsHash", "Calendar", "FirstPeriod", "YearPeriods", "Currency", "Exponent", "Fee", "Cap",
    "Minimum", "DisputeWindow", "Ruling", "ReportEnd", "RestateEnd", "SloCount", "SloOrder", "BandCount", "BandThreshold",
    "BandCredit", "AcceptBefore",
)  # fmt: skip
"""The contract's enum TermsFault, by number: no ABI has the names of an enum."""
_SELECTOR_BYTES = 4
_LIBRARY = {
    "EnforcedPause()": "The contract is paused: no window runs out, and it takes reports, rulings and redemptions once its admin resumes it.",
    "ExpectedPause()": "The contract is not paused.",
}
"""What errors of the library mean that our contracts inherit: their declarations say nothing in our words."""


@cache
def artefact(contract: str) -> dict[str, Any]:
    """The committed compiler output of a contract: `abi`, `errors`, `bytecode`, `runtimeBytes`, `compiler`, `sources`."""
    text = resources.files("sankofa_observe.adapters").joinpath(f"abi/{contract}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@dataclass(frozen=True, kw_only=True)
class ContractError:
    """A custom error of the contracts; `notice` says what it means, in the words of its declaration."""

    name: str
    inputs: tuple[tuple[str, str], ...]  # name and type
    notice: str = ""

    @property
    def signature(self) -> str:
        return f"{self.name}({','.join(kind for _, kind in self.inputs)})"

    def told(self, values: bytes | None) -> str:
        """In words, with its values where the call gave them: `SLAX(deadline=5): The …`."""
        shown = "" if values is None else f"({', '.join(self._values(values))})"
        return f"{self.name}{shown}: {self.notice}" if self.notice else f"{self.name}{shown}"

    def _values(self, values: bytes) -> list[str]:
        try:
            found = decode([kind for _, kind in self.inputs], values)
        except DecodingError:
            return [f"0x{values.hex()}"]
        if self.name == "SLAInvalidTerms":
            return [fault for number, fault in enumerate(TERMS_FAULTS) if found[0] >> number & 1]
        if self.name == "SLAImmutableTerm":
            found = (*found[:-1], TERMS_FAULTS[found[-1]])
        return [f"{name}={_word(value)}" for (name, _), value in zip(self.inputs, found, strict=True)]


@cache
def errors() -> dict[bytes, ContractError]:
    """Every error of both contracts, by its selector."""
    found = {}
    for contract in (AGREEMENTS, SETTLEMENTS):
        made = artefact(contract)
        for entry in made["abi"]:
            if entry["type"] == "error":
                inputs = tuple((one["name"], one["type"]) for one in entry["inputs"])
                error = ContractError(name=entry["name"], inputs=inputs)
                notice = made["errors"].get(error.signature, _LIBRARY.get(error.signature, ""))
                found[keccak(error.signature.encode())[:_SELECTOR_BYTES]] = ContractError(
                    name=error.name, inputs=inputs, notice=notice
                )
    return found


def revert_reason(data: Any) -> str:
    """A revert in words, `SLADisputeWindowClosed(deadline=…): …`; web3 hands over raw hex (#3523). What is no custom error stays."""
    text = str(data)
    if not text.startswith("0x") or len(text) < 2 + 2 * _SELECTOR_BYTES:
        return text
    raw = bytes.fromhex(text[2:])
    found = errors().get(raw[:_SELECTOR_BYTES])
    return found.told(raw[_SELECTOR_BYTES:]) if found else text


def reason_of(selector: bytes) -> str:
    """Why a row of a batch was set apart, in words; nothing where it was not."""
    if not any(selector):
        return ""
    found = errors().get(selector)
    return found.told(None) if found else f"error 0x{selector.hex()}"


def _word(value: Any) -> str:
    return f"0x{value.hex()}" if isinstance(value, bytes) else str(value)
