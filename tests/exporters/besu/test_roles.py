"""What a node is asked by its role, what its missing APIs cost, and which validators it is connected to."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import Kind
from tests.exporters.doubles import RpcError, loopback, rpc_node

from .labchain import chain
from .recorded import KEYS, VALIDATORS, healthy, opened, probed, values
from .test_node import calls

ADMIN = ("admin_peers", "admin_nodeInfo")


async def asked(
    methods: dict[str, Any], *, role: str = "replica", **module: Any
) -> tuple[dict[str, Kind], dict[Any, Any]]:
    """Failures by collector, and the values."""
    async with loopback(rpc_node(methods)) as node, opened(node.url, role=role, **module) as source:
        report = await probed(source)
    return {name: failure.kind for name, failure in report.failures.items()}, values(report)


async def test_node_shows_its_validators_votes_pool_and_peers() -> None:
    """The node itself is left out of its peers; of the other three one is connected."""
    failures, found = await asked(healthy())

    assert failures == {}
    assert found["besu_validators",] == 4
    assert {key[1]: value for key, value in found.items() if key[0] == "besu_validator_peer_connected"} == {
        VALIDATORS[1]: 1, VALIDATORS[2]: 0, VALIDATORS[3]: 0,
    }  # fmt: skip
    assert (found["besu_pending_votes", "add"], found["besu_pending_votes", "drop"]) == (0, 1)
    assert (found["besu_txpool_transactions", "local"], found["besu_txpool_transactions", "remote"]) == (1, 2)
    assert found["besu_txpool_limit_transactions",] == 4096
    assert ("besu_is_validator",) not in found


@pytest.mark.parametrize("role", ["replica", "validator"])
async def test_besu_without_admin_loses_only_the_peer_family(role: str) -> None:
    """As Besu ships: everything else is there, the probe succeeds, and the verdict is untouched."""
    failures, found = await asked({**healthy(), **{method: RpcError(-32604) for method in ADMIN}}, role=role)

    assert failures == {"validator_peers": Kind.PERMISSION}
    assert (found["besu_up",], found["besu_known",], found["probe_success",]) == (1, 1, 1)
    assert (found["besu_validators",], found.get(("besu_is_validator",))) == (4, 1 if role == "validator" else None)


async def test_validator_that_was_voted_out_says_so() -> None:
    """The role is what it should be; the set says what it is."""
    failures, found = await asked({**healthy(), "qbft_getValidatorsByBlockNumber": VALIDATORS[1:]}, role="validator")

    assert (failures, found["besu_is_validator",], found["besu_up",]) == ({}, 0, 1)


@pytest.mark.parametrize("code", [-32601, -32604])
async def test_validator_without_consensus_api_fails_its_probe_and_not_its_node(code: int) -> None:
    """A validator must say who the validators are; a replica need not. Up and known are of the head alone."""
    methods = {**healthy(), "qbft_getValidatorsByBlockNumber": RpcError(code), "qbft_getPendingVotes": RpcError(code)}
    lost = dict.fromkeys(("validators", "votes", "validator_peers"), Kind.PERMISSION)
    as_replica, replica = await asked(methods)
    as_validator, validator = await asked(methods, role="validator")

    assert (as_replica, as_validator) == (lost, {**lost, "own": Kind.PERMISSION})
    assert (replica["probe_success",], validator["probe_success",]) == (1, 0)
    assert (validator["besu_up",], validator["besu_known",]) == (1, 1)


async def test_light_node_is_asked_for_its_head_and_little_else() -> None:
    """No state to serve: no call is measured, no pool, no votes, no price."""
    failures, found = await asked(healthy(), role="light")

    assert failures == {}
    assert {key[0] for key in found if key[0].startswith("besu_")} == {
        "besu_up", "besu_known", "besu_head_block", "besu_head_timestamp_seconds", "besu_head_transactions",
        "besu_head_gas_used_ratio", "besu_chain_info", "besu_peers", "besu_syncing",
    }  # fmt: skip


async def test_node_of_another_consensus_is_not_asked_in_vain() -> None:
    """`consensus: none` asks for no validators, votes and peers by key, and reports no missing permission for them."""
    methods = {name: answer for name, answer in healthy().items() if not name.startswith(("qbft", "admin"))}
    failures, found = await asked(methods, consensus="none")

    assert (failures, ("besu_validators",) in found) == ({}, False)


async def test_what_is_skipped_is_neither_asked_nor_missed() -> None:
    """A node that is run without ADMIN and TXPOOL on purpose reports no missing permission; a validator still knows itself."""
    hidden = {method: RpcError(-32604) for method in (*ADMIN, "txpool_besuStatistics", "txpool_status")}
    skip = ["txpool", "validator_peers"]
    async with loopback(rpc_node({**healthy(), **hidden})) as node:
        async with opened(node.url, role="validator", skip=skip) as source:
            report = await probed(source)
        names = {call["method"] for call in calls(node)}

    assert report.failures == {}
    assert values(report)["besu_is_validator",] == 1
    assert not names & {"admin_peers", "txpool_besuStatistics", "txpool_status"}


@pytest.mark.parametrize(
    ("api", "validators", "votes"),
    [("ibft", "ibft_getValidatorsByBlockNumber", "ibft_getPendingVotes"), ("clique", "clique_getSigners", "clique_proposals"),
     ("istanbul", "istanbul_getValidators", "istanbul_candidates")],
)  # fmt: skip
async def test_every_consensus_api_is_understood(api: str, validators: str, votes: str) -> None:
    """IBFT2, Quorum's istanbul_ and Clique answer by other names; the one that answers is remembered."""
    methods = {name: answer for name, answer in healthy().items() if not name.startswith("qbft")}
    methods |= {validators: VALIDATORS, votes: {VALIDATORS[2]: True}}
    async with loopback(rpc_node(methods)) as node, opened(node.url) as source:
        found = values(await probed(source))

    assert (found["besu_validators",], found["besu_pending_votes", "add"], source.api.name) == (4, 1, api)


