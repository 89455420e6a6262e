"""Tampering with documents nobody chose: both verifiers notice what can be noticed offline, and never disagree.

What a forger may change unseen, with all sums made anew, stands in `UNSEEN` below, field by field, and why:
- terms the tenant did not sign (fee, bands, cap, who observes and how many decide) and names: `terms_hash` and the contract hold those;
- digests, currency and exponent: the document's hash on chain holds those; provenance identifies nothing, and nothing holds it;
- how many scrapes there were, what a GOOD row counts within its target, and what stands outside the period: attestors count
  those from their own samples;
- tops and hidden figures, as far as they fit each other: attestors as well.
"""

from __future__ import annotations

import copy
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sankofa_observe.verify import CannotCheck, verify
from tests.unit.documents import (
    KINDS,
    Document,
    composite_documents,
    documents,
    event_documents,
    quorums,
    state_documents,
)
from tests.unit.referee import holds, made_whole, packed
from tests.unit.test_verify import honest, honest_events
from tests.unit.test_verify_observers import honest as three_observers
from tests.unit.test_verify_observers import honest_events as three_observers_of_events

DOCUMENTS = int(os.environ.get("DOCUMENTS", "8"))  # of each change; make test-all sets 50
WHOLE = DOCUMENTS >= 50  # every place of a field; else three of each

STATES = ("GOOD", "BAD", "NO_TRAFFIC", "UNKNOWN", "RECOVERED", "EXCLUDED", "FINE")
ROW = (
    "start", "good", "bad", "hidden", "blind", "over_good", "over_bad", "over_hidden", "settling", "expected", "seen", "state",
)  # fmt: skip
PARCEL = (
    "source", "kind", "first", "to", "good", "bad", "hidden", "blind", "from", "until", "good_before", "valid_before",
    "good_after", "valid_after", "top",
)  # fmt: skip
Tamper = Callable[[st.DataObject, Document], None]


def verified(found: Document) -> bool:
    try:
        return all(check.holds for check in verify(packed(found)).checks)
    except CannotCheck:
        return False


def _row(data: st.DataObject, found: Document, *, good: bool | None = None) -> list[Any]:
    rows: list[list[Any]] = [r for r in found["slots"] if good is None or (r[-1] == "GOOD") is good]
    assume(rows)
    return data.draw(st.sampled_from(rows))


def _add(number: int | str, more: int) -> int | str:
    """A count and some more, as the format writes it."""
    total = int(number) + more
    return total if abs(total) < 2**53 else str(total)


def _flip_state(data: st.DataObject, found: Document) -> None:
    row = _row(data, found)
    row[-1] = data.draw(st.sampled_from([state for state in STATES if state != row[-1]]))


def _count(data: st.DataObject, row: list[Any], columns: st.SearchStrategy[int]) -> None:
    column = data.draw(columns)
    row[column] = _add(row[column], data.draw(st.sampled_from([-1, 1, 60])))


def _count_of_good(data: st.DataObject, found: Document) -> None:
    _count(data, _row(data, found, good=True), st.integers(1, 10))


def _count_of_other(data: st.DataObject, found: Document) -> None:
    _count(data, _row(data, found, good=False), st.integers(0, 10))


def _sum_of_other(data: st.DataObject, found: Document) -> None:
    _count(data, _row(data, found, good=False), st.sampled_from([1, 2, 3, 5, 6, 7]))


def _drop_slot(data: st.DataObject, found: Document) -> None:
    found["slots"].remove(_row(data, found))


def _repeat_slot(data: st.DataObject, found: Document) -> None:
    at = data.draw(st.integers(0, len(found["slots"]) - 1))
    found["slots"].insert(at, list(found["slots"][at]))


def _reorder(data: st.DataObject, found: Document) -> None:
    rows = found["slots"]
    at = data.draw(st.integers(0, len(rows) - 2))
    rows[at], rows[at + 1] = rows[at + 1], rows[at]


