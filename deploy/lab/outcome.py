"""What came of the story, read as the tenant reads it, and whether it is as it must be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dashboards.queries import generated_boards, panel_queries
from deploy.lab import story
from deploy.lab.byhand import ByHand
from deploy.lab.pager import Page
from deploy.lab.stack import EDGE, REPLICA, Lab
from deploy.lab.story import Story

PAGE = "PveQuorumLost"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the platform says came of it, read as the tenant reads it."""

    verdicts: list[dict[str, Any]]
    settlement: dict[str, Any]
    credit: dict[str, Any]
    evidence: dict[str, Any]
    verified: str
    page: Page | None
    empty_panels: list[str]


def follow(told: Story) -> Outcome:
    """Wait for verdict, settlement and credit, and read everything back."""
    verdicts, settlements = f"/v1/agreements/{told.agreement_id}/verdicts", "/v1/settlements"
    told.wait("judging", lambda: len(told.as_tenant(verdicts).json()["items"]) == story.PROMISES, 40)
    told.say(
        "judged: " + ", ".join(one["slo"] + " " + one["verdict"] for one in told.as_tenant(verdicts).json()["items"])
    )
    told.wait("attesting and reporting", lambda: _state(told, settlements) in {"reported", "final"}, 40)
    told.say("2 of 3 attestors signed, the third is away; reported on chain, the dispute window is open")
    told.wait("dispute window", lambda: _state(told, settlements) == "final", 60)
    credit = told.wait("granting the credit", lambda: told.as_tenant("/v1/credits").json()["items"], 20)[0]
    told.say("final; the credit is granted")
    settlement = told.as_tenant(settlements).json()["items"][0]
    raw = told.as_tenant(f"{settlements}/{settlement['settlement_id']}/evidence").content
    file = told.lab.folder / "evidence.json"
    file.write_bytes(raw)
    by_chain = ("--rpc", told.lab.url("chain"), "--contract", told.contract["contract"])
    verified = story.attempt("sankofa-observe", "verify", str(file), *by_chain).stdout.strip()
    return Outcome(
        verdicts=told.as_tenant(verdicts).json()["items"],
        settlement=settlement,
        credit=credit,
        evidence=json.loads(raw),
        verified=verified.rpartition(": ")[2],
        page=told.lab.pager.first("/page", PAGE),
        empty_panels=empty_panels(told.lab),
    )


def _state(told: Story, path: str) -> str:
    items = told.as_tenant(path).json()["items"]
    return items[0]["state"] if items else ""


def empty_panels(lab: Lab) -> list[str]:
    """Panels of the committed boards whose query answers nothing on this Prometheus.

    A Besu panel is asked of the site that has a Besu node, every other one of the edge site.
    """
    found = []
    for board in generated_boards().values():
        by_site = {site: panel_queries(board, {"site": site, "__rate_interval": "30s"}) for site in (EDGE, REPLICA)}
        for at_edge, at_replica in zip(by_site[EDGE], by_site[REPLICA], strict=True):
            asked = at_replica if at_edge.system == "besu" else at_edge
            if not lab.query(asked.expr):
                found.append(f"{board['title']}: {asked.panel}")
    return found


def disagreements(outcome: Outcome, expected: ByHand) -> list[str]:
    """Everything that is not as it must be; empty when the demo holds."""
    edge = next(one for one in outcome.verdicts if one["slo"] == "availability-edge")
    query = next(one for one in outcome.verdicts if one["slo"] == "latency-chain-query")
    claims = {
        "edge verdict": (edge["verdict"], "breach"),
        "edge slots good, bad, unknown": (
            [edge["good"], edge["bad"], edge["unknown"]],
            [expected.slots - expected.bad, expected.bad, 0],
        ),
        "chain query verdict": (query["verdict"], "met"),
        "settlement state": (outcome.settlement["state"], "final"),
        "credit": (outcome.credit["amount"]["amount_minor"], expected.credit_minor),
        "evidence": (outcome.verified.startswith("all "), True),
        "page delivered": (outcome.page is not None, True),
        "panels without data": (outcome.empty_panels, []),
    }
    return [f"{what}: {seen!r}, expected {wanted!r}" for what, (seen, wanted) in claims.items() if seen != wanted]
