"""Pages while others write: what stands comes once, whatever changes about it, and what is written later comes later."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.ports import Attempt, AttemptKind, Ledger, Page, Receipt, StateChange, Wait
from sankofa_observe.scope import OPERATOR, of_tenant
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.verdict import Verdict
from tests.adapters.postgres import Postgres
from tests.builders import agreement, breach, credit, digest_of, period, verdict
from tests.pace import limit

ACME = agreement()


def wait(name: str, reason: str = "away", at: int = 100) -> Wait:
    return Wait(subject="period", subject_id=name, tenant="acme", reason=reason, since_at=at, due_at=at + 60)


def paged(ask: Callable[..., Page[Any]], between: Callable[[], object]) -> list[Any]:
    """One at a time, with something done after the first."""
    page = ask(limit=1)
    found = list(page.items)
    between()
    while page.next is not None:
        page = ask(limit=1, after=page.next)
        found += page.items
    return found


@pytest.mark.parametrize("changed", ["one", "two", "three"])
def test_a_wait_comes_once_when_its_reason_changes_between_pages(any_ledger: Ledger, changed: str) -> None:
    """It began when it began, before or after the page that was read."""
    for name in ("one", "two", "three"):
        any_ledger.begin_wait(wait(name))
    found = paged(
        any_ledger.read(of_tenant("acme")).waits, lambda: any_ledger.begin_wait(wait(changed, "another reason", 105))
    )

    assert [one.subject_id for one in found] == ["one", "two", "three"]
    assert [one.subject_id for one in any_ledger.waits("period")] == ["one", "two", "three"]


def test_a_wait_that_begins_again_is_another_one(any_ledger: Ledger) -> None:
    """Behind those that wait since then already."""
    for name in ("one", "two"):
        any_ledger.begin_wait(wait(name))
    any_ledger.begin_wait(wait("one", "another reason"))
    any_ledger.end_wait("period", "one", 100)
    any_ledger.begin_wait(wait("one"))

    assert [one.subject_id for one in any_ledger.read(OPERATOR).waits().items] == ["two", "one"]


@pytest.mark.parametrize("changed", range(3))
def test_an_undetermined_verdict_comes_once_when_it_is_revised_between_pages(any_ledger: Ledger, changed: int) -> None:
    """Of one period, at its promise's place; what was decided before its page came does not come."""
    unclear = [
        replace(verdict(ACME), agreement_id=digest_of(str(n)), verdict=Verdict.UNDETERMINED, at_stake=ACME.money(1))
        for n in range(3)
    ]
    for record in unclear:
        any_ledger.add_verdict(record)
    revised = replace(unclear[changed], revision=2, slots_digest=digest_of("recounted"))
    found = paged(any_ledger.read(OPERATOR).undetermined, lambda: any_ledger.add_verdict(revised))

    assert [one.agreement_id for one in found] == [one.agreement_id for one in unclear]


WRITES: dict[str, tuple[Callable[[SqlLedger, int], object], Callable[[SqlLedger], Callable[..., Page[Any]]]]] = {
    "credit_entry": (
        lambda ledger, n: ledger.add_credit(credit(ACME, breach(ACME, n).penalty)),
        lambda ledger: ledger.read(of_tenant("acme")).credits,
    ),
    "verdict": (
        lambda ledger, n: ledger.add_verdict(replace(verdict(ACME, 9), agreement_id=digest_of(str(n)))),
        lambda ledger: ledger.read(of_tenant("acme")).verdicts,
    ),
    "wait": (
        lambda ledger, n: ledger.begin_wait(wait(str(n))),
        lambda ledger: ledger.read(of_tenant("acme")).waits,
    ),
}


