"""`specs import`, `specs explain` and `specs schema`, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from deploy.parts import CHECKOUT
from tests.adapters.spec_documents import AGREEMENT, FLEET, LATENCY, SLO, WINDOW, changed, notes, put, write
from tests.cli.running import Ended, Run

SPECS = str(CHECKOUT / "deploy" / "specs")
SLOTH = """version: prometheus/v1
service: shop
slos:
  - name: errors
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(orders_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(orders_total[{{.window}}]))
    alerting: {name: Orders}
"""


@pytest.fixture
def sloth(tmp_path: Path) -> str:
    (tmp_path / "sloth.yaml").write_text(SLOTH)
    return str(tmp_path / "sloth.yaml")


def test_import_prints_documents_and_tells_what_was_left_out(run: Run, sloth: str) -> None:
    """Documents on stdout, so that they can be piped; what was left out on stderr, with its line."""
    ended = run("specs", "import", sloth, "--tier", "edge", "--window", "1M", "--without", "alerting")
    assert (ended.code, yaml.safe_load(ended.out)["metadata"]["name"]) == (0, "shop-errors")
    assert ended.err == (
        f"left out: {sloth}:10: /slos/0/alerting: alert rules are made from the SLOs themselves [import.alerting]\n"
    )


def test_what_is_imported_is_accepted_by_check(run: Run, sloth: str, tmp_path: Path) -> None:
    """A file a document, in a folder that is made."""
    out = tmp_path / "made" / "slos"
    ended = run(
        "specs", "import", sloth, "--tier", "edge", "--window", "1M", "--without", "alerting", "--out", str(out)
    )
    assert (ended.code, ended.out) == (0, f"{out / 'shop-errors.yaml'}: written\n")
    assert run("specs", "check", str(out)).out == "0 sites, 1 SLO, 0 agreements: no violation\n"


def test_import_writes_nothing_where_anything_is_refused(run: Run, sloth: str, tmp_path: Path) -> None:
    """Each reason with its line and the next step; the code is 2."""
    out = tmp_path / "made"
    ended = run("specs", "import", sloth, "--tier", "edge", "--out", str(out))
    assert (ended.code, ended.out, out.exists()) == (2, "", False)
    assert f"{sloth}:10: /slos/0/alerting: " in ended.err
    assert "hint: take it out, or run with --without alerting" in ended.err
    assert "hint: run with --window 1M" in ended.err


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--without", "everything"), "--without everything: expected of alerting, datasources, services, rules"),
        (("--tier", "moon", "--window", "1M", "--without", "alerting"), "'moon'; expected core, regional"),
        (("--tier", "edge", "--window", "1m", "--without", "alerting"), "sloth.yaml:4: "),
        (("--tier", "edge", "--window", "1M", "--zone", "Mars", "--without", "alerting"), "'Mars': "),
        (
            ("--tier", "edge", "--window", "1M", "--scrape", "1M", "--without", "alerting"),
            "M is a month; a minute is m",
        ),
    ],
)
def test_import_refuses_flags_that_make_no_document(run: Run, sloth: str, flags: tuple[str, ...], told: str) -> None:
    """By their values, in the words of the check."""
    ended = run("specs", "import", sloth, *flags)
    assert (ended.code, ended.out, told in ended.err) == (2, "", True), ended.err


EXPLAINED = """example-edge, version 1
  id     0x7c4a90309d631cbe56de836173ba6f53309bf4d6a6ade9235e55a94137778e3a
  key    0x1c99afe54e211ef33121d875292b65e97e017d722fb8f408bcab63ce8ff45668
  terms  TERMS
  tenant example

Fee of a period      1250.00 USD
Credits of a period  at most 50 % of it, 625.00 USD
Of several misses    added up
Judged               1 d after its end
To be disputed       for 14 d, and 1,000 blocks after the report
Ruled                within 14 d after that, else the report stands
Reported             within 90 d after it may be, put right within 365 d
To be ended          with 30 d notice, where a period ends
On chain             120 periods, table calendar 0x4f4697de…,
                     to 2037-01-01T00:00:00Z
Planned work         announced 3 d ahead and approved: leaves the base

Signed by
  provider   0x1111111111111111111111111111111111111111 proposes the terms
  tenant     0x2222222222222222222222222222222222222222 accepts them
  attestors  as many as the contract asks for sign each report; one whose own
             count differs in more than 2 slots does not

Next periods, in UTC
  begins           ends             length        judged from      final from
  2027-02-01 00:00 2027-03-01 00:00 28 d          2027-03-02 00:00 2027-03-16
  2027-03-01 00:00 2027-04-01 00:00 31 d          2027-04-02 00:00 2027-04-16
  2027-04-01 00:00 2027-05-01 00:00 30 d          2027-05-02 00:00 2027-05-16

