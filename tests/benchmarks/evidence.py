"""Evidence of a month of slots of a minute: to build it, to write and read it, to verify it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import rfc8785
from eth_hash.auto import keccak

from sankofa_observe.sla.evidence import Evidence, Provenance, document_hash, evidence_of, parse, written
from sankofa_observe.sla.evidence.slot import slot_proof
from sankofa_observe.sla.overlay import Overlay
from sankofa_observe.slo.observers import Seen
from sankofa_observe.slo.slot import Slot, SlotState
from sankofa_observe.slo.totals import Edges, row_text, total
from sankofa_observe.slo.verdict import attain
from sankofa_observe.units import Period
from sankofa_observe.verify import verify
from tests import builders

from .report import Row, Table, less

DAYS, RUNS = 30, 5
BAD_EVERY = 97  # about 15 bad minutes a day


def run() -> Table:
    month = Period(starts_at=builders.START, ends_at=builders.START + DAYS * 86_400)
    starts = range(month.starts_at, month.ends_at, 60)
    slots = [builders.slot(at, SlotState.BAD if n % BAD_EVERY == 0 else SlotState.GOOD) for n, at in enumerate(starts)]
    made = _build(slots, month)
    raw, document = written(made), json.loads(written(made))
    slot = slot_proof(made, month.starts_at)

    def alone(what: str, act: Callable[[], Any]) -> Row:
        return Row(what=what, ours=f"{best(act):.3f} s")

    return Table(
        title=f"Evidence of a month: {len(slots):,} slots in {len(made.days)} days",
        peer="a keccak-256 leaf a slot by eth-hash; JSON by rfc8785",
        how=f"CPU seconds of the least of {RUNS} runs. About 15 slots a day are bad and carry their samples.",
        rows=[
            less("build and hash", best(lambda: _build(slots, month)), best(lambda: _leaves(slots)), "s", 3),
            less("write", best(lambda: written(made)), best(lambda: rfc8785.dumps(document)), "s", 3),
            less("read, and check that it is canonical", best(lambda: parse(raw)), best(lambda: _read(raw)), "s", 3),
            alone("verify: recount, add up, judge, price, hash", lambda: verify(raw)),
            alone("verify the proof of one slot", lambda: verify(slot)),
        ],
        notes=(
            f"The document has {len(raw):,} bytes, the proof of one slot {len(slot):,}.",
            "The verifier uses Python's own library only.",
        ),
    )


def _build(slots: Sequence[Slot], month: Period) -> Evidence:
    agreement = builders.agreement()
    promise = agreement.promises[0]
    made = evidence_of(
        agreement=agreement,
        promise=promise,
        period=month,
        seen=[Seen(slots=slots, edges=Edges())],
        attainment=attain(promise.slo, total(slots)),
        overlay=Overlay(),
        chain=builders.CHAIN,
        provenance=Provenance(
            engine="engine/1", observer="observer-1", queries=(), revision=1, assessed_at=month.ends_at
        ),
    )
    document_hash(made.identity)
    return made


def _leaves(slots: Sequence[Slot]) -> list[bytes]:
    """The leaves alone of a tree over slots."""
    return [keccak(keccak(row_text(slot).encode())) for slot in slots]


def _read(raw: bytes) -> bool:
    return rfc8785.dumps(json.loads(raw)) == raw


def best(act: Callable[[], Any]) -> float:
    """CPU seconds of the quickest run."""
    return min(_once(act) for _ in range(RUNS))


def _once(act: Callable[[], Any]) -> float:
    before = time.process_time()
    act()
    return time.process_time() - before
