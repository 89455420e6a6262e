"""One answer proves nothing, a number that moved proves how old the answer is at most."""

from __future__ import annotations

import pytest

from sankofa_exporters.ceph.client.freshness import Freshness


def test_mgr_that_was_asked_once_has_no_age() -> None:
    """Whatever the number is."""
    freshness = Freshness()
    freshness.note({"get_health": 5}, 100)

    assert freshness.age_seconds(100) is None


@pytest.mark.parametrize(
    ("answers", "now", "age"),
    [
        ([(100, 5), (115, 6)], 115, 15),
        ([(100, 5), (115, 5)], 115, None),
        ([(100, 5), (115, 5), (130, 6)], 130, 15),
        ([(100, 5), (115, 6), (130, 6), (145, 6)], 145, 45),
        ([(100, 5), (115, 6), (130, 7)], 131, 16),
        ([(100, 5), (115, 1)], 115, 15),
        ([(100, 5), (400, 6)], 400, 300),
        ([(100, 5), (130, 6), (115, 5)], 130, 30),
    ],
    ids=["moved", "still", "late", "frozen", "moving", "restarted", "seldom asked", "two probes crossed"],
)
def test_age_is_bounded_by_when_we_asked_before(
    answers: list[tuple[float, float]], now: float, age: float | None
) -> None:
    """The body was collected after we asked when its counter was still lower."""
    freshness = Freshness()
    for at, count in answers:
        freshness.note({"get_health": count}, at)

    assert freshness.age_seconds(now) == age
