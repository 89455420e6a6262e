"""attest: what stands in a document beside its counts is signed too, and a tolerated slot decides nothing."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from sankofa_observe.pipeline.attest import objection
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import Document
from sankofa_observe.testing import ScriptedSamples
from tests import builders
from tests.builders import PERIOD_SECONDS, SLOT_SECONDS, START, breach

HONEST = breach(builders.agreement()).document
IDENTITY = HONEST["settlement_id"]
OTHER = builders.digest_of("another settlement")


def samples(*, bad: int = 1) -> ScriptedSamples:
    """The attestor's own samples, in which the first `bad` slots are BAD."""
    source = ScriptedSamples()
    times = range(START - 15, START + PERIOD_SECONDS + 15, 15)
    down = {START + n * SLOT_SECONDS for n in range(bad)}
    source.add("sankofa_pve_up", [(at * 1000, int(at not in down)) for at in times], site="edge-1")
    source.add("sankofa_pve_known", [(at * 1000, 1) for at in times], site="edge-1")
    return source


def said(document: Document, source: ScriptedSamples | None = None, of: Agreement | None = None) -> str | None:
    agreement = of or builders.agreement()
    return objection(document, agreements={agreement.id: agreement}, source=source or samples())


@pytest.mark.parametrize(
    ("part", "value", "wanted"),
    [
        ("settlement_id", OTHER, f"names this settlement {IDENTITY}, not {OTHER}"),
        ("format", "sla-evidence/1", "reads sla-evidence/2, not sla-evidence/1"),
        ("exclusions", [["maintenance", START, START + 60]], "knows of no exclusion"),
    ],
)
def test_a_part_that_is_not_counted_is_held_against_what_it_must_be(part: str, value: Any, wanted: str) -> None:
    """A signature covers the whole document, so no name or exclusion in it is taken on trust."""
    assert said({**HONEST, part: value}) == wanted


def test_a_document_of_another_chain_is_another_settlement() -> None:
    """Its own chain is part of a settlement's name: exchanging the one without the other is noticed."""
    told = said({**HONEST, "chain": {"chain_id": 1, "contract": "0x" + "c1" * 20}})

    assert told is not None
    assert told.endswith(f"not {IDENTITY}")


def test_slots_in_another_order_are_objected_to() -> None:
    """The index of a slot is part of the root: all slots being there is not enough."""
    document = deepcopy(HONEST)
    document["slots"].reverse()

    assert said(document) == "expects 10 slots in a row, finds 10 or gaps"


def test_a_tolerated_slot_may_not_decide_the_price() -> None:
    """Within the tolerance too an attestor signs no credit of a band that it did not see reached."""
    made = builders.agreement(tolerance_slots=1)
    edges = zip(made.promises[0].bands, (995_000, 900_000, 700_000), strict=True)
    bands = tuple(replace(band, below_ppm=below) for band, below in edges)
    of = replace(made, promises=(replace(made.promises[0], bands=bands),))

    assert said(breach(of, bad=1).document, samples(bad=1), of) is None
    assert said(breach(of, bad=2).document, samples(bad=1), of) == (
        "owes 100000 ppm of the fee by its own counts, not 250000"
    )


def test_an_attestor_without_samples_of_its_own_signs_no_breach() -> None:
    """An empty source counts UNKNOWN where the proposer counted: nothing is taken on trust."""
    assert said(HONEST, ScriptedSamples()) == (
        "counts 10 slots otherwise, tolerates 0; the first is 2026-01-01T00:00:00Z"
    )


def test_an_attestor_needs_no_samples_to_object_to_terms() -> None:
    """Claims that its own terms contradict are refused without reading anything."""
    source = samples()
    said({**HONEST, "period": [START, START + 60]}, source)

    assert source.reads == []
