"""A network as a target: heads, forks, consensus and events, from several nodes that witness for it.

What must agree is compared, what is immutable is kept, and what one witness cannot give costs that witness only. Every
collector of a probe shares one look at the heads and one catching up of headers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sankofa_exporters.besu.network.client.chains import AT_ONCE, catch_up, fetch
from sankofa_exporters.besu.network.client.witnesses import Witness, look
from sankofa_exporters.besu.network.families import NETWORK_KNOWN, NETWORK_UP
from sankofa_exporters.besu.network.samples import consensus_samples, fork_samples, head_samples
from sankofa_exporters.besu.network.snapshot.chains import Chains
from sankofa_exporters.besu.network.snapshot.consensus import Consensus, consensus_of
from sankofa_exporters.besu.network.snapshot.forks import Forks, forks_of
from sankofa_exporters.besu.network.snapshot.headers import Header
from sankofa_exporters.besu.network.snapshot.heads import Heads
from sankofa_exporters.besu.network.snapshot.view import ChainView
from sankofa_exporters.besu.network.system.contracts import ContractWatch
from sankofa_exporters.besu.network.system.stream import BlockStream
from sankofa_exporters.besu.network.verdict import network_verdict
from sankofa_exporters.besu.rpc.client import Call
from sankofa_exporters.besu.rpc.snapshot.consensus_apis import APIS, BY_DIALECT, first_answer, parse_validators
from sankofa_exporters.besu.settings import BesuModule
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.probe.budget import Budget
from sankofa_exporters.probe.shared import Once
from sankofa_exporters.probe.source import Collector, Results, Verdict

VIEW_HEIGHTS = 512  # kept of each witness, so that a minority that stands still can be compared for a while
SETS_ASKED = 16  # validator sets asked in one probe of a chain whose headers list none
GAP_BLOCKS = 512  # headers read in one probe to close a gap between two probes
LOST_BLOCKS = 20_000  # a larger gap is given up and counted as skipped


@dataclass(kw_only=True)
class Probe:
    """What the collectors of one probe share."""

    source: NetworkSource
    heads: Once[Heads] = field(init=False)
    chains: Once[Chains] = field(init=False)
    validators: Once[tuple[bytes, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.heads = Once(fetch=self.source.look)
        self.chains = Once(fetch=self._chains)
        self.validators = Once(fetch=self._validators)

    async def run(self, budget: Budget) -> list[Header]:
        """The newest witness's headers, with the validators that had to be asked for, as far as the node tells them."""
        chains = await self.chains.get(budget)
        with suppress(CollectorError):
            await self.validators.get(budget)
        return self.source.view.run(chains.reference, chains.run[-1], self.source.module.window_blocks + 1)

    async def forks(self, budget: Budget) -> Forks:
        return forks_of(self.source.view, await self.chains.get(budget))

    async def consensus(self, budget: Budget) -> Consensus:
        return consensus_of(await self.run(budget), window_blocks=self.source.module.window_blocks)

    async def security(self, budget: Budget) -> None:
        run = await self.run(budget)
        stream = self.source.stream
        stream.begin(run[-1])
        low, high = stream.gap(run[0].number)
        if 0 < high - low <= LOST_BLOCKS:
            await self._close_gap(low, min(high, low + GAP_BLOCKS), budget)
            if low + GAP_BLOCKS < high:
                return  # more comes with the next probe
        stream.feed(run)

    async def contracts(self, budget: Budget) -> None:
        """Up to a head that was verified; a lying one would move the cursor past logs that are still to come."""
        if self.source.module.consensus == "auto":
            chains = await self.chains.get(budget)
            client, head = self.source.witness(chains.reference).client, chains.run[-1].number
        else:
            best = (await self.heads.get(budget)).best
            client, head = self.source.witness(best.witness).client, best.number
        await self.source.contracts.advance(client, head, budget)

    async def _chains(self, budget: Budget) -> Chains:
        return await catch_up(
            self.source.view,
            {one.name: one for one in self.source.witnesses},
            await self.heads.get(budget),
            self.source.module.window_blocks,
            budget,
        )

    async def _close_gap(self, low: int, high: int, budget: Budget) -> None:
        witness = self.source.witness((await self.chains.get(budget)).reference)
        for start in range(low, high, AT_ONCE):
            numbers = range(start, min(high, start + AT_ONCE))
            self.source.stream.feed(await fetch(self.source.view, witness, numbers, budget))

    async def _validators(self, budget: Budget) -> tuple[bytes, ...]:
        """Out of the newest header, or asked of its witness for each recent header that lists none."""
        chains = await self.chains.get(budget)
        silent = [header for header in chains.run[-SETS_ASKED:] if not header.validators and header.number > 0]
        if silent:
            await self._ask_validators(self.source.witness(chains.reference), silent, budget)
        return self.source.view.headers[chains.run[-1].hash].validators

    async def _ask_validators(self, witness: Witness, silent: Sequence[Header], budget: Budget) -> None:
        """All in one batch. The newest must be answered; an older block's state may be gone, and then stays unknown."""
        calls: list[Call] = [
            (APIS[api].validators, [hex(header.number)]) for header in silent for api in BY_DIALECT[header.dialect]
        ]
        answers = iter(await witness.client.many(calls, budget))
        for header in silent:
            apis = BY_DIALECT[header.dialect]
            try:
                found = parse_validators(first_answer([next(answers) for _ in apis]), APIS[apis[0]].validators)
                self.source.view.set_validators(header, found)
            except CollectorError:
                if header is silent[-1]:
                    raise


