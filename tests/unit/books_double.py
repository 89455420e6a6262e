"""A node of a chain on which both contracts hold one document, written from their ABI: honest, until a test changes what it answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from typing import Any

import rfc8785
from eth_abi.abi import encode
from eth_hash.auto import keccak

from sankofa_observe.adapters.artefacts import AGREEMENTS, SETTLEMENTS, artefact
from sankofa_observe.verify.row import Row
from tests.unit.documents import PERIOD, Document
from tests.unit.referee import packed

CHAIN_ID, BOOK, AGREEMENT_BOOK = 31337, "0x" + "c0" * 20, "0x" + "c1" * 20
PROVIDER, TENANT = "0x" + "11" * 20, "0x" + "22" * 20
NEWEST, ENDED = 7, 3  # blocks: the newest, and the first one after the period's end
REPORTED, BY_PROVIDER, BY_TENANT, BY_BOTH, FINAL, VOIDED = range(1, 7)
NO_WORD = (0, 0, 0, 0, 0, b"\0" * 20)


def row_of(of: Document, *, good: int | None = None, document: str = "") -> Row:
    """The row that the contract knows of a document; with other counts that of another document."""
    attained = of["attainment"]
    high = attained["good"] + attained["unknown"]
    return Row(
        **of["row"],
        good=high if good is None else good,
        valid=high + attained["bad"],
        document_hash=document or "0x" + document_hash_of(json.loads(packed(of))["identity"]),
    )


def document_hash_of(identity: dict[str, Any]) -> str:
    """As any tool finds it, in hex."""
    rest = rfc8785.dumps({name: value for name, value in identity.items() if name != "root"})
    return sha256(b"\3" + bytes.fromhex(identity["root"][2:]) + sha256(rest).digest()).hexdigest()


def word_of(row: Row, state: int = REPORTED, revision: int = 1, ppm: int = 0) -> tuple[Any, ...]:
    """A word of `getSettlement` that commits to a row."""
    return state, revision, ppm, PERIOD.ends_at + 100, 9, bytes.fromhex(row.commitment(revision)[2:])


@dataclass(kw_only=True)
class BooksDouble:
    """Answers by method, views by name and events, each of which a test may change."""

    of: Document
    views: dict[str, list[Any]] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)  # instead of a view's values: bytes, whatever they are
    logs: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    is_filtering: bool = True  # as a node does: without, it answers all its events to every question

    def __post_init__(self) -> None:
        row = self.row = row_of(self.of)
        self.views = _views(self.of) | {
            "getSettlement": [word_of(row, ppm=self.of["credit"]["credit_ppm"]), NO_WORD],
            **self.views,
        }

    def __call__(self, method: str, params: list[Any]) -> Any:
        self.asked.append(method)
        if method in self.answers:
            return self.answers[method]
        return getattr(self, "_" + method)(*params)

    def event(self, name: str, block: int = 5, **values: Any) -> None:
        """Log an event of the document's settlement."""
        key = {"agreementId": bytes.fromhex(self.row.agreement[2:]), "period": self.row.period, "slo": self.row.slo}
        entry = next(one for one in _entries("event") if one["name"] == name)
        types = [one["type"] for one in entry["inputs"] if not one["indexed"]]
        said = [values[one["name"]] for one in entry["inputs"] if not one["indexed"]]
        topics = [
            keccak(_signature(entry).encode()),
            *(encode([t], [v]) for t, v in zip(("bytes32", "uint32", "uint8"), key.values(), strict=True)),
        ]
        self.logs.append(
            {
                "address": BOOK,
                "blockNumber": hex(block),
                "logIndex": hex(len(self.logs)),
                "removed": False,
                "topics": ["0x" + one.hex() for one in topics],
                "data": "0x" + encode(types, said).hex(),
            }
        )

    def reported(self, row: Row, revision: int = 1, ppm: int = 0, block: int = 4) -> None:
        document = bytes.fromhex(row.document_hash[2:])
        self.event(
            "SettlementReported", block, revision=revision, good=row.good, valid=row.valid, documentHash=document,
            creditPpm=ppm, deadline=PERIOD.ends_at + 100, deadlineBlock=9,
        )  # fmt: skip

    def finalised(self, revision: int = 1, block: int = 6, delta: int = 0) -> None:
        self.event(
            "SettlementFinalized",
            block,
            revision=revision,
            periodMinor=max(delta, 0),
            deltaMinor=delta,
            byDefault=False,
        )

    def _eth_chainId(self) -> str:  # noqa: N802  a method of nodes
        return hex(CHAIN_ID)

    def _eth_blockNumber(self) -> str:  # noqa: N802
        return hex(NEWEST)

    def _eth_getBlockByNumber(self, number: str, _: bool) -> dict[str, str]:  # noqa: N802, FBT001
        at = int(number, 16)
        stamp = PERIOD.ends_at if at >= ENDED else PERIOD.starts_at + at
        return {"number": number, "hash": "0x" + f"b{at:x}" * 32, "timestamp": hex(stamp)}

    def _eth_call(self, call: Mapping[str, str], _: str) -> str:
        entry = _functions()[call["to"], bytes.fromhex(call["data"][2:10])]
        return self.answer_of(entry["name"], int(call["data"][-64:] or "0", 16))

    def answer_of(self, name: str, last: int = 0) -> str:
        """What a view answers; `last` is its last argument, by which a bound is asked for."""
        if name in self.raw:
            return self.raw[name]
        entry = next(one for one in _functions().values() if one["name"] == name)
        answer = self.views[name] if name != "boundAt" else [self.views[name][last - self.row.period]]
        return "0x" + encode([_type(one) for one in entry["outputs"]], answer).hex()

    def _eth_getLogs(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: N802
        blocks = range(int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16) + 1)
        return [log for log in self.logs if not self.is_filtering or int(log["blockNumber"], 16) in blocks]