availability-edge at edge-nairobi-1
  Share of one-minute slots in which the site's Proxmox cluster had quorum at
  every scrape.
  Promised: 99.5 % of slots of 1 min

  in a period of           slots  may be bad
  28 d                    40,320  201 slots = 3 h 21 min
  29 d                    41,760  208 slots = 3 h 28 min
  30 d                    43,200  216 slots = 3 h 36 min
  31 d                    44,640  223 slots = 3 h 43 min

  In a period of 30 d
  bad, from                      attained              credit
  0                                 100 %                none
  217 slots = 3 h 37 min        99.4976 %          125.00 USD
  433 slots = 7 h 13 min        98.9976 %          312.50 USD
  2,161 slots = 1 d 12 h 1 min  94.9976 %          500.00 USD
  Example: 325 bad slots (5 h 25 min) leave 99.2476 %: 125.00 USD

latency-chain-query at regional-nairobi-1
  Share of eth_call queries at a read replica that answered within 200 ms.
  Promised: 99 % of events

  in a period of          events  may be bad
  such as 1,000,000    1,000,000  10,000 events

  In 1,000,000 events
  bad, from                      attained              credit
  0                                 100 %                none
  10,001 events                 98.9999 %           62.50 USD
  50,001 events                 94.9999 %          187.50 USD
  Example: 30,001 bad events leave 96.9999 %: 62.50 USD

