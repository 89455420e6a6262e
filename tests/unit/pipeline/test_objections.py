"""attest: what an attestor objects to, each time for one reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.assess import assess
from sankofa_observe.pipeline.attest import objection
from sankofa_observe.pipeline.evaluate import evaluate
from sankofa_observe.pipeline.panel import alone
from sankofa_observe.pipeline.period import arranged, with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.calendar import FixedCalendar
from sankofa_observe.sla.evidence import (
    EdgeCounts,
    Evidence,
    Origin,
    Provenance,
    attested_row,
    day_leaf,
    document_hash,
    evidence_of,
    parse,
)
from sankofa_observe.sla.overlay import ExcludedSlots, Overlay, of_observers
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Budgeting, Slo, SlotRule
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.slot import Slot
from sankofa_observe.testing import (
    FixedClock,
    MemoryArchive,
    MemoryExclusions,
    MemoryLedger,
    MemorySlots,
    ScriptedSamples,
)
from sankofa_observe.units import Period
from tests import builders
from tests.builders import CHAIN, PERIOD_SECONDS, START, breach


def samples(*down: int, only: range = range(0, PERIOD_SECONDS, 15)) -> ScriptedSamples:
    """A site scraped every 15 s, down at the named seconds."""
    source = ScriptedSamples()
    source.add("sankofa_pve_up", [((START + at) * 1000, int(at not in down)) for at in only], site="edge-1")
    source.add("sankofa_pve_known", [((START + at) * 1000, 1) for at in only], site="edge-1")
    return source


def document_of(agreement: Agreement, source: ScriptedSamples) -> Evidence:
    """What the proposer writes about the first breach it finds in these samples."""
    table, ledger, archive, clock = MemorySlots(), MemoryLedger(), MemoryArchive(), FixedClock(at=START + 10_000)
    promise = agreement.promises[0]
    observed = with_neighbours(builders.period(), promise.slo)
    table.append(read_slots(promise.slo, [promise.site], observed, source), clock.now())
    list(evaluate([agreement], panel_of=alone(table), ledger=ledger, clock=clock))
    origin = Origin(engine="engine/1", observer="observer-1")
    list(
        assess(
            [agreement], panel_of=alone(table), ledger=ledger, archive=archive, chain=CHAIN, origin=origin, clock=clock
        )
    )
    [record] = ledger.in_order()
    raw = archive.get(record.penalty.document_hash)
    assert raw is not None
    return parse(raw)


AGREEMENT = builders.agreement()
SETTLEMENT = breach(AGREEMENT).penalty.settlement_id
OTHER = builders.digest_of("another settlement")
ROW = "1767225600,4,0,0,0,0,0,0,0,4,4,GOOD"


def says(document: Evidence, source: ScriptedSamples, agreement: Agreement = AGREEMENT) -> str | None:
    known = MemoryExclusions()
    return objection(
        document, agreements={agreement.version_id: agreement}, source=source, exclusions=known, since_at={}
    )


def test_attestor_signs_what_it_counts_itself() -> None:
    """The same samples and the same terms leave nothing to object to."""
    assert says(document_of(AGREEMENT, samples(75)), samples(75)) is None


def test_attestor_recounts_by_its_own_scrapes() -> None:
    """Scrapes at other moments see the same slots: their states are compared, not the samples."""
    assert says(document_of(AGREEMENT, samples(75)), samples(78, only=range(3, PERIOD_SECONDS, 15))) is None


@pytest.mark.parametrize(
    ("own", "tolerance", "expected"),
    [
        ((), 0, "counts 1 slots otherwise, tolerates 0; the first is 2026-01-01T00:01:00Z"),
        ((75, 135), 0, "counts 1 slots otherwise, tolerates 0; the first is 2026-01-01T00:02:00Z"),
        ((), 1, "judges met, not breach"),
        ((75, 135), 1, None),
        ((75, 135, 195), 1, "counts 2 slots otherwise, tolerates 1; the first is 2026-01-01T00:02:00Z"),
    ],
)
def test_slots_may_differ_as_far_as_agreed(own: tuple[int, ...], tolerance: int, expected: str | None) -> None:
    """Other slots are named; within the tolerance they are signed, unless they turn the verdict."""
    agreement = replace(AGREEMENT, tolerance_slots=tolerance)

    assert expected == says(document_of(agreement, samples(75)), samples(*own), agreement)


Change = Callable[[Evidence], Evidence]


def _rows(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> Change:
    """Other rows, with the leaf of their day made anew."""

    def of(document: Evidence) -> Evidence:
        [day] = document.days
        made = replace(day, rows=change(day.rows))
        return replace(document, days=(made,), identity=replace(document.identity, days=(day_leaf(made),)))

    return of


def _claim(section: str = "", **values: Any) -> Change:
    """Other values of the identity, or of one of its parts."""

    def of(document: Evidence) -> Evidence:
        identity = document.identity
        changes = {section: replace(getattr(identity, section), **values)} if section else values
        return replace(document, identity=replace(identity, **changes))

    return of


def _exchange_proof(document: Evidence) -> Evidence:
    [day] = document.days
    return replace(document, days=(replace(day, proofs=((day.proofs[0][0], []), *day.proofs[1:])),))


def _shift(seconds: int, length: int = PERIOD_SECONDS) -> Change:
    return _claim(period=Period(starts_at=START + seconds, ends_at=START + seconds + length))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_claim("row", agreement_id=builders.digest_of("another")), "holds other terms for this agreement"),
        (_claim("agreement", version=2), "holds other terms for this agreement"),
        (_claim("row", period_index=1), "knows it as period 0 and SLO 0, not 1 and 0"),
        (_claim("row", slo_index=1), "knows it as period 0 and SLO 0, not 0 and 1"),
        (
            _claim(calendar=FixedCalendar(anchor_at=START, seconds=600, periods=1)),
            f"holds terms of calendar {AGREEMENT.calendar.id}, not 0x9c9804f55cfc8461f278c1f325cb945b",
        ),
        (_claim("agreement", terms_hash=builders.digest_of("other")), "holds other terms for this agreement"),
        (_claim("slo", site="edge-9"), "finds no promise of availability-edge at edge-9"),
        (_claim("slo", name="invented"), "finds no promise of invented at edge-1"),
        (_shift(0, 60), "finds no period of version 1 of this agreement at 2026-01-01T00:00:00Z/2026-01-01T00:01:00Z"),
        (_shift(60), "finds no period of version 1 of this agreement at 2026-01-01T00:01:00Z/2026-01-01T00:11:00Z"),
        (_shift(-600), "finds no period of version 1 of this agreement at 2025-12-31T23:50:00Z/2026-01-01T00:00:00Z"),
        (
            _claim("agreement", fee_minor=1),
            "finds fee, cap or bands in the document that are not those of its own terms",
        ),
        (_claim("agreement", bands=()), "finds fee, cap or bands in the document that are not those of its own terms"),
        (_claim("slo", target_ppm=999_999), "holds another spec of availability-edge"),
        (_claim("slo", spec_digest=builders.digest_of("another")), "holds another spec of availability-edge"),
        (_claim(settlement_id=OTHER), f"names this settlement {SETTLEMENT}, not {OTHER}"),
        (_rows(lambda rows: rows[:-1]), "expects 10 slots in a row, finds 9 or gaps"),
        (_rows(lambda rows: rows[::-1]), "expects 10 slots in a row, finds 10 or gaps"),
        (
            _rows(lambda rows: ("+" + rows[0], *rows[1:])),
            f"finds a row that is no slot: '+{ROW}' is another way to write '{ROW}'",
        ),
        (_claim(good=8), "adds these slots up otherwise"),
        (_claim(root=OTHER), "finds another root over these slots"),
        (_exchange_proof, "finds another root over these slots"),
        (
            _claim(edges=(EdgeCounts(settled=1, after_good=0, after_bad=0, after_hidden=0),)),
            "finds another root over these slots",
        ),
        (
            _claim(observers=Quorum(names=("ann",))),
            "holds terms by which it is observed by one, not by ann: bad where 1 say so, good where 1 do",
        ),
        (_claim(verdict="undetermined"), "judges breach, not undetermined"),
        (_claim(credit_minor=1), "prices these counts at 50000 minor units, not 1"),
    ],
)
def test_attestor_objects_to_one_changed_claim(change: Change, expected: str) -> None:
    """Whatever the proposer changes, the attestor says what it finds instead; a signature covers the whole identity."""
    assert expected == says(change(document_of(AGREEMENT, samples(75))), samples(75))


THREE = Quorum(names=("ann", "bob", "eve"), bad=2, good=2)
OBSERVED = replace(AGREEMENT, observers=THREE)


def observed(*sources: ScriptedSamples, quorum: Quorum = THREE) -> Evidence:
    """The evidence of observers that read these samples, each its own."""
    promise, period = OBSERVED.promises[0], builders.period()
    around = with_neighbours(period, promise.slo)
    every = [read_slots(promise.slo, [promise.site], around, source) for source in sources]
    seen = [arranged(promise.slo, promise.site, period, slots) for slots in every]
    return evidence_of(
        agreement=replace(OBSERVED, observers=quorum),
        promise=promise,
        period=period,
        seen=seen,
        attainment=of_observers(promise.slo, quorum, seen, Overlay()),
        overlay=Overlay(),
        chain=CHAIN,
        provenance=Provenance(engine="engine/1", observer="ann", queries=(), revision=1, assessed_at=period.ends_at),
    )


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([(75,), (75,), (75,)], None),
        ([(75,), (75,), (75, 135)], None),  # one of three decides nothing
        ([(75,), (75,), ()], None),
        ([(75,), (75, 135), (75, 135)], "counts 1 slots otherwise, tolerates 0; the first is 2026-01-01T00:02:00Z"),
    ],
)
def test_attestor_compares_what_observers_say_together(seen: list[tuple[int, ...]], expected: str | None) -> None:
    """A site that was down in the second minute: each observer by its own samples, the attestor by another's."""
    document = observed(*(samples(*down) for down in seen))

    assert expected == says(document, samples(75), OBSERVED)


