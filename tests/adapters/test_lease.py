"""The contract of `Lease`, on a ledger of either kind: one holder, and a next one after a death, a release or a lapse."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import pytest
from sqlalchemy import update

from sankofa_observe.adapters.ledger import SqlLedger, tables
from sankofa_observe.adapters.ledger.lease import LedgerLease, owner_of_process
from sankofa_observe.cli import serve
from sankofa_observe.errors import Held, Lost
from sankofa_observe.ports import Lease
from sankofa_observe.schedule import Stage, Turn
from tests.pace import limit

if TYPE_CHECKING:
    from sankofa_observe.bootstrap import Platform


def lease_of(ledger: SqlLedger, owner: str, name: str = "scheduler") -> LedgerLease:
    return replace(ledger.lease(name), owner=owner)


def lapse(ledger: SqlLedger) -> None:
    with ledger._database.writing() as connection:
        connection.execute(update(tables.leases).values(expires_at=1))


def test_a_second_owner_is_refused_with_the_name_of_the_first(ledger: SqlLedger) -> None:
    """And for how long; another name is free."""
    first, second = lease_of(ledger, "host-a:1"), lease_of(ledger, "host-b:2")
    assert first.take() == 1
    first.check()
    with pytest.raises(Held, match=r"scheduler is held by host-a:1 since \d+, for 1\d s"):
        second.take()
    assert lease_of(ledger, "host-b:2", "seal").take() == 1


def test_what_is_released_is_free_at_once(ledger: SqlLedger) -> None:
    """The next one has a later epoch; whoever gave it up holds nothing."""
    first, second = lease_of(ledger, "host-a:1"), lease_of(ledger, "host-b:2")
    first.take()
    first.release()
    assert second.take() == 2
    with pytest.raises(Lost, match="host-b:2 has it"):
        first.check()
    first.release()  # leaves the second one's alone
    with pytest.raises(Lost):
        first.renew()
    second.check()


def test_a_lapsed_lease_is_taken_over_and_its_owner_finds_out(ledger: SqlLedger) -> None:
    """A process that was frozen: what it holds has lapsed, and then belongs to another one."""
    first, second = lease_of(ledger, "host-a:1"), lease_of(ledger, "host-b:2")
    first.take()
    lapse(ledger)
    with pytest.raises(Lost):
        first.check()
    second.take()
    with pytest.raises(Lost, match="was taken over"):
        first.renew()
    second.renew()
    second.check()


def test_renewing_holds_it(ledger: SqlLedger) -> None:
    """For as long as it is renewed in time, even where it had lapsed and nobody came."""
    first = lease_of(ledger, "host-a:1")
    first.take()
    lapse(ledger)
    first.renew()
    first.check()


def test_the_lease_of_a_process_that_was_killed_is_free_at_once(ledger: SqlLedger) -> None:
    """On its own host its death can be seen; of another host nobody can tell."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    place, _, _ = owner_of_process().rpartition(":")
    lease_of(ledger, f"{place}:{dead.pid}").take()
    assert lease_of(ledger, "host-b:2").take() == 2
    lease_of(ledger, owner_of_process(), "seal").take()
    with pytest.raises(Held):
        lease_of(ledger, "host-b:2", "seal").take()


def test_a_clock_that_was_set_back_keeps_nobody_out(ledger: SqlLedger) -> None:
    """A lease that was taken in the future says nothing; another host's table of processes says nothing either."""
    lease_of(ledger, "host-a:1").take()
    with ledger._database.writing() as connection:
        connection.execute(update(tables.leases).values(taken_at=2**40, expires_at=2**40 + 15))
    assert lease_of(ledger, "host-b:2").take() == 2


def test_of_many_at_once_one_becomes_the_holder(ledger: SqlLedger) -> None:
    """The others are refused."""

    def take(number: int) -> int | None:
        try:
            return lease_of(ledger, f"host-{number}:1").take()
        except Held:
            return None

    with ThreadPoolExecutor(8) as takers:
        epochs = list(takers.map(take, range(8)))
    assert sorted(epoch for epoch in epochs if epoch is not None) == [1]


# ------------------------------------------------------------------------------------------------------------------- serve


@dataclass
class Scheduling:
    """As much of a platform as the lease of a scheduler needs."""

    ledger: Leasing


@dataclass
class Leasing:
    """A ledger whose leases last three seconds."""

    of: SqlLedger
    owner: str

    def lease(self, name: str) -> LedgerLease:
        return replace(self.of.lease(name), owner=self.owner, seconds=3)


def alone(ledger: SqlLedger, owner: str) -> AbstractContextManager[Lease | None]:
    return serve._alone(cast("Platform", Scheduling(Leasing(ledger, owner))), scheduling=True)


def test_a_second_scheduler_is_refused_while_the_first_one_lives(ledger: SqlLedger) -> None:
    """It waits as long as a dead one's lease would last, and then says who runs; afterwards the next one starts."""
    with alone(ledger, "host-a:1") as first:
        assert first is not None
        with pytest.raises(Held, match="scheduler is held by host-a:1"), alone(ledger, "host-b:2"):
            pytest.fail("two schedulers of one ledger")
        first.check()
    with alone(ledger, "host-b:2"):
        pass


def test_a_scheduler_takes_over_from_one_on_a_host_that_was_lost(ledger: SqlLedger) -> None:
    """Nobody renews the lease, so it lapses while the next one waits."""
    Leasing(ledger, "host-a:1").lease("scheduler").take()
    with alone(ledger, "host-b:2") as second:
        assert second is not None
        second.check()


def test_a_scheduler_whose_lease_was_taken_ends(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds out at its next renewal, and every stage before that."""
    ended = threading.Event()
    monkeypatch.setattr("os.kill", lambda *_: ended.set())
    with alone(ledger, "host-a:1") as first:
        with ledger._database.writing() as connection:
            connection.execute(update(tables.leases).values(owner="host-b:2", epoch=9))
        turn = serve._held(
            Turn(every_seconds=1, stages=[Stage(name="settle", run=lambda: pytest.fail("it ran"))]),
            cast("Lease", first),
        )
        with pytest.raises(Lost, match="host-b:2 has it"):
            turn.stages[0].run()
        assert ended.wait(limit(5))
