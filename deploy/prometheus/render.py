"""Prometheus' configuration: one shape for production and for the lab.

`python deploy/prometheus/render.py --write` writes the two committed examples; the lab calls `render` with its own
ports. Assumes multi-target exporters (`/probe?target=`) and targets with the labels site, tier, region and system (from the fleet file).
Never knows credentials: those are the exporters' own. Job names, ports and relabelling stand in the catalogue (deploy/integrations).

Each Prometheus is an observer with a name, which every target gets as a label, so that `up` has it too (decision 0042). In YAML it stands
once, as an anchor that all jobs refer to. A target that discovery gives another `observer`, like one of an exporter elsewhere, keeps it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.integrations.render import CATALOGUE
from sankofa_exporters.registry import SYSTEM_NAMES, system
from sankofa_observe.adapters.integrations.scrape import scrape_job, through
from sankofa_rules.rule import PLATFORM_IDENTITY
from sankofa_rules.systems import OWN_JOB, PLATFORM_JOB

FOLDER = Path(__file__).parent
TARGETS = "/etc/sankofa-observe/targets"
HEADER = "# Written by `python deploy/prometheus/render.py --write`; change render.py and run it again.\n# The name of this Prometheus as an observer stands once, at `&observer`.\n"
# The platform is one place; the sites it speaks of are labels of its own series (honor_labels).
PLATFORM_LABELS = PLATFORM_IDENTITY | {"system": "platform"}
OBSERVER = "observer-1"
DISCOVERY_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Exporter:
    """One system's exporter: its HOST:PORT, and where its targets are learnt.

    `folder` holds what `sankofa-exporter SYSTEM --sd.write-folder` wrote; without it the exporter itself is asked (/sd).
    """

    address: str
    folder: str | None = None

    def discovery(self, path: str, file: str) -> dict[str, Any]:
        if self.folder is not None:
            return {"file_sd_configs": [{"files": [f"{self.folder}/{file}.json"]}]}
        url = f"http://{self.address}{path}"
        return {"http_sd_configs": [{"url": url, "refresh_interval": f"{DISCOVERY_SECONDS}s"}]}


def render(
    *,
    scrape_interval: str,
    evaluation_interval: str,
    exporters: Mapping[str, Exporter],
    platform: str | None,
    alertmanager: str | None,
    rule_files: Sequence[str],
    scrape_timeout: str | None = None,
    integrations: Mapping[str, str] | None = None,
    targets: str = TARGETS,
    observer: str = OBSERVER,
    own: str | None = None,
) -> str:
    """The YAML text of prometheus.yml; `exporters` by system, `platform` and `alertmanager` are HOST:PORT or None.

    `own` is where this Prometheus itself listens: it scrapes itself, and Alertmanager, for RulerLate and the board of paging.

    `integrations` are entries of the catalogue, each with its agent's HOST:PORT or "" for the entry's own; the folder `targets`
    holds what `sankofa-observe integrations targets` wrote.
    """
    timing = {"scrape_interval": scrape_interval, "evaluation_interval": evaluation_interval}
    if scrape_timeout:
        timing["scrape_timeout"] = scrape_timeout
    jobs = [_multi_target(name, exporter) for name, exporter in exporters.items()]
    jobs += [_upstream(name, exporter) for name, exporter in exporters.items() if system(name).upstream_job]
    jobs += [_own(exporters)] if exporters else []
    for name, agent in (integrations or {}).items():
        discovery = {"file_sd_configs": [{"files": [f"{targets}/{name}.json"]}]}
        jobs.append(scrape_job(CATALOGUE.entry(name), discovery, agent))
    if platform is not None:
        jobs.append(_platform(platform))
    if own is not None:
        jobs.append(_itself("prometheus", own))
        jobs += [_itself("alertmanager", alertmanager)] if alertmanager else []
    rule = {"source_labels": ["observer"], "regex": "", "target_label": "observer", "replacement": observer}
    for job in jobs:
        job.setdefault("relabel_configs", []).append(rule)
    document: dict[str, Any] = {"global": timing, "rule_files": list(rule_files), "scrape_configs": jobs}
    if alertmanager is not None:
        document["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    return yaml.dump(document, Dumper=_Anchored, sort_keys=False)


class _Anchored(yaml.SafeDumper):
    """What several jobs share is written once, under a name that says what it is: there is nothing but the observer's rule."""

    def generate_anchor(self, node: yaml.Node) -> str:
        del node
        return "observer"


def _multi_target(name: str, exporter: Exporter) -> dict[str, Any]:
    return {
        "job_name": f"sankofa-{name}",  # of each system, whether the catalogue says more of it or not
        "metrics_path": "/probe",
        **exporter.discovery("/sd", name),
        "relabel_configs": through(exporter.address, instance=True),
    }


def _upstream(name: str, exporter: Exporter) -> dict[str, Any]:
    return {"job_name": system(name).upstream_job, **exporter.discovery("/sd/upstream", f"upstream-{name}")}


def _own(exporters: Mapping[str, Exporter]) -> dict[str, Any]:
    """The exporters themselves: whom each expects (with the place of whom it expects), and how it is."""
    groups = [{"targets": [exporter.address], "labels": {"system": name}} for name, exporter in exporters.items()]
    return {"job_name": OWN_JOB, "honor_labels": True, "static_configs": groups}


def _itself(name: str, address: str) -> dict[str, Any]:
    labels = {**PLATFORM_LABELS, "system": name}
    return {"job_name": name, "static_configs": [{"targets": [address], "labels": labels}]}


def _platform(address: str) -> dict[str, Any]:
    return {
        "job_name": PLATFORM_JOB,
        "honor_labels": True,
        "static_configs": [{"targets": [address], "labels": dict(PLATFORM_LABELS)}],
    }


def production(folder: str | None = None) -> str:
    """The example that is committed: one machine of the core; targets by HTTP, or from files in `folder`."""
    return HEADER + render(
        scrape_interval="15s",
        scrape_timeout="10s",
        evaluation_interval="15s",
        exporters={
            name: Exporter(address=f"127.0.0.1{system(name).default_address}", folder=folder) for name in SYSTEM_NAMES
        },
        platform="127.0.0.1:9800",
        alertmanager="127.0.0.1:9093",
        rule_files=["/usr/share/sankofa-observe/alert_rules/*.yaml"],
        integrations=dict.fromkeys(CATALOGUE.foreign(), ""),
        own="127.0.0.1:9090",
    )


def documents() -> dict[Path, str]:
    """The committed files: discovery by HTTP, and the same by file."""
    return {
        FOLDER / "prometheus.yml": production(),
        FOLDER / "prometheus-file-sd.yml": production(TARGETS),
    }


def main(arguments: list[str] | None = None) -> int:
    """0 when written or fresh, 1 when a committed file is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    write, stale = parser.parse_args(arguments).write, 0
    for path, text in documents().items():
        if write:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale = 1
            print(f"{path}: stale; run python deploy/prometheus/render.py --write", file=sys.stderr)
    return stale


if __name__ == "__main__":
    sys.exit(main())