async def test_chain_that_changes_its_consensus_is_followed() -> None:
    """The remembered API stops answering: one probe without, then all are asked again."""
    methods = {**healthy(), "ibft_getValidatorsByBlockNumber": VALIDATORS[:3], "ibft_getPendingVotes": {}}
    qbft = {name: methods.pop(name) for name in list(methods) if name.startswith("qbft")}
    async with loopback(rpc_node(methods)) as node, opened(node.url) as source:
        counts = [values(await probed(source))["besu_validators",]]
        methods |= qbft
        del methods["ibft_getValidatorsByBlockNumber"]
        counts += [values(await probed(source)).get(("besu_validators",)) for _ in range(2)]

    assert counts == [3, None, 4]


async def test_clique_is_gone_and_costs_nothing_else() -> None:
    """Besu 26.3 removed Clique: its methods are missing as any other's, and qbft_ answers."""
    failures, found = await asked({**healthy(), "clique_getSigners": RpcError(-32601)})

    assert (failures, found["besu_validators",]) == ({}, 4)


SYNCING = [
    (False, 0), ({"startingBlock": "0x0", "currentBlock": "0x5", "highestBlock": "0x5"}, 0),
    ({"startingBlock": "0x0", "currentBlock": "0x5", "highestBlock": "0x9", "pulledStates": "0x0"}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "syncing"), SYNCING)
async def test_syncing_is_what_is_missing_and_not_an_object(answer: Any, syncing: int) -> None:
    """Besu leaves an object behind with current == highest; that node has nothing to fetch."""
    _, found = await asked({**healthy(), "eth_syncing": answer})

    assert found["besu_syncing",] == syncing


@pytest.mark.parametrize(
    ("answer", "expected"),
    [({"maxSize": 0, "localCount": 0, "remoteCount": 7}, {"local": 0, "remote": 7}), ({"localCount": "1", "remoteCount": 2}, None),
     ({"localCount": "0x1", "remoteCount": "0x2"}, None), ({"localCount": -1, "remoteCount": 2}, None),
     ({"localCount": True, "remoteCount": 2}, None), ({"localCount": 1e300, "remoteCount": 2}, None), ([], None)],
)  # fmt: skip
async def test_pool_is_decimal_and_its_size_may_be_zero(answer: Any, expected: dict[str, int] | None) -> None:
    """Numbers, not hex texts; anything else is decode and absent."""
    failures, found = await asked({**healthy(), "txpool_besuStatistics": answer})
    parts = {key[1]: value for key, value in found.items() if key[0] == "besu_txpool_transactions"}

    assert parts == (expected or {})
    assert failures == ({} if expected else {"txpool": Kind.DECODE})
    assert ("besu_txpool_limit_transactions",) not in found


@pytest.mark.parametrize(
    ("peers", "connected"),
    [
        ([], 0),
        ([{"enode": f"enode://{KEYS[2].node_id[2:]}@10.0.0.1:30303"}], 1),
        ([{"id": KEYS[2].node_id[2:]}, {"id": "junk"}], 1),
    ],
)
async def test_peer_is_known_by_its_key(peers: Any, connected: float) -> None:
    """Besu's id, with or without 0x, or the key in an enode; a peer without either is left out."""
    failures, found = await asked({**healthy(), "admin_peers": peers})

    assert (failures, found["besu_validator_peer_connected", VALIDATORS[2]]) == ({}, connected)


@pytest.mark.parametrize("peers", [None, "0x", {}, [{"id": "junk"}], [[]], [{}] * 2_000])
async def test_peers_without_keys_are_not_zero_connections(peers: Any) -> None:
    """A list in which nobody can be recognised proves nothing about validators."""
    failures, found = await asked({**healthy(), "admin_peers": peers})

    assert failures["validator_peers"] in {Kind.DECODE, Kind.LIMIT}
    assert not [key for key in found if key[0] == "besu_validator_peer_connected"]


@pytest.mark.parametrize(
    "answer", [None, [], "0x", {}, ["0x1"], [VALIDATORS[0]] * 2, [None], ["0x" + "zz" * 20], VALIDATORS * 200]
)
async def test_validators_that_cannot_be_read_are_absent(answer: Any) -> None:
    """No list, an empty one, an address twice or too many: never a number."""
    failures, found = await asked({**healthy(), "qbft_getValidatorsByBlockNumber": answer})

    assert failures["validators"] in {Kind.DECODE, Kind.LIMIT}
    assert ("besu_validators",) not in found


async def test_node_of_the_labs_chain_shows_who_is_away() -> None:
    """A validator's own view: connected to the others until one crashes, votes that wait, its own place in the set."""
    async with chain() as lab, lab.watched_node("validator-1", role="validator") as source:
        before = await lab.seen(source)
        lab.do("node/validator-4/crash")
        lab.do("leave/validator-4")
        after = await lab.seen(source)

    assert before["besu_validator_peer_connected", lab.address("validator-4")] == 1
    assert after["besu_validator_peer_connected", lab.address("validator-4")] == 0
    assert (after["besu_is_validator",], after["besu_pending_votes", "drop"], after["probe_success",]) == (1, 1, 1)
