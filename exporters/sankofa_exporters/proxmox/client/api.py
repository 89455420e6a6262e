"""A GET over the seed nodes of one cluster: what is read of its `data`, and the clock of the node that answered.

Assumes an API token (no login, no ticket to renew). The token is read from its file for every probe, so that a rotated
one is used at once, and goes into the Authorization header and nowhere else. Only GET is ever sent.

Seeds are asked in order. One that is slow is not given up: the next seed is asked beside it and the first good answer counts.
A seed is called late only for what it did itself: it refused, or it was silent for a whole `SEED_SECONDS` whoever waited. Late
seeds are asked last. One that answers 429 or 503 is left alone, for as long as it asked or until the next probe.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import httpx

from sankofa_exporters.model.failure import CollectorError, Failure, Kind
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.delay import observed
from sankofa_exporters.probe.threads import in_thread
from sankofa_exporters.proxmox.settings import read_token
from sankofa_exporters.reading.backoff import BUSY, Backoff
from sankofa_exporters.reading.http import Answer, check_status, exchange, read, small_json

V = TypeVar("V")
PROXIED_CODES = range(595, 600)  # the node that answered could not reach the one that was asked about
SEED_SECONDS = 5.0  # a seed that is silent for longer is late
PATIENCE_SECONDS = 1.0  # before the next seed is asked beside a slow one, where the deadline leaves as much
BUSY_SECONDS = 3.0  # for a seed that does not say for how long: over this probe's other calls, before the next probe
UNREACHED = frozenset({Kind.REFUSED, Kind.DNS, Kind.TLS})


class ApiError(CollectorError):
    """An answer that is not 200, with what tells one refusal from another."""

    def __init__(self, failure: Failure, *, status: int, message: str) -> None:
        super().__init__(failure.kind, failure.reason, retry_after_seconds=failure.retry_after_seconds)
        self.status = status
        self.message = message  # the source's own text: to compare with, never to show


@dataclass(frozen=True, kw_only=True)
class Reply(Generic[V]):
    """What was read, and the answering node's own clock in seconds since 1970 (ours less our delay, when it sent none)."""

    value: V
    clock: float


Outcome = Reply[V] | CollectorError
Parse = Callable[
    [Any, float], V
]  # of `data` and the clock of the node that answered; in a thread when the body is large
Enough = Callable[[Outcome[V]], bool]


def is_reply(outcome: Outcome[V]) -> bool:
    return isinstance(outcome, Reply)


