"""Attestors as processes: two answer, one of them hangs and is killed, a third is never there; what was recounted is remembered.

The processes are real, as are Prometheus, whose samples they recount, and the folder in which they are met. Only the proposer is this test.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest
import yaml

from deploy.lab.client import local
from deploy.lab.plan import Plan
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.lab.stack import BIN, EDGE, TENANT, Lab
from deploy.parts import CHECKOUT, need_program
from sankofa_observe import telemetry
from sankofa_observe.adapters.attestor_folder import FolderAttestor, ProposalFolder
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.pipeline.asking import Asking, Due
from sankofa_observe.ports import Proposal
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import Evidence
from tests import builders
from tests.attesting import members, samples
from tests.builders import CHAIN, START, Breach
from tests.pace import until

pytestmark = [pytest.mark.real("prometheus", "promtool"), pytest.mark.timeout(240)]
Found = TypeVar("Found")
NAMES = ("attestor-1", "attestor-2", "attestor-3")
LENGTHS = SimpleNamespace(
    scrape_seconds=15, slot_seconds=60, period_seconds=600, grace_seconds=90
)  # those of the builders


def exposition() -> str:
    """Four periods, down at the first scrape of each, as OpenMetrics with timestamps."""
    lines = []
    for one in samples().series:
        labels = f'job="sankofa-proxmox",instance="{EDGE}",site="{EDGE}"'
        lines += [f"{one.labels['__name__']}{{{labels}}} {value} {at // 1000}" for at, value in one.samples]
    return "\n".join([*lines, "# EOF", ""])


@dataclass(kw_only=True)
class Court:
    """The proposer of three attestors, of whom two must sign."""

    lab: Lab
    agreement: Agreement
    prometheus: Child | None = None
    running: dict[str, Child] = field(default_factory=dict)
    proposals: dict[Proposal, int] = field(default_factory=dict)
    rows: dict[str, Due] = field(default_factory=dict)
    documents: dict[str, Evidence] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shared = ProposalFolder(self.shared)
        self.accounts = [self.lab.accounts[one].address.lower() for one in NAMES]
        self.attestors = [
            FolderAttestor(name=name, account=account, proposals=shared, chain=CHAIN)
            for name, account in zip(NAMES, self.accounts, strict=True)
        ]

    @property
    def shared(self) -> Path:
        return self.lab.folder / "shared"

    def claim(self, index: int, *, bad: int = 1) -> Breach:
        """One slot of each period was bad; more is a lie."""
        made = builders.breach(self.agreement, index, bad=bad)
        self.rows[made.penalty.document_hash] = Due(row=made.penalty.row(), since_at=START + 5000)
        self.documents[made.penalty.document_hash] = made.document
        return made

    def turn(self) -> Asking:
        asking = Asking(
            attestors=self.attestors,
            members=members(*self.accounts, threshold=2),
            chain=CHAIN,
            due=self.rows,
            documents={name: self.documents[name] for name in self.rows},
            proposals=self.proposals,
            wait=lambda _: None,
            now=int(time.time()),  # as the attestors' own clocks
        )
        asking.propose()
        return asking

    def signed(self, *breaches: Breach) -> Callable[[], set[str]]:
        """Who signed the batches of these, once two did each of them."""
        names = {one.penalty.document_hash for one in breaches}

        def look() -> set[str]:
            asking = self.turn()
            batches = {one: asking.signatures(one) for one in self.proposals if names & set(one.documents)}
            enough = all(len(found) > 1 for found in batches.values())
            return {account for found in batches.values() for account in found} if batches and enough else set()

        return look

    def start(self, *names: str) -> None:
        self.running |= dict(zip(names, self.lab.start_attestors(*names), strict=True))

    def metric(self, name: str, series: telemetry.Series, word: str = "") -> float:
        wanted = f'{series}{{word="{word}"}} ' if word else f"{series} "
        page = local.get(self.lab.url(name) + "/metrics", timeout=30).text
        return float(next(line for line in page.splitlines() if line.startswith(wanted)).rpartition(" ")[2])

    def log(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.running[name].log.read_text().splitlines()]

    def write_settings(self, name: str) -> None:
        keys = self.lab.folder / "keys"
        settings = {
            "name": name,
            "data_dir": str(self.lab.folder / name),
            "folder": str(self.shared),
            "specs": [str(self.lab.folder / "specs")],
            "prometheus": {"url": self.lab.url("prometheus")},
            "chain": {"chain_id": CHAIN.chain_id, "contract": CHAIN.contract},
            "key": {"keystore": str(keys / f"{name}.json"), "password_file": str(keys / f"{name}.password")},
            "every_seconds": 1,
            "metrics_listen": f"127.0.0.1:{self.lab.port(name)}",
        }
        self.lab.write(f"{name}.yaml", yaml.safe_dump(settings))


@pytest.fixture
def court(tmp_path: Path) -> Iterator[Court]:
    """Two attestors at work, and a Prometheus with what they saw."""
    with Processes(folder=tmp_path) as processes:
        lab = Lab(processes=processes, plan=cast("Plan", LENGTHS))
        lab.make_accounts()
        lab.write("specs/fleet.yaml", yaml.safe_dump(lab.fleet()))
        lab.write_specs(starts_at=START)
        example = yaml.safe_load((CHECKOUT / "deploy" / "specs" / "agreements" / "example-edge.yaml").read_text())
        here = [one for one in example["spec"]["promises"] if one["site"] == EDGE]
        lab.write_agreement("baobab-edge", tenant=TENANT, role="tenant", starts_at=START, promises=here)
        [agreement] = load_catalog([tmp_path / "specs"]).agreements.values()
        (tmp_path / "shared").mkdir()
        made = Court(lab=lab, agreement=agreement)
        made.prometheus = start_prometheus(lab)
        for name in NAMES[:2]:
            made.write_settings(name)
        made.start(*NAMES[:2])
        yield made


def start_prometheus(lab: Lab) -> Child:
    (lab.folder / "samples.txt").write_text(exposition())
    command = ["tsdb", "create-blocks-from", "openmetrics", str(lab.folder / "samples.txt"), str(lab.folder / "tsdb")]
    subprocess.run([need_program("promtool"), *command], check=True, capture_output=True)
    lab.write("prometheus.yml", "scrape_configs: []\n")
    lab.ports["prometheus"] = free_port()
    child = lab.processes.start(
        "prometheus",
        [
            need_program("prometheus"), f"--config.file={lab.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={lab.folder / 'tsdb'}", "--storage.tsdb.retention.time=100y",
            f"--web.listen-address=127.0.0.1:{lab.port('prometheus')}",
        ],
    )  # fmt: skip
    lab.processes.wait_until(child, answers(lab.url("prometheus") + "/-/ready"))
    return child


def test_two_processes_recount_and_sign_and_one_that_was_never_there_is_named(court: Court) -> None:
    """Both sign the batch of what they counted themselves, object to a lie, and say so in log and metrics."""
    first, second = court.claim(0), court.claim(1)
    false = court.claim(2, bad=4)
    until(court.signed(first, second), seconds=60)
    asking = court.turn()
    said = asking.others(false.penalty.document_hash)
    until(lambda: court.metric("attestor-1", telemetry.ATTEST_DOCUMENTS, "agrees") == 2)

    assert [one.partition(": ")[0] for one in said] == list(NAMES)
    assert [one.partition(": ")[2].partition(",")[0] for one in said[:2]] == ["counts 3 slots otherwise"] * 2
    assert said[2] == "attestor-3: has not answered since 2026-01-01T01:23:20Z, and was never heard of"
    assert court.metric("attestor-1", telemetry.ATTEST_DOCUMENTS, "objects") == 1
    assert court.metric("attestor-1", telemetry.ATTEST_RECOUNTS) == 3
    assert any("counts 3 slots otherwise" in str(line.get("did")) for line in court.log("attestor-1"))
    assert not any(
        (court.lab.folder / "keys" / "attestor-1.password").read_text() in str(one) for one in court.log("attestor-1")
    )


def test_one_that_hangs_holds_up_nobody_and_its_successor_signs(court: Court) -> None:
    """The proposer's turns go on with what is there; the frozen process is killed, and a new one takes up its work."""
    first = court.claim(0)
    until(court.signed(first), seconds=60)
    frozen = court.running["attestor-2"]
    os.kill(frozen.process.pid, signal.SIGSTOP)
    court.rows.clear()
    second = court.claim(1)
    name = second.penalty.document_hash
    until(lambda: len(court.turn().agreeing(name)) == 1, seconds=60)
    waiting = court.turn().others(name)[0]
    frozen.kill()
    court.start("attestor-2")
    signed = until_some(court.signed(second))

    assert waiting == "attestor-2: has not answered since 2026-01-01T01:23:20Z"
    assert signed == set(court.accounts[:2])


