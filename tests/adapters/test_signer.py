"""The contract of `Signer`, on every adapter with the same key: the same account, the same bytes, the same refusals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from sankofa_observe.adapters.digest_signer import DigestSigner
from sankofa_observe.adapters.signed import ORDER
from sankofa_observe.errors import InvalidInput, InvariantBroken
from sankofa_observe.ports import Signer
from tests.adapters.signers import CREATION, DYNAMIC, KINDS, LEGACY, Token, batch


@pytest.fixture(scope="module")
def key() -> LocalAccount:
    made: LocalAccount = Account.create()
    return made


@pytest.fixture(params=KINDS)
def signer(request: pytest.FixtureRequest, key: LocalAccount, tmp_path: Path) -> Iterator[Signer]:
    with ExitStack() as opened:
        yield KINDS[request.param](key, tmp_path, opened)


def test_signer_has_the_account_of_its_key(signer: Signer, key: LocalAccount) -> None:
    """With the checksum, however the settings wrote it; no printed form shows the key."""
    assert signer.account == key.address
    assert bytes(key.key).hex() not in f"{signer!r}{signer}{vars(signer)}"


@pytest.mark.parametrize("fields", [LEGACY, DYNAMIC, CREATION], ids=["legacy", "dynamic", "creation"])
def test_signed_transaction_is_the_one_that_was_asked_for(
    signer: Signer, key: LocalAccount, fields: dict[str, Any]
) -> None:
    """Byte for byte what the key itself signs, of each kind; `from` may be named, and numbers may be in hex."""
    to = bytes.fromhex(fields["to"][2:]) if isinstance(fields["to"], str) else b""
    expected = bytes(key.sign_transaction({**fields, "to": to}).raw_transaction)
    assert signer.sign_transaction(fields) == expected
    assert signer.sign_transaction({**fields, "nonce": hex(fields["nonce"]), "from": key.address}) == expected
    assert Account.recover_transaction(expected) == key.address


def test_signature_of_typed_data_is_the_accounts(signer: Signer, key: LocalAccount) -> None:
    """65 bytes: r, a low s, and v of 27 or 28, from which the account follows; the key itself signs the same."""
    document = batch()
    signature = signer.sign_typed_data(document)
    assert Account.recover_message(encode_typed_data(full_message=document), signature=signature) == key.address
    assert signature == bytes(key.sign_typed_data(full_message=document).signature)
    assert (len(signature), signature[64] in {27, 28}) == (65, True)
    assert int.from_bytes(signature[32:64], "big") <= ORDER // 2


def test_device_with_another_key_is_found_out(key: LocalAccount) -> None:
    """Its signatures are those of neither point, and nothing of them is handed out."""
    token = Token(Account.create())

    def signs(digest: bytes) -> tuple[int, int]:
        made = token.sign(digest)
        return int.from_bytes(made[:32], "big"), int.from_bytes(made[32:], "big")

    signer = DigestSigner(key.address, signs, who="device")
    asks: list[Callable[[], bytes]] = [
        partial(signer.sign_transaction, LEGACY),
        partial(signer.sign_typed_data, batch()),
    ]
    for ask in asks:
        with pytest.raises(
            InvariantBroken, match=f"device answered a signature of account .*, expected {key.address.lower()}"
        ):
            ask()


WITHOUT_NONCE = {name: value for name, value in LEGACY.items() if name != "nonce"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no-nonce": (WITHOUT_NONCE, "nonce is missing"),
    "no-price": ({name: value for name, value in LEGACY.items() if name != "gasPrice"}, "gasPrice is missing"),
    "half-a-price": ({**LEGACY, "maxFeePerGas": 1}, "maxPriorityFeePerGas is missing; gasPrice is not known here"),
    "two-faults": ({**WITHOUT_NONCE, "gsa": 1}, "nonce is missing; gsa is not known here"),
    "another-sender": ({**LEGACY, "from": "0x" + "11" * 20}, f"from is 0x{'11' * 20}, expected 0x"),
    "short-receiver": ({**LEGACY, "to": "0xabcd"}, "to has 2 bytes, expected an address of 20"),
    "other-type": ({**LEGACY, "type": "0x1"}, "type 0x1 is not that of its prices, expected 0"),
    "no-number": ({**LEGACY, "gas": -1}, "-1 is no number"),
    "no-hex": ({**LEGACY, "data": "0xnothing"}, "non-hexadecimal"),
    "a-length": ({**LEGACY, "data": 4}, "4 is no bytes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_transaction_that_nobody_can_sign_is_refused(signer: Signer, case: str) -> None:
    """Before anyone is asked, with all that is wrong. A nonce above all: no signer may choose one."""
    fields, words = REFUSED[case]
    with pytest.raises(InvalidInput, match=words):
        signer.sign_transaction(fields)


@pytest.mark.parametrize("change", [{"primaryType": "Nothing"}, {"message": {"epoch": "one"}}, {"types": {}}])
def test_document_that_is_none_is_refused(signer: Signer, change: dict[str, Any]) -> None:
    """Before anyone is asked."""
    with pytest.raises(InvalidInput, match=r"typed data: .*; nothing was signed"):
        signer.sign_typed_data({**batch(), **change})
