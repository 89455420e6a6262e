"""Signing keys from encrypted keystore files (Web3 Secret Storage, version 3).

The password comes from a file, never from the command line or the environment. A key has no printable form.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount

from sankofa_observe.adapters import recursion  # noqa: F401
from sankofa_observe.errors import InvalidInput


def open_keystore(keystore: Path, password_file: Path) -> LocalAccount:
    """The account of a keystore; an error names the file and never what is in it."""
    try:
        _refuse_open(keystore, password_file)
        document = json.loads(keystore.read_text(encoding="utf-8"))
        password = password_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InvalidInput(
            f"{error.filename}: {error.strerror}; expected a keystore and the file with its password"
        ) from error
    except ValueError as error:
        raise InvalidInput(f"{keystore}: no JSON; expected a version 3 keystore") from error
    try:
        account: LocalAccount = Account.from_key(Account.decrypt(document, password))
    except (ValueError, KeyError, TypeError, NotImplementedError):
        raise InvalidInput(
            f"{keystore}: not opened by the password in {password_file}, or no version 3 keystore"
        ) from None
    return account


def _refuse_open(*files: Path) -> None:
    """A key that others can read signs for them, and one that others can write signs for whoever did; a group may read its own."""
    wrong = {file: stat.S_IMODE(file.stat().st_mode) for file in files}
    wrong = {file: mode for file, mode in wrong.items() if mode & 0o027}
    if wrong:
        told = ", ".join(f"{file} has mode {mode:03o}" for file, mode in wrong.items())
        names = " ".join(map(str, wrong))
        raise InvalidInput(f"{told}, expected 600 or 640: others can read or change it; run chmod 600 {names}")


def write_keystore(account: LocalAccount, keystore: Path, password: str, *, rounds: int = 2**18) -> None:
    """Encrypt a key into a new file that only its owner can read, from the moment it exists."""
    document = Account.encrypt(account.key, password, kdf="scrypt", iterations=rounds)
    try:
        descriptor = os.open(keystore, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InvalidInput(f"{keystore}: {error.strerror}; a key is never overwritten") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(document))
