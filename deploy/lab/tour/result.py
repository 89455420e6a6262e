"""What came of the tour as each tenant sees it with its own key, beside what was expected."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from deploy.lab import outcome
from deploy.lab.outcome import Item
from deploy.lab.story import Story
from deploy.lab.tour.acts import Tour
from deploy.lab.tour.cast import CAP_PPM, CAST, CORE, WORK, Part
from deploy.lab.tour.expected import Bad, Down, Expected, by_slots, by_time, owed


@dataclass(frozen=True, kw_only=True)
class Result:
    """One tenant's: what the API told it, and the sum by hand."""

    part: Part
    verdict: Item
    settlement: Item
    credit: Item
    credits: list[Item]  # all that the tenant's key shows, of any period
    states: list[str]
    excluded: range
    verified: str
    expected: Expected

    @property
    def credit_minor(self) -> int:
        return int(self.credit["amount"]["amount_minor"])

    @property
    def bad_slots(self) -> int:
        """Slots that are BAD and count."""
        return sum(state == "BAD" for n, state in enumerate(self.states) if n not in self.excluded)


def follow(tour: Tour) -> list[Result]:
    """Wait for every verdict, settlement and credit, and read them back."""
    return [_result(tour, part) for part in CAST]


def _result(tour: Tour, part: Part) -> Result:
    view = tour.views[part.tenant]
    view.say(f"{part.tenant} asks the API with its own key")
    settlement, credit = outcome.settled(view)
    read: tuple[list[Item], list[Item], bytes] = view.wait(
        f"reading back what {part.tenant} sees", lambda: _read(view, settlement), 30
    )
    verdicts, credits_, raw = read
    return Result(
        part=part,
        verdict=verdicts[0],
        settlement=settlement,
        credit=credit,
        credits=credits_,
        states=outcome.states_of(json.loads(raw)),
        excluded=WORK.slots if part == CORE else range(0),
        verified=outcome.verify(view, raw),
        expected=expected(tour, part),
    )


def _read(view: Story, settlement: Item) -> tuple[list[Item], list[Item], bytes]:
    raw = view.as_tenant(f"/v1/settlements/{settlement['settlement_id']}/evidence").content
    return outcome.verdicts(view), view.items("/v1/credits"), raw


def expected(tour: Tour, part: Part) -> Expected:
    """What the tenant is owed, by the times of its fault alone."""
    down = tour.down(part.tenant)
    bad = by_time(down, tour.timing) if part.counts == "requests" else _slots(tour, part, [down], planned=True)
    return owed(bad, fee_minor=part.fee_minor, bands=part.bands, cap_ppm=CAP_PPM)


def unplanned(tour: Tour) -> Expected:
    """What the work would have cost together with the fault, had nobody announced it."""
    bad = _slots(tour, CORE, [tour.down(CORE.tenant), tour.down(WORK.what)], planned=False)
    return owed(bad, fee_minor=CORE.fee_minor, bands=CORE.bands, cap_ppm=CAP_PPM)


def _slots(tour: Tour, part: Part, down: list[Down], *, planned: bool) -> Bad:
    return by_slots(down, tour.timing, WORK.slots if planned and part == CORE else ())


def disagreements(tour: Tour, results: list[Result]) -> list[str]:
    """Everything that is not as it must be; empty when the tour holds."""
    claims: dict[str, tuple[Any, Any]] = {}
    for one in results:
        name = one.part.tenant
        claims |= {
            f"{name}: verdict": (one.verdict["verdict"], "breach"),
            f"{name}: settlement": (one.settlement["state"], "final"),
            f"{name}: credit in minor units": (one.credit_minor, one.expected.credit_minor),
            f"{name}: credits that its key shows of the period": (
                [each["settlement_id"] for each in one.credits if each["settlement_id"] in _ids(results)],
                [one.settlement["settlement_id"]],
            ),
            f"{name}: slots excluded": (one.verdict["excluded"], len(one.excluded)),
            f"{name}: evidence": (one.verified.startswith("all "), True),
        }
    dearer = unplanned(tour).credit_minor
    claims |= {
        "different credits": (len({one.credit_minor for one in results}), len(results)),
        "slots that planned work touched outside of its time": (_outside(tour), 0),
        "the work unannounced would have cost more": (
            dearer is None or dearer > _core(results).credit_minor,  # None where its switches were too slow to tell
            True,
        ),
    }
    return [f"{what}: {seen!r}, expected {wanted!r}" for what, (seen, wanted) in claims.items() if seen != wanted]


def _ids(results: list[Result]) -> set[str]:
    return {one.settlement["settlement_id"] for one in results}


def _core(results: list[Result]) -> Result:
    return next(one for one in results if one.part == CORE)


def _outside(tour: Tour) -> int:
    """Slots that the work may have touched and that were not announced: a machine that stood does that."""
    _, most, _ = by_slots([tour.down(WORK.what)], tour.timing, WORK.slots)
    return int(most)
