"""Whose doing it is that a request got no answer: the target's, or our own host's.

A refused connection, a way that ends beyond our host, a lost connection and a failed handshake are what a user would meet. No
route, no link and no address of our own, and no more sockets, ports or memory, are ours: nothing is known of the target.
"""

from __future__ import annotations

import errno
import ssl

import aiohttp

from sankofa_exporters.canary.snapshot import Failure, Unknown

_BY_NUMBER: dict[int, Failure | Unknown] = {
    errno.ECONNREFUSED: Failure.REFUSED,
    errno.EHOSTUNREACH: Failure.UNREACHABLE,
    errno.EHOSTDOWN: Failure.UNREACHABLE,
    errno.ETIMEDOUT: Failure.TIMEOUT,
    errno.ENETUNREACH: Unknown.NETWORK,
    errno.ENETDOWN: Unknown.NETWORK,
    errno.EADDRNOTAVAIL: Unknown.NETWORK,
    errno.EACCES: Unknown.NETWORK,  # a packet filter of our own host
    errno.EPERM: Unknown.NETWORK,
    errno.EAFNOSUPPORT: Unknown.NETWORK,
    errno.EMFILE: Unknown.SOCKETS,
    errno.ENFILE: Unknown.SOCKETS,
    errno.ENOBUFS: Unknown.SOCKETS,
    errno.ENOMEM: Unknown.SOCKETS,
    errno.EAGAIN: Unknown.SOCKETS,  # no port of our own is free
}
# The first that fits. A connector's error without a number is of several addresses, each of which had another one.
_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], Failure], ...] = (
    ((TimeoutError,), Failure.TIMEOUT),
    ((ssl.SSLError, aiohttp.ClientSSLError), Failure.TLS),
    ((OSError, aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError), Failure.LOST),
    ((aiohttp.ClientError, ValueError), Failure.PROTOCOL),
)


class RequestError(Exception):
    """A request that ended without an answer; `outcome` says whose doing that was."""

    def __init__(self, outcome: Failure | Unknown) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


def outcome_of(error: Exception) -> Failure | Unknown:
    """The kind of an error of aiohttp's client, or of the socket under it. The numbers of TLS are not the kernel's."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError) and cause.errno in _BY_NUMBER:
        return _BY_NUMBER[cause.errno]
    return next((outcome for kinds, outcome in _BY_TYPE if isinstance(error, kinds)), Unknown.DEFECT)
