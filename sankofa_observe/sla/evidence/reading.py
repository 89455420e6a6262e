"""Bytes to evidence: one careful reading, after which types are trusted.

What is read fits itself: canonical form, days under their leaves, leaves under the root. Whether it is *true* others check.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.evidence.document import (
    FORMAT,
    AgreedTerms,
    CountingRules,
    Day,
    DayLeaf,
    EdgeCounts,
    Evidence,
    Identity,
    Json,
    Provenance,
)
from sankofa_observe.sla.evidence.form import MAX_SAFE, canonical, checksum, document_hash
from sankofa_observe.sla.evidence.tree import day_leaf, period_root
from sankofa_observe.sla.settlement import ChainIdentity
from sankofa_observe.units import Period

T = TypeVar("T")
_LARGE = re.compile(r"-?[1-9][0-9]{15,99}")


def parse(raw: bytes) -> Evidence:
    """The document of these bytes.

    Raises:
        InvalidInput: it is none, or does not fit itself; the first fault is named by its field, with what was expected.
    """
    evidence, claimed = _evidence(raw)
    for what, seen, expected in _fits(evidence, claimed):
        if seen != expected:
            raise InvalidInput(f"evidence document: {what} is {seen}, expected {expected}; {_NEXT}")
    return evidence


_NEXT = "it was damaged or written by another tool; fetch it again, or write it anew: sankofa-observe evidence rebuild"


def _evidence(raw: bytes) -> tuple[Evidence, str]:
    try:
        document = json.loads(raw)
        canonical_form = canonical(document) == raw
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"evidence document: no JSON: {str(error)[:100]}; {_NEXT}") from error
    whole = Field(document, "the document")
    found = whole.text("format") if isinstance(document, dict) and "format" in document else "missing"
    if found != FORMAT:
        raise InvalidInput(f"evidence document: format is {found}, expected {FORMAT}; {_NEXT}")
    if not canonical_form:
        raise InvalidInput(f"evidence document: not in canonical form (RFC 8785), expected its keys sorted; {_NEXT}")
    whole.only("format", "identity", "days", "provenance", "checksum")
    evidence = Evidence(
        identity=_identity(whole.inner("identity")),
        days=whole.each("days", _day),
        provenance=_provenance(whole.inner("provenance")),
    )
    return evidence, whole.text("checksum")


def _fits(evidence: Evidence, claimed: str) -> list[tuple[str, object, object]]:
    identity, source = evidence.identity, evidence.provenance
    provenance = {**vars(source), "queries": list(source.queries)}
    return [
        ("the leaves of its days", identity.days, tuple(day_leaf(day) for day in evidence.days)),
        ("its root", identity.root, period_root(identity)),
        ("its checksum", claimed, checksum(document_hash(identity), provenance)),
    ]


@dataclass(frozen=True)
class Field:
    """A value with its place in the document; each reading is of one type or refuses."""

    value: Json
    place: str

    def only(self, *names: str) -> None:
        found = sorted(self.value) if isinstance(self.value, dict) else type(self.value).__name__
        if found != sorted(names):
            raise self._refuse(self.place, found, f"the fields {', '.join(sorted(names))}")

    def inner(self, name: str) -> Field:
        if not isinstance(self.value, dict) or name not in self.value:
            raise self._refuse(f"{self.place}: {name}", "missing", "a value")
        return Field(self.value[name], name if self.place == "the document" else f"{self.place}.{name}")

    def text(self, name: str) -> str:
        return self.inner(name).as_text()

    def whole(self, name: str) -> int:
        return self.inner(name).as_whole()

    def count(self, name: str) -> int:
        return self.inner(name).as_count()

    def each(self, name: str, read: Callable[[Field], T]) -> tuple[T, ...]:
        return tuple(read(one) for one in self.inner(name).items())

    def items(self, length: int | None = None) -> list[Field]:
        if not isinstance(self.value, list) or length not in {None, len(self.value)}:
            expected = "a list" if length is None else f"a list of {length}"
            raise self._refuse(self.place, self.value, expected)
        return [Field(one, f"{self.place}[{n}]") for n, one in enumerate(self.value)]

    def as_text(self) -> str:
        if not isinstance(self.value, str):
            raise self._refuse(self.place, self.value, "text")
        return self.value

    def as_whole(self) -> int:
        if type(self.value) is not int or abs(self.value) > MAX_SAFE:
            raise self._refuse(self.place, self.value, "a whole number up to 2^53 - 1")
        return self.value

    def as_count(self) -> int:
        """A whole number, as text where it is over 2^53 - 1."""
        number = _whole_of(self.value)
        if number is None:
            raise self._refuse(self.place, self.value, "a whole number, as text where it is over 2^53 - 1")
        return number

    def _refuse(self, place: str, seen: object, expected: str) -> InvalidInput:
        return InvalidInput(f"evidence document: {place} is {str(seen)[:100]!r}, expected {expected}; {_NEXT}")


def _whole_of(value: Json) -> int | None:
    if type(value) is int:
        return value if abs(value) <= MAX_SAFE else None
    if not isinstance(value, str) or not _LARGE.fullmatch(value) or abs(int(value)) <= MAX_SAFE:
        return None
    return int(value)


def _identity(at: Field) -> Identity:
    at.only(
        *("format", "settlement_id", "chain", "agreement", "slo", "period", "days", "root", "edges", "attainment"),
        *("verdict", "credit"),
    )
    if at.text("format") != FORMAT:
        raise InvalidInput(f"evidence document: identity.format is {at.text('format')}, expected {FORMAT}; {_NEXT}")
    chain, attained, credit = at.inner("chain"), at.inner("attainment"), at.inner("credit")
    chain.only("chain_id", "contract")
    attained.only("good", "bad", "unknown")
    credit.only("credit_ppm", "credit_minor")
    start, end = (one.as_whole() for one in at.inner("period").items(2))
    if start >= end:
        raise InvalidInput(f"evidence document: period is {start} to {end}, expected its start before its end; {_NEXT}")
    settled, good, bad, hidden = (one.as_count() for one in at.inner("edges").items(4))
    return Identity(
        settlement_id=at.text("settlement_id"),
        chain=ChainIdentity(chain_id=chain.whole("chain_id"), contract=chain.text("contract")),
        agreement=_agreement(at.inner("agreement")),
        slo=_rules(at.inner("slo")),
        period=Period(starts_at=start, ends_at=end),
        days=at.each("days", _leaf),
        root=at.text("root"),
        edges=EdgeCounts(settled=settled, after_good=good, after_bad=bad, after_hidden=hidden),
        good=attained.count("good"),
        bad=attained.count("bad"),
        unknown=attained.count("unknown"),
        verdict=at.text("verdict"),
        credit_ppm=credit.whole("credit_ppm"),
        credit_minor=credit.count("credit_minor"),
    )


def _agreement(at: Field) -> AgreedTerms:
    at.only(*AgreedTerms.__dataclass_fields__)
    return AgreedTerms(
        id=at.text("id"),
        version=at.whole("version"),
        terms_hash=at.text("terms_hash"),
        fee_minor=at.count("fee_minor"),
        currency=at.text("currency"),
        exponent=at.whole("exponent"),
        cap_ppm=at.whole("cap_ppm"),
        bands=at.each("bands", _band),
    )


def _band(at: Field) -> tuple[int, int]:
    below, credit = (one.as_whole() for one in at.items(2))
    return below, credit


def _rules(at: Field) -> CountingRules:
    at.only(*CountingRules.__dataclass_fields__)
    return CountingRules(
        name=at.text("name"),
        site=at.text("site"),
        spec_digest=at.text("spec_digest"),
        target_ppm=at.whole("target_ppm"),
        budgeting=at.text("budgeting"),
        no_traffic=at.text("no_traffic"),
        counted=at.text("counted"),
        slot_seconds=at.whole("slot_seconds"),
        slot_expected=at.whole("slot_expected"),
        slot_target_ppm=at.whole("slot_target_ppm"),
        scrape_seconds=at.whole("scrape_seconds"),
        settles_seconds=at.whole("settles_seconds"),
        counts_bad=at.whole("counts_bad"),
        combine=at.text("combine"),
        sources=at.each("sources", Field.as_text),
    )


def _leaf(at: Field) -> DayLeaf:
    day, slots, rows, proofs = at.items(4)
    return DayLeaf(
        day=day.as_whole(), slots=slots.as_whole(), rows_digest=rows.as_text(), proofs_digest=proofs.as_text()
    )


def _day(at: Field) -> Day:
    at.only("day", "rows", "proofs")
    rows = at.inner("rows")
    if not isinstance(rows.value, list) or not all(isinstance(row, str) for row in rows.value):
        raise InvalidInput(f"evidence document: {rows.place} is no list of texts; {_NEXT}")
    return Day(day=at.whole("day"), rows=tuple(rows.value), proofs=at.each("proofs", _proof))


def _proof(at: Field) -> tuple[int, Json]:
    start, proof = at.items(2)
    return start.as_whole(), proof.value


def _provenance(at: Field) -> Provenance:
    at.only(*Provenance.__dataclass_fields__)
    return Provenance(
        engine=at.text("engine"),
        observer=at.text("observer"),
        queries=at.each("queries", Field.as_text),
        revision=at.whole("revision"),
        assessed_at=at.whole("assessed_at"),
    )
