"""Signing keys: files only their owner reads, and errors that name the file and never what is in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from eth_account import Account

from sankofa_observe.adapters.keys import open_keystore, write_keystore
from sankofa_observe.errors import InvalidInput

PASSWORD, ROUNDS = "correct horse", 2**4


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    keystore, password = tmp_path / "sender.json", tmp_path / "sender.password"
    password.touch(0o600)
    write_keystore(Account.create(), keystore, PASSWORD, rounds=ROUNDS)
    password.write_text(f"{PASSWORD}\n")
    return keystore, password


def test_keystore_opens_with_its_password(tmp_path: Path) -> None:
    """What was written comes back; the password's file may end in a newline, the key's printed form holds no key."""
    account, keystore, password = Account.create(), tmp_path / "key.json", tmp_path / "key.password"
    password.touch(0o600)
    write_keystore(account, keystore, PASSWORD, rounds=ROUNDS)
    password.write_text(f"{PASSWORD}\n")
    opened = open_keystore(keystore, password)
    assert opened.account == account.address
    assert bytes(account.key).hex() not in f"{opened!r} {opened} {keystore.read_text()}"


def test_keystore_is_readable_by_its_owner_from_the_moment_it_exists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is made with mode 600 under any umask, before the first byte is in it."""
    modes: list[int] = []
    real_open = os.open

    def watch(path: str | Path, flags: int, mode: int = 0o777) -> int:
        descriptor = real_open(path, flags, mode)
        modes.append(os.fstat(descriptor).st_mode & 0o777)
        return descriptor

    before = os.umask(0)
    monkeypatch.setattr("os.open", watch)
    try:
        write_keystore(Account.create(), tmp_path / "key.json", PASSWORD, rounds=ROUNDS)
    finally:
        os.umask(before)
    assert (modes, (tmp_path / "key.json").stat().st_mode & 0o777) == ([0o600], 0o600)


def test_keystore_is_never_overwritten(files: tuple[Path, Path]) -> None:
    """A key that stands stays, and the refusal says so."""
    before = files[0].read_bytes()
    with pytest.raises(InvalidInput, match="never overwritten"):
        write_keystore(Account.create(), files[0], PASSWORD, rounds=ROUNDS)
    assert files[0].read_bytes() == before


BROKEN = {
    "wrong-password": (None, "hidden-password"),
    "empty-password": (None, ""),
    "no-json": ("hidden-content", PASSWORD),
    "no-keystore": ('{"hidden": "content"}', PASSWORD),
    "a-list": ('["hidden"]', PASSWORD),
    "a-bare-key": ('"0x' + "12" * 32 + '"', PASSWORD),
    "version-1": ('{"version": 1, "crypto": {"hidden": 1}}', PASSWORD),
}


@pytest.mark.parametrize("case", BROKEN)
def test_keystore_that_does_not_open_names_the_files_only(files: tuple[Path, Path], case: str) -> None:
    """The error, with everything chained to it, holds neither password nor content."""
    keystore, password_file = files
    content, password = BROKEN[case]
    if content is not None:
        keystore.write_text(content)
    password_file.write_text(password)
    with pytest.raises(InvalidInput, match=str(keystore)) as caught:
        open_keystore(keystore, password_file)
    told = f"{caught.value} {caught.value.__cause__}"
    assert not any(word in told for word in ("hidden", PASSWORD, "12" * 32))


def test_keystore_with_a_spoiled_cipher_is_refused(files: tuple[Path, Path]) -> None:
    """A file that was changed does not open as another key."""
    document = json.loads(files[0].read_text())
    text = document["crypto"]["ciphertext"]
    document["crypto"]["ciphertext"] = ("1" if text[0] != "1" else "2") + text[1:]
    files[0].write_text(json.dumps(document))
    with pytest.raises(InvalidInput, match="not opened by the password"):
        open_keystore(*files)


@pytest.mark.parametrize("absent", [0, 1])
def test_keystore_or_password_that_is_absent_is_named(files: tuple[Path, Path], absent: int) -> None:
    """Which of the two files is missing is in the error, and in which folder; a path that is none is not shown."""
    files[absent].unlink()
    what = ("keystore", "password file of the keystore")[absent]
    with pytest.raises(InvalidInput, match=f"{what}: a value that is not shown, in {files[0].parent}: No such file"):
        open_keystore(*files)


@pytest.mark.parametrize("which", [0, 1], ids=["keystore", "password"])
@pytest.mark.parametrize("mode", [0o666, 0o644, 0o604, 0o602, 0o620, 0o660])
def test_keystore_that_others_can_read_or_change_is_refused(files: tuple[Path, Path], which: int, mode: int) -> None:
    """And so is its password; the command that helps is named."""
    files[which].chmod(mode)
    with pytest.raises(
        InvalidInput, match=rf"has mode {mode:03o}, expected 600 or 640: .*run chmod 600 {files[which]}"
    ):
        open_keystore(*files)
    files[which].chmod(0o640)
    open_keystore(*files)
