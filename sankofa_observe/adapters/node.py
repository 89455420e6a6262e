"""One JSON-RPC node, spoken to with web3.py: a synchronous provider per worker, our own retries, no filters.

web3's provider repeats `eth_sendRawTransaction` by default; that is switched off, because the second try would answer
"already known" to what was a success. QBFT headers carry more than 32 bytes of extra data, hence the middleware.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests
from eth_hash.auto import keccak
from requests import Session
from urllib3.util.retry import Retry
from web3 import HTTPProvider, Web3
from web3.contract.contract import ContractFunction
from web3.exceptions import ContractLogicError, TransactionNotFound, Web3Exception, Web3RPCError
from web3.middleware import ExtraDataToPOAMiddleware
from web3.types import TxParams, Wei

from sankofa_observe import shown
from sankofa_observe.adapters import recursion  # noqa: F401
from sankofa_observe.adapters.artefacts import revert_reason
from sankofa_observe.adapters.away import why
from sankofa_observe.adapters.bounded import MAX_ANSWER_BYTES, BoundedAdapter, for_ever
from sankofa_observe.adapters.redaction import Redaction, shortened
from sankofa_observe.errors import InvalidInput, NotTaken, Refused, Unavailable
from sankofa_observe.ports import Signer

TIMEOUT_SECONDS = 10  # of connecting, and of each wait for bytes
ANSWER_SECONDS = 20  # of a whole answer
POLL_SECONDS = 0.2
# web3 hands a result of null, or of another shape, to whatever reads it next; what that raises is the node's doing.
_GARBLED = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
_AGAIN = {"from": "from", "to": "to", "data": "input", "gas": "gas"}  # of a call, by what a transaction names it
BATCH = 100  # requests of one call; Besu takes 1,024
_BUSY = (-32005, -32603)  # a limit of requests, or an error of its own: it says nothing of what was sent
_REVERTED = 3  # a node's code of a call that the contract refused
_KNOWN = ("already known", "known transaction", "already imported", "nonce too low")


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A transaction as it is sent, and as it is asked for afterwards."""

    raw_transaction: bytes = field(repr=False)

    @property
    def hash(self) -> bytes:
        return keccak(self.raw_transaction)


