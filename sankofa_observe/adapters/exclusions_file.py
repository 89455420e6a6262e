"""The exclusions that an attestor was told of: a file of its own, as `exclusions list --json` writes it.

It is read when it is asked, so that an approval that was handed over counts at once. What cannot be read is told and never taken
for "there is none": an attestor that knows nothing signs nothing that was excluded.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sankofa_observe.errors import Unavailable
from sankofa_observe.sla.exclusion import Act, Exclusion, ExclusionRecord, ExclusionState
from sankofa_observe.sla.recurrence import Schedule
from sankofa_observe.units import Period

_HOW = "expected what sankofa-observe exclusions list --json wrote"


class FileExclusions:
    """Exclusions by a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def exclusions_in(self, period: Period) -> list[ExclusionRecord]:
        return [one for one in self._records() if one.exclusion.whole.overlaps(period)]

    def _records(self) -> list[ExclusionRecord]:
        try:
            return [_record(one) for one in _listed(self._file.read_text(encoding="utf-8"))]
        except OSError as error:
            raise Unavailable(f"exclusions {self._file}: {error.strerror}; {_HOW}") from error
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            raise Unavailable(f"exclusions {self._file}: {type(error).__name__}: {error}; {_HOW}") from error


class NoExclusions:
    """Of an attestor that was told of none."""

    def exclusions_in(self, period: Period) -> list[ExclusionRecord]:  # noqa: ARG002  whichever it is
        return []


def _listed(text: str) -> list[dict[str, Any]]:
    told = json.loads(text)
    if not isinstance(told, list):
        raise TypeError(f"a {type(told).__name__}, and no list")
    return told


def _record(told: dict[str, Any]) -> ExclusionRecord:
    """Its id is computed anew: a file that names another one, or that was changed by hand, is of no exclusion."""
    exclusion = Exclusion(
        slos=tuple(told["slos"]),
        sites=tuple(told["sites"]),
        schedule=Schedule(**told["schedule"]),
        **{name: told[name] for name in ("plan", "agreement_id", "tenant", "reason", "author", "announced_at")},
    )
    if exclusion.id != told["id"] or not exclusion.occurrences:
        raise ValueError(f"exclusion {told['id']} is another one by what it says")
    acts = (Act(**{**one, "state": ExclusionState(one["state"])}) for one in told["acts"])
    return ExclusionRecord(exclusion=exclusion, acts=tuple(acts))
