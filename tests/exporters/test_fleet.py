"""The fleet file's targets: labels from their site, every violation told, discovery as Prometheus reads it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sankofa_exporters.config.document import BrokenConfigError
from sankofa_exporters.config.fleet import discovered, discovered_upstream, load_with_fleet, write_discovery
from sankofa_exporters.registry import system

BESU = system("besu")
CONFIG = "modules:\n  node: {}\n"
FLEET = """\
apiVersion: sankofa.observe/v1
kind: Fleet
metadata: {name: lab}
spec:
  sites:
    - name: regional-nairobi-1
      tier: regional
      region: ke-nairobi
      targets:
        besu:
          replica-1:
            module: node
            endpoint: http://10.0.0.21:8545
            labels: {network: mainland}
            upstream: ["10.0.0.21:9545"]
    - {name: edge-nairobi-1, tier: edge, region: ke-nairobi}
"""
LABELS = {
    "network": "mainland",
    "site": "regional-nairobi-1",
    "tier": "regional",
    "region": "ke-nairobi",
    "system": "besu",
}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    config, fleet = tmp_path / "besu.yml", tmp_path / "fleet.yaml"
    config.write_text(CONFIG)
    fleet.write_text(FLEET)
    return config, fleet


def test_fleet_targets_carry_their_sites_labels(files: tuple[Path, Path]) -> None:
    """Name, system, site, tier and region of a target are what Prometheus discovers; its own endpoint is listed apart."""
    document = load_with_fleet(*files, BESU)

    assert discovered(document, BESU) == [{"targets": ["replica-1"], "labels": LABELS}]
    assert discovered_upstream(document, BESU) == [{"targets": ["10.0.0.21:9545"], "labels": LABELS}]


def test_discovery_is_written_in_one_step(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Both target files are there and hold what /sd answers."""
    document = load_with_fleet(*files, BESU)
    written = list(write_discovery(document, BESU, tmp_path / "sd"))

    assert [path.name for path in written] == ["besu.json", "upstream-besu.json"]
    assert [json.loads(path.read_text()) for path in written] == [
        discovered(document, BESU),
        discovered_upstream(document, BESU),
    ]
    assert sorted(path.name for path in (tmp_path / "sd").iterdir()) == ["besu.json", "upstream-besu.json"]


def test_both_files_tell_all_their_violations(files: tuple[Path, Path]) -> None:
    """A broken configuration does not hide what is wrong with the fleet file."""
    config, fleet = files
    config.write_text(
        "modules:\n  node: {calls_per_probe: -1}\ntargets:\n  other: {module: nobody, endpoint: http://x}\n"
    )
    fleet.write_text(FLEET.replace("http://10", "htp://10").replace("tier: edge", "tier: moon"))
    with pytest.raises(BrokenConfigError) as caught:
        load_with_fleet(config, fleet, BESU)
    lines = str(caught.value).replace(str(config), "CONFIG").replace(str(fleet), "FLEET").splitlines()

    assert [line.partition(": saw")[0] for line in lines] == [
        "CONFIG: modules.node.calls_per_probe",
        "CONFIG: targets.other.module",
        "FLEET: spec.sites[1].tier",
    ]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("module: node", "module: nodes"), "spec.sites[0].targets.besu.replica-1.module: saw 'nodes'"),
        (("http://10", "htp://10"), "spec.sites[0].targets.besu.replica-1.endpoint: saw a value that is not shown"),
        (('"10.0.0.21:9545"', '"10.0.0.21"'), "spec.sites[0].targets.besu.replica-1.upstream[0]: saw '10.0.0.21'"),
        (("network: mainland", "__address__: x"), "spec.sites[0].targets.besu.replica-1.labels.__address__"),
        (("besu:", "basu:"), "spec.sites[0].targets.basu"),
        (("replica-1:", "mine:"), "spec.sites[0].targets.besu.mine: saw a second target of this name"),
    ],
)
def test_fleet_violations_name_the_place(files: tuple[Path, Path], change: tuple[str, str], complaint: str) -> None:
    """Site, system, target and key are in the line."""
    config, fleet = files
    config.write_text(CONFIG + "targets:\n  mine: {module: node, endpoint: 'http://x'}\n")
    fleet.write_text(FLEET.replace(*change))
    with pytest.raises(BrokenConfigError) as caught:
        load_with_fleet(config, fleet, BESU)

    assert str(caught.value).removeprefix(f"{fleet}: ").startswith(complaint)


def test_what_is_the_platform_s_affair_is_left_alone(files: tuple[Path, Path]) -> None:
    """A site may have fields of the platform and targets of other readers; our own targets are read as ever."""
    config, fleet = files
    fleet.write_text(
        FLEET.replace(
            "      targets:\n", "      zone: east\n      targets:\n        gateway: {gw-1: {address: x}}\n", 1
        )
    )

    assert sorted(load_with_fleet(config, fleet, BESU).targets) == ["replica-1"]
