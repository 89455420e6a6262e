"""What a real Alertmanager sends to PagerDuty, Opsgenie, Slack, a mailbox and a webhook, and where their secrets are not.

Each is a double on loopback that keeps what arrived. Alertmanager itself is real: its configuration, its logs and its process list are
looked through for every secret.
"""

from __future__ import annotations

import base64
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.alertmanager import start_alertmanager
from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Child, Processes
from sankofa_observe.receivers import Alerting, Email, Opsgenie, PagerDuty, Receivers, Slack, Webhook
from sankofa_rules.alertmanager import alertmanager
from tests.http_double import Answer, HttpDouble
from tests.pace import limit

SECOND_MS = 20
SECRETS = {name: f"{name}-s3cret-0123456789abcdef" for name in ("pagerduty", "opsgenie", "slack", "smtp", "webhook")}
PAGE = {
    "alertname": "SiteDown", "severity": "page", "kind": "cause", "scope": "site", "system": "all", "tier": "edge", "region": "ke",
    "site": "edge-1",
}  # fmt: skip
ANNOTATIONS = {
    "summary": "edge-1 is DOWN: proxmox",
    "description": "Five samples in two minutes say so.",
    "runbook_url": "https://runbooks.example/SiteDown",
    "dashboard": "https://grafana.example/d/sk-site?var-site=edge-1",
}


