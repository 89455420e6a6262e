"""`serve` as a process of its own: what it says, what it listens on, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deploy.lab import children
from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.parts import CHECKOUT
from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.api.keys import add_key
from tests.pace import limit, until

RUN = "import sys; from sankofa_observe.cli import main; sys.argv[0] = 'sankofa-observe'; main()"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Settings of one, with a key of a tenant."""

    folder: Path
    key: str

    @property
    def settings(self) -> dict[str, Any]:
        return dict(yaml.safe_load((self.folder / "sankofa.yaml").read_text()))

    def set(self, section: str, name: str, value: object) -> None:
        changed = self.settings
        if value is None:
            del changed[section][name]
        else:
            changed[section][name] = value
        (self.folder / "sankofa.yaml").write_text(yaml.safe_dump(changed))

    def command(self, part: str, *more: str, script: str = RUN) -> list[str]:
        config = str(self.folder / "sankofa.yaml")
        return [sys.executable, "-c", script, "serve", "--config", config, "--part", part, *more]


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    """Nobody answers at its Prometheus: what it observes fails, and the process lives on."""
    settings = {
        "data_dir": "data",
        "specs": [str(CHECKOUT / "deploy" / "specs")],
        "prometheus": {"url": f"http://127.0.0.1:{free_port()}"},
        "api": {"listen": f"127.0.0.1:{free_port()}", "keys_file": "keys.yaml"},
        "schedule": {"metrics_listen": f"127.0.0.1:{free_port()}", "observe_seconds": 1},
    }
    (tmp_path / "sankofa.yaml").write_text(yaml.safe_dump(settings))
    return Installation(folder=tmp_path, key=add_key(tmp_path / "keys.yaml", "acme"))


@dataclass(frozen=True, kw_only=True)
class Serving:
    """A process that serves, and its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def wait_for(self, seen: Any) -> Any:
        """What `seen` answers of the log's lines, once it answers anything."""
        deadline = time.monotonic() + limit(30)
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := seen(self.lines()):
                return found
            time.sleep(0.05)
        pytest.fail(f"never seen; the log: {self.log.read_text()}")

    def get(self, url: str, **more: Any) -> httpx.Response:
        self.wait_for(lambda lines: any(one["msg"] == "ready" for one in lines))
        return local.get(url, timeout=limit(10), **more)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=limit(30))


@contextmanager
def serving(installed: Installation, part: str, *more: str, script: str = RUN) -> Iterator[Serving]:
    log = installed.folder / f"{part}.log"
    with log.open("wb") as output:
        command = installed.command(part, "--log.format", "json", *more, script=script)
        process = children.start(command, stdout=output, stderr=output, cwd=CHECKOUT)
    try:
        yield Serving(process=process, log=log)
    finally:
        children.end(process, grace_seconds=0)


def test_serve_says_what_it_loaded_holds_and_listens_on(installed: Installation) -> None:
    """A line each, in this order; at the end why it ends. A signal lets the stages finish and ends it with 0."""
    with serving(installed, "all") as one:
        one.wait_for(lambda lines: any(line["msg"] == "stage failed" for line in lines))
        code = one.end()
        lines = one.lines()
    own = [line for line in lines if line["logger"] == "sankofa_observe.serve"]
    api, metrics = installed.settings["api"]["listen"], installed.settings["schedule"]["metrics_listen"]
    heads = ("time", "level", "logger", "version", "config", "owner")
    assert [{name: line[name] for name in line if name not in heads} for line in own] == [
        {"msg": "starting", "part": "all"},
        {"msg": "loaded", "what": "specs", "sites": 2, "slos": 26, "agreements": 1},
        {"msg": "loaded", "what": "api keys", "keys": 1, "tenants": 1},
        {"msg": "listening", "what": "api", "address": api},
        {"msg": "listening", "what": "metrics", "address": metrics},
        {"msg": "holding", "what": "scheduler lease", "epoch": 1},
        {"msg": "ready", "part": "all"},
        {"msg": "stopped", "why": "SIGTERM received"},
    ]
    assert code == 0


def test_serve_says_once_that_a_stage_fails(installed: Installation) -> None:
    """Prometheus is away turn after turn: a line, not one each second; the metrics count them all."""
    with serving(installed, "scheduler") as one:
        url = f"http://{installed.settings['schedule']['metrics_listen']}/metrics"

        def turns(_: list[dict[str, Any]]) -> bool:
            failed = [line for line in local.get(url).text.splitlines() if 'failures_total{stage="observe"}' in line]
            return float(failed[0].split()[1]) >= 3

        one.get(url)
        one.wait_for(turns)
        failed = [line for line in one.lines() if line["msg"] == "stage failed" and line["stage"] == "observe"]
    assert len(failed) == 1
    assert failed[0]["level"] == "warning"


