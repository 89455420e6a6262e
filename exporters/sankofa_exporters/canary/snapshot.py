"""What became of a request: answered as expected, failed by the target's doing, or not known by ours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sankofa_exporters.model.failure import Kind


class Failure(StrEnum):
    """The target's doing, as a user meets it: the closed set of `outcome`."""

    STATUS = "status"  # another status than those expected
    BODY = "body"  # the whole body, without what it must hold
    REDIRECT = "redirect"  # to another origin, or too many of them
    TIMEOUT = "timeout"  # no complete answer in time
    REFUSED = "refused"  # nothing listens
    UNREACHABLE = "unreachable"  # no way to its host, by a router beyond our own
    LOST = "lost"  # the connection ended before the answer did
    TLS = "tls"  # no handshake, or a certificate that is not trusted
    DNS = "dns"  # the name does not exist
    PROTOCOL = "protocol"  # what came is not HTTP


class Unknown(StrEnum):
    """Our doing, or nobody can tell: the closed set of `reason`."""

    DELAY = "delay"  # our process stood or waited for a CPU
    MISSED = "missed"  # its turn came and went while our process stood
    NETWORK = "network"  # our own host has no route, no address or no link
    SOCKETS = "sockets"  # our own host has no more sockets, ports or memory
    RESOLVER = "resolver"  # our name server gave no answer
    CREDENTIALS = "credentials"  # 401 or 403 to a request with credentials of ours: they may be wrong
    SETTINGS = "settings"  # a file that the module names cannot be read
    UNREADABLE = "unreadable"  # more body than is read, or in an encoding nobody asked for
    DEFECT = "defect"  # a fault in the exporter


KINDS = {
    Unknown.DELAY: Kind.STALE,
    Unknown.MISSED: Kind.STALE,
    Unknown.NETWORK: Kind.REFUSED,
    Unknown.SOCKETS: Kind.LIMIT,
    Unknown.RESOLVER: Kind.DNS,
    Unknown.CREDENTIALS: Kind.AUTH,
    Unknown.SETTINGS: Kind.AUTH,
    Unknown.UNREADABLE: Kind.DECODE,
    Unknown.DEFECT: Kind.DECODE,
}

Outcome = Failure | Unknown | None
"""None is an answer as expected."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer, or as much of it as is read."""

    status: int
    body: bytes = b""
    whole: bool = True
    plain: bool = True  # its encoding is the one that was asked for


@dataclass(frozen=True, kw_only=True)
class Ended:
    """One request that has come to its end. `seconds` are those to the end of the answer."""

    outcome: Outcome
    seconds: float
    status: int | None = None

    @property
    def is_known(self) -> bool:
        return not isinstance(self.outcome, Unknown)
