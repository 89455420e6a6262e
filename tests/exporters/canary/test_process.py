"""The canary as an operator runs it, beside a gateway in a process of its own whose log is the truth."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from tests.exporters.watching import Values, values_of
from tests.pace import limit, until

from .nginx import start_nginx

SCRIPT = Path(__file__).parent / "gateway.py"
# What only delays of this machine decide must not decide a test: the bound is far above what it adds.
MODULES: dict[str, dict[str, Any]] = {
    "quick": {"objective_seconds": 0.5, "interval_seconds": 1, "timeout_seconds": 1},
    "body": {"objective_seconds": 0.5, "interval_seconds": 1, "timeout_seconds": 1, "expected_text": "sign in"},
}


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A running canary and its gateway; targets are named as in `paths`."""

    exporter: Child
    gateway: Child
    url: str
    log: Path
    folder: Path

    def values(self, target: str) -> Values:
        answer = local.get(f"{self.url}/probe?target={target}", timeout=limit(20))
        assert answer.status_code == 200, answer.text
        return values_of(answer.text)

    def served(self) -> Counter[str]:
        """Requests by path, as the gateway has logged them."""
        return Counter(line.split()[0] for line in self.log.read_text().splitlines())

    def says(self, name: str, path: str) -> None:
        beside = self.folder / f".{name}"
        beside.write_text(path)
        beside.replace(self.folder / name)


def gateway_command(port: int, log: Path, folder: Path) -> list[str]:
    return [sys.executable, str(SCRIPT), str(port), str(log), str(folder)]


def started(processes: Processes, folder: Path, targets: dict[str, tuple[str, str]]) -> Lab:
    """`targets` by name: module and path."""
    port = free_port()
    log = folder / "requests.log"
    log.touch()
    (folder / "main").write_text("/ok")
    gateway = processes.start("gateway", gateway_command(port, log, folder))
    processes.wait_until(gateway, lambda: local.get(f"http://127.0.0.1:{port}/ready").is_success)
    targets_there = {
        name: {"module": module, "endpoint": f"http://127.0.0.1:{port}{path}"}
        for name, (module, path) in targets.items()
    }
    return with_canary(processes, folder, MODULES, targets_there, gateway, log)


def with_canary(
    processes: Processes, folder: Path, modules: dict[str, Any], targets: dict[str, Any], gateway: Child, log: Path
) -> Lab:
    """The exporter beside a gateway that runs already."""
    address = f"127.0.0.1:{free_port()}"
    config = folder / "canary.yml"
    config.write_text(yaml.safe_dump({"modules": modules, "targets": targets}))
    command = [sys.executable, "-m", "sankofa_exporters.cli", "canary", "http", "--config.file", str(config)]
    exporter = processes.start("canary", [*command, "--web.listen-address", address])
    processes.wait_until(exporter, answers(f"http://{address}/-/ready"))
    return Lab(exporter=exporter, gateway=gateway, url=f"http://{address}", log=log, folder=folder)


def at_least(lab: Lab, target: str, requests: int) -> Callable[[], bool]:
    return lambda: lab.values(target).get(("canary_requests_total",), 0) >= requests


def known(found: Values) -> int:
    return int(found["canary_requests_total",])


def left_out(found: Values) -> int:
    """Requests that were sent, or not, and of which nothing is known; turns that were missed were not sent."""
    return int(sum(value for key, value in found.items() if key[0] == "canary_not_known_total" and key[1] != "missed"))


def failures(found: Values) -> dict[str, int]:
    return {key[1]: int(value) for key, value in found.items() if key[0] == "canary_failures_total" and value}


def bucket(found: Values, bound: float) -> int:
    return int(found["canary_request_duration_seconds_bucket", str(bound)])


PATHS = {
    "well": ("quick", "/ok"),
    "late": ("quick", "/after/60"),
    "broken": ("quick", "/status/503"),
    "moved": ("quick", "/status/302"),
    "lost": ("quick", "/lost"),
    "other": ("body", "/after/1"),
    "silent": ("quick", "/hang"),
}
OUTCOMES = {"broken": "status", "moved": "status", "lost": "lost", "other": "body", "silent": "timeout"}


