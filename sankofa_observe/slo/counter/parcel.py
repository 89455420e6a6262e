"""A parcel: the events of one source between two of its scrapes."""

from __future__ import annotations

from dataclasses import dataclass

GROWTH, RESTART, CONTRADICTION, RETURN, BIRTH, NEW, NO_GOOD, GAP, NOT_SEEN = (
    "growth", "restart", "contradiction", "return", "birth", "new source", "no good series", "gap", "not seen",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """Events of one source between two of its scrapes, counted in slot `to` and possible in every slot from `first` on.

    Slots are numbered from the epoch. `blind_seconds` stands where there is no `top` to bound by.
    """

    source: str
    kind: str
    first: int
    to: int
    good: int = 0
    bad: int = 0
    hidden: int = 0
    blind_seconds: int = 0
    from_ms: int = 0
    to_ms: int = 0
    before: tuple[int, int] = (0, 0)  # what the good and the valid counters of the source showed at `from_ms`, added up
    after: tuple[int, int] = (0, 0)  # and at `to_ms`
    top: int | None = None  # of one scrape, where it was used

    def row(self) -> tuple[int | str, ...]:
        """As it is kept as proof; -1 stands for no `top`."""
        return (
            self.source, self.kind, self.first, self.to, self.good, self.bad, self.hidden, self.blind_seconds,
            self.from_ms, self.to_ms, *self.before, *self.after, -1 if self.top is None else self.top,
        )  # fmt: skip
