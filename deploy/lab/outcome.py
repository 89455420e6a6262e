"""What came of the story, read as the tenant reads it, and whether it is as it must be.

The demo's result is the availability promise: its slots, verdict and credit must be those worked out by hand. How the latency
promise came out is told with its counts, whatever it is: on a machine that is busy its queries may not be known, or be slow.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from deploy.lab import signatures, story
from deploy.lab.byhand import ByHand, work_out
from deploy.lab.client import opens
from deploy.lab.pager import Page
from deploy.lab.processes import LabError
from deploy.lab.stack import EDGE, Lab
from deploy.lab.story import AVAILABILITY, Promise, Story, clock
from sankofa_dashboards.queries import generated_boards, panel_queries
from sankofa_observe.units import rfc3339

PAGE = "SiteDown"
WALLS = ("sk-fleet", "sk-site")
OF_OTHERS = re.compile(r"\b(prometheus|alertmanager)_\w+")
FEE_MINOR, CAP_PERCENT = 125_000, 50  # the example agreement's, for the sum by hand
CROSSED = {"reported", "final"}
LOST = {"disputed", "voided", "held"}  # from here no credit comes by itself
Item = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the platform says came of the story's period, read as the tenant reads it."""

    verdicts: list[Item]  # the newest of each promise
    settlements: list[Item]
    credits: list[Item]
    settlement: Item  # of the availability promise, as are credit and evidence
    credit: Item
    evidence: Item
    verified: str
    page: Page | None
    dead_links: list[str]  # of the page
    empty_panels: list[str]

    @property
    def states(self) -> list[str]:
        """What the evidence calls each slot, in order."""
        return states_of(self.evidence)


def states_of(evidence: Item) -> list[str]:
    """What a document of evidence calls each slot, in order."""
    return [row.rpartition(",")[2] for day in evidence["days"] for row in day["rows"]]


def follow(told: Story) -> Outcome:
    """Wait for verdict, settlement and credit of the availability promise, and read everything back."""
    settlement, credit = settled(told)
    told.wait("the page of the outage", lambda: told.lab.pager.first("/page", PAGE), 30, hopeless=lambda: unfired(told))
    told.wait("data for every board", lambda: not empty_panels(told.lab), 30, seen=lambda: str(empty_panels(told.lab)))
    read: Outcome = told.wait("reading everything back", lambda: _read_back(told, settlement, credit), 30)
    return read


def settled(told: Story) -> tuple[Item, Item]:
    """Wait for verdict, settlement and credit of the agreement's first promise: its final settlement, and the credit."""
    judged(told)
    crossed(told)
    settlement = final(told)
    credit: Item = told.wait(
        "granting the credit",
        lambda: _credit(told, settlement),
        60,
        hopeless=lambda: broken(told),
        seen=lambda: said(told, "credit"),
    )
    told.say("final; the credit is granted")
    return settlement, credit


def _read_back(told: Story, settlement: Item, credit: Item) -> Outcome:
    settlements = [one for one in told.items("/v1/settlements") if _of_period(told, one)]
    own = {one["settlement_id"] for one in settlements}
    raw = told.as_tenant(f"/v1/settlements/{settlement['settlement_id']}/evidence").content
    page = told.lab.pager.first("/page", PAGE)
    return Outcome(
        verdicts=verdicts(told),
        settlements=settlements,
        credits=[one for one in told.items("/v1/credits") if one["settlement_id"] in own],
        settlement=settlement,
        credit=credit,
        evidence=json.loads(raw),
        verified=verify(told, raw),
        page=page,
        dead_links=dead_links(page, told.lab.patience_seconds) if page else [],
        empty_panels=empty_panels(told.lab),
    )


def pick(items: list[Item], promise: Promise) -> Item | None:
    """The newest item of a promise, by SLO and site: what else was broken may stand before it."""
    return next((one for one in reversed(items) if (one["slo"], one["site"]) == promise), None)


def _of_period(told: Story, item: Item) -> bool:
    return bool(item["period_start"] == rfc3339(told.starts_at))


def verdicts(told: Story) -> list[Item]:
    """The newest verdict of each promise on the story's period."""
    found = [one for one in told.items(f"/v1/agreements/{told.agreement_id}/verdicts") if _of_period(told, one)]
    return [one for promise in told.promises if (one := pick(found, promise))]


