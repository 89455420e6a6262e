"""API keys: made once, shown once, stored only as a SHA-256.

`skn_` + 43 random base-62 characters + 6 of their CRC-32, so that a scanner, a log filter or this file can tell a key from a
typo without a look-up. 256 random bits need no slow hash. The keys file is YAML: `- {id, tenant, sha256}` each. Who can change it
makes himself any tenant's key, so one that others can read or change is refused. The id follows from the hash, for it stands in records
and in logs: what people call a key stands in the ledger (`persons add --key`), where it can be erased.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import stat
import string
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from sankofa_observe import shown
from sankofa_observe.documents import BrokenYaml, read
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.secret_files import refuse_open

PREFIX = "skn_"
LOCK_SECONDS = 10
_ID = "key-"
_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM, _CHECK = 43, 6
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who asks: one tenant, through one key."""

    tenant: str
    key_id: str

    @property
    def actor(self) -> str:
        """As records name it: by digits of the key's hash, which say nothing."""
        return f"key:{self.key_id.removeprefix(_ID)}"


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
    """The keys file, read again when it changes, so that taking a line out revokes its key.

    A file that cannot be read is refused at the start, and later answers nobody until it is mended.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stamp: tuple[int, int, int] | None = None
        self._principals: dict[str, Principal] = {}
        self._load()

    def principal(self, key: str) -> Principal | None:
        if not well_formed(key):
            return None
        self.check()
        return self._principals.get(key_hash(key))

    def check(self) -> None:
        """Raises `Unavailable` while the file cannot be read, and so nobody is known."""
        try:
            self._load()
        except InvalidInput as error:
            raise Unavailable(str(error)) from error

    def tenants(self) -> dict[str, int]:
        """How many keys each tenant has."""
        return dict(Counter(one.tenant for one in self._principals.values()))

    def hashes(self) -> frozenset[str]:
        """Of the keys that open it now; raises `InvalidInput` while the file cannot be read."""
        self._load()
        return frozenset(self._principals)

    def _load(self) -> None:
        try:
            found = self._file.stat()
            refuse_open(self._file)
        except (OSError, ValueError) as error:
            raise _no_keys(self._file, error) from None
        stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
        if stamp != self._stamp:
            rows = _rows(self._file)
            self._principals = {row["sha256"]: Principal(tenant=row["tenant"], key_id=row["id"]) for row in rows}
            self._stamp = stamp


def add_key(file: Path, tenant: str) -> str:
    """Make a key for a tenant, add its hash to the file, and answer the key: the only time it is seen."""
    if not _TENANT.fullmatch(tenant):
        raise InvalidInput(f"{_no_tenant(tenant)}; no key was made")
    key = new_key()
    hashed = key_hash(key)
    file = file.resolve()  # a link stays one
    if file.exists():
        _rows(file)  # told before anything is made
    try:
        with _one_at_a_time(file):
            rows = _rows(file) if shown.exists(file) else []
            # The id is part of the hash: unlike a count it is never given to a second key after a revocation.
            rows.append({"id": _id(hashed), "tenant": tenant, "sha256": hashed})
            _replace(file, yaml.safe_dump(rows, sort_keys=False))
    except OSError as error:
        raise InvalidInput(
            f"{shown.path(file)}: {error.strerror}; the key was not stored: expected a file that can be written, in a folder that is there"
        ) from None
    return key


@contextmanager
def _one_at_a_time(file: Path) -> Iterator[None]:
    """Two that add a key at once would each write what the other has not seen. The lock is a file of its own, for the keys file is
    replaced, and its folder may be locked by whoever it belongs to.
    """
    lock = os.open(file.with_name(f".{file.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    try:
        while not _locked(lock):
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"{file}: another process adds a key for {LOCK_SECONDS} s already; no key was made, try again"
                )
            time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _rows(file: Path) -> list[dict[str, str]]:
    """The entries of a keys file, every one checked: one that is wrong must not shut out the others unnoticed."""
    try:
        refuse_open(file)
        rows = read(file.read_text(encoding="utf-8"))
    except BrokenYaml as error:
        raise InvalidInput(f"{file}: no keys file: {error}; {_MEND}") from error
    except UnicodeDecodeError:
        raise InvalidInput(f"{file}: no keys file: no text; {_MEND}") from None
    except (OSError, ValueError) as error:
        raise _no_keys(file, error) from None
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise InvalidInput(f"{file}: a {type(rows).__name__}, and no list of keys; {_MEND}")
    for number, row in enumerate(rows, 1):
        whole = isinstance(row, dict) and all(isinstance(row.get(name), str) for name in ("id", "tenant", "sha256"))
        if not whole or not _SHA256.fullmatch(row["sha256"]):
            raise InvalidInput(f"{file}: entry {number} is no {{id, tenant, sha256}} of texts; {_MEND}")
        if not _TENANT.fullmatch(row["tenant"]):
            raise InvalidInput(f"{file}: entry {number}: {_no_tenant(row['tenant'])}")
    doubled = [name for name, times in Counter(row["sha256"] for row in rows).items() if times > 1]
    if doubled:
        raise InvalidInput(
            f"{file}: the key of hash {doubled[0][:8]}… stands {_owners(rows, doubled[0])}; whose is it?"
        )
    _refuse_labels(file, rows)
    return rows


def _refuse_labels(file: Path, rows: list[dict[str, str]]) -> None:
    """An id that a person chose may be a name, and it would stand in records."""
    for number, row in enumerate(rows, 1):
        if row["id"] != _id(row["sha256"]):
            raise InvalidInput(
                f"{file}: entry {number}: its id is not {_id(row['sha256'])}, which follows from its hash and says nothing: it stands in "
                "records and logs. What you call the key is told with: sankofa-observe persons add NAME --key "
                + _id(row["sha256"])
            )


def _id(hashed: str) -> str:
    return f"{_ID}{hashed[:8]}"


def _owners(rows: list[dict[str, str]], hashed: str) -> str:
    """For whom a key stands."""
    return "for " + " and for ".join(row["tenant"] for row in rows if row["sha256"] == hashed)


def _no_tenant(tenant: str) -> str:
    return f"tenant {tenant[:80]!r}; expected a name of letters, digits, dots, dashes and underscores, 128 at most"


_HINT = "make one with: sankofa-observe keys new --tenant NAME --file FILE"
_MEND = "expected a list of {id, tenant, sha256}: mend it, or move it away and make its keys anew; nothing was written"


def _no_keys(file: Path, error: Exception) -> InvalidInput:
    hint = _HINT if isinstance(error, FileNotFoundError) else "expected a file that can be read"
    reason = error.strerror if isinstance(error, OSError) else type(error).__name__
    return InvalidInput(f"{shown.path(file)}: no keys file: {reason}; {hint}")


def _replace(file: Path, text: str) -> None:
    """The whole new file or the old one, never half of it: the API may be reading. It stays whose it was; a new one is its owner's."""
    before = file.stat() if file.exists() else None
    descriptor, partial = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")  # mode 600 from the start
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as new:
            new.write(text)
            if before is not None:
                os.fchown(new.fileno(), before.st_uid, before.st_gid)
                os.fchmod(new.fileno(), stat.S_IMODE(before.st_mode))
        Path(partial).replace(file)
    except OSError:
        Path(partial).unlink(missing_ok=True)
        raise


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
