"""Blocks that other people's chains made, and what is known of them from elsewhere (payloads/README.md)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "payloads" / "vectors"


def vector(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A block, and the first bytes of the addresses it names."""

    name: str
    dialect: str
    round: int | None
    proposer: str
    validators: tuple[str, ...]
    committers: frozenset[str] = frozenset()


FOREIGN = (
    Foreign(
        name="qbft_london_58866",
        dialect="qbft",
        round=0,
        proposer="ef5880ec",
        validators=("ef5880ec",),
        committers=frozenset({"ef5880ec"}),
    ),
    Foreign(
        name="qbft_network_7528",
        dialect="qbft",
        round=1,
        proposer="ee3353e5",
        validators=("647bfdd1", "a5c8416b", "b92e91f4", "ee3353e5"),
        committers=frozenset({"647bfdd1", "a5c8416b", "ee3353e5"}),
    ),
    Foreign(
        name="ibft2_quickstart_1",
        dialect="ibft2",
        round=1,
        proposer="93917cad",
        validators=("27a97c9a", "93917cad", "98c13344", "ce412f98"),
        committers=frozenset({"93917cad", "98c13344", "ce412f98"}),
    ),
    Foreign(
        name="ibft2_quickstart_4880",
        dialect="ibft2",
        round=0,
        proposer="06e23768",
        validators=("06e23768", "4592c8e4", "ab5e7f40", "c5327f96"),
        committers=frozenset({"06e23768", "ab5e7f40", "c5327f96"}),
    ),
    Foreign(
        name="ibft2_network_2074747",
        dialect="ibft2",
        round=0,
        proposer="20f41061",
        validators=("1e341521", "20f41061", "2de1ec20", "adb2d82c"),
        committers=frozenset({"1e341521", "20f41061", "adb2d82c"}),
    ),
    Foreign(
        name="ibft1_autonity_38",
        dialect="ibft1",
        round=None,
        proposer="95542527",
        validators=("4335d758", "61d7d88d", "95542527", "f00d3c72"),
        committers=frozenset({"61d7d88d", "95542527", "f00d3c72"}),
    ),
    Foreign(
        name="ibft1_autonity_39",
        dialect="ibft1",
        round=None,
        proposer="f00d3c72",
        validators=("4335d758", "61d7d88d", "95542527", "f00d3c72", "d42d697a"),
        committers=frozenset({"61d7d88d", "95542527", "f00d3c72"}),
    ),
    Foreign(
        name="clique_rinkeby_30000",
        dialect="clique",
        round=None,
        proposer="42eb768f",
        validators=("42eb768f", "7ffc5783", "b279182d"),
    ),
)
GENESES = ("ibft2_palm_0", "genesis_prague_0", "genesis_osaka_0")
