"""Forgeries made whole: a change whose sums, root and credit were computed anew still stands out where the format has a rule."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from sankofa_observe.sla.evidence import written
from sankofa_observe.slo.objective import Budgeting
from sankofa_observe.verify import CannotCheck, verify
from tests import builders
from tests.unit.documents import EVENTS, SITE, Document, of_events, source
from tests.unit.referee import flat, holds, made_whole, packed
from tests.unit.test_verify import honest_events


def honest() -> Document:
    """Ten slots, the first one bad."""
    found: Document = flat(written(builders.breach(builders.agreement()).document))
    return found


def _expects_fewer(found: Document) -> None:
    found["slots"][4][9] = 2


def _sees_more_than_it_counts(found: Document) -> None:
    found["slots"][4][1:4] = [0, 0, 4]


def _is_better_than_all(found: Document) -> None:
    found["slots"][4][1] = 9


def _sees_more_than_expected(found: Document) -> None:
    found["slots"][4][10] = 5


def _is_blind_and_good(found: Document) -> None:
    found["slots"][4][4] = 60


def _counts_events_over_its_edge(found: Document) -> None:
    found["slots"][4][5] = 1


def _has_edges_though_it_counts_states(found: Document) -> None:
    found["edges"][1] = 1


def _carries_a_proof_twice(found: Document) -> None:
    found["proofs"].insert(0, [found["proofs"][0][0], []])


def _carries_a_proof_of_another_time(found: Document) -> None:
    found["proofs"].append([found["period"][1] + 60, []])


def _carries_samples_beyond_the_slot(found: Document) -> None:
    samples = found["proofs"][0][1][0][1]
    samples[:0] = [[samples[0][0] - 60_000, 1], [samples[0][0] - 30_000, 1]]


def _mixes_the_order_of_samples(found: Document) -> None:
    found["proofs"][0][1][0][1].reverse()


def _carries_a_source_twice(found: Document) -> None:
    found["proofs"][0][1].append(found["proofs"][0][1][0])


def _was_not_recorded_and_has_counts(found: Document) -> None:
    found["slots"][0] = [found["slots"][0][0], 3, 0, 1, 60, 0, 0, 0, 0, 4, 3, "UNKNOWN"]
    found["proofs"][0][1] = []


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
        _is_blind_and_good,
        _counts_events_over_its_edge,
        _has_edges_though_it_counts_states,
        _carries_a_proof_twice,
        _carries_a_proof_of_another_time,
        _carries_samples_beyond_the_slot,
        _mixes_the_order_of_samples,
        _carries_a_source_twice,
        _was_not_recorded_and_has_counts,
        _hides_a_band,
        _begins_bands_over_the_target,
        _pays_more_than_the_fee,
    ],
)
def test_forgery_that_fits_itself_breaks_a_rule_of_the_format(forge: Callable[[Document], None]) -> None:
    """With its sums and its root computed anew, a document that no engine writes is still noticed, by both verifiers."""
    forged = copy.deepcopy(honest())
    forge(forged)
    forged = made_whole(forged)

    assert [check for check in verify(packed(honest())).checks if not check.holds] == []
    assert _noticed(forged)
    assert not holds(packed(forged))


def _noticed(forged: Document) -> bool:
    try:
        return any(not check.holds for check in verify(packed(forged)).checks)
    except CannotCheck:
        return True


# ----------------------------------------------------------------------------------------------------------- of events


def _parcels(found: Document, slot: int, kind: str) -> list[list[Any]]:
    [proof] = [proof for start, proof in found["proofs"] if start == found["slots"][slot][0]]
    return [parcel for parcel in proof if parcel[1] == kind]


def _calls_bad_events_good(found: Document) -> None:
    """The provider's: errors of the first bad slot become good, in parcels and row alike."""
    found["slots"][1][1:3] = [400, 0]
    for parcel in _parcels(found, 1, "growth"):
        parcel[4:6] = [100, 0]


def _moves_the_counters_with_it(found: Document) -> None:
    """The same, and the counters of each parcel show it: they no longer meet those before and after."""
    _calls_bad_events_good(found)
    for parcel in _parcels(found, 1, "growth"):
        parcel[12] = parcel[10] + 100


def _counts_a_step_twice(found: Document) -> None:
    """The tenant's: a bad step counts double."""
    proof = found["proofs"][0][1]
    proof.append(list(proof[1]))
    found["slots"][1][1] += proof[1][4]
    found["slots"][1][2] += proof[1][5]


def _was_blind(found: Document) -> None:
    """The provider's: the selector met no series in a bad slot."""
    found["slots"][1][4], found["slots"][1][11] = 60, "UNKNOWN"


def _was_lost_before_a_restart(found: Document) -> None:
    """The tenant's: nothing was lost when the counters fell."""
    for parcel in _parcels(found, 7, "restart"):
        parcel[6], found["slots"][7][3] = 0, 0


