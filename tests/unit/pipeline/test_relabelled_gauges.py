"""Gauges whose labels change, like a version after an upgrade: the same slots, however time is cut into reads."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.pipeline.reading import read_slots
from sankofa_observe.slo.indicator import Combine, Rule, StateIndicator
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.testing import ScriptedSamples
from sankofa_observe.units import Period
from sankofa_observe.verify import verify
from tests import builders
from tests.builders import START
from tests.unit.documents import document
from tests.unit.referee import holds, packed

SITE = "edge-1"
SECONDS = 600
COMBINES = (Combine(), Combine(rule=Rule.ANY), Combine(rule=Rule.AT_LEAST, at_least=2))


def promised(*listed: str, combine: Combine = COMBINES[0]) -> Slo:
    indicator = StateIndicator(up="up_gauge", known="known_gauge", combine=combine)
    return builders.slo(indicator=indicator, sources={SITE: listed} if listed else {})


def gauges(source: ScriptedSamples, marks: Mapping[int, str], **labels: str) -> None:
    """Scrapes by second of the period: + up, - down, ? where the exporter does not know, a dot where it did not answer."""
    seen = {(START + at) * 1000: mark for at, mark in marks.items() if mark != "."}
    for name, says in (("up_gauge", "+"), ("known_gauge", "+-")):
        source.add(name, [(at, int(mark in says)) for at, mark in seen.items()], site=SITE, job="app", **labels)


def cut(slo: Slo, source: ScriptedSamples, edges: list[int]) -> list[Slot]:
    """The slots of the period and of its neighbours, read in pieces that end at these slots."""
    borders = [START - 60, *(START + 60 * edge for edge in sorted(set(edges))), START + SECONDS + 60]
    return [
        slot
        for low, high in pairwise(borders)
        for slot in read_slots(slo, [SITE], Period(starts_at=low, ends_at=high), source)
    ]


def test_a_listed_gauge_under_another_version_is_still_there() -> None:
    """An upgrade in the middle of the period: all of it is known, in one read and minute by minute."""
    source, slo = ScriptedSamples(), promised("pve")
    gauges(source, dict.fromkeys(range(-300, 290, 15), "+"), instance="pve", version="1")
    gauges(source, dict.fromkeys(range(300, SECONDS + 300, 15), "+"), instance="pve", version="2")
    at_once = cut(slo, source, [])

    assert {slot.state for slot in at_once} == {SlotState.GOOD}
    assert at_once == cut(slo, source, list(range(1, 10)))


@st.composite
def sites(draw: st.DrawFn) -> tuple[Slo, ScriptedSamples]:
    """Up to three instances with one or two gauges each, whose labels change once or twice; scrapes are lost, some do not know."""
    source, names = ScriptedSamples(), ["a", "b", "c"][: draw(st.integers(1, 3))]
    listed = draw(st.sets(st.sampled_from([*names, "never"])))
    length = 2 * SECONDS // 15
    for instance in names:
        for disk in draw(st.sampled_from([("0",), ("0", "1")])):
            changes = draw(st.lists(st.integers(0, length), max_size=2))
            marks = draw(st.text("++++++?-.", min_size=length, max_size=length))
            gone = draw(st.one_of(st.just(length), st.integers(0, length)))
            borders = sorted({0, gone, *(one for one in changes if one < gone)})
            for version, (low, high) in enumerate(pairwise(borders)):
                shown = {15 * n - SECONDS // 2: marks[n] for n in range(low, high)}
                gauges(source, shown, instance=instance, disk=disk, version=str(version))
    return promised(*sorted(listed), combine=draw(st.sampled_from(COMBINES))), source


@given(site=sites(), edges=st.lists(st.integers(0, SECONDS // 60), max_size=10))
def test_slots_of_gauges_do_not_depend_on_how_time_is_cut(site: tuple[Slo, ScriptedSamples], edges: list[int]) -> None:
    """To the last proof and raw sample, and both verifiers follow what is written of them."""
    slo, source = site
    slots = read_slots(slo, [SITE], with_neighbours(builders.period(), slo), source)
    raw = packed(document(slo, slots))

    assert slots == cut(slo, source, edges)
    assert sum(slot.samples for slot in slots) == len(
        [at for one in source.series for at, _ in one.samples if START - 60 <= at // 1000 < START + SECONDS + 60]
    )
    assert [check.what for check in verify(raw).checks if not check.holds] == []
    assert holds(raw)
