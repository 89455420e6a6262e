"""Forgeries made whole: a change whose sums, root and credit were computed anew still stands out where the format has a rule."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sankofa_observe.errors import InvalidInput
from sankofa_observe.pipeline.period import with_neighbours
from sankofa_observe.sla.agreement import Promise
from sankofa_observe.sla.evidence import canonical, parse, written
from sankofa_observe.sla.evidence.slot import slot_proof
from sankofa_observe.slo.gauge import Gauge, count_states
from sankofa_observe.slo.indicator import Combine, Members, MembersIndicator, OutageIndicator
from sankofa_observe.slo.members import count_members
from sankofa_observe.slo.objective import Budgeting
from sankofa_observe.slo.outage import count_outages
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.units import Period
from sankofa_observe.verify import CannotCheck, verify
from sankofa_observe.verify.evidence_2.form import Stretch, listed
from sankofa_observe.verify.evidence_2.parcels import fault_of, parcel_of
from sankofa_observe.verify.evidence_2.rows import recounted
from tests import builders
from tests.unit.documents import EVENTS, PERIOD, SITE, STATES, Document, document, key, of_events, of_states, source
from tests.unit.referee import flat, holds, made_whole, packed, resealed
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
    found["edges"][0][1] = 1


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


def _of_no_time(length: int) -> Callable[[Document], None]:
    """A period of so many seconds, in which no slot lies; nothing happened, which is good."""

    def forge(found: Document) -> None:
        start = found["period"][0] + 1
        found |= {"slots": [], "proofs": [], "period": [start, start + length]}
        found["slo"]["no_traffic"] = "good"

    return forge


def _over_all(section: str, name: str, value: int) -> Callable[[Document], None]:
    def forge(found: Document) -> None:
        found[section][name] = value
        if name == "target_ppm":
            found["agreement"]["bands"] = [[value, 1_000_000]]

    return forge


def _named(name: str, site: str) -> Callable[[Document], None]:
    return lambda found: found["slo"].update(name=name, site=site)


def _sampled_beyond_all_time(found: Document) -> None:
    found["proofs"][0][1][0][1].append([str(2**53), 1])


def _seen_beyond_all_time(found: Document) -> None:
    parcel = found["proofs"][-1][1][-1]
    parcel[9] = str(2**53)


@pytest.mark.parametrize(
    ("forge", "of"),
    [
        *((_of_no_time(seconds), honest) for seconds in (0, -600, -1, 58)),
        (_over_all("slo", "target_ppm", 2_000_000), honest), (_over_all("slo", "target_ppm", 0), honest),
        (_over_all("slo", "slot_target_ppm", 1_000_001), honest), (_over_all("slo", "slot_target_ppm", 0), honest),
        (_over_all("agreement", "cap_ppm", 5_000_000), honest), (_over_all("agreement", "cap_ppm", 0), honest),
        (_over_all("agreement", "version", 0), honest), (_over_all("chain", "chain_id", 0), honest),
        (lambda found: found["agreement"]["bands"].append([0, 1_000_000]), honest),
        *((_named(*names), honest) for names in (("a/b", "c"), ("a", "b/c"), ("", "c"), ("a", ""), ("A", "c"), ("a", "c-"), ("a" * 64, "c"), ("a\n", "c"))),
        (_sampled_beyond_all_time, honest), (_seen_beyond_all_time, honest_events),
    ],
)  # fmt: skip
def test_what_no_engine_can_write_is_refused_by_engine_verifier_and_referee(
    forge: Callable[[Document], None], of: Callable[[], Document]
) -> None:
    """A time without time, more than the whole, a name that joins, an instant as text: each with its sums made anew."""
    forged = copy.deepcopy(of())
    forge(forged)
    raw = packed(made_whole(forged))

    with pytest.raises(CannotCheck):
        verify(raw)
    with pytest.raises(InvalidInput):
        parse(raw)
    assert not holds(raw)


@pytest.mark.parametrize("combine", ["0 a=1,b=1", "1000001 a=1,b=1", "1000000 a=0,b=1", "500000 a/b=1", "500000 A=1"])
def test_parts_that_no_engine_can_write_are_refused_by_engine_verifier_and_referee(combine: str) -> None:
    """A share of more than the whole, a part without weight, a name with a slash."""
    forged = copy.deepcopy(honest())
    forged["slo"].update(counted="parts", combine=combine)
    raw = packed(made_whole(forged))

    with pytest.raises(CannotCheck, match=r"slo\.combine is"):
        verify(raw)
    with pytest.raises(InvalidInput, match="slo counts 'parts' by"):
        parse(raw)
    assert not holds(raw)


def test_a_promise_with_a_slash_in_a_name_is_not_made() -> None:
    """Two promises would have one id, and one settlement."""
    for name, site in (("a/b", "c"), ("a", "b/c")):
        with pytest.raises(ValueError, match="no name has a slash"):
            Promise(slo=builders.slo(name), site=site, bands=())


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


# ------------------------------------------------------------------------------------------------------------- of outages


def outages(*, lost: tuple[int, ...] = ()) -> Document:
    """Three minutes may be bad: the third to the seventh are, but those that were lost, of which nothing is known."""
    states = {n: SlotState.BAD if 2 <= n <= 6 else SlotState.GOOD for n in range(-4, 12)}
    seen = {PERIOD.starts_at + 60 * n: (SlotState.UNKNOWN if n in lost else state, 4) for n, state in states.items()}
    slo = builders.slo(indicator=OutageIndicator(of="down", limit_seconds=180), parts={"down": builders.slo("down")})
    return document(slo, count_outages(key(slo), with_neighbours(PERIOD, slo), seen, "down", 180))


def _says_that_it_was_not_known_before(found: Document) -> None:
    """The second slot that is too late is called unknown: the minutes before it are what the first one says."""
    found["slots"][5][1:] = [0, 0, 1, 0, 0, 0, 0, 0, 1, 0, "UNKNOWN"]
    found["proofs"][1][1] = [["UNKNOWN", 1], ["BAD", 2]]


def _says_that_it_was_good_meanwhile(found: Document) -> None:
    """And the slots on both sides of it are too late."""
    found["slots"][5][1:] = [1, 0, 0, 0, 0, 0, 0, 0, 1, 1, "GOOD"]
    del found["proofs"][1]


def _says_that_it_was_bad(found: Document) -> None:
    """A lost minute is called bad, in one of the three slots that lean on it."""
    found["slots"][6][1:] = [0, 1, 0, 0, 0, 0, 0, 0, 1, 1, "BAD"]
    found["proofs"][2][1] = [["BAD", 3]]


@pytest.mark.parametrize(
    ("lost", "forge"),
    [
        ((), _says_that_it_was_not_known_before),
        ((), _says_that_it_was_good_meanwhile),
        ((5,), _says_that_it_was_bad),
    ],
)
def test_slots_of_an_outage_tell_one_history(lost: tuple[int, ...], forge: Callable[[Document], None]) -> None:
    """Each row fits its own runs; together they do not."""
    found = outages(lost=lost)
    assert [row[-1] for row in found["slots"][4:7]] == (["UNKNOWN" if lost and n else "BAD" for n in range(3)])
    assert holds(packed(found))
    assert not _noticed(found)
    forge(found)
    found = made_whole(found)

    assert _noticed(found)
    assert not holds(packed(found))


# ------------------------------------------------------------------------------------------------------------- of members


def members() -> Document:
    """Two active sites and one on standby must be good; in the third minute one of three active ones is."""
    roles = (
        Members(role="active", needed=2, sites=("a", "b", "c")),
        Members(role="standby", needed=1, sites=("d", "e")),
    )
    needed = {one.role: one.needed for one in roles}
    slo = builders.slo(indicator=MembersIndicator(of="down", at_least=needed), parts={"down": builders.slo("down")})
    starts = range(PERIOD.starts_at - 60, PERIOD.ends_at + 60, 60)
    down = {site: {PERIOD.starts_at + 120} if site in "ab" else set() for site in "abcde"}
    found = {
        site: [builders.slot(at, SlotState.BAD if at in when else SlotState.GOOD, site=site) for at in starts]
        for site, when in down.items()
    }
    return document(slo, count_members(key(slo), with_neighbours(PERIOD, slo), found, roles))


def _needs_fewer(role: list[Any]) -> None:
    role[1] = 1


def _has_another_name(role: list[Any]) -> None:
    role[0] = "all"


def _names_a_site_twice(role: list[Any]) -> None:
    role[2].insert(0, ["a", "GOOD"])


def _mixes_its_sites(role: list[Any]) -> None:
    role[2].reverse()


def _has_a_site_of_another_role(role: list[Any]) -> None:
    role[2].append(["d", "BAD"])


def _has_a_site_in_no_state(role: list[Any]) -> None:
    role[2][0][1] = "FINE"


@pytest.mark.parametrize(
    "forge",
    [
        _needs_fewer,
        _has_another_name,
        _names_a_site_twice,
        _mixes_its_sites,
        _has_a_site_of_another_role,
        _has_a_site_in_no_state,
    ],
)
def test_a_proof_of_members_is_of_the_agreed_roles_and_of_each_site_once(forge: Callable[[list[Any]], None]) -> None:
    found = members()
    assert holds(packed(found))
    assert not _noticed(found)
    [[_, [active, _]]] = found["proofs"]
    forge(active)
    found = made_whole(found)

    assert _noticed(found)
    assert not holds(packed(found))


def test_a_good_row_of_members_has_as_many_as_the_roles_need() -> None:
    found = members()
    found["slots"][4][1:4] = [2, 3, 0]
    found = made_whole(found)

    assert _noticed(found)
    assert not holds(packed(found))


# ------------------------------------------------------------------------------------------------- of the shape of proofs and days


def three_days() -> Document:
    """Three days of slots of an hour, a bad one in each and one of the first two that is not known."""
    period = Period(starts_at=PERIOD.starts_at, ends_at=PERIOD.starts_at + 3 * 86_400)
    slo = builders.slo(
        indicator=STATES, sources={SITE: ("pve",)}, slot=replace(builders.slo().slot, seconds=3600, scrape_seconds=900)
    )
    scrapes = range(-900, 3 * 86_400 + 900, 900)
    seen = {
        (period.starts_at + at) * 1000: at % 86_400 >= 3600 for at in scrapes if not 82_800 <= at % 172_800 < 86_400
    }
    gauges = [Gauge(source="job/pve", seen=seen)]
    return document(slo, count_states(key(slo), with_neighbours(period, slo), gauges, Combine()), period)


NOTHING: list[Any] = [None, {}, "", 0, False, [None], [[]], [{}], [""], {"a": 1}]


@pytest.mark.parametrize("proof", NOTHING, ids=repr)
@pytest.mark.parametrize("events", [False, True])
@pytest.mark.parametrize("honestly", [False, True])
def test_a_proof_is_a_list_of_its_kind_or_none(proof: object, events: bool, honestly: bool) -> None:  # noqa: FBT001  parameters
    """What stands for a proof and is none confirms nothing: not a bad slot that is called unknown, and not the row as it was."""
    forged = copy.deepcopy(honest_events() if events else three_days())
    for carried in forged["proofs"]:
        carried[1] = copy.deepcopy(proof)
    for row in forged["slots"]:
        if row[-1] == "BAD" and not honestly:
            row[-1] = "UNKNOWN"
    forged = made_whole(forged)

    _is_refused(packed(forged))


@pytest.mark.parametrize("samples", NOTHING, ids=repr)
def test_samples_are_a_list_of_instants_and_states(samples: object) -> None:
    """Of a source that showed nothing there is an empty list, and nothing else."""
    slo = builders.slo(indicator=STATES, sources={SITE: ("pve",)})
    found = of_states(slo, [Gauge(source="job/pve", seen={})])
    assert {json.dumps(proof) for _, proof in found["proofs"]} == {'[["/pve", []]]'}
    assert holds(packed(found))
    for _, proof in found["proofs"]:
        proof[0][1] = copy.deepcopy(samples)

    _is_refused(packed(made_whole(found)))


def test_what_stands_for_a_proof_is_refused_in_the_proof_of_a_slot() -> None:
    """The file of one slot is read by the same shapes."""
    whole = parse(packed(three_days()))
    cut = json.loads(slot_proof(whole, PERIOD.starts_at))
    assert verify(canonical(cut)).wrong == []
    for proof in NOTHING:
        forged = copy.deepcopy(cut)
        forged["proof"] = [proof]
        forged["proof_digests"][0][1] = "0x" + hashlib.sha256(canonical(proof)).hexdigest()
        with pytest.raises(CannotCheck):
            verify(canonical(forged))
    for hashes in (["path"], ["path", 0]):
        forged = copy.deepcopy(cut)
        forged["path"][0] = forged["path"][0].upper().replace("0X", "0x") if hashes[1:] else forged["path"][0][2:]
        with pytest.raises(CannotCheck):
            verify(canonical(forged))


def _moves_a_proof_over_midnight(file: Any) -> None:
    file["days"][1]["proofs"].insert(0, file["days"][0]["proofs"].pop())


def _puts_all_proofs_last(file: Any) -> None:
    proofs = [proof for day in file["days"] for proof in day["proofs"]]
    file["days"] = [{**day, "proofs": proofs if day is file["days"][-1] else []} for day in file["days"]]


def _begins_with_an_empty_day(file: Any) -> None:
    file["days"].insert(0, {"day": 0, "rows": [], "proofs": []})


def _begins_with_a_thousand_empty_days(file: Any) -> None:
    file["days"] = [*({"day": day, "rows": [], "proofs": []} for day in range(1000)), *file["days"]]


def _ends_with_an_empty_day(file: Any) -> None:
    file["days"].append({"day": 2**53 - 1, "rows": [], "proofs": []})


def _merges_days(file: Any) -> None:
    later = file["days"].pop(1)
    file["days"][0] = {
        "day": later["day"] - 1,
        **{name: file["days"][0][name] + later[name] for name in ("rows", "proofs")},
    }


def _splits_a_day(file: Any) -> None:
    day = file["days"][0]
    file["days"][0:1] = [
        {**day, "rows": day["rows"][:12], "proofs": day["proofs"][:1]},
        {**day, "rows": day["rows"][12:], "proofs": day["proofs"][1:]},
    ]


def _mixes_the_order_of_days(file: Any) -> None:
    file["days"].reverse()


def _leaves_a_day_out(file: Any) -> None:
    file["days"].pop(1)


@pytest.mark.parametrize(
    "lay",
    [
        _moves_a_proof_over_midnight,
        _puts_all_proofs_last,
        _begins_with_an_empty_day,
        _begins_with_a_thousand_empty_days,
        _ends_with_an_empty_day,
        _merges_days,
        _splits_a_day,
        _mixes_the_order_of_days,
        _leaves_a_day_out,
    ],
)
def test_the_same_slots_have_one_identity(lay: Callable[[Any], None]) -> None:
    """Slots and proofs stand in the days of the period and in no other way: else one settlement had many hashes that all hold."""
    raw = packed(three_days())
    assert verify(raw).wrong == []
    assert (holds(raw), resealed(json.loads(raw))) == (True, raw)
    file = json.loads(raw)
    lay(file)

    _is_refused(resealed(file))


def _is_refused(raw: bytes) -> None:
    """By the verifier, the referee and the engine's own reading."""
    with contextlib.suppress(CannotCheck):
        assert verify(raw).wrong != []
    assert not holds(raw)
    with pytest.raises(InvalidInput):
        parse(raw)


