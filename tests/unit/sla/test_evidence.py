"""Evidence: its canonical form, its hashes, what it binds, and how it is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.evidence import (
    Evidence,
    Origin,
    canonical,
    document_hash,
    parse,
    period_root,
    reading,
    seen_of,
    written,
)
from sankofa_observe.sla.evidence.field import Field
from sankofa_observe.sla.evidence.form import exact, identity_json
from sankofa_observe.sla.evidence.slot import slot_proof
from sankofa_observe.sla.evidence.tree import head, path
from sankofa_observe.sla.settlement import ARROWS, ENDS, SettlementState
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.slot import SlotState
from sankofa_observe.slo.totals import DAY_SECONDS, Edges, site_days
from sankofa_observe.units import Period
from sankofa_observe.verify import CannotCheck, verify
from tests import builders
from tests.unit.documents import documents
from tests.unit.referee import packed


def small() -> Evidence:
    """Ten slots, the first one bad."""
    return builders.breach(builders.agreement()).document


def _samples(at: int) -> tuple[object, ...]:
    """Of a slot of four scrapes in an hour, the first of them down."""
    return (("job/pve", tuple(((at + 900 * n) * 1000, int(n > 0)) for n in range(4))),)


def days(count: int) -> Evidence:
    """That many days of slots of an hour, the first of each day bad; the last day ends at noon."""
    ends_at = builders.START + count * DAY_SECONDS - DAY_SECONDS // 2
    slots = [
        builders.slot(at, SlotState.BAD, proof=_samples(at)) if at % DAY_SECONDS == 0 else builders.slot(at)
        for at in range(builders.START, ends_at, 3600)
    ]
    return builders.evidence(slots, Period(starts_at=builders.START, ends_at=ends_at), slot_seconds=3600)


def test_hashes_of_a_small_document_are_these() -> None:
    """Golden: a change of any of them is a change of the format, and needs another name."""
    found = small()

    assert document_hash(found.identity) == "0x0c3633603e94729d6f287b74350f397f7320683818998150ce6d70c5f9567267"
    assert found.identity.root == "0x824ddaa8e4dd66f4650539a7467b45b835490675298e780ec454c4022b8d048e"
    assert found.identity.days[0].rows_digest == "0x7661e787586557a273ec6b7cda682ba7669a9632b48b245425227e5e29ca633d"
    assert found.identity.days[0].proofs_digest == "0xe14eb9fe334a28a7885858bf81fd7dc00458bdc4aace0702fe9f67f8edd79740"


def test_the_hash_on_chain_is_of_the_root_and_of_all_else() -> None:
    """Any tool that writes RFC 8785 and hashes finds it; a slot's proof shows the root, and of all else one hash."""
    identity = json.loads(written(small()))["identity"]
    root = bytes.fromhex(identity.pop("root")[2:])
    rest = hashlib.sha256(rfc8785.dumps(identity)).digest()
    cut = json.loads(slot_proof(small(), builders.START))

    assert "0x" + hashlib.sha256(b"\3" + root + rest).hexdigest() == document_hash(small().identity)
    assert (cut["root"], cut["rest"]) == ("0x" + root.hex(), "0x" + rest.hex())


def _other_row(document: dict[str, Any]) -> None:
    document["identity"]["row"]["period"] += 1


def _other_calendar(document: dict[str, Any]) -> None:
    document["identity"]["calendar"]["fixed"][2] += 1


def _two_calendars(document: dict[str, Any]) -> None:
    document["identity"]["calendar"]["bounds"] = document["identity"]["period"]


def _ninth_promise(document: dict[str, Any]) -> None:
    document["identity"]["row"]["slo"] = 8


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_other_row, "row.period is 1, which is not 1767225600 to 1767226200 in its calendar"),
        (_other_calendar, "calendar.id is 0x"),
        (_two_calendars, "calendar has 2 bounds and 3 words, expected either"),
        (_ninth_promise, "row.slo is 8, expected 0 to 7"),
    ],
)
def test_a_row_that_is_not_of_its_period_is_refused(change: Callable[[dict[str, Any]], None], told: str) -> None:
    """By the reader and by the verifier: the chain knows a period by its number alone."""
    document = json.loads(written(small()))
    change(document)
    with pytest.raises(InvalidInput, match=told):
        parse(canonical(document))
    assert _refused_by_verifier(canonical(document))


