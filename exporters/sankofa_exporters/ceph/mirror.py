"""RBD mirroring, out of the dashboard's summary.

What Ceph tells there is uneven, and only what it tells is passed on. An image in journal mode says by how many entries
it is behind. The time of an image's newest snapshot stands in the description that rbd-mirror writes, and the dashboard
hands descriptions on for images that are ready or in error, and for none that is replaying: for these the recovery
point is unknown here, unless a newer dashboard or the mgr's metrics tell it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.coerce import amount, text

from .parse import MAX_COUNT, MAX_ROWS, unreadable
from .snapshot import Mirror

GROUPS = {"image_ready": "ready", "image_syncing": "syncing", "image_error": "error"}
SNAPSHOT = "local_snapshot_timestamp"
MAX_DESCRIPTION = 8192


def parse_mirror(document: Any) -> Mirror:
    content = document.get("content_data") if isinstance(document, Mapping) else None
    if not isinstance(content, Mapping) or not isinstance(content.get("pools"), list):
        raise unreadable("mirroring: no content_data with pools")
    counts = Counter(
        {(pool, state): 0 for pool in _mirrored(content["pools"]) for state in (*GROUPS.values(), "unknown")}
    )
    behind: dict[tuple[str, str], int] = {}
    snapshots: dict[tuple[str, str], float] = {}
    for group, image in _images(content):
        key = _key(image)
        counts[key[0], "unknown" if image.get("state") == "Unknown" else GROUPS[group]] += 1
        entries, at = image.get("entries_behind_primary"), amount(_told(image).get(SNAPSHOT))
        if isinstance(entries, int) and not isinstance(entries, bool) and 0 <= entries <= MAX_COUNT:
            behind[key] = entries
        if at:
            snapshots[key] = at
    return Mirror(images=dict(counts), behind=behind, snapshots=snapshots)


def _mirrored(pools: list[Any]) -> Iterator[str]:
    """Pools whose mirroring is on; each has its states as zeros, so that an image that is lost is seen."""
    for pool in pools:
        name = text(pool.get("name")) if isinstance(pool, Mapping) else None
        if name is None:
            raise unreadable("mirroring: a pool without a name")
        if pool.get("mirror_mode") in ("image", "pool"):
            yield name


def _images(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for group in GROUPS:
        rows = content.get(group)
        if not isinstance(rows, list):
            raise unreadable(f"mirroring: {group} is not a list")
        if len(rows) > MAX_ROWS:
            raise CollectorError(Kind.LIMIT, f"mirroring: more than {MAX_ROWS} images")
        for row in rows:
            if not isinstance(row, Mapping):
                raise unreadable(f"mirroring: an image of {group} is not an object")
            yield group, row


def _key(image: Mapping[str, Any]) -> tuple[str, str]:
    pool, name = text(image.get("pool_name")), text(image.get("name"))
    if pool is None or name is None:
        raise unreadable("mirroring: an image without pool_name or name")
    return pool, name


def _told(image: Mapping[str, Any]) -> Mapping[str, Any]:
    """The image's own keys, and those of the JSON inside its description (`replaying, {…}`)."""
    description = text(image.get("description"))
    if description is None or len(description) > MAX_DESCRIPTION or "{" not in description:
        return image
    try:
        inner = json.loads(description[description.index("{") :])
    except (ValueError, RecursionError):
        return image
    return {**image, **inner} if isinstance(inner, Mapping) else image
