"""Scrape jobs of Prometheus, made of entries: where it asks, whom it asks through, and which series of an answer are the target's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sankofa_observe.adapters.integrations.models import Integration, Scrape


def scrape_job(entry: Integration, discovery: Mapping[str, Any], agent: str = "") -> dict[str, Any]:
    """The job of an entry that is no exporter of ours.

    `discovery` says where its targets are learnt; `agent` is HOST:PORT of the entry's agent where it is another than the entry's.
    """
    scrape = entry.spec.scrape
    job: dict[str, Any] = {"job_name": scrape.job, "metrics_path": scrape.path}
    if scrape.params:
        job["params"] = {name: list(values) for name, values in scrape.params.items()}
    job |= discovery
    if scrape.agent is not None:
        job["relabel_configs"] = through(agent or scrape.agent.address)
    if rules := metric_relabelling(scrape):
        job["metric_relabel_configs"] = rules
    return job


def through(agent: str, *, instance: bool = False) -> list[dict[str, Any]]:
    """The target becomes a parameter, and with `instance` the instance too; what is called is the agent."""
    rules: list[dict[str, Any]] = [{"source_labels": ["__address__"], "target_label": "__param_target"}]
    if instance:
        rules.append({"source_labels": ["__param_target"], "target_label": "instance"})
    return [*rules, {"target_label": "__address__", "replacement": agent}]


def metric_relabelling(scrape: Scrape) -> list[dict[str, Any]]:
    """Of an answer about a whole device, the series of the target, and those of the device itself; labels that move are dropped."""
    rules: list[dict[str, Any]] = []
    if scrape.keep is not None:
        label, equals = scrape.keep.label, scrape.keep.equals
        of_device = {"source_labels": [label, equals], "regex": ";(.+)", "target_label": label, "replacement": "$1"}
        rules += [of_device, {"action": "keepequal", "source_labels": [label], "target_label": equals}]
    if scrape.drop:
        rules.append({"action": "labeldrop", "regex": "|".join(scrape.drop)})
    return rules
