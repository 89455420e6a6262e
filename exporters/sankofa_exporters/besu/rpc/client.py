"""JSON-RPC over HTTP to one node: a method's result, or a `CollectorError` whose kind says whose fault it is.

What only describes goes in one batch, to spare connections and time; a node that refuses batches is asked method by
method. Only reading methods are ever sent.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.reading.http import Answer, check_status, decode, exchange, small_json

# Besu's JSON-RPC error codes; what is not here is an answer we did not ask for: http.
ERROR_KINDS = {
    -32601: Kind.PERMISSION,  # no such method
    -32604: Kind.PERMISSION,  # the API is not enabled
    -32603: Kind.TIMEOUT,  # Besu's "timeout expired"
    -32005: Kind.LIMIT,
    -40100: Kind.AUTH,
    -40101: Kind.AUTH,
}
ONE_BY_ONE = 8
Call = tuple[str, list[Any]]  # a method and its parameters
# Nobody answered: asking again method by method would only take longer.
NO_ANSWER = frozenset({Kind.TIMEOUT, Kind.REFUSED, Kind.DNS, Kind.TLS, Kind.AUTH})


@dataclass(kw_only=True)
class RpcClient:
    """One node's JSON-RPC endpoint."""

    http: httpx.AsyncClient = field(repr=False)
    endpoint: str
    body_bytes: int
    ids: Iterator[int] = field(default_factory=itertools.count, repr=False)

    async def call(self, method: str, params: list[Any], budget: Budget) -> Any:
        request_id = next(self.ids)
        document = await self._send(_call(request_id, method, params), budget)
        if not isinstance(document, Mapping):
            raise CollectorError(Kind.DECODE, f"{method}: JSON that is not an object")
        return _result(document, request_id, method)

    async def many(self, calls: Sequence[Call], budget: Budget) -> list[Any]:
        """Each call's result or `CollectorError`, in order, asked in one batch; never raises."""
        ids = [next(self.ids) for _ in calls]
        try:
            document = await self._send(
                [_call(one, method, params) for one, (method, params) in zip(ids, calls, strict=True)], budget
            )
        except CollectorError as error:
            if error.failure.kind in NO_ANSWER:
                return [error] * len(calls)
            return await self._one_by_one(calls, budget)
        if not isinstance(document, list):
            return await self._one_by_one(calls, budget)
        answers = {item["id"]: item for item in document if isinstance(item, Mapping) and _is_id(item.get("id"))}
        return [_settled(answers.get(one), one, method) for one, (method, _) in zip(ids, calls, strict=True)]

    async def batch(self, methods: Sequence[str], budget: Budget) -> dict[str, Any]:
        """Like `many`, for methods without parameters, by name."""
        answers = await self.many([(method, []) for method in methods], budget)
        return dict(zip(methods, answers, strict=True))

    async def _one_by_one(self, calls: Sequence[Call], budget: Budget) -> list[Any]:
        """For a node that refuses batches; a bounded number at a time, so that it is not flooded."""
        room = asyncio.Semaphore(ONE_BY_ONE)

        async def one(method: str, params: list[Any]) -> Any:
            async with room:
                return await self.call(method, params, budget)

        return await asyncio.gather(*(one(method, params) for method, params in calls), return_exceptions=True)

    async def _send(self, content: Any, budget: Budget) -> Any:
        request = self.http.build_request("POST", self.endpoint, json=content)
        return await _document(await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes))


def _call(request_id: int, method: str, params: list[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _settled(item: Any, request_id: int, method: str) -> Any:
    try:
        return _result(item if isinstance(item, Mapping) else {}, request_id, method)
    except CollectorError as error:
        return error


def _result(document: Mapping[str, Any], request_id: int, method: str) -> Any:
    if document.get("error") is not None:
        raise _refusal(method, document["error"])
    if document.get("id") != request_id or "result" not in document:
        raise CollectorError(Kind.DECODE, f"{method}: JSON that is not the answer to this call")
    return document["result"]


async def _document(answer: Answer) -> Any:
    """The JSON; Besu sends JSON-RPC errors with statuses of 400 and 401 too, and their code says more."""
    return await decode(answer) if answer.status == httpx.codes.OK else _error_body(answer)


def _error_body(answer: Answer) -> Mapping[str, Any]:
    document = small_json(answer)
    if isinstance(document, Mapping) and isinstance(document.get("error"), Mapping):
        return document
    check_status(answer)
    raise CollectorError(Kind.HTTP, f"{answer.where}: answered {answer.status}")


def _refusal(method: str, error: Any) -> CollectorError:
    code = error.get("code") if isinstance(error, Mapping) else None
    if not isinstance(code, int):
        return CollectorError(Kind.DECODE, f"{method}: an error without a code")
    return CollectorError(ERROR_KINDS.get(code, Kind.HTTP), f"{method}: the node answered error {code}")
