"""Evidence of a month of 43,200 slots of a minute: to build it, to write and read it, to verify it.

`.venv/bin/python -m tests.benchmarks.evidence` prints CPU seconds of this machine, the least of five runs.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from sankofa_observe.sla.evidence import Evidence, Provenance, document_hash, evidence_of, parse, written
from sankofa_observe.sla.evidence.slot import slot_proof
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.totals import Edges, total
from sankofa_observe.slo.verdict import attain
from sankofa_observe.units import Period
from sankofa_observe.verify import verify
from tests import builders

DAYS, RUNS = 30, 5
BAD_EVERY = 97  # about 15 bad minutes a day


def main() -> None:
    month = Period(starts_at=builders.START, ends_at=builders.START + DAYS * 86_400)
    starts = range(month.starts_at, month.ends_at, 60)
    slots = [builders.slot(at, SlotState.BAD if n % BAD_EVERY == 0 else SlotState.GOOD) for n, at in enumerate(starts)]
    agreement = builders.agreement()
    promise, attainment = agreement.promises[0], attain(agreement.promises[0].slo, total(slots))
    source = Provenance(engine="engine/1", observer="observer-1", queries=(), revision=1, assessed_at=month.ends_at)

    def build() -> Evidence:
        made = evidence_of(
            agreement=agreement, promise=promise, period=month, slots=slots, edges=Edges(), attainment=attainment,
            chain=builders.CHAIN, provenance=source,
        )  # fmt: skip
        document_hash(made.identity)
        return made

    made = build()
    raw = written(made)
    slot = slot_proof(made, month.starts_at)
    figures = {
        "build and hash": best(build),
        "write": best(lambda: written(made)),
        "read and check": best(lambda: parse(raw)),
        "verify": best(lambda: verify(raw)),
        "verify one slot": best(lambda: verify(slot)),
    }
    print(f"{len(slots)} slots, {len(made.days)} days; document {len(raw)} bytes, proof of one slot {len(slot)} bytes")
    print(json.dumps({name: round(seconds, 3) for name, seconds in figures.items()}, indent=2))


def best(act: Callable[[], Any]) -> float:
    """CPU seconds of the quickest run."""
    return min(_once(act) for _ in range(RUNS))


def _once(act: Callable[[], Any]) -> float:
    before = time.process_time()
    act()
    return time.process_time() - before


if __name__ == "__main__":
    main()
