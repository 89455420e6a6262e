"""rebuild: a lost document is written anew only as the very identity that the penalty names; another release finds the same one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from sankofa_observe.pipeline.assess import assess
from sankofa_observe.pipeline.evaluate import evaluate
from sankofa_observe.pipeline.following import Moved
from sankofa_observe.pipeline.lane_waits import Waiting
from sankofa_observe.pipeline.panel import alone
from sankofa_observe.pipeline.rebuild import NotRebuilt, Rebuilt, rebuild, settlements, unproven
from sankofa_observe.pipeline.settle import Settle
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import Origin, document_hash, parse
from sankofa_observe.sla.exclusion import ExclusionState
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.sla.terms import counting_digest, with_terms
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.testing import FakeAttestor, FakeChain, FixedClock, MemoryArchive, MemoryLedger, MemorySlots
from sankofa_observe.units import Period
from tests import builders
from tests.builders import CREDIT_MINOR, START, period, slot, slots_of

ACCOUNT = "0x" + "a1" * 20
FINAL, REPORTED = SettlementState.FINAL, SettlementState.REPORTED


def recorded() -> Agreement:
    """An agreement whose SLO carries the digest of how it is counted, as one that was read from a spec does."""
    made = builders.agreement()
    slo = replace(made.promises[0].slo, digest=counting_digest(made.promises[0].slo))
    return with_terms(replace(made, promises=(replace(made.promises[0], slo=slo),)), salt="0x" + "5a" * 32)


@dataclass(kw_only=True)
class Office:
    """One installation: its stores, its release and its chain."""

    chain: FakeChain
    clock: FixedClock
    origin: Origin = field(default_factory=lambda: Origin(engine="engine/1", observer="observer-1"))
    agreement: Agreement = field(default_factory=recorded)
    table: MemorySlots = field(default_factory=MemorySlots)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    archive: MemoryArchive = field(default_factory=MemoryArchive)

    def __post_init__(self) -> None:
        self.ledger.add_agreement(
            agreement_id=self.agreement.id,
            version=1,
            tenant="acme",
            terms_hash=self.agreement.terms_hash,
            document=self.agreement.terms_document,
            at=START,
        )

    def count(self, *periods: int, bad: int = 1) -> None:
        for index in periods:
            self.table.append(slots_of(index, bad=bad), self.clock.at)

    def judge(self) -> None:
        list(evaluate([self.agreement], panel_of=alone(self.table), ledger=self.ledger, clock=self.clock))

    def price(self) -> None:
        self.judge()
        ports = {"panel_of": alone(self.table), "ledger": self.ledger, "archive": self.archive, "clock": self.clock}
        list(assess([self.agreement], chain=builders.CHAIN, origin=self.origin, **ports))  # type: ignore[arg-type]
        for record in self.ledger.in_order():
            self.chain.prices[record.penalty.settlement_id] = CREDIT_MINOR

    def settle(self) -> list[Moved | Waiting]:
        attestor = FakeAttestor(name="a", account=ACCOUNT)
        ports = {"ledger": self.ledger, "archive": self.archive, "chain": self.chain, "clock": self.clock}
        return list(Settle(attestors=[attestor], **ports).run())  # type: ignore[arg-type]

    def states(self) -> list[SettlementState]:
        return [record.state for record in self.ledger.in_order()]

    def rebuild(self) -> list[Rebuilt | NotRebuilt]:
        ports = {"panel_of": alone(self.table), "ledger": self.ledger, "archive": self.archive}
        broken = [one for one in settlements(self.ledger) if unproven(one, self.archive, self.ledger)]
        return list(rebuild(broken, chain=builders.CHAIN, origin=self.origin, **ports))  # type: ignore[arg-type]


@pytest.fixture
def office() -> Office:
    """Three breaches, priced."""
    clock = FixedClock(at=period(2).ends_at + 60)
    made = Office(chain=FakeChain(clock=clock, members=(ACCOUNT,), threshold=1), clock=clock)
    made.count(0, 1, 2)
    made.price()
    return made


@pytest.mark.parametrize("chain_is", [REPORTED, FINAL])
def test_another_release_with_a_new_ledger_adopts_what_the_chain_holds(
    office: Office, chain_is: SettlementState
) -> None:
    """Ledger and archive lost, platform upgraded, another observer, revisions counted anew, same slots: nothing is held (F18)."""
    office.settle()
    office.clock.forward(office.chain.window_seconds if chain_is is FINAL else 0)
    office.settle()
    upgraded = Office(
        chain=office.chain,
        clock=office.clock,
        origin=Origin(engine="engine/2", observer="observer-2"),
        table=MemorySlots(),
    )
    upgraded.count(0, 1, 2, bad=2)  # counted otherwise at first: the verdict that stands is a second revision
    upgraded.judge()
    upgraded.count(0, 1, 2)
    upgraded.price()
    sent = len(upgraded.ledger.attempts)
    upgraded.settle()

    assert office.states() == [chain_is] * 3 == upgraded.states()
    assert [record.penalty.revision for record in upgraded.ledger.in_order()] == [2, 2, 2]
    assert len(upgraded.ledger.attempts) == sent == 0


@pytest.mark.parametrize("damage", ["lost", "cut off"])
def test_a_document_is_written_anew_as_the_identity_that_the_penalty_names(office: Office, damage: str) -> None:
    """From the terms in the ledger, whatever the specs are by now; and the others are not touched."""
    name, *others = [record.penalty.document_hash for record in office.ledger.in_order()]
    before = {other: office.archive.documents[other] for other in others}
    if damage == "lost":
        del office.archive.documents[name]
    else:
        office.archive.documents[name] = office.archive.documents[name][:-9]
    office.origin = Origin(engine="engine/9", observer="observer-9")
    [said] = office.rebuild()
    raw = office.archive.get(name)

    assert isinstance(said, Rebuilt)
    assert raw is not None
    assert (document_hash(parse(raw).identity), parse(raw).provenance.engine) == (name, "engine/9")
    assert {other: office.archive.documents[other] for other in others} == before
    assert office.rebuild() == []


def test_a_document_is_written_anew_under_the_exclusions_it_was_priced_with() -> None:
    """From what the penalty recorded, whatever was approved or withdrawn since."""
    clock = FixedClock(at=period(2).ends_at + 60)
    office = Office(chain=FakeChain(clock=clock, members=(ACCOUNT,), threshold=1), clock=clock)
    planned = builders.exclusion(office.agreement)
    office.ledger.add_exclusions([planned])
    office.ledger.act_on_exclusions(office.ledger.exclusions_named(planned.ref), builders.APPROVAL)
    office.count(0, bad=2)
    office.price()
    [name] = [record.penalty.document_hash for record in office.ledger.in_order()]
    identity = parse(office.archive.documents.pop(name)).identity
    gone = replace(builders.APPROVAL, state=ExclusionState.WITHDRAWN, from_at=1)
    office.ledger.act_on_exclusions(office.ledger.exclusions_named(planned.ref), gone)

    assert [one.exclusion_id for one in identity.overlay.applied] == [planned.id]
    assert (identity.good, identity.bad) == (8, 1)
    assert [type(one) for one in office.rebuild()] == [Rebuilt]
    assert office.archive.get(name) is not None


@dataclass
class Forgetful(MemorySlots):
    """A table that keeps no slot from before an instant."""

    kept_since: int = 0

    def forgotten(self, period: Period) -> bool:
        return period.starts_at < self.kept_since


def test_a_period_whose_neighbour_is_no_longer_kept_is_not_rebuilt_from_less(office: Office) -> None:
    """What stands before a period is in its identity: that it is gone is told, and not that the slots are others."""
    office.archive.documents.clear()
    table = Forgetful(kept_since=period(1).starts_at)
    table.append([*slots_of(1, bad=1), *slots_of(2, bad=1)], office.clock.at)
    office.table = table
    first, second, third = office.rebuild()

    for said in (first, second):
        assert isinstance(said, NotRebuilt)
        assert "no longer kept (retention_years)" in said.problem
    assert isinstance(third, Rebuilt)


def test_other_slots_write_nothing_and_say_so(office: Office) -> None:
    """One that changed since is told with both values; the documents that can be written are."""
    office.archive.documents.clear()
    office.table.append([slot(period(1).starts_at + 300, SlotState.BAD)], office.clock.at)
    first, second, third = office.rebuild()
    penalty = office.ledger.in_order()[1].penalty

    assert (type(first), type(third)) == (Rebuilt, Rebuilt)
    assert str(second).startswith(
        f"settlement {penalty.settlement_id}: evidence was not written: its good is now 8, the penalty's is 9: the slots"
    )
    assert penalty.document_hash not in office.archive.documents


def test_other_proofs_of_the_same_counts_are_other_evidence(office: Office) -> None:
    """Sums alone do not make a document: the samples behind a slot are bound as well."""
    office.archive.documents.clear()
    before = slots_of(0)[0]
    samples = (("sankofa-proxmox/other", before.proof[0][1]),)  # type: ignore[index]
    office.table.append([replace(before, proof=samples)], office.clock.at)
    first, *_ = office.rebuild()

    assert ": its root is now 0x" in str(first)


def test_terms_that_are_nowhere_sound_write_nothing(office: Office) -> None:
    """The ledger's document is not the one of its hash."""
    office.archive.documents.clear()
    office.ledger = replace(office.ledger, agreements={})
    office.ledger.add_agreement(
        agreement_id=office.agreement.id,
        version=1,
        tenant="acme",
        terms_hash=office.agreement.terms_hash,
        document=office.agreement.terms_document.replace("125000", "125001"),
        at=START,
    )
    said = office.rebuild()

    assert [isinstance(one, NotRebuilt) for one in said] == [True] * 3
    assert "the ledger's terms of agreement" in str(said[0])
    assert office.archive.documents == {}


def test_what_has_no_document_is_told_with_the_command_that_mends_it(office: Office) -> None:
    """Missing and damaged ones, each by its settlement; whole ones are not told."""
    lost, damaged, whole = office.ledger.in_order()
    del office.archive.documents[lost.penalty.document_hash]
    office.archive.documents[damaged.penalty.document_hash] = b"{}"
    told = [str(unproven(one, office.archive, office.ledger)) for one in settlements(office.ledger)]

    assert told[2] == "None"
    for record, text in zip((lost, damaged), told, strict=False):
        assert text.endswith(f"write it anew: sankofa-observe evidence rebuild {record.penalty.settlement_id}")
    assert unproven(whole, office.archive, office.ledger) is None