def _refused_by_verifier(raw: bytes) -> bool:
    """It says so of the calendar, or cannot check at all."""
    try:
        return any("calendar" in one.what for one in verify(raw).wrong)
    except CannotCheck:
        return True


@pytest.mark.parametrize(
    "change", [{"engine": "other/2"}, {"observer": "another"}, {"revision": 9}, {"assessed_at": 1}, {"queries": ()}]
)
def test_who_wrote_it_and_when_does_not_identify(change: dict[str, Any]) -> None:
    """Another release, observer, revision or hour writes another file of the same identity and root (case F18)."""
    found = small()
    other = replace(found, provenance=replace(found.provenance, **change))

    assert written(other) != written(found)
    assert json.loads(written(other))["identity"] == json.loads(written(found))["identity"]
    assert parse(written(other)) == other


@given(found=documents())
@settings(max_examples=30)
def test_the_fast_writer_writes_rfc_8785(found: dict[str, Any]) -> None:
    """Whatever was counted, the bytes are those of an independent implementation, and read back to themselves."""
    raw = packed(found)

    assert written(parse(raw)) == raw == rfc8785.dumps(json.loads(raw))


@example(text="\N{LATIN SMALL LETTER U WITH DIAERESIS}", number=2**53 - 1)
@example(text="", number=-(2**53))
@given(text=st.text(), number=st.integers())
def test_texts_and_large_numbers_are_written_as_rfc_8785_has_them(text: str, number: int) -> None:
    """Control characters, quotes, other alphabets; above 2^53 - 1 a whole number is text."""
    value = {"b": [text, exact(number)], "a": text}

    assert canonical(value) == rfc8785.dumps(value)
    assert int(exact(number)) == number
    assert isinstance(exact(number), str) is (abs(number) > 2**53 - 1)


def test_a_day_that_lies_wholly_in_the_period_has_the_digest_of_its_site_day() -> None:
    """One definition of a day's rows: what is sealed for verdicts is what is bound on chain."""
    found = days(3)
    sealed = site_days(seen_of(found)[0].slots)

    assert [leaf.rows_digest for leaf in found.identity.days] == [day.digest for day in sealed]
    assert [leaf.slots for leaf in found.identity.days] == [24, 24, 12]


def _of_a_proof(found: Evidence) -> Evidence:
    day = found.days[0]
    start, proof = day.proofs[0]
    return replace(found, days=(replace(day, proofs=((start, [["other", proof[0][1]]]),)), *found.days[1:]))


def _of_a_row(found: Evidence) -> Evidence:
    day = found.days[1]
    return replace(
        found,
        days=(
            found.days[0],
            replace(day, rows=(*day.rows[:-1], day.rows[-1].replace(",0,", ",1,", 1))),
            *found.days[2:],
        ),
    )


@pytest.mark.parametrize("change", [_of_a_proof, _of_a_row])
def test_rows_and_proofs_are_bound_by_the_root(change: Callable[[Evidence], Evidence]) -> None:
    """Neither a slot nor the samples behind it can be exchanged: the document no longer fits its leaves."""
    with pytest.raises(InvalidInput, match=r"the leaves of its days is .* expected"):
        parse(written(change(days(3))))


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, days=one.days[:-1]),
        lambda one: replace(one, days=(*one.days[1:], one.days[0])),
        lambda one: replace(one, slo=replace(one.slo, site="edge-2")),
        lambda one: replace(one, period=Period(starts_at=one.period.starts_at, ends_at=one.period.ends_at + 1)),
        lambda one: replace(one, edges=(replace(one.edges[0], after_good=1),)),
        lambda one: replace(one, observers=Quorum(names=("ann",))),
        lambda one: replace(one, slo=replace(one.slo, slot_target_ppm=1)),
    ],
)
def test_a_root_is_of_all_days_in_order_and_of_what_they_were_counted_by(change: Callable[[Any], Any]) -> None:
    """One day less, another order, another site, rule, period or edge is another root."""
    identity = days(4).identity

    assert period_root(change(identity)) != period_root(identity) == identity.root


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 31])
def test_every_leaf_has_a_way_to_the_top(count: int) -> None:
    """For any number of days, a leaf and its path make the same top as all leaves together."""
    hashes = [hashlib.sha256(bytes([n])).digest() for n in range(count)]
    for index, leaf in enumerate(hashes):
        found, at, width, rest = leaf, index, count, path(hashes, index)
        while width > 1:
            if at % 2:
                found = hashlib.sha256(b"\x01" + rest.pop(0) + found).digest()
            elif at < width - 1:
                found = hashlib.sha256(b"\x01" + found + rest.pop(0)).digest()
            at, width = at // 2, (width + 1) // 2
        assert (found, rest) == (head(hashes), [])


