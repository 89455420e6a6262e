"""The contract of `Ledger`, on the double, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable, Unfit
from sankofa_observe.ports import (
    Attempt,
    AttemptKind,
    JudgedFrom,
    Ledger,
    Outcome,
    Page,
    Receipt,
    Review,
    SettlementRecord,
    StateChange,
    ToAssess,
    Undetermined,
    Wait,
    Waiting,
)
from sankofa_observe.scope import AUDITOR, OPERATOR, Scope, of_tenant
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.credit import ServiceCredit
from sankofa_observe.sla.penalty import VerdictRecord
from sankofa_observe.sla.revision import Revision
from sankofa_observe.sla.settlement import ARROWS, SettlementState
from sankofa_observe.slo.quorum import Quorum, View
from sankofa_observe.slo.verdict import Verdict
from sankofa_observe.units import Money
from tests.adapters.ledgers import at_revision
from tests.builders import CREDIT_MINOR, agreement, attainment, breach, credit, digest_of, period, verdict

ACME, BAOBAB = agreement(), agreement("baobab-edge", tenant="baobab", site="edge-2")
COMPUTED, REPORTED, DISPUTED = SettlementState.COMPUTED, SettlementState.REPORTED, SettlementState.DISPUTED
FINAL, VOIDED, HELD = SettlementState.FINAL, SettlementState.VOIDED, SettlementState.HELD
WITHDRAWN = SettlementState.WITHDRAWN
ATTEMPT = Attempt(
    kind=AttemptKind.REPORT,
    settlement_ids=("0xaa", "0xbb"),
    sender="0x" + "5e" * 20,
    nonce=3,
    transaction=digest_of("one"),
    raw=b"\x00\xffsigned",
)


@pytest.fixture
def ledger(any_ledger: Ledger) -> Ledger:
    return any_ledger


def verdicts(ledger: Ledger, of: Agreement = ACME) -> list[VerdictRecord]:
    return list(ledger.read(OPERATOR).verdicts(of.id).items)


def settlements(ledger: Ledger, scope: Scope = OPERATOR) -> list[SettlementRecord]:
    return list(ledger.read(scope).settlements().items)


def credits_of(ledger: Ledger, scope: Scope = OPERATOR) -> list[ServiceCredit]:
    return list(ledger.read(scope).credits().items)


def test_ledger_that_is_empty_answers_nothing(ledger: Ledger) -> None:
    """Before the first row every question has an empty answer."""
    reads = ledger.read(OPERATOR)
    assert (
        reads.agreements(),
        verdicts(ledger),
        settlements(ledger),
        reads.settlement(digest_of("none")),
        credits_of(ledger),
        reads.balance(),
        reads.undetermined().items,
    ) == ([], [], [], None, [], [], ())
    assert (ledger.standing(ACME.id, period()), ledger.to_assess(ACME.id), ledger.newest_judged(ACME.id)) == (
        [],
        [],
        None,
    )
    assert (ledger.computed(), ledger.uncredited(), ledger.open_attempts()) == ([], [], [])
    totals = ledger.totals()
    assert (dict(totals.settlements), dict(totals.penalties), dict(totals.credits)) == ({}, {}, {})


def test_ledger_names_the_versions_of_an_agreement(ledger: Ledger) -> None:
    """The versions of one agreement are told in order, and those of another one are not among them."""
    for name, version in (("one", 2), ("one", 1), ("other", 7)):
        terms, document = digest_of(f"{name} {version}"), "{}"
        ledger.add_agreement(
            agreement_id=digest_of(name), version=version, tenant="t", terms_hash=terms, document=document, at=1
        )

    assert (ledger.versions(digest_of("one")), ledger.versions(digest_of("none"))) == ([1, 2], [])


def test_ledger_keeps_the_terms_of_a_version(ledger: Ledger) -> None:
    """The same terms again add nothing; a new version adds a row; the same version with other terms is refused."""

    def add(version: int, terms: str) -> bool:
        return ledger.add_agreement(
            agreement_id=ACME.id, version=version, tenant="acme", terms_hash=digest_of(terms), document="{}", at=1
        )

    assert [add(1, "first"), add(1, "first"), add(2, "second"), add(1, "first")] == [True, False, True, False]
    with pytest.raises(InvariantBroken, match="agreement"):
        add(1, "other")


def test_ledger_returns_the_verdict_it_was_given(ledger: Ledger) -> None:
    """A verdict comes back whole, with its slots by state."""
    record = verdict(ACME)
    assert [ledger.add_verdict(record), ledger.add_verdict(record)] == [True, False]
    assert verdicts(ledger) == [record]


@pytest.mark.parametrize("change", ["slots_digest", "verdict"])
def test_ledger_refuses_another_verdict_of_the_same_revision(ledger: Ledger, change: str) -> None:
    """Two judgements under one revision are two truths; the first one stays."""
    record = verdict(ACME)
    ledger.add_verdict(record)
    others = {
        "slots_digest": replace(record, slots_digest=digest_of("other")),
        "verdict": replace(record, verdict=Verdict.MET),
    }
    with pytest.raises(InvariantBroken, match="verdict"):
        ledger.add_verdict(others[change])
    assert verdicts(ledger) == [record]


def test_ledger_finds_verdicts_by_agreement_and_period(ledger: Ledger) -> None:
    """Every revision, oldest period first; of a period the newest of each promise stands."""
    late, early, revised, foreign = verdict(ACME, 1), verdict(ACME, 0), verdict(ACME, 0, revision=2), verdict(BAOBAB, 0)
    for record in (late, early, revised, foreign):
        ledger.add_verdict(record)

    assert (verdicts(ledger), verdicts(ledger, BAOBAB)) == ([early, revised, late], [foreign])
    assert [ledger.standing(ACME.id, period(n)) for n in range(3)] == [[revised], [late], []]
    assert (ledger.newest_judged(ACME.id), ledger.newest_judged(digest_of("nobody"))) == (late, None)
    assert [ledger.newest_judged(ACME.id, before_at=period(n).starts_at) for n in range(3)] == [None, revised, late]


def test_ledger_asks_for_a_price_of_every_breach_until_it_has_one(ledger: Ledger) -> None:
    """And again when the verdict is revised after that; a promise that was met asks for none, until it is revised to a breach."""
    breached, met = verdict(ACME, 0), replace(verdict(ACME, 1), verdict=Verdict.MET)
    for record in (met, breached, verdict(BAOBAB, 0)):
        ledger.add_verdict(record)
    asked = [ledger.to_assess(ACME.id)]
    asking = [ledger.agreements_to_assess()]
    penalty = breach(ACME, 0).penalty
    ledger.add_penalty(penalty)
    asked.append(ledger.to_assess(ACME.id))
    asking.append(ledger.agreements_to_assess())
    revised, turned = replace(breached, revision=2), replace(met, revision=2, verdict=Verdict.BREACH)
    for record in (revised, turned):
        ledger.add_verdict(record)
    asked.append(ledger.to_assess(ACME.id))

    assert asking == [sorted([ACME.id, BAOBAB.id]), [BAOBAB.id]]
    assert asked == [
        [ToAssess(record=breached, penalty=None, state=None)],
        [],
        [
            ToAssess(record=revised, penalty=penalty, state=COMPUTED),
            ToAssess(record=turned, penalty=None, state=None),
        ],
    ]


def test_ledger_lists_what_nobody_can_tell(ledger: Ledger) -> None:
    """Undetermined verdicts, each until it is revised; a tenant sees its own."""
    unclear = [replace(verdict(of, n), verdict=Verdict.UNDETERMINED) for n in (1, 0) for of in (ACME, BAOBAB)]
    for record in unclear:
        ledger.add_verdict(record)
    ledger.add_verdict(replace(unclear[0], revision=2, verdict=Verdict.MET))
    reads = [ledger.read(scope).undetermined().items for scope in (OPERATOR, of_tenant("acme"))]

    assert reads == [(unclear[2], unclear[3], unclear[1]), (unclear[2],)]


def test_ledger_keeps_what_was_attained(ledger: Ledger) -> None:
    """The newest revision of each site stands; the same one again adds nothing, and another one under its revision is refused."""
    first, other = attainment(ACME), attainment(BAOBAB)
    second = replace(first, revision=2, slots_digest=digest_of("recounted"), drawn_at=9)
    ledger.add_attainments([first, other])
    ledger.add_attainments([first, replace(first, drawn_at=9), second])

    assert ledger.attainments(first.slo, period()) == [second, other]
    assert (ledger.attainments("nobody's", period()), ledger.attainments(first.slo, period(1))) == ([], [])
    with pytest.raises(Unavailable, match=r"attainment.*drawn by another process at the same time"):
        ledger.add_attainments([attainment(ACME, 1), replace(second, days={})])
    assert ledger.attainments(first.slo, period(1)) == []  # all or none


def test_ledger_keeps_what_each_panel_of_observers_attained(ledger: Ledger) -> None:
    """The newest of each site and panel stands, with what each observer alone would have said; numbers are shared."""
    alone = attainment(ACME)
    view = View(name="north", good=9, bad=1, unknown=0, samples=80, verdict="breach")
    three = replace(alone, revision=2, quorum=Quorum(names=("east", "north"), bad=2, good=2), views=(view,))
    later = replace(three, revision=3, views=(replace(view, bad=2),))
    ledger.add_attainments([alone, three, later])

    assert ledger.attainments(alone.slo, period()) == [alone, later]
    assert later.views[0].beside("met") == "otherwise"


def test_ledger_shows_a_verdict_with_what_it_was_judged_from(ledger: Ledger) -> None:
    """By its ref, which is the same in every ledger; of another tenant there is none."""
    record = replace(verdict(ACME), attainment_revision=2)
    ledger.add_attainments([attainment(ACME), attainment(ACME, revision=2)])
    ledger.add_verdict(record)
    found = [ledger.read(scope).verdict(record.ref) for scope in (OPERATOR, of_tenant("acme"), of_tenant("baobab"))]

    drawn = attainment(ACME, revision=2)
    history = (Revision(ref=record.ref, record=record, replaces="", attained=drawn, penalty=None, changed=()),)
    expected = JudgedFrom(record=record, attained=drawn, reviews=(), history=history)
    assert found == [expected, expected, None]
    assert record.ref == "4b05569f2e6ae6f7"
    assert ledger.read(OPERATOR).verdict("0" * 16) is None


def test_ledger_takes_a_persons_word_once(ledger: Ledger) -> None:
    """On a verdict that is undetermined and stands; what nobody has looked at is told by SLO, with what is at stake."""
    unclear = replace(verdict(ACME), verdict=Verdict.UNDETERMINED, at_stake=ACME.money(50_000))
    other = replace(verdict(BAOBAB, 1), verdict=Verdict.UNDETERMINED, at_stake=BAOBAB.money(7))
    for record in (unclear, other, verdict(ACME, 1)):
        ledger.add_verdict(record)
    said = Review(
        verdict=unclear.ref, tenant="acme", outcome=Outcome.BREACH, reason="seen by hand", reference="CN-17", actor="person:amina", at=9
    )  # fmt: skip
    before, stood = (ledger.undetermined(), ledger.at_stake()), ledger.read(OPERATOR).undetermined().items
    ledger.acting("person:amina").add_review(said)
    after = (ledger.undetermined(), ledger.at_stake())
    judged = ledger.read(OPERATOR).verdict(unclear.ref)

    of = "availability-edge"
    assert before == (
        [Undetermined(slo=of, verdicts=2, oldest_ends_at=period().ends_at)], [ACME.money(50_007)],
    )  # fmt: skip
    assert after == ([Undetermined(slo=of, verdicts=1, oldest_ends_at=period(1).ends_at)], [ACME.money(7)])
    assert (stood, ledger.read(OPERATOR).undetermined().items) == ((unclear, other), (other,))
    assert judged is not None
    assert [replace(one, actor="") for one in judged.reviews] == [replace(said, actor="")]
    for ref in (unclear.ref, verdict(ACME, 1).ref, "0" * 16):
        with pytest.raises(InvalidInput, match=ref):
            ledger.add_review(replace(said, verdict=ref))


def test_ledger_puts_at_stake_what_the_cap_leaves(ledger: Ledger) -> None:
    """Of an agreement and period together, over all its sites, beside what its certain breaches take already."""
    unclear = [
        replace(verdict(ACME, n), site=site, verdict=Verdict.UNDETERMINED, at_stake=ACME.money(50_000))
        for n, site in ((0, "edge-7"), (1, "edge-7"), (1, "edge-8"))
    ]
    for record in (*unclear, verdict(ACME, 0)):
        ledger.add_verdict(record)
    ledger.add_penalty(breach(ACME, 0).penalty)

    # Each period's cap is 625.00 USD: of the first one a breach has taken 500.00, in the second 1,000.00 are asked for.
    assert ledger.at_stake() == [ACME.money(12_500 + 62_500)]


def test_ledger_asks_again_when_an_undetermined_verdict_is_revised(ledger: Ledger) -> None:
    """A word was said of a revision, and not of what came after it."""
    unclear = replace(verdict(ACME), verdict=Verdict.UNDETERMINED)
    said = Review(
        verdict=unclear.ref, tenant="acme", outcome=Outcome.MET, reason="seen", reference="", actor="person:amina", at=9
    )
    ledger.add_verdict(unclear)
    ledger.add_review(said)
    revised = replace(unclear, revision=2, slots_digest=digest_of("recounted"))
    ledger.add_verdict(revised)

    assert ledger.read(OPERATOR).undetermined().items == (revised,)
    with pytest.raises(InvalidInput):
        ledger.add_review(said)


def test_ledger_knows_what_waits(ledger: Ledger) -> None:
    """Since when, why, and until when it may; a new reason keeps its beginning, and what has ended may wait again."""
    wait = Wait(subject="period", subject_id="one", tenant="acme", reason="not observed", since_at=5, due_at=65)
    other = replace(wait, subject_id="two", tenant="baobab", since_at=3, due_at=99)
    steps = [
        ledger.begin_wait(wait),
        ledger.begin_wait(replace(wait, since_at=8)),
        ledger.begin_wait(replace(wait, reason="forgotten", since_at=9)),
        ledger.begin_wait(other),
    ]
    waits, totals = ledger.waits("period"), ledger.waiting()
    seen = [ledger.read(scope).waits().items for scope in (OPERATOR, of_tenant("acme"))]
    steps += [ledger.end_wait("period", "one", 10), ledger.end_wait("period", "one", 11)]
    ledger.begin_wait(replace(wait, since_at=20))

    changed = replace(wait, reason="forgotten")
    assert steps == [True, False, True, True, True, False]
    assert (waits, seen) == ([other, changed], [(other, changed), (changed,)])
    assert totals == [Waiting(subject="period", waits=2, oldest_since_at=3, oldest_due_at=65)]
    assert ledger.waits("period") == [other, replace(wait, since_at=20)]
    assert (ledger.waits("another"), ledger.read(OPERATOR).waits(limit=1).next is None) == ([], False)


def test_ledger_lets_a_person_end_a_wait(ledger: Ledger) -> None:
    """Once, and with a reason; where nothing waits there is nothing to end."""
    wait = Wait(subject="period", subject_id="one", tenant="acme", reason="away", since_at=5, due_at=65)
    ledger.begin_wait(wait)
    ledger.acting("person:amina").dismiss_wait("period", "one", reason="contract ended", at=9)

    assert ledger.waits("period") == []
    with pytest.raises(InvalidInput, match="does not wait"):
        ledger.dismiss_wait("period", "one", reason="again", at=10)


def test_ledger_says_up_to_where_it_was_judged(ledger: Ledger) -> None:
    """The start of the newest period of each agreement that has one."""
    for of in (ACME, BAOBAB):
        ledger.add_agreement(
            agreement_id=of.id, version=1, tenant=of.tenant, terms_hash=of.terms_hash, document=of.terms_document, at=1
        )
    assert ledger.judged_to() == {}
    before = ledger.verdicts_written()
    for record in (verdict(ACME, 3), verdict(ACME, 1), verdict(ACME, 1, revision=2)):
        ledger.add_verdict(record)
    assert ledger.judged_to() == {ACME.id: period(3).starts_at}
    assert ledger.verdicts_written() != before


def test_ledger_stores_a_penalty_with_its_first_state(ledger: Ledger) -> None:
    """A penalty is COMPUTED from the moment it exists, and comes back whole."""
    penalty = breach(ACME).penalty
    assert [ledger.add_penalty(penalty), ledger.add_penalty(penalty)] == [True, False]
    record = SettlementRecord(penalty=penalty, history=(StateChange(state=COMPUTED, at=penalty.assessed_at),))
    assert (ledger.read(OPERATOR).settlement(penalty.settlement_id), settlements(ledger)) == (record, [record])


def test_ledger_refuses_another_document_for_a_settlement(ledger: Ledger) -> None:
    """The same settlement with other evidence is an alarm, not a repetition."""
    penalty = breach(ACME).penalty
    ledger.add_penalty(penalty)
    with pytest.raises(InvariantBroken, match="penalty"):
        ledger.add_penalty(replace(penalty, document_hash=digest_of("other")))


EVERY_MOVE = [(before, after) for before in SettlementState for after in SettlementState if before is not after]
PATHS = {COMPUTED: [], REPORTED: [REPORTED], DISPUTED: [REPORTED, DISPUTED], HELD: [HELD]}
PATHS |= {WITHDRAWN: [WITHDRAWN], SettlementState.CLOSED: [SettlementState.CLOSED]}
PATHS |= {FINAL: [REPORTED, FINAL], VOIDED: [REPORTED, VOIDED]}


@pytest.mark.parametrize(("before", "after"), EVERY_MOVE, ids=str)
def test_ledger_moves_along_the_arrows_only(ledger: Ledger, before: SettlementState, after: SettlementState) -> None:
    """Each allowed move is appended once; a state already passed adds nothing; any other move is refused."""
    penalty = breach(ACME).penalty
    ledger.add_penalty(penalty)
    for state in PATHS[before]:
        ledger.add_state(penalty.settlement_id, StateChange(state=state, at=5, detail="on the way"))
    move = StateChange(state=after, at=9, detail="seen on chain")
    if (before, after) in ARROWS:
        assert ledger.add_state(penalty.settlement_id, move)
        found = ledger.read(OPERATOR).settlement(penalty.settlement_id)
        assert found is not None
        assert (found.history[-1], found.state) == (move, after)
    elif after in {COMPUTED, *PATHS[before]}:
        assert not ledger.add_state(penalty.settlement_id, move)
    else:
        with pytest.raises(InvariantBroken, match=f"cannot become {after}"):
            ledger.add_state(penalty.settlement_id, move)


def test_ledger_refuses_a_move_of_an_absent_settlement(ledger: Ledger) -> None:
    """What was never computed has no state."""
    with pytest.raises(InvariantBroken, match="cannot become reported"):
        ledger.add_state(digest_of("nothing"), StateChange(state=REPORTED, at=1))


def test_ledger_lists_settlements_that_move(ledger: Ledger) -> None:
    """What is to be reported by period and id; what is on chain once it is due; all of it in pages."""
    penalties = [breach(of, index).penalty for index in (1, 0) for of in (ACME, BAOBAB)]
    for penalty in penalties:
        ledger.add_penalty(penalty)
    moved = penalties[0].settlement_id
    ledger.add_state(moved, StateChange(state=REPORTED, at=1, revision=1, due_at=500))
    ordered = sorted(penalties, key=lambda one: (one.period.starts_at, one.settlement_id))
    every = [one.settlement_id for one in ordered]
    assert ledger.computed() == [one for one in every if one != moved]
    assert [[one.penalty.settlement_id for one in ledger.due(at, 10)] for at in (499, 500)] == [[], [moved]]
    assert [one.penalty.settlement_id for one in ledger.settlements_of({*every, digest_of("none")})] == every
    ledger.add_state(moved, StateChange(state=FINAL, at=2, revision=1))
    assert (ledger.due(10**9, 10), moved in ledger.computed()) == ([], False)
    assert [one.penalty.settlement_id for one in ledger.on_chain(limit=10).items] == [moved]
    for penalty in penalties[1:]:
        ledger.add_state(penalty.settlement_id, StateChange(state=REPORTED, at=1, revision=1))
    pages = [ledger.on_chain(limit=1)]
    while (after := pages[-1].next) is not None and len(pages) < 9:
        pages.append(ledger.on_chain(limit=1, after=after))
    assert [[one.penalty.settlement_id for one in page.items] for page in pages] == [[one] for one in sorted(every)]
    assert [one.penalty.settlement_id for one in settlements(ledger)] == every


def test_ledger_hands_out_pages(ledger: Ledger) -> None:
    """Together they are everything, once and in order, whatever their size; a cursor that is none is refused."""
    penalties = [breach(of, index).penalty for index in range(5) for of in (ACME, BAOBAB)]
    for penalty in penalties:
        ledger.add_penalty(penalty)
        ledger.add_credit(credit(ACME if penalty.tenant == "acme" else BAOBAB, penalty))
        ledger.add_verdict(verdict(ACME if penalty.tenant == "acme" else BAOBAB, penalties.index(penalty) // 2))
    for scope in (OPERATOR, of_tenant("acme")):
        reads = ledger.read(scope)
        asks: list[Callable[..., Page[Any]]] = [reads.settlements, reads.credits, partial(reads.verdicts, ACME.id)]
        for ask in asks:
            whole = ask().items
            assert len(whole) in {10, 5}
            for limit in (1, 2, 5, 10):
                assert _paged(ask, limit) == whole
    for cursor in ("", "x", "1", "1.", ".1", "1.' OR 1=1", "1." + "9" * 300):
        with pytest.raises(InvalidInput, match="cursor"):
            ledger.read(OPERATOR).settlements(after=cursor)


def _paged(ask: Callable[..., Page[Any]], limit: int) -> tuple[Any, ...]:
    page = ask(limit=limit)
    found = page.items
    while page.next is not None:
        page = ask(limit=limit, after=page.next)
        assert 0 < len(page.items) <= limit
        found += page.items
    return found


def test_ledger_shows_a_tenant_its_own(ledger: Ledger) -> None:
    """Through every question; what belongs to another is absent, and an operator and an auditor see all."""
    for of in (ACME, BAOBAB):
        ledger.add_agreement(
            agreement_id=of.id, version=1, tenant=of.tenant, terms_hash=of.terms_hash, document=of.terms_document, at=1
        )
        ledger.add_verdict(replace(verdict(of), verdict=Verdict.UNDETERMINED))
        ledger.add_penalty(breach(of).penalty)
        ledger.add_credit(credit(of, breach(of).penalty))

    def seen(scope: Scope) -> list[object]:
        reads, ids = ledger.read(scope), [breach(of).penalty.settlement_id for of in (ACME, BAOBAB)]
        return [
            [one.tenant for one in reads.agreements()],
            [one.tenant for of in (ACME, BAOBAB) for one in reads.verdicts(of.id).items],
            [one.tenant for one in reads.undetermined().items],
            [one.penalty.tenant for one in reads.settlements().items],
            [reads.settlement(one) is not None for one in ids],
            [one.tenant for one in reads.credits().items],
            [one.tenant for name in ids for one in reads.credits(name).items],
            [one.amount_minor for one in reads.balance()],
        ]

    def own(*tenants: str) -> list[object]:
        names, has = list(tenants), [one in tenants for one in ("acme", "baobab")]
        sums = [CREDIT_MINOR * len(names)] if names else []
        return [names, names, names, names, has, names, names, sums]

    key = [2, 3]
    both = [sorted(one) if isinstance(one, list) and n in key else one for n, one in enumerate(seen(OPERATOR))]
    assert [sorted(map(str, one)) for one in both] == [sorted(map(str, one)) for one in own("acme", "baobab")]  # type: ignore[call-overload]
    assert seen(AUDITOR) == seen(OPERATOR)
    assert [seen(of_tenant(name)) for name in ("acme", "baobab", "acm", "*")] == [
        own("acme"),
        own("baobab"),
        own(),
        own(),
    ]


def test_ledger_keeps_totals(ledger: Ledger) -> None:
    """By state, by currency and by tenant, after every kind of write."""
    for of, index in ((ACME, 0), (ACME, 1), (BAOBAB, 0)):
        ledger.add_penalty(breach(of, index).penalty)
    first = breach(ACME, 0).penalty
    for state in (REPORTED, FINAL):
        ledger.add_state(first.settlement_id, StateChange(state=state, at=1, revision=1))
    uncredited = ledger.uncredited()
    ledger.add_credit(credit(ACME, first))
    totals = ledger.totals()

    assert ([one.penalty for one in uncredited], ledger.uncredited()) == ([first], [])
    assert dict(totals.settlements) == {COMPUTED: 2, FINAL: 1}
    assert dict(totals.penalties) == {("USD", 2): 3 * CREDIT_MINOR}
    assert dict(totals.credits) == {("acme", "USD", 2): CREDIT_MINOR}


def test_ledger_returns_open_attempts_byte_for_byte(ledger: Ledger) -> None:
    """What was signed is stored once, listed by nonce until its fate is known, and never rebuilt."""
    second = replace(ATTEMPT, nonce=4, transaction=digest_of("two"), kind=AttemptKind.FINALISE, raw=b"")
    assert [ledger.add_attempt(one, 1) for one in (second, ATTEMPT, ATTEMPT)] == [True, True, False]
    assert ledger.open_attempts() == [ATTEMPT, second]
    receipt = Receipt(succeeded=True, block_number=9)
    assert [ledger.close_attempt(ATTEMPT, receipt, 2), ledger.close_attempt(ATTEMPT, receipt, 3)] == [True, False]
    assert ledger.open_attempts() == [second]


def test_ledger_refuses_another_transaction_under_a_nonce(ledger: Ledger) -> None:
    """One nonce of one sender carries one transaction, and others in its place by their number."""
    ledger.add_attempt(ATTEMPT, 1)
    with pytest.raises(InvariantBroken, match="attempt"):
        ledger.add_attempt(replace(ATTEMPT, transaction=digest_of("other")), 1)
    other = replace(ATTEMPT, transaction=digest_of("other"), replacement=1)
    assert ledger.add_attempt(other, 1)
    assert ledger.open_attempts() == [ATTEMPT, other]
    stranger = replace(ATTEMPT, sender="0x" + "57" * 20, transaction=digest_of("stranger"))
    ledger.add_attempt(stranger, 1)
    ledger.close_attempt(stranger, Receipt(succeeded=True, block_number=9), 2)
    assert ledger.attempts_under(ATTEMPT.sender, ATTEMPT.nonce) == [ATTEMPT, other]
    assert ledger.attempts_under(ATTEMPT.sender, ATTEMPT.nonce + 1) == []
    ledger.close_attempt(other, Receipt(succeeded=True, block_number=9, block_hash=digest_of("block")), 2)
    assert ledger.open_attempts() == [ATTEMPT]
    ledger.close_attempt(ATTEMPT, Receipt(succeeded=False, block_number=0, reason="another took its nonce"), 2)
    assert ledger.open_attempts() == []
    assert [ledger.sent_from(ATTEMPT.sender, nonce) for nonce in (ATTEMPT.nonce, ATTEMPT.nonce + 1)] == [[other], []]


def test_ledger_sends_nothing_that_was_priced_anew_meanwhile(ledger: Ledger) -> None:
    """Pricing and reporting are turns of their own: a batch with a price of before is not stored."""
    penalty = breach(ACME).penalty
    ledger.add_penalty(penalty)
    of = replace(ATTEMPT, settlement_ids=(penalty.settlement_id,))
    with pytest.raises(Unavailable, match="meanwhile"):
        ledger.add_attempt(of, 1, {penalty.settlement_id: penalty.revision + 1})
    assert ledger.add_attempt(of, 1, {penalty.settlement_id: penalty.revision})


def test_ledger_keeps_how_far_a_chain_was_read(ledger: Ledger) -> None:
    """By a name, as number and hash of a block; it moves both ways."""
    assert ledger.cursor("book") is None
    for number in (9, 12, 3):
        ledger.move_cursor("book", number, digest_of(str(number)))
    assert (ledger.cursor("book"), ledger.cursor("other")) == ((3, digest_of("3")), None)


def test_ledger_restates_what_is_at_an_end_and_grants_each_revision(ledger: Ledger) -> None:
    """A later price of what is final is one more row, to be reported again; what it changes is granted beside what was."""
    first = breach(ACME).penalty
    ledger.add_penalty(first)
    for state in (REPORTED, FINAL):
        ledger.add_state(first.settlement_id, StateChange(state=state, at=1, revision=1))
    ledger.add_credit(credit(ACME, first))
    again = replace(first, revision=2, good=first.good + 1, credit_minor=7, document_hash=digest_of("again"))
    assert ledger.add_penalty(again)
    assert (ledger.computed(), ledger.totals().penalties) == ([first.settlement_id], {("USD", 2): 7})
    for state in (REPORTED, FINAL):
        ledger.add_state(first.settlement_id, StateChange(state=state, at=2, revision=2))
    assert [one.penalty for one in ledger.uncredited()] == [again]
    less = replace(credit(ACME, first), revision=2, amount=replace(credit(ACME, first).amount, amount_minor=-3))
    assert ledger.add_credit(less)
    assert (ledger.uncredited(), ledger.totals().credits) == ([], {("acme", "USD", 2): CREDIT_MINOR - 3})


def test_ledger_takes_over_what_the_chain_holds(ledger: Ledger) -> None:
    """In the place of a price of ours, or of a settlement that is not known here."""
    held, lost = breach(ACME).penalty, breach(BAOBAB).penalty
    ledger.add_penalty(held)
    ledger.add_state(held.settlement_id, StateChange(state=SettlementState.HELD, at=1, revision=1))
    other = replace(held, good=held.good - 1, credit_minor=9, document_hash=digest_of("theirs"))
    for one in (other, lost):
        ledger.adopt(one, StateChange(state=FINAL, at=2, revision=1, detail="taken over by ann: as agreed"))
    found = {
        one.penalty.settlement_id: one.penalty
        for one in ledger.settlements_of({held.settlement_id, lost.settlement_id})
    }
    assert found == {one.settlement_id: one for one in (other, lost)}
    assert ledger.totals().penalties == {("USD", 2): 9 + lost.credit_minor}
    assert ledger.totals().settlements == {FINAL: 2}


def test_ledger_refuses_another_fate_of_a_transaction(ledger: Ledger) -> None:
    """What succeeded cannot have failed."""
    ledger.add_attempt(ATTEMPT, 1)
    ledger.close_attempt(ATTEMPT, Receipt(succeeded=True, block_number=9), 2)
    with pytest.raises(InvariantBroken, match="receipt"):
        ledger.close_attempt(ATTEMPT, Receipt(succeeded=False, block_number=9, reason="refused"), 3)


def test_ledger_grants_a_credit_once(ledger: Ledger) -> None:
    """The same grant again adds nothing; another amount or another tenant is refused."""
    penalty = breach(ACME).penalty
    ledger.add_penalty(penalty)
    grant = credit(ACME, penalty)
    assert [ledger.add_credit(grant), ledger.add_credit(grant)] == [True, False]
    for other in (replace(grant, tenant="baobab"), replace(grant, amount=replace(grant.amount, amount_minor=1))):
        with pytest.raises(InvariantBroken, match="credit"):
            ledger.add_credit(other)
    assert credits_of(ledger) == [grant]


def test_ledger_grants_nothing_without_a_settlement(ledger: Ledger) -> None:
    """Nor to another tenant than its own."""
    penalty = breach(ACME).penalty
    with pytest.raises(InvariantBroken, match="credit_entry"):
        ledger.add_credit(credit(ACME, penalty))
    ledger.add_penalty(penalty)
    with pytest.raises(InvariantBroken, match="credit_entry"):
        ledger.add_credit(replace(credit(ACME, penalty), tenant="baobab"))
    assert credits_of(ledger) == []


def test_ledger_prices_a_promise_once(ledger: Ledger) -> None:
    """Under one settlement, whatever another one is named."""
    penalty = breach(ACME).penalty
    ledger.add_penalty(penalty)
    with pytest.raises(InvariantBroken, match="penalty"):
        ledger.add_penalty(replace(penalty, settlement_id=digest_of("another")))
    assert [one.penalty for one in settlements(ledger)] == [penalty]


def test_ledger_is_exact_to_63_bits(ledger: Ledger) -> None:
    """Counts and money pass through unrounded up to 2^63 - 1."""
    most = 2**63 - 1
    penalty = replace(breach(ACME).penalty, good=most - 1, valid=most, credit_minor=most)
    ledger.add_penalty(penalty)
    grant = credit(ACME, penalty, amount=Money(amount_minor=most, currency="JPY", exponent=0), cut_minor=most)
    ledger.add_credit(grant)
    found = ledger.read(OPERATOR).settlement(penalty.settlement_id)
    assert found is not None
    assert (found.penalty, credits_of(ledger)) == (penalty, [grant])


def test_sql_ledger_survives_a_restart(tmp_path: Path) -> None:
    """A ledger opened again has every row, and brings nothing up to date twice."""
    url, penalty = f"sqlite:///{tmp_path / 'ledger.sqlite'}", breach(ACME).penalty
    with closing(SqlLedger(url)) as first:
        first.add_penalty(penalty)
        before = settlements(first)
    with closing(SqlLedger(url)) as second:
        assert settlements(second) == before


def test_sql_ledger_adds_a_penalty_once_under_concurrent_writers(tmp_path: Path) -> None:
    """Of eight writers at once exactly one adds the row; the others see it, or are told to try again."""
    url, penalty = f"sqlite:///{tmp_path / 'ledger.sqlite'}", breach(ACME).penalty
    answers: list[object] = []

    def write(ledger: SqlLedger) -> None:
        try:
            answers.append(ledger.add_penalty(penalty))
        except Unavailable:
            answers.append("again")

    with closing(SqlLedger(url)) as ledger:
        threads = [Thread(target=write, args=(ledger,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (answers.count(True), len(settlements(ledger)), set(answers) <= {True, False, "again"}) == (1, 1, True)


def test_sql_ledger_writes_penalty_and_state_together_or_not_at_all(tmp_path: Path) -> None:
    """When the first state cannot be written, neither is the penalty."""
    file = tmp_path / "ledger.sqlite"
    with closing(SqlLedger(f"sqlite:///{file}")) as ledger:
        engine = create_engine(f"sqlite:///{file}")
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE settlement_state RENAME TO elsewhere"))
        with pytest.raises(Unfit, match="no such table: settlement_state"):
            ledger.add_penalty(breach(ACME).penalty)
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE elsewhere RENAME TO settlement_state"))
        engine.dispose()
        assert settlements(ledger) == []


def _no_database(folder: Path) -> str:
    (folder / "file").touch(0o600)
    (folder / "file").write_bytes(b"this is no database, and long enough to be looked at" * 40)
    return f"sqlite:///{folder / 'file'}"


BROKEN: dict[str, tuple[Callable[[Path], str], type[Exception], str]] = {
    "no-folder": (lambda folder: f"sqlite:///{folder}/nowhere/ledger.sqlite", Unavailable, "No such file or directory"),
    "no-database": (_no_database, InvalidInput, "damaged: file is not a database"),
    "no-url": (lambda _: "ledger.sqlite", InvalidInput, "ledger_url"),
    "no-port": (lambda _: "postgresql+psycopg://u:1@hidden:hidden/x", InvalidInput, "postgresql"),
    "no-server": (
        lambda _: "postgresql+psycopg://u:hidden@127.0.0.1:1/records?password=hidden&connect_timeout=2",
        Unavailable,
        r"ledger postgresql\+psycopg://127\.0\.0\.1:1/records: ",
    ),
    "no-driver": (lambda _: "oracle://u:hidden@127.0.0.1/x", InvalidInput, "oracle"),
    "newer-tables": (lambda folder: at_revision(folder, "9999"), InvalidInput, "9999"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_sql_ledger_that_cannot_be_opened_says_why(case: str, tmp_path: Path) -> None:
    """Each way of failing to open is one of our errors, names the ledger, and shows no password."""
    url, kind, words = BROKEN[case]
    with pytest.raises(kind, match=words) as caught:
        SqlLedger(url(tmp_path))
    assert "hidden" not in str(caught.value)
