"""A small world that one seed drives: samples that arrive late, faults of every part, and crashes at any call of a port.

The parts are the public doubles; the pipeline is the real one, made anew for each turn over the same stores, as after a
restart. What may differ between two runs of a seed is when and what fails, never what was scraped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import wraps
from random import Random
from typing import Any, TypeVar, cast

from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.assess import RestatedLater, assess
from sankofa_observe.pipeline.attest import objection
from sankofa_observe.pipeline.credit import credit
from sankofa_observe.pipeline.evaluate import evaluate
from sankofa_observe.pipeline.late import quietly, recount_late
from sankofa_observe.pipeline.observe import observe
from sankofa_observe.pipeline.panel import alone
from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.pipeline.settle import Settle
from sankofa_observe.ports import AttestorSet, RawSeries, SampleSet
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.evidence import Evidence, Origin
from sankofa_observe.sla.settlement import ChainIdentity, Row, SettlementState
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Slo, SlotRule
from sankofa_observe.slo.totals import row_text
from sankofa_observe.testing import (
    AtOnce,
    ChainFaults,
    FakeChain,
    FixedClock,
    MemoryArchive,
    MemoryExclusions,
    MemoryLedger,
    MemorySlots,
    ScriptedSamples,
)
from sankofa_observe.units import Period
from tests import builders
from tests.builders import PERIOD_SECONDS, SLOT_SECONDS, START

PERIODS = 2
SITES = ("edge-1", "edge-2")
ENDS_AT = START + PERIODS * PERIOD_SECONDS
SCRAPE_SECONDS = 15
LATEST_SECONDS = 120  # how late a sample may arrive
LONGEST_GAP_SECONDS = 300
GRACE_SECONDS = 720  # longer than samples are late and the observer is kept from looking
MOST_MISSED_LOOKS = 3
WINDOW_SECONDS = 120
DELAY_SECONDS = 30
MEMBERS = tuple("0x" + f"{n:02x}" * 20 for n in (1, 2, 3))
Port = TypeVar("Port")
FAULTS = ("away", "lose_reply", "drop", "halt")


class Crash(SystemExit):
    """The process ends here: what keeps one failure from others lets it pass, and no `except Exception` may live with it."""


@dataclass(kw_only=True)
class Fuse:
    """Ends the process at the nth call of any port: before the call takes effect, or right after."""

    calls_left: int = -1
    after: bool = False
    burnt: list[str] = field(default_factory=list)  # the calls at which it ended
    called: list[str] = field(default_factory=list)

    def guard(self, name: str, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
        self.called.append(name)
        self.calls_left -= 1
        if self.calls_left != 0:
            return call(*args, **named)
        self.burnt.append(name)
        if self.after:
            call(*args, **named)
        raise Crash(f"{'after' if self.after else 'before'} {name}")


class _Guarded:
    """A port whose every call passes the fuse."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if not callable(found):
            return found

        @wraps(found)
        def call(*args: Any, **named: Any) -> Any:
            return self._fuse.guard(f"{type(self._port).__name__}.{name}", found, *args, **named)

        return call