# ----------------------------------------------------------------------------------------------------------- of a slot


def _sound(raw: bytes) -> bool:
    try:
        return not verify(raw).wrong
    except CannotCheck:
        return False


@given(count=st.integers(1, 9), data=st.data())
@settings(max_examples=40)
def test_the_proof_of_every_slot_holds_alone_and_of_a_changed_one_does_not(count: int, data: st.DataObject) -> None:
    """Any slot of any number of days; then one number or text of its file is another."""
    found = days(count)
    slot = data.draw(st.sampled_from(seen_of(found)[0].slots))
    raw = slot_proof(found, slot.starts_at + data.draw(st.integers(0, 3599)))
    changed = json.loads(raw)
    at, key = data.draw(st.sampled_from([*_places(changed)]))
    value = at[key]
    at[key] = value + 1 if isinstance(value, int) else value[:-1] + ("0" if value[-1:] != "0" else "1")

    assert _sound(raw)
    assert not _sound_for(found, rfc8785.dumps(changed))


def _places(value: Any) -> list[tuple[Any, Any]]:
    inner = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    deeper = [place for _, one in inner if isinstance(one, (dict, list)) for place in _places(one)]
    return deeper + [(value, key) for key, one in inner if not isinstance(one, (dict, list))]


def _sound_for(found: Evidence, raw: bytes) -> bool:
    """Whether it holds, and is of the row that the contract has a commitment of under its settlement."""
    changed = json.loads(raw)
    try:
        row, stands = (verify(one).on_chain.row for one in (raw, written(found)))
    except CannotCheck:
        return False
    held = changed["settlement_id"] == found.identity.settlement_id and row.commitment(1) == stands.commitment(1)
    return held and _sound(raw)


def test_the_proof_of_a_slot_is_small_and_names_no_price() -> None:
    """What is handed on about a minute holds that day's counts, and neither fee nor credit nor another day."""
    found = days(31)
    raw = slot_proof(found, builders.START + 86_400 * 7)
    told = verify(raw)

    assert len(raw) < 4_000 < len(written(found)) / 8
    assert set(json.loads(raw)) & {"agreement", "credit", "verdict", "attainment"} == set()
    assert told.summary["slot"] == "2026-01-08T00:00:00Z to 2026-01-08T01:00:00Z: BAD, good 3, bad 1, not known 0"
    assert any("follows from the raw samples" in one for one in told.proved)


@given(found=documents(), data=st.data())
@settings(max_examples=30)
def test_the_proof_of_a_slot_holds_whatever_is_counted(found: dict[str, Any], data: st.DataObject) -> None:
    """States, events, parts: the slot alone is recounted as in the whole document."""
    row, names = data.draw(st.sampled_from(found["slots"])), found["observers"]["names"]
    observer = data.draw(st.sampled_from([*names, ""]))
    told = verify(slot_proof(parse(packed(found)), row[0], observer))

    assert told.wrong == []
    assert [one for one in names if one == (observer or names[0])] == told.summary["slot"].split("; counted by ")[1:]


