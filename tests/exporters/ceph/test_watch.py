"""One look proves nothing, a number that moved proves how old the answer is at most."""

from __future__ import annotations

import pytest

from sankofa_exporters.ceph.watch import Watch


def test_watch_that_looked_once_knows_no_age() -> None:
    """Whatever the number is."""
    watch = Watch()
    watch.look({"get_health": 5}, 100)

    assert watch.age_seconds(100) is None


@pytest.mark.parametrize(
    ("looks", "now", "age"),
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
def test_watch_bounds_the_age_by_its_own_looks(looks: list[tuple[float, float]], now: float, age: float | None) -> None:
    """The body was collected after the look at which its counter was still lower."""
    watch = Watch()
    for at, count in looks:
        watch.look({"get_health": count}, at)

    assert watch.age_seconds(now) == age
