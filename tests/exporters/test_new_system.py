"""A fifth system is a folder: the page that says how is built and probed, and every list follows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from deploy.lab import children
from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes
from deploy.parts import CHECKOUT
from sankofa_observe import telemetry
from tests.pace import limit

PAGE = CHECKOUT / "docs" / "exporters" / "new-system.md"
FILE = re.compile(r"^`(broker/\w+\.py)`[^\n]*\n+```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the exporters with the page's system in it."""
    folder = tmp_path_factory.mktemp("exporters")
    shutil.copytree(CHECKOUT / "exporters" / "sankofa_exporters", folder / "sankofa_exporters")
    files = FILE.findall(PAGE.read_text())
    (folder / "sankofa_exporters" / "broker").mkdir()
    for name, code in files:
        (folder / "sankofa_exporters" / name).write_text(code)
    assert len(files) == 9
    return folder


def test_rooms_are_those_that_the_page_names(packages: Path) -> None:
    """Each system has the rooms of the table, as a file or a folder, and Besu's two kinds of target have them each."""
    rooms = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE))
    assert {file.stem for file in (packages / "sankofa_exporters" / "broker").glob("*.py")} == {*rooms, "__init__"}


def test_lists_follow(packages: Path, tmp_path: Path) -> None:
    """The command line, the fleet file and service discovery know the new system from its folder alone."""
    (tmp_path / "broker.yml").write_text("modules: {plain: {}}\n")
    site = {
        "name": "s1",
        "tier": "edge",
        "region": "r1",
        "targets": {"broker": {"g1": {"module": "plain", "endpoint": "http://127.0.0.1:1"}}},
    }
    fleet = {"apiVersion": "sankofa.observe/v1", "kind": "Fleet", "spec": {"sites": [site]}}
    (tmp_path / "fleet.yaml").write_text(json.dumps(fleet))
    options = ["--config.file", f"{tmp_path}/broker.yml", "--fleet.file", f"{tmp_path}/fleet.yaml"]
    done = run(packages, "broker", *options, "--sd.write-folder", f"{tmp_path}/sd")

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "sd" / "broker.json").read_text()) == [
        {"targets": ["g1"], "labels": {"site": "s1", "tier": "edge", "region": "r1", "system": "broker"}}
    ]
    assert "broker" in run(packages, "--help").stdout


