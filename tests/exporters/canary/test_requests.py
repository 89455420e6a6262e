"""What becomes of a request: by servers that are wrong, silent, lost or not there, on loopback."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.ports import free_port
from sankofa_exporters.canary.client import http as client
from sankofa_exporters.canary.client.failures import outcome_of
from sankofa_exporters.canary.snapshot import Failure, Outcome, Unknown
from tests.exporters.certificates import self_signed
from tests.exporters.doubles import Answerer, Seen, constant, drip, flood, hang, http_bytes, loopback, reset

from .asking import BRIEF, asked, asked_once, canary

WELL = b"all is well"


async def truncated(_request: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nall is")
    await writer.drain()
    writer.close()


async def garbage(_request: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n")


def compressed() -> Answerer:
    return constant(b"\x1f\x8b\x08", headers={"content-encoding": "gzip"})


def redirect(location: str, status: str = "302 Found") -> Answerer:
    async def answer(request: Seen, writer: asyncio.StreamWriter) -> None:
        away = request.path == "/"
        writer.write(
            http_bytes(WELL, status=status if away else "200 OK", headers={"location": location} if away else {})
        )

    return answer


@pytest.mark.parametrize(
    ("server", "module", "outcome"),
    [
        (constant(WELL), {}, None),
        (constant(WELL, status="202 Accepted"), {"expected_statuses": [200]}, Failure.STATUS),
        (constant(WELL, status="503 Unavailable"), {}, Failure.STATUS),
        (constant(WELL, status="503 Unavailable"), {"expected_statuses": [503]}, None),
        (constant(WELL), {"expected_text": "is well"}, None),
        (constant(WELL), {"expected_pattern": "^all .+ well$"}, None),
        (constant(b"sign in"), {"expected_text": "is well"}, Failure.BODY),
        (compressed(), {"expected_text": "is well"}, Unknown.UNREADABLE),
        (compressed(), {}, None),
        (flood, {}, None),
        (flood, {"expected_text": "is well"}, Unknown.UNREADABLE),
        (hang, BRIEF, Failure.TIMEOUT),
        (drip, BRIEF, Failure.TIMEOUT),
        (reset, {}, Failure.LOST),
        (truncated, {}, Failure.LOST),
        (garbage, {}, Failure.PROTOCOL),
        (redirect("/there"), {}, Failure.STATUS),
        (redirect("/there"), {"redirects": 1}, None),
        (redirect("/"), {"redirects": 5}, Failure.REDIRECT),
        (redirect("http://127.0.0.1:1/there"), {"redirects": 1}, Failure.REDIRECT),
        (redirect("//evil.example/"), {"redirects": 1}, Failure.REDIRECT),
        (redirect("http://[oops"), {"redirects": 1}, Failure.REDIRECT),
        (redirect("file:///etc/passwd"), {"redirects": 1}, Failure.REDIRECT),
    ],
)
async def test_request_ends_as_a_user_would_meet_it(server: Answerer, module: dict[str, Any], outcome: Outcome) -> None:
    """One request, one outcome."""
    async with loopback(server) as gateway:
        (ended,) = await asked(canary(gateway.url, module))

    assert ended is outcome


async def test_refused_connection_is_a_failure() -> None:
    """Nothing listens there."""
    (ended,) = await asked(canary(f"http://127.0.0.1:{free_port()}"))

    assert ended is Failure.REFUSED


async def test_silent_host_is_a_timeout_in_time() -> None:
    """A listener whose queue is full answers no handshake; the request ends by its own deadline."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.create_connection(address, timeout=5)]
        for _ in range(2):
            more = socket.socket()
            more.setblocking(False)
            more.connect_ex(address)
            waiting.append(more)
        (ended,) = await asked(canary(f"http://127.0.0.1:{address[1]}", BRIEF))
        for one in waiting:
            one.close()

    assert ended is Failure.TIMEOUT


