"""Forgeries of several observers made whole: what does not fit itself is refused, and what does is not what the contract holds."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.evidence import parse
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.verify import CannotCheck, verify
from tests.unit.books_double import BooksDouble
from tests.unit.documents import NAMES, Document
from tests.unit.referee import holds, made_whole, packed, resealed
from tests.unit.test_verify_observers import SLOTS, counted, honest, honest_events


def _section(found: Document, observer: int) -> tuple[slice, slice]:
    """Where the rows and the proofs of an observer stand."""
    rows = found["slots"]
    size = len(rows) // len(found["observers"]["names"])
    low, high = observer * size, (observer + 1) * size
    first, last = (sum(row[-1] != "GOOD" for row in rows[:n]) for n in (low, high))
    return slice(low, high), slice(first, last)


def _put(found: Document, observer: int, own: Document, of: int) -> None:
    """What one observer counted, where another's stood."""
    edges = own["edges"][of]
    (rows, proofs), (put_rows, put_proofs) = _section(found, observer), _section(own, of)
    found["slots"][rows], found["proofs"][proofs] = own["slots"][put_rows], own["proofs"][put_proofs]
    found["edges"][observer] = edges


def _without_its_name(found: Document) -> None:
    found["observers"]["names"].pop()


def _without_its_days(found: Document) -> None:
    rows, proofs = _section(found, 2)
    del found["slots"][rows], found["proofs"][proofs]


def _without_its_edges(found: Document) -> None:
    found["edges"].pop()


def _named_twice(found: Document) -> None:
    found["observers"]["names"][1] = found["observers"]["names"][0]


def _named_out_of_order(found: Document) -> None:
    found["observers"]["names"].reverse()


def _one_more_name(found: Document) -> None:
    found["observers"]["names"].append("zoe")


def _one_more_name_with_edges(found: Document) -> None:
    _one_more_name(found)
    found["observers"]["good"] = 3
    found["edges"].append([0, 0, 0, 0])


def _no_name(found: Document) -> None:
    found["observers"]["names"][0] = "Ann"


def _threshold(**thresholds: int) -> Callable[[Document], None]:
    return lambda found: found["observers"].update(thresholds)


def _bad_row_of_the_last(found: Document) -> tuple[list[Any], int]:
    """A row of the last observer that saw a bad slot, and the place of its proof."""
    n = max(n for n, row in enumerate(found["slots"]) if row[-1] == "BAD")
    return found["slots"][n], sum(row[-1] != "GOOD" for row in found["slots"][:n])


def _row_of_one_is_good(found: Document) -> None:
    """Its proof goes with it: a GOOD row speaks for itself, and then its counts must."""
    row, proof = _bad_row_of_the_last(found)
    row[-1] = "GOOD"
    del found["proofs"][proof]


def _row_of_one_counts_less(found: Document) -> None:
    row, _ = _bad_row_of_the_last(found)
    row[1:3] = [row[1] + 1, row[2] - 1]


FORGERIES: Mapping[str, Callable[[Document], None]] = {
    "left out: its name": _without_its_name,
    "left out: its days": _without_its_days,
    "left out: its edges": _without_its_edges,
    "doubled: its name": _named_twice,
    "doubled: its edges": lambda found: found["edges"].append(found["edges"][-1]),
    "exchanged: names out of order": _named_out_of_order,
    "named: one that is none": _one_more_name,
    "named: one that is none, with edges": _one_more_name_with_edges,
    "named: what is no name": _no_name,
    "thresholds: more than there are for bad": _threshold(bad=4),
    "thresholds: none for bad": _threshold(bad=0),
    "thresholds: half for good": _threshold(good=1),
    "thresholds: more than there are for good": _threshold(good=4),
    "thresholds: text": lambda found: found["observers"].update(bad="2"),
    "thresholds: another field": lambda found: found["observers"].update(unknown=1),
    "a row of one: called good": _row_of_one_is_good,
    "a row of one: other counts": _row_of_one_counts_less,
}


@pytest.mark.parametrize("events", [False, True])
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_that_does_not_fit_itself_is_found(name: str, events: bool) -> None:  # noqa: FBT001  a parameter
    """Sums, root and identity are made anew, and both verifiers refuse it still."""
    found = honest_events() if events else honest()
    forged = copy.deepcopy(found)
    FORGERIES[name](forged)
    raw = packed(made_whole(forged))

    assert (verify(packed(found)).wrong, holds(packed(found))) == ([], True)
    assert forged != found
    with contextlib.suppress(CannotCheck):
        assert verify(raw).wrong != []
    assert not holds(raw)
    if not name.startswith("a row"):  # whether a row is true is not said by reading
        with pytest.raises(InvalidInput):
            parse(raw)


