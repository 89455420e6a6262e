"""What went wrong once, through the real process: each world by hand, and what its probe must say of it."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.processes import Processes
from sankofa_exporters.besu.rpc.client import signed
from tests.exporters.certificates import self_signed
from tests.exporters.doubles import Answerer, RpcError, Seen, http_bytes, loopback, rpc_node
from tests.exporters.watching import Values

from .exporter_process import checked, configured, start, start_chain
from .recorded import VALIDATORS, fresh_head, healthy

KEY = "3f9a-very-secret-key-77"
FUTURE = {"max_clock_skew_seconds": 3_600}  # chains in tests run ahead of the wall clock


# A node that is busy.


def batches_refused(status: str, headers: Mapping[str, str], body: bytes = b"") -> Answerer:
    """Single calls are answered; a batch never is."""

    async def answer(request: Seen, writer: asyncio.StreamWriter) -> None:
        if isinstance(json.loads(request.body), list):
            writer.write(http_bytes(body, status=status, headers=headers))
        else:
            await rpc_node(healthy())(request, writer)

    return answer


RATE_LIMITED = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"project ID request rate exceeded"}}'


@pytest.mark.parametrize(
    ("status", "headers", "body", "first", "second"),
    [
        ("429 Too Many Requests", {}, b"", 3, 6),
        ("503 Service Unavailable", {}, b"", 3, 6),
        ("429 Too Many Requests", {"retry-after": "120"}, b"", 3, 3),
        ("503 Service Unavailable", {"retry-after": "120"}, b"", 3, 3),
        # As providers say it: a JSON-RPC error under the status, which must not hide the header.
        ("429 Too Many Requests", {"retry-after": "120"}, RATE_LIMITED, 3, 3),
        # A gateway without a back end: that has nothing to do with batches either.
        ("502 Bad Gateway", {}, b"<html>", 3, 6),
    ],
)
async def test_busy_node_is_asked_three_times_and_left_alone_for_as_long_as_it_asks(
    processes: Processes, tmp_path: Path, status: str, headers: Mapping[str, str], body: bytes, first: int, second: int
) -> None:
    """The head, the call and the batch; what the batch would have told is absent, and no method is asked by itself."""
    async with loopback(batches_refused(status, headers, body)) as node:
        exporter = start(processes, configured(tmp_path, {}, {"endpoint": node.url}))
        counts, found = [], Values()
        for _ in range(2):
            found = await exporter.values()
            counts.append(len(node.seen))

    assert counts == [first, second]
    assert ("besu_peers",) not in found
    assert (
        found["collector_error", "peers", "http" if status.startswith(("503", "502")) and not headers else "limit"] == 1
    )


async def test_node_that_is_busy_for_everything_is_unknown_and_asked_little(
    processes: Processes, tmp_path: Path
) -> None:
    """429 to single calls as well, four calls a probe: what is not sent is no error of the node's calls."""

    async def busy(_request: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(http_bytes(b"", status="429 Too Many Requests"))

    async with loopback(busy) as node:
        exporter = start(processes, configured(tmp_path, {"calls_per_probe": 4}, {"endpoint": node.url}))
        found = await exporter.values()

    assert len(node.seen) <= 3
    assert (found["besu_up",], found["besu_known",]) == (0, 0)
    assert found["besu_eth_call_errors_total", "limit"] <= 1


async def test_busy_witness_is_left_alone_and_the_others_decide(processes: Processes, tmp_path: Path) -> None:
    """One of five asks for 30 s of peace: it is asked once in two probes, and the network is known without it."""
    lab = start_chain(processes, "--all-apis")
    exporter = start(processes, configured(tmp_path, {"max_head_age_seconds": 3_600, **FUTURE}, lab.target()))
    lab.do("http/validator-2/429")
    calls = []
    for _ in range(2):
        found = await exporter.values()
        calls.append(found["probe_upstream_calls",])

    assert (found["besu_network_up",], found["besu_network_known",], found["besu_witnesses",]) == (1, 1, 4)
    assert found["besu_witness_error", "limit", "validator-2"] == 1
    assert calls[1] == 4 + 1  # a head of each of the others, and one detail


# An address that is a key.


async def test_key_in_an_address_is_shown_nowhere(processes: Processes, tmp_path: Path) -> None:
    """In the path, and in a file with a query: the log at debug, the timeline, errors and metrics name the host alone."""
    seen, text = [], []
    async with loopback(rpc_node(healthy())) as node:
        secret = tmp_path / "address"
        secret.write_text(f"{node.url}/v3/{KEY}?apikey={KEY}\n")
        secret.chmod(0o600)
        silent = "http://127.0.0.1:1/v3/" + KEY
        config = tmp_path / "besu.yml"
        config.write_text(
            f"modules: {{m: {{}}}}\ntargets:\n  path: {{module: m, endpoint: {node.url}/v3/{KEY}}}\n"
            f"  file: {{module: m, endpoint_file: {secret}}}\n  silent: {{module: m, endpoint: {silent}}}\n"
            f"  network: {{module: m, witnesses: {{one: {silent}, two: {{endpoint_file: {secret}}}}}}}\n"
        )
        exporter = start(processes, config, "--log.level", "debug")
        for target in ("path", "file", "silent", "network"):
            text += [await exporter.text(f"target={target}"), await exporter.text(f"target={target}&debug=true")]
        seen = [request.path for request in node.seen]

    assert {path for path in seen if KEY not in path} == set()
    assert KEY not in "".join(text) + exporter.log
    assert "127.0.0.1:1" in exporter.log  # the host, so that somebody can look
    assert "sankofa_besu_up 1.0" in text[0]
    assert "sankofa_besu_up 1.0" in text[2]


@pytest.mark.parametrize(
    "address", [f"ftp://provider/v3/{KEY}", f"https:///v3/{KEY}", f"https://provider/v3/x?key={KEY}"]
)
@pytest.mark.parametrize("kind", ["endpoint", "witness", "file"])
def test_address_that_is_refused_is_not_quoted(tmp_path: Path, address: str, kind: str) -> None:
    """A violation names its place, and never the key; a query may stand in a file alone."""
    secret = tmp_path / "address"
    secret.write_text(address)
    targets: dict[str, dict[str, Any]] = {
        "endpoint": {"endpoint": address},
        "witness": {"witnesses": {"one": address, "two": "http://127.0.0.1:2"}},
        "file": {"endpoint_file": str(secret)},
    }
    code, printed = checked(configured(tmp_path, {}, targets[kind]))
    is_good = kind == "file" and "?" in address

    assert (code, KEY in printed) == (0 if is_good else 2, False)


# A network that can never be known.


@pytest.mark.parametrize(
    ("module", "witnesses", "code"),
    [({"min_witnesses": 5}, 1, 2), ({}, 1, 2), ({"min_witnesses": 3}, 2, 2), ({"min_witnesses": 1}, 1, 0), ({}, 2, 0)],
)
@pytest.mark.parametrize("in_fleet", [False, True])
def test_network_with_too_few_witnesses_is_named_before_the_start(
    tmp_path: Path, module: dict[str, Any], witnesses: int, code: int, *, in_fleet: bool
) -> None:
    """Of the configuration and of the fleet file alike: how many there are, and how many are needed."""
    target = {"witnesses": {f"w{number}": f"http://10.0.0.{number}:8545" for number in range(1, witnesses + 1)}}
    config = configured(tmp_path, module, target)
    options: list[str] = []
    if in_fleet:
        config.write_text(json.dumps({"modules": {"m": module}}))
        site = {"name": "s", "tier": "core", "region": "r", "targets": {"besu": {"t": {"module": "m", **target}}}}
        fleet = tmp_path / "fleet.yaml"
        fleet.write_text(json.dumps({"apiVersion": "sankofa.observe/v1", "kind": "Fleet", "spec": {"sites": [site]}}))
        options += ["--fleet.file", str(fleet)]
    found, printed = checked(config, *options)

    assert found == code, printed
    assert ("min_witnesses" in printed and f"saw {witnesses} of them" in printed) == (code == 2)


# Validators in a contract.

CONTRACT_HEAD = "0xe5a00000000000000000000000000000000000000000000000000000000000000000c0c080c0"


@pytest.mark.parametrize(
    ("code", "extra", "error"),
    [
        (-32604, CONTRACT_HEAD, None),  # as Besu refuses it where nobody votes
        (-32601, CONTRACT_HEAD, None),
        (-32603, CONTRACT_HEAD, None),
        (-32000, CONTRACT_HEAD, None),
        (-32604, "0x", "permission"),  # the header does not say so: the method is only switched off
    ],
)
async def test_votes_that_nobody_can_cast_are_no_error(
    processes: Processes, tmp_path: Path, code: int, extra: str, error: str | None
) -> None:
    """The header lists no validators and the node tells them: the family is absent and the probe without an error."""
    head = {**fresh_head(), "extraData": extra}
    methods = {**healthy(), "eth_getBlockByNumber": head, "qbft_getPendingVotes": RpcError(code)}
    async with loopback(rpc_node(methods)) as node:
        found = await start(processes, configured(tmp_path, {}, {"endpoint": node.url})).values()
    errors = {key[2] for key in found if key[:2] == ("collector_error", "votes")}

    assert errors == ({error} if error else set())
    assert not [key for key in found if key[0] == "besu_pending_votes"]
    assert found["besu_validators",] == len(VALIDATORS)


@pytest.mark.parametrize("dialect", ["qbft", "ibft2"])
async def test_validators_in_a_contract_have_no_votes_on_a_whole_chain(
    processes: Processes, tmp_path: Path, dialect: str
) -> None:
    """A node of the lab's chain in contract mode: nothing fails."""
    lab = start_chain(processes, "--contract-validators", "--all-apis", "--dialect", dialect)
    url = lab.state()["nodes"]["validator-1"]["url"]
    found = await start(processes, configured(tmp_path, {}, {"endpoint": url, "role": "validator"})).values()

    assert not [key for key in found if key[0] == "collector_error"]
    assert (found["besu_validators",], found["besu_is_validator",], found["probe_success",]) == (4, 1, 1)


# One validator dies.


@pytest.mark.parametrize(
    ("dialect", "validators", "period", "round_timeout"),
    [
        ("qbft", 4, 2, 4), ("ibft2", 3, 4, 4), ("ibft1", 4, 5, 10), ("ibft1", 7, 2, 4),
        *(
            pytest.param(*world, marks=pytest.mark.tier("test-all"))
            for world in (
                ("ibft2", 4, 4, 4), ("ibft1", 4, 4, 4), ("ibft1", 4, 2, 4), ("qbft", 3, 2, 4), ("ibft1", 3, 2, 4),
                ("qbft", 4, 5, 10), ("qbft", 7, 2, 4),
            )
        ),
    ],
)  # fmt: skip
async def test_dead_validator_is_absent_now_within_48_seconds(
    processes: Processes, tmp_path: Path, dialect: str, validators: int, period: int, round_timeout: int
) -> None:
    """The margin is of those who take part now, while the window still shows it; when it is back, so is the margin."""
    lab = start_chain(
        processes, "--dialect", dialect, "--validators", str(validators), "--replicas", "0", "--period", str(period),
        "--round-timeout", str(round_timeout), "--backlog", "150",
    )  # fmt: skip
    names = [f"validator-{number}" for number in range(1, validators + 1)]
    config = configured(tmp_path, {"max_head_age_seconds": 3_600, **FUTURE}, lab.target(*names[1:]))
    exporter = start(processes, config)
    before = await exporter.values()
    lab.do("node/validator-1/crash")
    lab.advance(48)
    found = await exporter.values()
    lab.do("node/validator-1/return")
    lab.do(f"advance/{validators}")
    after = await exporter.values()
    quorum = -(-2 * validators // 3)
    absent = [
        {key[1] for key, value in one.items() if key[0] == "besu_validator_absent" and value}
        for one in (before, found, after)
    ]

    assert [one["besu_fault_margin_validators",] for one in (before, found, after)] == [
        validators - quorum, validators - 1 - quorum, validators - quorum,
    ]  # fmt: skip
    assert absent == [set(), {lab.address("validator-1")}, set()]
    assert [one["besu_present_validators",] for one in (before, found, after)] == [
        validators,
        validators - 1,
        validators,
    ]
    assert found["besu_distinct_committers",] == validators  # a window is not now


async def test_slow_validator_is_not_absent(processes: Processes, tmp_path: Path) -> None:
    """It commits after each quorum and proposes in its turn: it would take part if another one died."""
    lab = start_chain(processes, "--backlog", "10", "--replicas", "0")
    exporter = start(processes, configured(tmp_path, {"max_head_age_seconds": 3_600, **FUTURE}, lab.target()))
    lab.do("node/validator-1/slow")
    seen = []
    for _ in range(8):
        lab.do("advance/11")
        seen.append((await exporter.values())["besu_fault_margin_validators",])

    assert set(seen) == {1}


async def test_halted_chain_has_no_margin_now(processes: Processes, tmp_path: Path) -> None:
    """Two of four died at once: the last header shows four, and nobody may call that a margin; the window freezes."""
    lab = start_chain(processes, "--backlog", "60", "--replicas", "0")
    target = lab.target("validator-3", "validator-4")
    exporter = start(processes, configured(tmp_path, {"max_head_age_seconds": 0.01}, target))
    lab.do("node/validator-1/crash")
    lab.do("node/validator-2/crash")
    found = await exporter.values()

    assert (found["besu_network_up",], found["besu_network_known",]) == (0, 1)
    assert not {key[0] for key in found} & {
        "besu_fault_margin_validators", "besu_present_validators", "besu_validator_absent",
    }  # fmt: skip
    assert found["besu_distinct_committers",] == 4


# A node that wants to know who asks.


def guarded(name: str, values: list[str]) -> Answerer:
    """Only who shows the last of `values` in the header is answered."""

    async def answer(request: Seen, writer: asyncio.StreamWriter) -> None:
        if request.headers.get(name) != values[-1]:
            writer.write(http_bytes(b"", status="401 Unauthorized"))
        else:
            await rpc_node(healthy())(request, writer)

    return answer


@pytest.mark.parametrize("way", ["bearer", "header"])
async def test_node_behind_a_credential_is_asked_with_the_one_in_the_file_now(
    processes: Processes, tmp_path: Path, way: str
) -> None:
    """A token or another header, read for each probe: a renewed one needs no restart, and is in no log."""
    file = tmp_path / "secret"
    name, prefix = ("authorization", "Bearer ") if way == "bearer" else ("x-api-key", "")
    module = (
        {"bearer_token_file": str(file)} if way == "bearer" else {"header": {"name": "X-Api-Key", "file": str(file)}}
    )
    wanted: list[str] = []
    results: list[float] = []

    def renew(secret: str) -> None:
        wanted.append(prefix + secret)
        file.write_text(secret + "\n")
        file.chmod(0o600)

    renew(KEY)
    async with loopback(guarded(name, wanted)) as node:
        exporter = start(processes, configured(tmp_path, module, {"endpoint": node.url}), "--log.level", "debug")
        results.append((await exporter.values())["besu_up",])
        wanted.append("another")
        found = await exporter.values()
        results.append(found["besu_up",])
        renew(KEY + "-2")
        results.append((await exporter.values())["besu_up",])
        file.unlink()
        gone = await exporter.values()

    assert results == [1, 0, 1]
    assert found["collector_error", "head", "auth"] == gone["collector_error", "head", "auth"] == 1
    assert (gone["besu_up",], gone["besu_known",]) == (0, 0)
    assert KEY not in exporter.log


async def test_node_behind_a_jwt_secret_is_shown_a_token_of_this_moment(processes: Processes, tmp_path: Path) -> None:
    """HS256 with `iat`, recomputed here from what arrived."""
    secret, file = bytes(range(32)), tmp_path / "jwt.hex"
    file.write_text("0x" + secret.hex())
    file.chmod(0o600)
    async with loopback(rpc_node(healthy())) as node:
        found = await start(
            processes, configured(tmp_path, {"jwt_secret_file": str(file)}, {"endpoint": node.url})
        ).values()
    token = node.seen[0].headers["authorization"].removeprefix("Bearer ")
    claims = json.loads(decoded(token.split(".")[1]))

    assert found["besu_up",] == 1
    assert token == signed(secret, claims["iat"])
    assert json.loads(decoded(token.split(".")[0])) == {"alg": "HS256", "typ": "JWT"}


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.real("openssl")
async def test_node_that_wants_a_client_certificate_gets_the_modules(processes: Processes, tmp_path: Path) -> None:
    """Without one TLS fails and the node is unknown; with the pair of files it is up."""
    server_pem, server_key = self_signed(tmp_path / "server")
    client_pem, client_key = self_signed(tmp_path / "client")
    client_key.chmod(0o600)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(client_pem))
    context.load_cert_chain(server_pem, server_key)
    context.verify_mode = ssl.CERT_REQUIRED
    shown = {"cert_file": str(client_pem), "key_file": str(client_key)}
    states = []
    async with loopback(rpc_node(healthy()), tls=context) as node:
        for at, pair in enumerate(({}, shown)):
            folder = tmp_path / f"run-{at}"
            folder.mkdir()
            config = configured(folder, {"ca_file": str(server_pem), **pair}, {"endpoint": node.url})
            found = await start(processes, config).values()
            states.append((found["besu_up",], found["besu_known",]))

    assert states == [(0, 0), (1, 1)]


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ({"bearer_token_file": "FILE", "jwt_secret_file": "HEX"}, "one of bearer_token_file"),
        (
            {"bearer_token_file": "FILE", "header": {"name": "Authorization", "file": "FILE"}},
            "one of bearer_token_file",
        ),
        ({"header": {"name": "Host", "file": "FILE"}}, "does not set itself"),
        ({"header": {"name": "bad name", "file": "FILE"}}, "pattern"),
        ({"jwt_secret_file": "FILE"}, "32 bytes in hex"),
        ({"bearer_token_file": "LINES"}, "one line"),
    ],
)
def test_credential_that_cannot_be_is_refused_before_the_start(
    tmp_path: Path, module: dict[str, Any], expected: str
) -> None:
    """With the place and what is expected, and without what the file holds."""
    for name, content in (("FILE", KEY), ("HEX", "ab" * 32), ("LINES", f"{KEY}\n{KEY}")):
        (tmp_path / name).write_text(content)
    filled = json.loads(
        json.dumps(module)
        .replace('"FILE"', f'"{tmp_path}/FILE"')
        .replace('"HEX"', f'"{tmp_path}/HEX"')
        .replace('"LINES"', f'"{tmp_path}/LINES"')
    )
    code, printed = checked(configured(tmp_path, filled, {"endpoint": "http://127.0.0.1:1"}))

    assert (code, expected in printed, KEY in printed) == (2, True, False), printed
