"""The picture of a month: what is not good is always seen, and every figure is of slots."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.pictures import svg, terminal
from sankofa_observe.pictures.rows import length, rows_of
from sankofa_observe.pictures.strip import Mark, Stretch, Strip, seconds_by_mark
from sankofa_observe.pictures.terminal import Screen
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.spell import Spell, spells
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow
from sankofa_observe.units import Period
from tests.builders import START, slot

from .drawn import KEY, MINUTES, MONTH, good, strip

BAD, UNKNOWN, NO_TRAFFIC = SlotState.BAD, SlotState.UNKNOWN, SlotState.NO_TRAFFIC
NAMESPACE = "{http://www.w3.org/2000/svg}"


def one_bad(number: int) -> Strip:
    """As `strip({number: BAD})`, without the slots between: a property test has no time for them."""
    at = START + 60 * number
    edges = [(START, at, SlotState.GOOD), (at, at + 60, BAD), (at + 60, MONTH.ends_at, SlotState.GOOD)]
    found = [Spell(state=state, starts_at=start, ends_at=end) for start, end, state in edges if start < end]
    return Strip(slo="a", site="b", period=MONTH, zone="UTC", slot_seconds=60, spells=found)


def picture(of: Strip, width: int = 80, **screen: bool) -> list[str]:
    return list(terminal.month(of, Screen(width=width, **screen)))


# -------------------------------------------------------------------------------------------------------------- spells


def test_spells_are_runs_of_one_state() -> None:
    """A slot that was never recorded is unknown, what lies behind the newest one is in no spell, counts add up."""
    slots = [slot(START), slot(START + 60, BAD), slot(START + 120, BAD), slot(START + 240)]
    found = spells(slots, KEY, Period(starts_at=START, ends_at=START + 600), START + 300)
    assert [(one.state.value, one.starts_at - START, one.ends_at - START, one.bad, one.reasons) for one in found] == [
        ("GOOD", 0, 60, 0, ()),
        ("BAD", 60, 180, 2, ()),
        ("UNKNOWN", 180, 240, 0, ("not observed",)),
        ("GOOD", 240, 300, 0, ()),
    ]


# ------------------------------------------------------------------------------------------------------------ stretches


@given(
    st.dictionaries(st.integers(0, 199), st.sampled_from([BAD, UNKNOWN, NO_TRAFFIC])),
    st.lists(st.tuples(st.integers(0, 200 * 60), st.integers(1, 3600)), max_size=3),
    st.integers(0, 200),
)
def test_stretches_say_of_each_slot_what_stands(
    marks: dict[int, SlotState], holes: list[tuple[int, int]], until: int
) -> None:
    """The specification: each slot by itself; an exclusion takes the slots that lie wholly inside, and no other."""
    period = Period(starts_at=START, ends_at=START + 200 * 60)
    excluded = [Period(starts_at=START + start, ends_at=START + start + long) for start, long in holes]
    drawn = strip({n: state for n, state in marks.items() if n < until}, period, until, exclusions=excluded)

    def expected(number: int) -> Mark:
        at = START + 60 * number
        if number >= until:
            return Mark.NOT_COUNTED
        state = marks.get(number, SlotState.GOOD)
        if any(one.starts_at <= at and at + 60 <= one.ends_at for one in excluded):
            return Mark.EXCLUDED_FAULT if state in {BAD, UNKNOWN} else Mark.EXCLUDED
        return Mark[state.value]

    stretches = drawn.stretches()
    found = [one.mark for one in stretches for _ in range(one.seconds // 60)]
    assert found == [expected(number) for number in range(200)]
    assert all(one.mark is not other.mark for one, other in pairwise(stretches))


def test_days_of_which_only_totals_are_left_are_neither_good_nor_unknown() -> None:
    """They are marked as what they are, and have no numbers beside them."""
    gone = Period(starts_at=START, ends_at=START + 86_400)
    kept = strip({}).spells[0]
    drawn = strip({}, spells=[Spell(state=kept.state, starts_at=gone.ends_at, ends_at=kept.ends_at)], not_kept=[gone])
    first, second = picture(drawn)[5:7]
    assert seconds_by_mark(drawn.stretches())[Mark.NOT_KEPT] == 86_400
    assert (first.split(), second.split()[-3:]) == (["Thu", "01", "~" * 48, "-", "-", "-"], ["1440", "0", "0"])


# ------------------------------------------------------------------------------------------------------------- terminal


@given(st.integers(0, MINUTES - 1), st.integers(60, 200), st.booleans())
def test_one_bad_minute_of_a_month_is_seen_at_any_width(number: int, width: int, unicode: bool) -> None:  # noqa: FBT001  drawn
    """In the row of its day, in the cell of its hour, and nowhere else; no line is wider than the terminal."""
    lines = picture(one_bad(number), width, unicode=unicode)
    glyph = "█" if unicode else "#"
    rows = [line for line in lines if re.match(r"[A-Z][a-z]{2} \d\d ", line)]
    marked = [(day, line.index(glyph) - len("Thu 01 ")) for day, line in enumerate(rows) if glyph in line]
    cells = len(re.split(r" +\d", rows[0][7:])[0])
    assert marked == [(number // 1440, number % 1440 * cells // 1440)]
    assert (len(rows), sum(line.count(glyph) for line in rows)) == (30, 1)
    assert rows[number // 1440].split()[-2:] == ["1", "0"]
    assert max(map(len, lines)) <= width


def test_a_cell_shows_the_worst_that_lies_in_it() -> None:
    """Bad before unknown before excluded before good before idle."""
    marks = {0: NO_TRAFFIC, 30: UNKNOWN, 60: UNKNOWN, 61: BAD, **dict.fromkeys(range(90, 120), NO_TRAFFIC), 120: BAD}
    excluded = [Period(starts_at=START + 120 * 60, ends_at=START + 180 * 60)]
    row = next(line for line in picture(strip(marks, exclusions=excluded), 90) if line.startswith("Thu 01"))
    assert row == "Thu 01 ·?█-Xx" + "·" * 42 + " 1377   1       2       60"


def test_picture_without_colour_is_the_same_text() -> None:
    """Colour adds nothing that characters do not say."""
    drawn = strip({5: BAD, 700: UNKNOWN})
    plain, coloured = picture(drawn), picture(drawn, colour=True)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in coloured] == plain
    assert "\x1b[1;31m█\x1b[0m" in coloured[5]


def test_rows_follow_the_days_of_the_zone() -> None:
    """Where a clock is put forward the day has 23 hours, put back 25; every row begins at its local midnight."""
    for at, day, hours in ((START + 75 * 86_400, 28, 23), (START + 285 * 86_400, 24, 25)):
        period = CalendarWindow(unit=CalendarUnit.MONTH, zone="Europe/Berlin").period_at(at)
        rows = rows_of(Strip(slo="a", site="b", period=period, zone="Europe/Berlin", slot_seconds=60, spells=[]))
        assert [row.seconds // 3600 for row in rows.rows] == [24] * day + [hours] + [24] * (30 - day)
        lines = picture(Strip(slo="a", site="b", period=period, zone="Europe/Berlin", slot_seconds=60, spells=[]))
        assert lines[5 + day].endswith(f" {hours} h")


@pytest.mark.parametrize(
    ("seconds", "slot_seconds", "rows", "label"),
    [
        (600, 5, 10, "00:09"), (600, 60, 1, "00:00"), (7200, 5, 2, "01:00"), (7200, 60, 2, "01:00"),
        (7200, 1800, 1, "Thu 01"), (90_000, 60, 2, "Fri 02"),
    ],
)  # fmt: skip
def test_short_periods_have_rows_of_their_own_length(seconds: int, slot_seconds: int, rows: int, label: str) -> None:
    """Minutes up to an hour, hours up to a day, then days; a row has room for four slots at least."""
    period = Period(starts_at=START, ends_at=START + seconds)
    found = rows_of(strip({}, period, spells=[], slot_seconds=slot_seconds)).rows
    assert (len(found), found[-1].label) == (rows, label)


def test_spells_that_are_not_good_stand_in_a_table() -> None:
    """Each with its edges, its exact length and its reason."""
    table = picture(strip({61: BAD, 62: BAD, 1441: UNKNOWN}))[-2:]
    assert table == [
        "bad      2026-01-01T01:01:00Z 2026-01-01T01:03:00Z  2 min 2 of 8 scrapes bad",
        "unknown  2026-01-02T00:01:00Z 2026-01-02T00:02:00Z  1 min not seen",
    ]
    assert picture(strip({}))[-1] == "No slot is bad or unknown."
    assert [length(n) for n in (0, 59, 60, 3661, 90_000)] == ["0 s", "59 s", "1 min", "1 h 1 min 1 s", "1 d 1 h"]


# ------------------------------------------------------------------------------------------------------------------ svg


def read_back(document: str) -> list[Stretch]:
    """The stretches of the line of the whole period, from its paths."""
    root = ET.fromstring(document)
    line = next(one for one in root.findall(f"{NAMESPACE}svg") if one.get("preserveAspectRatio") == "none")
    found = []
    for path in line.findall(f"{NAMESPACE}path"):
        mark = Mark[str(path.get("class")).upper().replace("-", "_")]
        for start, long in re.findall(r"M(\d+) \d+h(\d+)v", str(path.get("d"))):
            begins = START + 60 * int(start)
            found.append(Stretch(mark=mark, starts_at=begins, ends_at=begins + 60 * int(long)))
    return sorted(found, key=lambda one: one.starts_at)


@given(
    st.dictionaries(st.integers(0, 999), st.sampled_from([BAD, UNKNOWN, NO_TRAFFIC])),
    st.integers(0, 1000),
    st.integers(0, 50_000),
)
def test_svg_holds_every_slot_exactly(marks: dict[int, SlotState], until: int, hole: int) -> None:
    """What is drawn can be read back: no pixel grid stands between slots and picture."""
    period = Period(starts_at=START, ends_at=START + 60_000)
    excluded = [Period(starts_at=START + hole, ends_at=START + hole + 5000)]
    drawn = strip({n: state for n, state in marks.items() if n < until}, period, until, exclusions=excluded)
    assert read_back(svg.month(drawn)) == drawn.stretches()


@given(st.integers(0, MINUTES - 1))
def test_svg_draws_a_bad_minute_two_pixels_wide_by_construction(number: int) -> None:
    """Its path is painted last, in the whole line and in its day, with a line whose width no scale changes."""
    document = svg.month(one_bad(number))
    root = ET.fromstring(document)
    lines = [one for one in root.findall(f"{NAMESPACE}svg") if one.get("preserveAspectRatio") == "none"]
    with_bad = [place for place, line in enumerate(lines) if any(path.get("class") == "bad" for path in line)]
    assert with_bad == [0, 1 + number // 1440]
    assert all(
        lines[place][-1].get("class") == "bad" and lines[place].get("overflow") == "visible" for place in with_bad
    )
    assert "path { vector-effect: non-scaling-stroke; stroke-width: 2px" in document
    assert ".bad { fill: var(--bad); stroke: var(--bad) }" in document


def test_svg_says_in_words_what_it_shows() -> None:
    """Whoever cannot see it is told the counts, and what was not good; names are no markup."""
    drawn = strip({61: BAD}, exclusions=[Period(starts_at=START, ends_at=START + 600)], site="a<b>&c")
    root = ET.fromstring(svg.month(drawn))
    title, description = root.find(f"{NAMESPACE}title"), root.find(f"{NAMESPACE}desc")
    assert title is not None
    assert description is not None
    assert title.text == "availability-edge at a<b>&c, 2026-01-01T00:00:00Z/2026-01-31T00:00:00Z"
    assert str(description.text).startswith(
        "1 bad, 10 excluded, 43,189 good of 43,200 slots of 1 min. BAD from 2026-01-01T01:01:00Z to 2026-01-01T01:02:00Z, 1 min"
    )
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "title desc")


def test_svg_needs_nothing_but_itself() -> None:
    """No script, no address but the name of the format, and colours for light and dark."""
    document = svg.month(strip({61: BAD}))
    assert re.findall(r"https?://[^\"']+", document) == ["http://www.w3.org/2000/svg"]
    assert "<script" not in document
    assert "prefers-color-scheme: dark" in document
    assert len(good()) == MINUTES
