"""The process itself: the one scheduler of a ledger, and the addresses it listens on."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import update

from sankofa_observe.adapters.ledger import SqlLedger, tables
from sankofa_observe.adapters.ledger.lease import LedgerLease
from sankofa_observe.errors import Held, SankofaError, Unavailable, Unfit
from sankofa_observe.operations.process import GRACE_SECONDS, Ending, listen, metrics_at, only_one
from tests.pace import limit, until


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    """Of one kind: what a lease is, is held on both kinds by its contract suite."""
    with closing(SqlLedger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")) as opened:
        yield opened


def lease_of(ledger: SqlLedger, owner: str) -> LedgerLease:
    """One that lasts three seconds."""
    return replace(ledger.lease("scheduler"), owner=owner, seconds=3)


def alone(ledger: SqlLedger, owner: str) -> AbstractContextManager[int]:
    return only_one(lease_of(ledger, owner), lambda error: pytest.fail(str(error)))


def test_a_second_scheduler_is_refused_while_the_first_one_lives(ledger: SqlLedger) -> None:
    """It waits as long as a dead one's lease would last, and then says who runs; afterwards the next one starts."""
    with (
        alone(ledger, "host-a:1") as first,
        pytest.raises(Held, match="scheduler is held by host-a:1"),
        alone(ledger, "host-b:2"),
    ):
        pytest.fail("two schedulers of one ledger")
    with alone(ledger, "host-b:2") as second:
        assert (first, second) == (1, 2)


def test_a_scheduler_takes_over_from_one_on_a_host_that_was_lost(ledger: SqlLedger) -> None:
    """Nobody renews the lease, so it lapses while the next one waits."""
    lease_of(ledger, "host-a:1").take()
    with alone(ledger, "host-b:2") as epoch:
        assert epoch == 2


def test_a_scheduler_whose_lease_was_taken_is_told(ledger: SqlLedger) -> None:
    """It finds out at its next renewal, and by whom."""
    reasons: list[str] = []
    told = threading.Event()

    def lost(reason: SankofaError) -> None:
        reasons.append(str(reason))
        told.set()

    with only_one(lease_of(ledger, "host-a:1"), lost):
        with ledger._database.writing() as connection:
            connection.execute(update(tables.leases).values(owner="host-b:2", epoch=9))
        assert told.wait(limit(5))
    assert reasons == ["scheduler: the lease of epoch 1 was taken over"]


def test_a_scheduler_whose_ledger_is_gone_is_told(ledger: SqlLedger, tmp_path: Path) -> None:
    """Once: no later renewal could be any better."""
    told: list[SankofaError] = []
    with only_one(lease_of(ledger, "host-a:1"), told.append):
        (tmp_path / "ledger.sqlite").unlink()
        until(lambda: bool(told))
    assert [type(one) for one in told] == [Unfit]
    assert "was removed or replaced while it was open" in str(told[0])


def test_an_address_in_use_is_an_error_in_a_sentence() -> None:
    """For the API and for the metrics alike; it names the address and the cure."""
    with listen("127.0.0.1:0") as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        words = f"{address}: Address already in use; stop what listens there or name another address"
        with pytest.raises(Unavailable) as error:
            listen(address)
        assert str(error.value) == words
        with pytest.raises(Unavailable) as error, metrics_at(address, CollectorRegistry()):
            pytest.fail("two listen")
        assert str(error.value) == words


def test_metrics_answer_until_the_end() -> None:
    """And the address is free again afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with metrics_at(address, CollectorRegistry()):
        assert httpx.get(f"http://{address}/metrics", trust_env=False).status_code == 200
    listen(address).close()


SWALLOWS = {
    "a destructor": "class Swallows:\n    def __del__(self): {kill}",
    "a destructor that catches everything": "class Swallows:\n    def __del__(self):\n        try: {kill}\n        except BaseException: pass",
    "code that catches everything": "def Swallows():\n    try: {kill}\n    except BaseException: pass",
}


@pytest.mark.parametrize("place", SWALLOWS)
def test_a_signal_whose_exception_is_lost_ends_what_waits_all_the_same(place: str) -> None:
    """Whoever catches it, and whether Python prints it: the exception is not the only messenger."""
    script = (
        "import os, signal, time\nfrom sankofa_observe.operations.process import Ending\n"
        + SWALLOWS[place].format(kill="os.kill(os.getpid(), signal.SIGTERM); time.sleep(0.01)")
        + "\nending = Ending(code=3)\nending.at()\none = Swallows()\ndel one\nending.wait()\nprint(ending.why)\nending.look()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=limit(30), check=False
    )

    assert (done.returncode, done.stdout) == (3, "SIGTERM received\n")


def test_a_scheduler_that_is_to_end_does_not_wait_for_a_lease(ledger: SqlLedger) -> None:
    """Whoever holds it: the wait is as long as a dead one's lease could last."""

    def look() -> None:
        raise SystemExit(0)

    with alone(ledger, "host-a:1"), pytest.raises(SystemExit), only_one(lease_of(ledger, "host-b:2"), print, look):
        pytest.fail("two schedulers of one ledger")


def test_answers_from_outside_have_a_few_seconds_once_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not from the start, and not for ever: systemd gives a process ninety seconds."""
    now = [100.0]
    monkeypatch.setattr("sankofa_observe.operations.process.time.monotonic", lambda: now[0])
    ending = Ending()
    before = ending.waits_no_more
    ending.begin(signal.SIGTERM)
    at_once, now[0] = ending.waits_no_more, now[0] + GRACE_SECONDS + 0.1
    assert (before, at_once, ending.waits_no_more) == (False, False, True)
