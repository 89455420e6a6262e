"""The address of a chain node: where it may come from, what it must be, and how it is shown.

A user, a password, a path and a query may each be a key: of an address its host and port are shown, and nothing else.
"""

from __future__ import annotations

import ipaddress
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

from sankofa_observe.verify.findings import CannotCheck

VARIABLE = "SANKOFA_RPC"
EXPECTED = "expected http:// or https:// and a host"
HIDDEN = "***"
_FORM = re.compile(
    r"(?P<scheme>https?)://(?:(?P<user>[^\s/?#\\]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?#].*)?",
    re.DOTALL,
)


def named(option: str | None, file: Path | None) -> str | None:
    """The address that was given: on the command line, in a file, or in the environment; None where nowhere.

    The command line stands in the list of processes, which everyone on the machine reads, and in the shell's history. So an address that
    shows a user, a password or a query is refused there: a warning would come when it has been read already.
    """
    if option is not None and file is not None:
        raise CannotCheck("chain node: both --rpc and --rpc-file are given, expected one")
    if option is not None and any(sign in option for sign in "@?#"):
        raise CannotCheck(
            "chain node: --rpc has a user, a password or a query, which everyone on this machine can read there; write the "
            f"address into a file that only you can read, and name it with --rpc-file, or set {VARIABLE}"
        )
    if file is not None:
        return _in(file)
    return option if option is not None else os.environ.get(VARIABLE)


def _in(file: Path) -> str:
    """Told without the path: it may be the address itself, in the wrong option."""
    try:
        status = file.stat()
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise CannotCheck(f"chain node: --rpc-file cannot be read ({type(error).__name__})") from None
    if stat.S_ISREG(status.st_mode) and status.st_mode & 0o027:
        raise CannotCheck(
            f"chain node: --rpc-file has mode {stat.S_IMODE(status.st_mode):03o}, expected 600 or 640: others can read or change it"
        )
    return text


def shown(address: str) -> str:
    """By scheme, host and port; that there is more is shown, and not what. Never raises."""
    found = _FORM.fullmatch(address)
    rest = found["rest"] or "" if found else ""
    if not found or "@" in rest or not _is_host(found["host"]):
        return HIDDEN
    port = f":{found['port']}" if found["port"] and _is_port(found["port"]) else ""
    return f"{found['scheme']}://{found['host']}{port}" + (f"/{HIDDEN}" if rest.strip("/") else "")


def refuse_unusable(address: str) -> None:
    """What is refused here reaches no library, which would show it in its own words."""
    found = _FORM.fullmatch(address)
    usable = found and _is_host(found["host"]) and (not found["port"] or _is_port(found["port"]))
    if not found or not usable or not re.fullmatch("[!-~]*", f"{found['user'] or ''}{found['rest'] or ''}"):
        raise CannotCheck(f"chain node {shown(address)}: {EXPECTED}, a port up to 65535, and a path without spaces")
    if "@" in (found["rest"] or ""):
        raise CannotCheck(
            f"chain node {shown(address)}: {EXPECTED}, and no @ behind it: in a password write / as %2F, ? as %3F and # as %23, "
            "in a path @ as %40"
        )


def hiding(address: str) -> Callable[[str], str]:
    """A text without the parts of an address that may be secrets: a node, or a library, repeats what it was sent."""
    found = _FORM.fullmatch(address)
    hidden = address if not found or shown(address) == HIDDEN else f"{found['user'] or ''}/{found['rest'] or ''}"
    parts = {hidden.strip("/"), *hidden.split("/"), *re.split(r"[^\w.~%-]+", hidden)} - {"", "http", "https"}
    forms = {form for part in parts for form in (part, unquote(part), quote(part, safe=""), quote(part)) if form}
    every = "|".join(_pattern(form) for form in sorted(forms, key=len, reverse=True))
    return (lambda text: re.sub(every, HIDDEN, text)) if every else (lambda text: text)


def _pattern(form: str) -> str:
    """A short one is hidden only where it stands as a word."""
    return re.escape(form) if len(form) > 7 else rf"(?<!\w){re.escape(form)}(?!\w)"  # noqa: PLR2004


def _is_port(text: str) -> bool:
    return 1 <= int(text) <= 65_535  # noqa: PLR2004


def _is_host(name: str) -> bool:
    if not name.startswith("["):
        return all(0 < len(label) <= 63 for label in name.removesuffix(".").split("."))  # noqa: PLR2004
    try:
        ipaddress.IPv6Address(name[1:-1])
    except ValueError:
        return False
    return True
