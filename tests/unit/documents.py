"""Evidence the engine writes for samples that nobody chose: generators for the tests of both verifiers."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from sankofa_observe.pipeline.period import arranged, with_neighbours
from sankofa_observe.sla.evidence import written
from sankofa_observe.sla.overlay import Applied, ExcludedSlots, Overlay, of_observers
from sankofa_observe.sla.penalty import VerdictRecord, price
from sankofa_observe.sla.schedule import CreditBand
from sankofa_observe.slo.composite import compose
from sankofa_observe.slo.counter import count_events
from sankofa_observe.slo.gauge import Gauge, count_states
from sankofa_observe.slo.indicator import (
    Combine,
    CompositeIndicator,
    Members,
    MembersIndicator,
    OutageIndicator,
    RatioIndicator,
    Rule,
    StateIndicator,
    Together,
)
from sankofa_observe.slo.members import count_members
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo, SlotRule
from sankofa_observe.slo.outage import count_outages
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.slot import Slot, SlotKey
from sankofa_observe.slo.source import Series, Source, selected_of
from sankofa_observe.slo.verdict import judge
from sankofa_observe.units import Period
from tests import builders
from tests.unit.referee import flat

Document = dict[str, Any]  # as the referee reads one: flat
PERIOD = builders.period()
SITE = "edge-1"
STATES = StateIndicator(up="up", known="known")
EVENTS = RatioIndicator(good="good", valid="valid")

# ------------------------------------------------------------------------------------------------ documents of given samples


def document(slo: Slo, slots: list[Slot], period: Period = PERIOD, overlay: Overlay | None = None) -> Document:
    """The evidence the engine writes for these slots and their neighbours, whatever they amount to, as the referee reads it."""
    return of_all(slo, [slots], Quorum(), period, overlay)


def of_all(
    slo: Slo, every: Sequence[list[Slot]], quorum: Quorum, period: Period = PERIOD, overlay: Overlay | None = None
) -> Document:
    """The same for several observers, each with its slots."""
    agreement = builders.agreement(observers=quorum)
    edges = sorted({slo.target_ppm * share // 100 for share in (100, 99, 95)} - {0}, reverse=True)
    bands = (CreditBand(below_ppm=edge, credit_ppm=(n + 1) * 100_000) for n, edge in enumerate(edges))
    promise = builders.in_periods_like(period, replace(agreement.promises[0], slo=slo, bands=tuple(bands)))
    agreement = replace(agreement, promises=(promise,), starts_at=period.starts_at)
    seen = [arranged(slo, promise.site, period, slots) for slots in every]
    attained = of_observers(slo, quorum, seen, overlay or Overlay())
    record = VerdictRecord(
        agreement_id=agreement.id,
        agreement_version=agreement.version,
        tenant=agreement.tenant,
        slo=slo.name,
        site=promise.site,
        period=period,
        revision=1,
        verdict=judge(slo, attained),
        attainment=attained,
        attainment_revision=1,
        target_ppm=slo.target_ppm,
        spec_digest=slo.digest,
        slots_digest=builders.digest_of("slots"),
        slot_count=len(seen[0].slots),
        overlay=overlay or Overlay(),
        at_stake=agreement.money(0),
        cap_minor=0,
        judged_at=period.ends_at,
    )
    _, evidence = price(
        agreement=agreement,
        promise=promise,
        record=record,
        seen=seen,
        chain=builders.CHAIN,
        engine="engine/1",
        observer="observer-1",
        assessed_at=period.ends_at,
    )
    as_read: Document = flat(written(evidence))
    return as_read


def of_states(slo: Slo, gauges: Sequence[Gauge]) -> Document:
    """A document of states, one gauge a source."""
    assert isinstance(slo.indicator, StateIndicator)
    return document(slo, count_states(key(slo), with_neighbours(PERIOD, slo), gauges, slo.indicator.combine))


def of_events(slo: Slo, sources: Sequence[Source], period: Period = PERIOD) -> Document:
    """A document of events."""
    assert isinstance(slo.indicator, RatioIndicator)
    slots = count_events(key(slo), with_neighbours(period, slo), sources, counts_bad=slo.indicator.counts_bad)
    return document(slo, slots, period)


def key(slo: Slo) -> SlotKey:
    return SlotKey(slo=slo.name, site=SITE, rule=slo.slot)


def gauge(samples: Iterable[tuple[int, int]], source: str = "job/pve") -> Gauge:
    """A gauge by seconds from the period's start and 0 or 1."""
    return Gauge(source=source, seen={(PERIOD.starts_at + at) * 1000: bool(up) for at, up in samples})


