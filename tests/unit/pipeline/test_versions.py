"""An agreement and its SLO are changed while the platform runs: each period is judged, priced, proven, attested and rebuilt by its own version.

From YAML on, with the ledger, the table of slots and the archive as they are in use; samples and the chain are doubles.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from sankofa_observe.adapters.archive import FolderArchive
from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.adapters.slots import DeltaSlots, OthersSlots
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.pipeline import evaluate
from sankofa_observe.pipeline.agreements import record_agreements
from sankofa_observe.pipeline.attest import objection
from sankofa_observe.pipeline.evaluate import PERIOD
from sankofa_observe.pipeline.exclusions import Proposal, approve, propose
from sankofa_observe.pipeline.panel import alone
from sankofa_observe.pipeline.platform import Platform
from sankofa_observe.pipeline.rebuild import Rebuilt, rebuild, settlements, unproven
from sankofa_observe.pipeline.settle import Settle
from sankofa_observe.pipeline.what_if import Compared, compare
from sankofa_observe.ports import Ledger
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.evidence import Origin, parse
from sankofa_observe.sla.penalty import Penalty, VerdictRecord
from sankofa_observe.sla.recurrence import Schedule
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.sla.what_if import Change, Owed
from sankofa_observe.slo.verdict import AttainmentRecord, Verdict
from sankofa_observe.testing import FakeAttestor, FakeChain, FixedClock, ScriptedSamples
from sankofa_observe.units import rfc3339
from sankofa_observe.verify import verify
from tests.builders import CHAIN, START, introduce

HOUR = 3600
BOUNDARY = START + 2 * HOUR  # of periods of an hour, after two by version 1
ACCOUNT = "0x" + "a1" * 20
ORIGIN = Origin(engine="engine/1", observer="observer-1")
FLEET = {
    "apiVersion": "sankofa.observe/v1",
    "kind": "Fleet",
    "metadata": {"name": "fleet"},
    "spec": {"sites": [{"name": "edge-1", "tier": "edge", "region": "r"}]},
}


def query(text: str) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": text}}}


def slo(target: float, slot: str, gauge: str, **settings: str) -> dict[str, Any]:
    notes = {"tier": "edge", "scrape": "15s", "slot": slot, **settings}
    ratio = {"counter": False, "good": query(gauge), "total": query("known")}
    return {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": "up", "annotations": {f"sankofa.observe/{name}": text for name, text in notes.items()}},
        "spec": {
            "service": "s",
            "indicator": {"metadata": {"name": "x"}, "spec": {"ratioMetric": ratio}},
            "timeWindow": [
                {
                    "duration": "3600s",
                    "isRolling": False,
                    "calendar": {"startTime": "2026-01-01 00:00:00", "timeZone": "UTC"},
                }
            ],
            "budgetingMethod": "Timeslices",
            "objectives": [{"target": target}],
        },
    }


def agreement(version: int, starts_at: int, fee: int, below_ppm: int, credit_ppm: int) -> dict[str, Any]:
    return {
        "apiVersion": "sankofa.observe/v1",
        "kind": "Agreement",
        "metadata": {"name": "acme-edge"},
        "spec": {
            "version": version,
            "salt": "0x" + "5a" * 32,
            "provider": {"id": "us", "account": "0x" + "11" * 20},
            "tenant": {"id": "acme", "account": "0x" + "22" * 20},
            "fee": {"amountMinor": fee, "currency": "USD", "exponent": 2},
            "capPpm": 500_000,
            "startsAt": rfc3339(starts_at),
            "graceSeconds": 120,
            "disputeWindowSeconds": 100,
            "disputeWindowBlocks": 2,
            "exclusionNoticeSeconds": 0 if version == 1 else 600,
            "promises": [{"slo": "up", "site": "edge-1", "bands": [{"belowPpm": below_ppm, "creditPpm": credit_ppm}]}],
        },
    }


# One slot of a minute of 60 may not be bad; of another gauge, of slots of five minutes, two of twelve may not.
FIRST = [FLEET, slo(0.99, "1m", "up"), agreement(1, START, 100_000, 990_000, 100_000)]
LATER = [
    slo(0.9, "5m", "serving", version="2", **{"from": rfc3339(BOUNDARY)}),
    agreement(2, BOUNDARY, 200_000, 900_000, 300_000),
]


def series() -> ScriptedSamples:
    """`up` is down for a scrape in each hour, `serving` in three parts of each."""
    source = ScriptedSamples()
    scrapes = range(-2 * HOUR, 8 * HOUR, 15)
    for name, down in (("up", {600}), ("serving", {300, 900, 1800}), ("known", set[int]())):
        samples = [((START + at) * 1000, int(at % HOUR not in down)) for at in scrapes]
        source.add(name, samples, site="edge-1", job="j", instance="a")
    return source


@dataclass(kw_only=True)
class House:
    """One installation over restarts: what is on disk stays, all else is begun anew."""

    folder: Path
    source: ScriptedSamples = field(default_factory=series)
    clock: FixedClock = field(default_factory=lambda: FixedClock(at=START))
    catalog: Catalog = field(default_factory=Catalog)

    def start(self, running: ExitStack, documents: list[dict[str, Any]]) -> Platform:
        specs = self.folder / "specs.yaml"
        specs.write_text(yaml.safe_dump_all(documents))
        self.catalog = load_catalog([specs])
        ledger = running.enter_context(closing(SqlLedger(f"sqlite:///{self.folder / 'ledger.sqlite'}")))
        table = running.enter_context(closing(DeltaSlots(self.folder / "slots", "observer-1")))
        record_agreements(self.catalog, ledger.acting("stage:open"), self.clock.now())
        return Platform(
            catalog=self.catalog,
            clock=self.clock,
            ledger=ledger,
            archive=FolderArchive(self.folder / "evidence"),
            open_source=lambda: self.source,
            open_slots=lambda: table,
            open_other=lambda name: OthersSlots(self.folder / "slots", name),
            engine=ORIGIN.engine,
            observer=ORIGIN.observer,
            delay_seconds=30,
            identity=CHAIN,
            lease=ledger.lease("scheduler"),
            settling=None,
        )

    def turn(self, platform: Platform, at: int) -> None:
        self.clock.at = self.source.scraped_at = at
        for stage in (platform.observe, partial(platform.evaluate, only_new=True), platform.assess):
            list(stage())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(folder=tmp_path)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Two periods by version 1; then, in the middle of the third one, it is started again with the later versions, and two follow."""
    house = House(folder=tmp_path_factory.mktemp("house"))
    with ExitStack() as running:
        house.turn(house.start(running, FIRST), START + 2 * HOUR + 300)
    with ExitStack() as running:
        platform = house.start(running, [*FIRST, *LATER])
        house.turn(platform, BOUNDARY + 1800)
        house.turn(platform, BOUNDARY + 2 * HOUR + 300)
    return house