async def test_certificate_is_verified_and_may_be_of_another_name(tmp_path: Path) -> None:
    """An unknown CA and a name that is not the certificate's fail; with both named it is an answer."""
    certificate, key = self_signed(tmp_path / "tls", "DNS:api.example.com")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with loopback(constant(WELL), tls=tls) as gateway:
        found = [
            (await asked(canary(gateway.url, module)))[0]
            for module in (
                {},
                {"ca_file": certificate},
                {"ca_file": certificate, "server_name": "api.example.com"},
            )
        ]
        named = canary(
            f"https://api.example.com:{gateway.url.rpartition(':')[2]}/", {"ca_file": certificate}, address="127.0.0.1"
        )
        (through,) = await asked(named)

    assert found == [Failure.TLS, Failure.TLS, None]
    assert through is None


async def test_plain_http_where_tls_is_expected_is_a_failure() -> None:
    """The server answers the handshake in HTTP, as real ones do."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(http_bytes(b"speak HTTP", status="400 Bad Request"))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        (ended,) = await asked(canary(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"))

    assert ended is Failure.TLS


async def test_gateway_is_asked_for_the_name_of_the_endpoint() -> None:
    """The address takes the place of the lookup alone: the Host header is the endpoint's."""
    async with loopback(constant(WELL)) as gateway:
        port = gateway.url.rpartition(":")[2]
        (ended,) = await asked(canary(f"http://api.example.com:{port}/healthz?deep=1", address="127.0.0.1"))

    assert ended is None
    assert [(one.method, one.path, one.headers["host"]) for one in gateway.seen] == [
        ("GET", "/healthz?deep=1", f"api.example.com:{port}")
    ]


async def test_connection_is_kept_or_new() -> None:
    """Kept: three requests over one. New: each over its own, and the server is told to expect no more."""
    peers: dict[str, set[Any]] = {}
    for connection in ("kept", "new"):
        seen = peers.setdefault(connection, set())

        async def answer(_request: Seen, writer: asyncio.StreamWriter, seen: set[Any] = seen) -> None:
            seen.add(writer.get_extra_info("peername"))
            writer.write(http_bytes(WELL))

        async with loopback(answer) as gateway:
            found = await asked(canary(gateway.url, {"connection": connection}), times=3)
        assert found == [None] * 3

    assert {connection: len(seen) for connection, seen in peers.items()} == {"kept": 1, "new": 3}