@pytest.mark.timeout(120)
def test_counts_are_those_of_the_gateways_own_log(processes: Processes, tmp_path: Path) -> None:
    """To the request: known, failed and late, for targets that each have a fault of their own, whoever scrapes and how often."""
    lab = started(processes, tmp_path, PATHS)
    for name in PATHS:
        lab.values(name)
    until(lambda: all(at_least(lab, name, 4)() for name in PATHS))
    lab.gateway.stop()  # from here on each is refused, which the log cannot have
    until(lambda: all(failures(lab.values(name)).get("refused", 0) >= 2 for name in PATHS))
    found = {name: lab.values(name) for name in PATHS}
    served = lab.served()

    for name, (_, path) in PATHS.items():
        counted = known(found[name]) - failures(found[name])["refused"]
        cut_off = 1 if name not in OUTCOMES else failures(found[name]).get("lost", 0)  # by the gateway's end
        if path != "/hang":  # which is logged when it ends
            assert counted - cut_off <= served[path] <= counted + left_out(found[name]), (name, found[name])
        if name in OUTCOMES:
            assert set(failures(found[name])) <= {OUTCOMES[name], "refused", "lost"}
            assert failures(found[name])[OUTCOMES[name]] >= 4 - left_out(found[name]) - 1
            assert found[name]["canary_request_duration_seconds_count",] == 0
    assert bucket(found["late"], 0.05) == 0  # never sooner than it was sent
    assert all((found[name]["canary_up",], found[name]["canary_known",]) == (0, 1) for name in PATHS)


@pytest.mark.timeout(120)
def test_outage_counts_as_many_requests_as_it_had_turns(processes: Processes, tmp_path: Path) -> None:
    """A gateway that hangs is asked as often as one that answers: between two looks, turns and requests are the same."""
    lab = started(processes, tmp_path, {"main": ("quick", "/as/main")})
    until(at_least(lab, "main", 2))
    lab.says("main", "/hang")
    until(lambda: failures(lab.values("main")).get("timeout", 0) >= 1)
    before, began = lab.values("main"), time.monotonic()
    until(lambda: failures(lab.values("main")).get("timeout", 0) >= failures(before)["timeout"] + 5)
    after, took = lab.values("main"), time.monotonic() - began
    lab.says("main", "/ok")
    until(lambda: lab.values("main")["canary_up",] == 1)

    turns = turns_of(after) - turns_of(before)
    assert turns - 1 <= took <= turns + 1 + limit(1)
    assert after["canary_request_duration_seconds_count",] == before["canary_request_duration_seconds_count",]


def turns_of(found: Values) -> int:
    """Those that have passed: known, or not known, missed ones included."""
    return known(found) + int(sum(value for key, value in found.items() if key[0] == "canary_not_known_total"))


@pytest.mark.timeout(180)
def test_stopped_canary_makes_nothing_late_and_nothing_failed(processes: Processes, tmp_path: Path) -> None:
    """SIGSTOP in the middle of requests, for longer than their timeout: not known and missed, never slow, never down.

    The gateway takes 0.3 s and the bound is 0.5 s, so that a stop at any moment meets a request in every third case.
    """
    lab = started(processes, tmp_path, dict.fromkeys("abcd", ("quick", "/after/300")))
    for name in "abcd":
        lab.values(name)
        time.sleep(0.13)  # their turns are apart, so that each stop meets some of them
    until(lambda: all(at_least(lab, name, 2)() for name in "abcd"))
    # The last holds three turns, wherever it begins: one is held up, and one at least is missed.
    for length in (0.4, 0.9, 3.2):
        os.kill(lab.exporter.process.pid, signal.SIGSTOP)
        time.sleep(length)
        os.kill(lab.exporter.process.pid, signal.SIGCONT)
        seen = {name: known(lab.values(name)) for name in "abcd"}
        for name, before in seen.items():
            until(at_least(lab, name, before + 2))
    found = {name: lab.values(name) for name in "abcd"}
    reasons = Counter(
        {
            reason: sum(int(one["canary_not_known_total", reason]) for one in found.values())
            for reason in ("delay", "missed")
        }
    )

    assert {name: failures(one) for name, one in found.items()} == {name: {} for name in "abcd"}
    assert {name: known(one) - bucket(one, 0.5) for name, one in found.items()} == dict.fromkeys("abcd", 0)
    assert reasons["delay"] >= 1
    assert reasons["missed"] >= 1


