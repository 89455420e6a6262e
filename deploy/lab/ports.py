"""Free TCP ports on loopback, handed out so that nobody else takes one before its program listens.

A port that the kernel gave and we gave back may go to the next connection of any process, minutes before the program that it
was meant for binds it. So ports come from below the range of outgoing connections, and each is held by a lock on a file
until this process ends: two test workers or two demos of one user never get the same. Assumes Linux.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

LOWEST = 10_000
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
DEFAULT_EPHEMERAL = 32_768
_held: list[int] = []  # descriptors of the locks; they go with the process


def free_port() -> int:
    """A loopback TCP port that nobody listens at, ours until this process ends."""
    folder = _folder()
    highest = _first_ephemeral() - 1
    for port in random.sample(range(LOWEST, highest), highest - LOWEST):
        if _reserve(folder / str(port)) and _is_free(port):
            return port
    raise OSError(f"no free loopback port between {LOWEST} and {highest}")


def _first_ephemeral() -> int:
    try:
        lowest = int(EPHEMERAL.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        lowest = DEFAULT_EPHEMERAL
    return lowest if lowest > LOWEST + 1000 else 65_536


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"loopback-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _reserve(file: Path) -> bool:
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _held.append(descriptor)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
