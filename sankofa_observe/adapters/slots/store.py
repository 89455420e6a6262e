"""The slots of one observer: the port `SlotTable`, on two Delta tables.

`slots` has a row a slot and revision, by observer and UTC day, so that no question reads more days than it asks for; `days` has
a row a site-day, written when a day is sealed and again, as a revision, when a slot of it changes. A sealed day is one sorted
file. Rows carry their proof, because evidence must outlive Prometheus' retention. Where the newest slot of a site stands, and
which recent ones are uncertain, the only writer knows by itself once it has asked the table.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from deltalake import DeltaTable

from sankofa_observe.adapters.slots.days import newest, newest_days, site_days, spans
from sankofa_observe.adapters.slots.delta import Delta, place_of
from sankofa_observe.adapters.slots.lock import WriterLock
from sankofa_observe.adapters.slots.rows import (
    DAYS,
    KEY,
    OF_DAYS,
    OF_SLOT,
    OF_TOTALS,
    SLOTS,
    TOTALS,
    frame_of,
    shaped,
    site_day_of,
    slot_of,
    span_of,
)
from sankofa_observe.adapters.slots.stretches import DAY_HOURS, of_days, of_hours, of_slots, pieces, together
from sankofa_observe.ports import HOUR_SECONDS
from sankofa_observe.slo.slot import Slot
from sankofa_observe.slo.totals import DAY_SECONDS, SiteDay, SiteSpan, whole_days
from sankofa_observe.slo.votes import PLACE, States
from sankofa_observe.units import Period, without

ROWS_TOGETHER = 50_000
PLACE_OF = {state.value: place for state, place in PLACE.items()}
OF_SAMPLES = (*KEY, "samples", "revision", "observed_at")
FORGET_SECONDS = 4 * 3600
FORGOTTEN = 0  # rows of a site-day whose slots retention has dropped
VACUUM_HOURS = 2  # beyond the longest reader: files that a sealed day has replaced are dropped then


class DeltaSlots:
    """One observer's slots; reading needs no lock, the first write takes it."""

    def __init__(self, location: str | Path, observer: str) -> None:
        self.location = place_of(location)
        self.observer = observer
        self.slots = Delta(location=f"{self.location}/slots", schema=SLOTS, partition=("observer", "day"))
        self.days = Delta(location=f"{self.location}/days", schema=DAYS, partition=("observer",))
        self._lock = WriterLock(self.location, observer)
        self._marks: dict[str, dict[str, int]] = {}
        # By SLO: since when the uncertain slots are known, and which they are.
        self._uncertain: dict[str, tuple[int, dict[tuple[str, int], None]]] = {}
        self._mutex = threading.RLock()  # stages of one process write in turns
        self._waiting: list[pl.DataFrame] | None = None  # where several appends become one commit
        self._healed = False
        self._sealed_days: tuple[object, Mapping[int, int]] = (None, {})
        self._written: dict[str, Period] = {}

    @property
    def lease(self) -> WriterLock:
        return self._lock

    def close(self) -> None:
        self._lock.release()

    # -------------------------------------------------------------------------------------------------------------- write

    def append(self, slots: Iterable[Slot], observed_at: int, *, anyhow: bool = False) -> int:
        """One that was counted from more samples stays, unless it is to change anyhow: the source has forgotten."""
        return self._add(slots, observed_at, pl.lit(anyhow) | (pl.col("samples") >= pl.col("samples_before")), new=True)

    def amend(self, slots: Iterable[Slot], observed_at: int) -> int:
        return self._add(slots, observed_at, pl.col("samples") == pl.col("samples_before"), new=False)

    def _add(self, slots: Iterable[Slot], observed_at: int, may_change: pl.Expr, *, new: bool) -> int:
        with self._mutex:
            self._lock.take()
            self._heal(observed_at)
            fresh = self._fresh(self._kept(frame_of(slots)), may_change)
            fresh = fresh if new else fresh.filter(pl.col("revision") > 1)
            if not fresh.is_empty():
                rows = fresh.with_columns(
                    observer=pl.lit(self.observer), day=pl.col("starts_at") // DAY_SECONDS, observed_at=observed_at
                )
                self._gather(shaped(rows, SLOTS), observed_at)
                self._remember(fresh)
                self._note_written(fresh)
            return fresh.height

    @contextmanager
    def together(self, observed_at: int) -> Iterator[None]:
        """What this thread appends inside is few commits; what was appended before an error is kept.

        Other stages of the process wait meanwhile: what they would be told of stands in no table yet.
        """
        with self._mutex:
            self._waiting = []
            try:
                yield
            finally:
                waiting, self._waiting = self._waiting, None
                self._flush(waiting or [], observed_at)

    def _gather(self, frame: pl.DataFrame, at: int) -> None:
        if self._waiting is None:
            self._flush([frame], at)
            return
        self._waiting.append(frame)
        if sum(one.height for one in self._waiting) >= ROWS_TOGETHER:
            waiting, self._waiting = self._waiting, []
            self._flush(waiting, at)

    def _flush(self, frames: list[pl.DataFrame], at: int) -> None:
        try:
            if frames:
                self._write(pl.concat(frames), at)
        except BaseException:  # nothing of it may stand: the table is asked anew
            self._marks.clear()
            self._uncertain.clear()
            self._healed = False  # slots may stand whose day has no totals yet
            raise

    def seal(self, day: int, at: int) -> int:
        """Make one sorted file of a day and its totals, one SLO after the other; answers how many site-days it has."""
        totals: list[pl.DataFrame] = []

        def rows() -> Iterator[pl.DataFrame]:
            """Called from the writer's own thread: it takes no lock."""
            totals.clear()  # of a commit that met another one
            for slo in slos:
                own = of_day.filter(pl.col("slo") == slo).sort("site", "starts_at", "revision").collect()
                totals.append(_made(own, in_order=True))
                yield own

        with self._mutex:
            self._lock.take()
            of_day = self._of_days(Period(starts_at=day * DAY_SECONDS, ends_at=(day + 1) * DAY_SECONDS))
            with self.slots.asking("read"):
                slos = of_day.select("slo").unique().collect()["slo"].sort().to_list()
            if not slos:
                return 0
            self.slots.replace(rows, f"observer = '{self.observer}' AND day = {day}")
            return self._store(pl.concat(totals), at)

    def unsealed(self) -> list[int]:
        """The days that have slots and no totals, oldest first."""
        return sorted(self._have().keys() - self._sealed().keys())

    def forget(self, days: Collection[int]) -> list[int]:
        """Delete the slots of these days, as far as they are sealed; their totals stay. Answers which days went."""
        old = sorted(self._have().keys() & self._sealed().keys() & set(days))
        if not old:
            return []
        with self._mutex:
            self._lock.take()
            with self.days.asking("retention"):
                found = newest_days(self._days().filter(pl.col("day").is_in(old)).collect())
            marked = found.filter(pl.col("rows") != FORGOTTEN).with_columns(
                rows=FORGOTTEN, revision=pl.col("revision") + 1
            )
            if not marked.is_empty():  # first, so that no day is ever without slots and without a reason
                self.days.append(shaped(marked, DAYS))
            where = f"observer = '{self.observer}' AND day IN ({', '.join(map(str, old))})"
            self.slots.commit("retention", lambda table: table.delete(where) if table else None)
        return old

    def forgotten(self, period: Period) -> bool:
        """Whether slots of the period are no longer kept."""
        first, last = period.starts_at // DAY_SECONDS, (period.ends_at - 1) // DAY_SECONDS
        return any(first <= day <= last for day in self.forgotten_days())

    def _have(self) -> Mapping[int, int]:
        """The days that have slots, and how many rows, superseded ones among them."""
        parts = self.slots.rows_by_partition().items()
        return {int(day): rows for (observer, day), rows in parts if observer == self.observer}

    def _sealed(self) -> Mapping[int, int]:
        """The days that have totals, and of how many rows they were made."""
        with self.days.held() as table, self.days.asking("read"):
            if table is None:
                return {}
            if self._sealed_days[0] != (state := self.days.state(table)):
                rows = newest_days(self._days().select("day", "slo", "site", "revision", "rows").collect())
                sums = rows.group_by("day").agg(pl.col("rows").sum())
                self._sealed_days = state, dict(sums.iter_rows())
            return self._sealed_days[1]

    def forgotten_days(self) -> set[int]:
        """The days of which only the totals are left."""
        return {day for day, rows in self._sealed().items() if rows == FORGOTTEN}

    def _outdated(self) -> set[int]:
        """Days whose slots changed after their totals were made, because a process ended in between."""
        have = self._have()
        return {day for day, rows in self._sealed().items() if have.get(day, rows) != rows}

    def compact(self) -> str:
        """Join the small files of regular ticks, and drop what was joined once no reader can need it; no row changes."""
        joined = [self._compact(table) for table in (self.slots, self.days)]
        removed, added = (sum(one[n] for one in joined) for n in (0, 1))
        return f"{removed} files joined into {added}" if removed else ""

    def _compact(self, delta: Delta) -> tuple[int, int]:
        def join(table: DeltaTable | None) -> tuple[int, int]:
            if table is None:
                return 0, 0
            self._lock.take()
            done = table.optimize.compact([("observer", "=", self.observer)])
            table.vacuum(retention_hours=VACUUM_HOURS, enforce_retention_duration=False, dry_run=False)
            return done["numFilesRemoved"], done["numFilesAdded"]

        with self._mutex:
            return delta.commit("compaction", join)

    # --------------------------------------------------------------------------------------------------------------- care

    def made(self, day: int) -> pl.DataFrame:
        """The totals that the slots of a day make now, whatever stands; without `revision` and `sealed_at`."""
        days = self._of_days(Period(starts_at=day * DAY_SECONDS, ends_at=(day + 1) * DAY_SECONDS))
        with self.slots.asking("read"):
            return _made(days.select(OF_TOTALS).collect())

    def totals(self) -> pl.DataFrame:
        """The totals that stand: the newest revision of each site-day, forgotten days among them."""
        with self.days.asking("read"):
            return newest_days(self._days().collect())

    def days_of_slots(self) -> set[int]:
        """The days that have slots, by the log."""
        return set(self._have())

    # --------------------------------------------------------------------------------------------------------------- read

    def read(self, slo: str, sites: Sequence[str], period: Period) -> list[Slot]:
        frame = self._latest(slo, sites, period).sort("site", "starts_at")
        return [slot_of(row) for row in frame.iter_rows(named=True)]

    def states(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[str, States]:
        frame = self._latest(slo, sites, period, (*KEY, "state", "revision", "observed_at"))
        places = pl.col("state").replace_strict(PLACE_OF, return_dtype=pl.Int8)
        by_site = frame.with_columns(places).sort("site", "starts_at").partition_by("site", as_dict=True)
        return {
            str(site): States(starts_at=own["starts_at"].to_numpy(), state=own["state"].to_numpy())
            for (site,), own in by_site.items()
        }

    def site_days(self, slo: str, sites: Sequence[str], period: Period) -> list[SiteDay]:
        rows = self._day_rows(slo, sites, period).to_dicts()
        return [site_day_of(row) for row in sorted(rows, key=lambda row: (row["site"], row["day"]))]

    def spans(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[str, SiteSpan]:
        return {row["site"]: span_of(row) for row in spans(self._day_rows(slo, sites, period)).to_dicts()}

    def cut(self, slo: str, sites: Sequence[str], stretches: Sequence[Period]) -> Mapping[tuple[str, Period], SiteSpan]:
        ordered = sorted(stretches)
        made_of = pieces(ordered, self._sealed().keys() - self._outdated())
        parts = []
        if made_of.days:
            parts.append(of_days(self._site_days(slo, sites, made_of.days, TOTALS), made_of.days))
        if made_of.hours:
            cut = {hour // DAY_HOURS for hour in made_of.hours}
            parts.append(of_hours(self._site_days(slo, sites, cut, ("hours",)), made_of.hours))
        for start in range(0, len(made_of.hours_of_slots), DAY_HOURS):  # slots of a day at a time
            hours = made_of.hours_of_slots[start : start + DAY_HOURS]
            parts.append(of_slots(self._slots_of_hours(slo, sites, hours), ordered))
        rows = together(parts).with_columns(slo=pl.lit(slo), lines=pl.lit("")).to_dicts() if parts else []
        return {(row["site"], ordered[row["stretch"]]): span_of(row) for row in rows}

    def _site_days(self, slo: str, sites: Sequence[str], days: Collection[int], columns: Iterable[str]) -> pl.DataFrame:
        """The totals of some days as they stand."""
        rows = self._days().filter(pl.col("slo") == slo, pl.col("site").is_in(list(sites)), pl.col("day").is_in(days))
        with self.days.asking("read"):
            return newest_days(rows.select(list(dict.fromkeys(("day", "slo", "site", "revision", *columns)))).collect())

    def _slots_of_hours(self, slo: str, sites: Sequence[str], hours: Sequence[int]) -> pl.DataFrame:
        """What totals are made of, of the slots that start in some hours; these are in order."""
        period = Period(starts_at=hours[0] * HOUR_SECONDS, ends_at=(hours[-1] + 1) * HOUR_SECONDS)
        days = pl.col("day").is_in({hour // DAY_HOURS for hour in hours})
        return self._latest(slo, sites, period, OF_TOTALS, days & (pl.col("starts_at") // HOUR_SECONDS).is_in(hours))

    def _day_rows(self, slo: str, sites: Sequence[str], period: Period) -> pl.DataFrame:
        """Site-days of the period: whole days that are sealed as they stand, what is left as its slots make it now."""
        sealed = self._sealed().keys() & set(whole_days(period)) - self._outdated()
        found = [self._site_days(slo, sites, sealed, OF_DAYS).select(OF_DAYS)] if sealed else []
        for stretch in _without(period, sealed):
            counted = self._latest(slo, sites, stretch, OF_TOTALS)
            made = site_days(counted).with_columns(
                rows=pl.lit(0, pl.Int64), revision=pl.lit(1, pl.Int32), sealed_at=pl.lit(0, pl.Int64)
            )
            found.append(shaped(made, DAYS).select(OF_DAYS))
        return pl.concat(found)

    def late(self, slots: Iterable[Slot]) -> Mapping[str, tuple[int, int]]:
        with self._mutex:
            older = self._older(self._kept(frame_of(slots)).select(*KEY, "samples"))
            if older.is_empty():
                return {}
            standing = self._standing(older, OF_SAMPLES)
        grown = older.join(standing, on=KEY, suffix="_before").filter(pl.col("samples") > pl.col("samples_before"))
        starts = pl.col("starts_at")
        ends = grown.group_by("site").agg(starts.min().alias("first"), starts.max().alias("last"))
        return {site: (first, last) for site, first, last in ends.iter_rows()}

    def samples(self, slo: str, sites: Sequence[str], period: Period) -> Mapping[tuple[str, int], int]:
        frame = self._latest(slo, sites, period, OF_SAMPLES)
        sums = frame.group_by("site", pl.col("starts_at") // HOUR_SECONDS * HOUR_SECONDS).agg(pl.col("samples").sum())
        return {(site, hour): count for site, hour, count in sums.iter_rows()}

    def watermarks(self, slo: str) -> Mapping[str, int]:
        with self._mutex:
            if slo not in self._marks:
                self._marks[slo] = self._ask_watermarks(slo)
            return dict(self._marks[slo])

    def uncertain(self, slo: str, since_at: int) -> Mapping[str, int]:
        with self._mutex:
            asked = self._uncertain.get(slo)
            if asked is None or since_at < asked[0]:
                asked = since_at, self._ask_uncertain(slo, since_at)
            elif since_at > asked[0] + FORGET_SECONDS:
                asked = since_at, {key: None for key in asked[1] if key[1] >= since_at}
            self._uncertain[slo] = asked
            oldest: dict[str, int] = {}
            for site, at in asked[1]:
                if at >= since_at:
                    oldest[site] = min(at, oldest.get(site, at))
            return oldest

    # ------------------------------------------------------------------------------------------------------------- inside

    def _ask_watermarks(self, slo: str) -> dict[str, int]:
        """From the totals of sealed days, and from the slots of the others."""
        of_slo = pl.col("slo") == slo
        with self.days.asking("watermarks"):
            sealed = self._days().filter(of_slo).group_by("site").agg(pl.col("last_starts_at").max()).collect()
        with self.slots.asking("watermarks"):
            rows = self._own().filter(of_slo, pl.col("day").is_in(self.unsealed()))
            later = rows.group_by("site").agg(pl.col("starts_at").max()).collect()
        marks = dict(sealed.iter_rows())
        for site, at in later.iter_rows():
            marks[site] = max(at, marks.get(site, at))
        return marks

    def _ask_uncertain(self, slo: str, since_at: int) -> dict[tuple[str, int], None]:
        recent = Period(starts_at=max(0, since_at), ends_at=2**40)
        frame = self._latest(slo, None, recent, (*KEY, "reasons", "revision", "observed_at"))
        rows = frame.filter(pl.col("reasons").is_not_null()).select("site", "starts_at").iter_rows()
        return dict.fromkeys(rows)

    def _kept(self, slots: pl.DataFrame) -> pl.DataFrame:
        """Slots but those of days of which only the totals are left."""
        forgotten = self.forgotten_days()
        return slots.filter(~(pl.col("starts_at") // DAY_SECONDS).is_in(list(forgotten))) if forgotten else slots

    def _fresh(self, slots: pl.DataFrame, may_change: pl.Expr) -> pl.DataFrame:
        """The slots that differ from what stands, with their revision; of what lies after all that stands, nothing is asked."""
        older = self._older(slots)
        if older.is_empty():
            return slots.with_columns(revision=pl.lit(1, pl.Int32))
        standing = self._standing(older).select(*OF_SLOT, pl.col("revision").alias("before"))
        fresh = slots.join(standing, on=KEY, how="left", suffix="_before", maintain_order="left")
        changed = pl.any_horizontal(
            pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in OF_SLOT if name not in KEY
        )
        fresh = fresh.filter(pl.col("before").is_null() | (changed & may_change))
        return fresh.select(*OF_SLOT, revision=(pl.col("before").fill_null(0) + 1).cast(pl.Int32))

    def _note_written(self, slots: pl.DataFrame) -> None:
        for slo, low, high in (
            slots.group_by("slo").agg(low=pl.col("starts_at").min(), high=pl.col("starts_at").max() + 1).iter_rows()
        ):
            self._written[slo] = Period(starts_at=low, ends_at=high).joined(self._written.get(slo))

    def written(self) -> Mapping[str, Period]:
        with self._mutex:
            found, self._written = self._written, {}
            return found

    def _older(self, slots: pl.DataFrame) -> pl.DataFrame:
        """Those that do not lie after all that stands of their site."""
        marks = [(slo, *one) for slo in slots["slo"].unique() for one in self.watermarks(slo).items()]
        marked = pl.DataFrame(marks, schema={"slo": pl.String, "site": pl.String, "mark": pl.Int64}, orient="row")
        return slots.join(marked, on=["slo", "site"]).filter(pl.col("starts_at") <= pl.col("mark"))

    def _standing(self, slots: pl.DataFrame, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """What stands of these slots and those between them."""
        found = []
        for slo in slots["slo"].unique():
            own = slots.filter(pl.col("slo") == slo)
            low, high = own["starts_at"].min(), own["starts_at"].max()
            period = Period(starts_at=low, ends_at=high + 1)  # type: ignore[arg-type,operator]  # there is one
            found.append(self._latest(slo, own["site"].unique().to_list(), period, columns))
        return pl.concat(found)

    def _remember(self, slots: pl.DataFrame) -> None:
        for slo, site, at in slots.group_by("slo", "site").agg(pl.col("starts_at").max()).iter_rows():
            marks = self._marks.setdefault(slo, {})
            marks[site] = max(at, marks.get(site, at))
        key = ("site", "starts_at")
        for slo in slots["slo"].unique():
            if (asked := self._uncertain.get(slo)) is None:
                continue
            own, known = slots.filter(pl.col("slo") == slo), asked[1]
            if known:
                doubted = pl.DataFrame(list(known), schema={"site": pl.String, "starts_at": pl.Int64}, orient="row")
                for settled in doubted.join(own, on=key, how="semi").iter_rows():
                    del known[settled]
            known.update(dict.fromkeys(own.filter(pl.col("reasons").is_not_null()).select(key).iter_rows()))

    def _write(self, frame: pl.DataFrame, at: int) -> None:
        self.slots.append(frame)
        changed = set(frame["day"].unique()) & self._sealed().keys()
        if changed:
            self._total_anew(changed, frame, at)

    def _total_anew(self, days: set[int], frame: pl.DataFrame, at: int) -> None:
        """The totals of site-days that a late slot has changed."""
        touched = frame.filter(pl.col("day").is_in(list(days))).select("day", "slo", "site").unique()
        with self.slots.asking("read"):
            rows = self._own().filter(pl.col("day").is_in(list(days)))
            every = rows.join(touched.lazy(), on=["day", "slo", "site"], how="semi").collect()
        self._total(every, at)

    def _total(self, rows: pl.DataFrame, at: int) -> int:
        """Write the totals of whole site-days; answers how many came out otherwise."""
        return self._store(_made(rows), at)

    def _store(self, made: pl.DataFrame, at: int) -> int:
        """Write totals; one that came out as it stands is left."""
        with self.days.asking("read"):
            keys = made.select("day", "slo", "site").lazy()
            before = newest_days(self._days().join(keys, on=["day", "slo", "site"], how="semi").collect())
        known = before.select(
            "day", "slo", "site", pl.col("revision").alias("before"), old_digest="digest", old_rows="rows"
        )
        made = made.join(known, on=["day", "slo", "site"], how="left").filter(
            pl.col("old_digest").is_null()
            | (pl.col("digest") != pl.col("old_digest"))
            | (pl.col("rows") != pl.col("old_rows"))
        )
        made = made.with_columns(
            revision=(pl.col("before").fill_null(0) + 1).cast(pl.Int32), sealed_at=pl.lit(at, dtype=pl.Int64)
        )
        if not made.is_empty():
            self.days.append(shaped(made, DAYS))
        return len(made)

    def _heal(self, at: int) -> None:
        """Once a process: make the totals anew that are older than their slots."""
        if self._healed:
            return
        for day in self._outdated():
            self._total(self._rows(Period(starts_at=day * DAY_SECONDS, ends_at=(day + 1) * DAY_SECONDS)), at)
        self._healed = True

    def _days(self) -> pl.LazyFrame:
        return self.days.scan().filter(pl.col("observer") == self.observer)

    def _own(self) -> pl.LazyFrame:
        """The rows of this observer, those among them that wait for one commit."""
        rows = self.slots.scan().filter(pl.col("observer") == self.observer)
        waiting = [one.lazy() for one in self._waiting or ()]
        return pl.concat([one.select(list(SLOTS)) for one in (rows, *waiting)]) if waiting else rows

    def _rows(self, period: Period) -> pl.DataFrame:
        """Every row of whole days, superseded ones among them."""
        with self.slots.asking("read"):
            return self._of_days(period).collect()

    def _of_days(self, period: Period) -> pl.LazyFrame:
        days = pl.col("day").is_between(period.starts_at // DAY_SECONDS, (period.ends_at - 1) // DAY_SECONDS)
        return self._own().filter(days)

    def _latest(
        self,
        slo: str,
        sites: Sequence[str] | None,
        period: Period,
        columns: Sequence[str] | None = None,
        among: pl.Expr | None = None,
    ) -> pl.DataFrame:
        """The newest revision of each slot that starts in the period, and is `among` some; of all sites, where none are named."""
        rows = self._own().filter(
            pl.col("slo") == slo,
            pl.col("day").is_between(period.starts_at // DAY_SECONDS, (period.ends_at - 1) // DAY_SECONDS),
            pl.col("starts_at").is_between(period.starts_at, period.ends_at, closed="left"),
        )
        if sites is not None:
            rows = rows.filter(pl.col("site").is_in(list(sites)))
        if among is not None:
            rows = rows.filter(among)
        with self.slots.asking("read"):
            return newest(rows.select(list(columns or SLOTS)).collect())


def _made(rows: pl.DataFrame, *, in_order: bool = False) -> pl.DataFrame:
    """The totals of whole site-days, and of how many rows they are."""
    counted = rows.group_by("day", "slo", "site").agg(pl.len().cast(pl.Int64).alias("rows"))
    latest = newest(rows)
    made = site_days(latest, in_order=in_order and latest.height == rows.height)
    return made.join(counted, on=["day", "slo", "site"])


def _without(period: Period, days: Collection[int]) -> Iterator[Period]:
    """What is left of a period without some of its whole days, in pieces."""
    return without(period, (Period(starts_at=day * DAY_SECONDS, ends_at=(day + 1) * DAY_SECONDS) for day in days))
