"""What the demo says: of the right promise, with every other one by its name, and of what can no longer come at once."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deploy.lab import outcome, ports, report
from deploy.lab.byhand import ByHand, Switched, Touch
from deploy.lab.outcome import Outcome, disagreements, pick, refusal
from deploy.lab.pager import Page
from deploy.lab.processes import LabError, Processes
from deploy.lab.stack import Lab
from deploy.lab.story import AVAILABILITY, LATENCY, Story
from tests.pace import limit

OURS, OTHER = "0x" + "aa" * 32, "0x" + "bb" * 32
STARTS_AT = 1_795_520_790
USD = {"currency": "USD", "exponent": 2}
STATES = ["GOOD"] * 4 + ["BAD"] * 8 + ["GOOD"] * 6


def verdict(promise: tuple[str, str], word: str, **counts: int) -> dict[str, Any]:
    slo, site = promise
    bounds = {"low_ppm": 555_555, "high_ppm": 555_555, "target_ppm": 995_000, "coverage_ppm": 1_000_000}
    return {"slo": slo, "site": site, "verdict": word, "slots": {"GOOD": 10, "BAD": 8}, **bounds, **counts}


def settlement(promise: tuple[str, str], settlement_id: str, ppm: int) -> dict[str, Any]:
    slo, site = promise
    proposed = {"amount_minor": 125_000 * ppm // 1_000_000, **USD}
    history = [
        {"state": state, "at": f"2026-11-24T11:4{n}:00Z", "detail": ""} for n, state in enumerate(("computed", "final"))
    ]
    return {
        "slo": slo, "site": site, "settlement_id": settlement_id, "state": "final", "history": history, "credit_ppm": ppm,
        "proposed": proposed, "document_hash": "0x" + "cc" * 32,
    }  # fmt: skip


def credit(settlement_id: str, amount: int, cut: int = 0) -> dict[str, Any]:
    return {
        "settlement_id": settlement_id, "amount": {"amount_minor": amount, **USD}, "cut_minor": cut,
        "transaction": "0x" + "dd" * 32, "block_number": 133, "granted_at": "2026-11-24T11:42:00Z",
    }  # fmt: skip


def both_broken(*, other_ppm: int = 50_000, cut: int = 0) -> Outcome:
    """Both promises broken, the other one's settlement and credit before ours; both share the cap of half the fee."""
    settlements = [settlement(LATENCY, OTHER, other_ppm), settlement(AVAILABILITY, OURS, 400_000)]
    credits = [credit(OTHER, 125_000 * other_ppm // 1_000_000), credit(OURS, 50_000 - cut, cut)]  # noqa: A001  the resource's name
    page = Page(
        at=STARTS_AT + 44,
        path="/page",
        body={
            "alerts": [
                {
                    "labels": {"alertname": "SiteDown"},
                    "annotations": {"summary": "a site is DOWN", "runbook_url": "http://127.0.0.1:1/runbooks/SiteDown"},
                }
            ]
        },
    )
    slo, site = AVAILABILITY
    return Outcome(
        verdicts=[
            verdict(AVAILABILITY, "breach", good=10, bad=8, unknown=0),
            verdict(LATENCY, "breach", good=600, bad=120, unknown=0),
        ],
        settlements=settlements,
        credits=credits,
        settlement=settlements[1],
        credit=credits[1],
        evidence={
            "identity": {
                "slo": {"name": slo, "site": site},
                "agreement": {"fee_minor": 125_000, "cap_ppm": 500_000},
            },
            "days": [{"rows": [f"{STARTS_AT + n * 5},0,0,5,5,{state}" for n, state in enumerate(STATES)]}],
        },
        verified="all 36 checks hold",
        page=page,
        dead_links=[],
        empty_panels=[],
    )


def expected(states: list[str] = STATES) -> ByHand:
    touches = [Touch.NO] * 4 + [Touch.SURE] * 8 + [Touch.NO] * 6
    return ByHand(touches=touches, states=states, credit_percent=40, credit_minor=50_000)


def shown(came: Outcome, tmp_path: Path) -> str:
    console = Console(file=io.StringIO(), width=120)
    told = Story(lab=Lab(processes=Processes(folder=tmp_path)), console=console, starts_at=STARTS_AT)
    told.down = Switched(before=STARTS_AT + 22.5, after=STARTS_AT + 22.6)
    told.up = Switched(before=STARTS_AT + 57.5, after=STARTS_AT + 57.6)
    report.show(told, came, expected())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_report_shows_each_settlement_under_its_promise(tmp_path: Path) -> None:
    """With both promises broken the availability's credit, slots and sum stand under its name, the other's under its own."""
    text = shown(both_broken(), tmp_path)
    costs = [line.strip() for line in text.partition("what it costs")[2].splitlines()[1:]]
    ours, _, others = "\n".join(costs).partition("latency-chain-query at regional-nairobi-1: settlement final")

    assert costs[0] == "availability-edge at edge-nairobi-1: settlement final"
    assert "500.00 USD, cut by the cap: 0 minor units" in ours
    assert "8 of 18 slots touched, 40 % of the fee: 500.00 USD" in ours
    assert (OURS in ours, OTHER in ours) == (True, False)
    assert "5.0000 % of the fee: 62.50 USD" in others
    assert "62.50 USD, cut by the cap: 0 minor units" in others
    assert (OURS in others, OTHER in others) == (False, True)


def test_strip_of_slots_says_whose_it_is(tmp_path: Path) -> None:
    """The marks stand under SLO and site, with how many there are of each."""
    lines = [line.strip() for line in shown(both_broken(), tmp_path).splitlines()]
    at = lines.index("availability-edge at edge-nairobi-1, a mark a slot")

    assert lines[at + 1].split() == ["▂▂▂"] * 4 + ["███"] * 8 + ["▂▂▂"] * 6
    assert lines[at + 2] == "▂ 10 GOOD, █ 8 BAD"


def test_last_line_is_the_credit_of_the_availability_promise() -> None:
    """Its amount; where the cap of the period cut it because the other promise was paid first, that is said."""
    assert report.result(both_broken()) == "credit = expected: 500.00 USD"
    assert report.result(both_broken(other_ppm=150_000, cut=6_250)) == (
        "credit = expected: 437.50 USD; the cap of the period cut off 62.50 USD, because another promise was broken too"
    )


def test_newest_item_of_a_promise_is_picked_by_slo_and_site() -> None:
    """What else is in the list, before or after, is passed over; of a promise without an item there is none."""
    items = [
        {"slo": slo, "site": site, "n": n}
        for n, (slo, site) in enumerate((LATENCY, AVAILABILITY, AVAILABILITY, LATENCY))
    ]

    assert (pick(items, AVAILABILITY), pick(items[:1], AVAILABILITY)) == (items[2], None)
    assert pick([{"slo": AVAILABILITY[0], "site": "elsewhere"}], AVAILABILITY) is None


def test_demo_holds_whatever_came_of_the_latency_promise() -> None:
    """Broken or not known, the availability promise alone decides; credits stay within the cap of the period."""
    broken, cut = both_broken(), both_broken(other_ppm=150_000, cut=6_250)
    undetermined = replace(
        broken,
        verdicts=[broken.verdicts[0], verdict(LATENCY, "undetermined", good=600, bad=0, unknown=120)],
        settlements=broken.settlements[1:],
        credits=broken.credits[1:],
    )

    assert [disagreements(one, expected()) for one in (broken, cut, undetermined)] == [[], [], []]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"credit": credit(OURS, 49_999)}, "credit and what the cap cut off: 49999, expected 50000"),
        ({"verified": "2 of 36 checks do not hold"}, "evidence: False, expected True"),
        ({"page": None}, "page delivered: False, expected True"),
        ({"empty_panels": ["Site: Up"]}, "panels without data: ['Site: Up'], expected []"),
    ],
)
def test_what_is_not_as_it_must_be_is_named(change: dict[str, Any], named: str) -> None:
    """Each claim that fails is told with the value seen and the value expected."""
    assert disagreements(replace(both_broken(), **change), expected()) == [named]