@pytest.fixture
def changed(lived: House, house: House) -> Iterator[Platform]:
    """The same, started once more on a copy of what it has on disk."""
    copytree(lived.folder, house.folder, dirs_exist_ok=True)
    house.clock.at, house.source.scraped_at = lived.clock.at, lived.source.scraped_at
    with ExitStack() as running:
        yield house.start(running, [*FIRST, *LATER])


def verdicts(platform: Platform) -> list[VerdictRecord]:
    return list(platform.ledger.read(OPERATOR).verdicts().items)


def penalties(platform: Platform) -> list[Penalty]:
    return [one.penalty for one in settlements(platform.ledger)]


def test_each_period_is_judged_and_priced_by_its_own_version(changed: Platform) -> None:
    """By its target, its indicator, its slots and its fee; one agreement, one SLO and one promise over both."""
    found = [
        (
            (one.period.starts_at - START) // HOUR,
            one.agreement_version,
            one.target_ppm,
            one.slot_count,
            one.attainment.bad,
        )
        for one in verdicts(changed)
    ]
    assert found == [(0, 1, 990_000, 60, 1), (1, 1, 990_000, 60, 1), (2, 2, 900_000, 12, 3), (3, 2, 900_000, 12, 3)]
    assert {(one.slo, one.revision, one.verdict) for one in verdicts(changed)} == {("up", 1, Verdict.BREACH)}
    assert [(one.agreement_version, one.credit_minor) for one in penalties(changed)] == [
        (1, 10_000), (1, 10_000), (2, 60_000), (2, 60_000),
    ]  # fmt: skip


