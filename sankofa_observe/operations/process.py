"""The process itself: the one scheduler of a ledger, the addresses it listens on, and how it ends.

A signal ends it by the ordinary way out, so that stages finish and stores close.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, start_http_server

from sankofa_observe.errors import Held, Lost, SankofaError, Unavailable, Unfit
from sankofa_observe.operations.pages import with_runbooks
from sankofa_observe.ports import Lease

log = logging.getLogger(__name__)
CHECK_SECONDS = 15  # between two looks at a lease that lasts as long as its process
LOOK_SECONDS = 0.5  # between two looks whether the process ends
GRACE_SECONDS = 5  # of an end, for answers from outside that are on their way


@dataclass(kw_only=True)
class Ending:
    """Why the process ends, as far as anything has said so.

    A signal raises `SystemExit` in the main thread, so that a start is not waited for. What is raised while a destructor runs is lost,
    and what code that catches everything makes of it nobody knows: so whoever waits looks at `has_begun` as well.
    """

    why: str = "nothing left to do"
    code: int = 0
    has_begun: bool = False
    running: Collection[str] = ()  # what runs to its end, as whoever runs it keeps it
    _began: float = 0

    def at(self, signals: tuple[signal.Signals, ...] = (signal.SIGTERM, signal.SIGINT)) -> None:
        """End at these; while uvicorn serves, they are its own, and its server tells `begin`."""
        for number in signals:
            signal.signal(number, self._leave)

    def now(self, why: str, code: int = 0) -> None:
        """End from a thread; what ends already is not ended a second time, which would cut what still runs."""
        if self.has_begun:
            return
        self.why, self.code = why, code
        os.kill(os.getpid(), signal.SIGTERM)

    def begin(self, number: int) -> None:
        """From now on nothing new begins; told a second time, nothing is waited for any more."""
        if self.has_begun:
            os.write(2, f"{signal.Signals(number).name} received again: ended at once\n".encode())
            os._exit(128 + number)
        self._began, self.has_begun = time.monotonic(), True
        if self.why == Ending.why:
            self.why = f"{signal.Signals(number).name} received"
        log.info("stopping", extra={"why": self.why, "running": " ".join(sorted(self.running)) or "nothing"})

    @property
    def waits_no_more(self) -> bool:
        """Whether an answer from outside is not waited for any more. What writes into a store is never cut."""
        return self.has_begun and time.monotonic() - self._began > GRACE_SECONDS

    def look(self) -> None:
        """End here, if it has begun: what the signal raised may have been lost."""
        if self.has_begun:
            raise SystemExit(self.code)

    def wait(self) -> None:
        """Until it begins."""
        while not self.has_begun:
            time.sleep(LOOK_SECONDS)

    def _leave(self, number: int, _: object) -> None:
        self.begin(number)
        raise SystemExit(self.code)


@contextmanager
def only_one(
    lease: Lease, lost: Callable[[SankofaError], None], look: Callable[[], None] = lambda: None
) -> Iterator[int]:
    """Be the holder of a lease; answers the epoch. It is renewed until the end, and `lost` is called where another one has taken it,
    or where what it stands in is gone.

    Waits for as long as the lease of one that was killed can last, and then raises `Held`, which names the holder; `look` is called
    while it waits, and raises where nobody is to wait any more.
    """
    seconds = lease.seconds or CHECK_SECONDS
    epoch = _taken(lease, seconds, look)
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


def _taken(lease: Lease, seconds: int, look: Callable[[], None]) -> int:
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
        look()
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
    """Answer /metrics, and /runbooks, until the end."""
    host, _, port = address.rpartition(":")
    try:
        server, thread = start_http_server(int(port), host, registry=registry)
    except OSError as error:
        raise _in_use(address, error) from error
    server.set_app(with_runbooks(server.get_app()))
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _in_use(address: str, error: OSError) -> Unavailable:
    return Unavailable(f"{address}: {os.strerror(error.errno or 0)}; stop what listens there or name another address")
