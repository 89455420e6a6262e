"""attest: what an attestor objects to, each time for one reason."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.assess import Origin, assess
from sankofa_observe.pipeline.attest import objection, reported_counts
from sankofa_observe.pipeline.evaluate import evaluate
from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.evidence import Document, parse, slot_root
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Budgeting, Slo, SlotRule
from sankofa_observe.slo.slot import Slot
from sankofa_observe.testing import FixedClock, MemoryArchive, MemoryLedger, MemorySlots, ScriptedSamples
from sankofa_observe.units import Period
from tests import builders
from tests.builders import CHAIN, PERIOD_SECONDS, START


def samples(*down: int, only: range = range(0, PERIOD_SECONDS, 15)) -> ScriptedSamples:
    """A site scraped every 15 s, down at the named seconds."""
    source = ScriptedSamples()
    source.add("sankofa_pve_up", [((START + at) * 1000, int(at not in down)) for at in only], site="edge-1")
    source.add("sankofa_pve_known", [((START + at) * 1000, 1) for at in only], site="edge-1")
    return source


def document_of(agreement: Agreement, source: ScriptedSamples) -> Document:
    """What the proposer writes about the first breach it finds in these samples."""
    table, ledger, archive, clock = MemorySlots(), MemoryLedger(), MemoryArchive(), FixedClock(at=START + 10_000)
    promise = agreement.promises[0]
    observed = with_neighbours(builders.period(), promise.slo)
    table.append(read_slots(promise.slo, [promise.site], observed, source), clock.now())
    list(evaluate([agreement], table=table, ledger=ledger, clock=clock))
    origin = Origin(engine="engine/1", observer="observer-1")
    list(assess(agreement, table=table, ledger=ledger, archive=archive, chain=CHAIN, origin=origin, clock=clock))
    [record] = ledger.in_order()
    raw = archive.get(record.penalty.document_hash)
    assert raw is not None
    return parse(raw)


AGREEMENT = builders.agreement()


def says(document: Document, source: ScriptedSamples, agreement: Agreement = AGREEMENT) -> str | None:
    return objection(document, agreements={agreement.id: agreement}, source=source)


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


def _drop_slot(document: Document) -> None:
    document["slots"].pop()


def _set(section: str, name: str, value: object) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document[section][name] = value

    return change


def _shift(seconds: int, length: int = PERIOD_SECONDS) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        document["period"] = [START + seconds, START + seconds + length]

    return change


def _claim_root(document: Document) -> None:
    document["slot_root"] = "0x" + "ab" * 32


def _claim_verdict(document: Document) -> None:
    document["verdict"] = "undetermined"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_set("agreement", "id", builders.digest_of("another")), "holds other terms for this agreement"),
        (_set("agreement", "terms_hash", builders.digest_of("other")), "holds other terms for this agreement"),
        (_set("slo", "site", "edge-9"), "finds no promise of availability-edge at edge-9"),
        (_set("slo", "name", "invented"), "finds no promise of invented at edge-1"),
        (_shift(0, 60), "finds no period of this agreement at 2026-01-01T00:00:00Z/2026-01-01T00:01:00Z"),
        (_shift(60), "finds no period of this agreement at 2026-01-01T00:01:00Z/2026-01-01T00:11:00Z"),
        (_shift(-600), "finds no period of this agreement at 2025-12-31T23:50:00Z/2026-01-01T00:00:00Z"),
        (
            _set("agreement", "fee_minor", 1),
            "finds fee, cap or bands in the document that are not those of its own terms",
        ),
        (_set("agreement", "bands", []), "finds fee, cap or bands in the document that are not those of its own terms"),
        (_set("slo", "target_ppm", 999_999), "holds another spec of availability-edge"),
        (_set("slo", "spec_digest", builders.digest_of("another")), "holds another spec of availability-edge"),
        (_drop_slot, "expects 10 slots in a row, finds 9 or gaps"),
        (_set("attainment", "good", 8), "adds these slots up otherwise"),
        (_claim_root, "finds another root over these slots"),
        (_claim_verdict, "judges breach, not undetermined"),
        (_set("credit", "credit_minor", 1), "prices these counts at 50000 minor units, not 1"),
    ],
)
def test_attestor_objects_to_one_changed_claim(change: Callable[[Document], None], expected: str) -> None:
    """Whatever the proposer changes, the attestor says what it finds instead."""
    document = copy.deepcopy(document_of(AGREEMENT, samples(75)))
    change(document)

    assert expected == says(document, samples(75))


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
    assert slot_root(at_once) == slot_root(by_minutes)


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
    """What is signed is good with the unknown, of all, under the document's root."""
    document = document_of(AGREEMENT, samples(75, only=range(0, 540, 15)))

    assert document["attainment"] == {"good": 8, "bad": 1, "unknown": 1}
    assert reported_counts(document) == (9, 10, document["slot_root"])
