"""The curve of credit over objective: figures are exact, and the drawing shows each step where it is."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.pictures import braille, svg_curve
from sankofa_observe.pictures.curve import Curve, percent, place, target_at
from sankofa_observe.pictures.terminal import Screen
from sankofa_observe.sla.what_if import Owed, Step

NAMESPACE = "{http://www.w3.org/2000/svg}"
CURVE = Curve(
    title="Credits of acme & co",
    steps=[
        Step(target_ppm=950_001, owed=Owed(low_minor=0, high_minor=5_000)),
        Step(target_ppm=995_001, owed=Owed(low_minor=12_500, high_minor=12_500)),
        Step(target_ppm=999_501, owed=Owed(low_minor=12_500, high_minor=50_000)),
    ],
    currency="USD",
    exponent=2,
    marks=[(995_000, "objective now"), (999_000, "what if")],
)


def test_curve_says_what_each_objective_costs() -> None:
    """Exact amounts at the objectives of the scale; what nobody can tell is a range."""
    assert CURVE.told() == [
        ("90 %", "0.00 USD"),
        ("95 %", "0.00 USD"),
        ("99 %", "0.00 to 50.00 USD"),
        ("99.5 % (objective now)", "0.00 to 50.00 USD"),
        ("99.9 % (what if)", "125.00 USD"),
        ("99.95 %", "125.00 USD"),
        ("99.99 %", "125.00 to 500.00 USD"),
        ("99.999 %", "125.00 to 500.00 USD"),
    ]


@given(st.integers(900_000, 999_990))
def test_scale_leads_back_to_the_objective(target_ppm: int) -> None:
    """What is drawn at a place is the objective of that place, to a ppm."""
    assert abs(target_at(CURVE, place(CURVE, target_ppm)) - target_ppm) <= 1


@pytest.mark.parametrize(("ppm", "words"), [(995_000, "99.5 %"), (999_999, "99.9999 %"), (1, "0.0001 %"), (0, "0 %")])
def test_objective_in_percent_is_exact(ppm: int, words: str) -> None:
    """No digit too many, and none rounded."""
    assert percent(ppm) == words


def test_scale_begins_at_zero_where_an_objective_is_low() -> None:
    """What is pointed at is always on it."""
    low = Curve(title="a", steps=[], currency="KES", exponent=0, marks=[(600_000, "objective now")])
    assert (0 < place(low, 600_000) < 1, low.told()[0], low.told()[-1]) == (
        True,
        ("50 %", "0 KES"),
        ("99.999 %", "0 KES"),
    )


@given(st.integers(60, 200), st.integers(0, 10**12), st.integers(0, 10**12))
def test_chart_fits_its_terminal(width: int, low: int, more: int) -> None:
    """Whatever the amounts; without Unicode the figures alone."""
    owed = Owed(low_minor=low, high_minor=low + more)
    curve = Curve(title="t", steps=[Step(target_ppm=999_000, owed=owed)], currency="USD", exponent=2, marks=CURVE.marks)
    lines = list(braille.chart(curve, Screen(width=width)))
    assert max(map(len, lines)) <= width
    plain = list(braille.chart(curve, Screen(width=width, unicode=False)))
    assert plain == ["t", *lines[-len(curve.told()) :]]
    assert all(line.isascii() for line in plain)


def test_chart_draws_the_certain_line_and_what_is_possible() -> None:
    """The step up stands in the column of its objective; left of all steps only the ground is drawn."""
    lines = list(braille.chart(CURVE, Screen(width=80)))[1:11]
    rows = [line.partition("┤")[2] or line.partition("│")[2] for line in lines]
    columns = len(rows[0])
    rise = int(place(CURVE, 999_501) * columns)
    filled = [column for column in range(columns) if rows[0][column] != "⠀"]
    assert rise - 1 <= filled[0] <= rise + 1
    assert filled[-1] == columns - 1
    ground = int(place(CURVE, 950_001) * columns) - 1
    assert {row[:ground] for row in rows[:-1]} == {"⠀" * ground}
    assert "⠀" not in rows[-1][:ground]


def corners(document: str, kind: str) -> list[tuple[int, int]]:
    paths = [one for one in ET.fromstring(document).iter(f"{NAMESPACE}path") if one.get("class") == kind]
    return [(int(x), int(y)) for x, y in re.findall(r"[ML](\d+) (\d+)", str(paths[-1].get("d")))]


def test_svg_draws_the_steps() -> None:
    """Straight up at each objective, to its amount's share of the highest."""
    document = svg_curve.chart(CURVE)
    first, second = (round(place(CURVE, one) * 10_000) for one in (995_001, 999_501))
    assert corners(document, "certain") == [(0, 10_000), (first, 10_000), (first, 7_500), (10_000, 7_500)]
    assert corners(document, "possible")[-3:] == [(second, 7_500), (second, 0), (10_000, 0)]


@pytest.mark.parametrize("most", [93_750, 50_000, 99_999, 7])
def test_svg_labels_each_line_with_its_own_amount(most: int) -> None:
    """Lines stand at whole minor units: none is labelled with an amount that was rounded."""
    step = Step(target_ppm=999_000, owed=Owed(low_minor=0, high_minor=most))
    root = ET.fromstring(svg_curve.chart(Curve(title="t", steps=[step], currency="USD", exponent=2, marks=CURVE.marks)))
    texts = [(one.text or "", int(str(one.get("y")))) for one in root.iter(f"{NAMESPACE}text") if one.get("x") == "19%"]
    labels = [(round(float(words) * 100), y - 4) for words, y in texts if words != "USD"]
    (none, ground), (high, top) = labels[0], labels[-1]
    assert (none, high, ground - top) == (0, most, svg_curve.PLOT)
    assert all(abs((ground - y) / svg_curve.PLOT * most - amount) <= most / svg_curve.PLOT for amount, y in labels)
    assert len({after - before for (before, _), (after, _) in pairwise(labels)}) == 1


def test_svg_says_in_words_what_it_shows() -> None:
    """Its description has every amount; names are no markup, and nothing is fetched."""
    document = svg_curve.chart(CURVE)
    root = ET.fromstring(document)
    description = root.find(f"{NAMESPACE}desc")
    assert description is not None
    assert "99.5 % (objective now): 0.00 to 50.00 USD; 99.9 % (what if): 125.00 USD" in str(description.text)
    assert re.findall(r"https?://[^\"']+", document) == ["http://www.w3.org/2000/svg"]
    assert "prefers-color-scheme: dark" in document