def settlement_of(told: Story, promise: Promise) -> Item | None:
    return pick([one for one in told.items("/v1/settlements") if _of_period(told, one)], promise)


def _credit(told: Story, settlement: Item) -> Item | None:
    wanted = settlement["settlement_id"]
    return next((one for one in told.items("/v1/credits") if one["settlement_id"] == wanted), None)


# ------------------------------------------------------------------------------------------------ what is waited for


def judged(told: Story) -> None:
    """Every promise has its verdict; another than breach of the first leads to no credit, so that is the end."""
    found = told.wait(
        "judging",
        lambda: every if len(every := verdicts(told)) == len(told.promises) else [],
        60 + 3 * told.plan.slot_seconds,
        hopeless=lambda: broken(told),
        seen=lambda: said(told, "evaluate") or said(told, "observe"),
    )
    told.say("judged: " + ", ".join(summary(one) for one in found))
    first = pick(found, told.promises[0])
    if first is None or first["verdict"] != "breach":
        raise LabError(f"no credit can come of this: expected a breach; judged: {first and summary(first)}")


def summary(verdict: Item) -> str:
    text = f"{verdict['slo']} {verdict['verdict']}"
    if verdict["verdict"] != "undetermined":
        return text
    return f"{text} (good {verdict['good']}, bad {verdict['bad']}, not known {verdict['unknown']})"


def crossed(told: Story) -> None:
    """The report is on chain; who signed it is read from the transaction."""
    found = _state(told, CROSSED, "attesting and reporting", 60)
    signed = told.wait(
        "reading who signed",
        lambda: signatures.read(told.lab, told.contract["contract"], found["settlement_id"]),
        30,
        hopeless=lambda: broken(told),
    )
    may = "may be" if time.time() < signed.disputable_until else "could be"
    told.say(f"{signed}; reported on chain, {may} disputed until {clock(signed.disputable_until)}")


def final(told: Story) -> Item:
    return _state(told, {"final"}, "dispute window", 90)


def _state(told: Story, wanted: set[str], what: str, seconds: float) -> Item:
    """The settlement of the first promise, once its state is among those wanted."""

    def now() -> Item:
        return settlement_of(told, told.promises[0]) or {"settlement_id": "", "state": "not assessed"}

    def hopeless() -> str:
        one = now()
        lost = f"the settlement is {one['state']}" if one["state"] in LOST else ""
        return lost or broken(told) or refusal(said(told, "settle"), one["settlement_id"])

    def reached() -> Item | None:
        one = now()
        return one if one["state"] in wanted else None

    found: Item = told.wait(
        what, reached, seconds, hopeless=hopeless, seen=lambda: f"{now()['state']}; {said(told, 'settle')}"
    )
    return found


# -------------------------------------------------------------------------------------- what the scheduler said of it


def _log(told: Story) -> list[Item]:
    """What the scheduler has logged, line by line; what another library prints beside it is left out."""
    scheduler = next(child for child in reversed(told.lab.processes.children) if child.name == "scheduler")
    lines = scheduler.log.read_text(errors="replace").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def said(told: Story, stage: str) -> str:
    """What a stage did, or why it failed, as far as it has said anything."""
    lines = (
        str(line.get("error") or line.get("did") or "") for line in reversed(_log(told)) if line.get("stage") == stage
    )
    return next(filter(None, lines), "")


def broken(told: Story) -> str:
    """The scheduler says that two truths disagree; it does nothing more of its own then."""
    return next((str(line.get("error")) for line in _log(told) if line["level"] == "critical"), "")


_PASSING = (
    "away: |cannot tell since |has not answered since |agrees, and has not signed"  # of what an attestor is said to do
)


def refusal(did: str, settlement_id: str) -> str:
    """Why a settlement waits by what the stage said, where that will not pass.

    Who is away may come back, and what the contract refuses only by its clock it takes later; who objects has counted.
    """
    waits = re.search(rf"{settlement_id}: waiting: (.*?)(?=; (?:report of )?(?:settlement )?0x|$)", did)
    if not settlement_id or waits is None:
        return ""
    lasting = (
        rf"other terms than the specs|attestor-\d+: (?!{_PASSING})|SLA(?!PeriodNotClosed|DisputeWindowOpen)[A-Z]\w+"
    )
    return waits[1] if re.search(lasting, waits[1]) else ""


