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
    errno.ECONNRESET: Failure.LOST,
    errno.ECONNABORTED: Failure.LOST,
    errno.EPIPE: Failure.LOST,
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
# The first that fits; an error that nobody thought of is a defect of ours, and no outage.
_BY_TYPE: tuple[tuple[tuple[type[Exception], ...], Failure], ...] = (
    ((TimeoutError,), Failure.TIMEOUT),
    ((ssl.SSLError, aiohttp.ClientSSLError), Failure.TLS),
    ((ConnectionError, aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError), Failure.LOST),
    (
        (aiohttp.ClientConnectorError,),
        Failure.UNREACHABLE,
    ),  # without a number: several addresses, each with another one
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
    if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError) and cause.errno is not None:
        return _BY_NUMBER.get(cause.errno, Unknown.DEFECT)
    found = (outcome for kinds, outcome in _BY_TYPE if isinstance(error, kinds) or isinstance(cause, kinds))
    return next(found, Unknown.DEFECT)