@pytest.mark.real("postgres", "initdb", "pg_isready")
@pytest.mark.parametrize("table", WRITES)
def test_what_is_written_while_pages_are_read_is_not_passed(postgres: Postgres, table: str) -> None:
    """A row that is inserted and not committed has a number already: none with a later one is seen before it."""
    write, ask_of = WRITES[table]
    url = postgres.empty_database()
    with closing(SqlLedger(url)) as ledger, closing(SqlLedger(url)) as slow:
        for n in range(4):
            ledger.add_penalty(breach(ACME, n).penalty)
        write(ledger, 0)
        inserted, go_on = threading.Event(), threading.Event()

        def hold(*told: Any) -> None:
            if told[2].startswith(f"INSERT INTO {table} "):
                inserted.set()
                go_on.wait(limit(10))

        event.listen(slow._database.engine, "after_cursor_execute", hold)
        with ThreadPoolExecutor(2) as writers:
            first = writers.submit(write, slow, 1)
            assert inserted.wait(limit(10))
            later = writers.submit(lambda: [write(ledger, n) for n in (2, 3)])
            with pytest.raises(TimeoutError):
                later.result(timeout=0.3)
            ask = ask_of(ledger)
            assert len(ask(limit=2).items) == 1
            go_on.set()
            first.result(limit(10))
            later.result(limit(10))
        page = ask(limit=2)
        found = [*page.items, *ask(limit=2, after=page.next).items]

        assert found == list(ask().items)
        assert [_number(one) for one in found] == [_number_of(table, n) for n in range(4)]


def _number(one: Any) -> object:
    return getattr(one, "settlement_id", None) or getattr(one, "subject_id", None) or one.agreement_id


def _number_of(table: str, n: int) -> object:
    if table == "credit_entry":
        return breach(ACME, n).penalty.settlement_id
    return str(n) if table == "wait" else digest_of(str(n))


def test_a_settlement_that_moves_between_pages_comes_once(any_ledger: Ledger) -> None:
    """Its place is its period and its id, of which neither changes."""
    penalties = [breach(ACME, n).penalty for n in range(3)]
    for penalty in penalties:
        any_ledger.add_penalty(penalty)
    found = paged(any_ledger.read(OPERATOR).settlements, lambda: any_ledger.add_penalty(breach(ACME, 3).penalty))

    assert [one.penalty.period for one in found] == [period(n) for n in range(4)]


def test_ledger_hands_out_pages_of_what_was_asked_for(any_ledger: Ledger) -> None:
    """Settlements in a state, waits of a kind, transactions without a fate: each page is full, wherever others stand between."""
    ids = []
    for index in range(4):
        made = breach(ACME, index)
        any_ledger.add_penalty(made.penalty)
        ids.append(made.penalty.settlement_id)
        any_ledger.begin_wait(replace(wait(str(index)), subject=("settlement", "lane", "period")[index % 3]))
        sent = Attempt(
            kind=AttemptKind.REPORT,
            settlement_ids=(made.penalty.settlement_id,),
            sender="0x" + "a1" * 20,
            nonce=index,
            transaction="0x" + f"{index:02x}" * 32,
            raw=b"\x01",
        )
        any_ledger.add_attempt(sent, 100)
        if index % 2:
            any_ledger.add_state(ids[-1], StateChange(state=SettlementState.HELD, at=100))
            any_ledger.close_attempt(sent, Receipt(succeeded=True, block_number=index), 101)
    reads = any_ledger.read(OPERATOR)

    held = paged(partial(reads.settlements, SettlementState.HELD), lambda: None)
    assert [one.penalty.settlement_id for one in held] == [ids[1], ids[3]]
    waits = paged(partial(reads.waits, "settlement", "lane"), lambda: None)
    assert [one.subject_id for one in waits] == ["0", "1", "3"]
    sent_open = paged(partial(reads.transactions, is_open=True), lambda: None)
    assert [one.attempt.nonce for one in sent_open] == [0, 2]
    assert any_ledger.open_attempts() == [one.attempt for one in sent_open]
    assert len(reads.transactions().items) == len(reads.settlements().items) == 4