def _proof(data: st.DataObject, found: Document, kind: str = "") -> list[Any]:
    """One parcel, one source's samples or one part, of some slot."""
    assert kind in {"", found["slo"]["counted"]}
    some: list[list[Any]] = [one for _, proof in found["proofs"] for one in proof]
    assume(some)
    return data.draw(st.sampled_from(some))


def _parcel(data: st.DataObject, found: Document) -> None:
    parcel = _proof(data, found, "events")
    field = data.draw(st.integers(0, len(PARCEL) - 1))
    kinds = st.sampled_from(
        ["growth", "gap", "restart", "contradiction", "return", "birth", "not seen", "new source", "left"]
    )
    changes = {0: st.just("job/other"), 1: kinds}
    added = st.sampled_from([-1, 1, 7, 15_000]).map(lambda more: _add(parcel[field], more) if field > 1 else "")
    parcel[field] = data.draw(changes.get(field, added))


def _parcel_with_its_row(data: st.DataObject, found: Document) -> None:
    """What a counted parcel says, and with it every row that adds it up."""
    grown = [p for _, proof in found["proofs"] for p in proof if p[1] in {"growth", "restart"} and (p[4] or p[5])]
    assume(grown)
    chosen, more, column = (
        data.draw(st.sampled_from(grown)),
        data.draw(st.sampled_from([-1, 1, 5])),
        data.draw(st.sampled_from([4, 5])),
    )
    name, since, before = chosen[0], chosen[8], list(chosen)
    assume(int(chosen[column]) + more >= 0)
    for _, proof in found["proofs"]:
        for one in proof:
            if (one[0], one[8], one) == (name, since, before):
                one[column] = _add(one[column], more)
    for row in found["slots"]:
        number = row[0] // found["slo"]["slot_seconds"]
        if number == before[3]:
            row[column - 3] = _add(row[column - 3], more)
        if before[2] < number <= before[3]:
            row[column + 1] = _add(row[column + 1], more)


def _proof_dropped(data: st.DataObject, found: Document) -> None:
    proof = data.draw(st.sampled_from([proof for _, proof in found["proofs"]] or [[]]))
    assume(proof)
    proof.pop(data.draw(st.integers(0, len(proof) - 1)))


def _proof_doubled(data: st.DataObject, found: Document) -> None:
    proof = data.draw(st.sampled_from([proof for _, proof in found["proofs"]] or [[]]))
    assume(proof)
    proof.append(copy.deepcopy(data.draw(st.sampled_from(proof))))


def _nothing_for_a_proof(data: st.DataObject, found: Document) -> None:
    """What is no list of its kind, where a proof stood."""
    assume(found["proofs"])
    carried = data.draw(st.sampled_from(found["proofs"]))
    carried[1] = data.draw(st.sampled_from([None, {}, "", 0, False, [None], [[]], [{}], {"a": []}]))


def _proofs_in_another_order(data: st.DataObject, found: Document) -> None:
    proofs = found["proofs"]
    assume(len(proofs) > 1)
    at = data.draw(st.integers(0, len(proofs) - 2))
    assume(proofs[at][0] != proofs[at + 1][0])  # of two observers: samples of the one may make the other's row as well
    proofs[at], proofs[at + 1] = proofs[at + 1], proofs[at]


def _samples(data: st.DataObject, found: Document) -> list[list[int]]:
    _, samples = _proof(data, found, "states")
    assume(samples)
    found_here: list[list[int]] = samples
    return found_here


def _sample(data: st.DataObject, found: Document) -> None:
    sample = data.draw(st.sampled_from(_samples(data, found)))
    sample[data.draw(st.integers(0, 1))] += data.draw(st.sampled_from([-1, 1, 90_000]))


def _sample_dropped(data: st.DataObject, found: Document) -> None:
    samples = _samples(data, found)
    samples.pop(data.draw(st.integers(0, len(samples) - 1)))


def _part(data: st.DataObject, found: Document) -> None:
    part = _proof(data, found, "parts")
    part[data.draw(st.integers(0, 1))] = data.draw(st.sampled_from(["other", *STATES]))


