"""A few values that outlive their process, in a file of JSON: where one looked last, and how much one has counted so far.

They are no records: where the file is gone, the watch begins anew, and says so.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class StateFile:
    """The values of one watch; where they cannot be written they are kept for as long as the process lives.

    `whole` says of values that were read whether they can be used; those that cannot are as if they were not there.
    """

    path: Path
    whole: Callable[[Mapping[str, Any]], bool]
    _kept: dict[str, Any] = field(default_factory=dict)
    _said: str = ""

    def read(self) -> dict[str, Any]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return dict(self._kept)
        except (OSError, ValueError, RecursionError) as error:
            self._say(f"not read: {type(error).__name__}")
            return dict(self._kept)
        if isinstance(found, dict) and self.whole(found):
            return found
        self._say("not read: other values are expected there")
        return dict(self._kept)

    def write(self, values: Mapping[str, Any]) -> None:
        """The whole new file or the old one, readable by its owner alone."""
        self._kept = dict(values)
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            with os.fdopen(
                os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as new:
                json.dump(values, new)
            partial.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            self._say(f"not written: {error.strerror}")
        else:
            self._said = ""

    def _say(self, reason: str) -> None:
        """Once: a look each few seconds would fill the log."""
        if reason != self._said:
            log.warning("state of a watch", extra={"file": str(self.path), "reason": reason})
        self._said = reason
