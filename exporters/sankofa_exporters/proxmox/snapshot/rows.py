"""Rows out of an answer's `data`, names that may be put into a path, and the error for what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import amount

# Of nodes, pools and guests. Names come from the cluster and go into paths of later calls: no slash, no dot alone.
_PATH_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_LAST_SECOND = 10**11  # the year 5138; a later timestamp is no timestamp


def rows(data: Any, call: str) -> list[Mapping[str, Any]]:
    """`data` as a list of objects."""
    if not isinstance(data, list) or not all(isinstance(row, Mapping) for row in data):
        raise unreadable(f"{call}: data is not a list of objects")
    return data


def unreadable(reason: str) -> CollectorError:
    return CollectorError(Kind.DECODE, reason)


def path_name(value: Any) -> str | None:
    """A name that is safe in a path of the API."""
    return value if isinstance(value, str) and _PATH_NAME.fullmatch(value) else None


def count(value: Any) -> int | None:
    """A whole number that is not negative."""
    found = amount(value)
    return int(found) if found is not None and found == int(found) else None


def timestamp(value: Any) -> float | None:
    """Seconds since 1970, 0 included: Proxmox writes 0 for never."""
    found = amount(value)
    return found if found is not None and found < _LAST_SECOND else None


def guest_id(kind: Any, vmid: Any) -> str | None:
    """`qemu/100`, as `cluster/resources` names a guest; the number may come as a string."""
    found = count(vmid)
    return f"{kind}/{found}" if kind in ("qemu", "lxc") and found else None
