"""Requests to the parts of a lab on this host: `local.get(url)`, as httpx has it.

Plain HTTP without proxies or certificates; httpx's own functions read all of the world's certificates anew for each request,
50 ms of CPU. No connection is kept: what answered may have ended, and another part listens there.
"""

from __future__ import annotations

import ssl

import httpx

local = httpx.Client(
    trust_env=False,
    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # trusts nobody
    limits=httpx.Limits(max_keepalive_connections=0),
)


def opens(url: str, patience_seconds: float) -> bool:
    """Whether somebody answers there, and not with an error."""
    try:
        return local.get(url, timeout=patience_seconds).is_success
    except httpx.HTTPError:
        return False
