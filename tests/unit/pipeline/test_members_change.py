"""The fleet changes in a period: each slot of a place was counted from the sites of its time, and its evidence says which."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sankofa_observe.pipeline.assess import assess
from sankofa_observe.pipeline.attest import objection
from sankofa_observe.pipeline.evaluate import evaluate
from sankofa_observe.pipeline.panel import alone
from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.pipeline.rebuild import Rebuilt, rebuild
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import Origin, parse
from sankofa_observe.sla.terms import counting_digest, with_terms
from sankofa_observe.slo.indicator import Members, MembersIndicator
from sankofa_observe.slo.slot import SlotState
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

PLACE, PERIOD = "edge-1", builders.period()
FIRST = Members(role="", needed=2, sites=("a", "b", "c"))
SECOND = Members(role="", needed=3, sites=("a", "b", "c", "d"))
THIRD = Members(role="", needed=1, sites=("e",))
ORIGIN = Origin(engine="engine/1", observer="observer-1")


def agreement(members: Members) -> Agreement:
    """The same terms, whatever the fleet file lists: how many a place needs and which sites it has are no terms."""
    made = builders.agreement()
    slo = builders.slo(indicator=MembersIndicator(of="down", at_least={}), parts={"down": builders.slo("down")})
    slo = replace(slo, digest=counting_digest(slo), members={PLACE: (members,)})
    return with_terms(replace(made, promises=(replace(made.promises[0], slo=slo),)), salt="0x" + "5a" * 32)


def scraped() -> ScriptedSamples:
    """Two of three sites are down in the second minute; of four, of which one came in the sixth, two in the eighth."""
    source = ScriptedSamples()
    down = {"b": (1,), "c": (1, 7), "d": (7,)}
    for site, since in (("a", -60), ("b", -60), ("c", -60), ("d", 300)):
        at = range(since, 720, 15)
        for name in ("sankofa_pve_up", "sankofa_pve_known"):
            values = [1 if name == "sankofa_pve_known" or one // 60 not in down.get(site, ()) else 0 for one in at]
            source.add(name, [((START + one) * 1000, v) for one, v in zip(at, values, strict=True)], site=site)
    return source


@dataclass(kw_only=True)
class Office:
    """One installation; the fleet file changes in the middle of the period."""

    table: MemorySlots = field(default_factory=MemorySlots)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    archive: MemoryArchive = field(default_factory=MemoryArchive)
    clock: FixedClock = field(default_factory=lambda: FixedClock(at=PERIOD.ends_at + 60))

    def priced(self) -> bytes:
        for members, which in ((FIRST, range(-1, 5)), (SECOND, range(5, 11))):
            promise = agreement(members).promises[0]
            slots = read_slots(promise.slo, [PLACE], with_neighbours(PERIOD, promise.slo), scraped())
            self.table.append([one for one in slots if (one.starts_at - START) // 60 in which], self.clock.now())
        now = agreement(SECOND)
        self.ledger.add_agreement(
            agreement_id=now.id, version=1, tenant="acme", terms_hash=now.terms_hash, document=now.terms_document, at=0
        )
        list(evaluate([now], panel_of=alone(self.table), ledger=self.ledger, clock=self.clock))
        ports = {"panel_of": alone(self.table), "ledger": self.ledger, "archive": self.archive, "clock": self.clock}
        list(assess([now], chain=builders.CHAIN, origin=ORIGIN, **ports))  # type: ignore[arg-type]
        [raw] = self.archive.documents.values()
        return raw


def test_evidence_of_members_holds_though_the_fleet_changed_in_the_period() -> None:
    """A bad slot before and one after, each by the sites of its time."""
    raw = Office().priced()
    proofs = dict(proof for day in parse(raw).days for proof in day.proofs)

    assert verify(raw).wrong == []
    assert holds(raw)
    assert proofs == {
        START + 60: [["", 2, [["a", "GOOD"], ["b", "BAD"], ["c", "BAD"]]]],
        START + 420: [["", 3, [["a", "GOOD"], ["b", "GOOD"], ["c", "BAD"], ["d", "BAD"]]]],
    }


def test_a_document_of_members_is_written_anew_whatever_the_fleet_is_by_then() -> None:
    """From the slots and the recorded terms alone: no line of a fleet file is read."""
    office = Office()
    before = office.priced()
    [record] = office.ledger.in_order()
    office.archive.documents.clear()
    ports = {"panel_of": alone(office.table), "ledger": office.ledger, "archive": office.archive}
    [said] = rebuild([record], chain=builders.CHAIN, origin=ORIGIN, **ports)  # type: ignore[arg-type]

    assert isinstance(said, Rebuilt), said
    assert list(office.archive.documents.values()) == [before]


def test_an_attestor_counts_by_its_own_fleet_file_and_objects_where_that_matters() -> None:
    """Another list of sites is no other spec; it is told by the slots that it makes of the same samples."""
    document = parse(Office().priced())

    def says(members: Members) -> str | None:
        own = agreement(members)
        known = MemoryExclusions()
        return objection(document, agreements={own.version_id: own}, source=scraped(), exclusions=known, since_at={})

    assert says(SECOND) is None
    assert says(FIRST) == "counts 1 slots otherwise, tolerates 0; the first is 2026-01-01T00:07:00Z"
    assert str(says(THIRD)).startswith("counts 10 slots otherwise")


def test_slots_before_and_after_are_of_other_sites() -> None:
    """The world above has what it is for: the same samples, other sites, other figures."""
    office = Office()
    office.priced()
    slots = office.table.read(agreement(FIRST).promises[0].slo.name, [PLACE], PERIOD)
    assert [one.expected for one in slots] == [3] * 5 + [4] * 5
    assert [n for n, one in enumerate(slots) if one.state is SlotState.BAD] == [1, 7]
