"""The contract of `Lease`, on a ledger of either kind and on the lock file of a slot table: one holder, and a next one after a
death, a release or a loss. What lapses with time is the ledger's alone: a file lock ends with its process.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from deploy.parts import CHECKOUT
from sankofa_observe.adapters.ledger import SqlLedger, lease, tables
from sankofa_observe.adapters.ledger.lease import LedgerLease, owner_of_process
from sankofa_observe.adapters.slots.lock import WriterLock
from sankofa_observe.errors import Held, Lost
from sankofa_observe.ports import Lease
from tests.adapters.ledgers import SQL_KINDS, sql_ledger

HOLD_AND_DIE = """
import sys
from sankofa_observe.adapters.slots.lock import WriterLock
WriterLock(sys.argv[1], "scheduler").take()
print("held", flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, kw_only=True)
class Leases:
    """Leases of one kind: by owner and name; `rob` hands what is held to another one behind its holder's back."""

    of: Callable[..., Lease]
    rob: Callable[[], None]


@pytest.fixture(params=[*SQL_KINDS, "file"])
def leases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Leases]:
    if request.param == "file":
        yield Leases(
            of=lambda owner, name="scheduler": WriterLock(str(tmp_path), name, owner),
            rob=(tmp_path / "scheduler.lock").unlink,
        )
        return
    with sql_ledger(request.param, request, tmp_path) as ledger:
        yield Leases(of=lambda owner, name="scheduler": lease_of(ledger, owner, name), rob=lambda: lapse(ledger))


def lease_of(ledger: SqlLedger, owner: str, name: str = "scheduler") -> LedgerLease:
    return replace(ledger.lease(name), owner=owner)


def lapse(ledger: SqlLedger) -> None:
    with ledger._database.writing() as connection:
        connection.execute(update(tables.leases).values(expires_at=1))


def test_a_second_owner_is_refused_with_the_name_of_the_first(leases: Leases) -> None:
    """Another name is free."""
    first, second = leases.of("host-a:1"), leases.of("host-b:2")
    assert first.take() == 1
    first.check()
    with pytest.raises(Held, match=r"scheduler.* host-a:1 "):
        second.take()
    with pytest.raises(Lost):
        second.check()
    assert leases.of("host-b:2", "seal").take() == 1


def test_what_is_released_is_free_at_once(leases: Leases) -> None:
    """The next one has a later epoch; whoever gave it up holds nothing."""
    first, second = leases.of("host-a:1"), leases.of("host-b:2")
    first.take()
    first.release()
    assert second.take() == 2
    with pytest.raises(Lost, match="host-b:2 has it"):
        first.check()
    first.release()  # leaves the second one's alone
    with pytest.raises(Lost):
        first.renew()
    second.check()


def test_what_was_taken_over_is_lost_for_its_owner(leases: Leases) -> None:
    """A process that was frozen, or whose lock file somebody removed: it finds out before it does anything."""
    first, second = leases.of("host-a:1"), leases.of("host-b:2")
    first.take()
    leases.rob()
    with pytest.raises(Lost):
        first.check()
    second.take()
    with pytest.raises(Lost):
        first.renew()
    second.renew()
    second.check()


def test_of_many_at_once_one_becomes_the_holder(leases: Leases) -> None:
    """The others are refused."""
    takers = [leases.of(f"host-{number}:1") for number in range(8)]

    def take(one: Lease) -> int | None:
        try:
            return one.take()
        except Held:
            return None

    with ThreadPoolExecutor(8) as threads:
        epochs = list(threads.map(take, takers))
    assert sorted(epoch for epoch in epochs if epoch is not None) == [1]


# ----------------------------------------------------------------------------------------- what each kind is alone in


def test_a_refusal_says_for_how_long(ledger: SqlLedger) -> None:
    """And since when."""
    lease_of(ledger, "host-a:1").take()
    with pytest.raises(Held, match=r"scheduler is held by host-a:1 since \d+, for 1\d s"):
        lease_of(ledger, "host-b:2").take()


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


def test_the_file_lock_of_a_process_that_was_killed_is_free_at_once(tmp_path: Path) -> None:
    """The system gives it back, however the process ended."""
    command = [sys.executable, "-c", HOLD_AND_DIE, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Held, match=f"process {other.pid} writes them"):
            WriterLock(str(tmp_path), "scheduler").take()
        other.kill()
        other.wait()
    assert WriterLock(str(tmp_path), "scheduler").take() == 2


def test_a_clock_that_was_set_back_keeps_nobody_out(ledger: SqlLedger) -> None:
    """A lease that was taken in the future says nothing; another host's table of processes says nothing either."""
    lease_of(ledger, "host-a:1").take()
    with ledger._database.writing() as connection:
        connection.execute(update(tables.leases).values(taken_at=2**40, expires_at=2**40 + 15))
    assert lease_of(ledger, "host-b:2").take() == 2


def test_renewing_after_a_clock_that_was_set_back_keeps_it(ledger: SqlLedger) -> None:
    """It is of the new clock then: nobody else takes it for one of the future."""
    first = lease_of(ledger, "host-a:1")
    first.take()
    with ledger._database.writing() as connection:
        connection.execute(update(tables.leases).values(taken_at=2**40, expires_at=2**40 + 15))
    first.renew()
    with pytest.raises(Held, match="host-a:1"):
        lease_of(ledger, "host-b:2").take()


def test_a_machine_of_the_same_host_name_is_another_place(ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first table of processes of a kernel has one number everywhere: a process there may live though none here has its number."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(lease, "_boot", lambda: "another-boot")
        place, _, _ = owner_of_process().rpartition(":")
    lease_of(ledger, f"{place}:{dead.pid}").take()
    with pytest.raises(Held):
        lease_of(ledger, "host-b:2").take()


def test_a_lease_of_our_own_that_lapsed_says_so(ledger: SqlLedger) -> None:
    """Nobody has it; that we have it would be no reason to stop."""
    first = lease_of(ledger, "host-a:1")
    first.take()
    lapse(ledger)
    with pytest.raises(Lost, match=r"our lease of epoch 1 lapsed \d+ s ago"):
        first.check()


def test_a_lease_is_lost_at_the_very_second_at_which_it_lapses(
    ledger: SqlLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From then on another one may take it."""
    held = lease_of(ledger, "ours")
    held.take()
    with ledger._database.reading() as connection:
        expires_at = connection.execute(select(tables.leases.c.expires_at)).scalar_one()
    monkeypatch.setattr(lease, "_now", lambda _: expires_at - 1)
    held.check()
    monkeypatch.setattr(lease, "_now", lambda _: expires_at)
    with pytest.raises(Lost, match="lapsed 0 s ago"):
        held.check()


def test_a_place_is_a_host_a_boot_of_it_and_a_table_of_processes() -> None:
    """Containers of one host have one name and one boot, and each its own processes."""
    host, boot, processes = lease._place().split(":")
    assert (host, len(boot)) == (socket.gethostname(), 36)
    assert processes == str(Path("/proc/self/ns/pid").stat().st_ino)
