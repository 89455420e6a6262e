"""JSON-RPC of one node of the lab's network, in the shapes of Besu: hex quantities, decimal pool, its error codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .network import GAS_OF_TRANSFER, Execution, Log, Network, Node
from .sealing import Block

NO_METHOD, NOT_ENABLED, BAD_RANGE, BAD_PARAMS = -32601, -32604, -32602, -32602
VERSION = "besu/v26.3.0/linux-x86_64/openjdk-java-21"
TRANSFER = Execution(to="0x" + "ee" * 20, gas_used=GAS_OF_TRANSFER)
DEFAULT_OFF = frozenset({"admin", "txpool"})  # as Besu ships them


class RpcError(Exception):
    """An error answer."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Rpc:
    """One node's methods."""

    network: Network
    node: Node

    def answer(self, request: Any) -> Any:
        """The document for a call, or for a batch in another order than asked."""
        if isinstance(request, list):
            return [self._one(call) for call in reversed(request)]
        return self._one(request)

    def _one(self, call: Any) -> Mapping[str, Any]:
        document: dict[str, Any] = {"jsonrpc": "2.0", "id": call.get("id")}
        try:
            document["result"] = self._result(call.get("method"), call.get("params") or [])
        except RpcError as error:
            document["error"] = {"code": error.code, "message": str(error)}
        return document

    def _result(self, method: str, params: list[Any]) -> Any:
        api = method.partition("_")[0]
        own = {"qbft": "qbft", "ibft2": "ibft", "ibft1": "istanbul"}[self.network.dialect]
        if api in {"qbft", "ibft", "clique", "istanbul"} and api != own:
            raise RpcError(NO_METHOD, "Method not found")
        if api in self.node.off:
            raise RpcError(NOT_ENABLED, "Method not enabled")
        name = method.removeprefix(own + "_") if api == own else method
        if own == "istanbul":
            name = {"getValidators": "getValidatorsByBlockNumber", "candidates": "getPendingVotes"}.get(name, name)
        found: Callable[..., Any] | None = getattr(self, f"do_{name}", None)
        if found is None:
            raise RpcError(NO_METHOD, "Method not found")
        return found(*params)

    def do_eth_chainId(self) -> str:  # noqa: N802 - the method's own name
        return hex(self.network.chain_id)

    def do_web3_clientVersion(self) -> str:  # noqa: N802
        return VERSION

    def do_net_peerCount(self) -> str:  # noqa: N802
        return hex(len(list(self.network.peers(self.node))))

    def do_eth_syncing(self) -> Any:
        """An object left behind with current == highest, as Besu does (its issue 2253)."""
        at = hex(self.node.head.number)
        return {"startingBlock": "0x0", "currentBlock": at, "highestBlock": at} if self.node.lagging else False

    def do_eth_gasPrice(self) -> str:  # noqa: N802
        return "0x3e8"

    def do_eth_call(self, *_params: Any) -> str:
        return "0x"

    def do_eth_coinbase(self) -> str:
        return "0x" + self.node.key.address.hex()

    def do_eth_blockNumber(self) -> str:  # noqa: N802
        return hex(self.node.head.number)

    def do_eth_getBlockByNumber(self, number: str, full: bool = False) -> Any:  # noqa: FBT001, FBT002, N802 - as called
        block = self._block(number)
        if block is None:
            return None
        document = {**self._told(block).document(), "hash": "0x" + block.hash.hex()}
        if full:
            document["transactions"] = [
                {"hash": "0x" + one.hex(), "to": self.network.executed.get(one, TRANSFER).to}
                for one in block.transactions
            ]
        return document

    def do_eth_getBlockByHash(self, block_hash: str, _full: bool = False) -> Any:  # noqa: FBT001, FBT002, N802
        found = [block for block in self.node.chain if "0x" + block.hash.hex() == block_hash]
        return found[0].document() if found else None

    def do_eth_getLogs(self, wanted: Mapping[str, Any]) -> Any:  # noqa: N802
        low, high = int(wanted["fromBlock"], 16), int(wanted["toBlock"], 16)
        addresses = {one.lower() for one in wanted["address"]}
        return [
            self._log(log, index)
            for index, log in enumerate(self.network.logs)
            if low <= log.number <= min(high, self.node.head.number) and log.address.lower() in addresses
        ]

    def do_eth_getTransactionReceipt(self, transaction: str) -> Any:  # noqa: N802
        wanted = bytes.fromhex(transaction[2:])
        block = next((block for block in self.node.chain if wanted in block.transactions), None)
        return None if block is None else self._receipt(block.number, wanted)

    def do_eth_getBlockReceipts(self, number: str) -> Any:  # noqa: N802
        if not self.node.knows_block_receipts:
            raise RpcError(NO_METHOD, "Method not found")
        block = self._block(number)
        return None if block is None else [self._receipt(block.number, one) for one in block.transactions]

    def do_txpool_besuStatistics(self) -> Any:  # noqa: N802
        return {"maxSize": 4096, "localCount": self.network.waiting(), "remoteCount": 0}

    def do_admin_nodeInfo(self) -> Any:  # noqa: N802
        network = self.network
        periods = {
            "blockPeriodSeconds": network.period,
            "requestTimeoutSeconds": network.timeout,
            "epochLength": 30_000,
        }
        if network.empty_period:
            periods["emptyBlockPeriodSeconds"] = network.empty_period
        config = {"chainId": network.chain_id, network.dialect: periods}
        node_id = self.node.key.node_id.removeprefix("0x")
        return {"id": node_id, "name": VERSION, "protocols": {"eth": {"config": config, "network": network.chain_id}}}

    def do_admin_peers(self) -> Any:
        return [
            {"version": "0x5", "name": VERSION, "caps": ["eth/68"], "port": "0x765f", "id": peer.key.node_id,
             "network": {"localAddress": "127.0.0.1:30303", "remoteAddress": "127.0.0.1:30304", "inbound": False},
             "protocols": {"eth": {"version": 68}},
             "enode": f"enode://{peer.key.node_id[2:]}@127.0.0.1:30303"}
            for peer in self.network.peers(self.node)
        ]  # fmt: skip

    def do_getValidatorsByBlockNumber(self, number: str) -> Any:  # noqa: N802
        if number == "pending":
            if self.network.dialect == "ibft1":
                raise RpcError(BAD_PARAMS, "Invalid params")
            return ["0x" + one.hex() for one in self.network.sets[self.node.head.hash]]
        block = self._block(number)
        if block is None:
            return None
        before = self.network.sets[block.parent_hash if block.number else block.hash]
        return ["0x" + one.hex() for one in before]

    def do_getPendingVotes(self) -> Any:  # noqa: N802
        if self.network.in_contract:
            raise RpcError(NOT_ENABLED, "Method not enabled")  # nobody votes there, as Besu sees it
        return {"0x" + who.hex(): add for who, add in self.node.votes.items()}

    def do_getSignerMetrics(self, low: str = "", high: str = "latest") -> Any:  # noqa: N802
        """The range is [from, to): the head is left out unless one goes beyond it."""
        last = self.node.head.number
        until = min(last if high == "latest" else int(high, 16), last)
        start = max(0, last - 100) if not low else int(low, 16)
        if start >= until:
            raise RpcError(BAD_RANGE, "Invalid params")
        counts: dict[bytes, list[int]] = {one: [] for one in self.network.sets[self.node.head.hash]}
        for block in self.node.chain[start:until]:
            counts.setdefault(block.proposer, []).append(block.number)
        return [
            {
                "address": "0x" + who.hex(),
                "proposedBlockCount": hex(len(made)),
                "lastProposedBlockNumber": hex(max(made, default=0)),
            }
            for who, made in counts.items()
        ]

    def _receipt(self, number: int, transaction: bytes) -> Any:
        done = self.network.executed.get(transaction, TRANSFER)
        logs = [log for log in self.network.logs if log.transaction == transaction]
        return {
            "transactionHash": "0x" + transaction.hex(), "blockNumber": hex(number), "to": done.to, "from": TRANSFER.to,
            "status": hex(not done.reverted), "gasUsed": hex(done.gas_used), "contractAddress": None,
            "logs": [self._log(log, index) for index, log in enumerate(logs)],
        }  # fmt: skip

    def _told(self, block: Block) -> Block:
        return self.network.tampered(block, self.node.fault) if self.node.fault.startswith("lying") else block

    def _block(self, number: str) -> Block | None:
        if number == "latest":
            return self.node.head
        at = int(number, 16)
        return self.node.chain[at] if at < len(self.node.chain) else None

    @staticmethod
    def _log(log: Log, index: int) -> Any:
        return {
            "address": log.address, "topics": [log.topic], "data": "0x", "blockNumber": hex(log.number),
            "transactionHash": "0x" + log.transaction.hex(), "logIndex": hex(index), "removed": False,
        }  # fmt: skip
