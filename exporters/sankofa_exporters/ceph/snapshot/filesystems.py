"""`cephfs`: the file systems and the MDS daemons that serve their ranks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sankofa_exporters.model.rejected import by_identity
from sankofa_exporters.reading.coerce import text

from .fields import is_count, mapping, readable, unreadable
from .values import Filesystem


def parse_filesystems(document: Any) -> tuple[Filesystem, ...]:
    read = readable(document, "cephfs", _filesystem)
    return tuple(by_identity((one.name, one) for one in read).values())


def _filesystem(row: Mapping[str, Any]) -> Filesystem:
    mdsmap = mapping(row.get("mdsmap"), "cephfs: mdsmap")
    name = text(mdsmap.get("fs_name"))
    if name is None:
        raise unreadable("cephfs: a file system without a name")
    daemons = mapping(mdsmap.get("info"), "cephfs: info")
    states = [text(mapping(daemon, "cephfs: info").get("state")) for daemon in daemons.values()]
    if None in states:
        raise unreadable("cephfs: a daemon without a state")
    wanted = mdsmap.get("max_mds")
    return Filesystem(
        name=name,
        wanted=wanted if is_count(wanted) else None,
        active=states.count("up:active"),
        failed=_ranks(mdsmap.get("failed")),
        damaged=_ranks(mdsmap.get("damaged")),
    )


def _ranks(value: Any) -> int | None:
    return len(value) if isinstance(value, list) else None
