"""The fourth call of a probe: one of the slow questions, whichever is due most.

Status, resources and HA are asked at every probe. What is left of four calls goes to the rights, and at most every second
time to the question that is most overdue, measured in its own periods. A sign that an answer has changed brings its question
forward: rows that vanished or a new refusal ask for the rights, a new guest for the backup coverage, a new version of
corosync.conf for votes and QDevice.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Aged, Remembered
from sankofa_exporters.proxmox.client import ProxmoxClient
from sankofa_exporters.proxmox.snapshot.cluster import Cluster
from sankofa_exporters.proxmox.snapshot.quorum import QDevice, Votes
from sankofa_exporters.proxmox.snapshot.resources import Resources


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What this probe has learnt before the fourth call; None for what could not be had."""

    cluster: Cluster | None
    resources: Resources | None
    refused: frozenset[str] = frozenset()

    def or_as(self, before: Facts | None) -> Facts:
        """With what was known last in place of what could not be had: the next whole answer is compared with that."""
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
    ask: Callable[[ProxmoxClient, Facts, Budget], Awaitable[Any]]
    period_seconds: float
    cap_seconds: float
    standalone: Any = None


def _permissions(client: ProxmoxClient, _facts: Facts, budget: Budget) -> Awaitable[Any]:
    return client.permissions(budget)


def _version(client: ProxmoxClient, _facts: Facts, budget: Budget) -> Awaitable[Any]:
    return client.version(budget)


def _qdevice(client: ProxmoxClient, _facts: Facts, budget: Budget) -> Awaitable[Any]:
    return client.qdevice(budget)


def _votes(client: ProxmoxClient, _facts: Facts, budget: Budget) -> Awaitable[Any]:
    return client.votes(budget)


def _coverage(client: ProxmoxClient, facts: Facts, budget: Budget) -> Awaitable[Any]:
    return client.backup_coverage(facts.guests, budget)


def _backup_jobs(client: ProxmoxClient, _facts: Facts, budget: Budget) -> Awaitable[Any]:
    return client.backup_jobs(budget)


RIGHTS = Question(name="permissions", ask=_permissions, period_seconds=0, cap_seconds=900)
VERSION = Question(name="version", ask=_version, period_seconds=3_600, cap_seconds=4 * 3_600)
QDEVICE = Question(
    name="qdevice", ask=_qdevice, period_seconds=60, cap_seconds=900, standalone=QDevice(configured=False)
)
VOTES = Question(name="votes", ask=_votes, period_seconds=3_600, cap_seconds=4 * 3_600, standalone=Votes(by_node={}))
COVERAGE = Question(name="backup_coverage", ask=_coverage, period_seconds=120, cap_seconds=1_800)
BACKUP_JOBS = Question(name="backup_jobs", ask=_backup_jobs, period_seconds=300, cap_seconds=3_600)
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


@dataclass(kw_only=True)
class Schedule:
    """The slow questions of one cluster and their answers."""

    client: ProxmoxClient
    questions: tuple[Question, ...] = QUESTIONS
    clock: Callable[[], float] = time.monotonic
    remembered: dict[str, Remembered[Any]] = field(init=False, repr=False)
    forward: set[str] = field(default_factory=set)
    before: Facts | None = None
    last: str | None = None

    def __post_init__(self) -> None:
        self.remembered = {
            question.name: Remembered(
                name=question.name,
                period_seconds=question.period_seconds,
                cap_seconds=question.cap_seconds,
                clock=self.clock,
            )
            for question in self.questions
        }

    def begin(self, facts: Facts) -> Remembered[Any] | None:
        """Begin to ask the question of this probe, if one is due."""
        self.forward |= signs(self.before, facts)
        self.before = facts.or_as(self.before)
        for question in self.questions:
            if _is_settled(question, facts):
                self.remembered[question.name].note(question.standalone)
        picked = self.pick([question for question in self.questions if not _is_settled(question, facts)])
        if picked is None:
            return None
        self.forward.discard(picked.name)
        self.last = picked.name
        attempt = self.remembered[picked.name]
        attempt.begin(partial(picked.ask, self.client, facts))
        return attempt

    def pick(self, candidates: Collection[Question]) -> Question | None:
        """Brought forward, else never asked, else the rights at least every second time."""
        now = self.clock()
        overdue = {question.name: self.remembered[question.name].overdue(now) for question in candidates}
        free = [question for question in candidates if self._may_be_asked(question, overdue[question.name])]
        for question in free:
            if question.name in self.forward:
                return question
        for question in free:
            if not self.remembered[question.name].was_tried:
                return question
        due = [question for question in free if question is not RIGHTS and overdue[question.name] >= 1]
        if due and (self.last == RIGHTS.name or RIGHTS not in free):
            return max(due, key=lambda question: overdue[question.name])
        return RIGHTS if RIGHTS in free else None

    def _may_be_asked(self, question: Question, overdue: float) -> bool:
        """Not while an attempt is under way, nor while a source that failed is left alone."""
        known = self.remembered[question.name]
        return not known.is_running and (known.failure is None or overdue >= 1)

    def open_questions(self) -> list[Question]:
        """Those that have been asked, and the next one that has not: a first probe does not miss what comes later."""
        tried = [question for question in self.questions if self.remembered[question.name].was_tried]
        return [*tried, *[question for question in self.questions if question not in tried][:1]]

    def recall(self, question: Question) -> Aged[Any]:
        return self.remembered[question.name].recall()

    def cancel(self) -> None:
        for known in self.remembered.values():
            known.cancel()


def _is_settled(question: Question, facts: Facts) -> bool:
    """A standalone node has no votes and no QDevice to ask for."""
    return question.standalone is not None and facts.cluster is not None and facts.cluster.standalone
