"""A turn of the scheduler in which nothing is due: 1,300 agreements of one promise each, on a ledger of SQLite that others fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.operations.metrics import PipelineMetrics
from sankofa_observe.operations.registry import ProcessMetrics
from sankofa_observe.pipeline.platform import Platform
from sankofa_observe.pipeline.settle import Settle
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.testing import FakeChain, FixedClock, MemoryArchive, MemorySlots
from tests import builders
from tests.builders import PERIOD_SECONDS, START, slots_of

AGREEMENTS = 1_300


def platform_of(ledger: SqlLedger, agreements: int = AGREEMENTS) -> Platform:
    """Everything wired, with one closed period that every agreement judged."""
    of = builders.agreement()
    many = {builders.digest_of(str(n)): replace(of, id=builders.digest_of(str(n))) for n in range(agreements)}
    clock, table = FixedClock(at=START + PERIOD_SECONDS), MemorySlots()
    table.append(slots_of(0, bad=0), clock.at)
    chain, archive = FakeChain(clock=clock, members=(), threshold=1), MemoryArchive()
    for one in many.values():
        ledger.add_agreement(agreement_id=one.id, version=1, tenant=one.tenant, terms_hash="", document="", at=1)
    return Platform(
        catalog=Catalog(agreements=many, slos={"availability-edge": of.promises[0].slo}),
        clock=clock,
        ledger=ledger,
        archive=archive,
        open_source=lambda: _unasked("source"),
        open_other=lambda _: table,
        open_slots=lambda: table,  # type: ignore[arg-type,return-value]  # nothing is sealed here
        engine="engine/1",
        observer="observer-1",
        delay_seconds=0,
        identity=chain.identity,
        lease=ledger.lease("scheduler"),
        settling=Settle(ledger=ledger, archive=archive, chain=chain, attestors=[], clock=clock),
    )


def turn_of(platform: Platform) -> Callable[[], None]:
    """All stages of the settling turn, and the metrics after it."""
    metrics = PipelineMetrics(ProcessMetrics(), platform.catalog)

    def turn() -> None:
        for stage in (
            platform.evaluate(only_new=True, look=False),
            platform.assess(),
            platform.settle(),
            platform.credit(),
        ):
            list(stage)
        metrics.refresh_records(platform.ledger, platform.clock.now())

    return turn


def _unasked(what: str) -> NoReturn:
    raise AssertionError(f"an idle turn asks no {what}")
