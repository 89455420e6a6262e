"""Evidence of several observers: both verifiers say what the engine says of them together, and find what is forged."""

from __future__ import annotations

import contextlib
import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sankofa_observe.errors import InvalidInput
from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.sla.evidence import parse, written
from sankofa_observe.sla.evidence.slot import slot_proof
from sankofa_observe.slo.counter import count_events
from sankofa_observe.slo.gauge import count_states
from sankofa_observe.slo.objective import Budgeting, NoTraffic
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.verify import CannotCheck, verify
from sankofa_observe.verify.evidence_2.form import row_of
from tests import builders
from tests.unit.documents import (
    EVENTS,
    KINDS,
    NAMES,
    PERIOD,
    SITE,
    STATES,
    Document,
    gauge,
    key,
    of_all,
    overlays,
    quorums,
    source,
)
from tests.unit.referee import flat, holds, made_whole, packed

SLOTS = range(PERIOD.starts_at, PERIOD.ends_at, 60)


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_every_document_of_several_observers_holds(kind: str, count: int) -> None:
    """Whatever is counted and whatever the thresholds, engine, verifier and referee agree; and so does the proof of any slot."""

    @settings(max_examples=12)
    @given(found=KINDS[kind](quorums([count])), data=st.data())
    def agreed(found: Document, data: st.DataObject) -> None:
        raw, at = packed(found), data.draw(st.sampled_from(SLOTS))
        observer = data.draw(st.sampled_from(NAMES[:count]))

        assert found["observers"]["names"] == list(NAMES[:count])
        assert verify(raw).wrong == []
        assert holds(raw)
        assert written(parse(raw)) == raw
        assert verify(slot_proof(parse(raw), at, observer)).wrong == []

    agreed()


# ------------------------------------------------------------------------------------------------------- what they say together

small = st.integers(0, 5)


@st.composite
def sections(draw: st.DrawFn, events: bool) -> list[Slot]:  # noqa: FBT001  drawn
    """Ten slots of any counts and any states, whether they fit each other or not."""
    counts: dict[str, st.SearchStrategy[Any]] = {"state": st.sampled_from(SlotState)}
    if events:
        counts |= dict.fromkeys(["good", "bad", "hidden", "over_good", "over_bad", "over_hidden"], small)
        counts["blind"] = st.sampled_from([0, 0, 0, 15])
    starts = range(PERIOD.starts_at - 60, PERIOD.ends_at + 60, 60)
    row = st.fixed_dictionaries(counts)
    return [Slot(slo="any", site=SITE, starts_at=at, expected=4, seen=4, **draw(row)) for at in starts]


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(quorum=quorums((2, 3, 4, 5)), overlay=overlays(), events=st.booleans(), data=st.data())
def test_what_observers_say_together_is_the_same_to_engine_verifier_and_referee(
    quorum: Quorum,
    overlay: Any,
    events: bool,  # noqa: FBT001  drawn
    data: st.DataObject,
) -> None:
    """Attainment, verdict and credit follow from the rows of each alone: by vote of slots, or by bounds of events."""
    slo = builders.slo(
        indicator=EVENTS if events else STATES,
        budgeting=data.draw(st.sampled_from(Budgeting)) if events else Budgeting.TIMESLICES,
        no_traffic=data.draw(st.sampled_from(NoTraffic)),
        target_ppm=data.draw(st.sampled_from([400_000, 700_000])),
    )
    found = of_all(slo, [data.draw(sections(events)) for _ in quorum.names], quorum, overlay=overlay)
    checks = {check.what: check for check in verify(packed(found)).checks}
    anew = made_whole({**found, "attainment": {}, "verdict": "", "credit": {}})

    assert [check for name in ("attainment", "verdict", "credit", "root") if not (check := checks[name]).holds] == []
    assert {name: anew[name] for name in ("attainment", "verdict", "credit", "root")} == {
        name: found[name] for name in ("attainment", "verdict", "credit", "root")
    }


