"""The main job on real parts, with everything failing once: Prometheus, chain, scheduler."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console
from web3 import Web3

from deploy.lab import story
from deploy.lab.outcome import empty_panels
from deploy.lab.processes import Child, Processes
from deploy.lab.stack import SLOT_SECONDS, Lab
from deploy.lab.story import Plan, Story
from sankofa_observe.adapters.contract import artifact
from sankofa_observe.adapters.node import Node

PLAN = Plan(period_seconds=45, down_after_seconds=7.5, down_seconds=25, lead_seconds=9)
BAD_SLOTS, ALL_SLOTS = 6, 9  # 7.5 s to 32.5 s touch slots 1 to 6
CREDIT_MINOR = 50_000  # 40 % of 1,250.00

pytestmark = [
    pytest.mark.real("prometheus", "prometheus-alertmanager", "anvil", "fakepve"),
    pytest.mark.timeout(240),
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A lab whose period is over, and nothing of it counted yet."""
    with Processes(folder=tmp_path_factory.mktemp("lab")) as processes:
        told = Story(lab=Lab(processes=processes), plan=PLAN, console=Console(quiet=True))
        for act in (story.start, story.agree, story.live):
            act(told)
        time.sleep(8)  # grace and lateness of the lab's settings
        yield told
        told.lab.pager.close()


