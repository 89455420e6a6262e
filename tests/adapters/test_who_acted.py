"""A person's act on a settlement is recorded under that person's name."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from sankofa_observe.adapters.ledger import SqlLedger, tables
from sankofa_observe.pipeline.lane_acts import LaneActs
from sankofa_observe.ports import OnChainSettlement, OnChainWord
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.testing import FakeChain, FixedClock, MemoryArchive
from tests.builders import AMINA, START, agreement, breach, introduce


def test_what_was_taken_over_says_who_did_it(tmp_path: Path) -> None:
    """In each record that it makes; it is the first price of its verdict here."""
    of, found = agreement(), breach(agreement())
    row, clock = found.penalty.row(), FixedClock(at=START + 10**6)
    chain = FakeChain(clock=clock, members=(), threshold=0)
    word = OnChainWord(
        state=SettlementState.FINAL, revision=1, commitment=row.commitment, credit_ppm=found.penalty.credit_ppm, deadline_at=0, deadline_block=0,
    )  # fmt: skip
    chain.put(row.key, OnChainSettlement(standing=word))
    chain._rows.append((chain.number, row))
    with closing(SqlLedger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")) as ledger:
        introduce(ledger)
        acts = LaneActs(
            ledger=ledger, archive=MemoryArchive(), chain=chain, clock=clock, agreements={of.version_id: of}, by="amina", reason="INC-7",
        )  # fmt: skip
        acts.adopt(found.penalty.settlement_id, found.document)
        with ledger._database.reading() as connection:
            actors = [
                set(connection.execute(select(table.c.actor)).scalars())
                for table in (tables.penalties, tables.state_changes)
            ]
            revisions = list(connection.execute(select(tables.penalties.c.revision)).scalars())

    assert (actors, revisions) == ([{AMINA}] * 2, [1])
