"""A network as a target: heads, forks, consensus and events, from several nodes that witness for it.

What must agree is compared, what is immutable is kept, and what one witness cannot give costs that witness only. Every
collector of a probe shares one look at the heads and one catching up of headers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from sankofa_exporters.besu.network.client.chains import AT_ONCE, catch_up, fetch
from sankofa_exporters.besu.network.client.details import ask_next_validators, ask_waiting
from sankofa_exporters.besu.network.client.witnesses import Witness, look
from sankofa_exporters.besu.network.families import NETWORK_KNOWN, NETWORK_UP
from sankofa_exporters.besu.network.samples import (
    consensus_samples,
    fork_samples,
    head_samples,
    next_validator_samples,
    waiting_samples,
)
from sankofa_exporters.besu.network.snapshot.chains import Chains
from sankofa_exporters.besu.network.snapshot.consensus import Consensus, consensus_of
from sankofa_exporters.besu.network.snapshot.forks import Forks, forks_of
from sankofa_exporters.besu.network.snapshot.headers import Header
from sankofa_exporters.besu.network.snapshot.heads import Heads
from sankofa_exporters.besu.network.snapshot.presence import RECENT_BLOCKS, Presence, presence_of
from sankofa_exporters.besu.network.snapshot.view import ChainView
from sankofa_exporters.besu.network.snapshot.waiting import Waiting
from sankofa_exporters.besu.network.system.contracts import ContractWatch
from sankofa_exporters.besu.network.system.details import Answer, Details, ask_if_due, ask_next_pool
from sankofa_exporters.besu.network.system.executions import Executions, Seen
from sankofa_exporters.besu.network.system.stream import BlockStream
from sankofa_exporters.besu.network.verdict import network_verdict
from sankofa_exporters.besu.rpc.client import Call
from sankofa_exporters.besu.rpc.snapshot.consensus_apis import APIS, BY_DIALECT, first_answer, parse_validators
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.remembered import Aged
from sankofa_exporters.probe.shared import Shared
from sankofa_exporters.probe.source import Collector, Results, Verdict

VIEW_HEIGHTS = 512  # kept of each witness, so that a minority that stands still can be compared for a while
SETS_ASKED = 16  # validator sets asked in one probe of a chain whose headers list none
GAP_BLOCKS = 512  # headers read in one probe to close a gap between two probes
LOST_BLOCKS = 20_000  # a larger gap is given up and counted as skipped


@dataclass(frozen=True, kw_only=True)
class ConsensusNow:
    """The window, and who takes part now; None for the latter when the newest header is old, or cannot show it."""

    window: Consensus
    presence: Presence | None


@dataclass(kw_only=True)
class Probe:
    """What the collectors of one probe share."""

    source: NetworkSource
    shared: Shared = field(default_factory=Shared, repr=False)

    async def heads(self, budget: Budget) -> Heads:
        source = self.source
        return await self.shared.once("heads", lambda: look(source.witnesses, source.module, source.clock, budget))

    async def chains(self, budget: Budget) -> Chains:
        return await self.shared.once("chains", lambda: self._chains(budget))

    async def validators(self, budget: Budget) -> tuple[bytes, ...]:
        return await self.shared.once("validators", lambda: self._validators(budget))

    async def run(self, budget: Budget) -> list[Header]:
        """The newest witness's headers, with the validators that had to be asked for, as far as the node knows them."""
        chains = await self.chains(budget)
        with suppress(CollectorError):
            await self.validators(budget)
        return self.source.view.run(chains.reference, chains.run[-1], self.source.depth + 1)

    async def forks(self, budget: Budget) -> Forks:
        return forks_of(self.source.view, await self.chains(budget))

    async def consensus(self, budget: Budget) -> ConsensusNow:
        run, module = await self.run(budget), self.source.module
        window = consensus_of(run, window_blocks=module.window_blocks)
        is_current = self.source.clock() - run[-1].timestamp <= module.oldest_head_seconds
        return ConsensusNow(window=window, presence=presence_of(run) if is_current else None)

    async def security(self, budget: Budget) -> None:
        run = (await self.run(budget))[-(self.source.module.window_blocks + 1) :]
        stream = self.source.stream
        stream.begin(run[-1])
        low, high = stream.gap(run[0].number)
        if 0 < high - low <= LOST_BLOCKS:
            await self._close_gap(low, min(high, low + GAP_BLOCKS), budget)
            if low + GAP_BLOCKS < high:
                return  # more comes with the next probe
        stream.feed(run)

    async def contracts(self, budget: Budget) -> None:
        head = await self._head(budget)
        await self.source.contracts.advance(head.client, head.number, budget)

    async def executions(self, budget: Budget) -> None:
        await self.source.executions.advance(await self._head(budget), self.source.view, budget)

    async def waiting(self, budget: Budget) -> Waiting:
        """One witness's pool, asked now; raises `CollectorError` only when no pool is known and a witness failed to tell its own."""
        source, details = self.source, self.source.details
        believed = {one.witness for one in (await self.heads(budget)).believed}
        asked = [
            (details.waiting[one.name], partial(ask_waiting, one.client))
            for one in source.witnesses
            if one.name in believed
        ]
        found = Waiting(told=await ask_next_pool(asked, self._patience(budget)), pools=details.pools())
        for one in details.waiting.values():
            if not found.pools and one.failure is not None:
                raise CollectorError.of(one.failure)
        return found

    async def next_validators(self, budget: Budget) -> Aged[Answer]:
        source, following = self.source, self.source.details.following
        chains = await self.chains(budget)  # whose failure is this one's too
        ask = partial(ask_next_validators, source.witness(chains.reference).client, chains.run[-1].dialect)
        await ask_if_due((following, ask), self._patience(budget))
        return following.recall()

    def _patience(self, budget: Budget) -> float:
        return min(budget.remaining(), self.source.module.witness_timeout_seconds)

    async def _head(self, budget: Budget) -> Seen:
        """A head that was verified, where headers are read: a lying one would move cursors past what is still to come."""
        heads = await self.heads(budget)
        name, number = heads.best.witness, heads.best.number
        if self.source.module.consensus == "auto":
            chains = await self.chains(budget)
            name, number = chains.reference, chains.run[-1].number
        chain_id = next(one.chain_id for one in heads.believed if one.witness == name)
        return Seen(witness=name, client=self.source.witness(name).client, chain_id=chain_id, number=number)

    async def _chains(self, budget: Budget) -> Chains:
        source = self.source
        witnesses = {one.name: one for one in source.witnesses}
        return await catch_up(source.view, witnesses, await self.heads(budget), source.depth, budget)

    async def _close_gap(self, low: int, high: int, budget: Budget) -> None:
        witness = self.source.witness((await self.chains(budget)).reference)
        for start in range(low, high, AT_ONCE):
            numbers = range(start, min(high, start + AT_ONCE))
            self.source.stream.feed(await fetch(self.source.view, witness, numbers, budget))

    async def _validators(self, budget: Budget) -> tuple[bytes, ...]:
        """Out of the newest header, or asked of its witness for each recent header that lists none."""
        chains = await self.chains(budget)
        unlisted = [header for header in chains.run[-SETS_ASKED:] if not header.validators and header.number > 0]
        if unlisted:
            await self._ask_validators(self.source.witness(chains.reference), unlisted, budget)
        return self.source.view.headers[chains.run[-1].hash].validators

    async def _ask_validators(self, witness: Witness, unlisted: Sequence[Header], budget: Budget) -> None:
        """All in one batch. The newest must be answered; an older block's state may be gone, and then stays unknown."""
        calls: list[Call] = [
            (APIS[api].validators, [hex(header.number)]) for header in unlisted for api in BY_DIALECT[header.dialect]
        ]
        answers = iter(await witness.client.many(calls, budget))
        for header in unlisted:
            apis = BY_DIALECT[header.dialect]
            try:
                found = parse_validators(first_answer([next(answers) for _ in apis]), APIS[apis[0]].validators)
                self.source.view.set_validators(header, found)
            except CollectorError:
                if header is unlisted[-1]:
                    raise