@pytest.mark.parametrize("names", [("ann", "bob"), ("ann", "bob", "zoe"), THREE.names])
def test_who_observes_and_how_many_decide_is_what_was_agreed(names: tuple[str, ...]) -> None:
    """One left out, another in its place, or another threshold: the file fits itself, and is not of these terms."""
    other = Quorum(names=names, bad=1, good=2)
    document = observed(*(samples(75) for _ in names), quorum=other)

    assert says(document, samples(75), OBSERVED) == (f"holds terms by which it is observed by {THREE}, not by {other}")


def test_a_document_of_another_chain_is_another_settlement() -> None:
    """Its own chain is part of a settlement's name: exchanging the one without the other is noticed."""
    told = says(_claim("chain", chain_id=1)(document_of(AGREEMENT, samples(75))), samples(75))

    assert told is not None
    assert told.endswith(f"not {SETTLEMENT}")


def test_an_attestor_needs_no_samples_to_object_to_terms() -> None:
    """Claims that its own terms contradict are refused without reading anything."""
    source = samples(75)
    document = document_of(AGREEMENT, source)
    source.reads.clear()
    says(_shift(0, 60)(document), source)

    assert source.reads == []


def test_a_tolerated_slot_may_not_decide_the_price() -> None:
    """Within the tolerance too an attestor signs no credit of a band that it did not see reached."""
    edges = zip(AGREEMENT.promises[0].bands, (995_000, 900_000, 700_000), strict=True)
    bands = tuple(replace(band, below_ppm=below) for band, below in edges)
    of = replace(AGREEMENT, tolerance_slots=1, promises=(replace(AGREEMENT.promises[0], bands=bands),))

    assert says(document_of(of, samples(75)), samples(75), of) is None
    assert says(document_of(of, samples(75, 135)), samples(75), of) == (
        "owes 100000 ppm of the fee by its own counts, not 250000"
    )