def test_edges_of_another_observer_are_found() -> None:
    """By the root alone; and with a root made anew by the parcels of the last slot, which may go on after the period."""
    found = honest_events()
    found["edges"][1][3] += 1
    exchanged = copy.deepcopy(found)
    exchanged["edges"][:2] = exchanged["edges"][1::-1]

    assert "root" in [check.what for check in verify(packed(exchanged)).wrong]
    assert not holds(packed(exchanged))
    [wrong] = verify(packed(made_whole(exchanged))).wrong
    assert wrong.what == f"ann: what may belong to slot {SLOTS[-1]} and is counted later"
    assert not holds(packed(made_whole(exchanged)))


def _a_row_under_the_next(file: Any) -> None:
    """A good row of the second observer stands at the end of the first one's day."""
    first, second = file["days"][:2]
    first["rows"].append(second["rows"].pop(0))


def _a_row_and_its_proof_under_the_next(file: Any) -> None:
    first, second = file["days"][:2]
    moved, kept = second["rows"][:3], second["rows"][3:]
    first["rows"], second["rows"] = first["rows"] + moved, kept
    first["proofs"].append(second["proofs"].pop(0))


def _all_days_under_the_first(file: Any) -> None:
    whole = {name: [one for day in file["days"] for one in day[name]] for name in ("rows", "proofs")}
    file["days"] = [file["days"][0] | whole]


def _a_day_more(file: Any) -> None:
    file["days"].append(copy.deepcopy(file["days"][-1]))


def _proofs_under_the_next(file: Any) -> None:
    file["days"][1]["proofs"][:0] = file["days"][0]["proofs"]
    file["days"][0]["proofs"] = []


LAYOUTS = [_a_row_under_the_next, _a_row_and_its_proof_under_the_next, _all_days_under_the_first, _a_day_more, _proofs_under_the_next]  # fmt: skip


@pytest.mark.parametrize("lay", LAYOUTS)
def test_the_same_rows_of_the_same_observers_have_one_identity(lay: Callable[[Any], None]) -> None:
    """Days of one observer are not put under another: else one settlement had many hashes that all hold."""
    file = json.loads(packed(honest()))
    lay(file)
    raw = resealed(file)

    with contextlib.suppress(CannotCheck):
        assert verify(raw).wrong != []
    assert not holds(raw)
    with pytest.raises(InvalidInput):
        parse(raw)


@pytest.mark.parametrize("count", [2, 4])
def test_a_tie_that_is_called_good_is_found(count: int) -> None:
    """Half of them saw the third slot good and half saw it bad: that it was good is neither a verdict nor a threshold that there is."""
    quorum = Quorum(names=NAMES[:count], bad=count, good=count // 2 + 1)
    found = counted(quorum, *([{2}, set()] * (count // 2)))
    called = {**copy.deepcopy(found), "attainment": {"good": 10, "bad": 0, "unknown": 0}, "verdict": "met"}
    lowered = copy.deepcopy(found)
    lowered["observers"]["good"] = count // 2
    lowered = made_whole(lowered)

    assert (found["attainment"], found["verdict"]) == ({"good": 9, "bad": 0, "unknown": 1}, "undetermined")
    assert {"attainment", "verdict"} <= {check.what for check in verify(packed(called)).wrong}
    with pytest.raises(CannotCheck, match=f"{count // 2} for good, expected"):
        verify(packed(lowered))
    assert not holds(packed(called))
    assert not holds(packed(lowered))


# --------------------------------------------------------------------------------------- what fits itself, and is not what was agreed


def _leave_out(found: Document) -> None:
    _without_its_days(found)
    _without_its_name(found)
    _without_its_edges(found)


def _exchange(found: Document) -> None:
    own = copy.deepcopy(found)
    _put(found, 1, own, 0)
    _put(found, 0, own, 1)


def _double(found: Document) -> None:
    _put(found, 1, copy.deepcopy(found), 0)


FITTING = {
    "one left out": _leave_out,
    "two exchanged": _exchange,
    "one doubled": _double,
    "one more for bad": _threshold(bad=3),
    "one less for bad": _threshold(bad=1),
    "one more for good": _threshold(good=3),
}


@pytest.mark.parametrize("events", [False, True])
@pytest.mark.parametrize("name", FITTING)
def test_a_forgery_that_fits_itself_is_not_the_one_on_chain(name: str, events: bool) -> None:  # noqa: FBT001  a parameter
    """Other observers, thresholds or rows under another name, consistently: another root and another hash than the contract holds."""
    found = honest_events() if events else honest()
    forged = copy.deepcopy(found)
    FITTING[name](forged)
    forged = made_whole(forged)
    asked = {check.what for check in verify(packed(forged), ask=BooksDouble(of=found)).wrong}

    assert (verify(packed(forged)).wrong, holds(packed(forged))) == ([], True)
    assert "chain: row" in asked
    assert verify(packed(found), ask=BooksDouble(of=found)).wrong == []