async def test_kept_connection_that_is_lost_is_replaced_once() -> None:
    """The server ends each connection at its second request, unanswered: no user notices, and no request fails."""
    served: dict[Any, int] = {}

    async def answer(_request: Seen, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        served[peer] = served.get(peer, 0) + 1
        if served[peer] > 1:
            writer.transport.abort()
            raise ConnectionResetError
        writer.write(http_bytes(WELL))

    async with loopback(answer) as gateway:
        found = await asked(canary(gateway.url), times=3)

    assert (found, len(served), len(gateway.seen)) == ([None] * 3, 3, 5)


async def test_new_connection_that_is_lost_is_not_tried_again() -> None:
    """One request is one request to the server too."""
    async with loopback(reset) as gateway:
        (ended,) = await asked(canary(gateway.url))

    assert (ended, len(gateway.seen)) == (Failure.LOST, 1)


async def test_secret_header_is_read_again_when_its_file_has_changed(tmp_path: Path) -> None:
    """A rotated token needs no restart; a file that is away makes nothing known, and its content is shown nowhere."""
    file = tmp_path / "token"
    file.write_text("Bearer one\n")
    module = {"header_files": {"Authorization": file}, "headers": {"accept": "text/plain"}}
    async with loopback(constant(b"no", status="401 Unauthorized")) as gateway:
        source = canary(gateway.url, module)
        found = [(await asked_once(source))[0]]
        file.write_text("Bearer three\n")
        found += [(await asked_once(source))[0]]
        file.unlink()
        found += await asked(source)

    assert found == [Unknown.CREDENTIALS, Unknown.CREDENTIALS, Unknown.SETTINGS]
    assert [(one.headers["authorization"], one.headers["accept"]) for one in gateway.seen] == [
        ("Bearer one", "text/plain"),
        ("Bearer three", "text/plain"),
    ]


async def test_what_writes_is_sent_once() -> None:
    """POST with its body, over a connection of its own."""
    async with loopback(constant(WELL)) as gateway:
        await asked(canary(gateway.url, {"method": "POST", "connection": "new", "request_body": '{"a": 1}'}), times=2)

    assert [(one.method, one.body) for one in gateway.seen] == [("POST", b'{"a": 1}')] * 2


def _names(monkeypatch: pytest.MonkeyPatch, answers: list[Any]) -> list[str]:
    """Replaces the system's name server; each lookup takes the next answer, the last one for ever."""
    asked_for: list[str] = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> Any:
        asked_for.append(host)
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(found, Exception):
            raise found
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (found, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked_for


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (socket.EAI_NONAME, Failure.DNS),
        (socket.EAI_NODATA, Failure.DNS),
        (socket.EAI_AGAIN, Unknown.RESOLVER),
        (socket.EAI_FAIL, Unknown.RESOLVER),
    ],
)
async def test_name_that_does_not_exist_is_a_failure_and_a_silent_name_server_is_ours(
    number: int, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what the resolver says."""
    _names(monkeypatch, [socket.gaierror(number, "no")])
    (ended,) = await asked(canary("http://api.example.com/"))

    assert ended is outcome


async def test_last_good_address_is_used_while_the_name_server_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the name is known to be gone; and one that came back is found at the next request."""
    monkeypatch.setattr("sankofa_exporters.canary.client.names.LOOKUP_SECONDS", 0.0)
    again, gone = socket.gaierror(socket.EAI_AGAIN, "again"), socket.gaierror(socket.EAI_NONAME, "gone")
    asked_for = _names(monkeypatch, ["127.0.0.1", again, gone, "127.0.0.1"])
    async with loopback(constant(WELL)) as gateway:
        source = canary(gateway.url.replace("127.0.0.1", "api.example.com"))
        found = []
        for _ in range(4):
            found.append((await asked_once(source))[0])
            names = source.client.names
            assert names is not None
            assert names._lookup is not None
            await asyncio.wait({names._lookup})
        await source.close()

    # A lookup runs beside its request: what it found counts from the next one on.
    assert found == [None, None, None, None]
    assert asked_for == ["api.example.com"] * 4


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("ECONNREFUSED", Failure.REFUSED),
        ("EHOSTUNREACH", Failure.UNREACHABLE),
        ("ETIMEDOUT", Failure.TIMEOUT),
        ("ECONNRESET", Failure.LOST),
        ("EPIPE", Failure.LOST),
        ("ENETUNREACH", Unknown.NETWORK),
        ("ENETDOWN", Unknown.NETWORK),
        ("EADDRNOTAVAIL", Unknown.NETWORK),
        ("EPERM", Unknown.NETWORK),
        ("EMFILE", Unknown.SOCKETS),
        ("ENFILE", Unknown.SOCKETS),
        ("ENOBUFS", Unknown.SOCKETS),
        ("ENOMEM", Unknown.SOCKETS),
    ],
)
async def test_socket_that_cannot_be_had_is_ours(name: str, outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel's number decides, as aiohttp hands it on: of a connection's opening, and of one that stood."""
    number = getattr(errno, name)

    async def fails(*_: Any, **__: Any) -> Any:
        raise OSError(number, name)

    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", fails)
    (ended,) = await asked(canary("http://127.0.0.1:1"))

    assert ended is outcome
    assert outcome_of(OSError(number, name)) is outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (OSError("Multiple exceptions: [Errno 111] refused, [Errno 113] no route"), Failure.UNREACHABLE),
        (ssl.SSLError(1, "CERTIFICATE_UNKNOWN"), Failure.TLS),  # its number is TLS', where the kernel's 1 is EPERM
        (ConnectionResetError("closing"), Failure.LOST),
        (OSError(errno.EIO, "nobody thought of it"), Unknown.DEFECT),
    ],
)
async def test_error_without_a_number_of_the_kernels_goes_by_its_kind(
    error: OSError, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several addresses with different errors, TLS, a connection that is closing; what nobody thought of is ours."""

    async def fails(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", fails)
    (ended,) = await asked(canary("http://127.0.0.1:1"))

    assert ended is outcome


async def test_defect_of_ours_is_nobodys_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody thought of makes nothing known, and the next request is sent."""
    calls = 0

    async def send(*_: Any) -> Any:
        nonlocal calls
        calls += 1
        raise KeyError("secret")

    monkeypatch.setattr(client.HttpClient, "send", send)
    found = await asked(canary("http://127.0.0.1:1"), times=2)

    assert (found, calls) == ([Unknown.DEFECT] * 2, 2)