def test_the_proof_of_a_slot_says_the_place_of_its_day() -> None:
    """Days under the root in another order than that of the period are found in the proof of one slot alone."""
    found = days(3)
    identity = replace(found.identity, days=found.identity.days[::-1])
    mixed = replace(found, days=found.days[::-1], identity=replace(identity, root=period_root(identity)))
    told = verify(slot_proof(mixed, builders.START)).wrong

    assert [(one.what, one.claimed, one.found) for one in told] == [("place of the day", "2 of 3", "0 of 3")]


def test_a_slot_that_is_not_there_is_told_with_the_period() -> None:
    """Neither before the period nor after it is there a slot to prove."""
    for at in (builders.START - 1, builders.START + 86_400):
        with pytest.raises(InvalidInput, match=r"is not in it, expected one of the period 2026-01-01"):
            slot_proof(small(), at)


# ------------------------------------------------------------------------------------------------------------- reading


def _with(path: str, value: Any) -> bytes:
    document = json.loads(written(small()))
    place = document
    *way, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    for part in way:
        place = place[part]
    place[last] = value
    return canonical(document)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "format is missing, expected sankofa-evidence/2"),
        (
            b'{"format":"sankofa-evidence/3"}',
            "format is sankofa-evidence/3, .*: another release wrote it, and reads it",
        ),
        (b'{"format":"sla-evidence/2"}', "format is sla-evidence/2, expected sankofa-evidence/2"),
        (written(small()).replace(b":", b": ", 1), "not in canonical form"),
        (_with("engine", "x"), "the document is .*, expected the fields checksum, days, format, identity, provenance"),
        (_with("identity/format", "x"), "identity.format is x, expected sankofa-evidence/2"),
        (_with("identity/agreement/version", "1"), "identity.agreement.version is '1', expected a whole number"),
        (_with("identity/agreement/version", True), "identity.agreement.version is 'True', expected a whole number"),
        (_with("identity/edges/0", [0, 0, 0]), r"identity.edges\[0\] is '\[0, 0, 0\]', expected a list of 4"),
        (_with("identity/edges", []), "it has edges of 0 observers, expected 1"),
        (
            _with("identity/observers", {"names": ["b", "a"], "bad": 1, "good": 2}),
            "observers b, a; expected each once, in order",
        ),
        (
            _with("identity/observers", {"names": ["a", "a"], "bad": 1, "good": 2}),
            "observers a, a; expected each once, in order",
        ),
        (_with("identity/observers/names", ["A"]), r"identity.observers.names\[0\] is 'A', expected a name"),
        (_with("identity/observers/names", ["a", "b"]), "of 2 observers, 1 for bad and 1 for good; expected 1 to all"),
        (_with("identity/observers/bad", 2), "of 1 observers, 2 for bad and 1 for good; expected 1 to all"),
        (_with("identity/observers/good", 0), "identity.observers.good is '0', expected a whole number from 1"),
        (_with("identity/observers/also", 0), "identity.observers is .*, expected the fields bad, good, names"),
        (_with("identity/edges/0/1", 2**60), r"identity.edges\[0\]\[1\] is .*, as text where it is over"),
        (
            _with("identity/edges/0/1", "12"),
            r"identity.edges\[0\]\[1\] is '12', expected a whole number, as text where",
        ),
        (
            _with("identity/overlay/since_at", builders.START),
            "overlay.since_at is 1767225600, expected 0, or an instant in",
        ),
        (
            _with("identity/agreement/fee_minor", -1),
            "identity.agreement.fee_minor is '-1', expected a whole number from 0",
        ),
        (_with("identity/edges/0/1", str(2**53 - 1)), r"identity.edges\[0\]\[1\] is .*, as text where it is over"),
        (_with("identity/slo/name", 7), "identity.slo.name is '7', expected text"),
        (_with("identity/period", [7, 7]), "period is 7 to 7, expected its start before its end"),
        (_with("days/0/rows/0", 7), r"days\[0\].rows is no list of texts"),
        (_with("provenance/engine", "other"), "its checksum is 0x"),
        (_with("identity/root", "0x00"), r"identity.root is '0x00', expected 0x and 64 lower-case"),
    ],
)
def test_what_is_no_evidence_is_refused_by_its_field(raw: bytes, told: str) -> None:
    """Place, value seen and value expected; what to do about it is said by who asked."""
    with pytest.raises(InvalidInput, match=f"evidence document: {told}"):
        parse(raw)


