"""The hash of the terms is of what was agreed: golden, and blind to everything that is no term."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import rfc8785

from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import agreed_terms, counting_rules
from sankofa_observe.sla.recorded_terms import agreement_of
from sankofa_observe.sla.schedule import Counted, Formula, Proportional, Rounding, Steps
from sankofa_observe.sla.stacking import BelowMinimum, Claim, CreditRules, Stacking
from sankofa_observe.sla.terms import counting_digest, counting_of, terms_of, with_terms
from sankofa_observe.slo.indicator import (
    CompositeIndicator,
    Demand,
    Indicator,
    LevelIndicator,
    MembersIndicator,
    Operator,
    OutageIndicator,
    RatioIndicator,
    Reading,
    StateIndicator,
    Together,
)
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, Window
from tests.builders import agreement, slo

SALT = "0x" + "5a" * 32
KINDS: dict[str, Indicator] = {
    "state": StateIndicator(up="up", known="known"),
    "level": LevelIndicator(level="free", operator=Operator.GTE, bound=Decimal("0.50")),
    "events": RatioIndicator(good="good", valid="valid"),
    "bad events": RatioIndicator(good="bad", valid="valid", counts_bad=True),
    "composite": CompositeIndicator(together=Together.ANY, weights={"a": 1, "b": 2}),
    "rate with demand": LevelIndicator(
        level="served",
        operator=Operator.GTE,
        bound=Decimal(1000),
        reading=Reading.RATE,
        total=True,
        demand=(Demand(series="queued", above=Decimal("0.5")),),
        system="gateway",
    ),
    "rate of a full link": LevelIndicator(
        level="octets",
        operator=Operator.GTE,
        bound=Decimal(1000),
        reading=Reading.RATE,
        demand=(
            Demand(series="discards", reading=Reading.RATE),
            Demand(series="octets", above=Decimal("0.95"), reading=Reading.RATE, capacity="speed"),
        ),
    ),
    "outage": OutageIndicator(of="up", limit_seconds=3600),
    "members": MembersIndicator(of="up", at_least={"active": 3, "standby": 2}),
    "spare members": MembersIndicator(of="up", at_least={}, spare=1),
}


FORMULAS = (
    Steps(each_seconds=3600, credit_ppm=50_000),
    Steps(each_ppm=3600, credit_ppm=50_000),
    Steps(each_ppm=3600, credit_ppm=50_000, counted=Counted.BEYOND),
    Steps(each_ppm=3600, credit_ppm=50_000, rounding=Rounding.STARTED),
    Proportional(factor_ppm=50_000),
    Proportional(factor_ppm=50_000, counted=Counted.BEYOND),
)
RULES = (
    CreditRules(stacking=Stacking.LARGEST),
    CreditRules(minimum_minor=100),
    CreditRules(minimum_minor=100, below_minimum=BelowMinimum.MINIMUM),
    CreditRules(cap_year_minor=100),
    CreditRules(claim=Claim(days=30)),
    CreditRules(claim=Claim(periods=30)),
)


def test_terms_have_the_hash_they_always_had() -> None:
    """Whoever changes this has made every agreement that was ever signed another one: a new format, beside the old."""
    assert agreement().terms_hash == "0xd4b897051217e0941802f88c0e6d1eb7af3fa7316a8a02c9b9b5e1000600175d"


GOLDEN = {
    "state": "0xffdd4c9390c83e3f5a12cc253d9238ccc9217ea3dbca68d03d7b1520306c9dd0",
    "level": "0xae43d2e0818262b9506938b96d62c159e43abfa107867c807c37a683fda2d96d",
    "events": "0xa945f1c2ea316d8d5ac7f88e11eb7b0a27ce22eedf8b0b6fe6f0f7955047e354",
    "bad events": "0xbe821a7358673e7182a44bd4b39253cd68709efde4f7bd0ebac9185b76b12f67",
    "composite": "0x460ade0b8b4843b9c7ce102230f43c96e24a5a1957e0cd809ab222bd97c09337",
    "rate with demand": "0x72fd97f377be6b2356d7088ec6004ac66d93d7cffb38b79a2471af9219914a43",
    "rate of a full link": "0x31927e68a515be7d03b94535c5225b24659e170fa19d865eaf29d3bc859aef3f",
    "outage": "0x0eb2077f5e959a9a155c33412c4505ba2d8bc8113a13e537e170f55dd4078b4f",
    "members": "0x874d3d0c2aa39f52cb5d72c57ffc50c92290a7d6d07dc1770fbba503775dcac5",
    "spare members": "0xa472d54fc54d0feaf19444a3a14588ae306360017d33d8fe56bb6213c9482de6",
}


@pytest.mark.parametrize("kind", KINDS)
def test_ways_of_counting_have_the_digest_they_always_had(kind: str) -> None:
    """Each kind of indicator, whole."""
    made = slo(indicator=KINDS[kind], parts={"a": slo("a"), "b": slo("b")} if kind == "composite" else {})
    assert counting_digest(made) == GOLDEN[kind]


def test_each_version_of_an_slo_is_counted_under_a_name_of_its_own() -> None:
    """The first one has the document that it had before there were others."""
    assert [counting_of(slo(version=version)).get("version") for version in (1, 2, 3)] == [None, 2, 3]


def test_a_document_is_of_integers_and_texts() -> None:
    """No float and no null stands in it, so every reader hashes the same bytes."""

    def leaves(value: object) -> set[type]:
        if isinstance(value, dict):
            return set().union(*map(leaves, value.values()))
        return set().union(*map(leaves, value)) if isinstance(value, list) else {type(value)}

    assert leaves(json.loads(agreement().terms_document)) == {int, str}
    assert leaves(counting_of(slo(indicator=KINDS["level"]))) == {int, str}


@pytest.mark.parametrize(
    "change",
    [
        {"description": "another word"},
        {"digest": "0x00"},
        {"sources": {"edge-1": ("a", "b")}},
        {"tier": "core"},
    ],
    ids=str,
)
def test_what_changes_no_count_is_no_term(change: dict[str, object]) -> None:
    """Words, the tier and the fleet file's sources."""
    assert counting_digest(replace(slo(), **change)) == counting_digest(slo())  # type: ignore[arg-type]