class Mailbox:
    """As much of SMTP as Alertmanager speaks: EHLO, AUTH PLAIN, one message a connection."""

    def __init__(self) -> None:
        mails: list[str] = []
        logins: list[str] = []

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self._say("220 mailbox")
                while line := self.rfile.readline().decode().strip():
                    word = line.split()[0].upper()
                    if word == "EHLO":
                        self._say("250-mailbox\r\n250 AUTH PLAIN")
                    elif word == "AUTH":
                        logins.append(base64.b64decode(line.split()[2]).decode())
                        self._say("235 well")
                    elif word == "DATA":
                        self._say("354 go on")
                        mails.append(self._message())
                        self._say("250 taken")
                    elif word == "QUIT":
                        self._say("221 bye")
                        return
                    else:
                        self._say("250 well")

            def _message(self) -> str:
                lines = []
                while (line := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                    lines.append(line)
                return "\n".join(lines)

            def _say(self, text: str) -> None:
                self.wfile.write(f"{text}\r\n".encode())

        self.mails, self.logins = mails, logins
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
        self._server.daemon_threads = True
        self.address = f"localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class World:
    """An Alertmanager with every kind of receiver for pages, and what arrived at each: (path, headers, body)."""

    def __init__(self, folder: Path, processes: Processes) -> None:
        self.folder, self.processes = folder, processes
        self.arrived: list[tuple[str, Any]] = []
        self.web, self.mailbox = HttpDouble(answer=self._kept), Mailbox()
        to = self.web.url
        pages = Receivers(
            pagerduty=(PagerDuty(routing_key_file=self.secret("pagerduty"), url=f"{to}/pagerduty"),),
            opsgenie=(Opsgenie(api_key_file=self.secret("opsgenie"), url=f"{to}/opsgenie/"),),
            slack=(Slack(url_file=self.secret("slack", f"{to}/slack/{SECRETS['slack']}"), channel="#noc"),),
            email=(
                Email(
                    to="noc@sankofa.example", sender="am@sankofa.example", smarthost=self.mailbox.address, username="am",
                    password_file=self.secret("smtp"), require_tls=False,
                ),
            ),
            webhook=(Webhook(url=f"{to}/webhook", token_file=self.secret("webhook"), max_alerts=2),),
        )  # fmt: skip
        tickets = Receivers(webhook=(Webhook(url=f"{to}/tickets", max_alerts=2),))
        self.config = folder / "alertmanager.yml"
        self.config.write_text(alertmanager(Alerting(pages=pages, tickets=tickets), second_ms=SECOND_MS))
        self.address = f"127.0.0.1:{free_port()}"
        self.child = self.start()

    def secret(self, name: str, text: str = "") -> Path:
        file = self.folder / f"{name}.secret"
        file.touch(mode=0o600)
        file.write_text(text or SECRETS[name])
        return file

    def _kept(self, _: str, path: str, body: bytes) -> Answer:
        self.arrived.append((path, json.loads(body)))
        return Answer(body=b"ok" if path.startswith("/slack") else b'{"status": "success"}')

    def start(self) -> Child:
        return start_alertmanager(self.processes, self.config, self.address, log_level="debug")

    def tell(self, *alerts: dict[str, Any]) -> None:
        local.post(f"http://{self.address}/api/v2/alerts", json=list(alerts)).raise_for_status()

    def bodies(self, path: str) -> list[Any]:
        return [body for arrived, body in list(self.arrived) if arrived.startswith(path)]

    def until(self, what: str, count: int, path: str) -> list[Any]:
        deadline = time.monotonic() + limit(30)
        while len(found := self.bodies(path)) < count:
            assert time.monotonic() < deadline, f"{what}: {len(found)} of {count} at {path}; {self.child.tail()}"
            time.sleep(0.05)
        return found

    def told(self, site: str) -> list[str]:
        """What the webhook was told of a site's page."""
        return [body["status"] for body in self.bodies("/webhook") if body["commonLabels"].get("site") == site]

    def until_told(self, site: str, word: str) -> None:
        deadline = time.monotonic() + limit(30)
        while word not in self.told(site):
            assert time.monotonic() < deadline, f"{site}: {self.told(site)}; {self.child.tail()}"
            time.sleep(0.05)

    def command_line(self) -> str:
        """What every user of the machine sees of the process, and what its own user does."""
        folder = Path("/proc") / str(self.child.process.pid)
        return "".join((folder / name).read_text(errors="replace") for name in ("cmdline", "environ"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("receivers")
    with Processes(folder=folder) as processes:
        made = World(folder, processes)
        yield made
        made.web.close()
        made.mailbox.close()


def alert(ends: float | None = None, **labels: str) -> dict[str, Any]:
    """As Prometheus tells it; one that ended says when."""
    told: dict[str, Any] = {"labels": PAGE | labels, "annotations": ANNOTATIONS}
    return told if ends is None else told | {"endsAt": datetime.fromtimestamp(time.time() + ends, UTC).isoformat()}


pytestmark = pytest.mark.real("prometheus-alertmanager")
KINDS = ("/pagerduty", "/opsgenie", "/slack", "/webhook")


def test_a_page_and_its_end_arrive_at_every_receiver(world: World) -> None:
    """What is wrong, where, and two links that open; the end closes what the beginning opened, under the same key."""
    world.tell(alert(site="edge-1"))
    for path in KINDS:
        world.until("the page", 1, path)
    world.tell(alert(ends=0, site="edge-1"))
    duty, genie, slack, hook = (world.until("its end", 2, path) for path in KINDS)

    opened, closed = duty
    assert ([one["event_action"] for one in duty], opened["dedup_key"]) == (["trigger", "resolve"], closed["dedup_key"])
    payload = opened["payload"]
    assert (payload["summary"], payload["severity"], payload["class"]) == (
        ANNOTATIONS["summary"],
        "critical",
        "SiteDown",
    )
    assert (payload["group"], payload["custom_details"]["site"]) == ("ke", "edge-1")
    assert [one["href"] for one in opened["links"]] == [ANNOTATIONS["runbook_url"], ANNOTATIONS["dashboard"]]
    assert {one["routing_key"] for one in duty} == {SECRETS["pagerduty"]}

    assert (genie[0]["message"], genie[0]["priority"]) == (ANNOTATIONS["summary"], "P1")
    assert genie[0]["details"]["runbook"] == ANNOTATIONS["runbook_url"]
    ended = next(path for path, _ in world.arrived if path.startswith("/opsgenie") and "close" in path)
    assert genie[0]["alias"] in ended

    shown = [one["attachments"][0] for one in slack]
    assert [(one["title"], one["color"]) for one in shown] == [
        (ANNOTATIONS["summary"], "danger"),
        (ANNOTATIONS["summary"], "good"),
    ]
    assert shown[0]["title_link"] == ANNOTATIONS["runbook_url"]
    assert ANNOTATIONS["dashboard"] in shown[0]["text"]

    assert [(one["status"], len(one["alerts"])) for one in hook] == [("firing", 1), ("resolved", 1)]
    tokens = {headers.get("Authorization") for path, headers in world.web.requests if path == "/webhook"}
    keys = {headers.get("Authorization") for path, headers in world.web.requests if path.startswith("/opsgenie")}
    assert (tokens, keys) == ({f"Bearer {SECRETS['webhook']}"}, {f"GenieKey {SECRETS['opsgenie']}"})

    deadline = time.monotonic() + limit(30)
    while len(world.mailbox.mails) < 2:
        assert time.monotonic() < deadline, world.child.tail()
        time.sleep(0.05)
    first, last = world.mailbox.mails
    assert "Subject: [PAGE firing] edge-1 is DOWN: proxmox" in first
    assert "Subject: [PAGE resolved] edge-1 is DOWN: proxmox" in last
    assert ANNOTATIONS["runbook_url"] in first.replace("=\n", "")
    assert world.mailbox.logins[0] == f"\0am\0{SECRETS['smtp']}"


def test_no_secret_stands_in_the_configuration_the_logs_or_the_process_list(world: World) -> None:
    """Nor in what Alertmanager shows of its configuration to whoever asks; files are named, and they are closed to others."""
    world.tell(alert(site="edge-log"))
    world.until_told("edge-log", "firing")
    status = local.get(f"http://{world.address}/api/v2/status").text
    told = {
        "configuration": world.config.read_text(),
        "shown": status,
        "logs": world.child.log.read_text(),
        "process": world.command_line(),
    }
    found = [(where, name) for where, text in told.items() for name, secret in SECRETS.items() if secret in text]
    assert found == []
    assert "routing_key_file" in told["configuration"]


def test_more_alerts_than_a_webhook_takes_are_cut_and_the_rest_is_counted(world: World) -> None:
    """A group of three tickets, of which two are sent."""
    world.tell(
        *(alert(severity="ticket", alertname="CephOsdDown", region="ug", site=f"edge-{number}") for number in range(3))
    )
    [body, *_] = world.until("the tickets", 1, "/tickets")
    assert (len(body["alerts"]), body["truncatedAlerts"]) == (2, 1)


def test_a_restart_with_its_data_repeats_nothing_and_resolves_once(world: World) -> None:
    """Ended while a page is out, told again what fires, and then that it ended: one page, one end.

    Its log of what was sent is written as it ends; one that was killed sends what fires once more.
    """
    world.tell(alert(site="edge-restart"))
    world.until_told("edge-restart", "firing")
    world.child.stop()
    world.child = world.start()
    for _ in range(3):
        world.tell(alert(site="edge-restart"))
    world.tell(alert(site="edge-after"))
    world.until_told("edge-after", "firing")
    for _ in range(3):
        world.tell(alert(ends=0, site="edge-restart"))
    world.until_told("edge-restart", "resolved")
    looks = time.monotonic() + 5 * 30 * SECOND_MS / 1000  # five group intervals in which it could be told again
    while time.monotonic() < looks:
        time.sleep(0.05)
    assert world.told("edge-restart") == ["firing", "resolved"]