def test_a_document_reads_back_as_it_was_written() -> None:
    """Every value keeps its type; counts over 2^53 are whole numbers again."""
    large = builders.evidence(
        [builders.slot(builders.START, SlotState.BAD, good=2**60, proof=(("s", ((builders.START * 1000, 1),)),))],
        Period(starts_at=builders.START, ends_at=builders.START + 60),
        edges=Edges(after_hidden=2**60),
        fee_minor=2**60,
    )

    for found in (small(), days(3), large):
        assert parse(written(found)) == found
    assert b'"1152921504606846976"' in canonical(identity_json(large.identity))


def test_rows_are_read_as_the_slots_that_they_were() -> None:
    """Twelve values in their order; a row in another form is none."""
    found = small()
    first = builders.slots_of()[0]
    odd = replace(found, days=(replace(found.days[0], rows=("+" + found.days[0].rows[0],)),))

    assert seen_of(found)[0].slots[0] == replace(first, samples=0, proof=(), reasons=())
    with pytest.raises(ValueError, match="another way to write"):
        seen_of(odd)


def test_every_state_of_a_settlement_has_a_way_out() -> None:
    """What is at an end is left by a restatement, or where the chain holds another row; HELD to whatever the chain has, by a person."""
    out = {state: {end for start, end in ARROWS if start is state} for state in SettlementState}

    assert set() not in out.values()
    assert {state: out[state] for state in ENDS} == {
        key: {SettlementState.COMPUTED, SettlementState.HELD} for key in ENDS
    }
    assert out[SettlementState.HELD] == {
        SettlementState.COMPUTED,
        SettlementState.CLOSED,
        *ENDS,
        SettlementState.REPORTED,
        SettlementState.DISPUTED,
    }
    assert out[SettlementState.WITHDRAWN] == {SettlementState.COMPUTED}
    assert out[SettlementState.CLOSED] == {SettlementState.COMPUTED, SettlementState.HELD}


def test_what_stands_at_the_edges_is_of_the_first_and_the_last_slot() -> None:
    """Beside what the document says of the outside."""
    slots = [builders.slot(builders.START + 60 * n, good=9, over_good=n + 1, settling=n + 4) for n in range(3)]
    [seen] = seen_of(builders.evidence(slots, Period(starts_at=builders.START, ends_at=builders.START + 180)))
    assert (seen.edges.over_good, seen.edges.settling) == (1, 6)


def test_an_exclusion_may_end_before_the_period_by_what_fills_an_outage_but_one() -> None:
    """Slots of an outage are bad by those before them; of no other kind."""
    rules = small().identity.slo
    outages = replace(rules, counted="outages", combine="3 slots", slot_seconds=60)
    assert [reading._reach(one) for one in (outages, replace(outages, counted="states"))] == [120, 0]


def test_a_role_without_a_member_is_no_proof() -> None:
    """Nobody would be missed."""
    with pytest.raises(InvalidInput, match="expected a whole number from 1"):
        reading._role(Field(value=["active", 0, []], place="proof"))
    reading._role(Field(value=["active", 1, []], place="proof"))


def test_each_observer_has_its_own_days() -> None:
    """All of the first one's, then all of the second one's, by the place of its name."""
    [day], identity = small().days, small().identity
    days = tuple(replace(day, day=day.day + number) for number in range(4))
    two = replace(small(), days=days, identity=replace(identity, observers=Quorum(names=("a", "b"), bad=1, good=2)))
    assert [two.days_of(0), two.days_of(1)] == [days[:2], days[2:]]


def test_a_document_says_whose_slots_it_was_made_of() -> None:
    """Those that the agreement names, or this process's where it names nobody."""
    origin = Origin(engine="e/1", observer="here")
    assert [origin.observers(one) for one in (Quorum(), Quorum(names=("a", "b"), bad=1, good=2))] == ["here", "a, b"]
