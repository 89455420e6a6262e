"""Agreements: each mistake has its code and its place; what is valid has an id and terms that change with their SLOs."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from sankofa_observe.adapters.spec_agreement import BY_THE_CLOCK
from sankofa_observe.adapters.specs import load_catalog, load_with_places
from sankofa_observe.errors import InvalidInput
from sankofa_observe.units import instant
from tests.adapters.spec_documents import (
    AGREEMENT,
    FLEET,
    LATENCY,
    QUERY,
    SLO,
    SPECS,
    Change,
    Document,
    Expected,
    changed,
    found,
    named,
    notes,
    put,
    violations,
    write,
    zone,
)

PROMISE = "spec|promises|0|"
OBJECTIVE = "spec|objectives|0|"


def warned(folder: Path) -> list[tuple[str, str]]:
    return [(one.code, one.where.partition(":")[2]) for one in load_catalog([folder]).warnings]


def test_what_stands_in_examples_is_told(tmp_path: Path) -> None:
    """The salt and the accounts of the example, which are no one's; with one's own nothing is."""
    own = changed(
        AGREEMENT,
        put("spec|salt", "0x" + "5a" * 32),
        put("spec|provider|account", "0x" + "12" * 20),
        put("spec|tenant|account", "0x" + "34" * 20),
    )
    example, mine = (
        write(made(tmp_path / name), fleet=FLEET, slo=SLO, latency=LATENCY, terms=terms)
        for name, terms in (("example", AGREEMENT), ("mine", own))
    )
    places = ("/spec/salt", "/spec/provider/account", "/spec/tenant/account")
    assert (warned(example), warned(mine)) == ([("agreement.example", place) for place in places], [])


def test_a_file_without_a_document_is_told(tmp_path: Path) -> None:
    """Empty, or of comments only: whoever wrote it meant something."""
    folder = write(tmp_path, empty="", comments="# soon\n---\n", slo=SLO)
    assert [(one.code, Path(one.where).name) for one in load_catalog([folder]).warnings] == [
        ("spec.empty", "comments.yaml"),
        ("spec.empty", "empty.yaml"),
    ]


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def in_percent(document: Document) -> None:
    """The target of an SLO as a percentage."""
    [objective] = document["spec"]["objectives"]
    objective["targetPercent"] = str(100 * Decimal(str(objective.pop("target"))))


BANDS = ("agreement.bands", "/spec/promises/0/bands")
BROKEN_AGREEMENTS: dict[str, tuple[Change, Expected]] = {
    "unknown-slo": (put(PROMISE + "slo", "latency"), [("agreement.slo", "/spec/promises/0/slo")]),
    "unknown-site": (put(PROMISE + "site", "moon-1"), [("agreement.site", "/spec/promises/0/site")]),
    "both-unknown": (
        lambda document: document["spec"]["promises"][0].update(slo="no", site="no"),
        [("agreement.slo", "/spec/promises/0/slo"), ("agreement.site", "/spec/promises/0/site")],
    ),
    "other-tier": (put(PROMISE + "site", "regional-nairobi-1"), [("agreement.tier", "/spec/promises/0")]),
    "promised-twice": (
        lambda document: document["spec"]["promises"].append(document["spec"]["promises"][0]),
        [("agreement.twice", "/spec/promises")],
    ),
    "no-band": (put(PROMISE + "bands", []), [BANDS]),
    "band-not-at-target": (put(PROMISE + "bands|0|belowPpm", 994_000), [BANDS]),
    "band-rises": (put(PROMISE + "bands|1|belowPpm", 996_000), [BANDS]),
    "credit-falls": (put(PROMISE + "bands|1|creditPpm", 100_000), [BANDS]),
    "bands-doubly-wrong": (
        put(PROMISE + "bands", [{"belowPpm": 1, "creditPpm": 2}, {"belowPpm": 1, "creditPpm": 1}]),
        [*[BANDS] * 3, ("agreement.fee", "/spec/promises/0/bands")],
    ),
    "more-bands-than-the-contract-holds": (
        put(PROMISE + "bands", [{"belowPpm": 995_000 - n, "creditPpm": 10 + n} for n in range(7)]),
        [BANDS],
    ),
    "credit-over-the-cap": (
        put(PROMISE + "bands|2|creditPpm", 500_001),
        [("agreement.bands", "/spec/promises/0/bands/2/creditPpm")],
    ),
    "more-promises-than-the-contract-holds": (
        lambda document: document["spec"]["promises"].extend(
            {**document["spec"]["promises"][0], "site": f"edge-{n}"} for n in range(7)
        ),
        [
            ("agreement.promises", "/spec/promises"),
            *(("agreement.site", f"/spec/promises/{n}/site") for n in range(2, 9)),
        ],
    ),
    "all-that-the-contract-refuses": (
        lambda document: document["spec"].update(
            fee={"amountMinor": 125_000, "currency": "ZZZ", "exponent": 0},
            capPpm=90_000,
            reportSeconds=2,
            restateSeconds=1,
            credits={"minimumMinor": 11_251, "capYearMinor": 11_250, "claimDays": 1},
            promises=[
                {
                    **document["spec"]["promises"][0],
                    "bands": [{"belowPpm": 995_000 - n, "creditPpm": 89_995 + n} for n in range(7)],
                },
                *8 * [document["spec"]["promises"][1]],
            ],
        ),
        [
            ("agreement.currency", "/spec/fee/currency"),
            ("agreement.promises", "/spec/promises"),
            ("agreement.twice", "/spec/promises"),
            ("agreement.bands", "/spec/promises/0/bands"),
            ("agreement.bands", "/spec/promises/0/bands/6/creditPpm"),
            *(("agreement.bands", f"/spec/promises/{n}/bands/1/creditPpm") for n in range(1, 9)),
            ("agreement.clocks", "/spec/restateSeconds"),
            ("agreement.credits", "/spec/credits/minimumMinor"),
            ("agreement.credits", "/spec/credits/capYearMinor"),
            ("agreement.unsettled", "/spec/credits/claimDays"),
        ],
    ),
    "fee-of-nothing": (put("spec|fee|amountMinor", 0), [("spec.greater-than-equal", "/spec/fee/amountMinor")]),
    "ruling-of-years": (put("spec|rulingSeconds", 366 * 86_400 + 1), [("spec.less-than-equal", "/spec/rulingSeconds")]),
    "window-of-years": (
        put("spec|disputeWindowSeconds", 366 * 86_400 + 1),
        [("spec.less-than-equal", "/spec/disputeWindowSeconds")],
    ),
    "window-of-too-many-blocks": (
        put("spec|disputeWindowBlocks", 2**24 + 1),
        [("spec.less-than-equal", "/spec/disputeWindowBlocks")],
    ),
    "ruling-of-no-time": (put("spec|rulingSeconds", 0), [("spec.greater-than-equal", "/spec/rulingSeconds")]),
    "reported-longer-than-restated": (
        put("spec|reportSeconds", 365 * 86_400 + 1),
        [("agreement.clocks", "/spec/restateSeconds")],
    ),
    "notice-wider-than-the-contract": (
        put("spec|noticeSeconds", 2**32),
        [("spec.less-than-equal", "/spec/noticeSeconds")],
    ),
    "credit-over-the-fee": (
        put(PROMISE + "bands|2|creditPpm", 1_000_001),
        [("spec.less-than-equal", "/spec/promises/0/bands/2/creditPpm")],
    ),
    "fee-with-decimals": (put("spec|fee|amountMinor", 1250.5), [("spec.int-type", "/spec/fee/amountMinor")]),
    "fee-as-text": (put("spec|fee|amountMinor", "1250"), [("spec.int-type", "/spec/fee/amountMinor")]),
    "fee-over-exact": (put("spec|fee|amountMinor", 2**53), [("spec.less-than-equal", "/spec/fee/amountMinor")]),
    "currency-in-small": (put("spec|fee|currency", "usd"), [("spec.string-pattern-mismatch", "/spec/fee/currency")]),
    "grace-wider-than-the-contract": (
        put("spec|graceSeconds", 2**32),
        [("spec.less-than-equal", "/spec/graceSeconds")],
    ),
    "no-dispute-window": (
        put("spec|disputeWindowSeconds", 0),
        [("spec.greater-than-equal", "/spec/disputeWindowSeconds")],
    ),
    "dispute-window-of-a-second": (
        put("spec|disputeWindowSeconds", 1),
        [("spec.greater-than-equal", "/spec/disputeWindowSeconds")],
    ),
    "dispute-window-of-no-block": (
        put("spec|disputeWindowBlocks", 0),
        [("spec.greater-than-equal", "/spec/disputeWindowBlocks")],
    ),
    "dollars-without-cents": (put("spec|fee|exponent", 0), [("agreement.exponent", "/spec/fee/exponent")]),
    "yen-with-cents": (put("spec|fee|currency", "JPY"), [("agreement.exponent", "/spec/fee/exponent")]),
    "dinars-with-cents": (put("spec|fee|currency", "KWD"), [("agreement.exponent", "/spec/fee/exponent")]),
    "currency-of-nobody": (put("spec|fee|currency", "ZZZ"), [("agreement.currency", "/spec/fee/currency")]),
    "currency-gold": (put("spec|fee|currency", "XAU"), [("agreement.currency", "/spec/fee/currency")]),
    "currency-that-is-gone": (put("spec|fee|currency", "DEM"), [("agreement.currency", "/spec/fee/currency")]),
    "fee-of-9-cents": (
        put("spec|fee|amountMinor", 9),
        [("agreement.fee", "/spec/promises/0/bands"), ("agreement.fee", "/spec/promises/1/bands")],
    ),
    "parties-of-one-id": (put("spec|tenant|id", "sankofa-cloud"), [("agreement.parties", "/spec/tenant/id")]),
    "parties-of-one-account": (
        lambda document: [
            put(f"spec|{party}|account", "0x" + digits * 20)(document)
            for party, digits in (("provider", "Ab"), ("tenant", "aB"))
        ],
        [("agreement.parties", "/spec/tenant/account")],
    ),
    "account-of-nobody": (
        put("spec|provider|account", "0x" + "0" * 40),
        [("agreement.parties", "/spec/provider/account")],
    ),
    "salt-of-zeros": (put("spec|salt", "0x" + "0" * 64), [("agreement.salt", "/spec/salt")]),
    "tolerance-of-every-slot": (
        put("spec|toleranceSlots", 44_640),
        [("agreement.tolerance", "/spec/toleranceSlots")],
    ),
    "tolerance-of-more-than-that": (
        put("spec|toleranceSlots", 4_000_000_000),
        [("agreement.tolerance", "/spec/toleranceSlots")],
    ),
    "grace-shorter-than-a-slot-leans": (put("spec|graceSeconds", 1800), [("agreement.grace", "/spec/graceSeconds")]),
    "start-long-ago": (put("spec|startsAt", "2020-01-01T00:00:00Z"), [("agreement.start", "/spec/startsAt")]),
    "start-after-time": (put("spec|startsAt", "9999-12-01T00:00:00Z"), [("agreement.start", "/spec/startsAt")]),
    "every-value": (
        lambda document: document["spec"].update(
            salt="0x" + "0" * 64,
            tenant=document["spec"]["provider"],
            fee={"amountMinor": 9, "currency": "ZZZ", "exponent": 0},
            startsAt="2020-01-01T00:00:00Z",
            disputeWindowSeconds=1,
            disputeWindowBlocks=0,
        ),
        [
            ("spec.greater-than-equal", "/spec/disputeWindowSeconds"),
            ("spec.greater-than-equal", "/spec/disputeWindowBlocks"),
            ("agreement.fee", "/spec/promises/0/bands"),
            ("agreement.fee", "/spec/promises/1/bands"),
            ("agreement.currency", "/spec/fee/currency"),
            ("agreement.parties", "/spec/tenant/id"),
            ("agreement.parties", "/spec/tenant/account"),
            ("agreement.salt", "/spec/salt"),
            ("agreement.start", "/spec/startsAt"),
        ],
    ),
    "version-enormous": (put("spec|version", 2**60), [("spec.less-than-equal", "/spec/version")]),
    "start-no-instant": (put("spec|startsAt", "2027-01-01"), [("agreement.instant", "/spec/startsAt")]),
    "start-inside-a-period": (put("spec|startsAt", "2027-01-02T00:00:00Z"), [("agreement.start", "/spec/startsAt")]),
    "account-short": (
        put("spec|tenant|account", "0x22"),
        [("spec.string-pattern-mismatch", "/spec/tenant/account")],
    ),
    "salt-short": (put("spec|salt", "0xsecret"), [("spec.string-pattern-mismatch", "/spec/salt")]),
    "no-promise": (put("spec|promises", []), [("spec.too-short", "/spec/promises")]),
}


@pytest.mark.parametrize("case", BROKEN_AGREEMENTS)
def test_specs_name_what_is_wrong_with_an_agreement(case: str, tmp_path: Path) -> None:
    """Each mistake has its code and its place, beside a fleet and SLOs that are right."""
    change, expected = BROKEN_AGREEMENTS[case]
    folder = write(tmp_path, fleet=FLEET, edge=SLO, latency=LATENCY, agreement=changed(AGREEMENT, change))
    assert sorted(found(folder)) == sorted([(code, f"agreement.yaml#1:{path}") for code, path in expected])


def test_days_where_clocks_change_are_refused_with_what_to_take(tmp_path: Path) -> None:
    """A calendar of such days ends within 17 months on chain; months of the same zone do not."""
    for duration, expected in (("1d", ["agreement.calendar"]), ("1M", [])):
        edge = changed(SLO, zone("Europe/Berlin", duration=duration))
        terms = changed(AGREEMENT, put("spec|promises|1", ...), put("spec|startsAt", "2026-12-31T23:00:00Z"))
        folder = write(tmp_path, fleet=FLEET, edge=edge, agreement=terms)
        if not expected:
            assert load_catalog([folder]).agreements
            continue
        (told,) = violations(folder)
        assert told.code == "agreement.calendar"
        assert "take days in a zone whose clocks never change, such as UTC, or weeks or months" in told.hint


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-12-31T23:59:59Z", []), ("2027-01-01T00:00:00Z", ["agreement.past"]), ("2027-03-01T00:00:00Z", ["agreement.past"]), ("", []),
     ("2036-01-02T00:00:00Z", ["agreement.past", "agreement.ending"])],
)  # fmt: skip
def test_what_time_brings_is_a_warning_of_the_first_version(now: str, expected: list[str], tmp_path: Path) -> None:
    """The contract takes no start that has passed, and calendars end; the specs are right, and a later version may begin when it was agreed."""
    later = changed(AGREEMENT, put("spec|version", 2), put("spec|startsAt", "2027-02-01T00:00:00Z"))
    folder = write(tmp_path, fleet=FLEET, edge=SLO, latency=LATENCY, agreement=AGREEMENT, later=later)
    loaded, _ = load_with_places([folder], now=int(instant(now).timestamp()) if now else None)
    past = [one for one in loaded.warnings if one.code in BY_THE_CLOCK]
    assert [one.code for one in past] == expected
    assert all(one.where.endswith("agreement.yaml#1:/spec/startsAt") for one in past)


SHORT_TERMS = {"disputeWindowSeconds": 10, "disputeWindowBlocks": 1, "toleranceSlots": 8, "graceSeconds": 5}


def test_agreements_of_a_trial_are_allowed(tmp_path: Path) -> None:
    """Periods of seconds have windows, graces and tolerances of their own size."""
    slo = changed(SLO, zone("UTC", duration="50s", slot="5s"), notes(scrape="1s"))
    terms = changed(AGREEMENT, lambda document: document["spec"].update(SHORT_TERMS), put("spec|promises|1", ...))
    (made,) = load_catalog([write(tmp_path, fleet=FLEET, slo=slo, terms=terms)]).agreements.values()
    assert (made.tolerance_slots, made.grace_seconds) == (8, 5)


def test_agreement_on_a_composite_waits_for_its_parts(tmp_path: Path) -> None:
    """The grace is held against the longest that any part leans on."""
    whole = changed(named(LATENCY, "whole"), put("spec|indicator", ...), put("spec|budgetingMethod", "Timeslices"))
    whole["metadata"]["annotations"] = {}
    notes(tier="regional", composite="all", parts="latency-chain-query")(whole)
    terms = changed(AGREEMENT, put("spec|promises|1|slo", "whole"), put("spec|graceSeconds", 1800))
    folder = write(tmp_path, fleet=FLEET, slo=SLO, latency=LATENCY, whole=whole, terms=terms)
    assert found(folder) == [("agreement.grace", "terms.yaml#1:/spec/graceSeconds")]


def test_agreement_terms_change_with_an_slo_they_lean_on(tmp_path: Path) -> None:
    """Another target in a spec is another hash of the terms, under the same agreement id."""
    before = next(iter(load_catalog([SPECS]).agreements.values()))
    slo = changed(SLO, put(QUERY, "other_up"))
    after = next(iter(load_catalog([write(tmp_path, f=FLEET, s=slo, l=LATENCY, a=AGREEMENT)]).agreements.values()))
    assert (after.id == before.id, after.terms_hash == before.terms_hash) == (True, False)


SAME: dict[str, tuple[str, Change]] = {
    "four digits": ("slo", put(OBJECTIVE + "target", "0.9950")),
    "percent": ("slo", in_percent),
    "another description": ("slo", put("spec|description", "words")),
    "an account in capitals": (
        "agreement",
        put(
            "spec|tenant|account",
            AGREEMENT["spec"]["tenant"]["account"].replace("0x", "0X").upper().replace("0X", "0x"),
        ),
    ),
}


@pytest.mark.parametrize("spelling", SAME)
def test_terms_are_the_same_however_they_are_spelled(tmp_path: Path, spelling: str) -> None:
    """A number, a word that is no term, and the case of an account."""
    which, change = SAME[spelling]
    documents = {"fleet": FLEET, "slo": SLO, "latency": LATENCY, "agreement": AGREEMENT}
    texts = [
        write(made(tmp_path / name), **found)
        for name, found in (("one", documents), ("other", {**documents, which: changed(documents[which], change)}))
    ]
    [one], [other] = ([*load_catalog([folder]).agreements.values()] for folder in texts)

    assert (one.terms_hash, one.promises[0].slo.digest) == (other.terms_hash, other.promises[0].slo.digest)


def test_agreement_of_one_name_twice_is_refused(tmp_path: Path) -> None:
    """Two agreements with one name and one salt have one id."""
    folder = write(tmp_path, f=FLEET, s=SLO, l=LATENCY, a=AGREEMENT, b=AGREEMENT)
    assert found(folder) == [("agreement.twice", "b.yaml#1:/metadata/name")]


# --------------------------------------------------------------------------------------------------------------- observers


def observed(names: list[str], **thresholds: int) -> Document:
    return changed(AGREEMENT, put("spec|observers", {"names": names, **thresholds}))


@pytest.mark.parametrize(
    ("names", "said", "wanted"),
    [
        (["north"], {}, (1, 1)),
        (["north", "east"], {}, (2, 2)),
        (["west", "north", "east"], {}, (2, 2)),
        (["a", "b", "c", "d", "e"], {}, (2, 3)),
        (["a", "b", "c", "d"], {"bad": 1, "good": 4}, (1, 4)),
    ],
)
def test_observers_have_thresholds_by_themselves(
    tmp_path: Path, names: list[str], said: dict[str, int], wanted: tuple[int, int]
) -> None:
    """Two for bad, a majority for good; in one order, however they were written."""
    folder = write(tmp_path, fleet=FLEET, slo=SLO, latency=LATENCY, terms=observed(names, **said))
    [agreement] = load_catalog([folder]).agreements.values()

    quorum = agreement.observers
    assert (quorum.names, (quorum.bad, quorum.good)) == (tuple(sorted(names)), wanted)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (observed(["north", "north"]), ("agreement.observers", "/spec/observers/names", "north: named twice")),
        (observed(["a", "b", "c"], bad=4), ("agreement.observers", "/spec/observers", "of 3 observers, 4 for bad")),
        (observed(["a", "b", "c", "d"], good=2), ("agreement.observers", "/spec/observers", "more than half")),
        (observed(["a", "b"], good=3), ("agreement.observers", "/spec/observers", "3 for good")),
    ],
    ids=["twice", "more than there are", "a tie that would be good", "good of more than there are"],
)
def test_a_vote_that_cannot_be_is_refused(tmp_path: Path, terms: Document, expected: tuple[str, str, str]) -> None:
    code, place, words = expected
    with pytest.raises(InvalidInput) as refused:
        load_catalog([write(tmp_path, fleet=FLEET, slo=SLO, latency=LATENCY, terms=terms)])
    [violation] = refused.value.violations
    assert (violation.code, violation.where.rpartition(":")[2]) == (code, place)
    assert words in violation.problem