@dataclass(frozen=True, kw_only=True)
class NetworkSource:
    """One network."""

    witnesses: tuple[Witness, ...]
    module: BesuModule
    view: ChainView
    contracts: ContractWatch
    stream: BlockStream = field(default_factory=BlockStream)
    clock: Callable[[], float] = time.time
    up: Family = NETWORK_UP
    known: Family = NETWORK_KNOWN

    @classmethod
    def of(cls, witnesses: Sequence[Witness], module: BesuModule) -> NetworkSource:
        view = ChainView(keep=max(2 * module.window_blocks, VIEW_HEIGHTS))
        return cls(witnesses=tuple(witnesses), module=module, view=view, contracts=ContractWatch(module=module))

    @property
    def collectors(self) -> Sequence[Collector]:
        probe = Probe(source=self)
        names = tuple(one.name for one in self.witnesses)
        head = Collector(
            name="head",
            fetch=probe.heads.get,
            samples=lambda r: head_samples(r["head"], r.get("forks"), self.module, names),
            age_seconds=Heads.age_seconds,
        )
        contracts = Collector(name="contracts", fetch=probe.contracts, samples=lambda _: ())
        return (
            head,
            *(self._consensus(probe) if self.module.consensus == "auto" else ()),
            *((contracts,) if self.contracts.addresses else ()),
        )

    def _consensus(self, probe: Probe) -> Sequence[Collector]:
        """`validators` and `security` have their samples elsewhere: a set that was asked for is in consensus, counters stand."""
        return (
            Collector(name="forks", fetch=probe.forks, samples=lambda r: fork_samples(r["forks"])),
            Collector(name="validators", fetch=probe.validators.get, samples=lambda _: (), required=False),
            Collector(name="consensus", fetch=probe.consensus, samples=lambda r: consensus_samples(r["consensus"])),
            Collector(name="security", fetch=probe.security, samples=lambda _: ()),
        )

    def verdict(self, results: Results, now: float) -> Verdict:
        return network_verdict(results["head"], results.get("forks"), now=now, module=self.module)

    def standing(self) -> Iterable[Sample]:
        if self.module.consensus == "auto":
            yield from self.stream.samples()
        yield from self.contracts.samples()

    async def look(self, budget: Budget) -> Heads:
        return await look(self.witnesses, self.module, self.clock, budget)

    def witness(self, name: str) -> Witness:
        found = next((one for one in self.witnesses if one.name == name), None)
        if found is None:
            raise CollectorError(Kind.DECODE, f"no witness {name}")
        return found

    async def close(self) -> None:
        for one in self.witnesses:
            await one.client.http.aclose()
