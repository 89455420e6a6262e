"""The double of Web3Signer against what the project itself publishes: its tests' signatures and bytes, and its sources' answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import rlp  # type: ignore[import-untyped]
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak

from deploy.lab.web3signer.double import NOT_FOUND, Web3SignerDouble
from deploy.lab.web3signer.typed_data import EncodingError, encoded
from tests.adapters.signers import batch

# core/src/integrationTest/resources/keyfile.json of Consensys/web3signer, whose password is `password`.
KEY = Account.from_key("0x86e6fa33d44da09c2b3860767dc929e31eefc43891872bbe97365a357fb758f3")
PERSON: dict[str, Any] = {  # EthSignTypedDataIntegrationTest
    "types": {
        "EIP712Domain": [
            {"name": "name", "type": "string"}, {"name": "version", "type": "string"},
            {"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"},
        ],
        "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
    },
    "domain": {
        "name": "My Dapp", "version": "1.0", "chainId": 1, "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
    },
    "primaryType": "Person",
    "message": {"name": "John Doe", "wallet": "0xAb5801a7D398351b8bE11C439e05C5B3259aeC9B"},
}  # fmt: skip
PERSON_SIGNED = "0x11cb46f70ad43da86e15ca7c6bb28356859a5f4ba430b44dbf1e65726d467be6072be9d1e5b40bd5b7abe8888eb91a69f0e6d56a8a094718ed8080baf02d61c31c"
# EthSignTransactionResultProviderTest: what was asked, and the bytes that follow, whose signatures are a mock's.
ASKED = {
    "from": KEY.address, "to": "0x627306090abaB3A6e1400e9345bC60c78a8BEf57", "gas": "0x7600", "nonce": "0x46", "value": "0x2", "data": "0x0",
}  # fmt: skip
FRONTIER = (
    "f862468082760094627306090abab3a6e1400e9345bc60c78a8bef57020083015e7ba0e2b345c1c5af05f518e7fd716459fd41d4af3e355b4afb48d8fddc21eae98c13"
    "a043975efec1fcfd03f7af77c4a402510981a088765b180bc84163ecba8f01f46d"
)
EIP1559 = (
    "02f86482af2c46010282760094627306090abab3a6e1400e9345bc60c78a8bef570200c080a0c12c61390b8e6c5cded74c3356bdfcace12f2df6ef936bb57b6ae396d4"
    "30faafa04ac0efe035ef864a63381825e445eb58ad2d01f3927e8c814b5442949847338d"
)


@pytest.fixture
def double() -> Iterator[Web3SignerDouble]:
    with Web3SignerDouble(keys=[KEY], chain_id=44_844) as running:
        yield running


def asked(double: Web3SignerDouble, method: str, *params: Any) -> tuple[int, Any]:
    question: Any = {"jsonrpc": "2.0", "id": 77, "method": method, "params": list(params)}
    answer = requests.post(double.url, json=question, timeout=10)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("form", [dict, json.dumps], ids=["object", "text"])
def test_published_document_gets_its_published_signature(double: Web3SignerDouble, form: Any) -> None:
    """Its encoder, its hash, its key and its form, byte for byte; as an object, as later releases take it, and as text."""
    status, found = asked(double, "eth_signTypedData", KEY.address, form(PERSON))
    assert (status, found) == (200, {"jsonrpc": "2.0", "id": 77, "result": PERSON_SIGNED})


@pytest.mark.parametrize(
    ("prices", "published"),
    [({"gasPrice": "0x0"}, FRONTIER), ({"maxPriorityFeePerGas": "0x1", "maxFeePerGas": "0x2"}, EIP1559)],
    ids=["frontier", "1559"],
)
def test_published_transaction_has_its_published_fields(
    double: Web3SignerDouble, prices: dict[str, str], published: str
) -> None:
    """All but r and s, and the last bit of v, which follow from the key. The chain is the server's, whatever is asked."""
    _, found = asked(double, "eth_signTransaction", {**ASKED, **prices, "chainId": "0x1"})
    typed = 1 if published.startswith("02") else 0
    ours, theirs = (rlp.decode(bytes.fromhex(text)[typed:]) for text in (found["result"][2:], published))
    v, expected_v = (int.from_bytes(one[-3], "big") for one in (ours, theirs))
    assert (ours[:-3], v - (v + 1 - typed) % 2) == (theirs[:-3], expected_v - (expected_v + 1 - typed) % 2)
    assert Account.recover_transaction(found["result"]) == KEY.address


