"""The strip of a month for a terminal: a row a day, cells that show the worst in them, totals beside, spells beneath.

Each mark is a character of its own, so that nothing is told by colour alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sankofa_observe.pictures.rows import HOUR, Row, Rows, length, rows_of
from sankofa_observe.pictures.strip import WORDS, Mark, Stretch, Strip, seconds_by_mark
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.spell import Spell
from sankofa_observe.units import rfc3339

NARROWEST = 60  # columns; a narrower terminal breaks the lines
MOST_SPELLS = 200  # in the table under a picture
_GLYPHS = {
    Mark.BAD: "█",
    Mark.UNKNOWN: "?",
    Mark.EXCLUDED_FAULT: "X",
    Mark.EXCLUDED: "x",
    Mark.NOT_KEPT: "~",
    Mark.GOOD: "·",
    Mark.NO_TRAFFIC: "-",
    Mark.NOT_COUNTED: " ",
}
_ASCII = {**_GLYPHS, Mark.BAD: "#", Mark.GOOD: "."}
_SGR = {
    Mark.BAD: "1;31",
    Mark.UNKNOWN: "1;33",
    Mark.EXCLUDED_FAULT: "1;35",
    Mark.EXCLUDED: "34",
    Mark.NOT_KEPT: "2",
    Mark.GOOD: "32",
    Mark.NO_TRAFFIC: "36",
}
_COLUMNS: Sequence[tuple[str, tuple[Mark, ...]]] = (
    ("good", (Mark.GOOD, Mark.NO_TRAFFIC)),
    ("bad", (Mark.BAD,)),
    ("unknown", (Mark.UNKNOWN,)),
    ("excluded", (Mark.EXCLUDED, Mark.EXCLUDED_FAULT)),
)
_NEVER_LEFT_OUT = 3  # columns: a zero of them says that it was looked for


@dataclass(frozen=True, kw_only=True)
class Screen:
    """What the terminal can show."""

    width: int = 80
    colour: bool = False
    unicode: bool = True

    def drawn(self, marks: Sequence[Mark]) -> str:
        glyphs = _GLYPHS if self.unicode else _ASCII
        if not self.colour:
            return "".join(glyphs[mark] for mark in marks)
        runs = ((mark, len(list(run))) for mark, run in groupby(marks))
        return "".join(
            f"\x1b[{_SGR[mark]}m{glyphs[mark] * count}\x1b[0m" if mark in _SGR else glyphs[mark] * count
            for mark, count in runs
        )


def month(strip: Strip, screen: Screen) -> Iterator[str]:
    """The whole picture, line by line."""
    rows, every = rows_of(strip), strip.stretches()
    columns = _columns(strip, every)
    label = max(len(row.label) for row in rows.rows) + 1
    wide_screen = max(screen.width, NARROWEST)
    cell = _cell_seconds(rows, wide_screen - label - sum(len(name) + 1 for name, _ in columns))
    cell = max(cell, strip.slot_seconds)
    wide = -(-rows.longest // cell)
    yield f"{strip.title}, {strip.period}"
    yield from textwrap.wrap(f"{counts(every, strip.slot_seconds)}; days of {strip.zone}", wide_screen)
    yield f"A cell is {length(cell)} and shows the worst in it:"
    yield _legend(every, screen)
    yield " " * label + _ruler(rows, cell, wide) + "".join(f" {name}" for name, _ in columns)
    for row in rows.rows:
        marks = cells(row, cell)
        totals = "".join(f" {_total(row, strip, of):>{len(name)}}" for name, of in columns)
        other = "" if row.seconds == rows.seconds else f" {row.seconds // HOUR} h"
        drawn = screen.drawn(marks) + " " * (wide - len(marks))
        yield f"{row.label:<{label}}{drawn}{totals}{other}"
    yield from _table(strip, screen)


def _total(row: Row, strip: Strip, of: Sequence[Mark]) -> str:
    """How many slots of these marks a row has; of a row of which nothing is counted or kept, no number."""
    found = row.slots(strip.slot_seconds)
    if not found.keys() - {Mark.NOT_COUNTED, Mark.NOT_KEPT}:
        return "-"
    return str(sum(found.get(one, 0) for one in of))


def cells(row: Row, seconds: int) -> list[Mark]:
    """The worst mark that lies in each cell of a row, be it for one second."""
    found = [Mark.NOT_COUNTED] * -(-row.seconds // seconds)
    for one in row.stretches:
        first, last = (one.starts_at - row.starts_at) // seconds, (one.ends_at - 1 - row.starts_at) // seconds
        for place in range(first, last + 1):
            found[place] = max(found[place], one.mark)
    return found


def _cell_seconds(rows: Rows, room: int) -> int:
    """The shortest length of which a whole row fits, or the longest there is."""
    return next((one for one in rows.cells if -(-rows.longest // one) <= room), rows.cells[-1])


def _columns(strip: Strip, every: Sequence[Stretch]) -> Sequence[tuple[str, tuple[Mark, ...]]]:
    there = {one.mark for one in every}
    wanted = [*_COLUMNS[:_NEVER_LEFT_OUT]]
    wanted += [one for one in _COLUMNS[_NEVER_LEFT_OUT:] if strip.exclusions or there.intersection(one[1])]
    return wanted


def counts(every: Sequence[Stretch], seconds: int) -> str:
    """How many slots there are of each mark, the worst first."""
    of = seconds_by_mark(every)
    some = [f"{of[mark] // seconds:,} {WORDS[mark]}" for mark in sorted(of, reverse=True)]
    return f"{', '.join(some)} of {sum(of.values()) // seconds:,} slots of {length(seconds)}"


def _legend(every: Sequence[Stretch], screen: Screen) -> str:
    there = {one.mark for one in every} | {Mark.BAD, Mark.UNKNOWN}
    plain = Screen(unicode=screen.unicode, colour=screen.colour)
    named = [f"{plain.drawn([mark])} {WORDS[mark]}" for mark in sorted(there, reverse=True) if mark]
    return ", ".join(named)


def _ruler(rows: Rows, cell: int, wide: int) -> str:
    """Hours above the cells of a day, minutes above those of an hour, seconds above those of a minute."""
    unit = {86_400: HOUR, 3600: 60, 60: 1}[rows.seconds]
    steps = (1, 3, 6, 12) if unit == HOUR else (5, 10, 15, 30)
    step = next((one for one in steps if one * unit % cell == 0 and one * unit // cell >= 4), steps[-1])  # noqa: PLR2004  two digits and a gap
    line = [" "] * wide
    for number in range(0, rows.seconds // unit, step):
        place = number * unit // cell
        if place + 2 <= wide:
            line[place : place + 2] = f"{number:02}"
    return "".join(line)


def _table(strip: Strip, screen: Screen) -> Iterator[str]:
    """The spells that are not good, each with what is known of it."""
    wrong = [one for one in strip.spells if one.state in {SlotState.BAD, SlotState.UNKNOWN}]
    if not wrong:
        yield "No slot is bad or unknown."
        return
    yield ""
    lengths = [length(one.seconds) for one in wrong[:MOST_SPELLS]]
    wide = max(6, *map(len, lengths))
    head = f"{'state':<8} {'from':<20} {'to':<20} {'length':>{wide}} "
    room = max(screen.width, NARROWEST) - len(head)
    yield f"{head}reason" if room >= len("reason") else head.rstrip()
    for one, long in zip(wrong, lengths, strict=False):
        start = f"{one.state.value.lower():<8} {rfc3339(one.starts_at)} {rfc3339(one.ends_at)} {long:>{wide}} "
        if len(why := reason(one, strip)) <= room:
            yield start + why
        else:  # then it stands beneath
            yield start.rstrip()
            yield from textwrap.wrap(why, room + len(head), initial_indent=" " * 9, subsequent_indent=" " * 9)
    if len(wrong) > MOST_SPELLS:
        yield f"and {len(wrong) - MOST_SPELLS:,} more; slots export writes every slot"


def reason(spell: Spell, strip: Strip) -> str:
    """Why a spell is not good: what was counted, and what is not certain."""
    seen = spell.good + spell.bad
    told = strip.counted and seen > 0 and spell.state is SlotState.BAD
    parts = [f"{spell.bad:,} of {seen:,} {strip.counted} bad"] if told else []
    parts += spell.reasons
    if any(one.starts_at < spell.ends_at and spell.starts_at < one.ends_at for one in strip.exclusions):
        parts.append("in part or whole excluded")
    return "; ".join(parts)
