"""The strip of a month as an SVG that stands by itself: exact paths, no script, light and dark.

A path's coordinates are slots, so that what is drawn can be read back; lines of bad, unknown and excluded stretches have a width of two
pixels that no scale changes, so that one slot of a month is seen at any width. Marks differ by height and texture, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from xml.sax.saxutils import escape

from sankofa_observe.pictures.rows import Row, Rows, length, rows_of
from sankofa_observe.pictures.strip import WORDS, Mark, Stretch, Strip, seconds_by_mark
from sankofa_observe.pictures.terminal import counts, reason
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.units import rfc3339

STRIP_HEIGHT, ROW_HEIGHT, ROW_PITCH = 28, 10, 16  # pixels
# Of the width, in percent: where a row begins and ends, by what its label has room for; its totals have the rest.
SHORT_LABEL, ROW_FROM, ROW_FROM_LONG, ROW_TO = 6, 16, 24, 78
TOTALS = ((Mark.BAD, "bad", 88), (Mark.UNKNOWN, "unkn.", 99))  # and where a column of totals ends
LEGEND_PITCH = 18
MOST_TOLD = 20  # spells in the text alternative
# From below to above, each with its share of the height in quarters: what covers what is that a fault is never covered.
_PAINTED = (
    (Mark.NOT_COUNTED, 1),
    (Mark.NOT_KEPT, 1),
    (Mark.NO_TRAFFIC, 2),
    (Mark.GOOD, 2),
    (Mark.EXCLUDED, 3),
    (Mark.EXCLUDED_FAULT, 3),
    (Mark.UNKNOWN, 4),
    (Mark.BAD, 4),
)
_WIDENED = {Mark.BAD, Mark.UNKNOWN, Mark.EXCLUDED, Mark.EXCLUDED_FAULT}
_CLASS = {mark: mark.name.lower().replace("_", "-") for mark in Mark}
PALETTE = """
  svg { --paper: #ffffff; --ink: #1f2328; --faint: #6a737d; --good: #9bd3ae; --idle: #bcd7dd; --bad: #b3001b;
        --unknown: #a65f00; --excluded: #2f5fd0; --none: #d0d7de; font: 12px system-ui, sans-serif }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --good: #1f6f3d; --idle: #2b5560; --bad: #ff6b74;
          --unknown: #f0a53a; --excluded: #7aa2ff; --none: #30363d }
  }
  .paper { fill: var(--paper) } text { fill: var(--ink) } .faint { fill: var(--faint) }
  .end { text-anchor: end } .middle { text-anchor: middle } .small { font-size: 11px }
  .stripe-unknown { fill: var(--unknown) } .stripe-excluded { fill: var(--excluded) }
