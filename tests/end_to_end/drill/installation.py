"""An installation on real parts whose time is its own: Prometheus has samples up to it, and the chain's clock stands there.

The site's cluster was down in four slots of each period, so that each period is a breach. Time passes when a test says so: Prometheus is
started with what was scraped meanwhile, and the chain's clock is put forward. Everything else is as in production: the programs, their
settings, keys and files.
"""

from __future__ import annotations

import getpass
import io
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import yaml

from deploy.lab import children
from deploy.lab.plan import Plan
from deploy.lab.processes import Child, Processes, answers
from deploy.lab.stack import BIN, EDGE, ROLES, TENANT, Lab
from deploy.parts import need_program
from sankofa_observe import cli
from sankofa_observe.adapters.books import Books
from sankofa_observe.adapters.chain import ContractChain
from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.adapters.node import Node
from sankofa_observe.ports import LedgerRead
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.evidence import canonical
from sankofa_observe.sla.settlement import ChainIdentity, SettlementState
from tests.pace import until

LENGTHS = SimpleNamespace(scrape_seconds=15, slot_seconds=60, period_seconds=600, grace_seconds=90)
PERIOD: int = LENGTHS.period_seconds
BAD_SLOTS = (0, 1, 6, 7)  # of the ten of a period
BANDS = [{"belowPpm": 995_000, "creditPpm": 100_000}, {"belowPpm": 850_000, "creditPpm": 250_000}, {"belowPpm": 650_000, "creditPpm": 400_000}]  # fmt: skip
WINDOW_SECONDS = 10
CHANGE_DELAY_SECONDS = 60
AGREEMENT = "baobab-edge"
SPARE = (
    "deployer-2",
    "deployer-3",
    "sender-2",
    "sender-3",
    "sender-4",
    "attestor-4",
)  # keys that are named where others are lost
AWAY_SECONDS = (
    12 * 3600
)  # before now the first period begins: all that is played lies in the past of the machine's clock

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str
    seconds: float


