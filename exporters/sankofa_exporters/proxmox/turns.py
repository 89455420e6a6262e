"""The fourth call of a probe: one of the slow questions, in turn.

Status, resources and HA are asked at every probe. What is left of four calls goes to the rights, and at most every second
time to the question that is most overdue, measured in its own periods. A sign that an answer has changed brings its question
forward: rows that vanished or a new refusal ask for the rights, a new guest for the backup coverage, a new version of
corosync.conf for votes and QDevice. Pure, but for the set of questions that were brought forward.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from .memory import Memory
from .snapshot.backup import Coverage, parse_backup_jobs, parse_unbacked
from .snapshot.cluster import Cluster
from .snapshot.quorum import QDevice, Votes, parse_qdevice, parse_votes
from .snapshot.resources import Resources
from .snapshot.rights import parse_permissions, parse_version


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What this probe has learnt before the fourth call; None for what could not be had."""

    cluster: Cluster | None
    resources: Resources | None
    refused: frozenset[str]

    def or_as(self, before: Facts | None) -> Facts:
        """With what was last known in place of what could not be had: a loss must not hide behind a failed call."""
        if before is None:
            return self
        cluster, resources = self.cluster or before.cluster, self.resources or before.resources
        return replace(self, cluster=cluster, resources=resources)

    @property
    def rows(self) -> frozenset[str]:
        """Everything that a lost right would take away."""
        if self.resources is None:
            return frozenset()
        return frozenset(self._rows(self.resources))

    @property
    def guests(self) -> frozenset[str]:
        return frozenset(guest.id for guest in self.resources.guests) if self.resources else frozenset()

    @staticmethod
    def _rows(resources: Resources) -> Iterator[str]:
        yield from (guest.id for guest in resources.guests)
        yield from (f"storage/{storage.node}/{storage.name}" for storage in resources.storages)
        yield from (f"use/{node.name}" for node in resources.nodes if node.online and node.cpu_ratio is not None)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A slow question; `standalone` is its answer where there is no cluster to ask about."""

    name: str
    path: str
    parse: Callable[[Any, Facts], Any]
    period_seconds: float
    cap_seconds: float
    standalone: Any = None


RIGHTS = Question(
    name="permissions",
    path="access/permissions",
    parse=lambda data, _: parse_permissions(data),
    period_seconds=0,
    cap_seconds=900,
)
VERSION = Question(
    name="version",
    path="version",
    parse=lambda data, _: parse_version(data),
    period_seconds=3_600,
    cap_seconds=4 * 3_600,
)
QDEVICE = Question(
    name="qdevice",
    path="cluster/config/qdevice",
    parse=lambda data, _: parse_qdevice(data),
    period_seconds=60,
    cap_seconds=900,
    standalone=QDevice(configured=False),
)
VOTES = Question(
    name="votes",
    path="cluster/config/nodes",
    parse=lambda data, _: parse_votes(data),
    period_seconds=3_600,
    cap_seconds=4 * 3_600,
    standalone=Votes(by_node={}),
)
COVERAGE = Question(
    name="backup_coverage",
    path="cluster/backup-info/not-backed-up",
    parse=lambda data, facts: Coverage(unbacked=parse_unbacked(data), judged=facts.guests),
    period_seconds=120,
    cap_seconds=1_800,
)
BACKUP_JOBS = Question(
    name="backup_jobs",
    path="cluster/backup",
    parse=lambda data, _: parse_backup_jobs(data),
    period_seconds=300,
    cap_seconds=3_600,
)
QUESTIONS = (RIGHTS, COVERAGE, VERSION, VOTES, QDEVICE, BACKUP_JOBS)  # in the order of a first probe


def signs(before: Facts | None, now: Facts) -> set[str]:
    """Names of the questions whose answers may have changed."""
    if before is None:
        return set()
    found = set()
    if now.refused - before.refused or (now.resources and before.rows - now.rows):
        found.add(RIGHTS.name)
    if now.guests - before.guests:
        found.add(COVERAGE.name)
    if before.cluster and now.cluster and before.cluster.config_version != now.cluster.config_version:
        found |= {VOTES.name, QDEVICE.name}
    return found


def pick(memory: Memory, forward: set[str], facts: Facts, last: str | None, now: float) -> Question:
    """The question of this probe: brought forward, else never asked, else the rights at least every second time."""
    candidates = [question for question in QUESTIONS if not _is_settled(question, facts)]
    for question in candidates:
        if question.name in forward:
            return question
    for question in candidates:
        if question.name not in memory.noted:
            return question
    overdue = {question.name: memory.overdue(question.name, question.period_seconds, now) for question in candidates}
    due = [question for question in candidates if question is not RIGHTS and overdue[question.name] >= 1]
    if due and last == RIGHTS.name:
        return max(due, key=lambda question: overdue[question.name])
    return RIGHTS


def _is_settled(question: Question, facts: Facts) -> bool:
    """A standalone node has no votes and no QDevice to ask for."""
    return question.standalone is not None and facts.cluster is not None and facts.cluster.standalone
