"""API keys as they come and go: whoever can write the keys file makes himself any tenant's key, so that each change is told.

What was there is kept by hash in a file, so that a change while no API ran is told as well, and a restart tells nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_observe import telemetry
from sankofa_observe.errors import InvalidInput
from sankofa_observe.operations.registry import ProcessMetrics
from sankofa_observe.operations.state_file import StateFile

MADE, REVOKED = "made", "revoked"


class KeyMetrics:
    """How many keys there are, and how many were made and revoked."""

    def __init__(self, process: ProcessMetrics) -> None:
        self._keys = process.gauge(telemetry.API_KEYS)
        self._changes = process.totals(telemetry.API_KEY_CHANGES)

    def show(self, keys: int, *, made: int, revoked: int) -> None:
        self._keys.set(keys)
        self._changes.show({(MADE,): made, (REVOKED,): revoked})


def whole(values: Mapping[str, Any]) -> bool:
    """Whether values of a file are those that a watch of keys writes."""
    keys = values.get("keys")
    counted = all(isinstance(values.get(name), int) for name in (MADE, REVOKED))
    return counted and isinstance(keys, list) and all(isinstance(one, str) for one in keys)


@dataclass(frozen=True, kw_only=True)
class KeyWatch:
    """Looks at the hashes of the keys that are valid now; a keys file that cannot be read says nothing about them."""

    hashes: Callable[[], Collection[str]]
    file: StateFile
    metrics: KeyMetrics

    def look(self) -> None:
        try:
            now = set(self.hashes())
        except InvalidInput:
            return  # whoever asks the API is told why
        stands = self.file.read()
        found = stands or {"keys": sorted(now), MADE: 0, REVOKED: 0}
        before = set(found["keys"])
        after = {
            "keys": sorted(now),
            MADE: found[MADE] + len(now - before),
            REVOKED: found[REVOKED] + len(before - now),
        }
        if after != stands:
            self.file.write(after)
        self.metrics.show(len(now), made=after[MADE], revoked=after[REVOKED])