@dataclass(kw_only=True)
class ProxmoxApi:
    """One cluster's API. `judges_silence` is off where a silent node behind the seed would be taken for a silent seed."""

    http: httpx.AsyncClient = field(repr=False)
    endpoints: tuple[str, ...]
    token_file: Path
    body_bytes: int
    judges_silence: bool = True
    late: set[str] = field(default_factory=set)
    backoff: dict[str, Backoff] = field(default_factory=lambda: defaultdict(Backoff))
    token: str | CollectorError = field(default_factory=lambda: CollectorError(Kind.AUTH, "not read yet"), repr=False)
    judged: dict[str, asyncio.Task[Any]] = field(default_factory=dict, repr=False)  # attempts that outlive their caller

    async def read_token(self) -> None:
        """Once for each probe, before its first call; what is wrong with the file is every call's failure."""
        try:
            self.token = await in_thread(read_token, self.token_file)
        except ValueError as error:
            self.token = CollectorError(Kind.AUTH, str(error))

    async def get(self, path: str, parse: Parse[V], budget: Budget) -> Reply[V]:
        """The first good reply of any seed; raises the first seed's `CollectorError` when there is none."""
        outcomes = await self.outcomes(path, parse, budget, enough=is_reply)
        for outcome in outcomes:
            if isinstance(outcome, Reply):
                return outcome
        raise _first_error(outcomes, path)

    async def outcomes(self, path: str, parse: Parse[V], budget: Budget, *, enough: Enough[V]) -> list[Outcome[V]]:
        """What each seed answered, in the order of the answers, until one is enough or the time is over."""
        waiting = sorted(self.endpoints, key=lambda seed: seed in self.late)
        running: dict[asyncio.Task[Outcome[V]], str] = {}
        found: list[Outcome[V]] = []
        try:
            while (waiting or running) and budget.remaining():
                if waiting:
                    seed = waiting.pop(0)
                    running[asyncio.create_task(self._attempt(seed, path, parse, budget))] = seed
                patience = _patience(budget.remaining(), len(waiting))
                done, _ = await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    del running[task]
                    found.append(task.result())
                    if enough(found[-1]):
                        return found
            silent = CollectorError(Kind.TIMEOUT, f"GET {path}: no complete answer in time")
            return [*found, *[silent] * (len(running) + len(waiting))]
        finally:
            for task, seed in running.items():
                self._leave(task, seed)

    def _leave(self, task: asyncio.Task[Any], seed: str) -> None:
        """Nobody waits any more; one attempt goes on where it can still tell whether its seed is late."""
        if self.judges_silence and len(self.endpoints) > 1 and seed not in self.late and seed not in self.judged:
            self.judged[seed] = task
            task.add_done_callback(lambda _: self.judged.pop(seed, None))
        else:
            task.cancel()

    async def _attempt(self, seed: str, path: str, parse: Parse[V], budget: Budget) -> Outcome[V]:
        """Never raises: an attempt may end when nobody waits for it."""
        try:
            return await self.ask(seed, path, parse, Budget.of(max(SEED_SECONDS, budget.remaining())))
        except CollectorError as error:
            return error
        except Exception as error:  # noqa: BLE001 - a defect in reading this answer is this answer's failure
            return CollectorError(Kind.DECODE, f"{path}: unexpected {type(error).__name__}")

    async def ask(self, seed: str, path: str, parse: Parse[V], budget: Budget) -> Reply[V]:
        """The reply of this one seed."""
        if isinstance(self.token, CollectorError):
            raise CollectorError.of(self.token.failure)
        self.backoff[seed].check(f"GET {seed}")
        headers = {"authorization": f"PVEAPIToken={self.token}"}
        request = self.http.build_request("GET", f"{seed}/api2/json/{path}", headers=headers)
        granted = budget.remaining()
        with observed() as own:
            try:
                answer = await exchange(self.http, request, budget=budget, body_bytes=self.body_bytes)
            except CollectorError as error:
                silent = granted >= SEED_SECONDS and not own.measured().mostly_ours and self.judges_silence
                if error.failure.kind in UNREACHED or (error.failure.kind is Kind.TIMEOUT and silent):
                    self.late.add(seed)
                raise
            received_at = time.time() - own.measured().delay.seconds
        self.late.discard(seed)
        try:
            _check(answer)
        except CollectorError as error:
            self.backoff[seed].learn(error)
            raise
        clock = _clock(answer, received_at)
        return Reply(value=await read(answer, partial(_parse_data, answer.where, parse, clock)), clock=clock)

    async def close(self) -> None:
        for task in list(self.judged.values()):
            task.cancel()
        await self.http.aclose()


def _patience(remaining: float, seeds: int) -> float:
    """How long the seeds that were asked are waited for before the next one is asked beside them."""
    if not seeds:
        return remaining
    return max(remaining / (seeds + 1), min(PATIENCE_SECONDS, remaining / 2))


def _first_error(outcomes: list[Outcome[V]], path: str) -> CollectorError:
    for outcome in outcomes:
        if isinstance(outcome, CollectorError):
            return outcome
    return CollectorError(Kind.TIMEOUT, f"GET {path}: no seed was asked in time")


def _parse_data(where: str, parse: Parse[V], clock: float, document: Any) -> V:
    if not isinstance(document, Mapping) or "data" not in document:
        raise CollectorError(Kind.DECODE, f"{where}: JSON without data")
    return parse(document["data"], clock)


def _check(answer: Answer) -> None:
    if answer.status in PROXIED_CODES:
        reason = f"{answer.where}: answered {answer.status}, the node is not reached"
        raise ApiError(Failure(kind=Kind.REFUSED, reason=reason), status=answer.status, message="")
    try:
        check_status(answer)
    except CollectorError as error:
        wait = error.failure.retry_after_seconds
        if wait is None and answer.status in BUSY:
            wait = BUSY_SECONDS
        failure = Failure(kind=error.failure.kind, reason=error.failure.reason, retry_after_seconds=wait)
        raise ApiError(failure, status=answer.status, message=_message(answer)) from None


def _message(answer: Answer) -> str:
    """Proxmox' own text about a refusal, since 8 in the body; empty when there is none."""
    document = small_json(answer)
    message = document.get("message") if isinstance(document, Mapping) else None
    return message if isinstance(message, str) else ""


def _clock(answer: Answer, received_at: float) -> float:
    try:
        return parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError, OSError):
        return received_at