def unfired(told: Story) -> str:
    """Why no page can come once the period is over: Prometheus never told Alertmanager of it."""
    since = int(time.time()) - told.starts_at
    fired = told.lab.query(f'max_over_time(ALERTS{{alertname="{PAGE}",alertstate="firing"}}[{since}s])')
    return "" if fired else f"{PAGE} has not fired since the period began"


# --------------------------------------------------------------------------------------------------- what is read back


def verify(told: Story, raw: bytes) -> str:
    """What our own `verify` says of the evidence, with the chain; its last line, and exit code 0, or all it said."""
    file = told.lab.folder / "evidence.json"
    file.write_bytes(raw)
    by_chain = ("--rpc", told.lab.url("chain"), "--contract", told.contract["contract"])
    done = story.attempt("sankofa-observe", "verify", str(file), *by_chain)
    return done.stdout.strip().rpartition(": ")[2] if done.returncode == 0 else (done.stdout + done.stderr).strip()


def dead_links(page: Page, patience_seconds: float) -> list[str]:
    """Links of the page that lead nowhere: its runbook, and the query behind it in Prometheus.

    Debian's Prometheus comes without the page that shows a query: there the one that is linked must answer it by its API.
    """
    (alert,) = page.body["alerts"]
    runbook, query = alert["annotations"]["runbook_url"], alert["generatorURL"]
    prometheus = urlsplit(query)
    (expr,) = parse_qs(prometheus.query)["g0.expr"]
    asked = f"{prometheus.scheme}://{prometheus.netloc}/api/v1/query?{urlencode({'query': expr})}"
    return [link for link, url in ((runbook, runbook), (query, asked)) if not opens(url, patience_seconds)]


def empty_panels(lab: Lab) -> list[str]:
    """Queries of the wall and of a site's board that answer nothing on this Prometheus, by board and panel.

    Boards of systems are none of the demo's: its doubles have a part of their families. Nobody here scrapes Prometheus or Alertmanager.
    """
    boards = generated_boards()
    chosen = {"tier": ".*", "region": ".*", "site": EDGE, "system": "proxmox", "__rate_interval": "30s"}
    return [
        f"{boards[uid]['title']}: {asked.panel}"
        for uid in WALLS
        for asked in panel_queries(boards[uid], chosen)
        if not OF_OTHERS.search(asked.expr) and not lab.query(asked.expr)
    ]


# ---------------------------------------------------------------------------------------------------- what it must be


def by_hand(told: Story, states: list[str]) -> ByHand:
    """The sum by hand over slots that were called so."""
    return work_out(
        told.lab.looks(range(told.starts_at, told.ends_at)),
        states,
        down=told.down,
        up=told.up,
        starts_at=told.starts_at,
        slot_seconds=told.plan.slot_seconds,
        fee_minor=FEE_MINOR,
        cap_percent=CAP_PERCENT,
    )


def disagreements(outcome: Outcome, expected: ByHand) -> list[str]:
    """Everything that is not as it must be; empty when the demo holds."""
    edge = pick(outcome.verdicts, AVAILABILITY) or {}
    counted = {state: expected.states.count(state) for state in ("GOOD", "BAD", "UNKNOWN")}
    credit, settlement = outcome.credit, outcome.settlement
    granted = sum(one["amount"]["amount_minor"] for one in outcome.credits)
    owed = sum(one["amount"]["amount_minor"] + one["cut_minor"] for one in outcome.credits)
    claims = {
        "availability verdict": (edge.get("verdict"), "breach"),
        "slots that are called what they cannot be": (expected.wrong(), []),
        "slots good, bad, unknown": ([edge.get(key) for key in ("good", "bad", "unknown")], [*counted.values()]),
        "settlement state": (settlement["state"], "final"),
        "credit, before the cap of the period": (settlement["proposed"]["amount_minor"], expected.credit_minor),
        "credit and what the cap cut off": (
            credit["amount"]["amount_minor"] + credit["cut_minor"],
            expected.credit_minor,
        ),
        "credits of the period": (granted, min(owed, FEE_MINOR * CAP_PERCENT // 100)),
        "evidence": (outcome.verified.startswith("all "), True),
        "page delivered": (outcome.page is not None, True),
        "links of the page that do not open": (outcome.dead_links, []),
        "panels without data": (outcome.empty_panels, []),
    }
    return [f"{what}: {seen!r}, expected {wanted!r}" for what, (seen, wanted) in claims.items() if seen != wanted]
