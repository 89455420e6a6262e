"""Forgeries made whole: a change whose sums, root and credit were computed anew still stands out where the format has a rule."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import rfc8785
from eth_hash.auto import keccak

from sankofa_observe.sla.evidence import Document, canonical
from sankofa_observe.verify import CannotCheck, verify
from tests import builders


def honest() -> Document:
    """Ten slots, the first one bad."""
    return builders.breach(builders.agreement()).document


def root_of(rows: list[list[Any]]) -> str:
    """The root, as a forger would compute it."""
    level = [keccak(keccak(rfc8785.dumps([n, *row]))) for n, row in enumerate(rows)]
    while len(level) > 1:
        pairs = [level[n : n + 2] for n in range(0, len(level), 2)]
        level = [keccak(b"".join(sorted(pair))) if len(pair) == 2 else pair[0] for pair in pairs]
    return "0x" + level[0].hex()


def _expects_fewer(found: Document) -> None:
    found["slots"][4][3] = 2


def _sees_more_than_it_counts(found: Document) -> None:
    found["slots"][4][1:3] = [0, 0]


def _is_better_than_all(found: Document) -> None:
    found["slots"][4][1] = 9


def _sees_more_than_expected(found: Document) -> None:
    found["slots"][4][4] = 5


def _carries_samples_twice(found: Document) -> None:
    found["raw_samples"].insert(0, [found["raw_samples"][0][0], []])


def _carries_samples_of_another_time(found: Document) -> None:
    found["raw_samples"].append([found["period"][1] + 60, []])


def _carries_samples_beyond_the_slot(found: Document) -> None:
    series = found["raw_samples"][0][1][0]
    series.insert(0, [series[0][0] - 60_000, 1, 1])


def _mixes_the_order_of_samples(found: Document) -> None:
    found["raw_samples"][0][1][0].reverse()


def _hides_a_band(found: Document) -> None:
    found["agreement"]["bands"].insert(0, [990_000, 10_000])


def _begins_bands_over_the_target(found: Document) -> None:
    found["agreement"]["bands"].insert(0, [999_000, 10_000])


def _pays_more_than_the_fee(found: Document) -> None:
    found["agreement"]["bands"].append([1, 2_000_000])


@pytest.mark.parametrize(
    "forge",
    [
        _expects_fewer,
        _sees_more_than_it_counts,
        _is_better_than_all,
        _sees_more_than_expected,
        _carries_samples_twice,
        _carries_samples_of_another_time,
        _carries_samples_beyond_the_slot,
        _mixes_the_order_of_samples,
        _hides_a_band,
        _begins_bands_over_the_target,
        _pays_more_than_the_fee,
    ],
)
def test_forgery_that_fits_itself_breaks_a_rule_of_the_format(forge: Callable[[Document], None]) -> None:
    """With its root computed anew, a document that no engine writes is still a mismatch."""
    forged = copy.deepcopy(honest())
    forge(forged)
    forged["slot_root"] = root_of(forged["slots"])

    assert [check for check in verify(canonical(honest())) if not check.holds] == []
    assert [check.what for check in verify(canonical(forged)) if not check.holds]


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("slo", "counted", "guesses"),
        ("slo", "budgeting", "RatioTimeslices"),
        ("slo", "no_traffic", "bad"),
        ("slo", "slot_seconds", 0),
        ("slo", "slot_seconds", -60),
        ("slo", "slot_expected", "4"),
        ("chain", "chain_id", -1),
        ("chain", "contract", 7),
        ("agreement", "id", "0xnothing"),
        ("agreement", "bands", [[995_000]]),
    ],
)
def test_field_of_no_meaning_cannot_be_checked(section: str, name: str, value: object) -> None:
    """A word or number that the format does not have ends in CannotCheck, never in a guess or another error."""
    changed = copy.deepcopy(honest())
    changed[section][name] = value

    with pytest.raises(CannotCheck):
        verify(canonical(changed))


@pytest.mark.parametrize("raw", [b"", b"\xff", b"[]", b"{}", b"[" * 3_000, b'{"format":"sla-evidence/1"}'])
def test_bytes_that_are_no_document_cannot_be_checked(raw: bytes) -> None:
    """Anything that is not such a document says nothing about numbers, however it is broken."""
    with pytest.raises(CannotCheck):
        verify(raw)


def test_period_without_end_is_refused_at_once() -> None:
    """A forger's period of billions of slots takes no memory: the numbers of slots are compared first."""
    changed = copy.deepcopy(honest())
    changed["period"] = [0, 10**15]

    assert [check.what for check in verify(canonical(changed)) if not check.holds] == ["slots are complete"]
