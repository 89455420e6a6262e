"""Blocks that other people's chains made, and what is known of them from elsewhere (payloads/README.md); IBFT2 is the lab's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.lab.bft.sealing import Block, Key

FOLDER = Path(__file__).parent / "payloads" / "vectors"


LAB = "ibft2_lab"
LAB_KEYS = tuple(sorted((Key.of(f"vector-{number}") for number in range(4)), key=lambda key: key.address))


def lab_block() -> Block:
    """An IBFT2 block of round 1, signed by three of four validators."""
    return Block(
        dialect="ibft2",
        number=1,
        parent_hash=b"\x01" * 32,
        timestamp=1_648_564_966,
        proposer=LAB_KEYS[1].address,
        validators=tuple(key.address for key in LAB_KEYS),
        round=1,
        base_fee=None,
    ).sealed(LAB_KEYS[1:])


def vector(name: str) -> dict[str, Any]:
    if name == LAB:
        return dict(lab_block().document())
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
GENESES = ("genesis_prague_0", "genesis_osaka_0")