@dataclass(frozen=True, kw_only=True)
class NetworkSource:
    """One network."""

    witnesses: tuple[Witness, ...]
    module: BesuModule
    view: ChainView
    contracts: ContractWatch
    executions: Executions
    details: Details
    stream: BlockStream = field(default_factory=BlockStream)
    clock: Callable[[], float] = time.time
    up: Family = NETWORK_UP
    known: Family = NETWORK_KNOWN

    @classmethod
    def of(cls, witnesses: Sequence[Witness], module: BesuModule) -> NetworkSource:
        return cls(
            witnesses=tuple(witnesses),
            module=module,
            view=ChainView(keep=max(2 * module.window_blocks, VIEW_HEIGHTS)),
            contracts=ContractWatch(module=module),
            executions=Executions.of(module, (one.name for one in witnesses)),
            details=Details.of(one.name for one in witnesses),
        )

    @property
    def depth(self) -> int:
        """Headers that are read: the window, or what shows who takes part now if that is more."""
        return max(self.module.window_blocks, RECENT_BLOCKS)

    @property
    def collectors(self) -> Sequence[Collector]:
        probe = Probe(source=self)
        names = tuple(one.name for one in self.witnesses)
        head = Collector(
            name="head",
            fetch=probe.heads,
            samples=lambda r: head_samples(r["head"], r.get("forks"), self.module, names),
            age_seconds=Heads.age_seconds,
        )
        contracts = Collector(name="contracts", fetch=probe.contracts, samples=lambda _: ())
        # The samples of counters are the standing ones.
        executions = Collector(name="executions", fetch=probe.executions, samples=lambda _: (), required=False)
        waiting = Collector(
            name="waiting", fetch=probe.waiting, samples=lambda r: waiting_samples(r["waiting"]), required=False
        )
        return (
            head,
            *(self._consensus(probe) if self.module.consensus == "auto" else ()),
            waiting,
            *((contracts,) if self.contracts.addresses else ()),
            *((executions,) if self.executions.labels else ()),
        )

    def _consensus(self, probe: Probe) -> Sequence[Collector]:
        """`validators` and `security` have their samples elsewhere: a set that was asked for is in consensus, counters stand."""
        return (
            Collector(name="forks", fetch=probe.forks, samples=lambda r: fork_samples(r["forks"])),
            Collector(name="validators", fetch=probe.validators, samples=lambda _: (), required=False),
            Collector(
                name="consensus",
                fetch=probe.consensus,
                samples=lambda r: consensus_samples(r["consensus"].window, r["consensus"].presence),
            ),
            Collector(name="security", fetch=probe.security, samples=lambda _: ()),
            Collector(
                name="next_validators",
                fetch=probe.next_validators,
                samples=lambda r: next_validator_samples(r["next_validators"].value.value),
                age_seconds=lambda found, _: found.age_seconds,
                required=False,
            ),
        )

    def verdict(self, results: Results, now: float) -> Verdict:
        return network_verdict(results.get("head"), results.get("forks"), now=now, module=self.module)

    def standing(self) -> Iterable[Sample]:
        if self.module.consensus == "auto":
            yield from self.stream.samples()
        yield from self.contracts.samples()
        yield from self.executions.samples()

    def witness(self, name: str) -> Witness:
        found = next((one for one in self.witnesses if one.name == name), None)
        if found is None:
            raise CollectorError(Kind.DECODE, f"no witness {name}")
        return found

    async def close(self) -> None:
        self.details.cancel()
        for one in self.witnesses:
            await one.client.http.aclose()