def test_requests_are_logged_and_counted_without_what_is_secret(installed: Installation) -> None:
    """The template of the route and the tenant; no key, no id, no query."""
    installed.set("api", "metrics_listen", f"127.0.0.1:{free_port()}")
    listen, metrics = installed.settings["api"]["listen"], installed.settings["api"]["metrics_listen"]
    wanted, stranger = "0x" + "ab" * 32, "skn_" + "x" * 49
    with serving(installed, "api") as one:
        known = {"Authorization": f"Bearer {installed.key}"}
        for path, headers in (
            ("/v1/me", known),
            (f"/v1/settlements/{wanted}", known),
            ("/v1/me", {"Authorization": f"Bearer {stranger}"}),
            ("/wp-admin/setup.php?token=hidden", {}),
        ):
            one.get(f"http://{listen}{path}", headers=headers)
        refused = 'sankofa_errors_total{kind="invalid_input",part="api"} 3.0'
        # An answer is counted when it has gone out, which its client may see first.
        until(lambda: refused in local.get(f"http://{metrics}/metrics").text)
        text = local.get(f"http://{metrics}/metrics").text
        assert one.end() == 0
        lines, raw = one.lines(), one.log.read_text()
    requests = [line for line in lines if line["msg"] == "request"]
    names = ("method", "route", "status", "tenant")
    assert [tuple(line.get(name) for name in names) for line in requests] == [
        ("GET", "/v1/me", 200, "acme"),
        ("GET", "/v1/settlements/{settlement_id}", 404, "acme"),
        ("GET", "/v1/me", 401, None),
        ("GET", "unmatched", 404, None),
    ]
    assert [secret for secret in (installed.key, stranger, "hidden", wanted, "wp-admin") if secret in raw] == []
    series = "sankofa_api_request_duration_seconds_count"
    assert f'{series}{{route="/v1/settlements/{{settlement_id}}",status="4xx"}} 1.0' in text
    assert f'{series}{{route="/v1/me",status="2xx"}} 1.0' in text
    assert 'sankofa_api_answers_total{status="401"} 1.0' in text
    assert 'sankofa_api_answers_total{status="404"} 2.0' in text


def test_a_key_that_is_made_while_the_api_runs_is_told(installed: Installation) -> None:
    """Without a request for it; what was there from the start is no change."""
    installed.set("api", "metrics_listen", f"127.0.0.1:{free_port()}")
    metrics = f"http://{installed.settings['api']['metrics_listen']}/metrics"
    with serving(installed, "api") as one:
        before = one.get(metrics).text
        add_key(installed.folder / installed.settings["api"]["keys_file"], "acme")
        until(lambda: 'sankofa_api_key_changes_total{kind="made"} 1.0' in local.get(metrics).text)
        after = local.get(metrics).text
        assert one.end() == 0
    assert 'sankofa_api_key_changes_total{kind="made"} 0.0' in before
    assert "sankofa_api_keys 2.0" in after
    assert 'sankofa_api_key_changes_total{kind="revoked"} 0.0' in after


def test_a_scheduler_tells_the_space_its_folders_have_left(installed: Installation) -> None:
    """Of those on its machine; a Prometheus that is away has no clock to compare with."""
    metrics = f"http://{installed.settings['schedule']['metrics_listen']}/metrics"
    with serving(installed, "scheduler") as one:
        until(lambda: 'sankofa_disk_free_ratio{role="ledger"}' in one.get(metrics).text)
        text = local.get(metrics).text
        assert one.end() == 0
    assert 'sankofa_disk_free_ratio{role="evidence"}' in text
    assert "sankofa_clock_offset_seconds{" not in text


def test_logs_are_logfmt_by_default_and_as_quiet_as_asked(installed: Installation) -> None:
    """What is wrong with the settings comes as a line too; without `--log.level error` it says that it began."""
    installed.set("api", "keys_file", None)
    said = [
        subprocess.run(
            installed.command("api", *more),
            check=False,
            capture_output=True,
            text=True,
            cwd=CHECKOUT,
            timeout=limit(60),
        )
        for more in ((), ("--log.level", "error"))
    ]
    first, last = said[0].stderr.splitlines()[0], said[0].stderr.splitlines()[-1]
    assert " level=info logger=sankofa_observe.serve msg=starting version=" in first
    assert (
        ' level=error logger=sankofa_observe.serve msg=stopped why="api.keys_file is not set; make one with: ' in last
    )
    assert [one.returncode for one in said] == [2, 2]
    assert len(said[1].stderr.splitlines()) == 1