def test_slots_called_good_while_the_site_was_down_are_named() -> None:
    """[11, 7, 0] where eight slots were surely touched is no rounding: the slot is named."""
    states = [*STATES]
    states[11] = "GOOD"
    came = replace(both_broken(), verdicts=[verdict(AVAILABILITY, "breach", good=11, bad=7, unknown=0)])

    assert disagreements(came, expected(states)) == [
        "slots that are called what they cannot be: ['slot 12 is GOOD; touched by the outage: sure'], expected []"
    ]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (f"{OURS}: waiting: 1 of 2 attestors sign; attestor-2: away: no folder; attestor-3: away: no folder", ""),
        (
            f"{OURS}: waiting: 0 of 2 attestors sign; attestor-1: cannot tell since 2026-01-01T00:00:00Z: no answer; attestor-2: has not answered since 2026-01-01T00:00:00Z",
            "",
        ),
        (
            f"{OURS}: waiting: 1 of 2 attestors signed its batch; attestor-2: agrees, and has not signed this batch yet",
            "",
        ),
        (
            f"{OTHER}: waiting: 0 of 2 attestors sign; attestor-1: judges met, not breach; {OURS}: waiting: its dispute window is open",
            "",
        ),
        (
            f"{OURS}: waiting: 1 of 2 attestors sign; attestor-2: judges met, not breach; {OTHER}: waiting: x",
            "1 of 2 attestors sign; attestor-2: judges met, not breach",
        ),
        (
            f"report of settlement {OURS}: waiting: SLAInvalidPeriod(1, 2, 3, 4)",
            "SLAInvalidPeriod(1, 2, 3, 4)",
        ),
        (f"report of settlement {OURS}: waiting: SLAPeriodNotClosed(periodEnd=1, reportableAt=6)", ""),
        (f"settlement {OURS}: waiting: SLADisputeWindowOpen(until=9)", ""),
        ("", ""),
    ],
)
def test_what_will_not_pass_is_told_from_what_may(said: str, reason: str) -> None:
    """An attestor that is away may come back, one that objects has counted; another settlement's trouble is not ours."""
    assert refusal(said, OURS) == reason


