"""What a dead man's judge remembers over a restart: a judge that begins anew more often than its deadline must call all the same.

Silence is seconds in which a judge listened, so no clock is compared with another process' one, and what passed while no judge ran is
nobody's silence. A judge that cannot read or write its file calls all the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sankofa_observe.operations.deadman import MOMENT_CHARS, MOMENTS, Memory, Word
from sankofa_observe.operations.state_file import StateFile


class Memories:
    """Memory by sender, in a file; without one nothing is kept."""

    def __init__(self, file: Path | None) -> None:
        self._state = StateFile(path=file, whole=_whole) if file else None

    def read(self) -> dict[str, Memory]:
        """What cannot be used is nothing, and is logged."""
        return {name: _memory(one) for name, one in self._state.read().items()} if self._state else {}

    def write(self, known: Mapping[str, Memory]) -> None:
        if self._state:
            self._state.write(
                {
                    name: {"silent_seconds": one.silent_seconds, "told": one.told.value, "moments": one.moments}
                    for name, one in known.items()
                }
            )


def _whole(values: Mapping[str, Any]) -> bool:
    try:
        return all(0 <= _memory(one).silent_seconds < math.inf for one in values.values())
    except (ValueError, TypeError, LookupError):
        return False


def _memory(one: Any) -> Memory:
    moments = tuple(str(each)[:MOMENT_CHARS] for each in one["moments"][-MOMENTS:])
    return Memory(silent_seconds=float(one["silent_seconds"]), told=Word(one["told"]), moments=moments)
