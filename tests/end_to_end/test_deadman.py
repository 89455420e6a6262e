"""A heartbeat from a real Prometheus through a real Alertmanager to the judge: it stops, somebody is called once; it comes back, once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.alertmanager.render import render
from deploy.lab.alertmanager import start_alertmanager
from deploy.lab.client import local
from deploy.lab.pager import Pager
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes, answers
from deploy.parts import CHECKOUT, need_program
from sankofa_observe import telemetry
from sankofa_rules.book import alerts
from tests.pace import limit

WITHIN_SECONDS = 12
SECOND_MS = 20  # of Alertmanager's: a heartbeat is repeated every 1.2 s


class World:
    """Two observers, of which each has a Prometheus; one Alertmanager; the judge; and who is called."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self.folder, self.processes = folder, processes
        self.called = Pager(port=free_port())
        self.judge_at, self.alertmanager_at = (f"127.0.0.1:{free_port()}" for _ in range(2))
        self.judge = self.start_judge()
        (folder / "alertmanager.yml").write_text(self.routes())
        self.alertmanager = self.start_alertmanager()

    def routes(self) -> str:
        """The lab's configuration, with the heartbeat's receiver as the judge has it."""
        return render(f"http://127.0.0.1:{self.called.port}", second_ms=SECOND_MS).replace(
            f"{self.called.url}/heartbeat", f"http://{self.judge_at}/v1/heartbeats"
        )

    def start_judge(self) -> Child:
        url = self.folder / "called.url"
        url.touch(mode=0o600)
        url.write_text(f"{self.called.url}/called")
        command = [
            str(CHECKOUT / ".venv" / "bin" / "sankofa-observe"), "deadman", "--observer", "east", "--observer", "west",
            "--within", str(WITHIN_SECONDS), "--web.listen-address", self.judge_at, "--page.url-file", str(url),
            "--state.file", str(self.folder / "state.json"),
        ]  # fmt: skip
        child = self.processes.start("deadman", command)
        self.processes.wait_until(child, answers(f"http://{self.judge_at}/healthz"))
        return child

    def start_alertmanager(self) -> Child:
        return start_alertmanager(self.processes, self.folder / "alertmanager.yml", self.alertmanager_at)

    def start_prometheus(self, name: str) -> Child:
        """An observer that scrapes nothing and whose heartbeat says when it was evaluated."""
        [ours] = [one.document() for one in alerts() if one.severity == "heartbeat"]
        watchdog = {**ours, "expr": "vector(1)", "labels": {**ours["labels"], "observer": name}}
        rules = self.folder / f"{name}-rules.yml"
        rules.write_text(json.dumps({"groups": [{"name": "watchdog", "rules": [watchdog]}]}))
        config = self.folder / f"{name}.yml"
        managers = [{"static_configs": [{"targets": [self.alertmanager_at]}]}]
        document = {
            "global": {"evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "alerting": {"alertmanagers": managers},
        }
        config.write_text(yaml.safe_dump(document))
        address = f"127.0.0.1:{free_port()}"
        command = [
            need_program("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={self.folder / name}",
            f"--web.listen-address={address}", "--rules.alert.resend-delay=6s", "--log.level=error",
        ]  # fmt: skip
        child = self.processes.start(f"prometheus-{name}", command)
        self.processes.wait_until(child, answers(f"http://{address}/-/ready"))
        return child

    def beats(self, name: str) -> float:
        """How often the judge has heard something new of an observer."""
        text = local.get(f"http://{self.judge_at}/metrics").text
        start = f'{telemetry.DEADMAN_BEATS}{{observer="{name}"}} '
        [line] = [one for one in text.splitlines() if one.startswith(start)]
        return float(line.removeprefix(start))

    def calls(self) -> list[tuple[str, str]]:
        return [(page.body["observer"], page.body["word"]) for page in self.called.pages if page.path == "/called"]

    def nobody_is_late(self) -> bool:
        """Whoever was called about, because a start took longer than the deadline, is back."""
        return "late" not in dict(self.calls()).values()

    def until(self, what: str, met: Callable[[], bool]) -> None:
        deadline = time.monotonic() + limit(90)
        while not met():
            assert time.monotonic() < deadline, f"{what}: not met; calls {self.calls()}"
            time.sleep(0.1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Processes(folder=tmp_path) as processes:
        made = World(tmp_path, processes)
        yield made
        made.called.close()


@pytest.mark.real("prometheus", "prometheus-alertmanager")
def test_a_dead_prometheus_is_called_once_and_its_return_once(world: World) -> None:
    """Alertmanager goes on repeating the alert of the dead one, and the judge is not deceived; the other observer is left alone."""
    prometheus = {name: world.start_prometheus(name) for name in ("east", "west")}
    world.until("both are heard", lambda: all(world.beats(name) > 0 for name in prometheus) and world.nobody_is_late())
    before = world.calls()
    prometheus["east"].kill()
    world.until("east is late", lambda: world.calls()[len(before) :] == [("east", "late")])
    found: list[dict[str, Any]] = local.get(f"http://{world.alertmanager_at}/api/v2/alerts").json()
    assert "east" in {one["labels"]["observer"] for one in found}, "Alertmanager still believes that it fires"

    world.judge.stop()
    world.start_judge()
    world.start_prometheus("east")
    world.until("east is back", lambda: len(world.calls()) > len(before) + 1)
    world.until("it beats on", lambda: all(world.beats(name) > 1 for name in prometheus))
    assert world.calls()[len(before) :] == [("east", "late"), ("east", "back")]


@pytest.mark.real("prometheus-alertmanager")
def test_a_dead_alertmanager_is_called_for_each_observer_behind_it(world: World) -> None:
    """Nothing reaches the judge: every one of them is late, each once."""
    world.alertmanager.kill()
    world.until("both are late", lambda: sorted(world.calls()) == [("east", "late"), ("west", "late")])
