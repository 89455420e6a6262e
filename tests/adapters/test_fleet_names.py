"""Names of the fleet file: whoever reads it takes the same ones, and refuses the same ones by their place.

Three read it: the exporters, the platform, and what writes targets for Prometheus. A name is in alerts, in addresses of boards, in
names of files and in PromQL, so there is nothing in it that any of these would have to escape.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from deploy.integrations.render import CATALOGUE
from sankofa_exporters.config.document import BrokenConfigError
from sankofa_exporters.config.fleet import load_with_fleet
from sankofa_exporters.config.place import TIERS as EXPORTERS_TIERS
from sankofa_exporters.registry import system
from sankofa_observe.adapters.integrations.targets import target_groups
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.errors import InvalidInput
from sankofa_observe.slo.site import TIERS

FLEET = """\
apiVersion: sankofa.observe/v1
kind: Fleet
metadata: {{name: lab}}
spec:
  sites:
    - name: {site}
      tier: {tier}
      region: {region}
      targets:
        besu: {{{target}: {{module: node, endpoint: "http://127.0.0.1:1"}}}}
        gateway: {{{target}: {{address: "127.0.0.1:2"}}}}
"""
GOOD = {"site": "edge-1", "tier": "edge", "region": "r1", "target": "node-1"}
Reader = Callable[[Path], object]


def exporter(fleet: Path) -> object:
    config = fleet.with_name("besu.yml")
    config.write_text("modules: {node: {}}\n")
    return load_with_fleet(config, fleet, system("besu"))


READERS: dict[str, Reader] = {
    "exporter": exporter,
    "platform": lambda fleet: load_catalog([fleet]),
    "targets": lambda fleet: target_groups(CATALOGUE, fleet),
}
# As they stand in YAML; without quotes some are no text at all.
TAKEN = {
    "site": ["a", "'0'", "edge-1", "core--1", "x" * 63, "'0x10'", "'2026-01-01'"],
    "region": ["ke-nairobi", "'1'"],
    "target": ["a", "Node_1", "10.0.0.1:8545", "pod/1", "a@b", "x" * 128],
    "tier": [one for one in TIERS if one != "region"],  # which needs more than a name
}
HOSTILE = [
    "''", "' '", "'a b'", "'-a'", "'a\\'", "'a{b}'", "'a\"b'", '"a\\nb"', '"a\\n"', '"a\\0"', '"\\ta"', "'$labels.site'",
    "'{{ .site }}'", "'../a'", "'a//b'", "'/a'", "'a?b=c'", "'a&b'", "'a|b'", "'a#b'", "'a%41'", "'http://a'", "'naïve'",
    '"a\\u200bb"', '"a\\u202eb"', "1", "1.5", "yes", "null", "~", "2026-01-01", "12:30:45", "0x10", "[a]", "{a: b}",
]  # fmt: skip
OF_PLACES = ["Edge-1", "'edge_1'", "a.b", "edge-", "'a:b'", "'a/b'", "'a@b'", "x" * 64]
OF_TARGETS = ["'.a'", "'_a'", "'a/'", "x" * 129]
REFUSED = {"site": [*HOSTILE, *OF_PLACES], "region": [*HOSTILE, *OF_PLACES], "target": [*HOSTILE, *OF_TARGETS]}
REFUSED["tier"] = [*HOSTILE, "Edge", "moon"]


def told(read: Reader, fleet: Path) -> str:
    """What a reader says against a file; "" where it takes it."""
    try:
        read(fleet)
    except BrokenConfigError as error:
        return str(error)
    except InvalidInput as error:
        return "\n".join([str(error), *(f"{one.where} {one.problem}" for one in error.violations)])
    return ""


@pytest.mark.parametrize("reader", READERS)
def test_every_reader_of_the_fleet_file_takes_the_same_names(reader: str, tmp_path: Path) -> None:
    """And refuses the same ones."""
    fleet, wrong = tmp_path / "fleet.yaml", []
    for expected, table in ((True, TAKEN), (False, REFUSED)):
        for key, names in table.items():
            for name in names:
                fleet.write_text(FLEET.format(**GOOD | {key: name}), encoding="utf-8")
                if (told(READERS[reader], fleet) == "") is not expected:
                    wrong.append((key, name, expected))
    assert wrong == []


@pytest.mark.parametrize(
    ("reader", "places"),
    [
        ("exporter", ("spec.sites[0].name", "spec.sites[0].targets.besu")),
        ("platform", ("/spec/sites/0/name", "/spec/sites/0/targets/besu/_a")),
    ],
)
def test_a_name_that_is_refused_is_named_by_its_place(reader: str, places: tuple[str, ...], tmp_path: Path) -> None:
    """With what was seen of it."""
    (tmp_path / "fleet.yaml").write_text(FLEET.format(**GOOD | {"site": "Edge 1", "target": "_a"}))
    found = told(READERS[reader], tmp_path / "fleet.yaml")

    assert [one for one in (*places, "'Edge 1'") if one not in found] == []


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("twice", ["site", "target"])
def test_a_name_that_stands_twice_is_refused_by_every_reader(reader: str, twice: str, tmp_path: Path) -> None:
    """A site, or one system's target at two sites: they would be one source."""
    document = yaml.safe_load(FLEET.format(**GOOD))
    (site,) = document["spec"]["sites"]
    other = json.loads(json.dumps(site).replace("node-1" if twice == "site" else "edge-1", "other-2"))
    document["spec"]["sites"].append(other)
    (tmp_path / "fleet.yaml").write_text(json.dumps(document))

    where, name = {"site": ("sites[1].name", "edge-1"), "target": ("sites[1].targets.", ".node-1")}[twice]
    found = told(READERS[reader], tmp_path / "fleet.yaml").replace("/sites/1/", "/sites[1].").replace("/", ".")
    assert where in found
    assert name in found


def test_exporters_and_platform_know_the_same_tiers() -> None:
    """Neither imports the other."""
    assert EXPORTERS_TIERS == TIERS
