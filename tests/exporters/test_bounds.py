"""Over a bound nothing is cut in silence."""

from __future__ import annotations

import pytest

from sankofa_exporters.model.bounds import bounded, safe_label
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Sample
from sankofa_exporters.model.rejected import Rejected, counted_in

from .doubles import VALUE


def test_bounds_refuse_too_many_series() -> None:
    """Too many series fail as limit."""
    with pytest.raises(CollectorError) as caught:
        bounded((Sample(VALUE, 1, (name,)) for name in "abc"), label_chars=256, room=2)

    assert caught.value.failure.kind is Kind.LIMIT


@pytest.mark.parametrize(
    ("values", "kept"),
    [((1, 1), [1]), ((1, 2), []), ((1, 1, 2), []), ((1, 2, 1), [])],
)
def test_doubled_series_are_one_or_not_known(values: tuple[int, ...], kept: list[int]) -> None:
    """Prometheus would drop the scrape: equal ones are one, of differing ones none is known; other series stay."""
    rejected, other = Rejected(), Sample(VALUE, 7, ("other",))
    with counted_in(rejected, "guests"):
        found = bounded([Sample(VALUE, value, ("x" * 300,)) for value in values] + [other], label_chars=256, room=10)

    assert [one.value for one in found] == [*kept, 7]
    assert rejected == ({} if kept else {("guests", "contradicting"): len(values)})


def test_bounds_cut_long_labels_but_keep_them_apart() -> None:
    """Two long values that differ at the end stay two series of bounded length."""
    first, second = safe_label("g" * 400 + "1", 256), safe_label("g" * 400 + "2", 256)

    assert first != second
    assert len(first) == len(second) == 256


def test_bounds_make_half_a_surrogate_pair_encodable() -> None:
    """JSON may carry half a surrogate pair; a label never does."""
    assert safe_label("guest-\ud800", 256) == "guest-?"
