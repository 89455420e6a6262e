"""Web3Signer in its eth1 mode, behind the `Signer` port: the key stays there, in a file, a vault or a cloud's KMS.

Asked are `eth_accounts`, `eth_signTransaction` and `eth_signTypedData`, as Consensys/web3signer publishes them (read at 3522fc8, after
26.4.2). Never asked is `eth_sendTransaction`: without a nonce it signs anew under the next one, up to ten times, and a settlement would be
in flight twice. Web3Signer signs for the chain it was started with (`--chain-id`) and ignores the chain that is asked for, so what it
answers is decoded and compared, field by field, and its signer recovered.

The document of typed data goes as text: a release before 25.9.0 takes no object (#1012), and text is read by all.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from eth_utils.address import is_address, is_checksum_address, to_checksum_address

from sankofa_observe.adapters import recursion  # noqa: F401
from sankofa_observe.adapters.bounded import for_ever
from sankofa_observe.adapters.one_call import Answer, Service, post, told
from sankofa_observe.adapters.signed import checked_signature, checked_transaction, signable
from sankofa_observe.adapters.transaction import Transaction
from sankofa_observe.errors import Declined, InvalidInput, SankofaError, Unavailable, Unusable

ANSWER_SECONDS = 15.0
"""Of a whole question, from the name's look-up to the last byte. A cloud's KMS behind it takes its part."""

_NO_ACCOUNT = (-32000, "No unlocked account matches the Sender")
_REFUSES = {401, 403, 407}  # of a proxy before it, and of `--http-host-allowlist`
_OK, _SERVER = 200, 500
_SHOWN_ACCOUNTS = 5


class Web3Signer:
    """Signs for one account of a Web3Signer; every thread may ask."""

    def __init__(self, service: Service, account: str, *, waits_no_more: Callable[[], bool] = for_ever) -> None:
        if not is_address(account) or (account != account.lower() and not is_checksum_address(account)):
            raise InvalidInput(
                f"{service.who}: the account is no address, expected 0x and 40 hex digits, small ones or with the checksum of EIP-55"
            )
        self._service, self._account = service, str(to_checksum_address(account))
        self._waits_no_more = waits_no_more
        self._ids = count(1)

    def __repr__(self) -> str:
        return f"Web3Signer({self._service.who}, {self._account})"

    @property
    def account(self) -> str:
        return self._account

    def sign_transaction(self, fields: Mapping[str, Any]) -> bytes:
        wanted = Transaction.of(fields, self._account)
        found = self._ask("eth_signTransaction", [{"from": self._account.lower(), **wanted.json}], _ends_at())
        return checked_transaction(self._octets(found), wanted, account=self._account, who=self._service.who)

    def sign_typed_data(self, document: Mapping[str, Any]) -> bytes:
        message = signable(document)  # what is no document is found out here: there it would be an internal error
        text = json.dumps(document, default=_hexadecimal, separators=(",", ":"))
        found = self._ask("eth_signTypedData", [self._account.lower(), text], _ends_at())
        return checked_signature(self._octets(found), message, account=self._account, who=self._service.who)

    def accounts(self) -> tuple[str, ...]:
        """Whose keys it has, in lower case."""
        return self._accounts(_ends_at())

    def _accounts(self, until: float) -> tuple[str, ...]:
        found = self._ask("eth_accounts", [], until)
        if not isinstance(found, list) or not all(isinstance(one, str) and is_address(one) for one in found):
            raise self._unusable("eth_accounts", "no list of addresses")
        return tuple(one.lower() for one in found)

    def _ask(self, method: str, params: list[Any], until: float) -> Any:
        number = next(self._ids)
        question = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        answer = post(self._service, json.dumps(question).encode(), until=until, waits_no_more=self._waits_no_more)
        found = _object(answer.body)
        if answer.status >= _SERVER:
            raise Unavailable(
                f"{self._service.who} cannot {method}: HTTP {answer.status}: {answer.words()}; nothing was sent, try again"
            )
        if isinstance(error := found.get("error"), dict):
            raise self._declined(method, error, answer, until)
        if answer.status in _REFUSES:
            raise Declined(
                f"{self._service.who} refuses {method}: HTTP {answer.status}: {answer.words()}; nothing was sent. Look at its "
                "--http-host-allowlist, and at what a proxy before it wants to see: header_file, client certificate"
            )
        if answer.status != _OK:
            raise self._unusable(method, f"HTTP {answer.status}, expected 200: {answer.words()}")
        if found.get("id") != number or "result" not in found:
            told_id = f"the result of question {str(found['id'])[:40]}" if "id" in found else answer.words()
            raise self._unusable(method, f"{told_id}, expected that of {number}")
        return found["result"]

    def _declined(self, method: str, error: Mapping[str, Any], answer: Answer, until: float) -> SankofaError:
        if (error.get("code"), error.get("message")) == _NO_ACCOUNT:
            return InvalidInput(
                f"{self._service.who} has not the key of account {self._account.lower()}{self._has(until)}; nothing was sent. Load the key "
                "there, or mend the account in the settings"
            )
        words = told(f"{error.get('code')} {error.get('message')}", answer.redacted)
        return Declined(f"{self._service.who} declines {method}: {words}; nothing was sent")

    def _has(self, until: float) -> str:
        try:
            found = self._accounts(until)
        except SankofaError:
            return ""
        more = f" and {len(found) - _SHOWN_ACCOUNTS} more" if len(found) > _SHOWN_ACCOUNTS else ""
        return f", it has {', '.join(found[:_SHOWN_ACCOUNTS]) or 'none'}{more}"

    def _octets(self, found: Any) -> bytes:
        if not isinstance(found, str) or not re.fullmatch(r"0x(?:[0-9a-fA-F]{2})*", found):
            raise Unusable(
                f"{self._service.who} answered a result that is no text of 0x and hex digits; nothing was sent"
            )
        return bytes.fromhex(found[2:])

    def _unusable(self, method: str, problem: str) -> Unusable:
        return Unusable(f"{self._service.who} answered {method} with what cannot be used: {problem}; nothing was sent")


def _ends_at() -> float:
    return time.monotonic() + ANSWER_SECONDS


def _object(body: bytes) -> dict[str, Any]:
    """The object of JSON that was answered; an empty one where there is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _hexadecimal(value: Any) -> str:
    if not isinstance(value, (bytes, bytearray)):
        raise InvalidInput(f"typed data: {type(value).__name__} has no form in JSON; nothing was signed")
    return "0x" + bytes(value).hex()
