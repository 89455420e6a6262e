"""Rows out of an answer's `data`, each for itself: one that is bad is counted and costs no other (`model.rejected`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.rejected import Reason, by_identity, reject
from sankofa_exporters.reading.coerce import amount

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Row = Mapping[str, Any]

# Of nodes, pools, storages. Names come from the cluster and go into paths of later calls: no slash, no dot alone.
_PATH_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_GUEST = re.compile(r"(?:qemu|lxc)/[1-9][0-9]{0,9}")
_COUNT_END = 2**64  # ZFS and Proxmox count in 64 bits; a larger number, such as 1e308, is no count
_LAST_SECOND = 10**11  # the year 5138; a later timestamp is no timestamp


@dataclass(frozen=True, kw_only=True)
class Rows(Generic[K, V]):
    """What could be read of a list: values by identity, and the identities whose rows differ."""

    found: Mapping[K, V]
    doubtful: frozenset[K]
    unreadable: int  # rows that name nothing

    @property
    def complete(self) -> bool:
        return not self.unreadable and not self.doubtful


def rows(data: Any, call: str) -> list[Any]:
    """`data` as a list of rows that may each be anything."""
    if not isinstance(data, list):
        raise unreadable(f"{call}: data is not a list")
    return data


def read_rows(found: Iterable[Any], read: Callable[[Row], tuple[K, V] | None]) -> Rows[K, V]:
    """Each row as `read` has it, by identity; None is a row that cannot be read."""
    entries = [read(row) if isinstance(row, Mapping) else None for row in found]
    readable = [entry for entry in entries if entry is not None]
    left_out = len(entries) - len(readable)
    reject(Reason.UNREADABLE, left_out)
    kept = by_identity(readable)
    doubtful = frozenset(identity for identity, _ in readable) - kept.keys()
    return Rows(found=kept, doubtful=doubtful, unreadable=left_out)


def unreadable(reason: str) -> CollectorError:
    return CollectorError(Kind.DECODE, reason)


def path_name(value: Any) -> str | None:
    """A name that is safe in a path of the API."""
    return value if isinstance(value, str) and _PATH_NAME.fullmatch(value) else None


def is_guest_path(guest: str) -> bool:
    """Whether a guest's id, `qemu/100`, is safe in a path of the API."""
    return _GUEST.fullmatch(guest) is not None


def count(value: Any) -> int | None:
    """A whole number of at most 64 bits that is not negative."""
    found = amount(value)
    return int(found) if found is not None and found < _COUNT_END and found == int(found) else None


def timestamp(value: Any) -> float | None:
    """Seconds since 1970, 0 included: Proxmox writes 0 for never."""
    found = amount(value)
    return found if found is not None and found < _LAST_SECOND else None


def guest_id(kind: Any, vmid: Any) -> str | None:
    """`qemu/100`, as `cluster/resources` names a guest; the number may come as a string."""
    found = count(vmid)
    return f"{kind}/{found}" if kind in ("qemu", "lxc") and found else None