def _edge(data: st.DataObject, found: Document) -> None:
    edges, at = data.draw(st.sampled_from(found["edges"])), data.draw(st.integers(0, 3))
    edges[at] = _add(edges[at], data.draw(st.sampled_from([-1, 1, 60])))


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
    name = data.draw(st.sampled_from(["good", "bad", "unknown"]))
    found["attainment"][name] = _add(found["attainment"][name], data.draw(st.sampled_from([-1, 1])))


def _rule(data: st.DataObject, found: Document) -> None:
    names = [
        "target_ppm",
        "slot_target_ppm",
        "slot_expected",
        "slot_seconds",
        "scrape_seconds",
        "settles_seconds",
        "counts_bad",
    ]
    found["slo"][data.draw(st.sampled_from(names))] += data.draw(st.sampled_from([-1, 1, 1000]))


def _words(data: st.DataObject, found: Document) -> None:
    words = [
        "states",
        "events",
        "parts",
        "Timeslices",
        "Occurrences",
        "good",
        "excluded",
        "all",
        "any",
        "atLeast 2",
        "1 down=1,slow=2",
    ]
    found["slo"][data.draw(st.sampled_from(["counted", "budgeting", "no_traffic", "combine"]))] = data.draw(
        st.sampled_from(words)
    )


def _no_number(data: st.DataObject, found: Document) -> None:
    rules = ("target_ppm", "slot_target_ppm", "settles_seconds", "slot_expected", "scrape_seconds", "counts_bad")
    section, name = data.draw(
        st.sampled_from(
            [("slo", n) for n in rules]
            + [("agreement", "fee_minor"), ("credit", "credit_minor"), ("attainment", "bad"), ("chain", "chain_id")]
        )
    )
    value = int(found[section][name])
    found[section][name] = data.draw(st.sampled_from([value + 0.5, f"0{value}", None, True, -7]))


def _overlay(data: st.DataObject, found: Document) -> None:
    """Exclusions that were never agreed, another meaning, another order, or a site that was deployed later."""
    overlay, start = found["overlay"], found["period"][0]
    name = data.draw(st.sampled_from(["0x" + "ab" * 32, "0xab", "", 7]))
    more = [name, start + data.draw(st.integers(-90, 700)), start + data.draw(st.integers(-90, 700))]
    change = data.draw(st.sampled_from(["meaning", "since", "more", "less", "order"]))
    if change == "meaning":
        overlay["excluded_slots"] = data.draw(st.sampled_from(["leaves-base", "counts-as-up", "counts-as-down", 1]))
    elif change == "since":
        overlay["since_at"] = data.draw(st.sampled_from([0, start, start + 1, start + 120, -1, "1"]))
    elif change == "more":
        overlay["exclusions"].insert(data.draw(st.integers(0, len(overlay["exclusions"]))), more)
    elif change == "less":
        overlay["exclusions"] = overlay["exclusions"][1:]
    else:
        overlay["exclusions"].reverse()


def _observers(data: st.DataObject, found: Document) -> None:
    """Another threshold, or a name more, less, another or elsewhere."""
    said = found["observers"]
    names, change = said["names"], data.draw(st.sampled_from(["bad", "good", "more", "less", "other", "order"]))
    if change in {"bad", "good"}:
        said[change] = data.draw(st.sampled_from([0, *range(1, 7), "1", None]))
    elif change == "more":
        names.insert(data.draw(st.integers(0, len(names))), data.draw(st.sampled_from(["abe", "zoe", "Zoe", "", 7])))
    elif change == "order":
        names.reverse()
    elif names:
        at = data.draw(st.integers(0, len(names) - 1))
        names[at : at + 1] = [] if change == "less" else [names[at] + "a"]


def _of_another_observer(data: st.DataObject, found: Document) -> None:
    """Edges, or a row, where another observer's stood."""
    count = len(found["observers"]["names"])
    assume(count > 1)
    one, other = data.draw(st.permutations(range(count)).map(lambda order: order[:2]))
    rows, every = found["slots"], found["edges"]
    if data.draw(st.booleans()):
        every[one], every[other] = every[other], every[one]
    else:
        size = len(rows) // count
        n = data.draw(st.integers(0, size - 1))
        rows[one * size + n] = rows[other * size + n]