def test_the_order_of_the_fleet_file_is_no_part_of_the_identity() -> None:
    """Sources stand in one order, each once, however the lines of the fleet file stand."""
    seen = {(PERIOD.starts_at + at) * 1000: False for at in range(-15, 630, 15)}
    found = [
        of_states(
            builders.slo(indicator=STATES, sources={SITE: names}),
            [Gauge(source=f"job/{name}", seen=seen) for name in ("n1", "n2")],
        )
        for names in (("n1", "n2"), ("n2", "n1"), ("n2", "n1", "n2"))
    ]

    assert packed(found[0]) == packed(found[1]) == packed(found[2])
    assert verify(packed(found[0])).wrong == []


@pytest.mark.parametrize("scrape_seconds", [1, 900])
def test_what_a_slot_costs_follows_from_its_samples(scrape_seconds: int) -> None:
    """A day of a sample a second, and thousands of sources of which nothing is known: each sample is looked at once."""
    expected = 86_400 // scrape_seconds
    seen = [[at * 1000, 0] for at in range(0, 86_400, scrape_seconds)]
    rules: dict[str, Any] = {
        "slot_seconds": 86_400,
        "scrape_seconds": scrape_seconds,
        "slot_expected": expected,
        "slot_target_ppm": 10**6,
    }
    rules |= {"counted": "states", "combine": "any", "settles_seconds": 0}
    proof = [["job/0", seen], *([f"job/{n}", []] for n in range(1, 4000))]
    row = [0, 0, 0, expected, 0, 0, 0, 0, 0, expected, 0, "UNKNOWN"]
    stretch = Stretch(rules=rules, rows=[row], proofs={0: proof}, settled=0, after=(0, 0, 0))
    began = time.process_time()

    assert recounted(stretch, 0) == listed(row)
    assert time.process_time() - began < 20


