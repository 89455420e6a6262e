"""Prometheus' configuration: one shape for production and for the lab.

`python deploy/prometheus/render.py --write` writes the committed `prometheus.yml`; the lab calls `render` with its own
ports. Assumes multi-target exporters (`/probe?target=`) and target files with the labels site, tier and region. Never
knows credentials: those are the exporters' own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CONFIG = Path(__file__).parent / "prometheus.yml"
HEADER = "# Written by `python deploy/prometheus/render.py --write`; change render.py and run it again.\n"
# The platform is one place; the sites it speaks of are labels of its own series (honor_labels).
PLATFORM_LABELS = {"tier": "core", "region": "all", "site": "platform"}


@dataclass(frozen=True, kw_only=True)
class Target:
    """One thing to probe: its name as the exporter knows it, and the labels all its series get.

    `module` names the exporter's settings for it, if its default will not do.
    """

    name: str
    site: str
    tier: str
    region: str
    module: str = ""
    more: Mapping[str, str] = field(default_factory=dict)  # network="mainland"

    def document(self) -> dict[str, Any]:
        labels = {"site": self.site, "tier": self.tier, "region": self.region, **self.more}
        module = {"__param_module": self.module} if self.module else {}
        return {"targets": [self.name], "labels": labels | module}


def render_targets(targets: Sequence[Target]) -> str:
    """A file_sd target file; Prometheus reads it again whenever it changes."""
    return yaml.safe_dump([target.document() for target in targets], sort_keys=False)


def render(
    *,
    scrape_interval: str,
    evaluation_interval: str,
    exporters: Mapping[str, tuple[str, str]],
    platform: str | None,
    alertmanager: str | None,
    rule_files: Sequence[str],
    upstream: Mapping[str, str] | None = None,
    scrape_timeout: str | None = None,
) -> str:
    """The YAML text of prometheus.yml.

    `exporters`: job (sankofa-proxmox) to the exporter's host:port and its target file. `upstream`: job to the target
    file of endpoints that the systems have themselves. `platform` and `alertmanager` are host:port, or None for neither.
    """
    timing = {"scrape_interval": scrape_interval, "evaluation_interval": evaluation_interval}
    if scrape_timeout:
        timing["scrape_timeout"] = scrape_timeout
    jobs = [_multi_target(job, address, file) for job, (address, file) in exporters.items()]
    jobs += [{"job_name": job, "file_sd_configs": [{"files": [file]}]} for job, file in (upstream or {}).items()]
    if platform is not None:
        jobs.append(_platform(platform))
    document: dict[str, Any] = {"global": timing, "rule_files": list(rule_files), "scrape_configs": jobs}
    if alertmanager is not None:
        document["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    return yaml.safe_dump(document, sort_keys=False)


def _multi_target(job: str, exporter: str, file: str) -> dict[str, Any]:
    """The target becomes a parameter and the instance; what is called is the exporter."""
    return {
        "job_name": job,
        "metrics_path": "/probe",
        "file_sd_configs": [{"files": [file]}],
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": exporter},
        ],
    }


def _platform(address: str) -> dict[str, Any]:
    return {
        "job_name": "sankofa-platform",
        "honor_labels": True,
        "static_configs": [{"targets": [address], "labels": dict(PLATFORM_LABELS)}],
    }


def production() -> str:
    """The example that is committed: one machine of the core."""
    targets = "/etc/sankofa-observe/targets"
    return HEADER + render(
        scrape_interval="15s",
        scrape_timeout="10s",
        evaluation_interval="15s",
        exporters={
            "sankofa-proxmox": ("127.0.0.1:9221", f"{targets}/proxmox.yaml"),
            "sankofa-besu": ("127.0.0.1:9546", f"{targets}/besu.yaml"),
        },
        upstream={
            "besu": f"{targets}/upstream-besu.yaml",
            "ceph-mgr": f"{targets}/upstream-ceph-mgr.yaml",
            "cloudflared": f"{targets}/upstream-cloudflared.yaml",
        },
        platform="127.0.0.1:9800",
        alertmanager="127.0.0.1:9093",
        rule_files=["/usr/share/sankofa-observe/alert_rules/*.yaml"],
    )


def main(arguments: list[str] | None = None) -> int:
    """0 when written or fresh, 1 when the committed file is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    if parser.parse_args(arguments).write:
        CONFIG.write_text(production())
        return 0
    if CONFIG.read_text() == production():
        return 0
    print(f"{CONFIG}: stale; run python deploy/prometheus/render.py --write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
