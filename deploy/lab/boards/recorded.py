"""Whole answers of the exporters, as their tests have recorded them from real programs, told again for any site and any time.

Ages are kept and moved to now, counters go on from where they were, what is measured sways a little by site and time; the rest is as
recorded. Only series that a board or a rule asks for are told: a fleet has hundreds of targets.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from deploy.parts import CHECKOUT
from sankofa_dashboards.queries import GENERATED as BOARDS

RECORDINGS = {
    "besu": "besu/golden/besu_26.3_validator.prom",
    "network": "besu/golden/network_qbft.prom",
    "ceph": "ceph/golden/reef.prom",
    "cloudflare": "cloudflare/golden/quic_2026_8.prom",
    "proxmox": "proxmox/golden/pve9.prom",
    "canary": "canary/golden/edge.prom",
}
RULES = CHECKOUT / "alert_rules" / "generated"
FOLDER = CHECKOUT / "tests" / "exporters"
COUNTED_SECONDS = 120  # a recorded counter is taken to have come together in so long
SWAY = 0.08
ASKED_A_SECOND, USUAL_SECONDS = 5, 0.015
SELDOM_SECONDS = 900  # between two backups and the like,
NIGHTLY_SECONDS = 50_000  # of which none is older than the last night
_SWAYS = re.compile(
    r"(?<!capacity)_(used_bytes|used_ratio|duration_seconds|per_second|rtt_seconds|age_seconds)$|round_trip"
)
_TO_COME = re.compile(r"_(expiry|next_run|next_sync)_")
_OLD = re.compile(r"_(backup|snapshot|expiry|active_since|oldest|newest)_")
YOUNG_SECONDS = 5  # of what is told to be done all the time
_NAME = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A moment, the seconds from a start to it, and in how many of them requests were answered."""

    now: float
    since: float
    answered: float


def requests_in(seconds: float) -> int:
    return math.floor(ASKED_A_SECOND * seconds)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A sample of a recording; `kind` is that of its family."""

    name: str
    labels: str
    kind: str
    value: float

    def at(self, clock: Clock, seed: int, newest: float) -> str:
        return f"{self.name}{self.labels} {self._value(clock, seed, newest)!r}"

    def changed(self, value: float, now: float, seed: int) -> str:
        return f"{self.name}{self.labels} {self._swayed(value, now, seed)!r}"

    def _value(self, clock: Clock, seed: int, newest: float) -> float:
        now = clock.now
        if self.name.endswith("_timestamp_seconds"):
            age = newest - self.value
            if _OLD.search(self.name):
                return now // SELDOM_SECONDS * SELDOM_SECONDS - min(age, NIGHTLY_SECONDS)
            return now - min(age, YOUNG_SECONDS)
        if self.kind == "histogram" or self.name.endswith("_requests_total"):
            return self._asked(clock.answered)
        if self.kind != "gauge":
            return math.floor(self.value * (1 + clock.since / COUNTED_SECONDS))
        return self._swayed(self.value, now, seed)

    def _asked(self, answered: float) -> float:
        """Requests so far, those within a bucket's bound, or the seconds they took: the recordings have next to none."""
        count = requests_in(answered)
        if self.name.endswith("_sum"):
            return count * USUAL_SECONDS
        bound = re.search(r'le="([^"]+)"', self.labels)
        return math.floor(count * (1 - math.exp(-((float(bound[1]) / USUAL_SECONDS) ** 3)))) if bound else count

    def _swayed(self, value: float, now: float, seed: int) -> float:
        """What is measured is never twice the same; seldom another at a site than a moment ago."""
        if not _SWAYS.search(self.name):
            return value
        return value * (1 + SWAY * math.sin(now / 40 + seed % 17) + SWAY * (seed % 7 - 3) / 3)


@dataclass(frozen=True, kw_only=True)
class Recording:
    lines: tuple[Line, ...]
    newest: float  # when it was recorded, by the newest time in it

    def samples(self, clock: Clock, seed: int, changed: Mapping[str, float | None]) -> Iterator[str]:
        """All lines at a moment; `changed` has other values by name, None for a line that is left out."""
        for line in self.lines:
            if line.name not in changed:
                yield line.at(clock, seed, self.newest)
            elif (value := changed[line.name]) is not None:
                yield line.changed(value, clock.now, seed)


@cache
def asked_for() -> frozenset[str]:
    """Every name in a generated board or rule file."""
    files = [*BOARDS.glob("*.json"), *RULES.glob("*.yaml")]
    return frozenset(name for path in files for name in _NAME.findall(path.read_text(encoding="utf-8")))


@cache
def recording(name: str) -> Recording:
    lines = tuple(_lines((FOLDER / RECORDINGS[name]).read_text(encoding="utf-8")))
    times = [
        line.value for line in lines if line.name.endswith("_timestamp_seconds") and not _TO_COME.search(line.name)
    ]
    return Recording(lines=tuple(line for line in lines if line.name in asked_for()), newest=max(times, default=0))


def _lines(text: str) -> Iterator[Line]:
    kind = ""
    for row in text.splitlines():
        if row.startswith("# TYPE"):
            kind = row.split()[-1]
        elif row and not row.startswith("#"):
            series, _, value = row.rpartition(" ")
            name, brace, labels = series.partition("{")
            yield Line(name=name, labels=brace + labels, kind=kind, value=float(value))
