"""JSON-RPC over HTTP to one node: a method's result, or a `CollectorError` whose kind says whose fault it is.

One request for each method, not a batch: a node may refuse or limit batches, and one slow method must not hold the
others. Only reading methods are ever sent.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from sankofa_exporters.budget import Budget
from sankofa_exporters.failure import CollectorError, Kind
from sankofa_exporters.fetch import Answer, check_status, decode, exchange

# Besu's JSON-RPC error codes; what is not here is an answer we did not ask for: http.
ERROR_KINDS = {
    -32601: Kind.PERMISSION,  # no such method
    -32604: Kind.PERMISSION,  # the API is not enabled
    -32603: Kind.TIMEOUT,  # Besu's "timeout expired"
    -32005: Kind.LIMIT,
    -40100: Kind.AUTH,
    -40101: Kind.AUTH,
}


@dataclass(kw_only=True)
class RpcClient:
    """One node's JSON-RPC endpoint."""

    http: httpx.AsyncClient = field(repr=False)
    endpoint: str
    body_bytes: int
    ids: Iterator[int] = field(default_factory=itertools.count, repr=False)

    async def call(self, method: str, params: list[Any], budget: Budget) -> Any:
        request_id = next(self.ids)
        request = self.http.build_request(
            "POST", self.endpoint, json={"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        )
        answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)
        document = await _document(answer)
        if document.get("error") is not None:
            raise _refusal(method, document["error"])
        if document.get("id") != request_id or "result" not in document:
            raise CollectorError(Kind.DECODE, f"{method}: JSON that is not the answer to this call")
        return document["result"]


async def _document(answer: Answer) -> Mapping[str, Any]:
    """The JSON object; Besu sends JSON-RPC errors with statuses of 400 and 401 too, and their code says more."""
    if answer.status != httpx.codes.OK:
        return _error_body(answer)
    document = await decode(answer)
    if not isinstance(document, Mapping):
        raise CollectorError(Kind.DECODE, f"{answer.where}: JSON that is not an object")
    return document


def _error_body(answer: Answer) -> Mapping[str, Any]:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, Mapping) and isinstance(document.get("error"), Mapping):
        return document
    check_status(answer)
    raise CollectorError(Kind.HTTP, f"{answer.where}: answered {answer.status}")


def _refusal(method: str, error: Any) -> CollectorError:
    code = error.get("code") if isinstance(error, Mapping) else None
    if not isinstance(code, int):
        return CollectorError(Kind.DECODE, f"{method}: an error without a code")
    return CollectorError(ERROR_KINDS.get(code, Kind.HTTP), f"{method}: the node answered error {code}")
