"""Prometheus' configuration and Grafana's provisioning: one shape for lab and production, checked by promtool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from alert_rules.book import GENERATED
from deploy.prometheus.render import CONFIG, Target, main, production, render, render_targets
from sankofa_exporters.registry import system
from tests.alert_rules.promtool import run

PROVISIONING = Path(__file__).parents[2] / "deploy" / "grafana" / "provisioning"
EDGE = Target(name="pve-1", site="edge-1", tier="edge", region="r1", module="lab")
REPLICA = Target(name="besu-1", site="reg-1", tier="regional", region="r2", more={"network": "mainland"})


def test_committed_configuration_is_what_the_code_says() -> None:
    """`render.py --check` passes."""
    assert main(["--check"]) == 0


@pytest.mark.real("promtool")
def test_production_example_is_accepted() -> None:
    """Prometheus' own checker takes the committed file."""
    done = run(["check", "config", "--syntax-only", CONFIG])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.real("promtool")
def test_lab_configuration_is_accepted_with_its_rules_and_targets(tmp_path: Path) -> None:
    """With real rule and target files, promtool follows every reference and warns of nothing."""
    files = {"sankofa-proxmox": EDGE, "sankofa-besu": REPLICA}
    for job, target in files.items():
        (tmp_path / f"{job}.yaml").write_text(render_targets([target]))
    config = tmp_path / "prometheus.yml"
    config.write_text(
        render(
            scrape_interval="1s",
            evaluation_interval="1s",
            exporters={job: ("127.0.0.1:9221", str(tmp_path / f"{job}.yaml")) for job in files},
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
    for name in ("proxmox", "besu"):
        called = jobs[f"sankofa-{name}"]["relabel_configs"][-1]["replacement"]
        assert called.endswith(system(name).default_address)


def test_targets_carry_the_labels_that_rules_group_by() -> None:
    """Site, tier and region always; network and module where given."""
    assert yaml.safe_load(render_targets([EDGE, REPLICA])) == [
        {
            "targets": ["pve-1"],
            "labels": {"site": "edge-1", "tier": "edge", "region": "r1", "__param_module": "lab"},
        },
        {
            "targets": ["besu-1"],
            "labels": {"site": "reg-1", "tier": "regional", "region": "r2", "network": "mainland"},
        },
    ]


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
