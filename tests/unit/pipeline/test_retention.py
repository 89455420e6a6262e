"""retention: with a moved clock, to the second and over leap years, on a real slot table and a real archive."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from sankofa_observe.adapters.archive import FolderArchive
from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.errors import Held, InvalidInput
from sankofa_observe.pipeline.retention import Deleted, Retention
from sankofa_observe.ports import StateChange
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.testing import FixedClock, MemoryLedger
from sankofa_observe.units import rfc3339, years_before
from tests.builders import PEOPLE, START, agreement, breach, credit, slot

ACME = agreement()
BREACHES = [breach(ACME, index) for index in range(2)]  # of two periods on one day
GRANTED_AT = max(credit(ACME, one.penalty).granted_at for one in BREACHES)
DAY = START // DAY_SECONDS


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(
    ("now", "years", "then"),
    [
        ("2033-01-01T01:21:00Z", 7, "2026-01-01T01:21:00Z"),
        ("2031-02-28T23:59:59Z", 7, "2024-02-28T23:59:59Z"),  # the 29th is not old yet
        ("2031-03-01T00:00:00Z", 7, "2024-03-01T00:00:00Z"),  # and now it is
        ("2028-02-29T00:00:00Z", 7, "2021-02-28T23:59:59Z"),  # a day that is not there is never later than the 28th
        ("2028-02-29T23:59:59Z", 7, "2021-02-28T23:59:59Z"),
        ("2028-03-01T00:00:00Z", 7, "2021-03-01T00:00:00Z"),
        ("2028-02-29T12:00:00Z", 4, "2024-02-29T12:00:00Z"),
        ("2107-02-28T00:00:00Z", 7, "2100-02-28T00:00:00Z"),  # no leap year
    ],
)
def test_years_are_those_of_the_calendar(now: str, years: int, then: str) -> None:
    """Not 365 days, nor 2555: an auditor counts dates."""
    assert rfc3339(years_before(at(now), years)) == then


class Office:
    """Two settlements of one day that are final and granted, the slots of that day and of a later one, and a clock that is moved."""

    def __init__(self, folder: Path, *last: SettlementState) -> None:
        self.ledger, self.archive = MemoryLedger(people=dict(PEOPLE)), FolderArchive(folder / "evidence")
        self.clock, self.folder, self.unredeemed = FixedClock(at=GRANTED_AT), folder, dict[str, int]()
        self.table = DeltaSlots(folder / "slots", "observer-1")
        self.table.append([slot(START + 60 * n) for n in range(3)] + [slot(START + 9 * DAY_SECONDS)], START)
        self.table.seal(DAY, START)
        for one in BREACHES:
            self.archive.put(one.document)
            self.ledger.add_verdict(one.record)
            self.ledger.add_penalty(one.penalty)
        self.moved(0, SettlementState.REPORTED, SettlementState.FINAL)
        self.moved(1, *(last or (SettlementState.REPORTED, SettlementState.FINAL)))

    def moved(self, which: int, *states: SettlementState) -> None:
        penalty = BREACHES[which].penalty
        for state in states:
            self.ledger.add_state(penalty.settlement_id, StateChange(state=state, at=START + 700, revision=1))
        if states[-1:] == (SettlementState.FINAL,):
            self.ledger.add_credit(credit(ACME, penalty, granted_at=GRANTED_AT))

    def retention(self, needed_days: int = 38) -> Retention:
        def unredeemed(keys: Collection[str]) -> dict[str, int]:
            return {one: self.unredeemed.get(one, 0) for one in keys}

        return Retention(
            ledger=self.ledger,
            archive=self.archive,
            slots={"observer-1": self.table},
            clock=self.clock,
            years=7,
            needed_days=needed_days,
            unredeemed=unredeemed,
        )

    def apply(self, now: str | int, **more: int) -> list[Deleted]:
        self.clock.at = at(now) if isinstance(now, str) else now
        return list(self.retention(**more).apply(by="kofi", reason="yearly, POL-4"))

    def left(self) -> tuple[int, bool]:
        """How many documents, and whether the slots of the day."""
        return sum(
            self.archive.get(one.penalty.document_hash) is not None for one in BREACHES
        ), DAY in self.table.days_of_slots()


def test_nothing_goes_a_second_before_and_all_of_it_seven_years_after(tmp_path: Path) -> None:
    """Evidence by the last record about its settlement, slots by the end of their day; each once, with a record of it."""
    office = Office(tmp_path)
    with closing(office.table):
        assert (office.apply("2033-01-01T01:20:59Z"), office.left()) == ([], (2, True))
        found = office.apply("2033-01-01T01:21:00Z")
        assert ([str(one) for one in found], office.left()) == (["evidence: documents: 2 deleted"], (0, True))
        assert (office.apply("2033-01-01T23:59:59Z"), office.left()) == ([], (0, True))
        found = office.apply("2033-01-02T00:00:00Z")
        assert [str(one) for one in found] == ["observer observer-1: slots of 1 day, 2026-01-01 deleted"]
        assert (office.apply("2063-01-01T00:00:00Z"), office.left()) == ([], (0, False))
        assert office.table.days_of_slots() == {DAY + 9}  # which was never sealed: nothing would be left of it
    assert office.ledger.retentions == [
        ("evidence", "2 documents, closed by 2026-01-01T01:21:00Z"),
        ("slots of observer-1", "slots of 1 day, 2026-01-01, closed by 2026-01-02T00:00:00Z"),
    ]
    assert office.ledger.removals == {one.penalty.document_hash: at("2033-01-01T01:21:00Z") for one in BREACHES}


def test_an_open_dispute_keeps_its_evidence_and_the_slots_of_its_day(tmp_path: Path) -> None:
    """Thirty years on; what stands beside it goes. Once it is ruled on, seven years begin."""
    office = Office(tmp_path, SettlementState.REPORTED, SettlementState.DISPUTED)
    with closing(office.table):
        assert (len(office.apply("2056-01-01T00:00:00Z")), office.left()) == (1, (1, True))
        office.ledger.add_state(
            BREACHES[1].penalty.settlement_id,
            StateChange(state=SettlementState.VOIDED, at=at("2056-02-29T12:00:00Z"), revision=1),
        )
        assert (office.apply("2063-02-28T23:59:59Z"), office.left()) == ([], (1, True))
        assert (len(office.apply("2063-03-01T00:00:00Z")), office.left()) == (2, (0, False))


def test_what_is_on_no_invoice_stays(tmp_path: Path) -> None:
    """The contract says that credit of the agreement was not redeemed: its evidence may be asked for."""
    office = Office(tmp_path)
    office.unredeemed[BREACHES[0].penalty.agreement_key] = 100
    with closing(office.table):
        assert (office.apply("2056-01-01T00:00:00Z"), office.left()) == ([], (2, True))
        told = str(office.retention().due())
        assert told.count("100 minor units of its agreement are on no invoice") == 2
        office.unredeemed.clear()
        assert (len(office.apply("2056-01-01T00:00:00Z")), office.left()) == (2, (0, False))


def test_without_a_contract_to_ask_what_was_granted_stays(tmp_path: Path) -> None:
    """Settings without `chain`, as those of the API, must not make credit look paid; what never was credit goes."""
    office = Office(tmp_path, SettlementState.REPORTED, SettlementState.VOIDED)
    with closing(office.table):
        office.clock.at = at("2056-01-01T00:00:00Z")
        blind = replace(office.retention(), unredeemed=None)
        list(blind.apply(by="kofi", reason="yearly"))
        assert office.left() == (1, True)
        [kept] = blind.due().kept
        assert "nobody can tell whether it is on an invoice" in str(kept)


def test_slots_that_specs_need_stay(tmp_path: Path) -> None:
    """Of a period that is not over yet."""
    office = Office(tmp_path)
    with closing(office.table):
        office.apply("2036-01-01T00:00:00Z", needed_days=4000)
        assert office.left() == (0, True)


def test_nothing_is_deleted_beside_an_observer_at_work_and_without_a_word(tmp_path: Path) -> None:
    """The lock is taken first; and a person with a reason is needed."""
    office = Office(tmp_path)
    other = DeltaSlots(tmp_path / "slots", "observer-1")
    with closing(office.table):
        office.clock.at = at("2056-01-01T00:00:00Z")
        retention = office.retention()
        for by, reason in (("nobody", "yearly"), ("kofi", " ")):
            with pytest.raises(InvalidInput):
                list(retention.apply(by=by, reason=reason))
        office.table.close()
        other.lease.take()
        with pytest.raises(Held):
            list(retention.apply(by="kofi", reason="yearly"))
        other.close()
        assert (office.left(), office.ledger.retentions) == ((2, True), [])


def test_what_an_act_left_undone_the_next_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between a file and its record: the record follows, and no document is told as missing in the end."""
    office = Office(tmp_path)
    with closing(office.table):
        with monkeypatch.context() as torn:
            torn.setattr(office.ledger, "add_removal", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                office.apply("2056-01-01T00:00:00Z")
        assert (office.left()[0], office.ledger.removals) == (1, {})
        office.apply("2056-01-01T00:00:01Z")
        assert (office.left(), len(office.ledger.removals)) == ((0, False), 2)
