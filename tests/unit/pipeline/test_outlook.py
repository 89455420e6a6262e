"""What running periods cost is drawn as they will be judged: under exclusions, from the day a site was deployed, by several observers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sankofa_observe.pipeline.outlook import outlooks
from sankofa_observe.pipeline.overlays import Overlays
from sankofa_observe.pipeline.panel import Panel, PanelOf, alone
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.outlook import Outlook
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.slot import Slot
from sankofa_observe.testing import MemoryLedger, MemorySlots
from tests.builders import APPROVAL, PERIOD_SECONDS, START, agreement, exclusion, period, slot, slots_of

EDGE = agreement()
HALF = START + PERIOD_SECONDS // 2  # five of ten slots have passed
DEAREST = Outlook(now_minor=50_000, next_minor=None, slots_to_next=None, at_risk_minor=0)
NOTHING_YET = Outlook(now_minor=0, next_minor=50_000, slots_to_next=1, at_risk_minor=0)


def table(*slots: Slot) -> MemorySlots:
    made = MemorySlots()
    made.append(list(slots), START)
    return made


def expected(
    of: Agreement, panel_of: PanelOf, ledger: MemoryLedger, *, now: int = HALF, since_at: dict[str, int] | None = None
) -> list[Outlook | None]:
    overlays = Overlays(agreements=[of], known=ledger, since_at=since_at or {})
    return [one.outlook for one in outlooks([of], panel_of=panel_of, overlays=overlays, now=now)]


def approved(of: Agreement, *begins: str) -> MemoryLedger:
    ledger, found = MemoryLedger(), []
    for one in begins:
        planned = exclusion(of, one)
        ledger.add_exclusions([planned])
        found += ledger.exclusions_named(planned.id)
    ledger.act_on_exclusions(found, APPROVAL)
    return ledger


def test_an_approved_exclusion_takes_a_bad_slot_out_of_the_price() -> None:
    """As it will when the period is judged; without it one bad slot of ten costs all that a miss can."""
    half = alone(table(*slots_of(0, bad=1)[:5]))
    assert expected(EDGE, half, MemoryLedger()) == [DEAREST]
    assert expected(EDGE, half, approved(EDGE, "2026-01-01T00:00:00")) == [NOTHING_YET]


def test_slots_to_come_that_are_excluded_cannot_make_it_dearer() -> None:
    """Work over the last minute: four of the five slots to come are judged, and one of them is as dear as before."""
    half = alone(table(*slots_of(0, bad=0)[:5]))
    assert expected(EDGE, half, approved(EDGE, "2026-01-01T00:09:00")) == [NOTHING_YET]
    nine = alone(table(*slots_of(0, bad=0)[:9]))
    nothing = Outlook(now_minor=0, next_minor=None, slots_to_next=None, at_risk_minor=0)
    assert expected(EDGE, nine, approved(EDGE, "2026-01-01T00:09:00"), now=START + 540) == [nothing]


def test_before_a_site_was_deployed_nothing_is_priced() -> None:
    """Bad slots of a site that was being built are nobody's credit."""
    half = alone(table(*slots_of(0, bad=2)[:5]))
    assert expected(EDGE, half, MemoryLedger(), since_at={"edge-1": START + 120}) == [NOTHING_YET]


def test_several_observers_are_put_to_the_vote() -> None:
    """A slot that one of three saw bad costs nothing; what two saw is bad."""
    quorum = Quorum(names=("east", "north", "west"), bad=2, good=2)
    three = replace(EDGE, observers=quorum)

    def panel_of(*bad: int) -> PanelOf:
        tables = tuple(table(*slots_of(0, bad=count)[:5]) for count in bad)
        return lambda asked: Panel(quorum=asked, tables=tables)

    assert expected(three, panel_of(1, 0, 0), MemoryLedger()) == [NOTHING_YET]
    assert expected(three, panel_of(1, 1, 0), MemoryLedger()) == [DEAREST]


def test_a_version_that_does_not_hold_now_has_no_outlook() -> None:
    """Before it begins and after it ends; while it holds and nothing was counted, there is a promise without a figure."""
    of = replace(EDGE, starts_at=period(1).starts_at, ends_at=period(2).starts_at)
    found: list[Sequence[Outlook | None]] = [
        expected(of, alone(table(slot(START))), MemoryLedger(), now=period(index).starts_at) for index in (0, 1, 2)
    ]
    assert found == [[], [None], []]
