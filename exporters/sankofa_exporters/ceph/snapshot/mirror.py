"""RBD mirroring, out of the dashboard's summary.

Ceph reports unevenly there, and only what it reports is passed on. An image in journal mode says by how many entries
it is behind. The time of an image's newest snapshot stands in the description that rbd-mirror writes, and the dashboard
hands descriptions on for images that are ready or in error, and for none that is replaying: for these the recovery
point is unknown here, unless a newer dashboard or the mgr's metrics report it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sankofa_exporters.model.rejected import Reason, by_identity, reject
from sankofa_exporters.reading.coerce import amount, text

from .fields import is_count, rows, unreadable
from .values import Mirror

GROUPS = {"image_ready": "ready", "image_syncing": "syncing", "image_error": "error"}
SNAPSHOT = "local_snapshot_timestamp"
MAX_DESCRIPTION = 8192


def parse_mirror(document: Any) -> Mirror:
    content = document.get("content_data") if isinstance(document, Mapping) else None
    if not isinstance(content, Mapping) or not isinstance(content.get("pools"), list):
        raise unreadable("mirroring: no content_data with pools")
    pools = tuple(_mirrored(content["pools"]))
    counts = Counter({(pool, state): 0 for pool in pools for state in (*GROUPS.values(), "unknown")})
    behind: dict[tuple[str, str], int] = {}
    snapshots: dict[tuple[str, str], float] = {}
    for key, (state, entries, at) in by_identity(_images(content)).items():
        counts[key[0], state] += 1
        if entries is not None:
            behind[key] = entries
        if at:
            snapshots[key] = at
    return Mirror(images=dict(counts), behind=behind, snapshots=snapshots)


def _mirrored(pools: list[Any]) -> Iterator[str]:
    """Pools whose mirroring is on; each has its states as zeros, so that an image that is lost is seen."""
    for pool in pools:
        name = text(pool.get("name")) if isinstance(pool, Mapping) else None
        if name is None:
            reject(Reason.UNREADABLE)
        elif pool.get("mirror_mode") in ("image", "pool"):
            yield name


Image = tuple[str, int | None, float | None]
"""The state of an image, by how many entries it is behind, and when its newest snapshot was made."""


def _images(content: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Image]]:
    for group, state in GROUPS.items():
        for row in rows(content.get(group), f"mirroring: {group}"):
            pool, name = (text(row.get(key)) if isinstance(row, Mapping) else None for key in ("pool_name", "name"))
            if pool is None or name is None:
                reject(Reason.UNREADABLE)
                continue
            entries, at = row.get("entries_behind_primary"), amount(_described(row).get(SNAPSHOT))
            shown = "unknown" if row.get("state") == "Unknown" else state
            yield (pool, name), (shown, entries if is_count(entries) else None, at)


def _described(image: Mapping[str, Any]) -> Mapping[str, Any]:
    """The image's own keys, and those of the JSON inside its description (`replaying, {…}`)."""
    description = text(image.get("description"))
    if description is None or len(description) > MAX_DESCRIPTION or "{" not in description:
        return image
    try:
        inner = json.loads(description[description.index("{") :])
    except (ValueError, RecursionError):
        return image
    return {**image, **inner} if isinstance(inner, Mapping) else image