def test_nothing_waits_at_a_boundary(changed: Platform) -> None:
    """No version looks for periods that are another one's."""
    assert changed.ledger.waits(PERIOD) == []


def test_a_fee_may_change_alone(house: House) -> None:
    """Both versions lean on the same slots, which go on; no period is judged twice."""
    with ExitStack() as running:
        house.turn(house.start(running, FIRST), START + 2 * HOUR + 300)
    with ExitStack() as running:
        platform = house.start(running, [*FIRST, agreement(2, BOUNDARY, 200_000, 990_000, 100_000)])
        house.turn(platform, BOUNDARY + 2 * HOUR + 300)
        assert [(one.agreement_version, one.revision) for one in verdicts(platform)] == [(1, 1), (1, 1), (2, 1), (2, 1)]
        assert [one.credit_minor for one in penalties(platform)] == [10_000, 10_000, 20_000, 20_000]
        asked = compare(
            list(house.catalog.agreements.values()), Change(slo="up"), (), panel_of=alone(platform.slots), last=12
        )
        held = [(one.actual.agreement.version, one.was.owed.low_minor) for one in asked if isinstance(one, Compared)]
        assert held == [(1, 10_000), (1, 10_000), (2, 20_000), (2, 20_000)]


def test_a_version_with_a_longer_grace_is_judged_after_the_next_one_has_begun(house: House) -> None:
    """A period of version 2 is judged before the last one of version 1; then nothing runs for three days, and none is forgotten."""
    patient = [FLEET, FIRST[1], changed_grace(FIRST[2], 2 * HOUR)]
    documents = [*patient, changed_grace(LATER[1], 120), LATER[0]]
    seen = []
    for at in (START + HOUR + 300, BOUNDARY + HOUR + 300, BOUNDARY + 3 * 86_400):
        with ExitStack() as running:
            platform = house.start(running, documents)
            house.turn(platform, at)
            seen.append([(one.period.starts_at - START) // HOUR for one in verdicts(platform)][:4])
    assert seen == [[], [0, 2], [0, 1, 2, 3]]


class Refusing:
    """A ledger that takes no attainment of periods before an instant, as if another process had drawn each at the same time."""

    def __init__(self, ledger: Ledger, before_at: int) -> None:
        self._ledger, self._before_at = ledger, before_at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    def acting(self, actor: str) -> Refusing:
        return Refusing(self._ledger.acting(actor), self._before_at)

    def add_attainments(self, records: Sequence[AttainmentRecord]) -> None:
        if any(one.period.starts_at < self._before_at for one in records):
            raise Unavailable("drawn by another process at the same time")
        self._ledger.add_attainments(records)


def test_a_version_that_failed_is_judged_after_a_restart_though_the_next_one_was(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing waits where a stage fails: from records alone it is told how far each version came, however long ago that was."""
    monkeypatch.setattr(evaluate, "UNTOLD_SECONDS", 0)  # two days, in which all is looked at again
    with ExitStack() as running:
        platform = house.start(running, [*FIRST, *LATER])
        failing = replace(platform, ledger=Refusing(platform.ledger, BOUNDARY))
        with pytest.raises(Unavailable, match="at the same time"):
            house.turn(failing, BOUNDARY + HOUR + 300)
        assert [one.period.starts_at for one in verdicts(platform)] == [BOUNDARY]
    with ExitStack() as running:
        platform = house.start(running, [*FIRST, *LATER])
        house.turn(platform, BOUNDARY + HOUR + 600)
        found = sorted((one.period.starts_at - START, one.agreement_version) for one in verdicts(platform))
        assert found == [(0, 1), (HOUR, 1), (2 * HOUR, 2)]


def changed_grace(document: dict[str, Any], seconds: int) -> dict[str, Any]:
    return {**document, "spec": {**document["spec"], "graceSeconds": seconds}}


def test_a_whole_run_after_the_change_comes_to_the_same(house: House, changed: Platform) -> None:
    """Whoever lost the ledger and counts all of the past again, with both versions in the specs, finds each verdict and each document."""
    before = [(one.period, one.verdict, one.attainment, one.slots_digest) for one in verdicts(changed)]
    hashes = [one.document_hash for one in penalties(changed)]
    other = House(folder=house.folder / "other", clock=FixedClock(at=START))
    other.folder.mkdir()
    with ExitStack() as running:
        platform = other.start(running, [*LATER, *FIRST])
        other.turn(platform, house.clock.at)
        assert [(one.period, one.verdict, one.attainment, one.slots_digest) for one in verdicts(platform)] == before
        assert [one.document_hash for one in penalties(platform)] == hashes


def test_a_verdict_is_shown_with_the_version_that_judged(changed: Platform) -> None:
    """In a sentence, beside the agreement."""
    first, *_, last = verdicts(changed)
    for record, version in ((first, 1), (last, 2)):
        assert f"\nversion {version} of agreement {record.agreement_id} of acme" in str(
            changed.ledger.read(OPERATOR).verdict(record.ref)
        )


def test_evidence_of_both_versions_holds_for_verifier_and_attestor(house: House, changed: Platform) -> None:
    """Each names the version and its terms; an attestor signs each by its own copy of both, and no period by the other version."""
    for one in penalties(changed):
        raw = changed.archive.get(one.document_hash)
        assert raw is not None
        assert [check for check in verify(raw).checks if not check.holds] == []
        document = parse(raw)
        assert document.identity.agreement.version == one.agreement_version
        assert document.identity.row.agreement_id == one.agreement_key
        ports = {"source": house.source, "exclusions": changed.ledger, "since_at": {}}
        assert objection(document, agreements=house.catalog.agreements, **ports) is None  # type: ignore[arg-type]
        only = {key: terms for key, terms in house.catalog.agreements.items() if terms.version != one.agreement_version}
        assert objection(document, agreements=only, **ports) == "holds other terms for this agreement"  # type: ignore[arg-type]


def test_no_version_is_attested_beyond_its_boundary(house: House, changed: Platform) -> None:
    """Version 1 never ended for the proposer: it wrote the third period by its terms, and nobody signs that."""
    other = House(folder=house.folder / "other", clock=FixedClock(at=START))
    other.folder.mkdir()
    with ExitStack() as running:
        platform = other.start(running, FIRST)
        other.turn(platform, BOUNDARY + HOUR + 300)
        [raw] = [
            platform.archive.get(one.document_hash) for one in penalties(platform) if one.period.starts_at == BOUNDARY
        ]
        assert raw is not None
        said = objection(
            parse(raw), agreements=house.catalog.agreements, source=house.source, exclusions=changed.ledger, since_at={}
        )
    assert said == f"finds no period of version 1 of this agreement at {rfc3339(BOUNDARY)}/{rfc3339(BOUNDARY + HOUR)}"


def test_lost_evidence_is_written_anew_by_the_version_of_its_time(house: House, changed: Platform) -> None:
    """From the ledger alone: the very identities that the penalties name."""
    for file in (house.folder / "evidence").rglob("*"):
        if file.is_file():
            file.unlink()
    broken = [one for one in settlements(changed.ledger) if unproven(one, changed.archive, changed.ledger)]
    ports = {"panel_of": alone(changed.slots), "ledger": changed.ledger, "archive": changed.archive}
    done = list(rebuild(broken, chain=CHAIN, origin=ORIGIN, **ports))  # type: ignore[arg-type]
    assert [type(one) for one in done] == 4 * [Rebuilt], [str(one) for one in done]


def test_each_version_is_settled_by_its_own_terms(house: House, changed: Platform) -> None:
    """The contract knows one agreement by one key; a version whose terms it does not hold waits, and no other."""
    chain = FakeChain(clock=house.clock, members=(ACCOUNT,), threshold=1)
    for one in penalties(changed):
        chain.prices[one.settlement_id] = one.credit_minor
    [later] = [one for one in house.catalog.agreements.values() if one.version > 1]
    chain.other_terms.add(later.terms_hash)
    attestor = FakeAttestor(name="a", account=ACCOUNT)
    ports = {"ledger": changed.ledger, "archive": changed.archive, "chain": chain, "clock": house.clock}
    settle = Settle(attestors=[attestor], **ports)  # type: ignore[arg-type]
    states = []
    for _ in range(2):
        list(settle.run())
        states.append([one.state for one in settlements(changed.ledger)])
        chain.other_terms.clear()

    reported, computed = SettlementState.REPORTED, SettlementState.COMPUTED
    assert states == [[reported, reported, computed, computed], 4 * [reported]]
    rows = [one.row() for one in penalties(changed)]
    assert {one.agreement_id for one in rows} == {later.key}
    assert [later.calendar.period_at(one.period_index) for one in rows] == [one.period for one in penalties(changed)]


def test_what_if_prices_the_past_by_the_version_that_held(house: House, changed: Platform) -> None:
    """As it is, it is what was priced; the last two periods that are over by the newest slot are of both versions."""
    found = list(
        compare(list(house.catalog.agreements.values()), Change(slo="up"), (), panel_of=alone(changed.slots), last=2)
    )
    prices = [
        (one.actual.agreement.version, (one.actual.period.starts_at - START) // HOUR, one.was.owed)
        for one in found
        if isinstance(one, Compared)
    ]
    assert prices == [
        (1, 1, Owed(low_minor=10_000, high_minor=10_000)),
        (2, 2, Owed(low_minor=60_000, high_minor=60_000)),
    ]


def test_an_exclusion_over_the_boundary_is_one_and_keeps_the_notice_of_each_version(
    house: House, changed: Platform
) -> None:
    """It lies over the slots of both; what the later version wants to know earlier is told for its own part."""
    introduce(changed.ledger)
    house.clock.at = BOUNDARY - 300
    stretch = Schedule(zone="UTC", begins=rfc3339(BOUNDARY - 240)[:-1], length_seconds=HOUR)
    proposal = Proposal(sites=("edge-1",), slos=(), agreements=(), schedule=stretch, reason="planned work")
    ports: dict[str, Any] = {"catalog": house.catalog, "ledger": changed.ledger, "clock": house.clock}
    with pytest.raises(Exception, match=r"expected 600 s after \(exclusionNoticeSeconds\)"):
        propose(proposal, by="amina", **ports)
    daily = replace(stretch, length_seconds=200, rule="FREQ=DAILY;COUNT=2")  # the second one alone is version 2's
    assert propose(replace(proposal, schedule=daily), by="amina", **ports)
    house.clock.at = BOUNDARY - 900
    [one] = propose(proposal, by="amina", **ports)
    approve(one.ref, by="kofi", reason="fine", ledger=changed.ledger, clock=house.clock)
    house.clock.at = BOUNDARY + 2 * HOUR + 400
    list(changed.evaluate())  # all of it: the clock was set back for the notice

    newest = {record.period.starts_at: record for record in verdicts(changed)}
    assert [newest[BOUNDARY + at].attainment.excluded for at in (-HOUR, 0, HOUR)] == [4, 11, 0]


def test_an_exclusion_names_slos_and_not_their_versions(house: House, changed: Platform) -> None:
    """The names under which slots stand are nobody's to plan by."""
    plan = Proposal(
        sites=("edge-1",),
        slos=("up@2",),
        agreements=(),
        schedule=Schedule(zone="UTC", begins="2026-02-01T00:00:00", length_seconds=600),
        reason="CHG-7",
    )
    introduce(changed.ledger)
    with pytest.raises(InvalidInput) as caught:
        propose(plan, by="amina", catalog=house.catalog, ledger=changed.ledger, clock=house.clock)
    assert [(one.problem, one.hint) for one in caught.value.violations] == [("no slo 'up@2' in the specs", "known: up")]
