"""One HTTP exchange cannot be made to wait, swell, wander off or trust a stranger."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
from pathlib import Path
from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.reading.http import check_status, decode, exchange, open_client, tls_context
from tests.pace import limit

from .certificates import self_signed
from .doubles import Answerer, Seen, constant, drip, flood, hang, loopback, reset

SECRET = "value-of-the-token"


async def ask(url: str, *, seconds: float | None = None, verify: ssl.SSLContext | None = None) -> Any:
    async with open_client(verify=verify) as client:
        request = client.build_request("GET", url + "/api", headers={"authorization": SECRET})
        answer = await exchange(
            client, request, budget=Budget.of(limit(2) if seconds is None else seconds), body_bytes=100_000
        )
        check_status(answer)
        return await decode(answer)


async def kind_of(url: str, **options: Any) -> Kind:
    with pytest.raises(CollectorError) as caught:
        await ask(url, **options)
    assert SECRET not in str(caught.value) + repr(caught.value) + caught.value.failure.reason
    assert caught.value.__cause__ is None
    return caught.value.failure.kind


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (constant(b"<html>login</html>"), Kind.DECODE),
        (constant(b""), Kind.DECODE),
        (constant(b'{"a": NaN}'), Kind.DECODE),
        (constant(b"[" * 50_000), Kind.DECODE),
        (constant(b"{}", headers={"content-encoding": "gzip"}), Kind.DECODE),
        (constant(gzip.compress(b"{}"), headers={"content-encoding": "gzip"}), Kind.DECODE),
        (constant(b"{}", status="401 no"), Kind.AUTH),
        (constant(b"{}", status="403 no"), Kind.PERMISSION),
        (constant(b"{}", status="404 no"), Kind.HTTP),
        (constant(b"{}", status="500 no"), Kind.HTTP),
        (constant(b"{}", status="595 no route"), Kind.HTTP),
        (constant(b"{}", status="302 Found", headers={"location": "/elsewhere"}), Kind.HTTP),
        (constant(b" " * 200_000), Kind.LIMIT),
        (flood, Kind.LIMIT),
        (reset, Kind.REFUSED),
    ],
)
async def test_exchange_names_the_kind_of_trouble(answer: Answerer, kind: Kind) -> None:
    """Every wrong answer has its kind, and no reason holds the credential."""
    async with loopback(answer) as double:
        assert await kind_of(double.url) is kind


async def test_exchange_never_follows_a_redirect() -> None:
    """A redirect is an answer we did not ask for: the second address is never visited."""
    async with (
        loopback(constant(b"{}")) as other,
        loopback(constant(b"", status="302 Found", headers={"location": other.url})) as double,
    ):
        await kind_of(double.url)

        assert other.seen == []


@pytest.mark.parametrize("answer", [hang, drip])
async def test_exchange_ends_at_the_deadline(answer: Answerer) -> None:
    """Silence and a slow drip both end with the budget, as timeout."""
    async with loopback(answer) as double:
        started = time.monotonic()
        async with asyncio.timeout(limit(0.6)):
            assert await kind_of(double.url, seconds=0.2) is Kind.TIMEOUT
        assert time.monotonic() - started >= 0.2


async def test_exchange_tells_refused_from_unknown_names() -> None:
    """A closed port is refused; a name that nobody knows is dns."""
    async with loopback(hang) as double:
        closed = double.url

    assert await kind_of(closed) is Kind.REFUSED
    assert await kind_of("http://nowhere.invalid", seconds=limit(10)) is Kind.DNS


@pytest.mark.real("openssl")
async def test_exchange_trusts_only_the_modules_ca(tmp_path: Path) -> None:
    """The right CA file opens the connection; another CA and the system's list are tls failures."""
    certificate, key = self_signed(tmp_path / "right")
    stranger, _ = self_signed(tmp_path / "wrong")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)

    async with loopback(constant(b"[1]"), tls=server) as double:
        assert await ask(double.url, verify=tls_context(certificate)) == [1]
        assert await kind_of(double.url, verify=tls_context(stranger)) is Kind.TLS
        assert await kind_of(double.url, verify=tls_context(None)) is Kind.TLS


async def test_exchange_survives_a_connection_closed_while_idle() -> None:
    """A pooled connection that the server drops at the next request is opened anew, once, within the same exchange."""
    answered = 0

    async def every_other(request: Seen, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        answered += 1
        await (constant(b"[1]") if answered != 2 else reset)(request, writer)

    async with loopback(every_other) as double, open_client() as client:
        for _ in range(3):
            request = client.build_request("GET", double.url)
            assert (await exchange(client, request, budget=Budget.of(limit(2)), body_bytes=1000)).body == b"[1]"
    assert answered == 4


async def test_exchange_ignores_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment is not used: credentials go to the endpoint and nowhere else."""
    async with loopback(hang) as proxy, loopback(constant(b"[1]")) as double:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)

        assert await ask(double.url) == [1]
        assert proxy.seen == []


async def test_pool_recovers_after_many_deadlines() -> None:
    """Forty exchanges cut off at the deadline leave the pool able to serve the next."""
    calls = 0

    async def first_hang(request: Any, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await (hang if calls <= 40 else constant(b"[1]"))(request, writer)

    async with loopback(first_hang) as double, open_client() as client:

        async def once(seconds: float) -> Any:
            request = client.build_request("GET", double.url)
            return await exchange(client, request, budget=Budget.of(seconds), body_bytes=1000)

        seconds = 0.1
        while (before := calls) < 40:
            await asyncio.gather(*(once(seconds) for _ in range(10)), return_exceptions=True)
            seconds *= 2 if calls == before else 1  # too short to reach the server on this machine

        assert (await once(limit(2))).body == b"[1]"