def _lets_events_float(found: Document) -> None:
    """The provider's: bad events may belong to the slot before as well."""
    parcels = _parcels(found, 1, "growth")
    for parcel in parcels:
        parcel[2] -= 1
    found["slots"][1][5:7] = [sum(parcel[4] for parcel in parcels), sum(parcel[5] for parcel in parcels)]


def _lets_events_settle(found: Document) -> None:
    found["slots"][1][8] = 400


@pytest.mark.parametrize(
    "forge",
    [
        _calls_bad_events_good,
        _moves_the_counters_with_it,
        _counts_a_step_twice,
        _was_blind,
        _was_lost_before_a_restart,
        _lets_events_float,
        _lets_events_settle,
    ],
)
def test_forged_count_of_events_breaks_with_its_counters(forge: Callable[[Document], None]) -> None:
    """Rows, parcels and sums made to fit each other still have to fit what the counters showed."""
    forged = copy.deepcopy(honest_events())
    forge(forged)
    forged = made_whole(forged)

    assert forged["slots"] != honest_events()["slots"] or forged["proofs"] != honest_events()["proofs"]
    assert _noticed(forged)
    assert not holds(packed(forged))


def honest_return() -> Document:
    """Ten slots; the counters show less in the middle of the third to that of the sixth, and are then back."""
    rows = [(at, (at + 3600) // 15 * 100 - 5000 * (150 <= at < 330)) for at in range(-3600, 630, 15)]
    slo = builders.slo(indicator=EVENTS, budgeting=Budgeting.OCCURRENCES, sources={SITE: ("app",)})
    return of_events(slo, [source([(at, counted, counted) for at, counted in rows])])


def test_what_returned_may_belong_to_every_slot_since_its_source_fell() -> None:
    """Were it to begin a slot later, the slot of the fall would keep none of it: then there is nothing to return from."""
    found = honest_return()
    [parcel] = _parcels(found, 5, "return")
    assert all(_parcels(found, slot, "return") == [parcel] for slot in (2, 3, 4))
    assert [row[7] for row in found["slots"]] == [0, 0, 0, *[parcel[6]] * 3, 0, 0, 0, 0]

    later = copy.deepcopy(found)
    later["slots"][3][7] = 0
    for _, proof in later["proofs"]:
        proof[:] = [one for one in proof if one != parcel or proof is not later["proofs"][0][1]]
        for one in proof:
            one[2] += one == parcel
    later = made_whole(later)
    assert not _noticed(found)
    assert holds(packed(found))
    assert _noticed(later)
    assert not holds(packed(later))


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("slo", "counted", "guesses"),
        ("slo", "budgeting", "RatioTimeslices"),
        ("slo", "no_traffic", "bad"),
        ("slo", "slot_seconds", 0),
        ("slo", "slot_seconds", -60),
        ("slo", "slot_seconds", 10**15),
        ("slo", "slot_expected", "4"),
        ("slo", "scrape_seconds", 0),
        ("slo", "counts_bad", 1),
        ("slo", "settles_seconds", 15),
        ("slo", "combine", "most"),
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
        verify(packed(changed))


@pytest.mark.parametrize("raw", [b"", b"\xff", b"[]", b"{}", b"[" * 3_000, b'{"format":"sankofa-evidence/2"}'])
def test_bytes_that_are_no_document_cannot_be_checked(raw: bytes) -> None:
    """Anything that is not such a document says nothing about numbers, however it is broken."""
    with pytest.raises(CannotCheck):
        verify(raw)


@pytest.mark.parametrize("raw", [b'{"format":"sla-evidence/2"}', b'{"format":"sankofa-evidence/3","days":[]}'])
def test_document_of_another_format_cannot_be_checked(raw: bytes) -> None:
    """Neither an older document nor a newer one is read by these rules."""
    with pytest.raises(
        CannotCheck, match=r"/[23]' is not known here, expected one of sankofa-evidence-slot/2, sankofa-evidence/2;"
    ):
        verify(raw)


@pytest.mark.parametrize("count", ["4", 4.0, True, "007", str(2**53 - 1), 2**53, "9" * 5_000, None, [4]])
def test_count_in_another_form_cannot_be_checked(count: object) -> None:
    """A count has one form: a whole number, and as text from 2^53 on."""
    changed = copy.deepcopy(honest())
    changed["slots"][4][1] = count

    with pytest.raises(CannotCheck):
        verify(json.dumps(changed).encode())
    assert not holds(json.dumps(changed).encode())


def test_period_without_end_is_refused_at_once() -> None:
    """A forger's period of billions of slots takes no memory: the numbers of slots are compared first."""
    changed = copy.deepcopy(honest())
    changed["period"] = [0, 10**15]

    assert [check.what for check in verify(packed(changed)).checks if not check.holds] == ["slots are complete", "root"]