def _views(of: Document) -> dict[str, list[Any]]:
    terms, row, exponent = of["agreement"], of["row"], of["agreement"]["exponent"]
    calendar, currency = bytes.fromhex(of["calendar"]["id"][2:]), terms["currency"].encode()[:3]
    promise = keccak(f"{of['slo']['name']}/{of['slo']['site']}".encode())
    held = (PROVIDER, TENANT, calendar, terms["version"], 12, 0, row["period"] + 9, 0, currency, exponent)
    version = (
        PROVIDER, TENANT, bytes.fromhex(terms["terms_hash"][2:]), calendar, 0, 12, currency, exponent, terms["fee_minor"],
        terms["cap_ppm"], 0, 0, 0, 0, 0, 100, 2, 300, 10**6, 10**6, 0, [(promise, [tuple(band) for band in terms["bands"]])],
    )  # fmt: skip
    return {
        "agreementBook": [AGREEMENT_BOOK],
        "getAgreement": [held],
        "boundCount": [row["period"] + 10],
        "versionAt": [terms["version"]],
        "getTerms": [version],
        "boundAt": list(of["period"]),
        "paused": [False],
        "unpausedTime": [PERIOD.ends_at],
        "balanceOf": [(0, 0, 0)],
    }


@cache
def _functions() -> dict[tuple[str, bytes], dict[str, Any]]:
    found = {}
    for name, address in ((SETTLEMENTS, BOOK), (AGREEMENTS, AGREEMENT_BOOK)):
        for entry in artefact(name)["abi"]:
            if entry["type"] == "function":
                found[address, keccak(_signature(entry).encode())[:4]] = entry
    return found


def _entries(kind: str) -> list[dict[str, Any]]:
    return [entry for entry in artefact(SETTLEMENTS)["abi"] if entry["type"] == kind]


def _signature(entry: dict[str, Any]) -> str:
    return f"{entry['name']}({','.join(_type(one) for one in entry['inputs'])})"


def _type(one: dict[str, Any]) -> str:
    """A type as signatures write it: a struct by its fields."""
    if not one["type"].startswith("tuple"):
        return str(one["type"])
    return f"({','.join(map(_type, one['components']))}){one['type'][5:]}"