"""
STYLE = """
  path { vector-effect: non-scaling-stroke; stroke-width: 2px; stroke: none }
  .good { fill: var(--good) } .no-traffic { fill: var(--idle) } .not-counted, .not-kept { fill: var(--none) }
  .bad { fill: var(--bad); stroke: var(--bad) } .unknown { fill: url(#hatch); stroke: var(--unknown) }
  .excluded { fill: url(#lines); stroke: var(--excluded) } .excluded-fault { fill: var(--excluded); stroke: var(--excluded) }
"""
# Lines along the time: a texture of any other direction would be stretched with the picture.
HATCH = (
    '<defs><pattern id="hatch" patternUnits="userSpaceOnUse" width="100000000" height="4">'
    '<rect class="stripe-unknown" width="100000000" height="2"/></pattern>'
    '<pattern id="lines" patternUnits="userSpaceOnUse" width="100000000" height="3">'
    '<rect class="stripe-excluded" width="100000000" height="1"/></pattern></defs>'
)


def month(strip: Strip) -> str:
    """The document: the whole period as one line, a row a day with its totals, and a text that says the same."""
    rows, every = rows_of(strip), strip.stretches()
    there = sorted({one.mark for one in every} | {Mark.BAD, Mark.UNKNOWN}, reverse=True)
    head, top = 58, 58 + STRIP_HEIGHT + 34
    below = top + ROW_PITCH * len(rows.rows) + 10
    height = below + LEGEND_PITCH * len(there) + 6
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">{escape(strip.title)}, {strip.period}</title>',
        f'<desc id="desc">{escape(described(strip, every))}</desc>',
        f"<style>{PALETTE}{STYLE}</style>",
        HATCH,
        '<rect class="paper" width="100%" height="100%"/>',
        _text(8, 20, strip.title, "ink"),
        _text(8, 40, f"{rfc3339(strip.period.starts_at)} to {rfc3339(strip.period.ends_at)}", "faint"),
        _line(every, every[0].starts_at, every[-1].ends_at, strip.slot_seconds, place=(2, head, 96, STRIP_HEIGHT)),
        *_ruler(rows, top - 8),
    ]
    for number, row in enumerate(rows.rows):
        parts += _row(row, rows, strip, top + ROW_PITCH * number)
    seconds = seconds_by_mark(every)
    for number, mark in enumerate(there):
        of = f"{seconds.get(mark, 0) // strip.slot_seconds:,} {WORDS[mark]}"
        parts += _legend(mark, of, below + LEGEND_PITCH * number)
    return "\n".join([*parts, "</svg>"]) + "\n"


def described(strip: Strip, every: Sequence[Stretch]) -> str:
    """The text alternative: the counts, and the spells that are not good."""
    wrong = [one for one in strip.spells if one.state in {SlotState.BAD, SlotState.UNKNOWN}]
    said = [f"{counts(every, strip.slot_seconds)}."]
    said += [
        f"{one.state.value} from {rfc3339(one.starts_at)} to {rfc3339(one.ends_at)}, {length(one.seconds)}: {reason(one, strip)}."
        for one in wrong[:MOST_TOLD]
    ]
    if len(wrong) > MOST_TOLD:
        said.append(f"{len(wrong) - MOST_TOLD} more spells are bad or unknown.")
    said.append("A mark of what is not good is at least two pixels wide; the counts are of slots.")
    return " ".join(said)


def path_of(stretches: Iterable[Stretch], first: int, seconds: int, top: int, bottom: int) -> str:
    """One rectangle a stretch, in slots from `first`."""
    return "".join(
        f"M{(one.starts_at - first) // seconds} {top}h{one.seconds // seconds}v{bottom - top}h-{one.seconds // seconds}z"
        for one in stretches
    )


def _line(stretches: Sequence[Stretch], first: int, end: int, seconds: int, *, place: tuple[int, int, int, int]) -> str:
    """Stretches in a box of its own: x and width in percent of the page, y and height in pixels."""
    left, top, wide, high = place
    paths = []
    for mark, quarters in _PAINTED:
        if own := [one for one in stretches if one.mark is mark]:
            upper = high - high * quarters // 4 + (1 if mark in _WIDENED else 0)  # half of the line's width
            lower = high - (1 if mark in _WIDENED else 0)
            paths.append(f'<path class="{_CLASS[mark]}" d="{path_of(own, first, seconds, upper, lower)}"/>')
    return (
        f'<svg x="{left}%" y="{top}" width="{wide}%" height="{high}" viewBox="0 0 {(end - first) // seconds} {high}" '
        f'preserveAspectRatio="none" overflow="visible">{"".join(paths)}</svg>'
    )


def _row(row: Row, rows: Rows, strip: Strip, top: int) -> Iterator[str]:
    left = _row_from(rows)
    yield _text(4, top + 9, row.label, "small faint")
    yield _line(
        row.stretches,
        row.starts_at,
        row.starts_at + rows.longest,
        strip.slot_seconds,
        place=(left, top, ROW_TO - left, ROW_HEIGHT),
    )
    of = row.slots(strip.slot_seconds)
    for mark, _, x in TOTALS:
        if of.get(mark):
            yield f'<text class="small end" x="{x}%" y="{top + 9}">{of[mark]:,}</text>'


def _row_from(rows: Rows) -> int:
    return ROW_FROM if max(len(row.label) for row in rows.rows) <= SHORT_LABEL else ROW_FROM_LONG


def _ruler(rows: Rows, y: int) -> Iterator[str]:
    """Quarters of a row, where they begin, and what the columns of totals are of."""
    unit, left = {86_400: 3600, 3600: 60, 60: 1}[rows.seconds], _row_from(rows)
    for quarter in range(4):
        at = quarter * rows.seconds // 4
        x = left + (ROW_TO - left) * at / rows.longest
        yield f'<text class="small faint" x="{x:.2f}%" y="{y}">{at // unit:02}</text>'
    for _, word, x in TOTALS:
        yield f'<text class="small faint end" x="{x}%" y="{y}">{word}</text>'


def _legend(mark: Mark, words: str, y: int) -> Iterator[str]:
    yield f'<svg x="8" y="{y}" width="16" height="10" overflow="visible"><path class="{_CLASS[mark]}" d="M0 0h16v10h-16z"/></svg>'
    yield _text(32, y + 10, words, "ink")


def _text(x: int, y: int, words: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(words)}</text>'
