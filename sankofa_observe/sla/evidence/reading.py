"""Bytes to evidence: one careful reading, after which types are trusted.

What is read fits itself: canonical form, days under their leaves, leaves under the root. Whether it is *true* others check. What to do
about a fault is said by who asked: a tenant fetches it again, the operator writes it anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import groupby, pairwise

from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.evidence.document import (
    FORMAT,
    CountingRules,
    Day,
    DayLeaf,
    EdgeCounts,
    Evidence,
    Identity,
    Json,
    Provenance,
)
from sankofa_observe.sla.evidence.field import DIGEST, NAME, Field
from sankofa_observe.sla.evidence.form import canonical, checksum, document_hash
from sankofa_observe.sla.evidence.row import read_calendar, read_row, read_terms
from sankofa_observe.sla.evidence.tree import day_leaf, period_root
from sankofa_observe.sla.overlay import Applied, ExcludedSlots, Overlay
from sankofa_observe.sla.settlement import ChainIdentity
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.slot import slot_starts
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.units import Period

_FORMAT = re.compile(FORMAT.rpartition("/")[0] + "/[0-9]{1,9}")
_PPM, _WEIGHT = "(?:1000000|[1-9][0-9]{0,5})", "[1-9][0-9]{0,15}"
_ROLE = f"(?:{NAME.pattern})?=[1-9][0-9]{{0,3}}"
_COMBINE = {
    "states": re.compile("all|any|atLeast [1-9][0-9]{0,15}"),
    "events": re.compile(""),
    "parts": re.compile(f"{_PPM} {NAME.pattern}={_WEIGHT}(?:,{NAME.pattern}={_WEIGHT})*"),
    "outages": re.compile(f"[1-9][0-9]{{0,7}} {NAME.pattern}"),
    "members": re.compile(f"(?:{_ROLE}(?:,{_ROLE})*)?"),
}
ADDRESS = 20  # bytes


def parse(raw: bytes) -> Evidence:
    """The document of these bytes.

    Raises:
        InvalidInput: it is none, or does not fit itself; the first fault is named by its field, with what was expected.
    """
    evidence, claimed = _evidence(raw)
    for what, seen, expected in _fits(evidence, claimed):
        if seen != expected:
            raise InvalidInput(f"evidence document: {what} is {seen}, expected {expected}")
    return evidence


def _evidence(raw: bytes) -> tuple[Evidence, str]:
    try:
        document = json.loads(raw)
        canonical_form = canonical(document) == raw
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"evidence document: no JSON: {str(error)[:100]}") from error
    whole = Field(document, "the document")
    found = whole.text("format") if isinstance(document, dict) and "format" in document else "missing"
    if found != FORMAT:
        other = ": another release wrote it, and reads it" if _FORMAT.fullmatch(found) else ""
        raise InvalidInput(f"evidence document: format is {found[:100]}, expected {FORMAT}{other}")
    if not canonical_form:
        raise InvalidInput("evidence document: not in canonical form (RFC 8785), expected its keys sorted")
    whole.only("format", "identity", "days", "provenance", "checksum")
    identity = _identity(whole.inner("identity"))
    days = whole.each("days", lambda day: _day(day, identity.slo.counted))
    _complete(identity, days)
    evidence = Evidence(
        identity=identity,
        days=days,
        provenance=_provenance(whole.inner("provenance")),
    )
    return evidence, whole.hex("checksum", DIGEST)


def _complete(identity: Identity, days: tuple[Day, ...]) -> None:
    """Each slot of the period stands in its day of each observer, and the proofs of a day are those of its slots that are not GOOD.

    A day without slots, or a row or proof under another one, would be the same evidence under another hash.
    """
    starts, observers = slot_starts(identity.period, identity.slo.slot_seconds), len(identity.observers)
    if not starts:
        raise InvalidInput("evidence document: no slot lies in its period, expected one or more")
    if len(identity.edges) != observers:
        raise InvalidInput(f"evidence document: it has edges of {len(identity.edges)} observers, expected {observers}")
    found = sum(len(day.rows) for day in days)
    if found != observers * len(starts):  # compared first: a period may be as long as a forger likes
        raise InvalidInput(f"evidence document: it has {found} slots, expected {observers * len(starts)}")
    own = groupby(starts, key=lambda start: start // DAY_SECONDS)
    expected = observers * [(day, list(map(str, group))) for day, group in own]
    if [(day.day, [row.partition(",")[0] for row in day.rows]) for day in days] != expected:
        raise InvalidInput(
            "evidence document: its slots are not those of the period, each once for each observer and in its day"
        )
    for day in days:
        not_good = [row.partition(",")[0] for row in day.rows if not row.endswith(",GOOD")]
        if [str(start) for start, _ in day.proofs] != not_good:
            raise InvalidInput(
                f"evidence document: day {day.day} has other proofs than those of its slots that are not GOOD"
            )


def _fits(evidence: Evidence, claimed: str) -> list[tuple[str, object, object]]:
    identity, source = evidence.identity, evidence.provenance
    provenance = {**vars(source), "queries": list(source.queries)}
    return [
        ("the leaves of its days", identity.days, tuple(day_leaf(day) for day in evidence.days)),
        ("its root", identity.root, period_root(identity)),
        ("its checksum", claimed, checksum(document_hash(identity), provenance)),
    ]


def _identity(at: Field) -> Identity:
    at.only(
        *(
            "format",
            "settlement_id",
            "chain",
            "row",
            "calendar",
            "agreement",
            "slo",
            "period",
            "observers",
            "days",
            "root",
            "edges",
        ),
        *("attainment", "overlay", "verdict", "credit"),
    )
    if at.text("format") != FORMAT:
        raise InvalidInput(f"evidence document: identity.format is {at.text('format')}, expected {FORMAT}")
    chain, attained, credit = at.inner("chain"), at.inner("attainment"), at.inner("credit")
    chain.only("chain_id", "contract")
    attained.only("good", "bad", "unknown")
    credit.only("credit_ppm", "credit_minor")
    start, end = (one.as_whole() for one in at.inner("period").items(2))
    if start >= end:
        raise InvalidInput(f"evidence document: period is {start} to {end}, expected its start before its end")
    period, rules = Period(starts_at=start, ends_at=end), _rules(at.inner("slo"))
    calendar = read_calendar(at.inner("calendar"))
    return Identity(
        settlement_id=at.hex("settlement_id", DIGEST),
        chain=ChainIdentity(chain_id=chain.positive("chain_id"), contract=chain.hex("contract", ADDRESS)),
        row=read_row(at.inner("row"), calendar, period),
        calendar=calendar,
        agreement=read_terms(at.inner("agreement")),
        slo=rules,
        period=period,
        observers=_observers(at.inner("observers")),
        days=at.each("days", _leaf),
        root=at.hex("root", DIGEST),
        edges=at.each("edges", _edges),
        overlay=_overlay(at.inner("overlay"), Period(starts_at=start - _reach(rules), ends_at=end)),
        good=attained.count("good"),
        bad=attained.count("bad"),
        unknown=attained.count("unknown"),
        verdict=at.text("verdict"),
        credit_ppm=credit.whole("credit_ppm"),
        credit_minor=credit.count("credit_minor"),
    )


def _observers(at: Field) -> Quorum:
    at.only("names", "bad", "good")
    names = at.each("names", Field.as_name)
    try:
        return Quorum(names=names, bad=at.positive("bad"), good=at.positive("good"))
    except ValueError as error:
        raise InvalidInput(f"evidence document: {error}") from error


def _edges(at: Field) -> EdgeCounts:
    settled, good, bad, hidden = (one.as_count() for one in at.items(4))
    return EdgeCounts(settled=settled, after_good=good, after_bad=bad, after_hidden=hidden)


def _reach(rules: CountingRules) -> int:
    """How long before the period an exclusion may end and still take slots of it: as many as fill the limit of an outage, but one."""
    return (int(rules.combine.partition(" ")[0]) - 1) * rules.slot_seconds if rules.counted == "outages" else 0


def _overlay(at: Field, period: Period) -> Overlay:
    """Only what reaches into the period, in one order: another listing would be another identity of the same slots."""
    at.only("excluded_slots", "since_at", "exclusions")
    meaning, since = at.text("excluded_slots"), at.whole("since_at")
    if meaning not in set(ExcludedSlots):
        raise InvalidInput(
            f"evidence document: overlay.excluded_slots is {meaning[:100]!r}, expected one of {', '.join(ExcludedSlots)}"
        )
    if since and since <= period.starts_at:
        raise InvalidInput(f"evidence document: overlay.since_at is {since}, expected 0, or an instant in the period or after it")  # fmt: skip
    applied = at.each("exclusions", _applied)
    if any(one >= later for one, later in pairwise(applied)):
        raise InvalidInput("evidence document: overlay.exclusions names something twice, or not in order")
    if any(one.starts_at >= period.ends_at or one.ends_at <= period.starts_at for one in applied):
        raise InvalidInput("evidence document: overlay.exclusions has one beside the period, expected those that reach into it")  # fmt: skip
    return Overlay(excluded_slots=ExcludedSlots(meaning), since_at=since, applied=applied)


def _applied(at: Field) -> Applied:
    exclusion_id, start, end = at.items(3)
    found = Applied(exclusion_id=exclusion_id.as_hex(DIGEST), starts_at=start.as_whole(), ends_at=end.as_whole())
    if found.starts_at >= found.ends_at:
        raise InvalidInput(f"evidence document: {at.place} ends before it begins")
    return found


def _rules(at: Field) -> CountingRules:
    at.only(*CountingRules.__dataclass_fields__)
    counted, combine = at.text("counted"), at.text("combine")
    if counted not in _COMBINE or not _COMBINE[counted].fullmatch(combine):
        raise InvalidInput(
            f"evidence document: slo counts {counted[:100]!r} by {combine[:100]!r}, expected one of "
            f"{', '.join(_COMBINE)}, and how each is combined"
        )
    listed = {"parts": combine.partition(" ")[2], "members": combine}.get(counted, "")
    parts = [one.partition("=")[0] for one in listed.split(",")] if listed else []
    if any(one >= later for one, later in pairwise(parts)):
        raise InvalidInput("evidence document: slo.combine names something twice, or not in order")
    return CountingRules(
        name=at.name("name"),
        site=at.name("site"),
        spec_digest=at.hex("spec_digest", DIGEST),
        target_ppm=at.ppm("target_ppm"),
        budgeting=at.text("budgeting"),
        no_traffic=at.text("no_traffic"),
        counted=counted,
        slot_seconds=at.positive("slot_seconds"),
        slot_expected=at.positive("slot_expected"),
        slot_target_ppm=at.ppm("slot_target_ppm"),
        scrape_seconds=at.positive("scrape_seconds"),
        settles_seconds=at.whole("settles_seconds"),
        counts_bad=at.whole("counts_bad"),
        combine=combine,
    )


def _leaf(at: Field) -> DayLeaf:
    day, slots, rows, proofs = at.items(4)
    return DayLeaf(
        day=day.as_whole(),
        slots=slots.as_whole(),
        rows_digest=rows.as_hex(DIGEST),
        proofs_digest=proofs.as_hex(DIGEST),
    )


def _day(at: Field, counted: str) -> Day:
    at.only("day", "rows", "proofs")
    rows = at.inner("rows")
    if not isinstance(rows.value, list) or not all(isinstance(row, str) for row in rows.value):
        raise InvalidInput(f"evidence document: {rows.place} is no list of texts")
    proofs = at.each("proofs", lambda one: _proof(one, _PROOFS[counted]))
    return Day(day=at.whole("day"), rows=tuple(rows.value), proofs=proofs)


def _proof(at: Field, read: Callable[[Field], None]) -> tuple[int, Json]:
    start, proof = at.items(2)
    for one in proof.items():
        read(one)
    return start.as_whole(), proof.value


def _samples(at: Field) -> None:
    source, samples = at.items(2)
    source.as_text()
    for sample in samples.items():
        ms, up = sample.items(2)
        ms.as_whole()
        up.as_whole()


def _parcel(at: Field) -> None:
    source, kind, *counts = at.items(15)
    source.as_text()
    kind.as_text()
    for count in counts[:6] + counts[8:]:
        count.as_count()
    for ms in counts[6:8]:  # an instant is no count, and never text
        ms.as_whole()


def _part(at: Field) -> None:
    for one in at.items(2):
        one.as_text()


def _role(at: Field) -> None:
    role, needed, sites = at.items(3)
    role.as_text()
    needed.as_whole(least=1)
    for site in sites.items():
        _part(site)


def _run(at: Field) -> None:
    state, slots = at.items(2)
    state.as_text()
    slots.as_whole()


_PROOFS: dict[str, Callable[[Field], None]] = {
    "states": _samples,
    "events": _parcel,
    "parts": _part,
    "outages": _run,
    "members": _role,
}


def _provenance(at: Field) -> Provenance:
    at.only(*Provenance.__dataclass_fields__)
    return Provenance(
        engine=at.text("engine"),
        observer=at.text("observer"),
        queries=at.each("queries", Field.as_text),
        revision=at.whole("revision"),
        assessed_at=at.whole("assessed_at"),
    )
