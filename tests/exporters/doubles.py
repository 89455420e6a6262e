"""Loopback servers that misbehave on purpose, and a source whose collectors do what a test says.

They run inside the test's own event loop, listen on 127.0.0.1 only and end with the test.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.source import Collector, Results, Verdict

UP = Family(name="sankofa_double_up", help="Up.")
KNOWN = Family(name="sankofa_double_known", help="Known.")
VALUE = Family(name="sankofa_double_value", labels=("name",), help="A value.")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Answerer = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


@dataclass(kw_only=True)
class Loopback:
    """A running double: where it is and what it was asked."""

    url: str
    seen: list[Seen] = field(default_factory=list)


@asynccontextmanager
async def loopback(answer: Answerer, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Loopback]:
    """Serve `answer` on 127.0.0.1, keep-alive included, until the block ends."""
    running: set[asyncio.Task[Any]] = set()
    double = Loopback(url="")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            while (request := await _read(reader)) is not None:
                double.seen.append(request)
                await answer(request, writer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    double.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield double
    finally:
        # Whoever was accepted just now begins within a few turns of the loop; a server that is closed would drop it, still open.
        for _ in range(5):
            await asyncio.sleep(0)
        server.close()
        for task in running:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0)  # and every connection is closed before the loop may be


async def _read(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head[0].split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method=method, path=path, headers=headers, body=body)


def http_bytes(body: bytes, *, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def constant(body: bytes, *, status: str = "200 OK", headers: Mapping[str, str] | None = None) -> Answerer:
    async def answer(_request: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(http_bytes(body, status=status, headers=headers))

    return answer


async def hang(_request: Seen, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


async def drip(_request: Seen, writer: asyncio.StreamWriter) -> None:
    """A body that never ends, a byte every 20 ms: no single read is ever late."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def flood(_request: Seen, writer: asyncio.StreamWriter) -> None:
    """A chunked body without an end, as fast as it is read."""
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
        await writer.drain()


async def reset(_request: Seen, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    raise ConnectionResetError


NO_BATCHES = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches"}}


@dataclass
class RpcError(Exception):
    """What a JSON-RPC method of `rpc_node` may raise."""

    code: int


def rpc_node(methods: Mapping[str, Any], *, batches: bool = True) -> Answerer:
    """A JSON-RPC node: a value is the result, a callable makes it (and may be awaitable), RpcError is an error."""

    async def one(call: Mapping[str, Any]) -> dict[str, Any]:
        document: dict[str, Any] = {"jsonrpc": "2.0", "id": call["id"]}
        try:
            result = methods[call["method"]] if call["method"] in methods else RpcError(-32601)
            result = result() if callable(result) else result
            result = await result if isinstance(result, Awaitable) else result
            if isinstance(result, RpcError):
                raise result
            document["result"] = result
        except RpcError as error:
            document["error"] = {"code": error.code, "message": "refused"}
        return document

    async def answer(request: Seen, writer: asyncio.StreamWriter) -> None:
        asked, documents = json.loads(request.body), None
        if isinstance(asked, list):
            documents = [await one(call) for call in reversed(asked)] if batches else NO_BATCHES
        writer.write(http_bytes(json.dumps(documents or await one(asked)).encode()))

    return answer


async def sleeping(_budget: Any) -> None:
    await asyncio.sleep(3600)


@dataclass(kw_only=True)
class DoubleSource:
    """A source made of collectors; up when the collector `lead` has data."""

    collectors: Sequence[Collector]
    up: Family = UP
    known: Family = KNOWN
    closed: bool = False

    def verdict(self, results: Results, now: float) -> Verdict:
        return Verdict.UP if results["lead"] == "good" else Verdict.UNKNOWN

    def standing(self) -> Iterable[Sample]:
        return ()

    async def close(self) -> None:
        self.closed = True


def lead() -> Collector:
    """The collector that a verdict leans on, in good health."""

    async def good(_budget: Any) -> str:
        return "good"

    return Collector(name="lead", fetch=good, samples=lambda _: [Sample(VALUE, 1, ("lead",))])