def test_what_was_recounted_is_remembered_by_a_process_that_begins_anew(court: Court) -> None:
    """Without its Prometheus, which is gone, it signs another batch of documents that it knows, and cannot tell of a new one."""
    first, second = court.claim(0), court.claim(1)
    until(court.signed(first, second), seconds=60)
    assert court.prometheus is not None
    court.prometheus.kill()
    for name in NAMES[:2]:
        court.running[name].kill()
    court.rows.clear()
    court.proposals.clear()
    court.claim(1)
    court.claim(0)
    court.start(*NAMES[:2])
    until(court.signed(second, first), seconds=60)
    third = court.claim(2).penalty.document_hash
    told = until_some(lambda: [one for one in court.turn().others(third) if "cannot tell since" in one])

    assert [court.metric(name, telemetry.ATTEST_RECOUNTS) for name in NAMES[:2]] == [0, 0]
    assert "was not answered" in told[0]


def test_a_second_process_of_one_attestor_is_refused(court: Court) -> None:
    """Two that write one memory are one too many; the second one says so and ends."""
    command = [str(BIN / "sankofa-observe"), "attest", "--once", "--config", str(court.lab.folder / "attestor-1.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "another process works there; end it, or name another data_dir" in done.stderr


def until_some(look: Callable[[], Found]) -> Found:
    found: list[Found] = []

    def seen() -> bool:
        found.append(look())
        return bool(found[-1])

    until(seen, seconds=60)
    return found[-1]
