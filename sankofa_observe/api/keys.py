"""API keys: made once, shown once, stored only as a SHA-256.

`skn_` + 43 random base-62 characters + 6 of their CRC-32, so that a scanner, a log filter or this file can tell a key from a
typo without a look-up. 256 random bits need no slow hash. The keys file is YAML: `- {id, tenant, sha256}` each.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from dataclasses import dataclass
from pathlib import Path

import yaml

from sankofa_observe.errors import InvalidInput

PREFIX = "skn_"
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 43, 6


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks: one tenant, through one key."""

    tenant: str
    key_id: str


def new_key() -> str:
    body = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return body + _checksum(body)


def well_formed(key: str) -> bool:
    """Whether the text is a key at all: prefix, length and checksum."""
    body, check = key[:-_CHECK], key[-_CHECK:]
    return key.startswith(PREFIX) and len(key) == len(PREFIX) + _RANDOM + _CHECK and check == _checksum(body)


def key_hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class KeyRing:
    """The keys file, read again when it changes, so that taking a line out revokes its key."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp: tuple[int, int] | None = None
        self._principals: dict[str, Principal] = {}
        self._load()

    def principal(self, key: str) -> Principal | None:
        if not well_formed(key):
            return None
        self._load()
        return self._principals.get(key_hash(key))

    def _load(self) -> None:
        try:
            stat = self._file.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            if stamp == self._stamp:
                return
            rows = yaml.safe_load(self._file.read_text(encoding="utf-8")) or []
            self._principals = {row["sha256"]: Principal(tenant=row["tenant"], key_id=row["id"]) for row in rows}
        except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
            hint = "make one with: sankofa-observe keys new --tenant NAME --file FILE"
            raise InvalidInput(f"{self._file}: no keys file ({type(error).__name__}); {hint}") from error
        self._stamp = stamp


def add_key(file: Path, tenant: str) -> str:
    """Make a key for a tenant, append its hash to the file, and answer the key: the only time it is seen."""
    key = new_key()
    rows = (yaml.safe_load(file.read_text(encoding="utf-8")) or []) if file.exists() else []
    rows.append({"id": f"key-{len(rows) + 1}", "tenant": tenant, "sha256": key_hash(key)})
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(rows, sort_keys=False), encoding="utf-8")
    return key


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
