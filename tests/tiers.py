"""Which real parts a run must have: those of its tier in deploy/parts.toml, whatever finds them.

TIER names the tier (make sets it), WITHOUT the parts a person chose to do without. In a tier a part that is missing ends the run
before its first test, and a skipped test is a failure unless its part was left out by name. Without a tier, as in a single
`pytest FILE`, what is missing is skipped with its reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import pytest

from deploy import parts
from deploy.parts import Part

NEEDS = "does without "


def tier() -> str:
    return os.environ.get("TIER", "")


def left_out() -> set[str]:
    return parts.listed(os.environ.get("WITHOUT", ""))


def demanded() -> list[Part]:
    """The parts this run must have."""
    return [part for part in parts.parts_of(tier()) if part.name not in left_out()] if tier() else []


def shortcomings() -> list[str]:
    """A line for each demanded part that is missing; set-up and a test of its own ask for versions."""
    return [f"{part.name}: not found: {', '.join(names)}" for part in demanded() if (names := parts.absent(part))]


def refuse_a_run_without_its_parts() -> None:
    try:
        for name in left_out():
            parts.named(name)
        faults = shortcomings()
    except parts.PartsError as error:
        raise pytest.UsageError(str(error)) from None
    if faults:
        lines = "\n  ".join(faults)
        raise pytest.UsageError(f"the tier {tier()} needs these, run make setup TIER={tier()}:\n  {lines}")


def later(items: list[pytest.Item]) -> list[pytest.Item]:
    """The tests that a mark `tier` keeps for a larger tier than the one that is run; without a tier none is."""
    marked = [(item, mark.args[0]) for item in items for mark in item.iter_markers("tier")]
    if unknown := {f"{item.nodeid}: tier({name!r})" for item, name in marked if name not in parts.tiers()}:
        raise pytest.UsageError(f"no such tier in parts.toml: {', '.join(sorted(unknown))}")
    inside = parts.closure(tier()) if tier() else parts.tiers()
    return [item for item, name in marked if name not in inside]


def check_mark(programs: Sequence[str]) -> None:
    """Skip a test whose programs are missing; fail it where they are demanded, or where parts.toml does not know them."""
    missing = list(_missing(programs))
    if tier() and (needed := [name for part, name in missing if part.name not in left_out()]):
        pytest.fail(f"the tier {tier()} needs {', '.join(needed)}", pytrace=False)
    if missing:
        pytest.skip(f"{NEEDS}{', '.join(name for _, name in missing)}")


def _missing(programs: Sequence[str]) -> Iterator[tuple[Part, str]]:
    for program in programs:
        part = parts.part_of(program)
        if part is None:
            pytest.fail(f"real({program!r}): no part of deploy/parts.toml brings it; add an entry", pytrace=False)
        if part.name in left_out() or parts.find_program(program) is None:
            yield part, program


def forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Where every part is demanded a skip proves nothing: it is a failure, unless a part was left out by name."""
    by_name = bool(left_out()) and NEEDS in str(report.longrepr)
    if tier() and report.skipped and not by_name:
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: skipped in the tier {tier()}: {report.longrepr}"