def test_an_attestor_without_samples_of_its_own_signs_no_breach() -> None:
    """An empty source counts UNKNOWN where the proposer counted: nothing is taken on trust."""
    assert says(document_of(AGREEMENT, samples(75)), ScriptedSamples()) == (
        "counts 10 slots otherwise, tolerates 0; the first is 2026-01-01T00:00:00Z"
    )


def test_attestor_without_samples_says_that_it_cannot_tell() -> None:
    """A source that is away, or answers in part, is no objection and no consent."""
    document = document_of(AGREEMENT, samples(75))
    for source in (replace(samples(75), away=True), replace(samples(75), complete=False)):
        with pytest.raises(Unavailable):
            says(document, source)


def events(*, errors: int, silent: range = range(0)) -> ScriptedSamples:
    """100 events each 15 s; in the second slot that many of each hundred are errors."""
    source, good, valid, totals = ScriptedSamples(), [], [], [0, 0]
    for at in range(-15, 2 * PERIOD_SECONDS, 15):
        totals = [totals[0] + 100 - (errors if 60 <= at < 120 else 0), totals[1] + 100]
        if at not in silent:
            good.append(((START + at) * 1000, totals[0]))
            valid.append(((START + at) * 1000, totals[1]))
    source.add("calls_bucket", good, site="edge-1", le="0.01")
    source.add("calls_count", valid, site="edge-1")
    return source