@dataclass(kw_only=True)
class ArrivedSamples:
    """A source that has, at each moment, only what has arrived by then."""

    script: ScriptedSamples
    arrivals: dict[tuple[str, int], int]  # site and milliseconds of a sample -> UTC seconds of its arrival
    clock: FixedClock
    away: bool = False
    partial: bool = False

    def read(self, selector: str, period: Period) -> SampleSet:
        if self.away:
            raise Unavailable("samples: switched away")
        found = [self._arrived(series) for series in self.script.read(selector, period).series]
        return SampleSet(series=[series for series in found if series.samples], complete=not self.partial)

    def samples(self, selector: str, period: Period) -> Mapping[tuple[str, int], int]:
        found: Counter[tuple[str, int]] = Counter()
        for series in self.read(selector, period).series:
            for at, _ in series.samples:
                found[series.labels["site"], at // 3_600_000 * 3600] += 1
        return found

    def newest_at(self) -> int:
        if self.away:
            raise Unavailable("samples: switched away")
        return self.clock.at

    def ahead_seconds(self) -> float | None:
        return 0

    def _arrived(self, series: RawSeries) -> RawSeries:
        site = series.labels["site"]
        here = [one for one in series.samples if self.arrivals.get((site, one[0]), one[0] // 1000) <= self.clock.at]
        return replace(series, samples=here)


@dataclass(kw_only=True)
class Recounting(AtOnce):
    """An attestor that recounts for itself and signs with its account's name."""

    account: str
    source: ArrivedSamples
    agreements: dict[str, Agreement]
    away: bool = False

    @property
    def name(self) -> str:
        return self.account[:6]

    def objection(self, document: Evidence) -> str | None:
        if self.away:
            raise Unavailable(f"{self.name}: switched away")
        known = MemoryExclusions()
        return objection(document, agreements=self.agreements, source=self.source, exclusions=known, since_at={})

    def sign(self, rows: Sequence[Row], attestors: AttestorSet, chain: ChainIdentity) -> bytes:
        return self.account.encode()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Everything two runs of a seed must agree on; nothing of when, in which batch or at which try."""

    slots: tuple[tuple[object, ...], ...]
    verdicts: tuple[tuple[object, ...], ...]
    settlements: tuple[tuple[str, str, str, int], ...]
    writes: tuple[tuple[str, str], ...]  # of each settlement in their order
    credits: tuple[tuple[str, str, int, str], ...]


def agreement_of(name: str, *, site: str, fee_minor: int) -> Agreement:
    """An agreement that counts slots of states at one site, and events of counters at the first."""
    made = builders.agreement(
        name,
        tenant=name,
        site=site,
        fee_minor=fee_minor,
        grace_seconds=GRACE_SECONDS,
        dispute_window_seconds=WINDOW_SECONDS,
    )
    rule = SlotRule(
        seconds=SLOT_SECONDS,
        scrape_seconds=SCRAPE_SECONDS,
        longest_gap_seconds=LONGEST_GAP_SECONDS,
        history_seconds=600,
    )
    indicator = RatioIndicator(good='calls_bucket{le="0.01"}', valid="calls_count")
    events = builders.slo("latency-edge", indicator=indicator, slot=rule)
    return replace(made, promises=(*made.promises, Promise(slo=events, site=SITES[0], bands=made.promises[0].bands)))


def scrape(site: str, random: Random, script: ScriptedSamples) -> dict[tuple[str, int], int]:
    """Write what a site shows over both periods; answers what arrives late: an outage, gaps, resets, late samples."""
    arrivals = {}
    moments = range(START - SCRAPE_SECONDS, ENDS_AT + 10 * SLOT_SECONDS, SCRAPE_SECONDS)
    outage_at = START + random.randrange(builders.SLOTS) * SLOT_SECONDS + random.choice((0, 15, 30))
    outage = range(outage_at, outage_at + random.choice((15, 60, 150)))
    gaps = [range(at, at + random.choice((15, 60, 200))) for at in random.sample(moments, random.randrange(3))]
    known = range(outage.start - SLOT_SECONDS, outage.stop + SLOT_SECONDS)  # or the breach would not be certain
    gaps = [gap for gap in gaps if gap.stop <= known.start or gap.start >= known.stop]
    late = [range(at, at + random.choice((30, 120))) for at in random.sample(moments, random.randrange(3))]
    up, good, valid, totals = [], [], [], [0, 0]
    for at in moments:
        if random.random() < 0.03:
            totals = [0, 0]  # the exporter was restarted
        asked = random.choice((0, 3, 50))
        totals = [totals[0] + (0 if at in outage else asked), totals[1] + asked]
        if any(at in gap for gap in gaps):
            continue
        if at >= START and any(at in each for each in late):  # no slot before the first one asks for its late samples
            arrivals[site, at * 1000] = at + random.randrange(LATEST_SECONDS)
        up.append((at * 1000, 0 if at in outage else 1))
        good.append((at * 1000, totals[0]))
        valid.append((at * 1000, totals[1]))
    script.add("sankofa_pve_up", up, site=site)
    script.add("sankofa_pve_known", [(at, 1) for at, _ in up], site=site)
    script.add("calls_bucket", good, site=site, le="0.01")
    script.add("calls_count", valid, site=site)
    return arrivals


class World:
    """One run of one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"faults of {seed}")
        self.clock = FixedClock(at=START)
        two = seed % 4 == 0  # more is slower, and finds nothing else: the second one shares a site with the first
        self.sites = SITES[: 1 + two]
        made = [
            agreement_of("acme", site=SITES[0], fee_minor=125_000),
            agreement_of("globex", site=SITES[1], fee_minor=77),
        ]
        self.agreements = {one.version_id: one for one in made[: 1 + two]}
        self.slos = [promise.slo for promise in made[0].promises]
        script, arrivals = ScriptedSamples(), dict[tuple[str, int], int]()
        for site in self.sites:
            arrivals |= scrape(site, Random(f"samples of {seed} at {site}"), script)
        self.source = ArrivedSamples(script=script, arrivals=arrivals, clock=self.clock)
        own = replace(self.source)  # the attestors' Prometheus does not fail with the observer's
        self.attestors = [Recounting(account=one, source=own, agreements=self.agreements) for one in MEMBERS]
        self.table, self.ledger, self.archive = MemorySlots(), MemoryLedger(), MemoryArchive()
        self.chain = FakeChain(clock=self.clock, members=MEMBERS, threshold=2, window_seconds=WINDOW_SECONDS)
        self.chain.instant = self.random.random() < 0.5
        self.fuse = Fuse()
        self.met: Counter[str] = Counter()  # faults by name
        self._missed_looks = 0

    # ------------------------------------------------------------------------------------------------------- running

    def run_with_faults(self) -> None:
        """The schedule of the seed: until both periods and their clocks are over, each turn under faults of its own."""
        while self.clock.at < ENDS_AT + GRACE_SECONDS + 4 * WINDOW_SECONDS:
            self._fail_at_random()
            self.turn()
            self.clock.forward(self.random.choice((60, 90, 120)))

    def run_in_peace(self, turns: int = 60) -> None:
        """Without any fault, until everything that can be final is."""
        self.calm()
        for _ in range(turns):
            self.clock.forward(240)
            self.turn()
            if self.clock.at > ENDS_AT + GRACE_SECONDS + LATEST_SECONDS and self.at_rest():
                return
        states = [record.state.value for record in self.ledger.in_order()]
        raise AssertionError(f"not at rest after {turns} turns in peace: {states}, {self.ledger.open_attempts()}")

    def calm(self) -> None:
        self.source.away = self.source.partial = False
        self.chain.faults, self.chain.head_at = ChainFaults(), None
        for attestor in self.attestors:
            attestor.away = False
        self.fuse.calls_left = -1

    def at_rest(self) -> bool:
        states = {record.state for record in self.ledger.in_order()}
        granted = len(self.ledger.grants.values()) == len(self.ledger.in_order())
        return states == {SettlementState.FINAL} and granted and not self.ledger.open_attempts()

    def turn(self, *, observing: bool = True) -> None:
        """One turn of the scheduler in a process of its own; every invariant that always holds is looked at after it."""
        with suppress(Crash):
            if observing:
                self.observe_and_judge()
            self.assess_to_credit()
        self.chain.mine()
        self.check_always()

    def observe_and_judge(self) -> None:
        clock, table, ledger = self._guarded(self.clock), self._guarded(self.table), self._guarded(self.ledger)
        source = self._guarded(self.source)
        self._missed_looks += 1
        with suppress(Unavailable):
            for slo in self.slos:
                _drain(
                    observe(
                        slo, self.sites, START, source=source, table=table, clock=clock, delay_seconds=DELAY_SECONDS
                    )
                )
            self._missed_looks = 0

        def look_again(slo: Slo, sites: Sequence[str], period: Period) -> str:
            whole = with_neighbours(period, slo)
            return quietly(recount_late(slo, sites, whole, source=source, table=table, clock=clock))

        for slo in self.slos:  # as sealing does, of all sites
            look_again(slo, self.sites, Period(starts_at=START, ends_at=ENDS_AT))
        judged = evaluate(
            self.agreements.values(), panel_of=alone(table), ledger=ledger, clock=clock, look_again=look_again
        )
        _drain(judged)

    def assess_to_credit(self) -> None:
        """A stage whose part is away costs only itself; any error but that is a bug."""
        clock, table, ledger = self._guarded(self.clock), self._guarded(self.table), self._guarded(self.ledger)
        archive, chain = self._guarded(self.archive), self._guarded(self.chain)
        identity, origin = self.chain.identity, Origin(engine="engine/1", observer="observer-1")
        for agreement in self.agreements.values():
            for told in assess(
                [agreement],
                panel_of=alone(table),
                ledger=ledger,
                archive=archive,
                chain=identity,
                origin=origin,
                clock=clock,
            ):
                assert not isinstance(told, RestatedLater), f"a judged period changed: {told}"
        # The contract prices for itself: here it knows the credit of every report that it can meet.
        self.chain.prices = {one.penalty.settlement_id: one.penalty.credit_minor for one in self.ledger.in_order()}
        attestors = [self._guarded(one) for one in self.attestors]
        with suppress(Unavailable):
            _drain(Settle(ledger=ledger, archive=archive, chain=chain, attestors=attestors, clock=clock).run())
        with suppress(Unavailable):
            _drain(credit(ledger=ledger, chain=chain))

    def _guarded(self, port: Port) -> Port:
        return cast("Port", _Guarded(port, self.fuse))

    def _fail_at_random(self) -> None:
        self.calm()
        random = self.random
        may_miss = self._missed_looks < MOST_MISSED_LOOKS  # or samples stay late beyond the grace, which is no fault
        if may_miss:
            self.source.away = self._meets("source away", 0.15)
            self.source.partial = self._meets("source in part", 0.1)
        for fault in FAULTS:
            setattr(self.chain.faults, fault, self._meets(f"chain {fault}", 0.15))
        self.chain.head_at = self.clock.at - random.choice((0, 300)) if self.chain.faults.halt else None
        for attestor in self.attestors:
            attestor.away = self._meets("attestor away", 0.25)
        if may_miss and self._meets("crash", 0.5):
            self.fuse.after = random.random() < 0.5
            self.fuse.calls_left = random.choice((random.randint(1, 12), random.randint(1, 90)))

    def _meets(self, fault: str, chance: float) -> bool:
        met = self.random.random() < chance
        self.met[fault] += met
        return met

    # ---------------------------------------------------------------------------------------------------- looking at it

    def check_always(self) -> None:
        """Invariants 1 to 5 of README.md, which hold after every turn, whatever failed."""
        written = Counter(self.chain.writes)
        assert [one for one, times in written.items() if times > 1] == [], "invariant 1: written twice"
        for record in self.ledger.in_order():
            stored = self.archive.get(record.penalty.document_hash)
            assert stored is not None, f"invariant 2: {record.penalty.settlement_id} has no evidence"
        known = {one.transaction for one in self.ledger.attempts.values()}
        assert set(self.chain.mined) | {one.transaction for one in self.chain.pool.values()} <= known, (
            "invariant 3: a transaction was sent before it was stored"
        )
        assert len(self.ledger.open_attempts()) <= 1, "invariant 4: two transactions in one lane"
        for grant in self.ledger.grants.values():
            final = self.chain.finals.get(grant.settlement_id)
            assert final, f"invariant 5: {grant.settlement_id} was credited before it was final"
            assert final.delta_minor == grant.amount.amount_minor, "invariant 5"

    def outcome(self) -> Outcome:
        period, order = Period(starts_at=START, ends_at=ENDS_AT), {"reported": 0, "final": 1}
        return Outcome(
            slots=tuple(
                (one.slo, one.site, one.state.value, row_text(one))
                for slo in self.slos
                for one in self.table.read(slo.name, self.sites, period)
            ),
            verdicts=tuple(
                sorted(
                    (v.slo, v.period.starts_at, v.revision, v.verdict.value, v.slots_digest, v.site, v.agreement_id)
                    for v in sorted(self.ledger.verdicts, key=lambda one: one.period)
                    if v.period.ends_at <= ENDS_AT
                )
            ),
            settlements=tuple(
                (one.penalty.settlement_id, one.state.value, one.penalty.document_hash, one.penalty.credit_minor)
                for one in self.ledger.in_order()
            ),
            writes=tuple(sorted(self.chain.writes, key=lambda write: (write[0], order[write[1]]))),
            credits=tuple(
                (one.settlement_id, str(one.amount), one.cut_minor, one.tenant)
                for one in sorted(self.ledger.grants.values(), key=lambda one: one.settlement_id)
            ),
        )

    def sizes(self) -> tuple[int, ...]:
        """How much was ever written anywhere: a replay adds nothing to it."""
        revisions = sum(len(each) for each in self.table.revisions.values())
        stores = (self.ledger.verdicts, self.ledger.records, self.ledger.attempts, self.ledger.grants)
        return (revisions, *map(len, stores), len(self.archive.documents), self.chain.nonce, len(self.chain.writes))


def _drain(steps: Iterable[object]) -> None:
    for _ in steps:
        pass