def test_parcels_that_return_are_looked_at_once() -> None:
    """Thousands of them, all early, in one slot: each looks up what it may return from."""
    rules = {"slot_seconds": 60, "scrape_seconds": 15, "settles_seconds": 0, "counts_bad": 0}
    slot = 29_000_000
    start_ms = slot * 60_000
    back = ["j/a", "return", slot, slot + 2, 0, 0, 100, 0, start_ms + 70_000, start_ms + 130_000, 0, 0, 0, 10, 25]
    fall = ["j/a", "contradiction", slot, slot, 0, 0, 0, 15, start_ms, start_ms + 15_000, 0, 0, 0, 0, -1]
    began = time.process_time()

    assert fault_of(rules, slot, [parcel_of(one) for one in [back, fall]]) == ""
    assert "do not fit each other" in fault_of(rules, slot, [parcel_of(one) for one in [*[back] * 10_000, fall]])
    assert time.process_time() - began < 20


# What the engine reads and an attestor compares with its own terms: whether it is true is not said by reading.
READ = [("budgeting", "RatioTimeslices"), ("no_traffic", "bad"), ("counts_bad", 1), ("settles_seconds", 15)]


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
        *(
            ("slo", "combine", text)
            for text in ("most", "atLeast", "atLeast 0", "atLeast 01", "atLeast  1", "atLeast 1 ", "atLeast +1")
        ),
        ("slo", "combine", "atLeast 1_0"),
        ("slo", "combine", "atLeast \N{FULLWIDTH DIGIT ONE}"),
        ("slo", "slot_expected", 0),
        ("slo", "spec_digest", ""),
        ("slo", "spec_digest", "0x" + "AB" * 32),
        ("chain", "chain_id", -1),
        ("chain", "contract", 7),
        *(
            ("chain", "contract", text)
            for text in ("c0" * 20, "0X" + "c0" * 20, "0x" + "C0" * 20, "0x0000" + "c0" * 20, " 0x" + "c0" * 19)
        ),
        ("agreement", "id", "0xnothing"),
        ("agreement", "id", "zz" + "ab" * 32),
        ("agreement", "id", "0x" + "ab" * 64),
        ("agreement", "terms_hash", "garbage"),
        ("agreement", "fee_minor", -5),
        ("agreement", "fee_minor", str(-(2**60))),
        ("agreement", "exponent", 19),
        ("agreement", "bands", [[995_000]]),
    ],
)
def test_field_of_no_meaning_cannot_be_checked(section: str, name: str, value: object) -> None:
    """A word or number that the format does not have ends in CannotCheck, never in a guess or another error; nobody reads it."""
    changed = copy.deepcopy(honest())
    changed[section][name] = value
    changed = made_whole(changed)

    with pytest.raises(CannotCheck):
        verify(packed(changed))
    assert not holds(packed(changed))
    if (name, value) not in READ:
        with pytest.raises(InvalidInput):
            parse(packed(changed))


@pytest.mark.parametrize("raw", [b"", b"\xff", b"[]", b"{}", b"[" * 3_000, b'{"format":"sankofa-evidence/2"}'])
def test_bytes_that_are_no_document_cannot_be_checked(raw: bytes) -> None:
    """Anything that is not such a document says nothing about numbers, however it is broken."""
    with pytest.raises(CannotCheck):
        verify(raw)


def test_a_file_without_a_format_is_told_as_that() -> None:
    """It is no format of the name None."""
    for raw in (b"{}", b"[]", b'{"format":null}'):
        with pytest.raises(CannotCheck, match=r"^format is missing, expected one of sankofa-evidence"):
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

    assert [check.what for check in verify(packed(changed)).checks if not check.holds] == [
        "slots are complete",
        "days of the period",
        f"day {PERIOD.starts_at // 86_400}: slots of the period",
        "root",
    ]