def ours(told: Story, *arguments: str) -> Any:
    """Run one of our commands with --json; its exit code must be 0."""
    done = story.attempt("sankofa-observe", *arguments, "--config", str(told.lab.folder / "sankofa.yaml"), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def child(told: Story, name: str) -> Child:
    return next(one for one in reversed(told.lab.processes.children) if one.name == name)


def events(told: Story, name: str) -> list[Any]:
    """All events of a name that the contract ever emitted."""
    with closing(Node(told.lab.url("chain"))) as node:
        address = Web3.to_checksum_address(told.contract["contract"])
        contract = node.web3.eth.contract(address=address, abi=artifact()["abi"])
        return list(contract.events[name]().get_logs(from_block=0))


def test_observing_waits_out_a_prometheus_that_is_away(lived: Story) -> None:
    """While Prometheus is away observing says so in a line and counts nothing; afterwards every slot is there, once."""
    lab = lived.lab
    child(lived, "prometheus").stop()
    away = story.attempt("sankofa-observe", "observe", "--config", str(lab.folder / "sankofa.yaml"))
    lab.start_prometheus("prometheus", with_rules=True)
    first, second = ours(lived, "observe"), ours(lived, "observe")

    assert away.returncode == 1
    assert "was not answered" in away.stderr
    assert "Traceback" not in away.stderr
    assert {"availability-edge", "latency-chain-query"} == {one["slo"] for one in first if one["added"]}
    assert all(one["added"] <= 1 for one in second)  # at most the slot that has closed since


def test_judging_twice_says_the_same_and_adds_nothing(lived: Story) -> None:
    """The edge site breached by exactly the slots the outage touched, the chain met its promise; judging again adds nothing."""
    first, second = ours(lived, "evaluate"), ours(lived, "evaluate")
    judged = {one["record"]["slo"]: one["record"] for one in first if one["event"] == "Judged"}
    edge = judged["availability-edge"]["attainment"]

    assert (edge["good"], edge["bad"], edge["unknown"]) == (ALL_SLOTS - BAD_SLOTS, BAD_SLOTS, 0)
    assert (judged["availability-edge"]["verdict"], judged["latency-chain-query"]["verdict"]) == ("breach", "met")
    assert [one["penalty"]["credit_minor"] for one in first if one["event"] == "Assessed"] == [CREDIT_MINOR]
    assert [one for one in second if one["event"] == "Assessed" or one.get("added")] == []


def test_settling_waits_out_a_chain_that_is_away(lived: Story) -> None:
    """While the chain is away settling says so in a line and sends nothing; the state file brings the same chain back."""
    chain = child(lived, "chain")
    chain.stop(grace_seconds=15)
    away = story.attempt("sankofa-observe", "settle", "--config", str(lived.lab.folder / "sankofa.yaml"))
    lived.lab.start_chain()

    assert away.returncode == 1
    assert "did not answer" in away.stderr
    assert "Traceback" not in away.stderr
    assert events(lived, "SettlementReported") == []


def test_a_scheduler_killed_between_report_and_finalise_settles_once(lived: Story) -> None:
    """Kill -9 between report and finalise: the rerun finishes with one report, one finalisation, one credit."""
    scheduler = lived.lab.start_platform("scheduler")
    lived.wait("reporting", lambda: events(lived, "SettlementReported"), 40)
    scheduler.kill()
    before = len(events(lived, "SettlementFinalized"))
    lived.lab.start_platform("scheduler")
    lived.wait("finalising", lambda: _credits(lived.lab.folder), 60)

    assert before == 0
    assert tuple(
        len(events(lived, name)) for name in ("SettlementReported", "SettlementFinalized", "CreditAccrued")
    ) == (1, 1, 1)
    assert _credits(lived.lab.folder) == [CREDIT_MINOR]


def _credits(folder: Path) -> list[int]:
    ledger = sqlite3.connect(folder / "data" / "ledger.sqlite")
    try:
        return [row[0] for row in ledger.execute("SELECT amount_minor FROM service_credit")]
    finally:
        ledger.close()


def test_the_tenant_reads_its_credit_and_verifies_the_evidence(lived: Story) -> None:
    """Through the API the tenant sees the credit; the evidence holds, with the chain too; a changed byte is noticed."""
    lived.lab.start_platform("api")
    credit = lived.as_tenant("/v1/credits").json()["items"][0]
    settlement = lived.as_tenant(f"/v1/settlements/{credit['settlement_id']}").json()
    raw = lived.as_tenant(f"/v1/settlements/{credit['settlement_id']}/evidence").content
    file, changed = lived.lab.folder / "evidence.json", lived.lab.folder / "changed.json"
    file.write_bytes(raw)
    changed.write_bytes(raw.replace(b'"BAD"', b'"GOOD"', 1))
    verify = ("sankofa-observe", "verify")
    honest = story.attempt(*verify, str(file), "--rpc", lived.lab.url("chain"))
    forged = story.attempt(*verify, str(changed))

    assert credit["amount"] == {"amount_minor": CREDIT_MINOR, "currency": "USD", "exponent": 2}
    assert [one["state"] for one in settlement["history"]] == ["computed", "reported", "final"]
    assert (honest.returncode, forged.returncode) == (0, 1)


def test_a_page_was_delivered_for_the_outage(lived: Story) -> None:
    """Alertmanager delivered the page of the lost quorum while the outage lasted or within its group wait."""
    page = lived.lab.pager.first("/page", "PveQuorumLost")

    assert page is not None
    assert lived.down_at < page.at < lived.up_at + SLOT_SECONDS


def test_every_panel_of_every_board_has_data(lived: Story) -> None:
    """Each query of the committed boards answers something on the lab's Prometheus."""
    lived.wait("platform metrics and 60 s rules", lambda: not empty_panels(lived.lab), 90)

    assert empty_panels(lived.lab) == []


def test_a_foreign_key_sees_nothing(lived: Story) -> None:
    """Another tenant's key gets the answer of an id that does not exist."""
    keys = str(lived.lab.folder / "api-keys.yaml")
    other = story.command("sankofa-observe", "keys", "new", "--tenant", "acacia", "--file", keys).strip()
    own = lived.as_tenant("/v1/settlements").json()["items"][0]["settlement_id"]

    def ask(settlement_id: str) -> tuple[int, bytes]:
        url = f"{lived.lab.url('api')}/v1/settlements/{settlement_id}"
        answer = httpx.get(url, headers={"Authorization": f"Bearer {other}"}, trust_env=False)
        return answer.status_code, answer.content

    assert ask("0x" + "00" * 32) == ask(own)
