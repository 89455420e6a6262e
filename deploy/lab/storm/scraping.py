"""What Prometheus scrapes of a world: jobs and labels as an installation has them, with two observers behind one server.

A target's exporter is told by its file and not by its job, since each observer has exporters of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from deploy.integrations.render import CATALOGUE
from deploy.lab.storm.exposition import PAIRS
from deploy.lab.storm.fleet import OBSERVERS
from deploy.lab.storm.world import PLATFORM, World
from deploy.prometheus.render import PLATFORM_LABELS
from sankofa_rules.prometheus import JOB as ITSELF
from sankofa_rules.systems import OWN_JOB, PLATFORM_JOB

SYSTEMS = tuple(sorted(PAIRS.keys() - {"network"}))


def targets(world: World, system: str) -> list[dict[str, Any]]:
    """A target file: each place that has the system."""
    return [
        {
            "targets": [f"{system}.{site.name}"],
            "labels": {**site.labels(system), "__exporter": world.address(site.observer)},
        }
        for site in world.fleet.sites.values()
        if system in site.systems
    ]


def configuration(world: World, ports: Mapping[str, int], interval: str) -> str:
    """The YAML text of prometheus.yml beside `rules/` and `targets/`; an answer has the whole interval."""
    here = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    document = {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": ["rules/*.yaml"],
        "scrape_configs": [
            *map(_probed, SYSTEMS),
            _static(OWN_JOB, *_exporters(world)),
            _static(PLATFORM_JOB, _target(world.address(PLATFORM), **PLATFORM_LABELS, observer=OBSERVERS[0])),
            _static(ITSELF, _target(here["prometheus"], observer=OBSERVERS[0])),
        ],
        "alerting": {"alertmanagers": [{"static_configs": [_target(here["alertmanager"])]}]},
    }
    return yaml.safe_dump(document, sort_keys=False)


def _exporters(world: World) -> list[dict[str, Any]]:
    """Each exporter's own /metrics, by observer and system."""
    return [
        _target(world.address(observer), __metrics_path__=f"/metrics/{system}", system=system, observer=observer)
        for observer in OBSERVERS
        for system in SYSTEMS
    ]


def _target(address: str, **labels: str) -> dict[str, Any]:
    return {"targets": [address], "labels": labels}


def _static(job: str, *found: dict[str, Any]) -> dict[str, Any]:
    return {"job_name": job, "honor_labels": True, "static_configs": list(found)}


def _probed(system: str) -> dict[str, Any]:
    return {
        "job_name": CATALOGUE.entry(system).spec.scrape.job,
        "metrics_path": "/probe",
        "file_sd_configs": [{"files": [f"targets/{system}.json"]}],
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__address__"], "target_label": "instance"},
            {"source_labels": ["__exporter"], "target_label": "__address__"},
        ],
    }
