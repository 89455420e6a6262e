"""What the engine makes of a world, held against its truth. Fractions only; nothing of the engine decides what is right."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sankofa_observe.pipeline.period import PeriodSlots, arranged, with_neighbours
from sankofa_observe.slo.counter import count_events
from sankofa_observe.slo.indicator import RatioIndicator
from sankofa_observe.slo.objective import Budgeting, Slo, SlotRule
from sankofa_observe.slo.slot import Slot, SlotKey
from sankofa_observe.slo.source import selected_of
from sankofa_observe.slo.verdict import Verdict, judge
from sankofa_observe.slo.window import FixedWindow
from sankofa_observe.units import Period
from tests.simulation import events
from tests.simulation.events import PERIOD_MS, START_MS, TARGET_PPM, World

TARGET = Fraction(TARGET_PPM, 10**6)
PERIOD = Period(starts_at=START_MS // 1000, ends_at=(START_MS + PERIOD_MS) // 1000)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One world: whether it was decided, how far apart its bounds are, and everything that is false."""

    seed: int
    verdict: Verdict
    width: Fraction
    faults: tuple[str, ...]

    @property
    def decided(self) -> bool:
        return self.verdict is not Verdict.UNDETERMINED


def outcome(kind: str, seed: int) -> Outcome:
    """Count a world and look for what contradicts its truth."""
    world = events.world(kind, seed)
    slo, found = counted(world)
    attained = found.attainment(slo)
    verdict = judge(slo, attained)
    good, bad = world.truth()
    faults = [fault for slot in found.slots if (fault := _slot_fault(world, slot))]
    if good + bad == 0:
        return Outcome(seed=seed, verdict=verdict, width=Fraction(0), faults=tuple(faults))
    truth = Fraction(good, good + bad)
    right = Verdict.MET if truth >= TARGET else Verdict.BREACH
    if verdict not in {Verdict.UNDETERMINED, right}:
        faults.append(f"{verdict}, in truth {right} ({good} good, {bad} bad)")
    low, high = Fraction(0), Fraction(1)
    if attained.bounded and attained.base:
        low, high = Fraction(attained.good, attained.base), Fraction(attained.high_good, attained.base)
    if not 0 <= low <= truth <= high <= 1:
        faults.append(f"truth {float(truth):.6f} is not in [{float(low):.6f}, {float(high):.6f}]")
    return Outcome(seed=seed, verdict=verdict, width=high - low, faults=tuple(faults))


def counted(world: World) -> tuple[Slo, PeriodSlots]:
    """The engine's slots of the period, with what stands at its edges."""
    slo = slo_of(world)
    key = SlotKey(slo="s", site="a", rule=slo.slot)
    good, valid, up = world.seen()
    sources = [
        one.source(slo.slot.scrape_seconds)
        for one in selected_of(
            good,
            valid,
            up,
            listed=[one.name for one in world.emitters if one.listed],
            changing=world.changing,
            one_metric=world.layout == "codes",
        )
    ]
    return slo, arranged(slo, "a", PERIOD, count_events(key, with_neighbours(PERIOD, slo), sources))


def slo_of(world: World) -> Slo:
    rule = SlotRule(
        seconds=events.SLOT_MS // 1000,
        scrape_seconds=events.SCRAPE_MS // 1000,
        longest_gap_seconds=events.LONGEST_GAP_MS // 1000,
        history_seconds=events.HISTORY_MS // 1000,
        settles_seconds=30 if world.settles else 0,
    )
    return Slo(
        name="s",
        tier="edge",
        indicator=RatioIndicator(good="g", valid="v"),
        target_ppm=TARGET_PPM,
        budgeting=Budgeting.OCCURRENCES,
        window=FixedWindow(seconds=PERIOD.seconds, anchor_at=0),
        slot=rule,
    )


def _slot_fault(world: World, slot: Slot) -> str:
    """A state that is certain must be the true one; here a slot is good when every event in it is."""
    good, bad = world.truth(slot.starts_at * 1000, events.SLOT_MS)
    true = "NO_TRAFFIC" if good + bad == 0 else "BAD" if bad else "GOOD"
    if slot.state in {"UNKNOWN", true}:
        return ""
    return f"slot {slot.starts_at - PERIOD.starts_at} s: {slot.state}, in truth {true} ({good} good, {bad} bad)"


def table(seen: Mapping[str, Sequence[Outcome]]) -> str:
    """By class: worlds, false met, false breach, outside the bounds, false slots, share decided, width."""
    lines = [
        "| class | worlds | false verdicts | outside the bounds | false slots | decided | width, median | width, largest |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind, found in seen.items():
        if not found:  # another worker ran it
            continue
        faults = [fault for one in found for fault in one.faults]
        widths = sorted(float(one.width) for one in found)
        false = sum("in truth met" in fault or "in truth breach" in fault for fault in faults)
        outside, slots = (
            sum("is not in" in fault for fault in faults),
            sum(fault.startswith("slot") for fault in faults),
        )
        decided = sum(one.decided for one in found) * 100 // len(found)
        lines.append(
            f"| {kind} | {len(found)} | {false} | {outside} | {slots} | {decided} % "
            f"| {widths[len(widths) // 2]:.4f} | {widths[-1]:.4f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Show one world: its faults, and every slot of it beside the truth."""
    kind, seed = sys.argv[1], int(sys.argv[2])
    world = events.world(kind, seed)
    print(outcome(kind, seed))  # noqa: T201
    for slot in counted(world)[1].slots:
        print(slot, world.truth(slot.starts_at * 1000, events.SLOT_MS))  # noqa: T201


if __name__ == "__main__":
    main()
