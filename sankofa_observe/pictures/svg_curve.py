"""A curve of steps as an SVG that stands by itself: what is certain as a line, what is possible beyond it as a hatched surface."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from sankofa_observe.pictures.curve import Curve, percent, place
from sankofa_observe.pictures.svg import PALETTE
from sankofa_observe.sla.what_if import Owed

HEIGHT, TOP, PLOT, LEFT, WIDE = 400, 66, 250, 18, 78  # pixels, and percent of the width
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
  .swatch { stroke-width: 3px }
"""


def chart(curve: Curve) -> str:
    """The document; its description has every amount of the scale."""
    told = "; ".join(f"{words}: {amount}" for words, amount in curve.told())
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{HEIGHT}" role="img" aria-labelledby="title desc">',
            f'<title id="title">{escape(curve.title)}</title>',
            f'<desc id="desc">By objective: {escape(told)}.</desc>',
            f"<style>{PALETTE}{STYLE}</style>",
            HATCH,
            '<rect class="paper" width="100%" height="100%"/>',
            f'<text x="8" y="22">{escape(curve.title)}</text>',
            *_legend(),
            *_scale(curve),
            *_paths(curve),
            *_pointed(curve),
            "</svg>\n",
        ]
    )


def _paths(curve: Curve) -> Iterator[str]:
    low, high = _line(curve, "low_minor"), _line(curve, "high_minor")
    back = " ".join(f"L{x} {y}" for x, y in reversed(low))
    box = f'viewBox="0 0 {UNITS} {UNITS}" preserveAspectRatio="none" overflow="visible"'
    yield f'<svg x="{LEFT}%" y="{TOP}" width="{WIDE}%" height="{PLOT}" {box}>'
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


def _scale(curve: Curve) -> Iterator[str]:
    for tick in curve.ticks:
        x = LEFT + WIDE * place(curve, tick)
        yield f'<svg x="{x:.2f}%" y="{TOP}" width="1" height="{PLOT + 5}" overflow="visible"><path class="grid" d="M0 0v{PLOT + 5}"/></svg>'
        short = percent(tick).removesuffix(" %")
        yield f'<text class="small faint middle" x="{x:.2f}%" y="{TOP + PLOT + 20}">{short}</text>'
    for quarter in range(5):
        amount = curve.most_minor * quarter // 4
        y = TOP + PLOT - PLOT * quarter // 4
        yield f'<svg x="{LEFT}%" y="{y}" width="{WIDE}%" height="1" viewBox="0 0 1 1" preserveAspectRatio="none" overflow="visible"><path class="grid" d="M0 0h1"/></svg>'
        words = curve.money(Owed(low_minor=amount, high_minor=amount)).rpartition(" ")[0]
        yield f'<text class="small faint end" x="{LEFT - 1}%" y="{y + 4}">{words}</text>'
    yield f'<text class="small faint end" x="{LEFT - 1}%" y="{TOP - 12}">{curve.currency}</text>'
    yield f'<text class="small faint end" x="{LEFT + WIDE}%" y="{TOP + PLOT + 38}">objective in %</text>'


def _pointed(curve: Curve) -> Iterator[str]:
    """Lines at the objectives that are pointed at, each with its words on a line of its own."""
    for number, (target_ppm, words) in enumerate(curve.marks):
        x = LEFT + WIDE * place(curve, target_ppm)
        y = TOP + PLOT + 58 + 18 * number
        yield f'<svg x="{x:.2f}%" y="{TOP}" width="1" height="{PLOT}" overflow="visible"><path class="pointed" d="M0 0v{PLOT}"/></svg>'
        side = ' class="end"' if place(curve, target_ppm) > 0.5 else ""  # noqa: PLR2004  the half with more room
        text = f"{words}: {percent(target_ppm)}, {curve.money(curve.at(target_ppm))}"
        yield f'<text{side} x="{x:.2f}%" y="{y}">{escape(text)}</text>'


def _legend() -> Iterator[str]:
    for x, kind, words in ((8, "certain", "certainly owed"), (140, "possible", "at most, if all unknown was bad")):
        yield f'<path class="{kind} swatch" d="M{x} 40h22"/><text class="small" x="{x + 28}" y="44">{words}</text>'