ALWAYS_SEEN: dict[str, Tamper] = {
    "a state": _flip_state,
    "a count of a good slot": _count_of_good,
    "a count of another slot": _count_of_other,
    "a slot left out": _drop_slot,
    "a slot twice": _repeat_slot,
    "another order": _reorder,
    "a parcel doubled": _proof_doubled,
    "nothing for a proof": _nothing_for_a_proof,
    "proofs in another order": _proofs_in_another_order,
    "a parcel and its row": _parcel_with_its_row,
    "credit": _credit,
    "period": _period,
    "verdict": _verdict,
    "attainment": _attainment,
    "no number": _no_number,
    "observers": _observers,
    "what another observer counted": _of_another_observer,
}
# With attainment, verdict, credit, root and id made anew.
SEEN_THROUGH_NEW_SUMS = (
    "a state", "a slot left out", "a slot twice", "another order", "a parcel doubled", "a parcel and its row",
    "a sum of a proof", "nothing for a proof", "proofs in another order",
)  # fmt: skip
SOMETIMES_SEEN: dict[str, Tamper] = {
    "a sum of a proof": _sum_of_other,
    "a field of a parcel": _parcel,
    "a part of a proof less": _proof_dropped,
    "a sample": _sample,
    "a sample less": _sample_dropped,
    "a part of a composite": _part,
    "an edge": _edge,
    "an overlay": _overlay,
    "bands": _bands,
    "a rule": _rule,
    "a word": _words,
}


OF: dict[str, st.SearchStrategy[Document]] = {
    "a parcel and its row": event_documents(),
    "a field of a parcel": event_documents(),
    "a sample": state_documents(),
    "a sample less": state_documents(),
    "a part of a composite": composite_documents(),
    "what another observer counted": st.one_of([kind(quorums([2, 3])) for kind in KINDS.values()]),
}


def of(name: str) -> st.SearchStrategy[Document]:
    """The documents in which there is something to change."""
    return OF.get(name, documents())


@pytest.mark.parametrize("name", ALWAYS_SEEN)
def test_tampering_in_one_place_is_noticed_by_both_verifiers(name: str) -> None:
    """Whatever the samples were, one changed place makes a document that does not hold."""

    @settings(max_examples=DOCUMENTS)
    @given(found=of(name), data=st.data())
    def noticed(found: Document, data: st.DataObject) -> None:
        changed = copy.deepcopy(found)
        ALWAYS_SEEN[name](data, changed)
        assume(changed != found)

        assert (verified(changed), holds(packed(changed))) == (False, False)

    noticed()


@pytest.mark.parametrize("name", SEEN_THROUGH_NEW_SUMS)
def test_forgery_with_new_sums_is_noticed_where_a_proof_speaks(name: str) -> None:
    """A forger computes every sum, the root and the id again: states and counts still follow from proofs."""

    @settings(max_examples=DOCUMENTS)
    @given(found=of(name), data=st.data())
    def noticed(found: Document, data: st.DataObject) -> None:
        changed = copy.deepcopy(found)
        (ALWAYS_SEEN | SOMETIMES_SEEN)[name](data, changed)
        assume(changed != found)
        changed = made_whole(changed)

        assert (verified(changed), holds(packed(changed))) == (False, False)

    noticed()


@pytest.mark.parametrize("name", ALWAYS_SEEN | SOMETIMES_SEEN)
def test_verifiers_agree_on_a_forgery_with_its_sums_made_anew(name: str) -> None:
    """Where attainment, verdict, credit, root and id are computed again after the change, both see the same."""

    @settings(max_examples=DOCUMENTS)
    @given(found=of(name), data=st.data(), whole=st.booleans())
    def agreed(found: Document, data: st.DataObject, whole: bool) -> None:  # noqa: FBT001  drawn
        changed = copy.deepcopy(found)
        (ALWAYS_SEEN | SOMETIMES_SEEN)[name](data, changed)
        if whole:
            changed = made_whole(changed)

        assert verified(changed) == holds(packed(changed))

    agreed()


