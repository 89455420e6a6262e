"""credit: what the contract accrued is granted, once it is final and not before."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.credit import credit
from sankofa_observe.ports import Finalisation, OnChainSettlement, OnChainWord, StateChange
from sankofa_observe.scope import of_tenant
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.penalty import Penalty
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.testing import FakeChain, FixedClock, MemoryLedger
from sankofa_observe.units import Money
from tests import builders
from tests.builders import CREDIT_MINOR, breach, period

REPORTED, DISPUTED, FINAL = SettlementState.REPORTED, SettlementState.DISPUTED, SettlementState.FINAL
VOIDED, HELD = SettlementState.VOIDED, SettlementState.HELD
ACME, GLOBEX = builders.agreement(), builders.agreement("globex-edge", tenant="globex")
AT = period(3).ends_at
TRANSACTION = "0x" + "7a" * 32


@dataclass(kw_only=True)
class Books:
    """A ledger of settlements in given states, and a chain that may know of their finalisation."""

    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    chain: FakeChain = field(default_factory=lambda: FakeChain(clock=FixedClock(at=AT), members=(), threshold=0))

    def settlement(self, *states: SettlementState, index: int = 0, of: str = "acme") -> Penalty:
        made = breach(ACME if of == "acme" else GLOBEX, index).penalty
        self.ledger.add_penalty(made)
        for state in states:
            self.ledger.add_state(made.settlement_id, StateChange(state=state, at=AT, revision=1))
        return made

    def accrued(self, penalty: Penalty, delta_minor: int = CREDIT_MINOR, credit_ppm: int | None = None) -> None:
        """Final on chain, with a share of the fee that is the penalty's own, or another one by a ruling."""
        row = penalty.row(1 if credit_ppm is None else 2)
        word = OnChainWord(
            state=FINAL,
            revision=row.revision,
            commitment=row.commitment,
            credit_ppm=penalty.credit_ppm if credit_ppm is None else credit_ppm,
            deadline_at=AT,
            deadline_block=0,
        )
        self.chain.put(penalty.key, OnChainSettlement(standing=word))
        self.chain.finals[penalty.settlement_id] = Finalisation(
            revision=row.revision,
            period_minor=delta_minor,
            delta_minor=delta_minor,
            by_default=False,
            transaction=TRANSACTION,
            block_number=7,
            at=AT + 5,
        )

    def grant(self) -> list[ServiceCredit]:
        return list(credit(ledger=self.ledger, chain=self.chain))


def test_a_final_settlement_is_granted_to_its_tenant() -> None:
    """The credit names tenant, transaction, block and moment of the contract's own word."""
    books = Books()
    one = books.settlement(REPORTED, FINAL, of="globex")
    books.accrued(one)

    assert books.grant() == [
        ServiceCredit(
            settlement_id=one.settlement_id,
            agreement_id=GLOBEX.id,
            slo=one.slo,
            site=one.site,
            period=one.period,
            tenant="globex",
            amount=Money(amount_minor=CREDIT_MINOR, currency="USD", exponent=2),
            cut_minor=0,
            revision=1,
            transaction=TRANSACTION,
            block_number=7,
            granted_at=AT + 5,
        )
    ]


def test_the_amount_is_the_one_the_contract_accrued() -> None:
    """Where the cap of the period cut a credit the contract's amount is granted, not that of the penalty."""
    books = Books()
    books.accrued(books.settlement(REPORTED, FINAL), CREDIT_MINOR - 20_000)

    assert [(one.amount.amount_minor, one.cut_minor) for one in books.grant()] == [(30_000, 20_000)]


def test_nothing_is_cut_where_more_was_accrued_or_by_another_revision_than_was_priced() -> None:
    """A ruling or a restatement is another price: what it differs by is no cap's doing."""
    books = Books()
    books.accrued(books.settlement(REPORTED, FINAL), CREDIT_MINOR + 1)
    books.accrued(books.settlement(REPORTED, FINAL, index=1), CREDIT_MINOR - 20_000, credit_ppm=100_000)

    assert [(one.revision, one.cut_minor) for one in books.grant()] == [(1, 0), (2, 0)]


@pytest.mark.parametrize(
    "states",
    [(), (REPORTED,), (REPORTED, DISPUTED), (REPORTED, VOIDED), (REPORTED, DISPUTED, VOIDED), (HELD,)],
    ids=lambda states: states[-1].value if states else "computed",
)
def test_only_a_final_settlement_is_granted(states: tuple[SettlementState, ...]) -> None:
    """In every other state there is no credit, even if the chain is ahead and tells of one."""
    books = Books()
    books.accrued(books.settlement(*states))

    assert (books.grant(), list(books.ledger.grants.values())) == ([], [])


def test_a_dispute_that_ended_for_the_tenant_is_granted() -> None:
    """Final by the arbiter is final."""
    books = Books()
    books.accrued(books.settlement(REPORTED, DISPUTED, FINAL))

    assert len(books.grant()) == 1


def test_granting_again_adds_nothing() -> None:
    """A second run finds every credit granted, and does not even ask the chain."""
    books = Books()
    books.accrued(books.settlement(REPORTED, FINAL))
    first = books.grant()
    books.chain.faults.away = True

    assert (books.grant(), list(books.ledger.grants.values())) == ([], first)


def test_a_node_that_lags_holds_up_only_what_it_does_not_know() -> None:
    """What the node tells of is granted; the other settlement is granted once it has caught up."""
    books = Books()
    behind, known = books.settlement(REPORTED, FINAL), books.settlement(REPORTED, FINAL, index=1)
    books.accrued(known)
    first = [one.settlement_id for one in books.grant()]
    books.accrued(behind)

    assert first == [known.settlement_id]
    assert [one.settlement_id for one in books.grant()] == [behind.settlement_id]


def test_a_chain_that_is_away_loses_no_credit() -> None:
    """Nothing is granted while the chain is away; the next run grants what is due."""
    books = Books()
    books.accrued(books.settlement(REPORTED, FINAL))
    books.chain.faults.away = True
    with pytest.raises(Unavailable):
        books.grant()
    before = list(books.ledger.grants.values())
    books.chain.faults.away = False

    assert (before, len(books.grant())) == ([], 1)


def test_credits_of_tenants_are_kept_apart() -> None:
    """Each tenant finds the credits of its own agreements."""
    books = Books()
    books.accrued(books.settlement(REPORTED, FINAL))
    books.accrued(books.settlement(REPORTED, FINAL, of="globex"))
    books.grant()

    assert [
        [one.agreement_id for one in books.ledger.read(of_tenant(name)).credits().items] for name in ("acme", "globex")
    ] == [
        [ACME.id],
        [GLOBEX.id],
    ]
