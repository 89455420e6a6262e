"""What a node of the fake chain answers when it is told to misbehave."""

from __future__ import annotations

from aiohttp import web

from deploy.lab.misbehaviour import MISBEHAVIOUR, Handler


async def answer_garbage(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"jsonrpc": "2.0", "id": 0, "result": [{"number": "many"}, None]})


FAULTS: dict[str, Handler] = {**MISBEHAVIOUR, "garbage": answer_garbage}
STATUSES = {"500": 500, "401": 401, "403": 403, "429": 429, "503": 503}
RETRY_AFTER_SECONDS = {"429": "30", "503": "30"}
MODES = ("ok", *STATUSES, *FAULTS, "lying-state", "lying-round")
