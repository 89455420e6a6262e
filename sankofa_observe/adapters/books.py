"""Both contracts at one node: their functions, and what they have logged, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from eth_abi.abi import decode as abi_decode
from web3 import Web3
from web3.contract.contract import Contract, ContractFunction
from web3.exceptions import BadFunctionCallOutput, ContractLogicError

from sankofa_observe.adapters.artefacts import AGREEMENTS, SETTLEMENTS, artefact
from sankofa_observe.adapters.contract import as_bytes
from sankofa_observe.adapters.node import Node
from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.settlement import SettlementKey

LOG_PAGE_BLOCKS = 2_000  # Besu refuses more than 5,000 blocks a query


@dataclass(frozen=True, kw_only=True)
class Logged:
    """One event of a contract, decoded."""

    name: str
    values: Mapping[str, Any]
    transaction: str
    block_number: int


@dataclass(frozen=True, kw_only=True)
class Books:
    """The settlement book of an address, and the agreement book that it asks."""

    node: Node
    settlements: Contract
    agreements: Contract

    @classmethod
    def at(cls, node: Node, contract: str) -> Books:
        """Raises `InvalidInput` where there is no settlement book at the address."""
        settlements = _contract(node, contract, SETTLEMENTS)
        with node.asking("contract"):
            code = node.web3.eth.get_code(settlements.address)
            if not code:
                raise _no_book(node, contract, "nothing")
            try:
                book = settlements.functions.agreementBook().call()
            except (BadFunctionCallOutput, ContractLogicError):
                raise _no_book(node, contract, "another contract") from None
        return cls(node=node, settlements=settlements, agreements=_contract(node, book, AGREEMENTS))

    def ask(self, what: str, call: ContractFunction, sender: str | None = None) -> Any:
        with self.node.asking(what):
            return call.call({"from": Web3.to_checksum_address(sender)} if sender else {})

    def batch(self, what: str, calls: Sequence[ContractFunction], *, at: str = "latest") -> list[Any]:
        """What many calls answer, in a few questions."""
        asked: list[tuple[str, list[Any]]] = []
        for call in calls:
            data = call._encode_transaction_data()  # noqa: SLF001  web3's own way to it builds a whole transaction
            asked.append(("eth_call", [{"to": call.address, "data": data}, at]))
        found = self.node.batch(what, asked)
        with self.node.asking(what):
            return [_decoded(call, answer) for call, answer in zip(calls, found, strict=True)]

    def topics(self, contract: Contract, names: Sequence[str], first: int, last: int) -> Iterator[Sequence[bytes]]:
        """Of each event of these names in these blocks, oldest first: which one it is, and its indexed values, as words."""
        wanted = [[contract.events[name].topic for name in names]]
        for page in pages(first, last):
            for log in self._logs(contract, wanted, page):
                yield [bytes(one) for one in log["topics"]]

    def logged(
        self, contract: Contract, names: tuple[str, ...], indexed: Mapping[str, Any], *, first_block: int
    ) -> Iterator[Logged]:
        """The events of these names with these indexed values, newest page first, and in a page newest first."""
        topics = [[contract.events[name].topic for name in names], *_topics(contract, names[0], indexed)]
        by_topic = {str(contract.events[name].topic): contract.events[name] for name in names}
        with self.node.asking(f"events of {contract.address}"):
            newest = self.node.web3.eth.block_number
        for end in range(
            newest, first_block - 1, -LOG_PAGE_BLOCKS
        ):  # whole from the newest block on, where most is found
            page = range(max(end - LOG_PAGE_BLOCKS + 1, first_block), end + 1)
            with self.node.asking(f"events of {contract.address}"):
                logs = reversed(self._logs(contract, topics, page))
                found = [_logged(by_topic["0x" + bytes(one["topics"][0]).hex()].process_log(one)) for one in logs]
            yield from found

    def _logs(self, contract: Contract, topics: Sequence[Any], page: range) -> list[Any]:
        """What a contract logged in these blocks, oldest first."""
        asked = {"address": contract.address, "fromBlock": page.start, "toBlock": page.stop - 1, "topics": topics}
        with self.node.asking(f"events of {contract.address}"):
            return list(self.node.web3.eth.get_logs(asked))  # type: ignore[arg-type]  # a topic is a list of words

    def of_settlement(self, names: tuple[str, ...], key: SettlementKey, *, first_block: int) -> Iterator[Logged]:
        """What was logged of one settlement, newest first."""
        indexed = {"agreementId": as_bytes(key.agreement_id), "period": key.period_index, "slo": key.slo_index}
        return self.logged(self.settlements, names, indexed, first_block=first_block)


def pages(first: int, last: int) -> Iterator[range]:
    """These blocks, both included, in stretches that a node answers; oldest first."""
    for start in range(first, last + 1, LOG_PAGE_BLOCKS):
        yield range(start, min(start + LOG_PAGE_BLOCKS, last + 1))


def _decoded(call: ContractFunction, answer: str) -> Any:
    """What a function answers: of one value that value, of a struct a tuple with its names."""
    outputs = call.abi["outputs"]
    values = abi_decode([_type_of(one) for one in outputs], as_bytes(answer))
    named = [_named(one, value) for one, value in zip(outputs, values, strict=True)]
    return named[0] if len(named) == 1 else named


def _type_of(one: Mapping[str, Any]) -> str:
    kind: str = one["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(_type_of, one['components']))}){kind.removeprefix('tuple')}"


def _named(one: Mapping[str, Any], value: Any) -> Any:
    if one["type"] != "tuple":
        return value
    parts = one["components"]
    return SimpleNamespace(**{part["name"]: _named(part, own) for part, own in zip(parts, value, strict=True)})


def _contract(node: Node, address: str, name: str) -> Contract:
    checked = Web3.to_checksum_address(address)
    return node.web3.eth.contract(address=checked, abi=artefact(name)["abi"], decode_tuples=True)


def _no_book(node: Node, contract: str, found: str) -> InvalidInput:
    return InvalidInput(
        f"contract {contract}: {found} is there on the chain of {node.shown}, expected a settlement book, at the address that `chain "
        "deploy` printed; nothing was sent"
    )


def _topics(contract: Contract, name: str, indexed: Mapping[str, Any]) -> list[Any]:
    """The words of an event's indexed values, in its order; None where any will do."""
    inputs = next(one["inputs"] for one in contract.abi if one["type"] == "event" and one.get("name") == name)
    wanted = [indexed.get(one["name"]) for one in inputs if one["indexed"]]
    return [None if value is None else "0x" + _word(value).hex() for value in wanted]


def _word(value: Any) -> bytes:
    """One topic: numbers and addresses stand in its low bytes, short strings of bytes in its high ones."""
    if isinstance(value, int):
        return value.to_bytes(32, "big")
    if isinstance(value, str):
        return as_bytes(value).rjust(32, b"\0")
    return bytes(value).ljust(32, b"\0")


def _logged(event: Any) -> Logged:
    return Logged(
        name=event["event"],
        values=dict(event["args"]),
        transaction="0x" + bytes(event["transactionHash"]).hex(),
        block_number=event["blockNumber"],
    )
