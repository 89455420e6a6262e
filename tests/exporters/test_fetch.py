"""One HTTP exchange cannot be made to wait, swell, wander off or trust a stranger."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from sankofa_exporters.config.settings import Module
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import LONGEST_WAIT_SECONDS
from sankofa_exporters.probe.trace import traced
from sankofa_exporters.reading.backoff import Backoff
from sankofa_exporters.reading.http import (
    DECODE_IN_THREAD_BYTES,
    Answer,
    check_status,
    decode,
    exchange,
    open_client,
    read,
    tls_context,
)
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


@pytest.mark.parametrize(
    "body", [b'{"data":[' + b"{}," * 250_000 + b"{}]}", b"[" * 250_000, b"[" + b"1," * 700_000 + b"1]"]
)
async def test_document_of_too_many_parts_is_refused_before_it_is_parsed(body: bytes) -> None:
    """A small body of empty objects would become gigabytes and minutes: it is refused while the loop goes on."""
    with pytest.raises(CollectorError, match="objects and lists") as caught:
        await decode(Answer(where="GET http://double", status=200, body=body))

    assert caught.value.failure.kind is Kind.LIMIT


async def test_large_document_is_parsed_and_read_in_a_thread() -> None:
    """Decoding and the snapshot made of it hold up nobody: both run beside the loop's thread."""
    body = b"[" + b"1," * DECODE_IN_THREAD_BYTES + b"1]"
    threads = [
        await read(Answer(where="", status=200, body=one), lambda _: threading.current_thread().name)
        for one in (b"[1]", body)
    ]

    assert threads[0] == threading.current_thread().name
    assert threads[1].startswith("exporter")


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [
        ("429 busy", "7", 7),
        ("503 busy", "7", 7),
        ("503 busy", "Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("429 busy", "999999999", LONGEST_WAIT_SECONDS),
        ("429 busy", "soon", None),
        ("429 busy", "-1", None),
        ("429 busy", "1e3", None),
        ("500 broken", "7", None),
    ],
)
async def test_source_that_is_busy_says_for_how_long(status: str, header: str, wait: float | None) -> None:
    """Retry-After in seconds or as a date, bounded; of 429 and 503 alone, and nonsense is none."""
    async with loopback(constant(b"", status=status, headers={"retry-after": header})) as double:
        with pytest.raises(CollectorError) as caught:
            await ask(double.url)

    assert caught.value.failure.retry_after_seconds == wait


def test_backoff_asks_again_when_the_time_is_over() -> None:
    """Until then nobody is asked, and the reason says how long it lasts."""
    now = [100.0]
    backoff = Backoff(clock=lambda: now[0])
    backoff.learn(CollectorError(Kind.HTTP, "500"))
    backoff.check("http://double")
    backoff.learn(CollectorError(Kind.LIMIT, "429", retry_after_seconds=30))
    with pytest.raises(CollectorError, match="asked again in 30 s"):
        backoff.check("http://double")
    now[0] += 30

    backoff.check("http://double")


async def test_path_that_may_be_a_secret_is_in_no_error() -> None:
    """An address with a key in its path: the error and the trace name the host alone."""
    async with loopback(constant(b"", status="500 no")) as double, open_client() as client:
        request = client.build_request("GET", f"{double.url}/{SECRET}")
        with traced() as trace:
            answer = await exchange(client, request, budget=Budget.of(limit(2)), body_bytes=1000, shows_path=False)
        with pytest.raises(CollectorError) as caught:
            check_status(answer)

    assert SECRET not in f"{caught.value} {trace} {answer.where}"
    assert "http://127.0.0.1" in str(caught.value)


@pytest.mark.real("openssl")
async def test_module_shows_its_certificate_and_names_the_server(tmp_path: Path) -> None:
    """A source that wants a client certificate gets it; one whose certificate bears a name is trusted by that name."""
    certificate, key = self_signed(tmp_path / "server", "DNS:ceph.internal")
    own, own_key = self_signed(tmp_path / "client")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(own))
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_cert_chain(certificate, key)
    whole = Module(ca_file=certificate, cert_file=own, key_file=own_key, server_name="ceph.internal")

    async def kind(module: Module) -> Kind | int:
        async with module.open_client() as client:
            try:
                request = client.build_request("GET", double.url)
                return (await exchange(client, request, budget=Budget.of(limit(2)), body_bytes=1000)).status
            except CollectorError as error:
                return error.failure.kind

    async with loopback(constant(b"[1]"), tls=server) as double:
        assert await kind(whole) == 200
        assert await kind(whole.model_copy(update={"server_name": None})) is Kind.TLS
        assert await kind(whole.model_copy(update={"cert_file": None, "key_file": None})) in {Kind.TLS, Kind.REFUSED}
