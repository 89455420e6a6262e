"""A curve of steps for a terminal: braille characters, two by four dots each, and the same in figures beneath."""

from __future__ import annotations

from collections.abc import Iterator

from sankofa_observe.pictures.curve import Curve, percent, place, target_at
from sankofa_observe.pictures.terminal import NARROWEST, Screen
from sankofa_observe.sla.what_if import Owed

HEIGHT = 10  # lines
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column in a character
_EMPTY = 0x2800


def chart(curve: Curve, screen: Screen) -> Iterator[str]:
    """The chart where the terminal can show it, and a line for each objective of the scale in any case."""
    yield curve.title
    if screen.unicode:
        yield from _drawn(curve, screen)
    told = curve.told()
    wide = max(len(words) for words, _ in told)
    amounts = max(len(amount) for _, amount in told)
    yield from (f"  {words:<{wide}}  {amount:>{amounts}}" for words, amount in told)


def _drawn(curve: Curve, screen: Screen) -> Iterator[str]:
    most = curve.most_minor
    labels = [curve.money(Owed(low_minor=amount, high_minor=amount)) for amount in (most, most // 2, 0)]
    margin = max(map(len, labels))
    columns = max(screen.width, NARROWEST) - margin - 2
    at = {0: labels[0], HEIGHT // 2: labels[1], HEIGHT - 1: labels[2]}
    for number, line in enumerate(_lines(curve, columns, most)):
        yield f"{at.get(number, ''):>{margin}} {'┤' if number in at else '│'}{line}"
    axis, names = ["─"] * columns, [" "] * (columns + 1)
    for tick in curve.ticks:
        column, name = min(int(place(curve, tick) * columns), columns - 1), percent(tick)
        axis[column] = "┴"
        start = min(column, columns - len(name))
        if names[max(start - 1, 0) : start + len(name) + 1] == [" "] * (len(name) + (2 if start else 1)):
            names[start : start + len(name)] = name
    yield f"{'':>{margin}} └{''.join(axis)}"
    yield f"{'':>{margin}}  {''.join(names)}".rstrip()
    for target_ppm, words in curve.marks:
        column = max(0, min(int(place(curve, target_ppm) * columns), columns - 1))
        told = f"▲ {words}: {percent(target_ppm)}"
        left = column if column + len(told) <= columns else max(0, column + 1 - len(told))
        turned = told if left == column else f"{told[2:]} ▲"
        yield f"{'':>{margin}}  {' ' * left}{turned}"


def _lines(curve: Curve, columns: int, most_minor: int) -> list[str]:
    """What is certain as a line, what is possible beyond it as a sparse surface under a line of its own."""
    across, down = 2 * columns, 4 * HEIGHT
    dots = [[False] * across for _ in range(down)]

    def level(minor: int) -> int:
        return down - 1 - minor * (down - 1) // most_minor

    before: Owed | None = None
    for x in range(across):
        owed = curve.at(target_at(curve, (x + 1) / across))
        for of in ("low_minor", "high_minor"):
            here = level(getattr(owed, of))
            there = level(getattr(before, of)) if before else here
            for y in range(min(here, there), max(here, there) + 1):
                dots[y][x] = True
        for y in range(level(owed.high_minor), level(owed.low_minor)):
            dots[y][x] = dots[y][x] or (x + y) % 4 == 0
        before = owed
    return [
        "".join(
            chr(
                _EMPTY
                + sum(
                    _DOTS[row][side] for row in range(4) for side in range(2) if dots[4 * line + row][2 * column + side]
                )
            )
            for column in range(columns)
        )
        for line in range(HEIGHT)
    ]