What nobody can tell counts as good where it is priced. Where it could make the
difference, the period is undetermined: a person reviews it, nothing is paid.
"""


def test_explain_tells_what_an_agreement_means(run: Run) -> None:
    """Periods, budgets, credits and who signs, in 80 columns."""
    ended = run("specs", "explain", "example-edge", SPECS, "--at", "2027-02-14")
    terms = next(line.split()[1] for line in ended.out.splitlines() if line.startswith("  terms"))
    assert ended == Ended(code=0, out=EXPLAINED.replace("TERMS", terms), err="")
    assert max(len(line) for line in ended.out.splitlines()) <= 80


def test_explain_shows_the_hours_of_a_clock_change(run: Run, tmp_path: Path) -> None:
    """In the zone of the agreement; the month is an hour shorter."""
    slo = changed(SLO, put(WINDOW + "calendar|timeZone", "Europe/Berlin"))
    march = put("spec|startsAt", "2027-02-28T23:00:00Z")
    terms = changed(AGREEMENT, march, lambda document: document["spec"]["promises"].pop())
    write(tmp_path, fleet=FLEET, slo=slo, terms=terms)
    ended = run("specs", "explain", "example-edge", str(tmp_path), "--at", "2027-03-05")
    assert (
        "Next periods, in Europe/Berlin\n"
        "  begins           ends             length        judged from      final from\n"
        "  2027-03-01 00:00 2027-04-01 00:00 30 d 23 h     2027-04-02 00:00 2027-04-16\n"
        "    2027-03-28 03:00: the clock goes forward by 1 h\n"
        "  2027-04-01 00:00 2027-05-01 00:00 30 d          2027-05-02 00:00 2027-05-16\n"
    ) in ended.out


def test_explain_tells_who_observes_and_what_planned_work_costs(run: Run, tmp_path: Path) -> None:
    """With how many of them decide; names that are long are wrapped."""
    names = [f"observer-of-region-{number}" for number in range(5)]
    terms = changed(
        AGREEMENT,
        put("spec|observers", {"names": names, "bad": 2}),
        put("spec|excludedSlots", "counts-as-up"),
        put("spec|exclusionNoticeSeconds", 0),
    )
    write(tmp_path, fleet=FLEET, slo=SLO, latency=LATENCY, terms=terms)
    ended = run("specs", "explain", "example-edge", str(tmp_path), "--at", "2027-02-14")
    assert (
        "Planned work         announced and approved: counts as up\n"
        "Observed by          observer-of-region-0, observer-of-region-1,\n"
        "                     observer-of-region-2, observer-of-region-3,\n"
        "                     observer-of-region-4: bad where 2 say so, good where 3 do\n"
    ) in ended.out


def test_explain_speaks_json(run: Run) -> None:
    """The same as numbers: minor units, seconds and counts."""
    ended = run("specs", "explain", "example-edge", SPECS, "--at", "2027-02-14", "--json")
    ((meaning,), code) = json.loads(ended.out), ended.code
    assert (code, [one["period"]["starts_at"] for one in meaning["periods"]][:1]) == (0, [1_801_440_000])
    assert [(one["bad"], one["credit"]["amount_minor"]) for one in meaning["promises"][0]["steps"]] == [
        (217, 12_500),
        (433, 31_250),
        (2_161, 50_000),
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("none", SPECS), "no agreement none; there are: example-edge"),
        (("example-edge", SPECS, "--at", "soon"), "--at 'soon': expected a day like 2027-03-01"),
    ],
)
def test_explain_names_what_it_cannot_find(run: Run, arguments: tuple[str, ...], told: str) -> None:
    """With what there is."""
    ended = run("specs", "explain", *arguments)
    assert (ended.code, ended.out, told in ended.err) == (2, "", True)


def test_schema_is_printed_for_one_kind_or_for_all(run: Run) -> None:
    """JSON on stdout; another kind is refused with those there are."""
    one, every, other = (run("specs", "schema", *kind) for kind in (("Agreement",), (), ("Other",)))
    assert (json.loads(one.out)["title"], "document" in json.loads(every.out)["$defs"]) == ("Agreement", True)
    assert (other.code, "no kind Other; there are: SLO, " in other.err) == (2, True)


def test_explain_says_credits_that_the_contract_cannot_settle_yet(run: Run, tmp_path: Path) -> None:
    """`specs check` refuses them; here both sides see what they would mean, and that they are not settled."""
    rules = {"stacking": "largest", "minimumMinor": 101, "capYearMinor": 500_000, "claimPeriods": 2}
    formula = {"kind": "steps", "eachSeconds": 3600, "creditPpm": 50_000, "counted": "beyond-objective"}
    folder = write(
        tmp_path,
        fleet=FLEET,
        slo=SLO,
        latency=LATENCY,
        terms=changed(
            AGREEMENT,
            put("spec|credits", rules),
            put("spec|promises|0|bands", []),
            put("spec|promises|0|formula", formula),
        ),
    )
    ended = run("specs", "explain", "example-edge", str(folder), "--at", "2027-01-05")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert ended.code == 0
    for line in (
        "Of several misses the largest alone",
        "Least credit 1.01 USD; for less nothing is paid",
        "Credits of a year at most 5000.00 USD; a first year in which all is",
        "missed pays 5000.00 USD",
        "To be claimed within 2 further periods after a period's end",
        "Not settled yet the contract computes no formula and no claim; specs check",
        "Ruled within 14 d after that, else the report stands",
        "Reported within 90 d after it may be, put right within 365 d",
        "To be ended with 30 d notice, where a period ends",
        "to 2037-01-01T00:00:00Z",
        "Credited: 5 % of the fee for each 1 h that was bad beyond what the objective",
        "276 slots = 4 h 36 min 99.3611 % 62.50 USD",
        "816 slots = 13 h 36 min 98.1111 % 625.00 USD",
    ):
        assert line in lines
    assert max(map(len, ended.out.splitlines())) <= 80
    refused = run("specs", "check", str(folder))
    assert (refused.code, refused.err.count("[agreement.unsettled]")) == (2, 2)


MARCH = "2027-03-01T00:00:00Z"


@pytest.fixture
def changed_in_march(tmp_path: Path) -> str:
    """An agreement whose SLO and fee change in March 2027."""
    target = put("spec|objectives|0|target", 0.99)
    later = changed(SLO, notes(version="2", **{"from": MARCH}), target)
    amended = changed(
        AGREEMENT,
        put("spec|version", 2),
        put("spec|startsAt", MARCH),
        put("spec|fee|amountMinor", 150_000),
        put("spec|promises|0|bands", [{"belowPpm": 990_000, "creditPpm": 100_000}]),
    )
    documents = {"fleet": FLEET, "slo": SLO, "latency": LATENCY, "terms": AGREEMENT, "later": later, "amended": amended}
    return str(write(tmp_path, **documents))


def test_check_tells_what_a_boundary_changes(run: Run, changed_in_march: str) -> None:
    """Of what is counted and of what is agreed, by its place; an SLO or an agreement of several versions counts once."""
    ended = run("specs", "check", changed_in_march)
    lines = [line for line in ended.out.splitlines() if not line.startswith(("warning", "    hint"))]
    assert (ended.code, lines) == (
        0,
        [
            "2 sites, 2 SLOs, 1 agreement: no violation",
            "SLO availability-edge: version 2 from 2027-03-01T00:00:00Z",
            "  target_ppm 995000 -> 990000",
            "agreement example-edge: version 2 from 2027-03-01T00:00:00Z",
            "  fee_minor 125000 -> 150000",
            "  promise availability-edge/edge-nairobi-1.bands [[995000, 100000], [990000, 250000], [950000, 400000]] -> [[990000, 100000]]",
            "  promise availability-edge/edge-nairobi-1.slo.target_ppm 995000 -> 990000",
        ],
    )


@pytest.mark.parametrize(
    ("day", "version", "fee", "told", "last"),
    [
        (
            "2027-01-31",
            1,
            "1250.00 USD",
            "  until  2027-03-01T00:00:00Z; then version 2 holds: --at 2027-03-01",
            "2027-02-01",
        ),
        ("2027-03-01", 2, "1500.00 USD", "  from   2027-03-01T00:00:00Z; version 1 holds before", "2027-05-01"),
    ],
)
def test_explain_is_by_the_version_that_holds_then(
    run: Run, changed_in_march: str, day: str, version: int, fee: str, told: str, last: str
) -> None:
    """With its periods up to its end, and where the other one begins."""
    ended = run("specs", "explain", "example-edge", changed_in_march, "--at", day)
    lines = ended.out.splitlines()
    assert (ended.code, lines[0], f"Fee of a period      {fee}" in lines, told in lines) == (
        0,
        f"example-edge, version {version}",
        True,
        True,
    )
    periods = [line.split()[0] for line in lines if line.startswith("  2027-")]
    assert periods[-1] == last