class Node:
    """A connection to one chain node; errors come out as `Unavailable` with the node's own words."""

    def __init__(self, url: str, gas_price_wei: int = 0, *, waits_no_more: Callable[[], bool] = for_ever) -> None:
        if fault := shown.fault_of(url):
            raise InvalidInput(f"chain node {shown.address(url)}: the address {fault}; nothing was sent")
        self.shown = shown.address(url)  # as errors name it
        self._redacted = Redaction({}, url)
        self.gas_price_wei = gas_price_wei  # 0 on a free-gas network; what the node suggests is never 0
        self._session = Session()
        self._session.trust_env = False
        self._session.max_redirects = 0  # what is signed goes where the settings say, and nowhere else
        bounded = BoundedAdapter(
            seconds=ANSWER_SECONDS,
            max_bytes=MAX_ANSWER_BYTES,
            retries=Retry(0, read=False),
            waits_no_more=waits_no_more,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, bounded)  # a byte now and then is no answer
        provider = HTTPProvider(
            url,
            request_kwargs={"timeout": TIMEOUT_SECONDS},
            session=self._session,
            exception_retry_configuration=None,
        )
        self.web3 = Web3(provider)
        self.web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)

    def close(self) -> None:
        self._session.close()

    @contextmanager
    def asking(self, what: str) -> Iterator[None]:
        """Turn what a node can answer wrongly into one of our errors."""
        try:
            yield
        except ContractLogicError as error:
            raise Refused(f"{what}: the contract refuses now: {revert_reason(error.data or error)}") from error
        # Nothing is chained below: what the error came from may show the whole address.
        except requests.RequestException as error:
            told = shortened(self._redacted(why(error)))
            raise Unavailable(
                f"{what}: chain node {self.shown} did not answer: {told}; nothing was lost, try again"
            ) from None
        except (Web3Exception, *_GARBLED) as error:
            told = shortened(self._redacted(str(error)))
            raise Unavailable(
                f"{what}: chain node {self.shown} answered what cannot be used: {told}; try again"
            ) from None

    def sign(self, call: Any, signer: Signer, *, nonce: int, gas: int, chain_id: int) -> Signed:
        """Build and sign; the gas price is the setting, not what the node suggests."""
        transaction: TxParams = {
            "chainId": chain_id,
            "from": signer.account,
            "nonce": nonce,  # type: ignore[typeddict-item]  # NewType of int
            "gas": gas,
            "gasPrice": Wei(self.gas_price_wei),
        }
        built: Any = call.build_transaction(transaction)
        return Signed(raw_transaction=signer.sign_transaction(dict(built)))

    def batch(self, what: str, requests: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """The results of many requests in a few calls, as the node's JSON has them: a call a request would cost the node and us far more.

        Raises:
            Refused: a call of them reverts; its words are the contract's.
            Unavailable: the node did not answer all of them.
        """
        found: list[Any] = []
        provider: Any = self.web3.provider
        for first in range(0, len(requests), BATCH):
            some = list(requests[first : first + BATCH])
            with self.asking(what):
                answers = provider.make_batch_request(some)
                if not isinstance(answers, list) or len(answers) != len(some):
                    raise Web3Exception(f"{str(answers)[:200]}, expected an answer to each of {len(some)} requests")
                for one in answers:
                    if error := one.get("error"):
                        raise _of_node(error)
                    found.append(one["result"])
        return found

    def send(self, raw: bytes) -> None:
        """Send signed bytes; a node that knows them, or has mined them, is content.

        Raises:
            NotTaken: it answered, and does not take them.
        """
        with self.asking("sending a transaction"), self.taking():
            self.web3.eth.send_raw_transaction(raw)

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Tell what a node says of a transaction from what it says of itself; one that it knows, or has mined, is taken."""
        try:
            yield
        except Web3RPCError as error:
            found: Any = (error.rpc_response or {}).get("error") or {}
            told = str(found.get("message") or error)
            if not any(word in told.lower() for word in _KNOWN):
                if found.get("code") in _BUSY:
                    raise
                raise NotTaken(f"the node does not take it: {shortened(self._redacted(told))}") from None

    def receipt(self, transaction: str) -> Any:
        """The receipt, or None: not known."""
        with self.asking(f"receipt of {transaction}"):
            try:
                return self.web3.eth.get_transaction_receipt(transaction)  # type: ignore[arg-type]  # hex text is accepted
            except TransactionNotFound:
                return None

    def transact(self, call: Any, signer: Signer, what: str, gas: int = 5_000_000) -> Any:
        """Send one administrative call, or a deployment, and wait for it; never a settlement.

        It is asked first, so that what the contract refuses is told and nothing is sent. A block may hold less gas than `gas`.
        """
        with self.asking(what):
            if isinstance(call, ContractFunction):
                call.call({"from": signer.account})
            nonce = self.web3.eth.get_transaction_count(signer.account)  # type: ignore[arg-type]  # an address, as text
            gas = min(gas, self.web3.eth.get_block("latest")["gasLimit"])
            signed = self.sign(call, signer, nonce=nonce, gas=gas, chain_id=self.web3.eth.chain_id)
            return self.wait(self.web3.eth.send_raw_transaction(signed.raw_transaction), what)

    def wait(self, transaction: Any, what: str) -> Any:
        receipt = self.web3.eth.wait_for_transaction_receipt(transaction, timeout=60, poll_latency=POLL_SECONDS)
        if receipt["status"] != 1:
            # Another's transaction came in between: what was asked first was not refused.
            told = self._refusal(transaction, receipt["blockNumber"])
            raise Refused(f"{what}: transaction 0x{bytes(transaction).hex()} was mined and refused: {told}")
        return receipt

    def _refusal(self, transaction: Any, block: int) -> str:
        """Why a mined transaction was refused: the receipt does not say, so the call is repeated on its own block."""
        sent: Any = self.web3.eth.get_transaction(transaction)
        again: Any = {name: sent[given] for name, given in _AGAIN.items() if sent.get(given) is not None}
        try:
            self.web3.eth.call(again, block)
        except ContractLogicError as error:
            return revert_reason(error.data or error)
        return "and the replay succeeds: try again"


def _of_node(error: Mapping[str, Any]) -> Exception:
    """One error of a batch, as web3 would have raised it."""
    data = error.get("data")
    if error.get("code") == _REVERTED or isinstance(data, str):
        return ContractLogicError(str(error.get("message")), data=data)
    return Web3Exception(str(error)[:200])
