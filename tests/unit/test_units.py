"""Exact quantities."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.errors import InvalidInput, Violation
from sankofa_observe.units import (
    PPM,
    Money,
    Period,
    floor_ppm,
    instant,
    ratio_below,
    rfc3339,
    share_floor,
    union,
    without,
)

COUNTS = st.integers(0, 2**63)


@pytest.mark.parametrize(
    ("amount_minor", "currency", "exponent", "text"),
    [
        (50_000, "USD", 2, "500.00 USD"),
        (5, "USD", 2, "0.05 USD"),
        (0, "USD", 2, "0.00 USD"),
        (-12_345, "EUR", 2, "-123.45 EUR"),
        (1200, "JPY", 0, "1200 JPY"),
        (-1, "JPY", 0, "-1 JPY"),
        (1_234_567, "KWD", 3, "1234.567 KWD"),
    ],
)
def test_money_is_written_with_the_digits_of_its_currency(
    amount_minor: int, currency: str, exponent: int, text: str
) -> None:
    """Minor units become the currency's usual form, without a float."""
    assert text == str(Money(amount_minor=amount_minor, currency=currency, exponent=exponent))


@given(good=COUNTS, more=COUNTS, threshold_ppm=st.integers(0, PPM))
def test_the_shown_ppm_never_contradicts_the_verdict(good: int, more: int, threshold_ppm: int) -> None:
    """For a whole-ppm threshold the floored figure is below it exactly when the exact ratio is."""
    valid = good + more
    if valid == 0:
        return

    assert ratio_below(good, valid, threshold_ppm) == (floor_ppm(good, valid) < threshold_ppm)


@given(amount_minor=st.integers(0, 2**96), share_ppm=st.integers(0, PPM))
def test_a_share_is_rounded_down_by_less_than_one_minor_unit(amount_minor: int, share_ppm: int) -> None:
    """The payer keeps the remainder, and it is under one minor unit."""
    kept = amount_minor * share_ppm - share_floor(amount_minor, share_ppm) * PPM

    assert 0 <= kept < PPM


def test_a_period_is_half_open_and_never_empty() -> None:
    """The start belongs to a period, the end does not; an end that is not after the start is refused."""
    period = Period(starts_at=10, ends_at=20)

    assert (10 in period, 19 in period, 20 in period) == (True, True, False)
    with pytest.raises(ValueError, match="must be after the start"):
        Period(starts_at=10, ends_at=10)


def test_invalid_input_lists_every_violation() -> None:
    """The text of the error holds each violation with its place, code and hint."""
    faults = [
        Violation(code="a.b", where="x.yaml#1:/spec", problem="wrong", hint="write it so"),
        Violation(code="c.d", where="y.yaml#2:/kind", problem="unknown"),
        Violation(code="e.f", where="z.yaml#1:/spec", problem="wrong", file="z.yaml", line=7),
        Violation(code="g.h", where="z.yaml", problem="no YAML", file="z.yaml", line=9),
    ]
    text = str(InvalidInput("4 violations", faults))

    assert text.splitlines() == [
        "4 violations",
        "  x.yaml#1:/spec: wrong [a.b]",
        "    hint: write it so",
        "  y.yaml#2:/kind: unknown [c.d]",
        "  z.yaml:7: /spec: wrong [e.f]",
        "  z.yaml:9: no YAML [g.h]",
    ]


stretches = st.lists(
    st.builds(lambda at, length: Period(starts_at=at, ends_at=at + length), st.integers(0, 30), st.integers(1, 12)),
    max_size=6,
)


def _seconds(periods: Iterable[Period]) -> list[int]:
    return [at for one in periods for at in range(one.starts_at, one.ends_at)]


@given(period=stretches.filter(bool), holes=stretches)
def test_stretches_are_joined_and_cut_as_their_seconds_are(period: list[Period], holes: list[Period]) -> None:
    """Each second once and in order, whatever overlaps, touches or reaches over an edge; and nothing is left in two pieces that touch."""
    whole, together = period[0], union(holes)
    left = list(without(whole, holes))

    assert _seconds(together) == sorted(set(_seconds(holes)))
    assert all(one.ends_at < later.starts_at for one, later in pairwise(together))
    assert _seconds(left) == sorted(set(_seconds([whole])) - set(_seconds(holes)))


@given(at=st.integers(0, 4_000_000_000))
def test_an_instant_is_read_as_it_was_written(at: int) -> None:
    assert instant(rfc3339(at)).timestamp() == at
