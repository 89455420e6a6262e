"""The tour as a program, and the sum by hand that it is held against."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from deploy.lab import children
from deploy.lab.byhand import Switched
from deploy.lab.processes import Processes
from deploy.lab.stack import Lab
from deploy.lab.story import Story
from deploy.lab.tour import __main__ as tour_program
from deploy.lab.tour import report
from deploy.lab.tour.acts import Tour
from deploy.lab.tour.cast import CAST, CORE, EDGE, REGIONAL, WORK, Part, plan_for
from deploy.lab.tour.expected import Down, Expected, Timing, by_slots, by_time, owed
from deploy.lab.tour.result import Result, disagreements, expected, unplanned
from deploy.lab.tour.stage import Stage
from deploy.parts import CHECKOUT
from sankofa_observe.adapters.specs import load_catalog

STARTS_AT = 1_800_000_000
TIMING = Timing(starts_at=STARTS_AT, slot_seconds=10, slots=12, slack_seconds=4)
BANDS = ((990_000, 100_000), (900_000, 250_000), (500_000, 600_000))
CREDITS = {CORE.tenant: 225_000, REGIONAL.tenant: 120_000, EDGE.tenant: 25_000}


def at(slots: float, took: float = 0.0) -> Switched:
    moment = STARTS_AT + slots * TIMING.slot_seconds
    return Switched(before=moment, after=moment + took)


def down(begins: float, ends: float, took: float = 0.0) -> Down:
    return Down(began=at(begins, took), ended=at(ends, took))


# ------------------------------------------------------------------------------------------------------ the sum by hand


@pytest.mark.parametrize(
    ("faults", "excluded", "bad"),
    [
        ([down(1.5, 3.5)], range(0), (3, 3, 12)),
        ([down(1.5, 3.5), down(6.5, 10.5)], range(0), (8, 8, 12)),
        ([down(1.5, 3.5), down(6.5, 10.5)], range(6, 11), (3, 3, 7)),
        ([down(1.5, 3.5)], range(6, 11), (3, 3, 7)),
        ([down(1.5, 3.5), down(2.5, 4.5)], range(0), (4, 4, 12)),  # a slot is bad once
        ([down(1.9, 3.1)], range(0), (1, 3, 12)),  # too near to an edge: a scrape decides
        (
            [down(1.5, 3.5, took=3)],
            range(0),
            (2, 4, 12),
        ),  # it took long to switch, so the slots at both ends are not sure
        ([down(-1, 0.2)], range(0), (0, 1, 12)),
        ([down(11.5, 14)], range(0), (1, 1, 12)),
    ],
)
def test_slots_that_a_fault_touched_follow_from_its_times(
    faults: list[Down], excluded: range, bad: tuple[int, int, int]
) -> None:
    surely, possibly, base = by_slots(faults, TIMING, excluded)
    assert (int(surely), int(possibly), base) == bad


@given(begins=st.floats(-2, 14), length=st.floats(0, 14), took=st.floats(0, 5), excluded=st.sets(st.integers(0, 11)))
def test_what_is_sure_is_possible_and_a_slot_that_is_down_whole_is_sure(
    begins: float, length: float, took: float, excluded: set[int]
) -> None:
    one = down(begins, begins + length, took)
    surely, possibly, base = by_slots([one], TIMING, excluded)
    slack = TIMING.slack_seconds / TIMING.slot_seconds + took / TIMING.slot_seconds
    whole = [n for n in range(12) if begins + slack <= n and n + 1 <= begins + length - slack and n not in excluded]
    apart = [n for n in range(12) if n + 1 < begins - slack or n > begins + length + slack]

    assert (len(whole) <= surely, surely <= possibly, base) == (True, True, 12 - len(excluded))
    assert possibly <= 12 - len({*apart, *excluded})


def test_share_of_even_requests_is_that_of_the_time() -> None:
    assert by_time(down(4.5, 9.5, took=1), TIMING) == (Fraction(45, 10), Fraction(55, 10), 12)


@pytest.mark.parametrize(
    ("surely", "possibly", "base", "credit"),
    [
        (0, 0, 12, 0),
        (1, 1, 12, 2_500),  # 91.7 %: only the first band
        (3, 3, 12, 6_250),
        (6, 6, 12, 6_250),  # exactly half is not below half
        (7, 7, 12, 12_500),  # 60 % of the fee, and the cap is half of it
        (1, 2, 12, None),  # 91.7 or 83.3 %: two bands
        (4, 6, 12, 6_250),
    ],
)
def test_credit_is_claimed_where_least_and_most_lead_to_one_band(
    surely: int, possibly: int, base: int, credit: int | None
) -> None:
    found = owed((Fraction(surely), Fraction(possibly), base), fee_minor=25_000, bands=BANDS, cap_ppm=500_000)
    assert found.credit_minor == credit


# -------------------------------------------------------------------------------------------------- what the tour claims


def as_planned(folder: Path) -> Tour:
    """A tour whose switches were thrown when they should have been."""
    stage = Stage(processes=Processes(folder=folder), plan=plan_for(1))
    tour = Tour(stage=stage, shared=Story(lab=stage, console=Console(quiet=True), starts_at=STARTS_AT))
    for part in CAST:
        tour.began[part.tenant], tour.ended[part.tenant] = at(part.fault.down_slot + 0.5), at(part.fault.up_slot + 0.5)
    tour.began[WORK.what], tour.ended[WORK.what] = at(WORK.first + 0.5), at(WORK.end - 0.5)
    return tour


def came(tour: Tour, part: Part) -> Result:
    wanted = expected(tour, part)
    settlement = {"settlement_id": part.tenant, "state": "final", "credit_ppm": 250_000}
    amount = {"amount_minor": wanted.credit_minor, "currency": "USD", "exponent": 2}
    credit = {"settlement_id": part.tenant, "amount": amount, "block_number": 7}
    counts = {"good": 100, "bad": 40, "unknown": 0, "low_ppm": 714_285, "high_ppm": 714_285, "target_ppm": 990_000}
    excluded = WORK.slots if part == CORE else range(0)
    return Result(
        part=part,
        verdict={"verdict": "breach", "excluded": len(excluded), **counts},
        settlement=settlement,
        credit=credit,
        credits=[credit],
        states=["GOOD"] * 8 + ["BAD"] * 4,
        excluded=excluded,
        verified="all 38 checks hold",
        expected=wanted,
    )


def test_three_tenants_are_owed_three_credits_by_hand(tmp_path: Path) -> None:
    tour = as_planned(tmp_path)

    assert {part.tenant: expected(tour, part).credit_minor for part in CAST} == CREDITS
    assert unplanned(tour).credit_minor == 2 * CREDITS[CORE.tenant]
    assert disagreements(tour, [came(tour, part) for part in CAST]) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"credit": {"settlement_id": "mahogany", "amount": {"amount_minor": 450_000}}}, "mahogany: credit in minor units"),
        ({"credit": {"settlement_id": "mahogany", "amount": {"amount_minor": 120_000}}}, "different credits: 2, expected 3"),
        ({"verdict": {"verdict": "met", "excluded": 5}}, "mahogany: verdict: 'met', expected 'breach'"),
        ({"verdict": {"verdict": "breach", "excluded": 0}}, "mahogany: slots excluded: 0, expected 5"),
        ({"credits": [{"settlement_id": "acacia"}, {"settlement_id": "mahogany"}]}, "mahogany: credits that its key shows"),
        ({"verified": "2 of 38 checks do not hold"}, "mahogany: evidence: False, expected True"),
        (
            {"expected": Expected(surely=Fraction(1), possibly=Fraction(9), base=7, credit_minor=None)},
            "mahogany: credit in minor units: 225000, expected None",
        ),
    ],
)  # fmt: skip
def test_what_is_not_as_it_must_be_is_named(change: dict[str, Any], named: str, tmp_path: Path) -> None:
    tour = as_planned(tmp_path)
    core, *others = [came(tour, part) for part in CAST]

    assert named in "\n".join(disagreements(tour, [replace(core, **change), *others]))


def test_work_that_left_its_time_is_named(tmp_path: Path) -> None:
    tour = as_planned(tmp_path)
    tour.ended[WORK.what] = at(WORK.end + 0.5)

    assert "slots that planned work touched outside of its time: 1, expected 0" in "\n".join(
        disagreements(tour, [came(tour, part) for part in CAST])
    )


def test_work_whose_switches_were_slow_is_claimed_to_cost_nothing_in_particular(tmp_path: Path) -> None:
    """Between its least and its most lie two bands: what it would have cost does not follow, and the credits do."""
    tour = as_planned(tmp_path)
    tour.began[WORK.what] = at(WORK.first + 0.5, took=(WORK.end - WORK.first - 1) * TIMING.slot_seconds)

    assert unplanned(tour).credit_minor is None
    assert disagreements(tour, [came(tour, part) for part in CAST]) == []


def test_table_has_a_row_a_tenant_and_one_of_the_planned_work(tmp_path: Path) -> None:
    """Slots that are excluded are not counted as bad; those of a promise of requests stand above its requests."""
    tour = as_planned(tmp_path)
    tour.shared.contract = {"contract": "0xc0ffee"}
    tour.shared.console = Console(width=160, file=(printed := io.StringIO()))
    report.show(tour, [came(tour, part) for part in CAST])
    rows = [" ".join(line.split()) for line in printed.getvalue().splitlines()]

    for row in (
        "core-lab-1 ▂▂▂ ▂▂▂ ▂▂▂ ▂▂▂ ▂▂▂ ▂▂▂ ▒▒▒ ▒▒▒ ▒▒▒ ▒▒▒ ▒▒▒ ███",
        "mahogany availability-core the Kubernetes API is not ready 1 of 7 slots breach 2250.00 USD 2250.00 USD block 7",
        "mahogany planned work the Kubernetes API is replaced 5 excluded - 0.00 USD 0.00 USD -",
        "acacia throughput-api requests queue at the gateway 4 of 12 slots breach 1200.00 USD 1200.00 USD block 7",
        "edge-lab-1 40 of 140 asked",
        "planned work: proposed by amina, approved by kofi; unannounced, mahogany would be owed 4500.00 USD",
    ):
        assert row in rows


# ------------------------------------------------------------------------------------------------------------ the program


@pytest.mark.parametrize("kind", [Lab, Stage])
def test_specs_of_a_lab_load(kind: type[Lab], tmp_path: Path) -> None:
    """Every promise finds its indicator, and every agreement its promises."""
    lab = kind(processes=Processes(folder=tmp_path))
    lab.make_accounts()
    lab.write("specs/fleet.yaml", yaml.safe_dump(lab.fleet()))
    catalog = load_catalog([lab.write_specs(starts_at=STARTS_AT)])

    assert len(catalog.agreements) == {Lab: 1, Stage: len(CAST)}[kind]


def test_tour_without_its_programs_says_what_to_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tour_program, "missing_programs", lambda names: iter(names[2:4]))
    code = tour_program.main(["--folder", str(tmp_path / "tour")])

    assert (code, capsys.readouterr().out, list(tmp_path.iterdir())) == (
        2, "missing: haproxy, nginx; run: make setup TIER=test\n", [],
    )  # fmt: skip


@pytest.mark.real(*tour_program.PROGRAMS)
@pytest.mark.tier("test-all")
@pytest.mark.timeout(1200)
def test_tour_ends_with_the_credits_that_follow_from_its_faults(tmp_path: Path) -> None:
    """Exit code 0 and the three sums; planned work costs nothing; nothing is left running."""
    command = [sys.executable, "-m", "deploy.lab.tour", "--folder", str(tmp_path / "tour")]
    done = children.run(command, cwd=CHECKOUT)

    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        0,
        "credits = expected: mahogany 2250.00 USD, acacia 1200.00 USD, baobab 250.00 USD; planned work 0.00 USD",
    ), done.stdout