@pytest.mark.timeout(120)
def test_restart_is_seen_by_the_start_of_the_counters(processes: Processes, tmp_path: Path) -> None:
    """Counters begin at 0 with a new start time; a reload that does not touch the target keeps both."""
    lab = started(processes, tmp_path, {"main": ("quick", "/as/main")})
    until(at_least(lab, "main", 2))
    start = ("canary_counters_start_timestamp_seconds",)
    before = lab.values("main")
    config = tmp_path / "canary.yml"
    document = yaml.safe_load(config.read_text())
    config.write_text(json.dumps({**document, "modules": {**MODULES, "more": MODULES["quick"]}}))
    local.post(f"{lab.url}/-/reload", timeout=limit(10)).raise_for_status()
    kept = lab.values("main")
    document["modules"]["quick"]["objective_seconds"] = 0.2
    config.write_text(json.dumps(document))
    local.post(f"{lab.url}/-/reload", timeout=limit(10)).raise_for_status()
    anew = lab.values("main")

    assert (kept[start], anew[start] > before[start]) == (before[start], True)
    assert known(kept) >= known(before)
    assert turns_of(anew) <= 1


def test_help_and_a_wrong_kind_say_what_there_is(processes: Processes, tmp_path: Path) -> None:
    """`canary` alone is `canary http`; another kind, or one of a system without kinds, is refused by name."""
    import subprocess

    config = tmp_path / "canary.yml"
    config.write_text(
        yaml.safe_dump({"modules": MODULES, "targets": {"t": {"module": "quick", "endpoint": "http://x/"}}})
    )

    def run(*words: str) -> tuple[int, str]:
        command = [
            sys.executable,
            "-m",
            "sankofa_exporters.cli",
            *words,
            "--config.file",
            str(config),
            "--check-config",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit(30))
        return done.returncode, (done.stdout or done.stderr).splitlines()[-1].partition("error: ")[2]

    assert run("canary", "http") == (0, "")
    assert run("canary") == (0, "")
    assert run("canary", "icmp") == (2, "argument KIND: saw 'icmp'; expected http")
    assert run("besu", "http") == (2, "argument KIND: saw 'http'; besu has no kinds; leave it out")


@pytest.mark.real("nginx")
@pytest.mark.timeout(120)
def test_counts_are_those_of_a_real_nginx(processes: Processes, tmp_path: Path) -> None:
    """Its access log has each request that is known, kept and new connections alike, and none beside those not known."""
    nginx = start_nginx(processes)
    modules = {one: {**MODULES["quick"], "connection": one} for one in ("kept", "new")}
    targets = {one: {"module": one, "endpoint": f"{nginx.url}/ok/{one}"} for one in modules}
    targets["away"] = {"module": "kept", "endpoint": f"{nginx.url}/away"}
    lab = with_canary(processes, tmp_path, modules, targets, nginx.child, nginx.log)
    until(lambda: all(at_least(lab, name, 5)() for name in targets))
    nginx.child.stop()
    until(lambda: all(failures(lab.values(name)).get("refused", 0) >= 2 for name in targets))
    found, served = {name: lab.values(name) for name in targets}, Counter(nginx.served())

    for name, line in {"kept": "/ok/kept 200", "new": "/ok/new 200", "away": "/away 503"}.items():
        cut_off = failures(found[name]).get("lost", 0)  # by nginx' end
        counted = known(found[name]) - failures(found[name])["refused"]
        assert counted - cut_off <= served[line] <= counted + left_out(found[name]), (name, found[name])
    assert failures(found["away"])["status"] >= 5