ERRORS: dict[str, tuple[str, tuple[Any, ...], int, int, str]] = {
    "no-nonce": ("eth_signTransaction", ({**ASKED, "nonce": None},), 400, -32602, "Invalid params"),
    "no-params": ("eth_signTransaction", (), 400, -32602, "Invalid params"),
    "no-quantity": ("eth_signTransaction", ({**ASKED, "gas": "many"},), 400, -32602, "Invalid params"),
    "strange-sender": (
        "eth_signTransaction", ({**ASKED, "from": "0x" + "11" * 20},), 200, -32000, "No unlocked account matches the Sender",
    ),
    "strange-account": (
        "eth_signTypedData", ("0x" + "11" * 20, PERSON), 200, -32000, "No unlocked account matches the Sender",
    ),
    "no-document": ("eth_signTypedData", (KEY.address,), 400, -32602, "Invalid params"),
    "no-json": ("eth_signTypedData", (KEY.address, "{"), 400, -32602, "Invalid params"),
    "no-encoding": ("eth_signTypedData", (KEY.address, {**PERSON, "primaryType": "Nobody"}), 500, -32603, "Internal error"),
    "accounts-of": ("eth_accounts", ("0x",), 400, -32602, "Invalid params"),
    "of-a-node": ("eth_blockNumber", (), 504, -32000, "Failed to connect to downstream node"),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_errors_are_the_published_ones(double: Web3SignerDouble, case: str) -> None:
    """HTTP status, code and message, with the number of the question."""
    method, params, status, code, message = ERRORS[case]
    expected = {"jsonrpc": "2.0", "id": 77, "error": {"code": code, "message": message}}
    assert asked(double, method, *params) == (status, expected)


def test_accounts_and_states_are_the_published_ones(double: Web3SignerDouble) -> None:
    """Addresses in lower case, sorted; a page that is not there; a question that is none; a host that is not allowed."""
    double.keys = [KEY, *(Account.create() for _ in range(2))]
    assert asked(double, "eth_accounts") == (
        200, {"jsonrpc": "2.0", "id": 77, "result": sorted(key.address.lower() for key in double.keys)},
    )  # fmt: skip
    assert asked(double, "health_status")[1]["result"] == "OK"
    up, missing = (requests.get(f"{double.url}/{path}", timeout=10) for path in ("upcheck", "nowhere"))
    assert (up.status_code, up.text, missing.status_code, missing.content) == (200, "OK", 404, NOT_FOUND)
    broken = requests.post(double.url, data=b"{", timeout=10)
    parse_error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}}
    assert (broken.status_code, broken.json()) == (400, parse_error)
    strange = requests.get(f"{double.url}/upcheck", headers={"Host": "signer.internal"}, timeout=10)
    assert (strange.status_code, strange.text) == (403, '{"message":"Host not authorized."}')


def _hexadecimal(value: bytes) -> str:
    return "0x" + value.hex()


def test_two_encoders_of_typed_data_agree() -> None:
    """web3j's, rewritten here, and eth_account's, on what attestors sign: structs in arrays, bytes, numbers of 64 bits."""
    document = batch()
    message = encode_typed_data(full_message=document)
    expected = b"\x19" + message.version + message.header + message.body
    assert encoded(json.dumps(document, default=_hexadecimal)).hex() == expected.hex()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256), ("uint8", -1), ("int8", 128), ("int8", -129), ("bytes4", "0x010203"), ("uint256", "one"), ("uint256", True),
        ("uint256[]", 1), ("Nobody", {}),
    ],
)  # fmt: skip
def test_value_that_web3j_refuses_is_refused(kind: str, value: Any) -> None:
    """Out of its type's bounds, or of no type."""
    types = {"EIP712Domain": PERSON["types"]["EIP712Domain"], "Thing": [{"name": "one", "type": kind}]}
    document = {**PERSON, "types": types, "primaryType": "Thing", "message": {"one": value}}
    with pytest.raises(EncodingError):
        encoded(json.dumps(document))


@pytest.mark.parametrize(
    ("kind", "value", "same"),
    [
        ("uint256", 12, "0xc"), ("uint256", 2**63, str(2**63)), ("int16", -2, "-2"), ("bytes", "0x0102", "0102"), ("bool", True, 1),
        ("string", "é", "é"), ("bytes32[]", ["0x" + "01" * 32], ["0x" + "01" * 32]),
    ],
)  # fmt: skip
def test_forms_that_web3j_reads_alike_are_read_alike(kind: str, value: Any, same: Any) -> None:
    """Numbers as JSON's own, as decimal text and as 0x; bytes with 0x and without; as eth_account encodes the first."""
    types = {"EIP712Domain": PERSON["types"]["EIP712Domain"], "Thing": [{"name": "one", "type": kind}]}
    documents = [{**PERSON, "types": types, "primaryType": "Thing", "message": {"one": one}} for one in (value, same)]
    message = encode_typed_data(full_message=documents[0])
    expected = keccak(b"\x19" + message.version + message.header + message.body)
    assert [keccak(encoded(json.dumps(one))) for one in documents] == [expected, expected]
