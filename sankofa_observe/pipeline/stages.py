"""The order of the stages, as data: what each reads and writes, and which of them follow each other how often.

The schedule, the metrics, the reference and the table in ARCHITECTURE.md take the names from here. The stages themselves import
neither this nor each other.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One verb of the pipeline over all specs; running it again from the same input adds nothing."""

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    makes: str
    repeats: str
    settles: bool = False  # it needs the chain and its keys


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Stages that follow each other, every so many seconds: one job of the schedule."""

    name: str
    stages: tuple[Stage, ...]
    every_seconds: int  # unless the setting of this name says otherwise
    setting: str = ""
    urgent: bool = True  # it is late when it did not succeed for a while; what is not can wait for hours


OBSERVE = Stage(
    name="observe",
    reads=("source", "slots"),
    writes=("slots",),
    makes="slots: good, bad, hidden, blind, what may belong elsewhere, state",
    repeats="a slot that is the same is not added again; one that changed is a new revision",
)
EVALUATE = Stage(
    name="evaluate",
    reads=("source", "slots", "site-days", "ledger"),
    writes=("slots", "ledger"),
    makes="attainment with bounds → met, breach, undetermined",
    repeats="same slots, same verdict; else a revision",
)
ASSESS = Stage(
    name="assess",
    reads=("ledger", "slots"),
    writes=("archive", "ledger"),
    makes="penalty, evidence document",
    repeats="the settlement id is the key; it has no time in it",
    settles=True,
)
SETTLE = Stage(
    name="settle",
    reads=("ledger", "archive", "chain"),
    writes=("chain", "ledger"),
    makes="COMPUTED → REPORTED → FINAL on chain",
    repeats="signed bytes are stored before they are sent, and sent again until their fate is known",
    settles=True,
)
CREDIT = Stage(
    name="credit",
    reads=("ledger", "chain"),
    writes=("ledger",),
    makes="service credit, in the amount the contract accrued",
    repeats="one a revision that became final",
    settles=True,
)
ANNOUNCE = Stage(
    name="announce",
    reads=("ledger", "alertmanager"),
    writes=("alertmanager",),
    makes="approved exclusion → silence of the places that nothing is promised of meanwhile",
    repeats="a silence that is the same is left; one without its exclusion ends",
)
SEAL = Stage(
    name="seal",
    reads=("source", "slots"),
    writes=("slots", "site-days"),
    makes="site-days of a day that is over: totals, edges, digest",
    repeats="the same totals are not added again; others are a revision",
)
COMPACT = Stage(
    name="compact",
    reads=("slots",),
    writes=("slots",),
    makes="one file of the many that ticks have left",
    repeats="the rows stay what they are",
)

OBSERVING = Turn(name="observing", stages=(OBSERVE,), every_seconds=60, setting="schedule.observe_seconds")
JUDGING = Turn(name="judging", stages=(EVALUATE, ASSESS, ANNOUNCE), every_seconds=60, setting="schedule.judge_seconds")
SETTLING = Turn(name="settling", stages=(SETTLE, CREDIT), every_seconds=60, setting="schedule.settle_seconds")
CARING = Turn(name="caring", stages=(SEAL, COMPACT), every_seconds=3600, urgent=False)

TURNS = (OBSERVING, JUDGING, SETTLING, CARING)
STAGES = tuple(stage for turn in TURNS for stage in turn.stages)
URGENT = frozenset(stage.name for turn in TURNS if turn.urgent for stage in turn.stages)