def level(bound: str) -> str:
    made = LevelIndicator(level="free", operator=Operator.GTE, bound=Decimal(bound))
    return counting_digest(slo(indicator=made))


def test_a_bound_is_its_value_to_the_last_digit() -> None:
    """However it is written, and however long it is."""
    assert len({level(one) for one in ("1E+2", "100", "100.0", "1.00E+2")}) == 1
    assert len({level(one) for one in ("0", "-0.0", "0.000", "0E+9")}) == 1
    assert len({level(one) for one in (f"1{'0' * 28}1", f"1{'0' * 28}2", "1E+9999999", "-1", "1")}) == 5


def test_every_term_is_in_the_hash() -> None:
    """Each field of an agreement but its hash, and each way of counting."""
    first = agreement()
    others: list[Agreement] = [
        replace(first, **{name: value})  # type: ignore[arg-type]
        for name, value in {
            "name": "x", "version": 2, "tenant": "x", "tenant_account": "0x" + "33" * 20, "provider_account": "0x" + "33" * 20,
            "currency": "EUR", "exponent": 0, "fee_minor": 1, "cap_ppm": 1, "starts_at": 1, "grace_seconds": 1,
            "dispute_window_seconds": 1, "dispute_window_blocks": 1, "tolerance_slots": 1, "ruling_seconds": 1, "report_seconds": 1,
            "restate_seconds": 1, "notice_seconds": 1, "began_at": first.starts_at - 366 * 86_400,
        }.items()
    ]  # fmt: skip
    promise = first.promises[0]
    others += [
        replace(first, promises=(replace(promise, slo=replace(promise.slo, target_ppm=1)),)),
        replace(first, promises=(replace(promise, site="x"),)),
        replace(first, promises=(replace(promise, bands=promise.bands[:1]),)),
        *(replace(first, promises=(replace(promise, bands=(), formula=one),)) for one in FORMULAS),
        *(replace(first, credit_rules=one) for one in RULES),
        replace(first, promises=(replace(promise, slo=replace(promise.slo, indicator=KINDS["events"])),)),
        replace(
            first, promises=(replace(promise, slo=replace(promise.slo, slot=replace(promise.slo.slot, seconds=120))),)
        ),
    ]
    hashes = {with_terms(one, SALT).terms_hash for one in [first, *others]}

    assert len(hashes) == 1 + len(others)
    assert with_terms(first, "0x" + "00" * 32).terms_hash not in hashes
    assert terms_of(replace(first, tenant_account=first.tenant_account.upper()), SALT) == terms_of(first, SALT)