def counted(**changes: object) -> Agreement:
    """An agreement about events."""
    indicator = RatioIndicator(good='calls_bucket{le="0.01"}', valid="calls_count")
    slo: Slo = builders.slo("latency-edge", indicator=indicator, **changes)
    return replace(AGREEMENT, promises=(Promise(slo=slo, site="edge-1", bands=AGREEMENT.promises[0].bands),))


def test_equal_states_with_other_counts_do_not_hide_another_band() -> None:
    """Where events are counted, all slots may have the same states and the counts still end in another band."""
    agreement = counted(budgeting=Budgeting.OCCURRENCES)
    document = document_of(agreement, events(errors=90))

    assert says(document, events(errors=90), agreement) is None
    assert says(document, events(errors=20), agreement) == "owes 250000 ppm of the fee by its own counts, not 400000"


def observed_by_minutes(slo: Slo, source: ScriptedSamples) -> list[Slot]:
    """The period's slots, each read by itself."""
    return [
        slot
        for at in range(START, START + PERIOD_SECONDS, slo.slot.seconds)
        for slot in read_slots(slo, ["edge-1"], Period(starts_at=at, ends_at=at + slo.slot.seconds), source)
    ]


@pytest.mark.parametrize("silent", [range(0), range(180, 420), range(240, 900), range(480, 2000), range(-15, 200)])
def test_a_period_read_at_once_has_the_slots_of_its_minutes(silent: range) -> None:
    """However far a gap reaches, an attestor that reads the whole period finds the slots the observer found minute by minute."""
    slo, source = counted().promises[0].slo, events(errors=50, silent=silent)
    at_once, by_minutes = read_slots(slo, ["edge-1"], builders.period(), source), observed_by_minutes(slo, source)

    assert at_once == by_minutes


def test_a_gap_longer_than_half_an_hour_is_not_counted_over_by_any_reader() -> None:
    """Growth over half an hour is counted where the gap ends; over more it is hidden, however much a reader has before it."""
    rule = SlotRule(seconds=600, scrape_seconds=15)
    slo, found = replace(counted().promises[0].slo, slot=rule), []
    for longest in (1800, 1815):
        source, seen = ScriptedSamples(), [*range(0, 615, 15), *range(600 + longest, 4800, 15)]
        for name, more in (("calls_bucket", {"le": "0.01"}), ("calls_count", {})):
            source.add(name, [((START + at) * 1000, at) for at in seen], site="edge-1", **more)
        slots = read_slots(slo, ["edge-1"], Period(starts_at=START, ends_at=START + 4800), source)
        assert [slot.state.value for slot in slots[1:4]] == ["UNKNOWN"] * 3
        found.append((sum(slot.good for slot in slots[1:5]), [kind for slot in slots[1:4] for kind in slot.reasons]))

    # The first scrape at 600 s, then the gap, then what was left of the slot in which it ends.
    assert found == [(15 + 1800 + 39 * 15, ["gap"] * 3), (15 + 38 * 15, ["not seen"] * 3)]


def test_the_reported_counts_are_the_high_bound() -> None:
    """What is signed is good with the unknown, of all, by the document's row and hash."""
    document = document_of(AGREEMENT, samples(75, only=range(0, 540, 15)))

    identity, (_, row) = document.identity, attested_row(document)

    assert (identity.good, identity.bad, identity.unknown) == (8, 1, 1)
    assert (row.good, row.valid, row.document_hash) == (9, 10, document_hash(identity))
    assert (row.agreement_id, row.period_index, row.slo_index, row.revision) == (*vars(identity.row).values(), 1)


