"""What a configuration may say of nodes and networks."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.parts import CHECKOUT
from sankofa_exporters.besu.network.system.source import NetworkSource
from sankofa_exporters.besu.node.system.source import BesuSource
from sankofa_exporters.besu.settings import BesuModule, BesuTarget
from sankofa_exporters.besu.system import SYSTEM, open_source
from sankofa_exporters.config.document import BrokenConfigError
from sankofa_exporters.config.settings import load
from sankofa_exporters.model.bounds import Bounds

ONE, TWO = "http://10.0.0.1:8545", "http://10.0.0.2:8545"


def loaded(tmp_path: Path, target: Any, module: Any = None) -> Any:
    file = tmp_path / "besu.yml"
    file.write_text(yaml.safe_dump({"modules": {"m": module or {}}, "targets": {"t": {"module": "m", **target}}}))
    return load(file, SYSTEM.module_type, SYSTEM.target_type)


async def test_endpoint_is_a_node_and_witnesses_are_a_network(tmp_path: Path) -> None:
    """The old form of a target stays what it was."""
    node = loaded(tmp_path, {"endpoint": ONE}).targets["t"]
    network = loaded(tmp_path, {"witnesses": {"one": ONE, "two": TWO}}).targets["t"]
    sources = [open_source(BesuModule(), target, Bounds()) for target in (node, network)]
    for source in sources:
        await source.close()

    assert [type(source) for source in sources] == [BesuSource, NetworkSource]
    assert node.role == "replica"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, "either endpoint"),
        ({"endpoint": ONE, "witnesses": {"one": TWO}}, "either endpoint"),
        ({"witnesses": {}}, "either endpoint"),
        ({"witnesses": {"one": ONE, "two": ONE}}, "witnesses at different addresses"),
        ({"witnesses": {"one": ONE}, "role": "validator"}, "a role for a node only"),
        ({"endpoint": ONE, "role": "archive"}, "'validator', 'replica' or 'light'"),
        ({"endpoint": "http://user:secret@10.0.0.1"}, "without user"),
        ({"witnesses": {"bad name": ONE}}, "pattern"),
    ],
)
def test_target_that_is_neither_is_refused(tmp_path: Path, target: Any, expected: str) -> None:
    """Before the start, with what was expected and no secret."""
    with pytest.raises(BrokenConfigError) as caught:
        loaded(tmp_path, target)

    assert expected in str(caught.value)
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize(
    "module",
    [{"window_blocks": 0}, {"window_blocks": 10_000}, {"min_witnesses": 0}, {"logs_range_blocks": 10_000}, {"chain_id": 0},
     {"permission_contracts": ["0x1"]}, {"sla_events": ["Paid"]}, {"sla_events": ["Paid(uint256) "]}, {"consensus": "raft"}],
)  # fmt: skip
def test_module_beyond_its_bounds_is_refused(tmp_path: Path, module: Any) -> None:
    """Windows, ranges and lists have ends; an event is a name with its types."""
    with pytest.raises(BrokenConfigError):
        loaded(tmp_path, {"endpoint": ONE}, module)


def test_contract_addresses_are_compared_in_lower_case(tmp_path: Path) -> None:
    """A checksummed address and the one in a log are the same."""
    module = loaded(tmp_path, {"endpoint": ONE}, {"sla_contracts": ["0x" + "AB" * 20]}).modules["m"]

    assert module.sla_contracts == ("0x" + "ab" * 20,)


@pytest.mark.parametrize(("age", "empty", "oldest"), [(60, 0, 60), (60, 10, 60), (60, 60, 180), (5, 1, 5)])
def test_oldest_head_follows_the_empty_block_period(age: float, empty: float, oldest: float) -> None:
    """Three empty-block periods, or the given age if that is more."""
    module = BesuModule(max_head_age_seconds=age, empty_block_period_seconds=empty)

    assert module.oldest_head_seconds == oldest
    assert BesuTarget(module="m", endpoint=ONE).role == "replica"


def test_documented_network_is_one(tmp_path: Path) -> None:
    """The page's third YAML block is a configuration with one network."""
    page = (CHECKOUT / "docs" / "exporters" / "besu.md").read_text()
    file = tmp_path / "besu.yml"
    file.write_text(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[2])
    (target,) = load(file, SYSTEM.module_type, SYSTEM.target_type).targets.values()

    assert isinstance(target, BesuTarget)
    assert len(target.witnesses) == 2