def _leaves(place: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every number and text of a document."""
    if isinstance(place, (dict, list)) and place:
        for key in sorted(place) if isinstance(place, dict) else range(len(place)):
            yield from _leaves(place[key], (*path, key))
    elif not isinstance(place, (dict, list)):
        yield path


def _changed(found: Document, path: tuple[Any, ...]) -> Document:
    """One leaf is another: a number is one more, a digit of a hash or a letter differs."""
    changed = copy.deepcopy(found)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    value = place[path[-1]]
    last = value[-1:] if isinstance(value, str) else ""
    place[path[-1]] = value + 1 if isinstance(value, int) else value[:-1] + ("0" if last != "0" else "1")
    return changed


def _name(found: Document, path: tuple[Any, ...]) -> str:
    """A leaf by what it means: rows by state and column, parcels by kind and field."""
    match path:
        case ("slots", row, column):
            return f"{found['slots'][row][-1]} row: {ROW[column]}"
        case ("proofs", slot, 1, n, field) if found["slo"]["counted"] == "events":
            return f"{found['proofs'][slot][1][n][1]}: {PARCEL[field]}"
        case ("proofs", _, 1, _, 1, _, what):
            return f"sample: {('time', 'state')[what]}"
        case ("proofs", _, 1, _, 0):
            return "source: name"
        case _:
            return ".".join(str(key) for key in path if isinstance(key, str)) + "".join(
                f"[{key}]" for key in path if isinstance(key, int)
            )


UNSEEN = {
    "agreement.bands[0][1]", "agreement.bands[1][0]", "agreement.bands[1][1]", "agreement.bands[2][0]", "agreement.bands[2][1]",
    "agreement.cap_ppm", "agreement.currency", "agreement.exponent", "agreement.fee_minor",
    "agreement.terms_hash", "agreement.version", "calendar.fixed[2]", "chain.chain_id", "chain.contract", "provenance.assessed_at",
    "provenance.engine", "provenance.observer", "provenance.queries[0]", "provenance.queries[1]", "provenance.revision",
    "row.agreement", "row.slo", "slo.name", "slo.site", "slo.spec_digest",
}  # fmt: skip
OBSERVERS = {f"observers.{name}" for name in ("bad", "good", "names[0]", "names[1]", "names[2]")}
SAMPLES = {"sample: time", "source: name"}  # a millisecond later, in the same cell; whose samples they are is a claim
COUNTERS = {
    "BAD row: seen", "GOOD row: good", "GOOD row: over_good", "gap: from", "growth: from", "growth: until",
}  # fmt: skip
AFTER_A_GOOD_SLOT = {"edges[0][1]", "edges[0][2]", "edges[0][3]"}
HELD: dict[str, tuple[Callable[[], Document], set[str]]] = {
    "states": (honest, UNSEEN | SAMPLES),
    "events": (honest_events, UNSEEN | COUNTERS | AFTER_A_GOOD_SLOT),
    "states, three observers": (three_observers, UNSEEN | OBSERVERS | SAMPLES),
    "events, three observers": (three_observers_of_events, UNSEEN | OBSERVERS | COUNTERS | {"gap: until"}),
}


@pytest.mark.parametrize("name", HELD)
def test_every_field_is_held_by_something_but_those_that_are_named(name: str) -> None:
    """One field changed and all sums made anew: both verifiers refuse it, or it is one of those that only others can hold."""
    made, named = HELD[name]
    found = made()
    unseen, tried = set(), Counter[str]()
    for path in _leaves(found):
        tried[_name(found, path)] += 1
        if not WHOLE and tried[_name(found, path)] > 3:
            continue
        changed = made_whole(_changed(found, path))
        assert verified(changed) == holds(packed(changed)), path
        made_anew = path == ("calendar", "id") or path[0] in {
            "settlement_id",
            "root",
            "attainment",
            "verdict",
            "credit",
        }
        if verified(changed) and not made_anew:
            unseen.add(_name(found, path))

    assert unseen == named if WHOLE else unseen <= named