@pytest.mark.parametrize(("part", "section", "name"), [("api", "api", "listen"), ("all", "schedule", "metrics_listen")])
def test_serve_on_a_port_in_use_says_so_in_a_line(installed: Installation, part: str, section: str, name: str) -> None:
    """The last line names the address and the cure; the code is 1, and no stage has run."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        installed.set(section, name, address)
        with serving(installed, part) as one:
            assert one.process.wait(timeout=limit(60)) == 1
            lines = one.lines()
    assert lines[-1]["why"] == f"{address}: Address already in use; stop what listens there or name another address"
    assert [line for line in lines if "stage" in line] == []


def test_serve_without_a_keys_file_runs_no_stage(installed: Installation) -> None:
    """What the API lacks is found before the first stage has its turn, and before the lease is taken."""
    installed.set("api", "keys_file", None)
    with serving(installed, "all") as one:
        assert one.process.wait(timeout=limit(60)) == 2
        lines = one.lines()
    assert "api.keys_file is not set" in lines[-1]["why"]
    assert [line["msg"] for line in lines] == ["starting", "loaded", "stopped"]
    ledger = SqlLedger(f"sqlite:///{installed.folder / 'data' / 'ledger.sqlite'}")
    assert ledger.lease("scheduler").take() == 1
    ledger.close()


def test_a_scheduler_whose_lease_was_taken_over_ends(installed: Installation) -> None:
    """It says who has it; another process goes on."""
    with serving(installed, "scheduler") as one:
        one.wait_for(lambda lines: any(line["msg"] == "holding" for line in lines))
        ledger = SqlLedger(f"sqlite:///{installed.folder / 'data' / 'ledger.sqlite'}")
        with ledger._database.writing() as connection:
            connection.exec_driver_sql("UPDATE lease SET owner = 'host-b:2', epoch = 9")
        ledger.close()
        assert one.process.wait(timeout=limit(60)) == 0
        lines = one.lines()
    lost = next(line for line in lines if line["msg"] == "lease lost")
    assert (lost["level"], lines[-1]["msg"], lines[-1]["why"]) == ("critical", "stopped", lost["reason"])


def test_a_scheduler_whose_ledger_was_removed_ends(installed: Installation) -> None:
    """With the reason, and not with 0."""
    with serving(installed, "scheduler") as one:
        one.wait_for(lambda lines: any(line["msg"] == "ready" for line in lines))
        (installed.folder / "data" / "ledger.sqlite").unlink()
        assert one.process.wait(timeout=limit(60)) == 2
        lines = one.lines()
    assert lines[-1]["msg"] == "stopped"
    assert "was removed or replaced while it was open" in lines[-1]["why"]


@pytest.mark.parametrize("part", ["all", "scheduler"])
def test_a_prometheus_that_says_nothing_holds_up_no_end(installed: Installation, part: str) -> None:
    """It takes each question and answers none: the stages are cut within seconds, say so, and the code is 0."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        installed.set("prometheus", "url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with serving(installed, part) as one:
            one.wait_for(lambda lines: any(line["msg"] == "ready" for line in lines))
            silent.settimeout(limit(30))
            with silent.accept()[0]:  # it asks
                assert one.end() == 0
            lines = one.lines()
    [stopping] = [line for line in lines if line["msg"] == "stopping"]
    cut = {line["stage"]: line["error"] for line in lines if line["msg"] == "stage failed"}
    assert "observe" in stopping["running"]
    assert "(NotWaitedFor: the process ends, and waits for no answer); it is asked again next time" in cut["observe"]
    assert lines[-1]["msg"] == "stopped"


LOST = """
import gc, os, signal, time
import sankofa_observe.cli.serve as serve

def killed():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
    except BaseException:
        pass

class Swallows:
    def __del__(self):
        killed()

loaded = serve._log_loaded

def log_loaded(platform):
    loaded(platform)
    {when}

serve._log_loaded = log_loaded
"""


@pytest.mark.parametrize("part", ["all", "scheduler"])
@pytest.mark.parametrize(
    "when", ["Swallows()", "gc.callbacks.append(lambda *_: gc.callbacks.clear() or killed()); gc.collect()"]
)
def test_a_signal_whose_exception_is_lost_ends_serve_all_the_same(
    installed: Installation, part: str, when: str
) -> None:
    """While it starts, in a destructor or a callback that catches everything: no stage begins, and nobody waits for a second signal."""
    script = LOST.format(when=when) + RUN
    with serving(installed, part, script=script) as one:
        assert one.process.wait(timeout=limit(60)) == 0
        lines = one.lines()
    assert [line["msg"] for line in lines if "stage" in line] == []
    assert (lines[-1]["msg"], lines[-1]["why"]) == ("stopped", "SIGTERM received")


@pytest.mark.parametrize("part", ["all", "scheduler"])
def test_a_second_signal_ends_at_once(installed: Installation, part: str) -> None:
    """While a stage waits for a Prometheus that says nothing, the first signal waits a few seconds for the stage, and says for which."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        installed.set("prometheus", "url", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with serving(installed, part) as one:
            one.wait_for(lambda lines: any(line["msg"] == "ready" for line in lines))
            silent.settimeout(limit(30))
            with silent.accept()[0]:  # it asks
                one.process.send_signal(signal.SIGTERM)
                [stopping] = one.wait_for(lambda lines: [line for line in lines if line["msg"] == "stopping"])
                assert one.process.poll() is None
                one.process.send_signal(signal.SIGTERM)
                assert one.process.wait(timeout=limit(10)) == 128 + signal.SIGTERM
            text = one.log.read_text()
    assert "observe" in stopping["running"]
    assert "ended at once" in text
    assert '"stopped"' not in text
