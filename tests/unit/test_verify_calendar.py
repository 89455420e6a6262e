"""The calendar of a document, by both verifiers: listed bounds and equal periods, and what a forger makes of either."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.evidence import parse
from sankofa_observe.verify import CannotCheck, verify
from tests.unit.documents import PERIOD, Document
from tests.unit.referee import holds, made_whole, packed
from tests.unit.test_verify import honest


def with_calendar(period: int, *, bounds: list[int] | None = None, fixed: list[int] | None = None) -> bytes:
    """The honest document in another calendar, with its id and the settlement's made anew."""
    document: Document = copy.deepcopy(honest())
    document["calendar"] |= {"bounds": bounds or [], "fixed": fixed or []}
    document["row"]["period"] = period
    return packed(made_whole(document))


def said(raw: bytes) -> tuple[bool, bool, bool]:
    """Whether it holds for the verifier, for the second one, and for our own reading."""
    try:
        verified = not verify(raw).wrong
    except CannotCheck:
        verified = False
    try:
        read = bool(parse(raw))
    except InvalidInput:
        read = False
    return verified, holds(raw), read


@given(
    before=st.lists(st.integers(0, PERIOD.starts_at - 1), unique=True, max_size=200),
    after=st.lists(st.integers(PERIOD.ends_at + 1, 2**48), unique=True, max_size=200),
)
def test_a_period_of_listed_bounds_holds(before: list[int], after: list[int]) -> None:
    """Wherever in the table the period stands."""
    bounds = [*sorted(before), PERIOD.starts_at, PERIOD.ends_at, *sorted(after)]
    assert said(with_calendar(len(before), bounds=bounds)) == (True, True, True)


EDGES = [PERIOD.starts_at, PERIOD.ends_at]
ANCHOR, LENGTH = PERIOD.starts_at, PERIOD.seconds
FORGED: dict[str, Callable[[], bytes]] = {
    "another period of the table": lambda: with_calendar(1, bounds=[*EDGES, PERIOD.ends_at + 600]),
    "a period beyond the table": lambda: with_calendar(1, bounds=EDGES),
    "no bound after the first": lambda: with_calendar(0, bounds=EDGES[:1]),
    "bounds that fall": lambda: with_calendar(1, bounds=[PERIOD.ends_at + 1, *EDGES]),
    "a bound twice": lambda: with_calendar(1, bounds=[EDGES[0], *EDGES]),
    "more bounds than the contract has": lambda: with_calendar(511, bounds=[*range(511), *EDGES]),
    "both forms": lambda: with_calendar(0, bounds=EDGES, fixed=[ANCHOR, LENGTH, 1]),
    "neither form": lambda: with_calendar(0),
    "two words": lambda: with_calendar(0, fixed=[ANCHOR, LENGTH]),
    "another length": lambda: with_calendar(0, fixed=[ANCHOR, LENGTH + 1, 9]),
    "another anchor": lambda: with_calendar(0, fixed=[ANCHOR - 1, LENGTH, 9]),
    "a period beyond the last": lambda: with_calendar(9, fixed=[ANCHOR - 9 * LENGTH, LENGTH, 9]),
    "no length": lambda: with_calendar(0, fixed=[ANCHOR, 0, 9]),
    "no period": lambda: with_calendar(0, fixed=[ANCHOR, LENGTH, 0]),
    "more periods than the contract counts": lambda: with_calendar(0, fixed=[ANCHOR, LENGTH, 2**32]),
}


def test_a_period_of_one_length_holds() -> None:
    """The same period under another number, of another calendar."""
    for n in (0, 1, 9):
        assert said(with_calendar(n, fixed=[ANCHOR - n * LENGTH, LENGTH, 10])) == (True, True, True)


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_calendar_is_refused(case: str) -> None:
    """By both verifiers and by our own reading, though its id and the settlement's are made anew."""
    assert said(FORGED[case]()) == (False, False, False)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("calendar", "id"), "0x" + "ab" * 16),
        (("calendar", "id"), "0x" + "ab" * 32),
        (("calendar", "bounds"), "none"),
        (("calendar", "more"), 1),
        (("row", "slo"), 8),
        (("row", "slo"), -1),
        (("row", "period"), "0"),
        (("row", "agreement"), "0x" + "ab" * 20),
        (("row", "revision"), 1),
    ],
)
def test_a_row_or_calendar_of_another_form_is_refused(path: tuple[str, str], value: Any) -> None:
    """One form, and nothing beside it."""
    document = copy.deepcopy(honest())
    document[path[0]][path[1]] = value
    assert said(packed(document)) == (False, False, False)
