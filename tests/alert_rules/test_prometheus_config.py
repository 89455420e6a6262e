"""Prometheus' configuration and Grafana's provisioning: one shape for lab and production, checked by promtool."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.prometheus.render import Exporter, documents, main, production, render
from sankofa_exporters.registry import SYSTEM_NAMES, system
from sankofa_rules.book import GENERATED
from tests.alert_rules.promtool import run

PROVISIONING = Path(__file__).parents[2] / "deploy" / "grafana" / "provisioning"
GROUPS = [{"targets": ["pve-1"], "labels": {"site": "edge-1", "tier": "edge", "region": "r1"}}]


def test_committed_configuration_is_what_the_code_says() -> None:
    """`render.py --check` passes."""
    assert main(["--check"]) == 0


@pytest.mark.real("promtool")
@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_production_example_is_accepted(path: Path) -> None:
    """Prometheus' own checker takes the committed files."""
    done = run(["check", "config", "--syntax-only", path])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real("promtool")
def test_lab_configuration_is_accepted_with_its_rules_and_targets(tmp_path: Path) -> None:
    """With real rule and target files, promtool follows every reference and warns of nothing."""
    for name in ("proxmox", "besu", "upstream-besu"):
        (tmp_path / f"{name}.json").write_text(json.dumps(GROUPS))
    config = tmp_path / "prometheus.yml"
    config.write_text(
        render(
            scrape_interval="1s",
            evaluation_interval="1s",
            exporters={name: Exporter(address="127.0.0.1:9221", folder=str(tmp_path)) for name in ("proxmox", "besu")},
            platform="127.0.0.1:9800",
            alertmanager="127.0.0.1:9093",
            rule_files=[str(GENERATED / "*.yaml")],
        )
    )
    done = run(["check", "config", config])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr


def test_exporters_are_called_at_their_own_ports() -> None:
    """The example and the exporters agree on who listens where."""
    jobs = {job["job_name"]: job for job in yaml.safe_load(production())["scrape_configs"]}
    for name in SYSTEM_NAMES:
        (called,) = (
            one["replacement"]
            for one in jobs[f"sankofa-{name}"]["relabel_configs"]
            if one["target_label"] == "__address__"
        )
        assert called.endswith(system(name).default_address)


def test_upstream_endpoints_are_scraped_beside_ours() -> None:
    """Besu's, ceph-mgr's and cloudflared's own metrics have jobs, with targets from the same fleet file."""
    jobs = {job["job_name"]: job for job in yaml.safe_load(production())["scrape_configs"]}

    assert {name: jobs[name]["http_sd_configs"][0]["url"] for name in ("besu", "ceph-mgr", "cloudflared")} == {
        "besu": "http://127.0.0.1:9546/sd/upstream",
        "ceph-mgr": "http://127.0.0.1:9128/sd/upstream",
        "cloudflared": "http://127.0.0.1:9241/sd/upstream",
    }


def test_grafana_provisions_one_folder_that_nobody_edits_by_hand() -> None:
    """One provider with a folder uid of ours; boards are neither edited nor deleted in the browser."""
    (provider,) = _yaml(PROVISIONING / "dashboards" / "sankofa.yaml")["providers"]
    assert provider["folderUid"] == "sankofa-observe"
    assert (provider["allowUiUpdates"], provider["disableDeletion"]) == (False, True)
    assert provider["options"] == {"path": "/usr/share/sankofa-observe/dashboards", "foldersFromFilesStructure": False}
    (source,) = _yaml(PROVISIONING / "datasources" / "sankofa.yaml")["datasources"]
    assert (source["type"], source["isDefault"], source["editable"]) == ("prometheus", True, False)


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())