@dataclass(kw_only=True)
class Installation:
    """One platform with its parts; two attestors of three are at work."""

    lab: Lab
    anchor_at: int
    now: int = 0  # up to when Prometheus has samples
    kept_from: int = 0  # and from when on
    contract: dict[str, Any] = field(default_factory=dict)
    running: dict[str, Child] = field(default_factory=dict)
    program: Callable[[Sequence[str]], Done]
    _stores: int = 0

    # ------------------------------------------------------------------------------------------------------------- parts

    @property
    def folder(self) -> Path:
        return self.lab.folder

    @property
    def settings(self) -> Path:
        return self.folder / "sankofa.yaml"

    @property
    def data(self) -> Path:
        return Path(yaml.safe_load(self.settings.read_text())["data_dir"])

    def change(self, edit: Callable[[Any], object], file: str = "sankofa.yaml") -> None:
        """Edit a settings file, as a person does."""
        document = yaml.safe_load((self.folder / file).read_text())
        edit(document)
        (self.folder / file).write_text(yaml.safe_dump(document))

    def start_chain(self, *, at: int) -> None:
        """A new chain whose first block is of that time; a transaction is a block."""
        command = [
            need_program("anvil"), "--port", str(self.lab.port("chain")), "--timestamp", str(at), "--gas-price", "0",
            "--block-base-fee-per-gas", "0", "--hardfork", "shanghai", "--silent",
        ]  # fmt: skip
        child = self.running["chain"] = self.lab.processes.start("chain", command)
        self.lab.processes.wait_until(child, lambda: bool(self.lab._rpc("eth_chainId")))

    def put_chain(self, at: int) -> None:
        """Put the chain's clock forward."""
        if at > self.chain_at():
            self.rpc("evm_setNextBlockTimestamp", at)
            self.rpc("anvil_mine", "0x2")

    def rpc(self, method: str, *params: Any) -> Any:
        return self.lab._rpc(method, *params)

    def start_prometheus(self) -> None:
        """With the samples from `kept_from` up to `now`, and what it scraped last as its time."""
        if old := self.running.pop("prometheus", None):
            old.kill()
        self._stores += 1
        store, samples = self.folder / f"tsdb-{self._stores}", self.folder / "samples.txt"
        samples.write_text(exposition(self.anchor_at, self.kept_from, self.now))
        made = ["tsdb", "create-blocks-from", "openmetrics", str(samples), str(store)]
        subprocess.run([need_program("promtool"), *made], check=True, capture_output=True)
        self.lab.write("prometheus.yml", "scrape_configs: []\n")
        command = [
            need_program("prometheus"), f"--config.file={self.folder / 'prometheus.yml'}", f"--storage.tsdb.path={store}",
            "--storage.tsdb.retention.time=100y", "--query.lookback-delta=100y",
            f"--web.listen-address=127.0.0.1:{self.lab.port('prometheus')}",
        ]  # fmt: skip
        child = self.running["prometheus"] = self.lab.processes.start("prometheus", command)
        self.lab.processes.wait_until(child, answers(self.lab.url("prometheus") + "/-/ready"))

    def pass_periods(self, number: int = 1) -> None:
        """So many periods end, and their grace."""
        done = max(0, self.now - self.anchor_at - LENGTHS.grace_seconds) // PERIOD
        self.now = self.anchor_at + (done + number) * PERIOD + LENGTHS.grace_seconds + LENGTHS.slot_seconds
        self.start_prometheus()
        self.put_chain(self.now)

    def pass_window(self) -> None:
        """The dispute window, or a change's delay."""
        self.put_chain(self.chain_at() + CHANGE_DELAY_SECONDS + 1)

    def chain_at(self) -> int:
        """The time of its newest block."""
        newest: str = self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"]
        return int(newest, 16)

    # ---------------------------------------------------------------------------------------------------------- settings

    def write_settings(self) -> None:
        """Of the scheduler, and of each attestor."""
        self.lab.write_settings(self.contract)
        shared, keys = self.folder / "attest", self.folder / "keys"
        shared.mkdir(exist_ok=True)

        def edit(document: Any) -> None:
            document["schedule"] |= {"observe_seconds": 1, "judge_seconds": 1, "settle_seconds": 1}
            document["chain"] |= {**self.contract, "stalled_after_seconds": 10 * AWAY_SECONDS}
            document["attestors"] = self.apart(1, 2, 3)

        self.change(edit)
        for n in (1, 2, 3, 4):
            name = f"attestor-{n}"
            own = {
                "name": name,
                "data_dir": str(self.folder / name),
                "folder": str(shared),
                "specs": [str(self.folder / "specs")],
                "prometheus": {"url": self.lab.url("prometheus")},
                "chain": {of: self.contract[of] for of in ("chain_id", "contract")},
                "key": {"keystore": str(keys / f"{name}.json"), "password_file": str(keys / f"{name}.password")},
                "every_seconds": 1,
                "metrics_listen": f"127.0.0.1:{self.lab.port(name)}",
            }
            self.lab.write(f"{name}.yaml", yaml.safe_dump(own))

    def apart(self, *numbers: int) -> list[dict[str, str]]:
        """As the scheduler's settings name attestors that are processes of their own."""
        folder = str(self.folder / "attest")
        names = [f"attestor-{n}" for n in numbers]
        return [{"name": one, "account": self.lab.accounts[one].address, "folder": folder} for one in names]

    def addresses(self, *numbers: int) -> list[str]:
        return [one["account"] for one in self.apart(*numbers)]

    def judge(self) -> None:
        """Count and price what has ended, and send nothing."""
        for verb in ("observe", "evaluate"):
            self.must(verb, "--config", str(self.settings))

    def beside(self, folder: Path) -> Installation:
        """Another one with the same chain, keys and Prometheus, in a folder of its own."""
        shutil.copytree(self.folder / "keys", folder / "keys")
        ports = {name: self.lab.port(name) for name in ("chain", "prometheus", "prometheus-tenant")}
        lab = replace(self.lab, processes=Processes(folder=folder), ports=ports)
        lab.write("specs/fleet.yaml", yaml.safe_dump(lab.fleet()))
        lab.write_specs(starts_at=self.anchor_at)
        (folder / "specs" / "latency-chain-query.yaml").unlink()
        (folder / "specs" / "baobab-edge.yaml").unlink()
        return replace(self, lab=lab, running={})

    def write_agreement(self, name: str, *, starts_at: int) -> None:
        self.lab.write_agreement(
            name,
            tenant=TENANT,
            role="tenant",
            starts_at=starts_at,
            promises=[{"slo": "availability-edge", "site": EDGE, "bands": BANDS}],
            disputeWindowSeconds=WINDOW_SECONDS,
            disputeWindowBlocks=1,
            rulingSeconds=WINDOW_SECONDS,
            noticeSeconds=PERIOD,
        )

    # ---------------------------------------------------------------------------------------------------------- commands

    def run(self, *words: str) -> Ended:
        """Run a command of the program, as a person types it; where nobody reads how long it takes, without its start."""
        began = time.monotonic()
        done = self.program(words)
        return Ended(code=done.returncode, out=done.stdout, err=done.stderr, seconds=time.monotonic() - began)

    def must(self, *words: str) -> str:
        ended = self.run(*words)
        assert ended.code == 0, f"{' '.join(words)}: exit {ended.code}: {ended.out}{ended.err}"
        return ended.out

    def keyed(self, role: str) -> dict[str, str]:
        """Options of a command about the contracts, by the key of a role."""
        keys = self.folder / "keys"
        return {
            "rpc": self.lab.url("chain"),
            "keystore": str(keys / f"{role}.json"),
            "password_file": str(keys / f"{role}.password"),
            "contract": str(self.contract.get("contract", "")),
        }

    def restart_attestors(self) -> None:
        """With the specs and settings that are there now."""
        names = [one for one in self.running if one.startswith("attestor")]
        self.stop(*names)
        self.start_attestors(*names)

    def next_boundary(self) -> int:
        """Where the next period begins that the chain's clock has not reached."""
        return self.anchor_at + -(-(self.chain_at() - self.anchor_at) // PERIOD) * PERIOD

    def succeed(self, name: str, *, starts_at: int) -> None:
        """Another agreement in the place of those that are in the specs."""
        for one in (self.folder / "specs").glob("baobab-*.yaml"):
            one.unlink()
        self.write_agreement(name, starts_at=starts_at)

    def start_attestors(self, *names: str) -> None:
        self.running |= dict(zip(names, self.lab.start_attestors(*names), strict=True))

    def start_scheduler(self) -> None:
        self.running["scheduler"] = self.lab.start_platform("scheduler")

    def stop(self, *names: str) -> None:
        for name in names:
            if child := self.running.pop(name, None):
                child.stop(grace_seconds=30)

    # ------------------------------------------------------------------------------------------------------------ records

    @contextmanager
    def records(self) -> Iterator[LedgerRead]:
        url = yaml.safe_load(self.settings.read_text()).get("ledger_url") or f"sqlite:///{self.data / 'ledger.sqlite'}"
        with closing(SqlLedger(url, new=False)) as ledger:
            yield ledger.read(OPERATOR)

    def states(self) -> list[SettlementState]:
        """Of every settlement, by period."""
        with self.records() as reads:
            return [one.state for one in reads.settlements(limit=10_000).items]

    def identities(self) -> dict[str, bytes]:
        """What each document is named by: all of it but who made it, when and how."""
        return {name: canonical(json.loads(raw)["identity"]) for name, raw in self.evidence().items()}

    def evidence(self) -> dict[str, bytes]:
        """Every document of the archive, by its file's name."""
        return {one.name: one.read_bytes() for one in sorted((self.data / "evidence").glob("*.json"))}

    def settles(self, number: int) -> None:
        """A scheduler is at work: wait until so many settlements are final and nothing moves."""
        until(lambda: len(self.states()) >= number and self._reported())
        self.pass_window()
        until(self._at_rest)

    def settle_by_hand(self) -> None:
        """What a scheduler does in some turns, for less than its start costs."""
        self.judge()
        until(
            lambda: (
                self.must("settle", "--config", str(self.settings)) and SettlementState.COMPUTED not in self.states()
            )
        )
        self.pass_window()
        self.must("settle", "--config", str(self.settings))

    def _reported(self) -> bool:
        return set(self.states()) <= {SettlementState.REPORTED, SettlementState.FINAL}

    def _at_rest(self) -> bool:
        with self.records() as reads:
            found, granted = reads.settlements(limit=10_000).items, reads.credits(limit=10_000).items
            final = {one.penalty.settlement_id for one in found if one.state is SettlementState.FINAL}
            return len(final) == len(found) and final == {one.settlement_id for one in granted}

    def disagreements(self) -> list[str]:
        """What ledger, credits and contract do not have alike, and what was written on chain more than once."""
        identity = ChainIdentity(chain_id=self.contract["chain_id"], contract=self.contract["contract"].lower())
        found: list[str] = []
        with closing(Node(self.lab.url("chain"))) as node, self.records() as reads:
            chain, books = (
                ContractChain(node, identity, None, self.contract["from_block"]),
                Books.at(node, identity.contract),
            )
            records = reads.settlements(limit=10_000).items
            held = chain.settlements([one.penalty.key for one in records])
            for record, there in zip(records, held, strict=True):
                word = there.holding(record.penalty.row) if there else None
                if word is None or word.state is not record.state:
                    found.append(f"settlement {record.penalty.settlement_id} is {record.state} here, and {word} there")
            on_chain = chain.touched(self.contract["from_block"], chain.head().number)
            found += [f"settlement {one} is there alone" for one in on_chain - {one.penalty.key for one in records}]
            for key in {one.penalty.agreement_key for one in records}:
                balance = books.settlements.functions.balanceOf(bytes.fromhex(key[2:])).call()
                ids = {one.penalty.settlement_id for one in records if one.penalty.agreement_key == key}
                granted = [
                    one.amount.amount_minor for one in reads.credits(limit=10_000).items if one.settlement_id in ids
                ]
                if balance.accrued - balance.revoked != sum(granted):
                    found.append(
                        f"agreement {key}: {balance.accrued} accrued, {balance.revoked} revoked; granted {granted}"
                    )
            for name in ("SettlementReported", "SettlementFinalized"):
                logged = list(books.logged(books.settlements, (name,), {}, first_block=self.contract["from_block"]))
                if len(logged) != len(records):
                    found.append(f"{len(logged)} {name} of {len(records)} settlements")
        return found


def exposition(anchor_at: int, from_at: int, to_at: int) -> str:
    """What was scraped, as OpenMetrics with timestamps."""
    labels = f'job="sankofa-proxmox",instance="{EDGE}",site="{EDGE}"'
    times = range(max(from_at, anchor_at - 2 * LENGTHS.slot_seconds), to_at + 1, LENGTHS.scrape_seconds)
    lines = []
    for name in ("up", "sankofa_pve_known", "sankofa_pve_up"):
        for at in times:
            down = name == "sankofa_pve_up" and (at - anchor_at) % PERIOD // LENGTHS.slot_seconds in BAD_SLOTS
            lines.append(f"{name}{{{labels}}} {int(not down)} {at}")
    return "\n".join([*lines, "# EOF", ""])


def installed_program(words: Sequence[str]) -> Done:
    """The program, as it is installed."""
    return children.run([str(BIN / "sankofa-observe"), *words])


def in_this_process(words: Sequence[str]) -> Done:
    """The same without a process of its own, whose start costs more than what most commands do."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with patch.object(sys, "argv", ["sankofa-observe", *words]), redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 0
    return Done(list(words), code, out.getvalue(), err.getvalue())


def install(processes: Processes, program: Callable[[Sequence[str]], Done]) -> Installation:
    """Started and agreed; its first period has ended, and was a breach."""
    lab = Lab(processes=processes, plan=cast("Plan", LENGTHS), roles=(*ROLES, *SPARE))
    anchor_at = (int(time.time()) - AWAY_SECONDS) // PERIOD * PERIOD
    made = Installation(lab=lab, anchor_at=anchor_at, program=program)
    made.start_chain(at=anchor_at - 3600)
    lab.make_accounts()
    lab.write("specs/fleet.yaml", yaml.safe_dump(lab.fleet()))
    lab.write_specs(starts_at=anchor_at)
    (lab.folder / "specs" / "latency-chain-query.yaml").unlink()
    made.write_agreement(AGREEMENT, starts_at=anchor_at)
    deploy(made, "admin")
    agree(made, AGREEMENT)
    made.write_settings()
    made.start_attestors("attestor-1", "attestor-2")
    made.pass_periods()
    for words in (("ledger", "upgrade"), ("persons", "add", getpass.getuser())):
        made.must(*words, "--config", str(made.settings))
    return made


def deploy(made: Installation, deployer: str) -> None:
    """Both books, by a deployer's key; what the command prints goes into the settings."""
    own, accounts = made.keyed(deployer), made.lab.accounts
    words = ["--rpc", own["rpc"], "--keystore", own["keystore"], "--password-file", own["password_file"]]
    words += [word for role in ("admin", "arbiter", "guardian") for word in (f"--{role}", accounts[role].address)]
    words += [word for n in (1, 2, 3) for word in ("--attestor", accounts[f"attestor-{n}"].address)]
    short = ("--minimum-window-seconds", "1", "--change-delay-seconds", str(CHANGE_DELAY_SECONDS))
    made.contract = yaml.safe_load(made.must("chain", "deploy", *words, "--threshold", "2", *short))


def agree(made: Installation, name: str) -> None:
    """Both parties put the same terms on chain."""
    for role, verb in (("provider", "propose"), ("tenant", "accept")):
        words = [word for name, value in made.keyed(role).items() for word in (f"--{name.replace('_', '-')}", value)]
        made.must("agreements", verb, name, *words, "--specs", str(made.folder / "specs"))
