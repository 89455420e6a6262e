"""A fleet that a real Prometheus scrapes: every family of every system, at sites that are well, down, blind, or gone.

What an exporter says is made of its own catalogue, so that a new family, and a new system, is in it by itself; what a test asserts is set on
top. Rules, configuration and Prometheus are the real ones, a second where production has fifteen.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from deploy.prometheus.render import Exporter, render
from sankofa_exporters.model import catalogue
from sankofa_exporters.model.family import Family, pairs
from sankofa_exporters.registry import SYSTEM_NAMES, system
from sankofa_observe import telemetry
from sankofa_rules import book as rules

Condition = Literal["up", "down", "blind"]
SCRAPE_SECONDS = 1
_OF_FAULTS = re.compile(
    r"fail|error|unfound|missed|missing|absent|fork|disput|slow|degraded|damaged|ha_services|not_known|rejected|privilege"
)
LABELS = {"state": "error", "kind": "timeout", "collector": "witnesses", "quantile": "0.5"}


@dataclass(kw_only=True)
class World:
    """Sites by name with tier, region and systems; the condition of a target may change while all runs."""

    sites: Mapping[str, tuple[str, str, tuple[str, ...]]]
    conditions: dict[str, Condition] = field(default_factory=dict)  # by system/site; up unless it is named
    platform: str = ""
    is_gone: bool = False
    scrapes: int = 0

    def targets(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Tier, region, site, system and name of each target."""
        for site, (tier, region, systems) in self.sites.items():
            for name in systems:
                yield tier, region, site, name, f"{name}-{site}"

    def probe(self, target: str) -> str:
        """What the exporter says of a target."""
        name, _, site = target.partition("-")
        condition = self.conditions.get(f"{name}/{site}", "up")
        known, up = {"up": (1, 1), "down": (1, 0), "blind": (0, 0)}[condition]
        told = {
            word: value for pair in pairs(system(name).families) for word, value in zip(pair, (known, up), strict=True)
        }
        families = (*system(name).families, *catalogue.FAMILIES)
        error = f'{catalogue.COLLECTOR_ERROR.name}{{collector="witnesses",kind="timeout"}} 1\n'
        lines = (self._samples(one, told) for one in families if one is not catalogue.COLLECTOR_ERROR)
        return "".join(lines) + (error if condition == "blind" else "")

    def _samples(self, family: Family, told: Mapping[str, int]) -> str:
        labels = ",".join(f'{name}="{LABELS.get(name, name + "-1")}"' for name in family.labels)
        if family.kind == "histogram":
            return _histogram(family, labels, self.scrapes)
        value: float = told.get(family.name, self.scrapes if family.kind == "counter" else 1)
        if _OF_FAULTS.search(family.name):
            value = 0
        elif family.name.endswith("_timestamp_seconds"):
            value = time.time() - 5
        elif family.unit == "bytes" and family.kind == "gauge":
            value = self.scrapes if "used" in family.name else 1e9
        return f"{family.name}{{{labels}}} {value}\n"

    def own(self, name: str) -> str:
        """What an exporter says at its own /metrics: whom it expects."""
        return "".join(
            f'{telemetry.TARGET_INFO}{{tier="{tier}",region="{region}",site="{site}",system="{of}",target="{target}"}} 1\n'
            for tier, region, site, of, target in self.targets()
            if of == name
        )


def _histogram(family: Family, labels: str, count: int) -> str:
    before = f"{labels}," if labels else ""
    rows = [f'{family.name}_bucket{{{before}le="{bound:g}"}} {count}\n' for bound in family.buckets]
    return (
        "".join(rows)
        + f'{family.name}_bucket{{{before}le="+Inf"}} {count}\n'
        + f"{family.name}_count{{{labels}}} {count}\n{family.name}_sum{{{labels}}} {count / 1000}\n"
    )


@contextmanager
def served(world: World) -> Iterator[tuple[str, str]]:
    """The addresses of all exporters and of the platform."""
    with (
        _served(world, lambda path: _exporters(world, path)) as exporters,
        _served(world, lambda _: world.platform) as own,
    ):
        yield exporters, own


@contextmanager
def _served(world: World, answer: Callable[[str], str]) -> Iterator[str]:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            world.scrapes += 1
            text = "" if world.is_gone else answer(self.path)
            body = text.encode()
            self.send_response(503 if world.is_gone else 200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def _exporters(world: World, path: str) -> str:
    """A probe, or what they say of themselves: one address is all of them, and each says it for all."""
    target = parse_qs(urlsplit(path).query).get("target", [""])[0]
    return world.probe(target) if target else "".join(world.own(name) for name in SYSTEM_NAMES)


def configuration(
    world: World, exporters: str, platform: str, folder: Path, step_seconds: int, *, own: str, alertmanager: str
) -> Path:
    """The configuration of a Prometheus at `own` with our jobs and our rules."""
    for name in SYSTEM_NAMES:
        groups = [
            {"targets": [target], "labels": {"tier": tier, "region": region, "site": site, "system": of}}
            for tier, region, site, of, target in world.targets()
            if of == name
        ]
        (folder / f"{name}.json").write_text(json.dumps(groups))
    path = folder / "prometheus.yml"
    path.write_text(
        render(
            scrape_interval=f"{SCRAPE_SECONDS}s",
            evaluation_interval=f"{SCRAPE_SECONDS}s",
            exporters={name: Exporter(address=exporters, folder=str(folder)) for name in SYSTEM_NAMES},
            platform=platform,
            alertmanager=alertmanager,
            own=own,
            rule_files=[
                str(one)
                for one in rules.write(
                    folder / "rules", rules.Edition(step_seconds=step_seconds, scrape_seconds=SCRAPE_SECONDS)
                )
            ],
        )
    )
    return path
