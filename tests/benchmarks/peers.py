"""Counting on one real Prometheus whose truth is known: ours, and in one run the shapes of pyrra, slo-generator and sloth.

What is measured is what comes out and what it takes, of the client and of Prometheus. Prometheus is filled by remote write
with samples as scrapes would have left them; nobody is told the truth.
"""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import Period

from .filled import Filled, filled
from .known import LOSES_EACH, RESTARTS_EACH, SCRAPE, Known, known_sites
from .others import EACH, SHORT, increase, mean_of_ratios, slo_generator
from .ours import SOURCES, Ours
from .report import Sheet
from .way import Answer, Asked, Found, Way

SIZE = os.environ.get("SIZE", "")
# How many sites for two hours and how often in turn; how many for how many days.
SITES, ROUNDS, DAY_SITES, DAYS = {"large": (3250, 1, 325, 1), "month": (325, 1, 325, 30)}.get(SIZE, (325, 3, 100, 1))
HOURS, DAY = 7200, DAYS * DAY_SECONDS
A_DAY = "a day" if DAYS == 1 else f"{DAYS} days"
LEAD, TAIL = 7500, 2100  # written before and after: what slots lean on, and then some
BAD, ALL, HALF = 0, 1, 0.5  # places of a pair of bad and valid events; what a whole number may be off
Truth = Mapping[str, tuple[float, float]]
COLUMNS = (
    "client, CPU", "Prometheus, CPU", "samples read", "of them a CPU second: client; Prometheus", "bad events off",
    "valid events off", "sites exact", "where restarted: bad; valid events off", "truth within the bounds there", "peak memory",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A set of sites and the time that is asked about."""

    job: str
    sites: Sequence[Known]
    period: Period

    def asked(self, prometheus: Filled, folder: str) -> Asked:
        names = [site.name for site in self.sites]
        return Asked(url=prometheus.url, job=self.job, sites=names, period=self.period, folder=folder)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """An answer and what it took of Prometheus."""

    answer: Answer
    cpu: float
    samples: int


def run() -> Sheet:
    hours, day, written = _world()
    with filled([*day.sites, *hours.sites], written) as prometheus, tempfile.TemporaryDirectory() as folder:
        found = _two_hours(prometheus, hours)
        ours = [row for source in SOURCES for row in _day(prometheus, day, folder, source)]
        notes = _notes(prometheus, hours, found)
    return Sheet(
        title=f"Counting on a real Prometheus: {SITES:,} sites for two hours, {DAY_SITES} for {A_DAY}",
        how=(
            f"One event SLI as two counters, scraped each {SCRAPE} s at instants of each site's own; one site of {LOSES_EACH} loses "
            f"scrapes, one of {RESTARTS_EACH} restarts. The truth is known, and asked by nobody. Each way runs in a process of its "
            f"own, its start and imports not counted; the two hours are {'one run' if ROUNDS == 1 else f'the median of {ROUNDS} rounds in turn'}, "
            f"{A_DAY} {'is' if DAYS == 1 else 'are'} one run. Off is what each site is off, added up; a site that is off by less than half an event is exact. Sites "
            "that restarted stand apart: events that no counter ever showed are part of their truth, and of ours what is certain is "
            "compared, beside its bounds."
        ),
        columns=COLUMNS,
        rows=[*(_row(what, one, hours) for what, one in found.items()), *ours],
        notes=notes,
    )


def _world() -> tuple[Stretch, Stretch, Period]:
    now = int(time.time())
    end = (now - TAIL) // 60 * 60
    periods = {"day": Period(starts_at=end - DAY, ends_at=end), "hours": Period(starts_at=end - HOURS, ends_at=end)}
    stretches = {}
    for job, count in (("day", DAY_SITES), ("hours", SITES)):
        period = periods[job]
        lived = Period(starts_at=period.starts_at - LEAD, ends_at=now)
        stretches[job] = Stretch(job=job, sites=known_sites(job, count, lived, period), period=period)
    return stretches["hours"], stretches["day"], Period(starts_at=end - DAY - LEAD, ends_at=now)


def _two_hours(prometheus: Filled, stretch: Stretch) -> dict[str, Measured]:
    version = importlib.metadata.version("slo-generator")
    ways: dict[str, Way] = {
        **{f"ours, {source}": Ours(source=source) for source in SOURCES},
        "`increase()` (pyrra's shape)": increase,
        f"slo-generator {version}": slo_generator,
        f"mean of {SHORT // 60} m ratios each {EACH} s (sloth's shape)": mean_of_ratios,
    }
    prometheus.settle()
    rounds: dict[str, list[Measured]] = {what: [] for what in ways}
    for _ in range(ROUNDS):
        for what, way in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                rounds[what].append(_measured(prometheus, way, stretch.asked(prometheus, folder)))
    return {what: _median(several) for what, several in rounds.items()}


def _day(prometheus: Filled, stretch: Stretch, folder: str, source: str) -> list[list[str]]:
    """What nobody has counted yet, and the same counted again over the slots that stand."""
    asked = stretch.asked(prometheus, tempfile.mkdtemp(dir=folder))
    rows = []
    for what, way in ((A_DAY, Ours(source=source)), (f"{A_DAY}, recounted,", Ours(source=source, again=True))):
        prometheus.settle()
        measured = _measured(prometheus, way, asked)
        rows.append(_row(f"ours, {source}: {what} of {DAY_SITES} sites", measured, stretch))
    return rows


def _measured(prometheus: Filled, way: Way, asked: Asked) -> Measured:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as child:
        child.submit(os.getpid).result()  # Python is up
        cpu, samples = prometheus.cpu(), prometheus.samples_read()
        answer = child.submit(way, asked).result()
        samples = prometheus.samples_read() - samples
        return Measured(
            answer=answer,
            cpu=prometheus.cpu() - cpu,
            samples=samples if answer.samples is None else answer.samples,
        )


def _median(rounds: Sequence[Measured]) -> Measured:
    """The first answer with the middle of what each took; the answers are equal, for nothing is written meanwhile."""
    client = statistics.median(one.answer.cpu for one in rounds)
    answer = replace(rounds[0].answer, cpu=client)
    return replace(rounds[0], answer=answer, cpu=statistics.median(one.cpu for one in rounds))


def _row(what: str, measured: Measured, stretch: Stretch) -> list[str]:
    answer, truth = measured.answer, {site.name: site.truth(stretch.period) for site in stretch.sites}
    restarted = [site.name for site in stretch.sites if site.restarted]
    steady = [site.name for site in stretch.sites if not site.restarted]
    exact = sum(max(_off(answer, truth, [name])) < HALF for name in steady)
    bounded = [name for name in restarted if name in answer.found and answer.found[name].unknown is not None]
    within = sum(_within(answer.found[name], *truth[name]) for name in bounded)
    counts = not any(one.share is not None for one in answer.found.values())
    return [
        what,
        f"{answer.cpu:.2f} s",
        f"{measured.cpu:.2f} s",
        f"{measured.samples:,}",
        f"{_a_second(measured.samples, answer.cpu)}; {_a_second(measured.samples, measured.cpu)}",
        _share(answer, truth, steady, BAD),
        _share(answer, truth, steady, ALL) if counts else "no count",
        f"{exact:,} of {len(steady):,}",
        "; ".join(_share(answer, truth, restarted, which) for which in ((BAD, ALL) if counts else (BAD,))),
        f"{within} of {len(restarted)}" if bounded else "no bounds",
        f"{answer.peak_mib:.0f} MiB",
    ]


def _off(answer: Answer, truth: Truth, names: Iterable[str]) -> tuple[float, float]:
    """How far the bad and the valid events are off, added up over sites; of a site that was not found, all of them."""
    off = [0.0, 0.0]
    for name in names:
        bad, valid = truth[name]
        one = answer.found.get(name, Found())
        found = (one.bad, one.valid) if one.share is None else (one.share * valid, valid)
        off[BAD] += abs(found[BAD] - bad)
        off[ALL] += abs(found[ALL] - valid)
    return off[BAD], off[ALL]


def _within(one: Found, bad: float, valid: float) -> bool:
    """Whether the truth lies between what is certain and that with everything that was not seen."""
    unknown = one.unknown or 0
    good, certain = valid - bad, one.valid - one.bad
    return one.bad <= bad <= one.bad + unknown and certain <= good <= certain + unknown and valid <= one.valid + unknown


def _share(answer: Answer, truth: Truth, names: Sequence[str], which: int) -> str:
    """How many events off, as a share of all of them, and the share of the site that is off most."""
    off, of = _off(answer, truth, names)[which], sum(truth[name][which] for name in names)
    worst = max((_off(answer, truth, [name])[which] / (truth[name][which] or 1) for name in names), default=0.0)
    return f"{off:,.0f} ({off / (of or 1):.2%}, worst site {worst:.1%})".replace("%", " %") if off else "0"


def _a_second(samples: int, cpu: float) -> str:
    return f"{samples / cpu / 1e6:.2f} M" if cpu > 0 else "-"


def _notes(prometheus: Filled, stretch: Stretch, found: Mapping[str, Measured]) -> list[str]:
    truth = {site.name: site.by_the_clock(stretch.period) for site in stretch.sites if not site.restarted}
    clock = "; ".join(f"{what}: {_off(one.answer, truth, truth)[BAD]:,.0f}" for what, one in found.items())
    return [
        f"Prometheus {prometheus.version()}, {prometheus.written:,} samples by remote write, peak memory {prometheus.peak_mib():.0f} MiB. Its CPU holds what else it did meanwhile.",
        f"The truth is by scrape: an event belongs to the first scheduled scrape at or after it. Ours counts so in every period, and between two of them none is lost or counted twice. By the clock, with the events of a scrape spread evenly since the one before it, bad events are off by: {clock}.",
        f"Samples read: of ours what it was handed, up to {LEAD} s before and half an hour after the stretch; of the others what Prometheus says that their queries loaded.",
        "`increase()` over the stretch is two queries for all sites. slo-generator runs as a program on a document a site, two queries each. Its backend asks about now, so each filter ends in `[window] @ INSTANT`; its report rounds down to whole events. Its start, which is not counted, is a run of `--version`.",
        f"A rule is evaluated only as time goes by, so sloth's is asked for by one range query with a step of {EACH} s, in which Prometheus reads a series once; a real rule reads it each time. A mean of ratios is no count: its bad events are the share times the true number of valid ones.",
        "Measured and shown; nothing here is asserted. What counting must hold is asserted by `tests/simulation`.",
    ]
