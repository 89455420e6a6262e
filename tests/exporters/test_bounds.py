"""Over a bound nothing is cut in silence."""

from __future__ import annotations

import pytest

from sankofa_exporters.bounds import bounded, safe_label
from sankofa_exporters.failure import CollectorError, Kind
from sankofa_exporters.family import Sample

from .doubles import VALUE


@pytest.mark.parametrize(
    ("names", "room", "kind"),
    [(["a", "b", "c"], 2, Kind.LIMIT), (["a", "a"], 10, Kind.DECODE), (["x" * 300, "x" * 300], 10, Kind.DECODE)],
)
def test_bounds_refuse_too_many_and_doubled_series(names: list[str], room: int, kind: Kind) -> None:
    """Too many series fail as limit; one series named twice fails as decode, for Prometheus would drop the scrape."""
    with pytest.raises(CollectorError) as caught:
        bounded((Sample(VALUE, 1, (name,)) for name in names), label_chars=256, room=room)

    assert caught.value.failure.kind is kind


def test_bounds_cut_long_labels_but_keep_them_apart() -> None:
    """Two long values that differ at the end stay two series of bounded length."""
    first, second = safe_label("g" * 400 + "1", 256), safe_label("g" * 400 + "2", 256)

    assert first != second
    assert len(first) == len(second) == 256


def test_bounds_make_half_a_surrogate_pair_encodable() -> None:
    """JSON may carry half a surrogate pair; a label never does."""
    assert safe_label("guest-\ud800", 256) == "guest-?"
