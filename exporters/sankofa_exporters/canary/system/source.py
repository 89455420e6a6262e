"""One target: a task that asks at its own rate, and probes that show what it has counted.

It begins with the first probe and goes on between probes; when nobody has probed for longer than anybody follows a counter it
rests until the next one. One request at most is under way, because none may take longer than the interval.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass, field

from sankofa_exporters.canary.client.failures import RequestError, outcome_of
from sankofa_exporters.canary.client.http import HttpClient
from sankofa_exporters.canary.families import FAMILIES, KNOWN, UP
from sankofa_exporters.canary.samples import module_samples, newest_samples
from sankofa_exporters.canary.settings import CanaryModule, CanaryTarget
from sankofa_exporters.canary.signals import SIGNALS
from sankofa_exporters.canary.snapshot import KINDS, Ended, Failure, Outcome, Reply, Unknown
from sankofa_exporters.canary.verdict import Expected, decided_seconds, judge, settled, watched_seconds
from sankofa_exporters.model.bounds import Bounds
from sankofa_exporters.model.certificates import Certificates, current, shown_to
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.delay import Measured, Observed, observed
from sankofa_exporters.probe.resolver import lookups_of
from sankofa_exporters.probe.source import Collector, Results, Verdict, only
from sankofa_exporters.registry import System

from .tally import Tally
from .turns import Turns

log = logging.getLogger(__name__)
RESTS_AFTER_SECONDS = 1_860.0  # nobody follows a counter over a longer gap than half an hour (decision 0012)


@dataclass(kw_only=True, eq=False)
class CanarySource:
    """One target."""

    client: HttpClient
    module: CanaryModule
    expected: Expected
    since: float  # of the epoch
    clock: Callable[[], float] = time.monotonic
    tally: Tally = field(default_factory=Tally)
    newest: Ended | None = None
    known: Family = KNOWN
    up: Family = UP
    _seen: Ended | None = None  # the newest that is known
    _seen_at: float = float("-inf")
    _probed_at: float = float("-inf")
    _certificates: Certificates | None = field(default=None, repr=False)
    _ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def collectors(self) -> Sequence[Collector]:
        return (
            Collector(
                name="requests",
                fetch=self._recent,
                samples=lambda results: newest_samples(results["requests"]),
            ),
        )

    def verdict(self, results: Results, now: float) -> Verdict:
        del now
        return judge(only(Ended, results.get("requests")))

    def standing(self) -> Iterable[Sample]:
        return (*module_samples(self.module, self.since), *self.tally.samples(sees=self._recently_seen() is not None))

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.client.close()

    async def _recent(self, budget: Budget) -> Ended:
        """The newest request that is known, when it is recent; after a pause, the first one that ends."""
        self._probed_at = self.clock()
        if self._task is None or self._task.done():
            self._certificates = current()
            self._task = asyncio.get_running_loop().create_task(self._ask_for_ever(), context=Context())
        if self._recently_seen() is None:
            self._ended.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), budget.remaining())
        found = self._recently_seen()
        if found is not None:
            return found
        outcome = self.newest.outcome if self.newest is not None else None
        if isinstance(outcome, Unknown):
            raise CollectorError(KINDS[outcome], f"{self.client.where}: nothing is known: {outcome}")
        raise CollectorError(Kind.STALE, f"{self.client.where}: no request has ended in time")

    def _recently_seen(self) -> Ended | None:
        return self._seen if self.clock() - self._seen_at <= self.module.blind_seconds else None

    async def _ask_for_ever(self) -> None:
        with lookups_of(id(self)), shown_to(self._certificates):
            turns, turn = Turns(began=self.clock(), interval=self.module.interval_seconds), -1
            while self.clock() - self._probed_at < RESTS_AFTER_SECONDS:
                turn, missed = turns.after(turn, self.clock())
                self.tally.missed(missed)
                await asyncio.sleep(turns.at(turn) - self.clock())
                self._take(await self._one_request(Budget(ends_at=turns.at(turn) + self.module.timeout_seconds)))

    def _take(self, ended: Ended) -> None:
        self.tally.add(ended)
        self.newest = ended
        if ended.is_known:
            self._log(ended.outcome, self._seen.outcome if self._seen is not None else None)
            self._seen, self._seen_at = ended, self.clock()
        self._ended.set()

    def _log(self, outcome: Outcome, before: Outcome) -> None:
        """When a failure begins, changes and ends; that nothing is known any more is told as the collector's failure."""
        if outcome is before:
            return
        if outcome is None:
            log.info("answered again", extra={"where": self.client.where})
        else:
            log.warning("request failed", extra={"where": self.client.where, "outcome": str(outcome)})

    async def _one_request(self, budget: Budget) -> Ended:
        """Never raises: whatever happens is an outcome."""
        headers = await self.prepared(budget)
        if not isinstance(headers, Mapping):
            return Ended(outcome=headers, seconds=0)
        objective = self.module.objective_seconds
        with (
            observed() as own,
            _measured_after(watched_seconds(objective), own) as watching,
            _measured_after(decided_seconds(objective), own) as deciding,
        ):
            sent = await self.sent(headers, budget)
            took = own.measured()
            watched, later = await watching, await deciding
        outcome = settled(self.outcome(sent), took=took, watched=watched, later=later, objective_seconds=objective)
        return Ended(outcome=outcome, seconds=took.seconds, status=sent.status if isinstance(sent, Reply) else None)

    async def prepared(self, budget: Budget) -> Mapping[str, str] | Failure | Unknown:
        """The request's headers, or why it cannot be sent."""
        try:
            async with asyncio.timeout_at(budget.ends_at):
                return await self.client.prepare(budget)
        except RequestError as error:
            return error.outcome
        except TimeoutError:  # of a file system that hangs; a name server has a way of its own
            return Unknown.SETTINGS
        except Exception as error:  # noqa: BLE001 - a defect is nobody's outage
            return self._defect(error)

    async def sent(self, headers: Mapping[str, str], budget: Budget) -> Reply | Failure | Unknown:
        """The answer, or whose doing it is that there is none."""
        try:
            async with asyncio.timeout_at(budget.ends_at):
                return await self.client.send(headers)
        except RequestError as error:
            return error.outcome
        except Exception as error:  # noqa: BLE001 - each is an outcome
            outcome = outcome_of(error)
            return self._defect(error) if outcome is Unknown.DEFECT else outcome

    def outcome(self, sent: Reply | Failure | Unknown) -> Outcome:
        return self.expected.outcome(sent) if isinstance(sent, Reply) else sent

    def _defect(self, error: Exception) -> Unknown:
        # Without the traceback, which could quote an answer.
        log.error("defect", extra={"where": self.client.where, "defect": type(error).__name__})
        return Unknown.DEFECT


@contextlib.contextmanager
def _measured_after(seconds: float, own: Observed) -> Iterator[asyncio.Future[Measured]]:
    """What is measured so long after now, whenever the answer comes."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Measured] = loop.create_future()
    timer = loop.call_later(seconds, lambda: future.set_result(own.measured()))
    try:
        yield future
    finally:
        timer.cancel()
        future.cancel()


def open_source(module: CanaryModule, target: CanaryTarget, bounds: Bounds) -> CanarySource:
    del bounds  # a body's bound is the module's: what must stand in it stands at its begin
    client = HttpClient.of(module, target)
    return CanarySource(client=client, module=module, expected=module.expected(), since=time.time())


SYSTEM = System(
    name="canary",
    title="Sankofa canary exporter",
    default_address=":9548",
    module_type=CanaryModule,
    target_type=CanaryTarget,
    open=open_source,
    families=FAMILIES,
    signals=SIGNALS,
    asks=False,
    kinds=("http",),
)
