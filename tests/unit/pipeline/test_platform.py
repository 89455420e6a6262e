"""Every stage over all specs: what a stage needs is opened when it first runs, and a clock that is wrong is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.adapters.slots import DeltaSlots, OthersSlots
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.pipeline.counting import Observed
from sankofa_observe.pipeline.platform import Platform
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.site import Site
from sankofa_observe.testing import FixedClock, MemoryArchive, ScriptedSamples
from tests import builders
from tests.builders import START


def platform(folder: Path, clock: FixedClock, source: ScriptedSamples, **opens: Any) -> Platform:
    """One SLO of one site, without agreements and without a chain."""
    ledger, slo = SqlLedger(f"sqlite:///{folder / 'ledger.sqlite'}"), builders.slo()
    defaults = {
        "open_source": lambda: source,
        "open_slots": lambda: DeltaSlots(folder / "slots", "observer-1"),
        "open_other": lambda name: OthersSlots(folder / "slots", name),
    }
    return Platform(
        catalog=Catalog(sites={"edge-1": Site(name="edge-1", tier=slo.tier, region="r")}, slos={slo.name: slo}),
        clock=clock,
        ledger=ledger,
        archive=MemoryArchive(),
        engine="engine/1",
        observer="observer-1",
        delay_seconds=30,
        identity=None,
        lease=ledger.lease("scheduler"),
        settling=None,
        **(defaults | opens),
    )


@pytest.mark.parametrize(("behind", "fails"), [(0, False), (60, False), (61, True), (3600, True), (-600, False)])
def test_a_clock_of_ours_that_is_behind_is_said(tmp_path: Path, behind: int, fails: bool) -> None:  # noqa: FBT001
    """Slots are counted as far as both clocks go, and then the stage fails, so that somebody is told; ahead it only waits."""
    source = ScriptedSamples(scraped_at=START + 7200)
    one = platform(tmp_path, FixedClock(at=START + 7200 - behind), source)
    told, steps = "", list[Observed]()
    try:
        steps.extend(one.observe())
    except Unavailable as error:
        told = str(error)

    assert told.startswith(f"our clock is {behind} s behind that of the source") == fails
    assert sum(step.added for step in steps) > 0
    assert max(step.period.ends_at for step in steps) <= min(source.scraped_at, one.clock.now() - 30)


def test_what_a_stage_does_not_need_is_not_opened(tmp_path: Path) -> None:
    """Without a chain nothing is priced or settled, and the error names the section; no table is opened for that."""

    def opened() -> Any:
        pytest.fail("a store was opened")

    one = platform(tmp_path, FixedClock(at=START), ScriptedSamples(), open_source=opened, open_slots=opened)
    with pytest.raises(InvalidInput, match="`chain`"):
        list(one.settle())