def _events(quorum: Quorum, *every: dict[str, Any], after: int = 0) -> Document:
    """Of each observer a period with these events in its first slot and no others; after it so many of the first one's may belong to it."""
    slo = builders.slo(indicator=EVENTS, budgeting=Budgeting.OCCURRENCES, no_traffic=NoTraffic.GOOD)
    idle = {
        at: Slot(slo="any", site=SITE, starts_at=at, expected=4, seen=4, state=SlotState.NO_TRAFFIC) for at in SLOTS
    }
    found = [[replace(idle[SLOTS[0]], **counts), *list(idle.values())[1:]] for counts in every]
    found[0].append(replace(idle[SLOTS[0]], starts_at=PERIOD.ends_at, over_hidden=after))
    return of_all(slo, found, quorum)


def _said(found: Document) -> tuple[tuple[int, int, int], str]:
    """Attainment and verdict, of which engine, verifier and referee say the same."""
    checks = {check.what: check for check in verify(packed(found)).checks}
    anew = made_whole({**found, "attainment": {}, "verdict": ""})
    assert checks["attainment"].holds
    assert checks["verdict"].holds
    assert (anew["attainment"], anew["verdict"]) == (found["attainment"], found["verdict"])
    good, bad, unknown = (int(found["attainment"][name]) for name in ("good", "bad", "unknown"))
    return (good, bad, unknown), found["verdict"]


def test_counts_are_of_the_middle_base_and_of_an_even_number_of_the_lower() -> None:
    """Observers agree on the share and not on how many events there were: which counts are reported follows from the page."""
    few, some, many = ({"good": 9 * n, "bad": n} for n in (1, 10, 100))

    assert _said(_events(THREE, many, few, some)) == ((90, 10, 0), "breach")
    assert _said(_events(Quorum(names=NAMES[:2], bad=2, good=2), many, few)) == ((9, 1, 0), "breach")


def test_shares_of_the_base_are_rounded_apart() -> None:
    """99 % of 3 events is between 2 and 3 of them, whoever recomputes it; and where bad wins, no met is rounded into being."""
    two_thirds, most, every = {"good": 2, "bad": 1}, {"good": 99, "bad": 1}, {"good": 3}

    assert _said(_events(Quorum(names=NAMES[:2], bad=2, good=2), two_thirds, most))[0] == (2, 0, 1)
    assert _said(_events(Quorum(names=NAMES[:3], bad=1, good=2), every, every, most)) == ((2, 0, 1), "undetermined")


def test_where_too_few_say_anything_idle_time_is_no_promise_kept() -> None:
    """All three saw no traffic, which is good; were there events that only one of them counts, nobody can tell."""
    nothing: list[dict[str, Any]] = [{}, {}, {}]

    assert _said(_events(THREE, *nothing)) == ((0, 0, 0), "met")
    assert _said(_events(THREE, *nothing, after=5)) == ((0, 0, 0), "undetermined")
    assert _said(_events(THREE, {"blind": 15}, {}, {})) == ((0, 0, 0), "undetermined")


THREE = Quorum(names=NAMES[:3], bad=2, good=2)


