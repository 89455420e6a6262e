"""The ledger beside the records of others: what each question costs at a thousand settlements and at a million, on SQLite."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.ports import StateChange
from sankofa_observe.sla.settlement import SettlementState
from tests.adapters.grown import grow
from tests.adapters.test_ledger_records import ACME, QUESTIONS
from tests.builders import attainment, breach, credit, verdict

from .idle import AGREEMENTS, platform_of, turn_of
from .report import Row, Table

SIZES = (1_000, 1_000_000)
ROUNDS = 20
WRITES = {"a verdict", "a penalty", "an attainment", "a wait"}


def run() -> Table:
    small, large = (_measure(size) for size in SIZES)
    rows = [
        Row(
            what=what,
            ours=f"{1000 * small[what]:.2f} ms; {1000 * large[what]:.2f} ms",
            peer=f"{large[what] / small[what]:.2f} x",
        )
        for what in small
    ]
    return Table(
        title=f"Records: {SIZES[0]:,} and {SIZES[1]:,} settlements of other tenants",
        peer="what a thousand times more cost",
        how=(
            f"CPU of the best of {ROUNDS} runs of each question of a tenant with one settlement, and of each question of a stage, on "
            "SQLite; a write is run once."
        ),
        rows=rows,
        notes=(f"The tenant has {AGREEMENTS + 1:,} agreements, of which `agreements` hands out all.",),
    )


def _measure(size: int) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(SqlLedger(f"sqlite:///{Path(folder) / 'ledger.sqlite'}")) as ledger,
    ):
        _settled(ledger)
        with ledger._database.writing() as connection:
            grow(connection, size)
        turn = turn_of(platform_of(ledger))
        turn()  # which judges: what comes after it is idle
        idle = {f"an idle turn of {AGREEMENTS:,} promises": _best(turn, ROUNDS)}
        return {
            **{what: _best(partial(ask, ledger), 1 if what in WRITES else ROUNDS) for what, ask in QUESTIONS.items()},
            **idle,
        }


def _settled(ledger: SqlLedger) -> None:
    """One breach of one agreement on its whole way, after which nothing is left to do: the pattern of those of others."""
    penalty = breach(ACME).penalty
    ledger.add_agreement(
        agreement_id=ACME.id, version=1, tenant=ACME.tenant, terms_hash=ACME.terms_hash, document="{}", at=1
    )
    ledger.add_attainments([attainment(ACME)])
    ledger.add_verdict(verdict(ACME))
    ledger.add_penalty(penalty)
    for state in (SettlementState.REPORTED, SettlementState.FINAL):
        ledger.add_state(penalty.settlement_id, StateChange(state=state, at=9, revision=1))
    ledger.add_credit(credit(ACME, penalty))


def _best(work: Callable[[], object], rounds: int) -> float:
    found = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return min(found)
