"""What a dead man's judge remembers over a restart, in a file: a judge that begins anew more often than its deadline must call all the same.

Silence is seconds in which a judge listened, so no clock is compared with another process' one, and what passed while no judge ran is
nobody's silence.
"""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sankofa_observe.operations.deadman import MOMENT_CHARS, MOMENTS, Memory, Word

log = logging.getLogger(__name__)


class StateFile:
    """Without a file nothing is kept. A judge that cannot read or write it calls all the same; that is logged once, until it works."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._failing = False

    def read(self) -> dict[str, Memory]:
        """By sender; what cannot be read is nothing."""
        if self._file is None or not self._file.exists():
            return {}
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return {name: _memory(one) for name, one in found.items()}
        except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            log.warning("state not read", extra={"file": str(self._file), "why": f"{type(error).__name__}: {error}"})
            return {}

    def write(self, known: Mapping[str, Memory]) -> None:
        """Whole or not at all."""
        if self._file is None:
            return
        document = {
            name: {"silent_seconds": one.silent_seconds, "told": one.told.value, "moments": list(one.moments)}
            for name, one in known.items()
        }
        try:
            new = self._file.with_name(f"{self._file.name}.new")
            new.write_text(json.dumps(document), encoding="utf-8")
            os.replace(new, self._file)  # noqa: PTH105  atomic
        except OSError as error:
            if not self._failing:
                log.warning("state not written", extra={"file": str(self._file), "why": str(error)})
            self._failing = True
        else:
            self._failing = False


def _memory(one: Any) -> Memory:
    silent = float(one["silent_seconds"])
    if not math.isfinite(silent) or silent < 0:
        raise ValueError(f"silent_seconds is {silent}, expected seconds from 0")
    moments = tuple(str(each)[:MOMENT_CHARS] for each in one["moments"][-MOMENTS:])
    return Memory(silent_seconds=silent, told=Word(one["told"]), moments=moments)
