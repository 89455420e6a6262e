"""What every answer has, whatever route it is of: an id of its request, a strong ETag, and a 304 for who has it already.

HEAD is GET without its body. One layer of plain ASGI: no route can forget it, and it costs a hash of the body.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TAGS = re.compile(r'(?:W/)?("[^"]*")')
OK, NOT_MODIFIED = 200, 304
PRIVATE = "private, no-cache"


@dataclass(frozen=True)
class Wire:
    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        given = asked.get("x-request-id", "")
        name = given if _ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = name
        answer = _Answer(
            send=send, request_id=name, known=asked.get("if-none-match", ""), is_head=scope["method"] == "HEAD"
        )
        if answer.is_head:
            scope = {**scope, "method": "GET"}
        await self.app(scope, receive, answer.take)


@dataclass
class _Answer:
    """One answer on its way out."""

    send: Send
    request_id: str
    known: str
    is_head: bool
    _start: Message | None = field(default=None)

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(raw=message["headers"])["X-Request-Id"] = self.request_id
            self._start = message
            return
        start, self._start = self._start, None
        body = message.get("body", b"")
        if start is not None:
            if start["status"] == OK and not message.get("more_body", False):
                self._tagged(start, body)
            await self.send(start)
            if start["status"] == NOT_MODIFIED:
                body = b""
        await self.send({**message, "body": b"" if self.is_head else body})

    def _tagged(self, start: Message, body: bytes) -> None:
        """Name it by its bytes, where it has no name yet; who has that name needs no body."""
        headers = MutableHeaders(raw=start["headers"])
        tag = headers.setdefault("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        headers.setdefault("Cache-Control", PRIVATE)
        headers.add_vary_header("Authorization")
        # RFC 9110, 13.1.2: compared without regard to W/.
        if self.known.strip() == "*" or tag.removeprefix("W/") in _TAGS.findall(self.known):
            start["status"] = NOT_MODIFIED
            for name in ("content-length", "content-type"):
                del headers[name]
