"""A curve of steps as an SVG that stands by itself: what is certain as a line, what is possible beyond it as a hatched surface."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from sankofa_observe.pictures.curve import Curve, percent, place
from sankofa_observe.pictures.svg import PALETTE
from sankofa_observe.sla.what_if import Owed
from sankofa_observe.units import PPM

LINE, PLOT = 18, 250  # pixels: of text, and the plot's height
LEFT, WIDE = 20, 76  # percent of the width: where the plot begins, and how much of it it has
UNITS = 10_000  # of the plot's own coordinates, across and down
_TILE = 5 * UNITS // PLOT  # five pixels down
HATCH = (
    f'<defs><pattern id="hatch" patternUnits="userSpaceOnUse" width="{100 * UNITS}" height="{_TILE}">'
    f'<rect class="stripe-unknown" width="{100 * UNITS}" height="{_TILE // 5}"/></pattern></defs>'
)
STYLE = """
  path { fill: none; vector-effect: non-scaling-stroke; stroke-width: 2px }
  .certain { stroke: var(--bad) } .possible { stroke: var(--unknown); stroke-dasharray: 5 3 } .between { fill: url(#hatch) }
  .grid { stroke: var(--none); stroke-width: 1px } .pointed { stroke: var(--excluded) }
  .pointed-0 { stroke-dasharray: 2 3 }
"""


def chart(curve: Curve) -> str:
    """The document; its description has every amount of the scale."""
    told = "; ".join(f"{words}: {amount}" for words, amount in curve.told())
    title = curve.title.split(", ")  # a phone has no room for all of it in one line
    top = LINE * (len(title) + len(_LEGEND) + 2)
    height = top + PLOT + LINE * (3 + len(curve.marks))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{height}" role="img" aria-labelledby="title desc">',
            f'<title id="title">{escape(curve.title)}</title>',
            f'<desc id="desc">By objective: {escape(told)}.</desc>',
            f"<style>{PALETTE}{STYLE}</style>",
            HATCH,
            '<rect class="paper" width="100%" height="100%"/>',
            *(f'<text x="8" y="{LINE * (n + 1) + 2}">{escape(words)}</text>' for n, words in enumerate(title)),
            *_legend(LINE * (len(title) + 1) + 2),
            *_scale(curve, top),
            *_paths(curve, top),
            *_pointed(curve, top),
            "</svg>\n",
        ]
    )


def _paths(curve: Curve, top: int) -> Iterator[str]:
    low, high = _line(curve, "low_minor"), _line(curve, "high_minor")
    back = " ".join(f"L{x} {y}" for x, y in reversed(low))
    box = f'viewBox="0 0 {UNITS} {UNITS}" preserveAspectRatio="none" overflow="visible"'
    yield f'<svg x="{LEFT}%" y="{top}" width="{WIDE}%" height="{PLOT}" {box}>'
    yield f'<path class="between" d="M{" L".join(f"{x} {y}" for x, y in high)} {back}z"/>'
    yield f'<path class="possible" d="M{" L".join(f"{x} {y}" for x, y in high)}"/>'
    yield f'<path class="certain" d="M{" L".join(f"{x} {y}" for x, y in low)}"/>'
    yield "</svg>"


def _line(curve: Curve, of: str) -> list[tuple[int, int]]:
    """Corners of the steps, from the left end of the scale to its right end."""
    most = curve.most_minor

    def level(owed: Owed) -> int:
        return UNITS - int(getattr(owed, of)) * UNITS // most

    inside = [one for one in curve.steps if 0 < place(curve, one.target_ppm) <= 1]
    before = [one for one in curve.steps if place(curve, one.target_ppm) <= 0]
    y = level(before[-1].owed) if before else UNITS
    corners = [(0, y)]
    for step in inside:
        x = round(place(curve, step.target_ppm) * UNITS)
        if level(step.owed) != y:
            corners += [(x, y), (x, level(step.owed))]
            y = level(step.owed)
    return [*corners, (UNITS, y)]


_LABELLED = {0, *(PPM - PPM // 10**nines for nines in range(1, 6))}


def _scale(curve: Curve, top: int) -> Iterator[str]:
    for tick in curve.ticks:
        x = LEFT + WIDE * place(curve, tick)
        yield f'<svg x="{x:.2f}%" y="{top}" width="1" height="{PLOT + 5}" overflow="visible"><path class="grid" d="M0 0v{PLOT + 5}"/></svg>'
        if tick in _LABELLED:  # those between have no room on a phone
            anchor = "end" if tick == curve.ticks[-1] else "middle"
            short = percent(tick).removesuffix(" %")
            yield f'<text class="small faint {anchor}" x="{x:.2f}%" y="{top + PLOT + 20}">{short}</text>'
    parts = next(one for one in (4, 5, 3, 2, 1) if curve.most_minor % one == 0)  # of which each is whole minor units
    for part in range(parts + 1):
        amount = curve.most_minor * part // parts
        y = top + PLOT - PLOT * part // parts
        yield f'<svg x="{LEFT}%" y="{y}" width="{WIDE}%" height="1" viewBox="0 0 1 1" preserveAspectRatio="none" overflow="visible"><path class="grid" d="M0 0h1"/></svg>'
        words = curve.money(Owed(low_minor=amount, high_minor=amount)).rpartition(" ")[0]
        yield f'<text class="small faint end" x="{LEFT - 1}%" y="{y + 4}">{words}</text>'
    yield f'<text class="small faint end" x="{LEFT - 1}%" y="{top - 12}">{curve.currency}</text>'
    yield f'<text class="small faint end" x="{LEFT + WIDE}%" y="{top + PLOT + 38}">objective in %</text>'


def _pointed(curve: Curve, top: int) -> Iterator[str]:
    """Lines at the objectives that are pointed at, and beneath what each would have cost."""
    for number, (target_ppm, words) in enumerate(curve.marks):
        x, y = LEFT + WIDE * place(curve, target_ppm), top + PLOT + LINE * (3 + number)
        kind = f"pointed pointed-{number}"
        yield f'<svg x="{x:.2f}%" y="{top}" width="1" height="{PLOT}" overflow="visible"><path class="{kind}" d="M0 0v{PLOT}"/></svg>'
        text = f"{words}: {percent(target_ppm)}, {curve.money(curve.at(target_ppm))}"
        yield f'<path class="{kind}" d="M8 {y - 4}h22"/><text x="36" y="{y}">{escape(text)}</text>'


_LEGEND = (("certain", "certainly owed"), ("possible", "at most, if all that is unknown was bad"))


def _legend(y: int) -> Iterator[str]:
    for number, (kind, words) in enumerate(_LEGEND):
        at = y + LINE * number
        yield f'<path class="{kind}" d="M8 {at - 4}h22"/><text class="small" x="36" y="{at}">{words}</text>'
