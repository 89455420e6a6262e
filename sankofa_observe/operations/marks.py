"""A few values that outlive their process, in a file of JSON: where one looked last, and how much one has counted so far.

They are no records: where the file is gone, the watch begins anew, and says so.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Marks:
    """The values of one watch; where they cannot be written they are kept for as long as the process lives."""

    file: Path
    _kept: dict[str, Any] = field(default_factory=dict)

    def read(self) -> dict[str, Any]:
        """What stands, or nothing where it was never written or is no mapping."""
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return dict(self._kept)
        except (OSError, ValueError) as error:
            log.warning("marks lost", extra={"file": str(self.file), "reason": type(error).__name__})
            return dict(self._kept)
        return found if isinstance(found, dict) else dict(self._kept)

    def write(self, values: Mapping[str, Any]) -> None:
        """The whole new file or the old one, readable by its owner alone."""
        self._kept = dict(values)
        try:
            descriptor, partial = tempfile.mkstemp(dir=self.file.parent, prefix=f".{self.file.name}.")
            with os.fdopen(descriptor, "w", encoding="utf-8") as new:
                json.dump(values, new)
            Path(partial).replace(self.file)
        except OSError as error:
            log.warning("marks not written", extra={"file": str(self.file), "reason": error.strerror})
