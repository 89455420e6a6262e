"""Tampering with documents nobody chose: both verifiers notice what can be noticed offline, and never disagree.

Not to be seen in a file, whoever reads it, because nothing else in the file speaks of it:
- terms the tenant did not sign (fee, bands, target, floor, idle slots), once price and verdict follow from them: `terms_hash` and
  the contract hold those;
- a slot of which the samples, the count and every sum were made anew: an attestor counts from its own samples;
- a bad slot written as GOOD: GOOD rows carry no samples, as above;
- more events in a GOOD row of events than there were, with sums to match, as above;
- revision, engine, observer, queries, digests, currency, exponent and cap: the document's hash on chain holds those.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sankofa_observe.sla.evidence import Document, canonical
from sankofa_observe.verify import CannotCheck, verify
from tests.unit.documents import documents
from tests.unit.referee import holds, made_whole

STATES = ("GOOD", "BAD", "NO_TRAFFIC", "UNKNOWN", "RECOVERED", "EXCLUDED", "FINE")
Tamper = Callable[[st.DataObject, Document], None]


def verified(found: Document) -> bool:
    try:
        return all(check.holds for check in verify(canonical(found)))
    except CannotCheck:
        return False


def _row(data: st.DataObject, found: Document, *, good: bool | None = None) -> list[Any]:
    rows: list[list[Any]] = [r for r in found["slots"] if good is None or (r[5] == "GOOD") is good]
    assume(rows)
    return data.draw(st.sampled_from(rows))


def _flip_state(data: st.DataObject, found: Document) -> None:
    row = _row(data, found)
    row[5] = data.draw(st.sampled_from([state for state in STATES if state != row[5]]))


def _count_of_good(data: st.DataObject, found: Document) -> None:
    _row(data, found, good=True)[data.draw(st.sampled_from([1, 2, 4]))] += data.draw(st.sampled_from([-1, 1, 7]))


def _count_of_other(data: st.DataObject, found: Document) -> None:
    _row(data, found, good=False)[data.draw(st.integers(0, 4))] += data.draw(st.sampled_from([-1, 1, 60]))


def _drop_slot(data: st.DataObject, found: Document) -> None:
    found["slots"].remove(_row(data, found))


def _repeat_slot(data: st.DataObject, found: Document) -> None:
    at = data.draw(st.integers(0, len(found["slots"]) - 1))
    found["slots"].insert(at, list(found["slots"][at]))


def _reorder(data: st.DataObject, found: Document) -> None:
    rows = found["slots"]
    at = data.draw(st.integers(0, len(rows) - 2))
    rows[at], rows[at + 1] = rows[at + 1], rows[at]


def _samples(data: st.DataObject, found: Document) -> list[list[int]]:
    some: list[list[list[int]]] = [one for _, series in found["raw_samples"] for one in series if one]
    assume(some)
    return data.draw(st.sampled_from(some))


def _raw_sample(data: st.DataObject, found: Document) -> None:
    data.draw(st.sampled_from(_samples(data, found)))[data.draw(st.integers(0, 2))] += data.draw(
        st.sampled_from([-1, 1, 90_000])
    )


def _raw_sample_dropped(data: st.DataObject, found: Document) -> None:
    one = _samples(data, found)
    one.pop(data.draw(st.integers(0, len(one) - 1)))


def _credit(data: st.DataObject, found: Document) -> None:
    found["credit"][data.draw(st.sampled_from(["credit_ppm", "credit_minor"]))] += data.draw(st.sampled_from([-1, 1]))


def _bands(data: st.DataObject, found: Document) -> None:
    band = data.draw(st.sampled_from(found["agreement"]["bands"]))
    band[data.draw(st.integers(0, 1))] += data.draw(st.sampled_from([-1, 1, -250_000, 250_000]))


def _period(data: st.DataObject, found: Document) -> None:
    found["period"][data.draw(st.integers(0, 1))] += data.draw(st.sampled_from([-60, -1, 1, 60]))


def _verdict(data: st.DataObject, found: Document) -> None:
    others = {"met", "breach", "undetermined", "fine"} - {found["verdict"]}
    found["verdict"] = data.draw(st.sampled_from(sorted(others)))


def _attainment(data: st.DataObject, found: Document) -> None:
    found["attainment"][data.draw(st.sampled_from(["good", "bad", "unknown"]))] += data.draw(st.sampled_from([-1, 1]))


def _rule(data: st.DataObject, found: Document) -> None:
    name = data.draw(
        st.sampled_from(["target_ppm", "slot_target_ppm", "coverage_floor_ppm", "slot_expected", "slot_seconds"])
    )
    found["slo"][name] += data.draw(st.sampled_from([-1, 1, 1000]))


def _words(data: st.DataObject, found: Document) -> None:
    name = data.draw(st.sampled_from(["counted", "budgeting", "no_traffic"]))
    found["slo"][name] = data.draw(
        st.sampled_from(["states", "events", "Timeslices", "Occurrences", "good", "excluded"])
    )


def _no_number(data: st.DataObject, found: Document) -> None:
    section, name = data.draw(
        st.sampled_from(
            [("slo", n) for n in ("target_ppm", "slot_target_ppm", "coverage_floor_ppm", "slot_expected")]
            + [("agreement", "fee_minor"), ("credit", "credit_minor"), ("attainment", "bad"), ("chain", "chain_id")]
        )
    )
    found[section][name] = data.draw(
        st.sampled_from([found[section][name] + 0.5, str(found[section][name]), None, True, -7])
    )


ALWAYS_SEEN: dict[str, Tamper] = {
    "a state": _flip_state,
    "a count of a good slot": _count_of_good,
    "a count of another slot": _count_of_other,
    "a slot left out": _drop_slot,
    "a slot twice": _repeat_slot,
    "another order": _reorder,
    "credit": _credit,
    "period": _period,
    "verdict": _verdict,
    "attainment": _attainment,
    "no number": _no_number,
}
SOMETIMES_SEEN: dict[str, Tamper] = {
    "a sample": _raw_sample,
    "a sample less": _raw_sample_dropped,
    "bands": _bands,
    "a rule": _rule,
    "a word": _words,
}


@pytest.mark.parametrize("name", ALWAYS_SEEN)
def test_tampering_in_one_place_is_noticed_by_both_verifiers(name: str) -> None:
    """Whatever the samples were, one changed place makes a document that does not hold."""

    @settings(max_examples=50)
    @given(found=documents(), data=st.data())
    def noticed(found: Document, data: st.DataObject) -> None:
        changed = copy.deepcopy(found)
        ALWAYS_SEEN[name](data, changed)
        assume(changed != found)

        assert (verified(changed), holds(canonical(changed))) == (False, False)

    noticed()


@pytest.mark.parametrize("name", ALWAYS_SEEN | SOMETIMES_SEEN)
def test_verifiers_agree_on_a_forgery_with_its_sums_made_anew(name: str) -> None:
    """Where attainment, verdict, credit, root and id are computed again after the change, both see the same."""

    @settings(max_examples=50)
    @given(found=documents(), data=st.data(), whole=st.booleans())
    def agreed(found: Document, data: st.DataObject, whole: bool) -> None:  # noqa: FBT001  drawn
        changed = copy.deepcopy(found)
        (ALWAYS_SEEN | SOMETIMES_SEEN)[name](data, changed)
        if whole:
            changed = made_whole(changed)

        assert verified(changed) == holds(canonical(changed))

    agreed()
