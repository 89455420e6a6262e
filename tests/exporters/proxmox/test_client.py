"""Over real sockets: the token in its header, the clock of who answers, and what a refusal is called."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.proxmox.client import ApiError, ProxmoxApi
from sankofa_exporters.reading.http import open_client
from tests.exporters.doubles import Answerer, Loopback, constant, loopback
from tests.pace import limit

TOKEN = "sankofa@pve!exporter=11112222-3333"


def as_it_is(data: Any, _clock: float) -> Any:
    return data


@asynccontextmanager
async def asking(answer: Answerer, folder: Path) -> AsyncIterator[tuple[ProxmoxApi, Loopback]]:
    (folder / "token").write_text(f"{TOKEN}\n")
    async with loopback(answer) as double, open_client() as http:
        client = ProxmoxApi(http=http, endpoints=(double.url,), token_file=folder / "token", body_bytes=100_000)
        await client.read_token()
        yield client, double


async def test_token_travels_in_its_header_and_the_path_is_the_apis(tmp_path: Path) -> None:
    """One GET, with the token read from the file and nothing else that could be secret."""
    async with asking(constant(b'{"data": [1]}'), tmp_path) as (client, double):
        reply = await client.get("cluster/status", as_it_is, Budget.of(limit(2)))

    (seen,) = double.seen
    assert (reply.value, seen.method, seen.path) == ([1], "GET", "/api2/json/cluster/status")
    assert seen.headers["authorization"] == f"PVEAPIToken={TOKEN}"
    assert TOKEN not in repr(client)


async def test_rotated_token_is_used_at_the_next_probe(tmp_path: Path) -> None:
    """And a file that no longer holds one is auth for every call, without a word of what it holds."""
    async with asking(constant(b'{"data": []}'), tmp_path) as (client, double):
        (tmp_path / "token").write_text("sankofa@pve!exporter=rotated\n")
        await client.read_token()
        await client.get("version", as_it_is, Budget.of(limit(2)))
        (tmp_path / "token").write_text("11112222-3333\n")
        await client.read_token()
        with pytest.raises(CollectorError) as caught:
            await client.get("version", as_it_is, Budget.of(limit(2)))

    assert [seen.headers["authorization"] for seen in double.seen] == ["PVEAPIToken=sankofa@pve!exporter=rotated"]
    assert caught.value.failure.kind is Kind.AUTH
    assert "1111" not in caught.value.failure.reason


@pytest.mark.parametrize(
    ("date", "clock"), [("Fri, 15 Jan 2027 08:00:00 GMT", 1_800_000_000.0), ("yesterday", None), ("", None)]
)
async def test_clock_is_the_answering_nodes_and_ours_without_one(
    tmp_path: Path, date: str, clock: float | None
) -> None:
    """Ages of HA are differences on one clock; a Date that cannot be read is no clock."""
    async with asking(constant(b'{"data": []}', headers={"date": date}), tmp_path) as (client, _):
        reply = await client.get("version", as_it_is, Budget.of(limit(2)))

    assert reply.clock == clock if clock is not None else reply.clock > 1_700_000_000


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        ("401 authentication failure", b'{"data":null}', Kind.AUTH, ""),
        ("403 Permission check failed", b'{"data":null}', Kind.PERMISSION, ""),
        ("500 zfsutils", b'{"data":null,"message":"zfsutils-linux not installed\\n"}', Kind.HTTP, "zfsutils-linux not installed\n"),
        ("501 not implemented", b"", Kind.HTTP, ""),
        ("595 No route to host", b'{"data":null}', Kind.REFUSED, ""),
        ("599 Too many redirections", b"", Kind.REFUSED, ""),
        ("500 x", b'{"message":' + b" " * 70_000 + b'"long"}', Kind.HTTP, ""),
        ("500 x", b'{"message": {"a": 1}}', Kind.HTTP, ""),
        ("500 x", b"[]", Kind.HTTP, ""),
        ("302 Found", b"", Kind.HTTP, ""),
    ],
)  # fmt: skip
async def test_refusals_have_a_kind_a_status_and_proxmox_own_words(
    tmp_path: Path, status: str, body: bytes, kind: Kind, message: str
) -> None:
    """595 to 599 are the seed's word about another node; the words are for comparing and never in the reason."""
    async with asking(constant(body, status=status), tmp_path) as (client, _):
        with pytest.raises(ApiError) as caught:
            await client.get("nodes/pve1/disks/zfs", as_it_is, Budget.of(limit(2)))

    error = caught.value
    assert (error.failure.kind, error.status, error.message) == (kind, int(status[:3]), message)
    assert "zfsutils" not in error.failure.reason


@pytest.mark.parametrize(
    "body", [b"[]", b'{"errors": "<html>"}', b"null", b"<html>login</html>", b'{"data": NaN}', b""]
)
async def test_a_good_status_with_something_else_is_decode(tmp_path: Path, body: bytes) -> None:
    """A 200 that is not JSON with data says nothing about the cluster."""
    async with asking(constant(body), tmp_path) as (client, _):
        with pytest.raises(CollectorError) as caught:
            await client.get("cluster/status", as_it_is, Budget.of(limit(2)))

    assert caught.value.failure.kind is Kind.DECODE


async def test_the_next_seed_is_asked_when_one_cannot_reach_the_node(tmp_path: Path) -> None:
    """595 from the first, an answer from the second; both are good seeds, and their order stays."""
    async with (
        loopback(constant(b'{"data": ["second"]}')) as second,
        asking(constant(b"{}", status="595 No route to host"), tmp_path) as (client, first),
    ):
        client.endpoints = (first.url, second.url)
        reply = await client.get("nodes/pve3/replication", as_it_is, Budget.of(limit(2)))

    assert (reply.value, len(first.seen), client.late) == (["second"], 1, set())
