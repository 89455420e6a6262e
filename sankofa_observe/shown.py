"""How an address and a path are named wherever they can be read: in errors, logs and printed forms.

Of an address its host and port are shown, and nothing else: user, password, path and query may each be a key. Of a path it is shown only
if it is one: what stands in its place may be the key, or the password, itself. The verifier, which shares no code, has the same rule for
addresses; a test holds both to it.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from urllib.parse import unquote

HIDDEN = "***"
NO_PATH = "a value that is not shown"
EXPECTED = "expected http://host:port or https://host:port and a path, all in printable ASCII without spaces"
MAX_PORT = 65_535
_LABEL = 63  # letters of a part of a host's name
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?:(?P<user>[^\s/?#\\]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?#].*)?",
    re.DOTALL,
)


def address(text: str) -> str:
    """An address by its scheme, host and port; that there is more of it is shown, and not what. Never raises.

    Where it has an @ behind its host, that is no host: a user or a password with a slash in it begins there.
    """
    found = _ADDRESS.fullmatch(text)
    rest = found["rest"] or "" if found else ""
    if not found or "@" in rest or not _is_host(found["host"]):
        return HIDDEN
    port = f":{found['port']}" if found["port"] and _is_port(found["port"]) else ""
    return f"{found['scheme']}://{found['host']}{port}" + (f"/{HIDDEN}" if rest.strip("/") else "")


def fault_of(text: str) -> str:
    """What keeps an address from being used, in words without any of it; nothing where it can be.

    What is refused here never reaches a library, which would show it in its own words.
    """
    found = _ADDRESS.fullmatch(text)
    if not found or not _is_host(found["host"]):
        return f"is no address; {EXPECTED}"
    if found["port"] and not _is_port(found["port"]):
        return f"its port is not between 1 and {MAX_PORT}"
    if "@" in (found["rest"] or ""):
        return (
            "has an @ behind its host; in a user or a password write / as %2F, ? as %3F, # as %23, in a path @ as %40"
        )
    if not re.fullmatch("[!-~]*", (found["user"] or "") + (found["rest"] or "")):
        return f"has a space or another character that cannot be sent; {EXPECTED}"
    return ""


def tells_a_secret(text: str) -> bool:
    """Whether an address has a user, a password or a query. A path may be a key as well: that cannot be seen."""
    return any(sign in text for sign in "@?#")


def secrets_of(text: str) -> list[str]:
    """The parts of an address that may be secrets, as they stand and decoded."""
    found = _ADDRESS.fullmatch(text)
    hidden = text if not found or address(text) == HIDDEN else f"{found['user'] or ''}/{found['rest'] or ''}"
    parts = [hidden.strip("/"), *hidden.split("/"), *re.split(r"[^\w.~%-]+", hidden)]
    return [form for part in parts if part not in {"", "http", "https"} for form in (part, unquote(part))]


def path(file: Path) -> str:
    """A path that exists; of another one its folder, where that exists."""
    if exists(file):
        return str(file)
    return f"{NO_PATH}, in {file.parent}" if exists(file.parent) else NO_PATH


def exists(file: Path) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):  # longer than any name, or behind a folder that is not ours to read
        return False


def _is_port(text: str) -> bool:
    return 1 <= int(text) <= MAX_PORT


def _is_host(name: str) -> bool:
    if not name.startswith("["):
        return all(0 < len(label) <= _LABEL for label in name.removesuffix(".").split("."))
    try:
        ipaddress.IPv6Address(name[1:-1])
    except ValueError:
        return False
    return True
