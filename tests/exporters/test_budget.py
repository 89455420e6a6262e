"""The scrape timeout that Prometheus tells bounds a probe."""

from __future__ import annotations

import pytest

from sankofa_exporters.probe.budget import Budget, probe_seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("10", 9.5),
        ("1", 0.5),
        ("0.8", 0.4),
        (None, 9.5),
        ("", 9.5),
        ("soon", 9.5),
        ("-3", 9.5),
        ("nan", 9.5),
        ("inf", 9.5),
        ("0", 9.5),
        ("1e9", 119.5),
    ],
)
def test_budget_keeps_half_a_second_of_the_scrape_timeout(header: str | None, seconds: float) -> None:
    """Half a second is kept back, half of a timeout under a second; an absurd header means the default, a huge one two minutes."""
    assert probe_seconds(header) == pytest.approx(seconds)


def test_budget_slice_never_outlasts_the_whole() -> None:
    """A part asked for more than there is gets what there is."""
    budget = Budget.of(1)

    assert budget.slice(60) == budget
    assert budget.slice(0.2).remaining() <= 0.2
    assert Budget.of(-1).remaining() == 0
