"""The fleet file gains and loses hosts in a period: each slot was counted from the sources of its time, and its evidence holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from sankofa_observe.pipeline.assess import assess
from sankofa_observe.pipeline.attest import objection
from sankofa_observe.pipeline.evaluate import evaluate
from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.panel import Panel
from sankofa_observe.pipeline.rebuild import Rebuilt, rebuild
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import Origin, parse
from sankofa_observe.sla.terms import counting_digest, with_terms
from sankofa_observe.slo.indicator import Indicator, LevelIndicator, Operator, RatioIndicator, StateIndicator
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.testing import (
    FixedClock,
    MemoryArchive,
    MemoryExclusions,
    MemoryLedger,
    MemorySlots,
    ScriptedSamples,
)
from sankofa_observe.verify import verify
from tests import builders
from tests.builders import START
from tests.unit.referee import holds

SITE, PERIOD, DELAY = "edge-1", builders.period(), 30
ORIGIN = Origin(engine="engine/1", observer="observer-1")
KINDS: dict[str, Indicator] = {
    "states": StateIndicator(up="up_state", known="known", system="s"),
    "levels": LevelIndicator(level="level", operator=Operator.LTE, bound=Decimal(5), system="s"),
    "events": RatioIndicator(good="good", valid="valid", system="s"),
}
FLEETS = {
    "a host is added": (("n1",), ("n1", "n2")),
    "a host is taken away": (("n1", "n2"), ("n1",)),
    "a host follows another": (("n1", "n2"), ("n1", "n3")),
}
ALONE, THREE = Quorum(), Quorum(names=("ann", "bob", "eve"), bad=2, good=2)
BAD = (1, 7)  # minutes: one before the fleet changes, one after
WELL = {False: {"up_state": 1, "level": 1}, True: {"up_state": 0, "level": 9}}


def agreement(kind: str, listed: Sequence[str], quorum: Quorum = ALONE) -> Agreement:
    """The same terms, whatever the fleet file lists."""
    made = builders.agreement(observers=quorum)
    slo = builders.slo(indicator=KINDS[kind])
    slo = replace(slo, digest=counting_digest(slo), sources={SITE: tuple(listed)})
    return with_terms(replace(made, promises=(replace(made.promises[0], slo=slo),)), salt="0x" + "5a" * 32)


def scraped(fleets: tuple[Sequence[str], Sequence[str]]) -> ScriptedSamples:
    """Each host as long as the fleet file lists it; all are bad in two minutes."""
    source, (first, second) = ScriptedSamples(), fleets
    for host in sorted({*first, *second}):
        at = range(-300 if host in first else 300, 720 if host in second else 300, 15)
        labels = {"job": "j", "instance": host, "site": SITE}
        is_bad = [one // 60 in BAD for one in at]
        sums = [sum(not bad for bad in is_bad[: n + 1]) for n in range(len(is_bad))]
        shown = {
            "up": [1] * len(at),
            "known": [1] * len(at),
            **{name: [WELL[bad][name] for bad in is_bad] for name in ("up_state", "level")},
            "good": [100 + 10 * one for one in sums],
            "valid": [100 + 10 * n for n in range(1, len(at) + 1)],
        }
        for name, values in shown.items():
            source.add(name, [((START + one) * 1000, v) for one, v in zip(at, values, strict=True)], **labels)
    return source


@dataclass(kw_only=True)
class Office:
    """One installation with a table an observer; the fleet file changes in the middle of the period, for each at its time."""

    kind: str
    fleets: tuple[Sequence[str], Sequence[str]]
    quorum: Quorum = ALONE
    changes_at: tuple[int, ...] = (300,)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    clock: FixedClock = field(default_factory=lambda: FixedClock(at=START))

    def __post_init__(self) -> None:
        self.tables = tuple(MemorySlots() for _ in self.changes_at)

    def panel(self, quorum: Quorum) -> Panel:
        return Panel(quorum=quorum, tables=self.tables)

    def priced(self) -> bytes:
        source = scraped(self.fleets)
        for table, changes_at in zip(self.tables, self.changes_at, strict=True):
            for listed, until in zip(self.fleets, (changes_at, builders.PERIOD_SECONDS + 60), strict=True):
                slo = agreement(self.kind, listed).promises[0].slo
                clock = FixedClock(at=START + until + DELAY)
                since = START - 60
                list(observe(slo, [SITE], since, source=source, table=table, clock=clock, delay_seconds=DELAY))
        self.clock.at = PERIOD.ends_at + 120
        now = agreement(self.kind, self.fleets[1], self.quorum)
        self.ledger.add_agreement(
            agreement_id=now.id, version=1, tenant="acme", terms_hash=now.terms_hash, document=now.terms_document, at=0
        )
        list(evaluate([now], panel_of=self.panel, ledger=self.ledger, clock=self.clock))
        ports = {"panel_of": self.panel, "ledger": self.ledger, "archive": self.archive, "clock": self.clock}
        list(assess([now], chain=builders.CHAIN, origin=ORIGIN, **ports))  # type: ignore[arg-type]
        [raw] = self.archive.documents.values()
        return raw


@pytest.mark.parametrize("fleets", FLEETS)
@pytest.mark.parametrize("kind", KINDS)
def test_evidence_holds_though_the_fleet_changed_in_the_period(kind: str, fleets: str) -> None:
    """A bad slot before and one after, each by the sources of its time; of events a host that was seen of late is one still."""
    first, second = FLEETS[fleets]
    raw = Office(kind=kind, fleets=(first, second)).priced()
    document = parse(raw)
    proofs = dict(proof for day in document.days for proof in day.proofs)
    named = {(at - START) // 60: {one[0].partition("/")[2] for one in proof} for at, proof in proofs.items()}

    assert verify(raw).wrong == []
    assert holds(raw)
    assert (named[1], named[7]) == (set(first), {*second, *(first if kind == "events" else ())})


@pytest.mark.parametrize("kind", KINDS)
def test_observers_may_learn_of_the_change_at_other_times(kind: str) -> None:
    """Of three, one reads the new fleet file a minute before the second and one two minutes after it."""
    office = Office(kind=kind, fleets=FLEETS["a host follows another"], quorum=THREE, changes_at=(240, 300, 420))
    raw = office.priced()

    assert verify(raw).wrong == []
    assert holds(raw)


@pytest.mark.parametrize("fleets", FLEETS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_document_is_written_anew_whatever_the_fleet_is_by_then(kind: str, fleets: str) -> None:
    """From the slots and the recorded terms alone: no line of a fleet file is read."""
    office = Office(kind=kind, fleets=FLEETS[fleets])
    before = office.priced()
    [record] = office.ledger.in_order()
    office.archive.documents.clear()
    ports = {"panel_of": office.panel, "ledger": office.ledger, "archive": office.archive}
    [said] = rebuild([record], chain=builders.CHAIN, origin=ORIGIN, **ports)  # type: ignore[arg-type]

    assert isinstance(said, Rebuilt), said
    assert list(office.archive.documents.values()) == [before]


@pytest.mark.parametrize("kind", KINDS)
def test_an_attestor_counts_by_its_own_fleet_file_and_objects_where_that_matters(kind: str) -> None:
    """Another list of sources is no other spec; it is told by the slots that it makes of the same samples."""
    fleets = FLEETS["a host is added"]
    document = parse(Office(kind=kind, fleets=fleets).priced())

    def says(*listed: str) -> str | None:
        own = agreement(kind, listed)
        known = MemoryExclusions()
        return objection(
            document, agreements={own.version_id: own}, source=scraped(fleets), exclusions=known, since_at={}
        )

    assert says("n1") is None
    assert str(says("n1", "n9")).startswith("counts ")  # a host that it never saw
    assert str(says("n1", "n2")).startswith("counts ")  # one not seen before it was added
