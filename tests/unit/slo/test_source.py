"""Raw series to sources: who was scraped when, what is a count, and what is ambiguous."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.slo.samples import MAX_EXACT
from sankofa_observe.slo.source import Series, Source, count_of, selected_of

LABELS = {"job": "app", "instance": "a", "site": "s"}


def series(name: str, *samples: tuple[int, str], **labels: str) -> Series:
    return ({"__name__": name, **LABELS, **labels}, list(samples))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("0", 0), ("12", 12), ("1e+06", 1_000_000), ("9.007199254740991e+15", MAX_EXACT), ("-0", 0),
        ("9007199254740992", None), ("1e300", None), ("1.5", None), ("-1", None), ("NaN", None), ("+Inf", None),
        ("", None), ("0x10", None),
    ],
)  # fmt: skip
def test_a_count_is_a_whole_number_that_a_float_holds(text: str, count: int | None) -> None:
    """Whatever a source writes: anything else is no count."""
    assert count_of(text) == count


@given(value=st.integers(0, MAX_EXACT))
def test_every_exact_count_is_read_as_it_is(value: int) -> None:
    """Written as an integer, or as Prometheus writes a float."""
    assert (count_of(str(value)), count_of(repr(float(value)))) == (value, value)


def test_scrapes_of_a_source_are_those_that_answered_with_counts() -> None:
    """`up` 0 is a scrape that failed, and so is one of which a value is no count; order and twins do not matter."""
    good = [series("b", (15_000, "4"), (0, "3"), (30_000, "NaN"))]
    valid = [series("c", (0, "5"), (15_000, "6"), (15_000, "6"), (30_000, "7"))]
    up = [series("up", (0, "1"), (15_000, "1"), (30_000, "1"), (45_000, "0"))]
    [found] = [one.source(15) for one in selected_of(good, valid, up)]
    assert (found.name, found.scraped, found.failed) == ("app/a", (0, 15_000), (30_000, 45_000))
    assert found.samples == (0, 0, 15_000, 15_000, 30_000, 30_000)


def test_a_listed_source_that_nobody_saw_is_there() -> None:
    """By its instance; one that was seen stands once, and an `up` of another job makes no source."""
    valid, up = [series("c", (0, "5"))], [series("up", (0, "1"), job="node", instance="x")]
    found = [one.source(15) for one in selected_of([], valid, up, listed=["a", "b"])]
    assert [(one.name, one.listed, one.scraped) for one in found] == [("/b", True, ()), ("app/a", True, (0,))]


def doubts(*found: Series) -> set[str]:
    [source] = [one.source(15) for one in selected_of([], list(found), [])]
    return set(source.doubts.values())


def test_what_is_ambiguous_is_named() -> None:
    """Two buckets under one selector, and copies that differ only by a replica label; two codes are no copies."""
    at = (0, "1")
    assert doubts(series("b", at, le="0.1"), series("b", at, le="0.5")) == {
        "the selector meets several buckets: le 0.1, 0.5"
    }
    copies = [series("c", at, prometheus_replica=one) for one in "ab"]
    assert doubts(*copies) == {"series differ only by prometheus_replica"}
    assert doubts(series("c", at, code="200", replica="a"), series("c", at, code="500", replica="b")) == set()
    assert doubts(series("c", at, code="200"), series("c", at, code="500")) == set()


def test_a_source_is_a_plain_value() -> None:
    """Two readings of the same series are equal."""
    valid = [series("c", (0, "5"))]
    assert [one.source(15) for one in selected_of([], valid, [])] == [
        one.source(15) for one in selected_of([], list(valid), [])
    ]
    assert isinstance(next(one.source(15) for one in selected_of([], valid, [])), Source)