def counted(quorum: Quorum, *down: set[int]) -> Document:
    """Of each observer the slots in which it saw the site down; it is up in all others."""
    slo = builders.slo(indicator=STATES, sources={SITE: ("pve",)})
    assert slo.indicator is STATES
    every: list[list[Slot]] = []
    for n, slots in enumerate(down):
        seen = [(at, int(at // 60 not in slots)) for at in range(n - 15, 630, 15)]
        every.append(count_states(key(slo), with_neighbours(PERIOD, slo), [gauge(seen)], STATES.combine))
    return of_all(slo, every, quorum)


def honest() -> Document:
    """Three observers; two saw the third slot bad, one of them the sixth as well, the last one none."""
    return counted(THREE, {2}, {2, 5}, set())


def honest_events() -> Document:
    """Three observers, each with scrapes of its own; two slots with errors, of which the last one goes on after the period."""
    slo = builders.slo(indicator=EVENTS, budgeting=Budgeting.OCCURRENCES, sources={SITE: ("app",)})
    every = []
    for n in range(3):
        rows, good, valid = [], 0, 0
        for at in range(n - 3600, 630, 15):
            errors = 60 <= at < 120 or at >= 540
            good, valid = good + 100 - 90 * errors, valid + 100
            if not 585 <= at < 610:
                rows.append((at, good, valid))
        every.append(count_events(key(slo), with_neighbours(PERIOD, slo), [source(rows)], counts_bad=False))
    return of_all(slo, every, THREE)


def test_bad_is_what_so_many_say_and_no_more() -> None:
    """Two of three make a slot bad, one does not; and what one of them says stands beside what the others do."""
    assert honest()["attainment"] == {"good": 9, "bad": 1, "unknown": 0}
    assert [row[-1] for row in honest()["slots"] if row[0] == SLOTS[5]] == ["GOOD", "BAD", "GOOD"]
    assert honest_events()["verdict"] == honest()["verdict"] == "breach"
    assert any(honest_events()["edges"][0])


# ------------------------------------------------------------------------------------------------------------------ what is said


def test_who_observed_and_how_many_decide_is_said() -> None:
    """Of the whole document, of the proof of a slot, and whose slot that is."""
    whole, raw = verify(packed(honest())).summary, parse(packed(honest()))
    mine, first = (verify(slot_proof(raw, SLOTS[5], name)).summary for name in ("bob", ""))

    assert whole["observers"] == "ann, bob, eve: a slot is bad where 2 say so, else good where 2 do"
    of_events = verify(packed(honest_events())).summary
    assert of_events["observers"] == "ann, bob, eve: 2 must agree on the high bound, 2 on the low one"
    assert mine["observers"] == whole["observers"]
    assert (
        mine["slot"] == "2026-01-01T00:05:00Z to 2026-01-01T00:06:00Z: BAD, good 0, bad 4, not known 0; counted by bob"
    )
    assert first["slot"].endswith(": GOOD, good 4, bad 0, not known 0; counted by ann")


def test_a_proof_of_a_slot_is_of_one_observer_and_of_no_other() -> None:
    """Its place among the leaves says whose it is; nobody else's, and none that there is not."""
    whole = parse(packed(honest()))
    cut = json.loads(slot_proof(whole, SLOTS[5], "bob"))

    assert (cut["index"], cut["days"]) == (1, 3)
    for index in (0, 2, 3, 2**53 - 1):
        with contextlib.suppress(CannotCheck):
            assert verify(json.dumps({**cut, "index": index}, sort_keys=True, separators=(",", ":")).encode()).wrong
    with pytest.raises(InvalidInput, match="observer zoe is not in it, expected one of its agreement: ann, bob, eve"):
        slot_proof(whole, SLOTS[5], "zoe")
    with pytest.raises(InvalidInput, match="expected no name: its agreement names no observers"):
        slot_proof(builders.breach(builders.agreement()).document, SLOTS[5], "ann")


def test_what_was_never_recorded_is_said_of_whom() -> None:
    """One of three observers was down for two slots: that is not the site's silence, and not the others'."""
    found = copy.deepcopy(honest())
    for row in found["slots"][-2:]:
        row[:] = row_of(f"{row[0]},0,0,0,60,0,0,0,0,{found['slo']['slot_expected']},0,UNKNOWN")
        found["proofs"].append([row[0], []])
    told = verify(packed(made_whole(found)))

    assert told.wrong == []
    assert [one for one in told.not_proved if "never recorded" in one] == [
        "that 2 slots of eve were never recorded: attestors look for samples of their own"
    ]
    assert flat(packed(made_whole(found)))["attainment"] == honest()["attainment"]
