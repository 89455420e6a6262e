"""JSON-RPC over HTTP to one node: a method's result, or a `CollectorError` whose kind says whose fault it is.

What only describes goes in one batch, to spare connections and time; a node that refuses batches is asked method by method,
and that is remembered. A node that is busy is left alone for the rest of the probe, and for as long as it asked. Only reading
methods are ever sent. An address may hold a key, so errors and the timeline name its host alone.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx

from sankofa_exporters.config.headers import read_header
from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.model.rejected import by_identity
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.probe.trace import probe_number
from sankofa_exporters.reading.backoff import BUSY, Backoff
from sankofa_exporters.reading.http import Answer, check_status, exchange, read, small_json

from .settings import Header, read_address, read_jwt_secret

V = TypeVar("V")
Call = tuple[str, list[Any]]  # a method and its parameters
TOO_MANY = 429  # some providers use the status as an error's code
# JSON-RPC error codes of Besu, and of those who rate-limit; what is not here is an answer we did not ask for: http.
ERROR_KINDS = {
    -32601: Kind.PERMISSION,  # no such method
    -32604: Kind.PERMISSION,  # the API is not enabled
    -32603: Kind.TIMEOUT,  # Besu's "timeout expired"
    -32005: Kind.LIMIT,
    TOO_MANY: Kind.LIMIT,
    -40100: Kind.AUTH,
    -40101: Kind.AUTH,
}
ONE_BY_ONE = 8
WITHOUT_BATCHES_SECONDS = 600.0
# Statuses by which a server, or a proxy before it, may mean the batch and not the calls in it.
NOT_A_BATCH = frozenset({400, 404, 405, 411, 413, 415, 422, 500, 501})


class BatchRefusedError(CollectorError):
    """The answer to a batch that may be about batches: each call may be asked by itself.

    `lasts` when the next batch would fare no better; a 500 may be of this moment.
    """

    lasts: bool = True


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where a node is and what it is shown. Files are read for each request, so that a renewed key needs no restart."""

    url: str = field(default="", repr=False)
    url_file: Path | None = None
    bearer_token_file: Path | None = None
    jwt_secret_file: Path | None = None
    header: Header | None = None
    now: Callable[[], float] = time.time

    async def address(self) -> str:
        return self.url if self.url_file is None else await _secret(read_address, self.url_file)

    async def headers(self) -> dict[str, str]:
        found = {}
        if self.bearer_token_file is not None:
            found["authorization"] = "Bearer " + await _secret(read_header, self.bearer_token_file)
        if self.jwt_secret_file is not None:
            found["authorization"] = "Bearer " + signed(
                await _secret(read_jwt_secret, self.jwt_secret_file), self.now()
            )
        if self.header is not None:
            found[self.header.name] = await _secret(read_header, self.header.file)
        return found


async def _secret(read: Callable[[Path], V], file: Path) -> V:
    try:
        return await in_thread(read, file)
    except ValueError as error:
        raise CollectorError(Kind.AUTH, f"{file}: {error}") from None


def signed(secret: bytes, now: float) -> str:
    """A JSON Web Token of this moment: HS256 with `iat`, as execution clients want it."""
    head, claims = (
        json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "HS256", "typ": "JWT"}, {"iat": int(now)})
    )
    body = _base64(head) + b"." + _base64(claims)
    return (body + b"." + _base64(hmac.digest(secret, body, hashlib.sha256))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@dataclass(kw_only=True)
class RpcClient:
    """One node's JSON-RPC endpoint."""

    http: httpx.AsyncClient = field(repr=False)
    access: Access = field(repr=False)
    body_bytes: int
    ids: Iterator[int] = field(default_factory=itertools.count, repr=False)
    backoff: Backoff = field(default_factory=Backoff)
    busy: tuple[int, Failure] | None = None  # the probe in which the node was busy, and what it answered
    batches_from: float = 0.0  # of time.monotonic: until then each call is asked by itself

    async def call(self, method: str, params: list[Any], budget: Budget) -> Any:
        request_id = next(self.ids)
        return await self._send(_call(request_id, method, params), budget, partial(_result, request_id, method))

    async def many(self, calls: Sequence[Call], budget: Budget) -> list[Any]:
        """Each call's result or `CollectorError`, in order, asked in one batch; never raises."""
        if time.monotonic() < self.batches_from:
            return await self._one_by_one(calls, budget)
        try:
            return await self._batch(calls, budget)
        except BatchRefusedError as refused:
            return await self._one_by_one(calls, budget, remember=refused.lasts)
        except CollectorError as error:
            return [error] * len(calls)

    def check_free(self) -> None:
        """Raise `CollectorError` when the node is to be left alone: it asked for a time of rest, or was busy in this very probe."""
        probe = probe_number()
        if self.busy is not None and probe and self.busy[0] == probe:
            raise CollectorError.of(self.busy[1])
        self.backoff.check("JSON-RPC")

    async def _batch(self, calls: Sequence[Call], budget: Budget) -> list[Any]:
        ids = [next(self.ids) for _ in calls]
        contents = [_call(one, method, params) for one, (method, params) in zip(ids, calls, strict=True)]
        return await self._send(contents, budget, partial(_results, ids, [method for method, _ in calls]))

    async def _one_by_one(self, calls: Sequence[Call], budget: Budget, *, remember: bool = False) -> list[Any]:
        """The first call alone: when even that is not answered, batches were not the matter, and nobody asks further."""
        first = await self._attempt(calls[0], budget)
        if isinstance(first, Refused):
            return [first.error] * len(calls)
        if remember:
            self.batches_from = time.monotonic() + WITHOUT_BATCHES_SECONDS
        room, refused = asyncio.Semaphore(ONE_BY_ONE), list[Refused]()

        async def one(call: Call) -> Any:
            async with room:
                answer = refused[0] if refused else await self._attempt(call, budget)
            if isinstance(answer, Refused):
                refused.append(answer)
                return answer.error
            return answer

        return [first, *await asyncio.gather(*map(one, calls[1:]))]

    async def _attempt(self, call: Call, budget: Budget) -> Any:
        """A result, the node's error answer to this call, or `Refused` when it is no answer or the node has had enough."""
        request_id = next(self.ids)
        method, params = call
        try:
            answer = await self._send(_call(request_id, method, params), budget, partial(_settled, request_id, method))
        except CollectorError as error:
            return Refused(error)
        if isinstance(answer, CollectorError) and answer.failure.kind in {Kind.DECODE, Kind.LIMIT}:
            return Refused(answer)
        return answer

    async def _send(self, content: Any, budget: Budget, parse: Callable[[Any], V]) -> V:
        self.check_free()
        request = self.http.build_request(
            "POST", await self.access.address(), json=content, headers=await self.access.headers()
        )
        answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes, shows_path=False)
        try:
            return await _parsed(answer, parse, batch=isinstance(content, list))
        except CollectorError as error:
            if answer.status in BUSY:
                self.busy = (probe_number(), error.failure)
                self.backoff.learn(error)
            raise