def excluded(*, approved: bool = True, **changes: Any) -> MemoryExclusions:
    """What somebody knows of one exclusion over the second slot."""
    known = MemoryExclusions()
    one = builders.exclusion(AGREEMENT, "2026-01-01T00:01:00", **changes)
    known.add_exclusions([one])
    if approved:
        known.act_on_exclusions(known.exclusions_named(one.ref), builders.APPROVAL)
    return known


def under(known: MemoryExclusions, since_at: int = 0) -> Evidence:
    """A breach in the last slot, judged with what the proposer knows of exclusions."""
    table, ledger, archive, clock = MemorySlots(), MemoryLedger(), MemoryArchive(), FixedClock(at=START + 10_000)
    ledger.excluded, ledger.excluded_acts = known.excluded, known.excluded_acts
    promise, source = AGREEMENT.promises[0], samples(75, 570)
    table.append(read_slots(promise.slo, [promise.site], with_neighbours(builders.period(), promise.slo), source), 0)
    since = {promise.site: since_at} if since_at else {}
    list(evaluate([AGREEMENT], panel_of=alone(table), ledger=ledger, clock=clock, since_at=since))
    origin = Origin(engine="engine/1", observer="observer-1")
    list(
        assess(
            [AGREEMENT], panel_of=alone(table), ledger=ledger, archive=archive, chain=CHAIN, origin=origin, clock=clock
        )
    )
    [record] = ledger.in_order()
    raw = archive.get(record.penalty.document_hash)
    assert raw is not None
    return parse(raw)


NOTHING, OVER = MemoryExclusions(), "over 2026-01-01T00:01:00Z/2026-01-01T00:02:00Z"


@pytest.mark.parametrize(
    ("theirs", "ours", "wanted"),
    [
        (excluded(), excluded(), None),
        (NOTHING, NOTHING, None),
        (excluded(), NOTHING, f"knows no approval of exclusion {builders.exclusion(AGREEMENT, '2026-01-01T00:01:00').id} {OVER}"),
        (excluded(), excluded(approved=False), f"knows no approval of exclusion {builders.exclusion(AGREEMENT, '2026-01-01T00:01:00').id} {OVER}"),
        (excluded(author="person:eve"), excluded(), f"knows no approval of exclusion {builders.exclusion(AGREEMENT, '2026-01-01T00:01:00', author='person:eve').id} {OVER}"),
        (NOTHING, excluded(), f"misses exclusion {builders.exclusion(AGREEMENT, '2026-01-01T00:01:00').id} {OVER}"),
    ],
    ids=["the same", "none", "unknown here", "proposed here", "another one", "left out"],
)  # fmt: skip
def test_an_attestor_signs_under_the_exclusions_it_knows_to_be_approved(
    theirs: MemoryExclusions, ours: MemoryExclusions, wanted: str | None
) -> None:
    """A proposer excludes nothing by itself, and leaves nothing out."""
    found = objection(
        under(theirs),
        agreements={AGREEMENT.version_id: AGREEMENT},
        source=samples(75, 570),
        exclusions=ours,
        since_at={},
    )

    assert found == wanted


def test_an_attestor_knows_when_a_site_was_deployed() -> None:
    """By its own fleet file: a date that hides an outage is no date."""
    document = under(NOTHING, since_at=START + 120)
    ask = {"agreements": {AGREEMENT.version_id: AGREEMENT}, "source": samples(75, 570), "exclusions": NOTHING}
    told = [objection(document, since_at=since, **ask) for since in ({"edge-1": START + 120}, {}, {"edge-1": START})]  # type: ignore[arg-type]

    differs = f"finds the site deployed at second 0 of its own fleet file, not {START + 120}"
    assert told == [None, differs, differs]


def test_an_attestor_holds_what_an_excluded_slot_means() -> None:
    """Out of the base here, up there: the terms are others, and their hash says so first."""
    other = replace(AGREEMENT, excluded_slots=ExcludedSlots.COUNTS_AS_UP)
    found = objection(
        under(NOTHING),
        agreements={AGREEMENT.version_id: other},
        source=samples(75, 570),
        exclusions=NOTHING,
        since_at={},
    )

    assert found == "holds terms by which an excluded slot counts-as-up, not leaves-base"
