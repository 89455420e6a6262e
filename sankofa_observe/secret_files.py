"""Files that hold a secret, or say who may do what: one that others can read or change is refused, with the command that helps.

One rule for keystores, passwords and API keys, wherever they are made or used. A group may read its own: so a service reads what its
operator owns.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from sankofa_observe import shown
from sankofa_observe.errors import InvalidInput


def refuse_open(*files: Path) -> None:
    """Raises `InvalidInput` that names all that are open; one that is not there is told by whoever reads it."""
    modes = {file: file.stat().st_mode for file in files if shown.exists(file)}
    wrong = {file: stat.S_IMODE(mode) for file, mode in modes.items() if stat.S_ISREG(mode) and mode & 0o027}
    if wrong:
        told = ", ".join(f"{file} has mode {mode:03o}" for file, mode in wrong.items())
        names = " ".join(map(str, wrong))
        raise InvalidInput(f"{told}, expected 600 or 640: others can read or change it; run chmod 600 {names}")


def read_word(file: Path, what: str, *, least: int = 1) -> str:
    """The one word in a file, of ASCII and of `least` characters: a token, or an address that holds one.

    Raises:
        InvalidInput: the file is open to others, cannot be read, or holds anything else; nothing of it is told but its length.
    """
    refuse_open(file)
    expected = f"expected one line of {least} or more characters, without spaces"
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{what} {shown.path(file)}: {type(error).__name__}; {expected}") from None
    if not re.fullmatch(rf"[!-~]{{{least},}}", text):
        raise InvalidInput(f"{what} {shown.path(file)}: {len(text)} characters, {expected}")
    return text


def made_once(file: Path, what: str) -> bytes:
    """A secret of 32 bytes, in hex in a file; the first process that asks makes it, for its owner alone.

    Raises:
        InvalidInput: as `read_word`, or the file cannot be made.
    """
    if not shown.exists(file):
        try:
            handle, whole = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 600 from the start
            with os.fdopen(handle, "w") as out:
                out.write(secrets.token_hex(32) + "\n")
            with suppress(FileExistsError):  # by another process, meanwhile
                os.link(whole, file)
            Path(whole).unlink()
        except OSError as error:
            raise InvalidInput(
                f"{what} {shown.path(file)}: {error.strerror}; expected a folder in which it can be made"
            ) from None
    return bytes.fromhex(read_word(file, what, least=64))
