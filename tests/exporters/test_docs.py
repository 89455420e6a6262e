"""The pages about exporters say what the catalogue says, and their configurations load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.parts import CHECKOUT
from deploy.prometheus.render import OBSERVER, production
from sankofa_exporters.config.fleet import load_with_fleet
from sankofa_exporters.config.place import placeless
from sankofa_exporters.config.settings import Document, load
from sankofa_exporters.docs import main, pages, renewed, table
from sankofa_exporters.registry import SYSTEM_NAMES, system

FOLDER = CHECKOUT / "docs" / "exporters"
# A self-signed certificate of nobody; its key was never kept.
CA = """\
-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUHldlBY0/TwsjulcBr0PRSBN5wa8wCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHZXhhbXBsZTAgFw0yNjExMjQxMTEyMThaGA8yMTI2MTAzMTEx
MTIxOFowEjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABH3SoVX8AyHRcEvUisWAbSndTMmVzRaaRpBE7WPG7f/k7ZMUqcELfrSy11vD
VinZmAZLyixYSIlVh75wWkT/JeOjUzBRMB0GA1UdDgQWBBTZ0SuVzT8SSY/TBEvZ
TWb60g2YeDAfBgNVHSMEGDAWgBTZ0SuVzT8SSY/TBEvZTWb60g2YeDAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQD59+Bo+ELffuGTSat6XX+d/lO5
Q7rbYORIWVWDM4tp9wIgGQSo9FgUNknhkeksDthbV8OTrBNa/wP9UiQbbP+LRPI=
-----END CERTIFICATE-----
"""


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (FOLDER / f"{page}.md").read_text(), re.DOTALL)


def test_metric_tables_are_current() -> None:
    """Every page holds the table that its catalogue makes; `python -m sankofa_exporters.docs --write` renews it."""
    for path, families in pages(FOLDER).items():
        assert renewed(path.read_text(), families) == path.read_text()


def test_stale_page_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--check exits 1 and names the stale page; --write makes it right."""
    for path in pages(FOLDER):
        (tmp_path / path.name).write_text(path.read_text())
    page = tmp_path / "besu.md"
    page.write_text(page.read_text().replace("sankofa_besu_up` | gauge", "sankofa_besu_up` | counter"))
    before = main(["--check", "--folder", str(tmp_path)])
    main(["--write", "--folder", str(tmp_path)])

    assert (before, main(["--check", "--folder", str(tmp_path)])) == (1, 0)
    assert "besu.md: the metric table is stale" in capsys.readouterr().err


@pytest.mark.parametrize("name", SYSTEM_NAMES)
def test_documented_configuration_loads(name: str, tmp_path: Path) -> None:
    """The first YAML block of a system's page is a configuration that the command accepts, and says where its target is."""
    text = blocks(name, "yaml")[0]
    for path in set(re.findall(r"/etc/sankofa/[\w.-]+", text)):
        file = tmp_path / path.rpartition("/")[2]
        file.write_text((CA if path.endswith(".pem") else "sankofa@pve!exporter=value") + "\n")
        text = text.replace(path, str(file))
    file = tmp_path / "config.yml"
    file.write_text(text)
    found = system(name)
    document: Document[Any, Any] = load(file, found.module_type, found.target_type)

    assert len(document.targets) == 1
    assert placeless(document) == []


@pytest.mark.parametrize("name", SYSTEM_NAMES)
def test_documented_scrape_asks_the_exporter_for_the_target(name: str) -> None:
    """The second YAML block is a scrape job that moves the target's name into the query."""
    (job,) = yaml.safe_load(blocks(name, "yaml")[1])

    assert (job["job_name"], job["metrics_path"]) == (f"sankofa-{name}", "/probe")
    assert job["relabel_configs"][0] == {"source_labels": ["__address__"], "target_label": "__param_target"}
    assert job["relabel_configs"][-1]["replacement"].endswith(system(name).default_address)


@pytest.mark.parametrize("name", SYSTEM_NAMES)
def test_documented_scrape_has_the_labels_of_a_site_of_the_fleet(name: str) -> None:
    """Site, tier and region are those of one site of the example fleet: a reader who keeps both finds the series in the SLOs.

    System and observer are labels of the target, as discovery and `prometheus.yml` give them.
    """
    (job,) = yaml.safe_load(blocks(name, "yaml")[1])
    fleet = yaml.safe_load((CHECKOUT / "deploy" / "specs" / "fleet.yaml").read_text())
    sites = [{"site": one["name"], "tier": one["tier"], "region": one["region"]} for one in fleet["spec"]["sites"]]
    labels = job["static_configs"][0]["labels"]

    assert {key: labels[key] for key in ("site", "tier", "region")} in sites
    assert (labels["system"], labels["observer"]) == (name, OBSERVER)


def test_documented_job_of_the_exporters_themselves_is_the_committed_one() -> None:
    """README.md has it by hand: the same name, and the labels of what it tells are kept."""
    (job,) = yaml.safe_load(blocks("README", "yaml")[1])
    (committed,) = (one for one in yaml.safe_load(production())["scrape_configs"] if one["job_name"] == job["job_name"])

    assert (job["honor_labels"], committed["honor_labels"]) == (True, True)
    (group,) = job["static_configs"]
    assert group["labels"] == {"system": "ceph", "observer": OBSERVER}


def test_documented_fleet_file_loads(tmp_path: Path) -> None:
    """The fleet file of README.md is whole, and needs only modules beside it."""
    (tmp_path / "fleet.yaml").write_text(blocks("README", "yaml")[0])
    (tmp_path / "besu.yml").write_text("modules: {node: {}}\n")
    document = load_with_fleet(tmp_path / "besu.yml", tmp_path / "fleet.yaml", system("besu"))

    assert document.targets["replica-1"].labels == {
        "site": "regional-nairobi-1", "tier": "regional", "region": "ke-nairobi", "network": "mainland"
    }  # fmt: skip


@pytest.mark.parametrize("name", SYSTEM_NAMES)
def test_documented_queries_use_names_of_the_catalogue(name: str) -> None:
    """Every sankofa_ name in a page's queries is a family, or a series of one."""
    names = set(re.findall(r"sankofa_\w+", "".join(blocks(name, "promql"))))
    series = {family.name for family in system(name).families}
    for family in system(name).families:
        if family.buckets:
            series |= {f"{family.name}_bucket", f"{family.name}_count", f"{family.name}_sum"}

    assert names <= series


def test_table_escapes_nothing_away() -> None:
    """A row holds name, kind, labels and help."""
    family = system("besu").families[0]

    assert f"| `{family.name}` | gauge | - | {family.help} |" in table([family])
