"""The fleet that is written as an example is one: checked by the platform, read by every exporter, shown as a table."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from deploy.parts import CHECKOUT
from sankofa_exporters.config.fleet import load_with_fleet
from sankofa_exporters.registry import system
from sankofa_observe.adapters.fleet_example import as_yaml
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.cli import app

MODULES = {
    "besu": {"node": {}, "network": {}},
    "ceph": {"ceph": {}},
    "proxmox": {"pve": {"token_file": "token"}},
    "cloudflare": {"tunnels": {"account": {"account_id": "0" * 32, "token_file": "token"}}},
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("fleet") / "fleet.yaml"
    assert CliRunner().invoke(app, ["fleet", "example", "--out", str(file)]).exit_code == 0
    return file


def test_example_is_of_325_regions_with_what_is_around_them(fleet: Path) -> None:
    sites = load_catalog([fleet]).sites.values()
    assert Counter(site.tier for site in sites) == {
        "core": 10, "regional": 65, "edge": 250, "chain": 1, "link": 10, "region": 13, "fleet": 1,
    }  # fmt: skip
    datacenters = [site for site in sites if site.tier in {"core", "regional", "edge"}]
    assert len({site.region for site in datacenters}) == 325
    assert all(site.zone and site.owner and site.since_at for site in datacenters)
    assert Counter(site.role for site in sites if site.tier == "core") == {"active": 7, "standby": 3}


def test_every_promise_holds_for_the_example(fleet: Path) -> None:
    """Each SLO has the sources that it leans on, each region one datacenter more than it needs."""
    catalog = load_catalog([CHECKOUT / "deploy" / "specs" / "slos", CHECKOUT / "deploy" / "specs" / "slis", fleet])
    for slo in catalog.slos.values():
        assert catalog.sites_of(slo), slo.name
    roles = catalog.slos["redundancy-core"].members["fleet"]
    assert {one.role: (one.needed, len(one.sites)) for one in roles} == {"active": (3, 7), "standby": (2, 3)}
    zone = catalog.slos["redundancy-regional"].members["zone-africa-east"]
    assert [(one.needed, len(one.sites)) for one in zone] == [(5, 5)]


@pytest.mark.parametrize("name", MODULES)
def test_every_exporter_reads_the_example(name: str, fleet: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("root@pam!monitor=00000000-0000-0000-0000-000000000000\n")
    (tmp_path / "token").chmod(0o600)
    config = tmp_path / "config.yml"
    config.write_text(yaml.safe_dump({"modules": MODULES[name]}).replace("file: token", f"file: {tmp_path / 'token'}"))
    targets = load_with_fleet(config, fleet, system(name)).targets
    assert len(targets) == sum(len(site["targets"].get(name, {})) for site in _sites(fleet) if "targets" in site)
    assert all({"site", "tier", "region"} <= target.labels.keys() for target in targets.values())


def test_example_never_takes_the_place_of_a_file(fleet: Path) -> None:
    """What is there stays, and the complaint says what was expected."""
    before = fleet.read_text()
    result = CliRunner().invoke(app, ["fleet", "example", "--out", str(fleet)])
    assert result.exit_code != 0
    assert "expected the name of a new file" in str(result.exception)
    assert fleet.read_text() == before == as_yaml()


def test_fleet_is_shown_with_a_row_a_zone(fleet: Path) -> None:
    shown = CliRunner().invoke(app, ["fleet", "show", str(fleet)]).stdout.splitlines()
    assert shown[0].split() == ["zone", "core", "regional", "edge", "chain", "link", "region", "fleet"]
    assert shown[1].split() == ["africa-east", "1", "5", "20", "1", "1"]
    assert "core datacenters: 7 active, 3 standby" in shown
    assert max(map(len, shown)) <= 140


def _sites(fleet: Path) -> list[dict[str, dict[str, dict[str, object]]]]:
    found: list[dict[str, dict[str, dict[str, object]]]] = yaml.safe_load(fleet.read_text())["spec"]["sites"]
    return found