@dataclass(frozen=True)
class Refused:
    """No JSON-RPC answer: asking for something else would fare no better."""

    error: CollectorError


def result_of(answer: Any) -> Any:
    """One of the answers of `many`: the result, or its `CollectorError` raised afresh."""
    if isinstance(answer, CollectorError):
        raise CollectorError.of(answer.failure)
    return answer


def is_missing(answer: Any) -> bool:
    """Whether the node has no such method, or keeps it switched off."""
    return isinstance(answer, CollectorError) and answer.failure.kind is Kind.PERMISSION


def _batch_refusal(document: Any) -> CollectorError:
    """One error for a whole batch: nobody is let in, or batches are not understood."""
    if isinstance(document, Mapping) and document.get("error") is not None:
        error = _refusal("a batch", document["error"])
        return error if error.failure.kind is Kind.AUTH else BatchRefusedError(error.failure.kind, error.failure.reason)
    return BatchRefusedError(Kind.DECODE, "a batch was answered by something else than a list")


def _call(request_id: int, method: str, params: list[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _results(ids: Sequence[int], methods: Sequence[str], document: Any) -> list[Any]:
    """Each call's result or `CollectorError`. Two answers to one call that differ are none: nobody knows which of them holds."""
    if not isinstance(document, list):
        raise _batch_refusal(document)
    answers = by_identity(
        (item["id"], item) for item in document if isinstance(item, Mapping) and _is_id(item.get("id"))
    )
    return [_settled(one, method, answers.get(one, {})) for one, method in zip(ids, methods, strict=True)]


def _settled(request_id: int, method: str, document: Any) -> Any:
    try:
        return _result(request_id, method, document)
    except CollectorError as error:
        return CollectorError.of(error.settled())


def _result(request_id: int, method: str, document: Any) -> Any:
    if not isinstance(document, Mapping):
        raise CollectorError(Kind.DECODE, f"{method}: JSON that is not an object")
    if document.get("error") is not None:
        raise _refusal(method, document["error"])
    if document.get("id") != request_id or "result" not in document:
        raise CollectorError(Kind.DECODE, f"{method}: JSON that is not the answer to this call")
    return document["result"]


async def _parsed(answer: Answer, parse: Callable[[Any], V], *, batch: bool) -> V:
    """What `parse` makes of the JSON. Besu sends JSON-RPC errors with statuses of 400 and 401 too, and their code says more than the status.

    Not so of a node that is busy: what counts there is for how long.
    """
    if answer.status == httpx.codes.OK:
        return await read(answer, parse)
    if answer.status not in BUSY:
        document = small_json(answer)
        if isinstance(document, Mapping) and isinstance(document.get("error"), Mapping):
            return parse(document)
    try:
        check_status(answer)
    except CollectorError as error:
        if batch and answer.status in NOT_A_BATCH:
            refused = BatchRefusedError(error.failure.kind, error.failure.reason)
            refused.lasts = answer.status != httpx.codes.INTERNAL_SERVER_ERROR
            raise refused from None
        raise
    raise CollectorError(Kind.HTTP, f"{answer.where}: answered {answer.status}")


def _refusal(method: str, error: Any) -> CollectorError:
    code = error.get("code") if isinstance(error, Mapping) else None
    if not isinstance(code, int):
        return CollectorError(Kind.DECODE, f"{method}: an error without a code")
    return CollectorError(ERROR_KINDS.get(code, Kind.HTTP), f"{method}: the node answered error {code}")
