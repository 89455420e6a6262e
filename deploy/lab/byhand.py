"""What the credit must be, worked out from the outage alone: no line of the engine is used here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """Slots of the period, those the outage touched, and what follows from them."""

    slots: int
    bad: int
    credit_percent: int
    credit_minor: int


def work_out(
    *,
    down_at: float,
    up_at: float,
    starts_at: int,
    period_seconds: int,
    slot_seconds: int,
    fee_minor: int,
    cap_percent: int,
) -> ByHand:
    """A slot that the outage touched is bad; the bands are those of the example agreement, in percent."""
    slots = period_seconds // slot_seconds
    first = int(down_at - starts_at) // slot_seconds
    last = int(up_at - starts_at) // slot_seconds
    bad = last - first + 1
    up_percent = 100 * (slots - bad) / slots
    if up_percent >= 99.5:  # noqa: PLR2004  the agreement's bands, written out
        credit_percent = 0
    elif up_percent >= 99:  # noqa: PLR2004
        credit_percent = 10
    elif up_percent >= 95:  # noqa: PLR2004
        credit_percent = 25
    else:
        credit_percent = 40
    credit_percent = min(credit_percent, cap_percent)
    return ByHand(slots=slots, bad=bad, credit_percent=credit_percent, credit_minor=fee_minor * credit_percent // 100)
