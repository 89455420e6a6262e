"""The process itself: the one scheduler of a ledger, the addresses it listens on, and how it ends.

A signal ends it by the ordinary way out, so that stages finish and stores close.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, start_http_server

from sankofa_observe.errors import Held, Lost, SankofaError, Unavailable, Unfit
from sankofa_observe.ports import Lease

log = logging.getLogger(__name__)
CHECK_SECONDS = 15  # between two looks at a lease that lasts as long as its process
AGAIN_SECONDS = 0.01  # after a signal that a destructor has swallowed


@dataclass(kw_only=True)
class Ending:
    """Why the process ends, as far as anything has said so."""

    why: str = "nothing left to do"
    code: int = 0
    has_begun: bool = False
    running: Collection[str] = ()  # what runs to its end, as whoever runs it keeps it
    is_swallowed: bool = False  # whether the signal is on its way once more

    def at(self, signals: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGINT)) -> None:
        """End at these; uvicorn catches them while it serves, and raises them again when it has stopped."""
        for number in signals:
            signal.signal(number, self._leave)
        sys.unraisablehook = unless_swallowed(SystemExit, self._again)

    def now(self, why: str, code: int = 0) -> None:
        """End from a thread."""
        self.why, self.code = why, code
        os.kill(os.getpid(), signal.SIGTERM)

    def begin(self, number: int) -> None:
        """From now on nothing new begins; told a second time, nothing is waited for any more."""
        if self.has_begun:
            os.write(2, f"{signal.Signals(number).name} received again: ended at once\n".encode())
            os._exit(128 + number)
        self.has_begun = True
        if self.why == Ending.why:
            self.why = f"{signal.Signals(number).name} received"
        log.info("stopping", extra={"why": self.why, "running": " ".join(sorted(self.running)) or "nothing"})

    def _leave(self, number: int, _: object) -> None:
        if not self.is_swallowed:
            self.begin(number)
        self.is_swallowed = False
        raise SystemExit(self.code)

    def _again(self) -> None:
        self.is_swallowed = True
        os.kill(os.getpid(), signal.SIGTERM)


def unless_swallowed(kind: type[BaseException], again: Callable[[], None]) -> Callable[[sys.UnraisableHookArgs], None]:
    """A `sys.unraisablehook`: what a signal's handler raises while a destructor runs is lost with it, so `again` follows at once.

    All else is told as before.
    """
    tell = sys.unraisablehook

    def hook(what: sys.UnraisableHookArgs) -> None:
        if isinstance(what.exc_value, kind):
            threading.Timer(AGAIN_SECONDS, again).start()
        else:
            tell(what)

    return hook


@contextmanager
def only_one(lease: Lease, lost: Callable[[SankofaError], None]) -> Iterator[int]:
    """Be the holder of a lease; answers the epoch. It is renewed until the end, and `lost` is called where another one has taken it,
    or where what it stands in is gone.

    Waits for as long as the lease of one that was killed can last, and then raises `Held`, which names the holder.
    """
    seconds = lease.seconds or CHECK_SECONDS
    epoch = _taken(lease, seconds)
    over = threading.Event()
    renewer = threading.Thread(target=_renew, args=(lease, seconds, over, lost), name="lease", daemon=True)
    renewer.start()
    try:
        yield epoch
    finally:
        over.set()
        renewer.join()
        with suppress(SankofaError):
            lease.release()


def _taken(lease: Lease, seconds: int) -> int:
    deadline, told = time.monotonic() + 2 * seconds, False
    while True:
        try:
            return lease.take()
        except Held as held:
            if time.monotonic() > deadline:
                raise
            if not told:
                log.warning("waiting", extra={"reason": str(held)})
            told = True
        time.sleep(seconds / 5)


def _renew(lease: Lease, seconds: int, over: threading.Event, lost: Callable[[SankofaError], None]) -> None:
    while not over.wait(seconds / 3):
        try:
            lease.renew()
        except (Lost, Unfit) as error:  # neither comes back
            lost(error)
            return
        except Exception as error:  # noqa: BLE001  it lapses if this lasts, and is taken over
            log.warning("the lease was not renewed", extra={"reason": str(error)})


def listen(address: str) -> socket.socket:
    """A listening socket for HOST:PORT; one that is in use is an error in a sentence."""
    host, _, port = address.rpartition(":")
    try:
        return socket.create_server((host, int(port)), backlog=1024)
    except OSError as error:
        raise _in_use(address, error) from error


@contextmanager
def metrics_at(address: str, registry: CollectorRegistry) -> Iterator[None]:
    """Answer /metrics until the end."""
    host, _, port = address.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host, registry=registry)
    except OSError as error:
        raise _in_use(address, error) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _in_use(address: str, error: OSError) -> Unavailable:
    return Unavailable(f"{address}: {os.strerror(error.errno or 0)}; stop what listens there or name another address")
