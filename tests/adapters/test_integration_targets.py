"""Targets of the fleet file as Prometheus reads them: names, places and labels; what two of them share is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from deploy.integrations.render import CATALOGUE, FOLDER
from sankofa_observe.adapters.integrations.targets import target_groups
from sankofa_observe.cli import app
from sankofa_observe.errors import InvalidInput

DEVICE = "10.20.0.1"


def fleet(tmp_path: Path, *sites: dict[str, Any]) -> Path:
    """A fleet file with these targets by site."""
    named = [
        {"name": f"core-{nth}", "tier": "core", "region": "r1", "targets": targets}
        for nth, targets in enumerate(sites, 1)
    ]
    head = {"apiVersion": "sankofa.observe/v1", "kind": "Fleet", "metadata": {"name": "f"}, "spec": {"sites": named}}
    file = tmp_path / "fleet.yaml"
    file.write_text(yaml.safe_dump(head))
    return file


def link(interface: str, address: str = DEVICE) -> dict[str, Any]:
    return {"address": address, "labels": {"interface": interface}}


def test_target_has_its_name_as_instance_and_its_place_as_labels(tmp_path: Path) -> None:
    """Two interfaces of one device are two targets; exporters of ours are left to themselves."""
    file = fleet(
        tmp_path,
        {"link": {"a-b": link("eth3"), "a-c": link("eth4")}, "besu": {"n-1": {"endpoint": "http://x"}}},
        {"blackbox": {"api": {"address": "https://api.example.net/health"}}},
    )
    groups = target_groups(CATALOGUE, file)
    place = {"tier": "core", "region": "r1"}

    assert {name: found for name, found in groups.items() if found} == {
        "link": [
            {
                "targets": [DEVICE],
                "labels": {"interface": "eth3", "instance": "a-b", "site": "core-1"} | place | {"system": "link"},
            },
            {
                "targets": [DEVICE],
                "labels": {"interface": "eth4", "instance": "a-c", "site": "core-1"} | place | {"system": "link"},
            },
        ],
        "blackbox": [
            {
                "targets": ["https://api.example.net/health"],
                "labels": {"instance": "api", "site": "core-2", "system": "blackbox"} | place,
            }
        ],
    }
    assert groups.keys() == set(CATALOGUE.foreign())


@pytest.mark.parametrize(
    ("sites", "expected"),
    [
        ([{"gatewey": {"g": {"address": "h:1"}}}], ["/0/targets/gatewey target.integration"]),
        ([{"gateway": {"g": {}}}], ["/0/targets/gateway/g/address target.shape"]),
        ([{"gateway": {"g": {"address": "h:1", "port": 1}}}], ["/0/targets/gateway/g/port target.shape"]),
        ([{"gateway": {"g": {"address": "http://h:1"}}}], ["/0/targets/gateway/g/address target.address"]),
        (
            [{"gateway": {"g": {"address": "h:1", "labels": {"rack": "x"}}}}],
            ["/0/targets/gateway/g/labels target.labels"],
        ),
        ([{"link": {"l": {"address": DEVICE}}}], ["/0/targets/link/l/labels target.labels"]),
        ([{"blackbox": {"b": {"address": "ftp://h/"}}}], ["/0/targets/blackbox/b/address target.address"]),
        ([{"blackbox": {"b": {"address": "https://u:secret@h/"}}}], ["/0/targets/blackbox/b/address target.address"]),
        (
            [{"blackbox": {"b": {"address": "https://h/?token=secret"}}}],
            ["/0/targets/blackbox/b/address target.address"],
        ),
        ([{"link": {"a": link("eth3"), "b": link("eth3")}}], ["/0/targets/link/b target.twice"]),
        ([{"link": {"a": link("eth3")}}, {"link": {"a": link("eth4")}}], ["/1/targets/link/a target.twice"]),
        (
            [{"gatewey": {}, "gateway": {"g": {}}}, {"link": {"l": {"address": ""}}}],
            [
                "/0/targets/gatewey target.integration",
                "/0/targets/gateway/g/address target.shape",
                "/1/targets/link/l/address target.shape",
            ],
        ),
    ],
)
def test_wrong_targets_are_told_by_place_and_none_is_written(
    sites: list[dict[str, Any]], expected: list[str], tmp_path: Path
) -> None:
    """All of a file in one run; an address that may hold a secret is not shown."""
    file = fleet(tmp_path, *sites)
    with pytest.raises(InvalidInput) as caught:
        target_groups(CATALOGUE, file)
    told = [f"{one.where.partition('/spec/sites')[2]} {one.code}" for one in caught.value.violations]

    assert sorted(told) == sorted(expected)
    assert "secret" not in str(caught.value).replace("a secret in an address is in every log", "")


def test_command_writes_a_file_for_each_integration_or_none(tmp_path: Path) -> None:
    """What is written is what Prometheus reads; with one wrong target the files of before stay."""
    out = tmp_path / "targets"
    good = fleet(tmp_path, {"link": {"a-b": link("eth3")}})
    command = ["integrations", "targets", "--catalogue", str(FOLDER), "--fleet", str(good), "--out", str(out)]
    done = CliRunner().invoke(app, command)
    before = {path.name: path.read_text() for path in out.iterdir()}
    fleet(tmp_path, {"link": {"a-b": link("eth3"), "a-c": link("eth3")}})
    refused = CliRunner().invoke(app, command)

    assert (done.exit_code, "1 link" in done.output) == (0, True)
    assert before.keys() == {f"{name}.json" for name in CATALOGUE.foreign()}
    assert json.loads(before["link.json"])[0]["labels"]["instance"] == "a-b"
    assert isinstance(refused.exception, InvalidInput)
    assert {path.name: path.read_text() for path in out.iterdir()} == before


def test_check_says_how_much_it_looked_at_or_all_that_is_wrong(tmp_path: Path) -> None:
    """Exit 0 with counts, or 2 with each violation; with --json for a program."""
    (tmp_path / "slo.yaml").write_text(
        yaml.safe_dump(
            {
                "kind": "SLO",
                "metadata": {"name": "x"},
                "spec": {"indicator": {"spec": {"thresholdMetric": {"metricSource": {"spec": {"query": "none"}}}}}},
            }
        )
    )
    command = ["integrations", "check", "--catalogue", str(FOLDER)]
    good = CliRunner().invoke(app, command)
    bad = CliRunner().invoke(app, [*command, str(tmp_path), "--json"])

    assert (good.exit_code, good.output) == (
        0,
        f"{len(CATALOGUE.entries)} integrations, {len(list(CATALOGUE.indicators()))} indicators: no violation\n",
    )
    assert (bad.exit_code, [one["code"] for one in json.loads(bad.output)]) == (2, ["integration.metric"])