def source(samples: Iterable[tuple[int, int, int]], name: str = "job/app") -> Source:
    """A source of one good and one valid counter, by seconds from the period's start."""
    rows = [((PERIOD.starts_at + at) * 1000, good, valid) for at, good, valid in samples]
    return Source(
        name=name,
        listed=True,
        scraped=tuple(at for at, _, _ in rows),
        samples=tuple(at for at, _, _ in rows),
        good=({at: good for at, good, _ in rows},),
        valid=({at: valid for at, _, valid in rows},),
    )


# -------------------------------------------------------------------------------------------------------------- any states

rules = st.builds(
    SlotRule,
    seconds=st.just(60),
    scrape_seconds=st.sampled_from([10, 15, 30]),
    target_ppm=st.sampled_from([1, 300_000, 500_000, 750_000, 990_000, 999_999, 1_000_000]),
    longest_gap_seconds=st.sampled_from([60, 150, 1800]),
    history_seconds=st.sampled_from([60, 3600]),
    burst_factor=st.integers(1, 3),
    settles_seconds=st.sampled_from([0, 0, 20, 90]),
)
combines = st.one_of(
    st.sampled_from([Combine(rule=Rule.ALL), Combine(rule=Rule.ANY)]),
    st.builds(Combine, rule=st.just(Rule.AT_LEAST), at_least=st.integers(1, 3)),
)
targets = st.sampled_from([1, 400_000, 900_000, 995_000, 999_999])
shares = st.sampled_from([0.0, 0.0, 0.03, 0.2, 0.6])


NAMES = ("ann", "bob", "eve", "ida", "joe")