# --------------------------------------------------------------------------------------------------------- read back


@pytest.mark.parametrize("formula", [None, *FORMULAS])
@pytest.mark.parametrize("rules", [CreditRules(), *RULES])
def test_recorded_credits_are_read_as_what_was_agreed(formula: Formula | None, rules: CreditRules) -> None:
    """Each formula under each rule; bands where there is none."""
    made = _of("state")
    (promise,) = made.promises
    if formula:
        promise = replace(promise, bands=(), formula=formula)
    made = with_terms(replace(made, promises=(promise,), credit_rules=rules), SALT)
    found = agreement_of(made.terms_document)
    assert (found.promises[0].schedule, found.credit_rules) == (promise.schedule, rules)
    assert found.terms_hash == made.terms_hash


def _of(kind: str, **changes: Any) -> Agreement:
    parts = {"a": slo("a"), "b": slo("b")} if kind == "composite" else {}
    made = slo(indicator=KINDS[kind], parts=parts, **changes)
    promise = replace(agreement().promises[0], slo=replace(made, digest=counting_digest(made)))
    return with_terms(replace(agreement(), promises=(promise,)), SALT)


@pytest.mark.parametrize("window", [CalendarWindow(unit=CalendarUnit.MONTH, zone="Africa/Nairobi"), agreement().window])
@pytest.mark.parametrize("kind", KINDS)
def test_recorded_terms_are_read_as_what_was_agreed(kind: str, window: Window) -> None:
    """Without the files: the same document, the same rules of counting, the same price."""
    made = _of(kind, window=window)
    read = agreement_of(made.terms_document)

    assert (read.terms_hash, read.terms_document) == (made.terms_hash, made.terms_document)
    assert agreed_terms(read, read.promises[0]) == agreed_terms(made, made.promises[0])
    assert counting_rules(read.promises[0]) == counting_rules(made.promises[0])
    assert read.window == window


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"exclusions": []}, "they say more than sankofa-terms/1"),
        ({"format": "sankofa-terms/2"}, "they say more than sankofa-terms/1"),
        ({"promises": [{}]}, "cannot be read"),
        ({"fee_minor": "much"}, "cannot be read"),
    ],
)
def test_recorded_terms_that_are_not_understood_are_refused(change: dict[str, object], told: str) -> None:
    """A later release's terms are never read in part: what they add might change what is owed."""
    document = json.loads(_of("state").terms_document) | change

    with pytest.raises(InvalidInput, match=told):
        agreement_of(rfc8785.dumps(document).decode())


def test_recorded_terms_of_another_kind_of_indicator_are_refused_by_its_name() -> None:
    """A later release counts what this one cannot."""
    document = json.loads(_of("state").terms_document)
    document["promises"][0]["slo"]["indicator"]["kind"] = "moods"
    with pytest.raises(InvalidInput, match="indicator of kind 'moods'"):
        agreement_of(rfc8785.dumps(document).decode())


def test_recorded_terms_that_are_no_document_are_refused() -> None:
    """Nor is text that is no JSON, or no object."""
    for text in ("", "[]", "7"):
        with pytest.raises(InvalidInput, match="cannot be read"):
            agreement_of(text)