def test_scrape_jobs_follow(packages: Path, tmp_path: Path) -> None:
    """With the page's entry in the catalogue, Prometheus asks the new exporter for its targets, and scrapes it itself."""
    catalogue = tmp_path / "integrations"
    shutil.copytree(CHECKOUT / "deploy" / "integrations", catalogue, ignore=shutil.ignore_patterns("*.py"))
    (entry,) = re.findall(r"^  ```yaml\n(.*?)^  ```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (catalogue / "broker.yaml").write_text(textwrap.dedent(entry))
    done = subprocess.run(
        [sys.executable, "-c", RENDER, str(catalogue)], cwd=CHECKOUT, capture_output=True, text=True,
        env={"PYTHONPATH": f"{packages}:{CHECKOUT}"}, timeout=limit(30), check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")

    jobs = {job["job_name"]: job for job in yaml.safe_load(done.stdout)["scrape_configs"]}
    assert jobs["sankofa-broker"]["http_sd_configs"][0]["url"] == "http://127.0.0.1:9547/sd"
    own = {group["labels"]["system"]: group["targets"] for group in jobs["sankofa-exporter"]["static_configs"]}
    assert own["broker"] == ["127.0.0.1:9547"]


RENDER = """
import sys
from pathlib import Path
from deploy.integrations import render
from sankofa_observe.adapters.integrations.catalogue import load_catalogue
render.CATALOGUE = load_catalogue(Path(sys.argv[1]))
from deploy.prometheus.render import production
print(production())
"""


GENERATE = """
import pathlib, sys
from deploy.prometheus.render import production
from sankofa_rules import book as rules
folder = pathlib.Path(sys.argv[1])
rules.write(folder / "rules")
(folder / "prometheus.yml").write_text(production())
"""


def test_its_state_its_jobs_and_its_docs_follow(packages: Path, tmp_path: Path) -> None:
    """Its state is watched and its jobs are scraped, by its folder alone; its page of docs is missed by name."""
    done = generated(packages, "-c", GENERATE, str(tmp_path))
    assert done.returncode == 0, done.stderr

    jobs = {one["job_name"]: one for one in yaml.safe_load((tmp_path / "prometheus.yml").read_text())["scrape_configs"]}
    assert jobs["sankofa-broker"]["http_sd_configs"][0]["url"] == "http://127.0.0.1:9547/sd"
    (group,) = yaml.safe_load((tmp_path / "rules" / "state.yaml").read_text())["groups"]
    reading = {
        rule.get("record", rule.get("alert"))
        for rule in group["rules"]
        if re.search('sankofa[-_]broker|["(|]broker[|)"]', rule["expr"])
    }
    assert {telemetry.SITE_DOWN, "sankofa:target_bad:2m", "sankofa:system_known_targets:2m"} <= reading

    shutil.copytree(CHECKOUT / "docs" / "exporters", tmp_path / "docs")
    page = tmp_path / "docs" / "broker.md"
    said = generated(packages, "-m", "sankofa_exporters.docs", "--write", "--folder", str(page.parent))
    assert (said.returncode, said.stderr.partition(":")[0]) == (1, str(page))
    page.write_text("# Broker\n\n<!-- metrics: begin (generated) -->\n<!-- metrics: end -->\n")
    assert generated(packages, "-m", "sankofa_exporters.docs", "--write", "--folder", str(page.parent)).returncode == 0
    assert "| `sankofa_broker_waiting_requests` | gauge | `queue` |" in page.read_text()


def generated(packages: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python, as it would run in a checkout that has the system."""
    path = os.pathsep.join(map(str, (packages, CHECKOUT, CHECKOUT / "alert_rules", CHECKOUT / "dashboards")))
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=limit(60), check=False,
    )  # fmt: skip


def test_its_board_follows(packages: Path, tmp_path: Path) -> None:
    """By the plan of all boards, with its own signals on it; wall and site have a column and a row for it."""
    code = f"from pathlib import Path; from sankofa_dashboards import book; book.write(Path({str(tmp_path)!r}))"
    path = os.pathsep.join([str(packages), str(CHECKOUT / "dashboards"), str(CHECKOUT)])
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, check=True, timeout=limit(30))
    board = json.loads((tmp_path / "sk-broker.json").read_text())
    panels = {panel["title"]: panel for panel in board["panels"]}
    columns = [one["matcher"]["options"] for one in _overrides(tmp_path / "sk-fleet.json", "Worst 25 sites")]

    assert {"Targets expected", "Worst 15 targets", "Requests that wait", "Upstream calls"} <= panels.keys()
    assert 'sankofa_broker_waiting_requests{tier=~"$tier"' in panels["Requests that wait"]["targets"][0]["expr"]
    assert "broker" in columns


def _overrides(file: Path, title: str) -> list[Any]:
    panels = json.loads(file.read_text())["panels"]
    found: list[Any] = next(panel for panel in panels if panel["title"] == title)["fieldConfig"]["overrides"]
    return found


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            {"state": "serving", "queues": [{"name": "in", "length": 3}, {"name": "in", "length": 3}, {"length": 1}]},
            {"up": 1, "known": 1, 'waiting_requests{queue="in"}': 3},
        ),
        ({"state": "closed", "queues": []}, {"up": 0, "known": 1}),
        ({"state": "hm", "queues": [{"name": "in", "length": 3}, {"name": "in", "length": 4}]}, {"up": 0, "known": 0}),
        (None, {"up": 0, "known": 0}),
    ],
)
def test_system_of_the_page_is_probed(
    answer: Any, expected: dict[str, float], packages: Path, tmp_path: Path, processes: Processes
) -> None:
    """Up, down, a state that is new, and no answer; a doubled and an unreadable row cost themselves."""
    with_answer = type("Broker", (_Broker,), {"answer": answer})
    server = ThreadingHTTPServer(("127.0.0.1", 0), with_answer)
    Thread(target=server.serve_forever, daemon=True).start()
    config = tmp_path / "broker.yml"
    config.write_text(
        f'modules: {{plain: {{}}}}\ntargets: {{g1: {{module: plain, endpoint: "http://127.0.0.1:{server.server_port}"}}}}\n'
    )
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "sankofa_exporters.cli", "broker", "--config.file", str(config)]
    child = processes.start("exporter", [*command, "--web.listen-address", address], env={"PYTHONPATH": str(packages)})
    processes.wait_until(child, lambda: local.get(f"http://{address}/-/ready").status_code == 200)
    lines = local.get(f"http://{address}/probe?target=g1").text.splitlines()
    server.shutdown()
    server.server_close()

    prefix = "sankofa_broker_"
    pairs = (line.removeprefix(prefix).rsplit(" ", 1) for line in lines if line.startswith(prefix))
    assert {name: float(value) for name, value in pairs} == expected


@pytest.mark.timeout(90)
@pytest.mark.real("curl")
def test_commands_of_the_page_show_the_new_system(packages: Path, tmp_path: Path) -> None:
    """What the page says to type, with ports and a folder of this test's own."""
    (script,) = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    for port in ("18090", "9547"):
        script = re.sub(rf"\b{port}\b", str(free_port()), script)
    script = script.replace("/tmp/", f"{tmp_path}/").replace(
        ".venv/bin/sankofa-exporter", f"{sys.executable} -m sankofa_exporters.cli"
    )
    process = children.start(
        ["bash", "-c", f"trap 'kill $(jobs -p) 2>/dev/null' EXIT\nset -m\n{script}\nwait\n"],
        env={**os.environ, "PYTHONPATH": str(packages)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=limit(60))
    finally:
        children.end(process, grace_seconds=5)

    shown = {line for line in output.splitlines() if line.startswith("sankofa_broker_")}
    assert shown == {
        "sankofa_broker_up 1.0",
        "sankofa_broker_known 1.0",
        'sankofa_broker_waiting_requests{queue="in"} 3.0',
    }


class _Broker(BaseHTTPRequestHandler):
    """The double; `answer` is its document, or None for an error."""

    answer: Any = None

    def do_GET(self) -> None:
        body = json.dumps(self.answer).encode()
        self.send_response(500 if self.answer is None else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


def run(packages: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sankofa_exporters.cli", *arguments],
        env={"PYTHONPATH": str(packages)}, capture_output=True, text=True, timeout=limit(30), check=False,
    )  # fmt: skip
