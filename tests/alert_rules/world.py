"""A fleet over minutes, as promtool plays it, and which alerts fire in it at each minute that is asked.

Sites are made of targets; what each shows is written as promtool reads it (`1x20` is 1 and twenty more, `_` no sample). Platform and
exporters are those of one observer unless said. No rule is replaced: the generated files run as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sankofa_rules.systems import watched_systems
from tests.alert_rules.promtool import document, run

SCRAPE_SECONDS = 15
PAIRS = {one.name: one.pairs for one in watched_systems()}
FILES = ("state.yaml",)
_ANSWER = re.compile(r'expr: (".*"), time: (\w+),\s+exp: nil\s+got: (.*)')
_SAMPLE = re.compile(r"\{([^{}]*)\} (\S+?)(?:,|$)")
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_OF_A_SYSTEM = {"SystemNotKnown", "TargetsMissing", "ExporterDown"}


def over(*spans: tuple[float, str]) -> str:
    """Values over minutes: (minutes, values of a minute's quarter), after one another; several values take turns."""
    quarters: list[str] = []
    for minutes, values in spans:
        turns = values.split()
        quarters += [turns[at % len(turns)] for at in range(round(minutes * 60 / SCRAPE_SECONDS))]
    return " ".join(quarters)


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is scraped of one target of a site."""

    site: str
    system: str
    known: str
    up: str
    scraped: str | None = None  # `up` of the scrape; all well if not said
    tier: str = "edge"
    region: str = "r1"
    observer: str = "observer-1"
    name: str = ""
    pair: int = 0  # which kind of the system's targets

    def series(self, minutes: float) -> dict[str, str]:
        target = self.name or f"{self.site}-{self.system}"
        labels = self.labels | {"job": f"sankofa-{self.system}", "instance": target, "observer": self.observer}
        known, up = PAIRS.get(self.system, [(f"sankofa_{self.system}_known", f"sankofa_{self.system}_up")])[self.pair]
        return {
            written(known, labels): self.known,
            written(up, labels): self.up,
            written("up", labels): self.scraped or over((minutes, "1")),
        }

    @property
    def labels(self) -> dict[str, str]:
        return {"tier": self.tier, "region": self.region, "site": self.site, "system": self.system}


@dataclass(frozen=True, kw_only=True)
class World:
    """Targets, who tells that they should be there, and whatever else is scraped."""

    targets: tuple[Target, ...]
    minutes: float
    told_by: tuple[str, ...] = ("sankofa-exporter", "sankofa-platform")
    told: Mapping[str, str] = field(default_factory=dict)  # by job: while it tells; always if not said
    untold: frozenset[str] = frozenset()  # sites that nobody names
    more: Mapping[str, str] = field(default_factory=dict)

    def series(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for target in self.targets:
            found |= target.series(self.minutes)
            for job in () if target.site in self.untold else self.told_by:
                labels = {**target.labels, "target": target.name or f"{target.site}-{target.system}", "job": job}
                found[written("sankofa_target_info", labels)] = self.told.get(job, over((self.minutes, "1")))
        return found | dict(self.more)


def written(name: str, labels: Mapping[str, str]) -> str:
    inner = ", ".join(f'{label}="{value}"' for label, value in labels.items())
    return f"{name}{{{inner}}}"


Sample = tuple[Mapping[str, str], float]


def samples(
    folder: Path,
    world: World,
    exprs: Iterable[str],
    minutes: Iterable[float],
    files: Iterable[str] = FILES,
    interval_seconds: int = SCRAPE_SECONDS,
    evaluation_seconds: int | None = None,
) -> dict[tuple[str, float], list[Sample]]:
    """What each expression gives at each minute: promtool is told to expect nothing, and says what it got instead."""
    asked = [(expr, minute) for expr in exprs for minute in minutes]
    expected = [{"expr": expr, "eval_time": f"{round(at * 60)}s", "exp_samples": []} for expr, at in asked]
    series = [{"series": name, "values": values} for name, values in world.series().items()]
    test = {"interval": f"{interval_seconds}s", "input_series": series, "promql_expr_test": expected}
    file = folder / "world.test.yaml"
    file.write_text(document([test], evaluation_seconds or interval_seconds, tuple(files)))
    done = run(["test", "rules", file])
    answers = _ANSWER.findall(done.stdout + done.stderr)
    assert done.returncode == 0 or answers, done.stdout + done.stderr
    found = {(json.loads(expr), _seconds(time)): _samples(got) for expr, time, got in answers}
    assert found.keys() <= {(expr, round(at * 60)) for expr, at in asked}, done.stdout + done.stderr
    return {(expr, at): found.get((expr, round(at * 60)), []) for expr, at in asked}


@dataclass(frozen=True, kw_only=True)
class Played:
    """What a world came to, by minute: alerts that fire (name, and what each is about), and recorded series by what they are of."""

    pages: Mapping[float, set[str]]
    tickets: Mapping[float, set[str]]
    series: Mapping[str, Mapping[float, Mapping[str, float]]]

    def of(self, site: str) -> dict[float, set[str]]:
        """The pages about one site."""
        return {at: {one for one in found if one.split()[1:2] == [site]} for at, found in self.pages.items()}

    def tickets_of(self, site: str) -> dict[float, set[str]]:
        return {at: {one for one in found if one.split()[1:2] == [site]} for at, found in self.tickets.items()}


def play(
    folder: Path,
    world: World,
    minutes: Sequence[float],
    series: Sequence[str] = (),
    files: Iterable[str] = FILES,
    *,
    interval_seconds: int = SCRAPE_SECONDS,
    evaluation_seconds: int | None = None,
) -> Played:
    """One run of promtool: which pages and tickets fire at each minute, and what is recorded by site, or by site and system."""
    about = "alertname, site, region, tier, observer, system, storm"
    page, ticket = (
        f'count by ({about}) (ALERTS{{severity="{severity}", alertstate="firing"}})' for severity in ("page", "ticket")
    )
    shown = {one: f"sum by (site, system) ({one})" for one in series}
    exprs = (page, ticket, *shown.values())
    found = samples(folder, world, exprs, minutes, files, interval_seconds, evaluation_seconds)

    def alerts(expr: str) -> dict[float, set[str]]:
        return {at: {_subject(labels) for labels, _ in found[(expr, at)]} for at in minutes}

    return Played(
        pages=alerts(page),
        tickets=alerts(ticket),
        series={
            one: {at: {" ".join(labels.values()): value for labels, value in found[(expr, at)]} for at in minutes}
            for one, expr in shown.items()
        },
    )


def _subject(labels: Mapping[str, str]) -> str:
    about = [labels[name] for name in ("observer", "site", "region", "tier") if labels.get(name, "all") != "all"]
    system = [labels["system"]] if labels["alertname"] in _OF_A_SYSTEM else []
    return " ".join([labels["alertname"], *about[:1], *system, *([labels["storm"]] if "storm" in labels else [])])


def _samples(text: str) -> list[Sample]:
    return [(dict(_LABEL.findall(labels)), float(value)) for labels, value in _SAMPLE.findall(text)]


def _seconds(text: str) -> int:
    return sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([dhms])", text))
