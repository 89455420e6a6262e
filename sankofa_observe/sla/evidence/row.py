"""What a document says of its place on chain: the row that the contract knows it by, the calendar of the row's period, and the terms."""

from __future__ import annotations

from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.agreement import MOST_SLOS
from sankofa_observe.sla.calendar import Calendar, FixedCalendar, TableCalendar
from sankofa_observe.sla.evidence.document import AgreedTerms, RowName
from sankofa_observe.sla.evidence.field import DIGEST, Field
from sankofa_observe.units import Period

CALENDAR = 16  # bytes
MOST_EXPONENT = 18  # digits after the point: no currency has more than 4
FIXED_WORDS = 3


def read_row(at: Field, calendar: Calendar, period: Period) -> RowName:
    at.only("agreement", "period", "slo")
    row = RowName(agreement_id=at.hex("agreement", DIGEST), period_index=at.whole("period"), slo_index=at.whole("slo"))
    if row.slo_index >= MOST_SLOS:
        raise InvalidInput(f"evidence document: row.slo is {row.slo_index}, expected 0 to {MOST_SLOS - 1}")
    if row.period_index >= calendar.periods or calendar.period_at(row.period_index) != period:
        raise InvalidInput(
            f"evidence document: row.period is {row.period_index}, which is not {period.starts_at} to {period.ends_at} in its calendar"
        )
    return row


def read_calendar(at: Field) -> Calendar:
    at.only("id", "bounds", "fixed")
    bounds, fixed = at.each("bounds", Field.as_whole), at.each("fixed", Field.as_whole)
    if bool(bounds) == bool(fixed) or (fixed and len(fixed) != FIXED_WORDS):
        raise InvalidInput(
            f"evidence document: calendar has {len(bounds)} bounds and {len(fixed)} words, expected either bounds, or anchor, seconds and periods"
        )
    try:
        found = (
            TableCalendar(bounds=bounds)
            if bounds
            else FixedCalendar(anchor_at=fixed[0], seconds=fixed[1], periods=fixed[2])
        )
    except ValueError as error:
        raise InvalidInput(f"evidence document: calendar is {error}") from error
    if (claimed := at.hex("id", CALENDAR)) != found.id:
        raise InvalidInput(f"evidence document: calendar.id is {claimed}, expected {found.id}")
    return found


def read_terms(at: Field) -> AgreedTerms:
    at.only(*AgreedTerms.__dataclass_fields__)
    if at.whole("exponent") > MOST_EXPONENT:
        raise InvalidInput(
            f"evidence document: agreement.exponent is {at.whole('exponent')}, expected {MOST_EXPONENT} at most"
        )
    return AgreedTerms(
        version=at.positive("version"),
        terms_hash=at.hex("terms_hash", DIGEST),
        fee_minor=at.count("fee_minor"),
        currency=at.text("currency"),
        exponent=at.whole("exponent"),
        cap_ppm=at.ppm("cap_ppm"),
        bands=at.each("bands", _band),
    )


def _band(at: Field) -> tuple[int, int]:
    below, credit = (one.as_ppm() for one in at.items(2))
    return below, credit