@st.composite
def quorums(draw: st.DrawFn, counts: Sequence[int] = (1, 1, 1, 2, 3, 5)) -> Quorum:
    """So many observers, any thresholds that an agreement may have; of one it may have no name."""
    count = draw(st.sampled_from(counts))
    names = NAMES[:count] if count > 1 or draw(st.booleans()) else ()
    return Quorum(names=names, bad=draw(st.integers(1, count)), good=draw(st.integers(count // 2 + 1, count)))


ANY = quorums()


def dice_of(draw: st.DrawFn) -> random.Random:
    return random.Random(draw(st.integers(0, 2**32)))


@st.composite
def gauges(draw: st.DrawFn, scrape_seconds: int) -> list[Gauge]:
    """No source to three: scrapes at any phase, late ones, lost ones, some that say nothing; now and then one that was never seen."""
    dice, found = dice_of(draw), []
    for n in range(draw(st.integers(0, 3))):
        late, lost, down = draw(st.integers(0, scrape_seconds * 500)), draw(shares), draw(shares)
        times = range(
            (PERIOD.starts_at - 90) * 1000 + dice.randrange(1000), (PERIOD.ends_at + 90) * 1000, scrape_seconds * 1000
        )
        seen = {at + dice.randint(0, late): dice.random() >= down for at in times if dice.random() >= lost}
        found.append(Gauge(source=f"job/{n}", seen=seen if draw(st.integers(0, 9)) else {}))
    return found


@st.composite
def state_documents(draw: st.DrawFn, observers: st.SearchStrategy[Quorum] = ANY) -> Document:
    slo = builders.slo(
        indicator=replace(STATES, combine=draw(combines)),
        slot=replace(draw(rules), settles_seconds=0),
        target_ppm=draw(targets),
        no_traffic=draw(st.sampled_from(NoTraffic)),
    )
    quorum = draw(observers)
    found = [draw(gauges(slo.slot.scrape_seconds)) for _ in range(len(quorum))]
    listed = [one.source for one in found[0][: draw(st.integers(0, 3))]]
    slo = replace(slo, sources={SITE: tuple(name.partition("/")[2] for name in listed)})
    assert isinstance(slo.indicator, StateIndicator)
    every = []
    for own in found:
        unseen = [Gauge(source=name, seen={}) for name in listed if name not in {one.source for one in own}]
        slots = count_states(key(slo), with_neighbours(PERIOD, slo), [*own, *unseen], slo.indicator.combine)
        every.append(draw(recorded(slots)))
    return of_all(slo, every, quorum, overlay=draw(overlays()))


@st.composite
def recorded(draw: st.DrawFn, slots: list[Slot]) -> list[Slot]:
    """The slots, or those of them that anybody recorded."""
    if draw(st.integers(0, 3)):
        return slots
    dice, share = dice_of(draw), draw(shares)
    return [slot for slot in slots if dice.random() >= share]


@st.composite
def overlays(draw: st.DrawFn) -> Overlay:
    """Nothing, or exclusions that reach into the period and the time before a site was deployed, on slots and beside them."""
    if draw(st.booleans()):
        return Overlay()
    stretches = draw(st.lists(st.tuples(st.integers(-100, 599), st.integers(1, 300)), max_size=3))
    applied = {
        Applied(
            starts_at=PERIOD.starts_at + start,
            ends_at=PERIOD.starts_at + start + length,
            exclusion_id=builders.digest_of(f"exclusion {start}"),
        )
        for start, length in stretches
        if start + length > 0
    }
    since = draw(st.sampled_from([0, 0, 30, 60, 200, 600, 9_000]))
    return Overlay(
        excluded_slots=draw(st.sampled_from(list(ExcludedSlots))),
        since_at=since and PERIOD.starts_at + since,
        applied=tuple(sorted(applied)),
    )


# -------------------------------------------------------------------------------------------------------------- any events


@st.composite
def event_sources(draw: st.DrawFn, slo: Slo) -> list[Source]:
    """No source to three, and what happens to each."""
    assert isinstance(slo.indicator, RatioIndicator)
    good: list[Series] = []
    valid: list[Series] = []
    up: list[Series] = []
    started: list[Series] = []
    for n in range(draw(st.sampled_from([0, 1, 1, 1, 2, 3]))):
        faults = draw(st.sets(st.sampled_from(sorted(FAULTS)), max_size=2))
        labels, life = {"job": "app", "instance": str(n)}, draw(lives(slo.slot, faults))
        for part, points in codes(life) if slo.indicator.one_metric else pair(life):
            since = len(points) // 2 if part and "one series comes late" in faults else 0
            series = copies({**labels, "code": "200" if part else "500"}, points[since:], faults)
            if part:
                good += series
            if slo.indicator.one_metric or not part:
                valid += series
        if draw(st.booleans()):
            up.append((labels, [(at, str(int(bool(shown)))) for at, shown, _ in life]))
        if draw(st.booleans()):
            started.append((labels, [(at, str(birth)) for at, shown, birth in life if shown]))
    return [
        one.source(slo.slot.scrape_seconds)
        for one in selected_of(
            good,
            valid,
            up,
            started=started,
            listed=slo.sources[SITE],
            changing=slo.indicator.changing,
            one_metric=slo.indicator.one_metric,
        )
    ]


# How likely each is, a scrape.
FAULTS = {
    "lost": 0.1, "failed": 0.1, "restarts": 0.03, "both fall": 0.02, "good falls": 0.02, "no count": 0.02, "holes": 0.02, "idle": 1,
    "late": 1, "huge": 1, "young": 1, "dies": 1, "replica": 0, "le": 0, "one series comes late": 0,
}  # fmt: skip
Life = list[tuple[int, tuple[str, ...], int]]
"""Per scrape its instant, what the good and the valid counter showed (nothing where it failed), and when the process began."""


@st.composite
def lives(draw: st.DrawFn, rule: SlotRule, faults: set[str]) -> Life:
    dice, life, clock = dice_of(draw), [], draw(st.integers(0, 14_000))
    busy = 2**52 if "huge" in faults else draw(st.sampled_from([1, 20, 20]))
    errors = draw(st.sampled_from([0.0, 0.02, 0.3, 1.0]))
    good = valid = birth = away_until = 0
    waiting: list[tuple[int, int]] = []  # what is counted as good later
    low, high = draw(st.integers(-90, 300)) if "young" in faults else -600, 300 if "dies" in faults else 780

    def happens(fault: str) -> bool:
        return fault in faults and dice.random() < FAULTS[fault]

    for at in range(low, high, rule.scrape_seconds):
        if happens("restarts"):
            good, valid, birth, waiting = 0, 0, at, []
        more = 0 if "idle" in faults and at > 0 else dice.randint(0, busy)
        bad = sum(dice.random() < errors for _ in range(min(more, 20)))
        waiting.append((at + dice.randrange(rule.settles_seconds + 1), more - bad))
        good, valid = good + sum(count for until, count in waiting if until <= at), valid + more
        waiting = [one for one in waiting if one[0] > at]
        if happens("holes"):
            away_until = at + dice.choice([90, 400, 2400])
        if at < away_until or happens("lost"):
            continue
        less = dice.randint(0, good)
        shown = [str(good - less), str(valid - less)] if happens("both fall") else [str(good), str(valid)]
        if happens("good falls"):
            shown[0] = str(good - less)
        if happens("no count"):
            shown[dice.randrange(2)] = dice.choice(["NaN", "-1", "1.5"])
        now = (
            (PERIOD.starts_at + at) * 1000
            + clock
            + (dice.randint(0, rule.scrape_seconds * 600) if "late" in faults else 0)
        )
        life.append((now, () if happens("failed") else tuple(shown), birth))
    return life


def pair(life: Life) -> list[tuple[bool, list[tuple[int, str]]]]:
    """Two counters, one of the good events and one of all."""
    return [(part, [(at, shown[n]) for at, shown, _ in life if shown]) for n, part in enumerate((True, False))]


def codes(life: Life) -> list[tuple[bool, list[tuple[int, str]]]]:
    """One metric by code: a counter is not there before its first event."""
    rest = [(at, _rest(*shown)) for at, shown, _ in life if shown]
    good = [(at, shown[0]) for at, shown, _ in life if shown]
    return [(part, [one for one in every if one[1] != "0"]) for part, every in ((True, good), (False, rest))]


def _rest(good: str, valid: str) -> str:
    return str(int(valid) - int(good)) if good.isdigit() and valid.isdigit() else "NaN"


def copies(labels: dict[str, str], points: list[tuple[int, str]], faults: set[str]) -> list[Series]:
    """A series; or two for the same events, from some time on."""
    for label in faults & {"replica", "le"}:
        return [({**labels, label: "1"}, points), ({**labels, label: "2"}, points[len(points) * 2 // 3 :])]
    return [(labels, points)]


@st.composite
def event_documents(draw: st.DrawFn, observers: st.SearchStrategy[Quorum] = ANY) -> Document:
    rule = draw(rules)
    one_metric = draw(st.booleans())
    indicator = RatioIndicator(
        good='all{code="200"}' if one_metric else "good",
        valid="all" if one_metric else "valid",
        counts_bad=draw(st.booleans()) and not rule.settles_seconds,
        changing=draw(st.booleans()),
    )
    slo = builders.slo(
        indicator=indicator,
        slot=rule,
        target_ppm=draw(targets),
        no_traffic=draw(st.sampled_from(NoTraffic)),
        budgeting=draw(st.sampled_from(Budgeting)),
        sources={SITE: draw(st.sampled_from([(), (), ("0",), ("0", "1"), ("0", "9")]))},
    )
    quorum, every = draw(observers), []
    for _ in range(len(quorum)):
        found = draw(event_sources(slo))
        slots = count_events(key(slo), with_neighbours(PERIOD, slo), found, counts_bad=indicator.counts_bad)
        # A slot knows what settles in the one before it: where good events are counted later, none is left out.
        every.append(slots if rule.settles_seconds else draw(recorded(slots)))
    return of_all(slo, every, quorum, overlay=draw(overlays()))


# ---------------------------------------------------------------------------------------------------------- any composites


@st.composite
def composite_documents(draw: st.DrawFn, observers: st.SearchStrategy[Quorum] = ANY) -> Document:
    """Two parts, of states and of events, with any weights."""
    rule = replace(draw(rules), settles_seconds=0)
    parts = {
        "down": builders.slo("down", indicator=replace(STATES, combine=draw(combines)), slot=rule),
        "slow": builders.slo("slow", indicator=EVENTS, slot=rule, sources={SITE: ()}),
    }
    whole = CompositeIndicator(
        together=draw(st.sampled_from(Together)),
        weights={name: draw(st.integers(1, 5)) for name in parts},
        share_ppm=draw(st.sampled_from([1, 400_000, 1_000_000])),
    )
    slo = builders.slo(
        indicator=whole, slot=rule, target_ppm=draw(targets), no_traffic=draw(st.sampled_from(NoTraffic)), parts=parts
    )
    around, quorum, every = with_neighbours(PERIOD, slo), draw(observers), []
    for _ in range(len(quorum)):
        found = {
            "down": count_states(key(parts["down"]), around, draw(gauges(rule.scrape_seconds)), Combine()),
            "slow": count_events(key(parts["slow"]), around, draw(event_sources(parts["slow"]))),
        }
        every.append(draw(recorded(compose(key(slo), around, found, whole))))
    return of_all(slo, every, quorum, overlay=draw(overlays()))


@st.composite
def outage_documents(draw: st.DrawFn, observers: st.SearchStrategy[Quorum] = ANY) -> Document:
    """How long states were bad, with any limit."""
    rule = replace(draw(rules), settles_seconds=0)
    part = builders.slo("down", indicator=replace(STATES, combine=draw(combines)), slot=rule)
    limit = draw(st.integers(1, 4)) * rule.seconds
    slo = builders.slo(
        indicator=OutageIndicator(of="down", limit_seconds=limit),
        slot=rule,
        target_ppm=draw(targets),
        parts={"down": part},
    )
    around, quorum, every = with_neighbours(PERIOD, slo), draw(observers), []
    before = Period(starts_at=around.starts_at - limit - rule.seconds, ends_at=around.ends_at)
    for _ in range(len(quorum)):
        found = count_states(key(part), before, draw(gauges(rule.scrape_seconds)), Combine())
        seen = {slot.starts_at: (slot.state, slot.samples) for slot in found}
        every.append(draw(recorded(count_outages(key(slo), around, seen, "down", limit))))
    return of_all(slo, every, quorum, overlay=draw(overlays()))


@st.composite
def members_documents(draw: st.DrawFn, observers: st.SearchStrategy[Quorum] = ANY) -> Document:
    """How many of a few sites are good, in one role or in two, or as many as the place needs; the fleet may change on the way."""
    rule = replace(draw(rules), settles_seconds=0)
    part = builders.slo("down", indicator=STATES, slot=rule)
    sites = ["a", "b", "c"]
    roles = draw(st.sampled_from([[("", sites)], [("active", sites[:2]), ("standby", sites[2:])]]))
    instants = st.integers(PERIOD.starts_at - 60, PERIOD.ends_at + 60)
    members = tuple(
        Members(
            role=role,
            needed=draw(st.integers(1, len(own))),
            sites=tuple(own),
            since=draw(st.dictionaries(st.sampled_from(own), instants, max_size=len(own))),
        )
        for role, own in roles
    )
    at_least = {one.role: one.needed for one in members} if draw(st.booleans()) else {}
    slo = builders.slo(
        indicator=MembersIndicator(of="down", at_least=at_least),
        slot=rule,
        target_ppm=draw(targets),
        parts={"down": part},
        members={SITE: members},
    )
    around, quorum, every = with_neighbours(PERIOD, slo), draw(observers), []
    for _ in range(len(quorum)):
        scraped = {site: draw(gauges(rule.scrape_seconds)) for site in sites}
        found = {site: count_states(key(part), around, own, draw(combines)) for site, own in scraped.items()}
        slots = count_members(key(slo), around, found, members)
        if draw(st.booleans()):
            fewer = [replace(one, sites=one.sites[: max(1, len(one.sites) - 1)]) for one in members]
            at, later = draw(st.integers(0, len(slots))), count_members(key(slo), around, found, fewer)
            slots = slots[:at] + later[at:]
        every.append(draw(recorded(slots)))
    return of_all(slo, every, quorum)


KINDS = {
    "states": state_documents,
    "events": event_documents,
    "parts": composite_documents,
    "outages": outage_documents,
    "members": members_documents,
}


def documents() -> st.SearchStrategy[Document]:
    """Of states, events, parts, outages or members, under any rule, target and method, by one observer or several."""
    derived = st.one_of(composite_documents(), outage_documents(), members_documents())
    return st.one_of(state_documents(), event_documents(), event_documents(), derived)
