"""The lab: one edge site, one read replica, two Prometheus servers, Alertmanager, chain, scheduler and API on loopback.

Everything is the real program, except Proxmox (fakepve behind its real API) and Besu (anvil: a real EVM chain, free of fees,
without Besu's own methods). All files are in one folder; all ports are free ones.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from eth_account import Account
from eth_account.signers.local import LocalAccount

from deploy.alertmanager import render as alertmanager
from deploy.lab import attestors
from deploy.lab.alertmanager import start_alertmanager
from deploy.lab.byhand import Look
from deploy.lab.client import local
from deploy.lab.pace import measured
from deploy.lab.pager import Pager
from deploy.lab.plan import Plan, plan_for
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.parts import CHECKOUT, need_program
from deploy.prometheus import render as prometheus
from sankofa_observe.adapters.keys import write_keystore
from sankofa_rules.book import Edition, write
from sankofa_rules.rule import Links

EDGE, REPLICA, REGION = "edge-nairobi-1", "regional-nairobi-1", "ke-nairobi"
TENANT = "baobab"
OBSERVER = "lab-1"
READERS = ("", "-tenant")  # each has a Prometheus and exporters of its own: what follows the names of the parts
PVE_FILES = {"token_file": "token", "ca_file": "ca.pem"}
# anvil has no consensus of Besu's, nor its transaction pool and peers: what it cannot say is not asked.
ANVIL = {"calls_per_probe": 4, "consensus": "none", "skip": ["txpool", "validator_peers"]}
BIN = Path(sys.executable).parent
KEY_ROUNDS = 2**12  # lab keys live for minutes; real ones use the default
ROLES = ("admin", "arbiter", "guardian", "sender", "provider", "tenant", *attestors.ATTESTORS)


@dataclass(kw_only=True)
class Lab:
    """The parts, started in the order of the data's way."""

    processes: Processes
    plan: Plan = field(default_factory=lambda: plan_for(1))
    roles: tuple[str, ...] = ROLES
    attestors_apart: bool = True  # each a process of its own; or all in the scheduler's
    ports: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, LocalAccount] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.processes.folder

    @property
    def patience_seconds(self) -> float:
        """How long an answer may take before it is called away: none is late on a machine that has time."""
        return measured().limit(10)

    def url(self, part: str) -> str:
        return f"http://127.0.0.1:{self.port(part)}"

    def port(self, part: str) -> int:
        if part not in self.ports:
            self.ports[part] = free_port()
        return self.ports[part]

    @cached_property
    def pager(self) -> Pager:
        return Pager(port=self.port("pager"))

    def start_site(self) -> None:
        """The edge site's Proxmox cluster, with a switch for its faults."""
        folder = self.folder / "proxmox"
        folder.mkdir(parents=True, exist_ok=True)
        script = str(CHECKOUT / "deploy" / "lab" / "fakepve_cluster.py")
        ports = ("--port", str(self.port("pve")), "--control-port", str(self.port("pve-control")))
        child = self.processes.start(
            "proxmox", [sys.executable, script, "--nodes", "3", "--guests", "6", *ports, "--folder", str(folder)]
        )
        self.processes.wait_until(child, answers(self.url("pve-control") + "/"))

    def switch_site(self, switch: str) -> None:
        """Throw a switch of the cluster: `quorum/lost`, `quorum/restored`, `node/NAME/offline`, …"""
        url = f"{self.url('pve-control')}/{switch}"
        local.post(url, timeout=self.patience_seconds).raise_for_status()

    def start_chain(self) -> Child:
        """A free-gas chain with a block a second, whose state survives a restart."""
        state = self.folder / "chain-state.json"
        command = [
            need_program("anvil"), "--port", str(self.port("chain")), "--block-time", "1", "--gas-price", "0",
            "--block-base-fee-per-gas", "0", "--hardfork", "shanghai", "--state", str(state), "--silent",
        ]  # fmt: skip
        child = self.processes.start("chain", command)
        self.processes.wait_until(child, lambda: bool(self._rpc("eth_chainId")))
        return child

    def _rpc(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return local.post(self.url("chain"), json=body, timeout=2).json()["result"]

    def start_exporters(self) -> None:
        """The provider's and the tenant's own, one a system; targets come from the fleet file, credentials from the modules.

        Who recounts must not lean on the other's exporter: it may be starved, and shows each of its readers a part (0017).
        """
        tls = {name: str(self.folder / "proxmox" / file) for name, file in PVE_FILES.items()}
        modules = {"proxmox": {"pve": tls}, "besu": {"node": ANVIL}}
        fleet = self.write("specs/fleet.yaml", yaml.safe_dump(self.fleet()))
        started = {}
        for system, settings in modules.items():
            file = self.write(f"{system}.yaml", yaml.safe_dump({"modules": settings}))
            for reader in READERS:
                address = f"127.0.0.1:{self.port(f'{system}{reader}')}"
                command = [
                    str(BIN / "sankofa-exporter"), system, f"--config.file={file}", f"--fleet.file={fleet}",
                    f"--web.listen-address={address}",
                ]  # fmt: skip
                started[address] = self.processes.start(f"exporter-{system}{reader}", command)
        for address, child in started.items():
            self.processes.wait_until(child, answers(f"http://{address}/-/ready"))

    def fleet(self) -> dict[str, Any]:
        """The committed fleet's two sites of the story, with the lab's own endpoints as their targets."""
        fleet: dict[str, Any] = yaml.safe_load((CHECKOUT / "deploy" / "specs" / "fleet.yaml").read_text())
        pve = {"module": "pve", "endpoints": [f"https://127.0.0.1:{self.port('pve')}"]}
        replica = {"module": "node", "endpoint": self.url("chain"), "labels": {"network": "lab"}}
        targets = {EDGE: {"proxmox": {EDGE: pve}}, REPLICA: {"besu": {"replica-1": replica}}}
        sites = [
            site | {"targets": targets[site["name"]]} for site in fleet["spec"]["sites"] if site["name"] in targets
        ]
        fleet["spec"]["sites"] = sites
        return fleet

    def start_monitoring(self) -> None:
        """Alertmanager, the provider's Prometheus with rules, and the tenant's Prometheus for its attestor."""
        file = self.write("alertmanager.yaml", alertmanager.render(self.pager.url))
        start_alertmanager(self.processes, file, f"127.0.0.1:{self.port('alertmanager')}", log_level="info")
        self.start_prometheus("prometheus", with_rules=True)
        self.start_prometheus("prometheus-tenant", with_rules=False)

    def start_prometheus(self, name: str, *, with_rules: bool) -> None:
        reader = name.removeprefix("prometheus")
        exporters = {
            system: prometheus.Exporter(address=f"127.0.0.1:{self.port(f'{system}{reader}')}")
            for system in ("proxmox", "besu")
        }
        text = prometheus.render(
            scrape_interval=f"{self.plan.scrape_seconds}s",
            evaluation_interval=f"{self.plan.scrape_seconds}s",
            exporters=exporters,
            platform=f"127.0.0.1:{self.port('scheduler')}" if with_rules else None,
            alertmanager=f"127.0.0.1:{self.port('alertmanager')}" if with_rules else None,
            rule_files=self._rules() if with_rules else [],
            observer=f"{OBSERVER}{reader}",
            own=f"127.0.0.1:{self.port(name)}" if with_rules else None,
        )
        file = self.write(f"{name}.yaml", text)
        command = [
            need_program("prometheus"), f"--config.file={file}", f"--storage.tsdb.path={self.folder / name}",
            f"--web.listen-address=127.0.0.1:{self.port(name)}", f"--web.external-url={self.url(name)}",
        ]  # fmt: skip
        child = self.processes.start(name, command)
        self.processes.wait_until(child, answers(self.url(name) + "/-/ready"))

    def _rules(self) -> list[str]:
        """At the lab's pace; their links lead to the lab's own scheduler, and to no Grafana, which it does not have."""
        links = Links(runbooks=f"{self.url('scheduler')}/runbooks", boards=None)
        edition = Edition(scrape_seconds=self.plan.scrape_seconds, links=links)
        return [str(file) for file in write(self.folder / "rules", edition)]

    def make_accounts(self) -> None:
        """Fresh keys for every role, encrypted in `keys/`; on a free-gas chain they need no funds."""
        for role in self.roles:
            account = self.accounts[role] = Account.create()
            password = secrets.token_urlsafe(24)
            self.write(f"keys/{role}.password", password, mode=0o600)
            write_keystore(account, self.folder / "keys" / f"{role}.json", password, rounds=KEY_ROUNDS)

    def write_specs(self, *, starts_at: int) -> Path:
        """The committed specs with a lab's period, slot and parties: the same documents, other settings."""
        specs = CHECKOUT / "deploy" / "specs"
        for name in ("availability-edge", "latency-chain-query"):
            slo = yaml.safe_load((specs / "slos" / f"{name}.yaml").read_text())
            shorten(slo, starts_at, self.plan)
            self.write(f"specs/{name}.yaml", yaml.safe_dump(slo))
        self.write_indicators()
        self.write_agreement("baobab-edge", tenant=TENANT, role="tenant", starts_at=starts_at)
        return self.folder / "specs"

    def write_indicators(self) -> None:
        """All indicators of the catalogue: a promise names one of them."""
        indicators = CHECKOUT / "deploy" / "specs" / "slis"
        shutil.copytree(indicators, self.folder / "specs" / indicators.name, dirs_exist_ok=True)

    def write_agreement(self, name: str, *, tenant: str, role: str, starts_at: int, **terms: Any) -> None:
        """The committed example between parties of the lab, in its lengths; `terms` are of its `spec`, instead of the example's."""
        example = CHECKOUT / "deploy" / "specs" / "agreements" / "example-edge.yaml"
        agreement = yaml.safe_load(example.read_text())
        agreement["metadata"]["name"] = name
        agreement["spec"] |= {
            "salt": "0x" + secrets.token_hex(32),
            "provider": {"id": "sankofa-cloud", "account": self.accounts["provider"].address},
            "tenant": {"id": tenant, "account": self.accounts[role].address},
            "startsAt": _utc(starts_at, "%Y-%m-%dT%H:%M:%SZ"),
            "graceSeconds": self.plan.grace_seconds,
            "disputeWindowSeconds": 10 * self.plan.scrape_seconds,
            "disputeWindowBlocks": 3,
        } | terms
        self.write(f"specs/{name}.yaml", yaml.safe_dump(agreement))

    def write_settings(self, contract: dict[str, Any], *, exclusions: Path | None = None) -> Path:
        """Settings of the scheduler and the API; the third attestor is away: its Prometheus is not there, or its process.

        `exclusions` is the file in which attestors in the scheduler's process are told of planned work; without it they ask the ledger.
        """
        keys = self.folder / "keys"
        settings = {
            "data_dir": str(self.folder / "data"),
            "specs": [str(self.folder / "specs")],
            "observer": OBSERVER,
            "prometheus": {"url": self.url("prometheus")},
            "late": {"delay_seconds": 2 * self.plan.scrape_seconds},
            "chain": {
                "rpc_url": self.url("chain"),
                **contract,
                "sender": {"keystore": str(keys / "sender.json"), "password_file": str(keys / "sender.password")},
            },
            "attestors": attestors.apart(self) if self.attestors_apart else attestors.here(self, exclusions),
            "api": {"listen": f"127.0.0.1:{self.port('api')}", "keys_file": str(self.folder / "api-keys.yaml")},
            "schedule": {
                "observe_seconds": self.plan.slot_seconds,
                "judge_seconds": 2,
                "settle_seconds": 2,
                "metrics_listen": f"127.0.0.1:{self.port('scheduler')}",
            },
        }
        if self.attestors_apart:
            attestors.write_settings(self, contract)
        return self.write("sankofa.yaml", yaml.safe_dump(settings))

    def start_attestors(self, *names: str) -> list[Child]:
        """Each a process of its own."""
        return attestors.start(self, BIN / "sankofa-observe", *names)

    def start_platform(self, part: str) -> Child:
        """`scheduler` or `api`, as an operator would start it."""
        return self.start_platforms(part)[0]

    def start_platforms(self, *parts: str) -> list[Child]:
        """Both at once take little longer than one."""
        serve = [
            str(BIN / "sankofa-observe"),
            "serve",
            "--config",
            str(self.folder / "sankofa.yaml"),
            "--log.format",
            "json",
            "--part",
        ]
        started = [self.processes.start(part, [*serve, part]) for part in parts]
        for part, child in zip(parts, started, strict=True):
            page = {"api": "/readyz", "scheduler": "/metrics"}[part]
            self.processes.wait_until(child, answers(self.url(part) + page))
        return started

    def query(self, expression: str, of: str = "prometheus", at: float | None = None) -> list[dict[str, Any]]:
        """An instant query on the provider's Prometheus, or on another; as of now, or of another time."""
        asked = {"query": expression} | ({} if at is None else {"time": str(at)})
        url = self.url(of) + "/api/v1/query"
        answer = local.get(url, params=asked, timeout=self.patience_seconds)
        answer.raise_for_status()
        result: list[dict[str, Any]] = answer.json()["data"]["result"]
        return result

    def looks(self, period: range) -> list[Look]:
        """When the provider's Prometheus scraped the edge site and the exporter knew its state; not what it saw."""
        reach, at = f"[{len(period) + 60}s]", period.stop + 30
        durations = self.query(f'scrape_duration_seconds{{job="sankofa-proxmox",site="{EDGE}"}}{reach}', at=at)
        took = {when: float(seconds) for one in durations for when, seconds in one["values"]}
        known = self.query(f'sankofa_pve_known{{site="{EDGE}"}}{reach}', at=at)
        samples = [sample for one in known for sample in one["values"]]
        return [
            Look(at=when, seconds=took[when])
            for when, value in samples
            if value == "1" and when in took and period.start <= when < period.stop
        ]

    def write(self, name: str, text: str, *, mode: int = 0o644) -> Path:
        """A file of the lab's folder, with its mode from the first byte on."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)
        return path


def shorten(slo: dict[str, Any], starts_at: int, plan: Plan) -> None:
    """An SLO document in a lab's lengths: scrape, slot and period, the first of which begins at `starts_at`."""
    annotations = slo["metadata"]["annotations"]
    annotations["sankofa.observe/scrape"] = f"{plan.scrape_seconds}s"
    objective = slo["spec"]["objectives"][0]
    if "timeSliceWindow" in objective:
        objective["timeSliceWindow"] = f"{plan.slot_seconds}s"
    else:
        annotations["sankofa.observe/slot"] = f"{plan.slot_seconds}s"
        annotations["sankofa.observe/longest-gap"] = f"{plan.slot_seconds}s"
        annotations["sankofa.observe/history"] = f"{6 * plan.slot_seconds}s"
    calendar = {"startTime": _utc(starts_at, "%Y-%m-%d %H:%M:%S"), "timeZone": "UTC"}
    slo["spec"]["timeWindow"] = [{"duration": f"{plan.period_seconds}s", "isRolling": False, "calendar": calendar}]


def _utc(at: int, form: str) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime(form)
