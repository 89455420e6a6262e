"""Where slots and their totals are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from sankofa_observe.ports.lease import Lease
from sankofa_observe.slo.slot import Slot
from sankofa_observe.slo.totals import SiteDay, SiteSpan
from sankofa_observe.units import Period

if TYPE_CHECKING:
    from sankofa_observe.slo.votes import States


class SlotTable(Protocol):
    """The append-only table of one observer's slots; a slot that changed stands in a new revision, the old one stays."""

    def append(self, slots: Iterable[Slot], observed_at: int, *, anyhow: bool = False) -> int:
        """Add the slots that differ from what stands; answers how many were added. Of two of one key the last counts.

        One that was counted from fewer samples than what stands is left out, unless it is to change `anyhow`.
        """

    def amend(self, slots: Iterable[Slot], observed_at: int) -> int:
        """Add those that stand as counted from as many samples, and came out otherwise; answers how many were added."""

    def written(self) -> Mapping[str, Period]:
        """By SLO the stretch in which slots were written since this was asked last: a period that was judged may be another one now."""

    def read(self, slo: str, sites: Sequence[str], period: Period) -> list[Slot]:
        """The latest revision of each slot that starts in the period, by site and time."""

    def states(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[str, States]:
        """Per site the states of the same slots, and nothing else of them."""

    def site_days(self, slo: str, sites: Sequence[str], period: Period) -> list[SiteDay]:
        """Per site and UTC day the same slots added up, of every day in the period that has any, by site and day."""

    def spans(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[str, SiteSpan]:
        """Per site those days together."""

    def cut(self, slo: str, sites: Sequence[str], stretches: Sequence[Period]) -> Mapping[tuple[str, Period], SiteSpan]:
        """Per site and stretch the slots that start in it, added up, without their digests; stretches do not overlap.

        Of sealed days the totals are taken, of those that a stretch cuts the totals of their hours (UTC): slots are needed of the
        hours alone that it cuts.
        """

    def forgotten(self, period: Period) -> bool:
        """Whether slots of the period are no longer kept, but in the totals of their day and its hours."""

    def late(self, slots: Iterable[Slot]) -> Mapping[str, tuple[int, int]]:
        """Per site the starts of the first and the last of these slots that stand as counted from fewer samples."""

    def samples(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[tuple[str, int], int]:
        """Per site and hour (its start) how many raw samples its slots were counted from."""

    def watermarks(self, slo: str) -> Mapping[str, int]:
        """Per site the start of the newest slot there is."""

    def uncertain(self, slo: str, since_at: int) -> Mapping[str, int]:
        """Per site the oldest slot since then of which something is not certain: what comes after it may settle it."""


class SealedStore(SlotTable, Protocol):
    """A slot table that keeps totals by day, and is written in ticks."""

    @property
    def lease(self) -> Lease:
        """Of its one writer: taken at the first write, if not before."""

    def together(self, observed_at: int) -> AbstractContextManager[None]:
        """What is appended inside is few commits; what was appended before an error is kept."""

    def compact(self) -> str:
        """Join the small files of ticks, no row changes; says what was done, or nothing."""

    def unsealed(self) -> list[int]:
        """The days that have slots and no totals, oldest first; days are counted from the epoch."""

    def days_of_slots(self) -> set[int]:
        """The days that have slots."""

    def seal(self, day: int, at: int) -> int:
        """Make the totals of a day; answers of how many sites and SLOs."""

    def forget(self, days: Collection[int]) -> list[int]:
        """Delete the slots of these days, as far as they are sealed; totals stay. Answers which days, in order."""