def test_waiting_ends_at_once_with_the_reason_when_it_is_hopeless(tmp_path: Path) -> None:
    """What can no longer come is said at once, whatever time would be left."""
    told = Story(lab=Lab(processes=Processes(folder=tmp_path)), console=Console(quiet=True))
    with pytest.raises(LabError, match=r"^judging: this cannot come any more: judged met$"):
        told.wait("judging", lambda: False, 3600, hopeless=lambda: "judged met")


def test_waiting_in_vain_says_what_was_seen_last(tmp_path: Path) -> None:
    """The last resort grows with the pace and names what it saw."""
    told = Story(lab=Lab(processes=Processes(folder=tmp_path)), console=Console(quiet=True))
    with pytest.raises(LabError, match=rf"^reporting: not so after {limit(0.1):.0f} s; seen last: computed; logs: "):
        told.wait("reporting", lambda: False, 0.1, seen=lambda: "computed")


def test_waiting_ends_with_a_child_that_died(tmp_path: Path) -> None:
    """A part that ends while something is waited for is named, with its last lines."""
    with Processes(folder=tmp_path) as processes:
        told = Story(lab=Lab(processes=processes), console=Console(quiet=True))
        processes.start("scheduler", ["sh", "-c", "echo out of memory; exit 9"]).process.wait()
        with pytest.raises(LabError, match=r"(?s)^scheduler: ended while judging; its last lines:\nout of memory$"):
            told.wait("judging", lambda: False, 3600)


def test_waiting_ends_with_whoever_started_it(tmp_path: Path) -> None:
    """A make that was killed leaves nobody who would end a demo that is kept running."""
    told = Story(lab=Lab(processes=Processes(folder=tmp_path)), console=Console(quiet=True), started_by=-1)
    with pytest.raises(LabError, match=r"^who started this \(process -1\) ended while everything was kept running$"):
        told.stop_if_dead("everything was kept running")


@pytest.mark.parametrize("word", ["met", "undetermined"])
def test_another_verdict_than_a_breach_ends_the_story(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No settlement is waited for that cannot come: the verdict is told, with what was not known."""
    judged = [
        verdict(AVAILABILITY, word, good=10, bad=0, unknown=8),
        verdict(LATENCY, "met", good=720, bad=0, unknown=0),
    ]
    monkeypatch.setattr(outcome, "verdicts", lambda _: judged)
    told = Story(lab=Lab(processes=Processes(folder=tmp_path)), console=Console(quiet=True))
    with pytest.raises(
        LabError, match=f"no credit can come of this: expected a breach; judged: availability-edge {word}"
    ):
        outcome.judged(told)


class Answering(Lab):
    """A lab whose Prometheus answers what contains one of some words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def query(self, expression: str, of: str = "prometheus", at: float | None = None) -> list[dict[str, Any]]:
        return [{}] if any(word in expression for word in self.words) else []


@pytest.mark.parametrize(
    ("answered", "named"),
    [((), True), (("sankofa_slo_attainment",), False)],
)
def test_a_panel_without_data_is_named(answered: tuple[str, ...], named: bool) -> None:  # noqa: FBT001
    """The wall and the site's board are asked, and what answers nothing is told; what only Alertmanager has is not asked."""
    empty = outcome.empty_panels(Answering(*answered))
    assert ("Site: Attainment, this period" in empty) is named
    assert not [one for one in empty if "Notifications" in one]


def test_a_part_has_one_port_however_often_it_is_asked_for(tmp_path: Path) -> None:
    """Each port that is given stays taken until the process ends: a lab that waits asks thousands of times."""
    lab = Lab(processes=Processes(folder=tmp_path))
    given = len(ports._given)

    assert {lab.url("chain") for _ in range(50)} == {lab.url("chain")}
    assert len(ports._given) == given + 1
