"""Signing keys from encrypted keystore files (Web3 Secret Storage, version 3), behind the `Signer` port.

The password comes from a file, never from the command line or the environment. A key has no printable form.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from sankofa_observe import shown
from sankofa_observe.adapters import recursion  # noqa: F401
from sankofa_observe.adapters.digest_signer import DigestSigner
from sankofa_observe.errors import InvalidInput
from sankofa_observe.secret_files import refuse_open


class KeystoreSigner(DigestSigner):
    """Signs with a key in this process; neither its text nor an error shows the key."""

    def __init__(self, key: LocalAccount) -> None:
        def signs(digest: bytes) -> tuple[int, int]:
            made = key.unsafe_sign_hash(digest)  # type: ignore[arg-type]  # a NewType of bytes
            return made.r, made.s

        super().__init__(str(key.address), signs, who="the key of the keystore")


def open_keystore(keystore: Path, password_file: Path, *, of: str = "") -> KeystoreSigner:
    """The signer of a keystore; an error names the file and never what is in it, nor what stands where a path should.

    `of` says whose key it is, for a path that cannot be shown.
    """
    what = f"keystore of {of}" if of else "keystore"
    refuse_open(keystore, password_file)
    try:
        document = json.loads(_text(what, keystore))
    except (ValueError, RecursionError):
        raise InvalidInput(f"{shown.path(keystore)}: no JSON; expected a version 3 keystore") from None
    password = read_password(password_file, of=what)
    try:
        account: LocalAccount = Account.from_key(Account.decrypt(document, password))
    except (ValueError, KeyError, TypeError, NotImplementedError):
        raise InvalidInput(
            f"{shown.path(keystore)}: not opened by the password in {shown.path(password_file)}, or no version 3 keystore"
        ) from None
    return KeystoreSigner(account)


def read_password(file: Path, wanted: str = "expected a file with the password, mode 600", *, of: str = "") -> str:
    """The password in a file, without the spaces and line ends around it."""
    try:
        return _text(f"password file of the {of}" if of else "password file", file, wanted).strip()
    except ValueError as error:
        raise InvalidInput(
            f"{shown.path(file)}: cannot be read as a password ({type(error).__name__}); {wanted}"
        ) from None


def read_address(file: Path) -> str:
    """The address in a file, which may hold a password or a key."""
    refuse_open(file)
    try:
        return _text("address file", file).strip()
    except ValueError as error:
        raise InvalidInput(f"{shown.path(file)}: cannot be read as an address ({type(error).__name__})") from None


def _text(what: str, file: Path, wanted: str = "expected a file") -> str:
    """What is in a file; nothing is chained to an error, because its cause shows the path, or what stands in its place."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(
            f"{what}: {shown.path(file)}: {error.strerror}; {wanted}; only a path that exists is shown"
        ) from None


def write_keystore(account: LocalAccount, keystore: Path, password: str, *, rounds: int = 2**18) -> None:
    """Encrypt a key into a new file that only its owner can read, from the moment it exists."""
    document = Account.encrypt(account.key, password, kdf="scrypt", iterations=rounds)
    try:
        descriptor = os.open(keystore, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InvalidInput(f"{shown.path(keystore)}: {error.strerror}; a key is never overwritten") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(document))
