"""The attestor with a key: it signs the very report of a document it reviewed, for the contract that document names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account import Account

from sankofa_observe.adapters.attestor import LocalAttestor
from sankofa_observe.adapters.keys import KeystoreSigner
from sankofa_observe.errors import InvariantBroken
from sankofa_observe.ports import AttestorSet
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.sla.settlement import Row
from sankofa_observe.testing import MemoryExclusions, ScriptedSamples
from tests import builders

SET = AttestorSet(members=(), threshold=2, epoch=1, config_digest="0x" + "00" * 32)


@pytest.fixture
def reviewed() -> tuple[LocalAttestor, Row]:
    """An attestor that has found nothing to object to in an honest breach."""
    agreement = builders.agreement()
    breach = builders.breach(agreement, bad=1)
    source = ScriptedSamples()
    for name, down in (("sankofa_pve_up", 1), ("sankofa_pve_known", 0)):
        samples = [((builders.START + 15 * n) * 1000, 0 if n < down else 1) for n in range(-4, 44)]
        source.add(name, samples, site="edge-1")
    attestor = LocalAttestor(
        name="a1",
        key=KeystoreSigner(Account.create()),
        source=source,
        catalog=Catalog(agreements={agreement.version_id: agreement}),
        exclusions=MemoryExclusions(),
    )
    assert attestor.objection(breach.document) is None
    return attestor, breach.penalty.row()


def test_a_reviewed_report_is_signed(reviewed: tuple[LocalAttestor, Row]) -> None:
    """The report of the reviewed document gets a signature of 65 bytes."""
    attestor, report = reviewed

    assert len(attestor.sign([report], SET, builders.CHAIN)) == 65


@pytest.mark.parametrize(
    "change",
    [
        {"agreement_id": builders.digest_of("other")},
        {"period_index": 1},
        {"slo_index": 1},
        {"good": 0},
        {"valid": 11},
        {"document_hash": builders.digest_of("other")},
    ],
)
def test_a_report_that_differs_in_one_field_is_not_signed(
    reviewed: tuple[LocalAttestor, Row], change: dict[str, object]
) -> None:
    """Whatever field of a reviewed report was changed, the attestor refuses and says so."""
    attestor, report = reviewed

    with pytest.raises(InvariantBroken, match="did not review as such"):
        attestor.sign([replace(report, **change)], SET, builders.CHAIN)  # type: ignore[arg-type]  # a table of fields


def test_what_was_reviewed_is_signed_as_whichever_revision_the_contract_asks_for(
    reviewed: tuple[LocalAttestor, Row],
) -> None:
    """Its counts are what was looked at; the contract takes the next revision and no other."""
    attestor, report = reviewed
    one, again = (attestor.sign_documents({report.document_hash: n}, SET, builders.CHAIN) for n in (1, 2))
    assert one == attestor.sign([report], SET, builders.CHAIN)
    assert again == attestor.sign([replace(report, revision=2)], SET, builders.CHAIN) != one


def test_a_report_for_another_contract_is_not_signed(reviewed: tuple[LocalAttestor, Row]) -> None:
    """The same report for another chain or contract is not what was reviewed."""
    attestor, report = reviewed

    with pytest.raises(InvariantBroken, match="did not review as such"):
        attestor.sign([report], SET, replace(builders.CHAIN, chain_id=1))
