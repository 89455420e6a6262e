"""The slots of an observer that another process writes: read as they stand now, never written, and nothing of them is remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from sankofa_observe.adapters.slots.store import DeltaSlots
from sankofa_observe.errors import InvalidInput
from sankofa_observe.slo.slot import Slot
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import Period


class OthersSlots(DeltaSlots):
    """What was changed since it was asked last is told by days, from how many rows the log says each has."""

    _rows_before: Mapping[int, int] | None = None

    def append(self, slots: Iterable[Slot], observed_at: int, *, anyhow: bool = False) -> int:  # noqa: ARG002  it writes nothing
        raise InvalidInput(
            f"slots of observer {self.observer} are written by its own process: serve --observer {self.observer}"
        )

    def amend(self, slots: Iterable[Slot], observed_at: int) -> int:
        return self.append(slots, observed_at)

    def watermarks(self, slo: str) -> Mapping[str, int]:
        return self._ask_watermarks(slo)

    def written(self) -> Mapping[str, Period]:
        """Of whole days, and at first of none: a process that begins looks at recent periods anyway."""
        have = dict(self._have())
        before, self._rows_before = self._rows_before, have
        changed = sorted(day for day in have if before is not None and have[day] != before.get(day))
        if not changed:
            return {}
        with self.slots.asking("read"):
            rows = self._own().filter(pl.col("day").is_in(changed)).group_by("slo")
            found = rows.agg(low=pl.col("day").min(), high=pl.col("day").max()).collect()
        return {
            slo: Period(starts_at=low * DAY_SECONDS, ends_at=(high + 1) * DAY_SECONDS)
            for slo, low, high in found.iter_rows()
        }
