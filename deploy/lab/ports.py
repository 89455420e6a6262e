"""Free TCP ports on loopback, handed out so that nobody else takes one before its program listens.

A port that the kernel gave and we gave back may go to the next connection of any process, minutes before the program that it
was meant for binds it. So ports come from below the range of outgoing connections, and each is held by a lock on a byte
of a file until this process ends: two test workers or two demos of one user never get the same. Assumes Linux.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import struct
import tempfile
from functools import cache
from pathlib import Path

LOWEST = 10_000
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
DEFAULT_EPHEMERAL = 32_768
_given: set[int] = set()  # a process may lock again what it has locked; it is given no port twice


def free_port() -> int:
    """A loopback TCP port that nobody listens at, ours until this process ends."""
    highest = _first_ephemeral() - 1
    first, count = secrets.randbelow(highest - LOWEST), highest - LOWEST
    for number in range(first, first + count):
        port = LOWEST + number % count
        if port not in _given and _reserve(port) and _is_free(port):
            _given.add(port)
            return port
    raise OSError(f"no free loopback port between {LOWEST} and {highest}")


def _first_ephemeral() -> int:
    try:
        lowest = int(EPHEMERAL.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        lowest = DEFAULT_EPHEMERAL
    return lowest if lowest > LOWEST + 1000 else 65_536


@cache
def _locks() -> int:
    """The file of which a byte a port is locked; open until this process ends."""
    file = Path(tempfile.gettempdir()) / f"loopback-ports-{os.getuid()}.lock"
    return os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _reserve(port: int) -> bool:
    """Lock the port's byte for this process; a lock of an open file is not shared with a child that opens it anew."""
    try:
        fcntl.fcntl(_locks(), fcntl.F_OFD_SETLK, _lock(fcntl.F_WRLCK, port))
    except BlockingIOError:
        return False
    return True


def _lock(kind: int, port: int) -> bytes:
    """`struct flock` of the kernel, for one byte."""
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, port, 1, 0)


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
