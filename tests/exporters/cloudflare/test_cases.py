"""Answers that were once taken for more than they say, through the whole process: `sankofa-exporter cloudflare` and /probe.

Every case has a module of its own in one process, and with it an account and a token file of its own: nothing that one
case leaves behind is remembered for another.
"""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import CHECKOUT
from tests.exporters.watching import Values, values_of
from tests.pace import limit, until

SCRIPTS = CHECKOUT / "deploy" / "lab"
ACCOUNT = "0123456789abcdef0123456789abcdef"
TUNNEL, OTHER = "5c9bb1a4-5e0b-4a0e-9a6f-3f1c1d2e4b77", "0b1d7e52-3f8a-4c57-8f0e-1a2b3c4d5e6f"
UP, DOWN, UNKNOWN = (1, 1), (0, 1), (0, 0)
ABSENT = None
Row = dict[str, Any]


def tunnel(status: str = "healthy", **changes: Any) -> Row:
    """A row of the list; since 2026 began it is active, as its status has it."""
    row = {"id": TUNNEL, "name": "edge-1", "status": status, "tun_type": "cfd_tunnel", "deleted_at": None}
    return row | {"conns_active_at": "2026-01-02T03:04:05Z", "conns_inactive_at": None} | changes


def connection(number: int, *, is_pending: bool = False, **changes: Any) -> Row:
    identity = f"00000000-0000-4000-8000-{number:012}"
    row = {
        "id": identity,
        "uuid": identity,
        "colo_name": ("JNB", "NBO")[number % 2],
        "opened_at": "2026-01-02T03:04:05Z",
    }
    return row | {"is_pending_reconnect": is_pending} | changes


def connector(*connections: Any) -> Row:
    return {"id": "c0000000-0000-4000-8000-000000000001", "version": "2026.8.2", "conns": list(connections)}


LIVE = [connector(*map(connection, range(4)))]
DEAD = [connector(*(connection(number, is_pending=True) for number in range(4)))]


@dataclass(kw_only=True)
class Lab:
    """Both doubles and the exporter as running programs."""

    processes: Processes
    folder: Path
    api: int = field(default_factory=free_port)
    api_control: int = field(default_factory=free_port)
    cloudflared: int = field(default_factory=free_port)
    cloudflared_control: int = field(default_factory=free_port)
    exporter: int = field(default_factory=free_port)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    modules: dict[str, Any] = field(default_factory=dict)
    targets: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._double("cloudflared_double", self.cloudflared, self.cloudflared_control)
        folder = ("--folder", str(self.folder / "api"), "--tunnel-id", TUNNEL)
        self._double("cloudflare_api_double", self.api, self.api_control, *folder)
        self.target()
        self._write()
        command = [sys.executable, "-m", "sankofa_exporters.cli", "cloudflare", "--config.file", str(self.config)]
        child = self.processes.start("exporter", [*command, "--web.listen-address", f"127.0.0.1:{self.exporter}"])
        self.processes.wait_until(child, answers(f"http://127.0.0.1:{self.exporter}/-/ready"))

    @property
    def config(self) -> Path:
        return self.folder / "cloudflare.yml"

    @property
    def token(self) -> Path:
        return self.folder / "api" / "token"

    def target(self, *, name: str = "", token_file: str = "", connectors: int = 0, **module: Any) -> str:
        """One more target with a module of its own; the name. `load` makes it known to the exporter."""
        number = next(self.numbers)
        name = name or f"edge-{number}"
        if not token_file:
            token_file = str(self.folder / f"token-{number}")
            shutil.copy(self.token, token_file)
        # No two cases have equal settings, so each has an account of its own.
        account = {"account_id": ACCOUNT, "token_file": token_file, "api": f"http://127.0.0.1:{self.api}/client/v4"}
        self.modules[f"m{number}"] = {"account": account | {"calls_per_five_minutes": 200 + number}} | module
        addresses = [f"127.0.0.1:{self.cloudflared}"] * connectors
        self.targets[name] = {"module": f"m{number}", "tunnel_id": TUNNEL, "connectors": addresses}
        return name

    def load(self) -> None:
        self._write()
        local.post(f"http://127.0.0.1:{self.exporter}/-/reload").raise_for_status()

    def fresh(self, **settings: Any) -> str:
        name = self.target(**settings)
        self.load()
        return name

    def probe(self, target: str, *, timeout: float | None = None, query: str = "") -> Values:
        answer = local.get(
            f"http://127.0.0.1:{self.exporter}/probe?target={target}{query}",
            headers={"x-prometheus-scrape-timeout-seconds": str(timeout or limit(10))},
            timeout=limit(30),
        )
        answer.raise_for_status()
        return values_of(answer.text)

    def switch(self, path: str, body: Any = None) -> None:
        """`/api/…` is thrown at the account, everything else at the connector."""
        is_api = path.startswith("/api/")
        url = f"http://127.0.0.1:{self.api_control if is_api else self.cloudflared_control}{path.removeprefix('/api')}"
        local.post(url, content=b"" if body is None else json.dumps(body)).raise_for_status()

    def calls(self) -> int:
        return sum(local.get(f"http://127.0.0.1:{self.api_control}/").json()["calls"].values())

    def answering(self, listed: Any, connections: Any) -> None:
        self.switch("/api/result/list", listed)
        self.switch("/api/result/connections", connections)

    def _write(self) -> None:
        self.config.write_text(json.dumps({"modules": self.modules, "targets": self.targets}))

    def _double(self, name: str, port: int, control: int, *options: str) -> None:
        ports = ("--port", str(port), "--control-port", str(control))
        command = [sys.executable, str(SCRIPTS / f"{name}.py"), *ports, *options]
        self.processes.wait_until(self.processes.start(name, command), answers(f"http://127.0.0.1:{control}"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("cases")
    with Processes(folder=folder) as processes:
        yield Lab(processes=processes, folder=folder)


@pytest.fixture
def lab(running: Lab) -> Iterator[Lab]:
    """The programs, with every switch as it was."""
    yield running
    running.answering(None, None)
    for path in ("/api/http/ok", "/api/slow/1.0", "/all/http/ok", "/all/edge/restored", "/all/location/shown"):
        running.switch(path)


def pair(found: Values) -> tuple[float, float]:
    return found["tunnel_up",], found["tunnel_known",]


def named(found: Mapping[tuple[str, ...], float], expected: Mapping[Any, Any]) -> dict[Any, Any]:
    """What there is of the series that are expected; `ABSENT` for those that are not there."""
    return {key: found.get(key if isinstance(key, tuple) else (key,)) for key in expected}


LISTED, SITES, CONNECTIONS = "tunnel_listed", "tunnel_account_edge_sites", "tunnel_account_connections"
REJECTED = "collector_rejected_total"
ACCOUNT_ALONE: dict[str, tuple[Any, Any, tuple[int, int], dict[Any, Any]]] = {
    # Is it ours, and is it there?
    "not listed, no connections": ([tunnel(id=OTHER)], [], UNKNOWN, {LISTED: 0}),
    "not listed, live connections": ([tunnel(id=OTHER)], LIVE, UNKNOWN, {LISTED: 0}),
    "not listed, dead connections": ([tunnel(id=OTHER)], DEAD, UNKNOWN, {LISTED: 0}),
    "an account without tunnels": ([], LIVE, UNKNOWN, {LISTED: 0}),
    "deleted": ([tunnel(deleted_at="2026-02-03T04:05:06Z")], LIVE, UNKNOWN, {LISTED: 0}),
    "deleted, nobody can read when": ([tunnel(deleted_at="yesterday"), tunnel(id=OTHER)], LIVE, UNKNOWN, {LISTED: ABSENT}),
    "of another kind": ([tunnel(tun_type="warp_connector")], LIVE, UNKNOWN, {LISTED: 0}),
    "of another account": ([tunnel(account_tag="f" * 32)], LIVE, UNKNOWN, {LISTED: 0}),
    "of our account, by its name": ([tunnel(account_tag=ACCOUNT.upper())], LIVE, UP, {LISTED: 1}),
    "nobody can read whose": ([tunnel(account_tag=7), tunnel(id=OTHER)], LIVE, UNKNOWN, {LISTED: ABSENT}),
    # A status and the connections under it.
    "healthy": ([tunnel()], LIVE, UP, {LISTED: 1, SITES: 2, (CONNECTIONS, "live"): 4, (CONNECTIONS, "unknown"): 0}),
    "healthy without a connector": ([tunnel()], [], UNKNOWN, {(CONNECTIONS, "live"): 0}),
    "healthy, a connector without connections": ([tunnel()], [connector()], UNKNOWN, {(CONNECTIONS, "live"): 0}),
    "degraded without a connector": ([tunnel("degraded")], [], UNKNOWN, {}),
    "healthy, all dead": ([tunnel()], DEAD, DOWN, {(CONNECTIONS, "pending"): 4, SITES: 0}),
    "down without a connector": ([tunnel("down")], [], DOWN, {}),
    "inactive without a connector": ([tunnel("inactive")], [], DOWN, {}),
    "a status nobody knows, live": ([tunnel("fine")], LIVE, UNKNOWN, {LISTED: 1}),
    # Rows.
    "listed twice": ([tunnel(), tunnel()], LIVE, UP, {LISTED: 1, (REJECTED, "account", "contradicting"): ABSENT}),
    "listed twice, up and down": (
        [tunnel(), tunnel("down"), tunnel(id=OTHER)], LIVE, UNKNOWN,
        {LISTED: ABSENT, (REJECTED, "account", "contradicting"): 2},
    ),
    "listed twice, once deleted": (
        [tunnel(), tunnel(deleted_at="2026-02-03T04:05:06Z")], LIVE, UNKNOWN,
        {LISTED: ABSENT, (REJECTED, "account", "contradicting"): 2},
    ),
    "another tunnel listed twice, up and down": (
        [tunnel(), tunnel(id=OTHER), tunnel("down", id=OTHER)], LIVE, UP,
        {LISTED: 1, (REJECTED, "account", "contradicting"): 2},
    ),
    "a row that is none": ([tunnel(), None, {"id": 7}], LIVE, UP, {LISTED: 1, (REJECTED, "account", "unreadable"): 2}),
    "a connection twice": (
        [tunnel()], [connector(*map(connection, (0, 1, 2, 3, 0)))], UP, {(CONNECTIONS, "live"): 4, SITES: 2}
    ),
    "a connector twice": ([tunnel()], LIVE * 2, UP, {(CONNECTIONS, "live"): 4, "tunnel_account_connectors": 1}),
    "a connection alive and dead": (
        [tunnel()], [connector(*map(connection, range(4)), connection(0, is_pending=True))], UP,
        {(CONNECTIONS, "live"): 3, (CONNECTIONS, "unknown"): 1, (CONNECTIONS, "pending"): 0, SITES: ABSENT,
         (REJECTED, "connections", "contradicting"): 2},
    ),
    "all dead but one that is also alive": (
        [tunnel()], [connector(*(connection(number, is_pending=True) for number in range(4)), connection(0))], UP,
        {(CONNECTIONS, "pending"): 3, (CONNECTIONS, "unknown"): 1},
    ),
    "a connection that does not say whether it lives": (
        [tunnel()], [connector(*map(connection, range(3)), connection(3, is_pending_reconnect="no"))], UP,
        {(CONNECTIONS, "live"): 3, (CONNECTIONS, "unknown"): 1, (REJECTED, "connections", "unreadable"): 1},
    ),
    "a connector that is none": (
        [tunnel()], [*LIVE, 7], UP,
        {(CONNECTIONS, "live"): 4, "tunnel_account_connectors": ABSENT, (REJECTED, "connections", "unreadable"): 1},
    ),
    # Places.
    "a live connection nowhere": (
        [tunnel()], [connector(*map(connection, range(3)), connection(3, colo_name=None))], UP,
        {(CONNECTIONS, "live"): 4, SITES: ABSENT},
    ),
    "all connections nowhere": (
        [tunnel()], [connector(*(connection(number, colo_name="") for number in range(4)))], UP,
        {(CONNECTIONS, "live"): 4, SITES: ABSENT},
    ),
    "a dead connection nowhere": (
        [tunnel()], [connector(connection(0), connection(1, is_pending=True, colo_name=None))], UP,
        {(CONNECTIONS, "live"): 1, (CONNECTIONS, "pending"): 1, SITES: 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCOUNT_ALONE)
def test_account_alone_is_believed_no_further_than_it_says(lab: Lab, case: str) -> None:
    """The first probe of a tunnel without connectors: the verdict, and what is absent rather than wrong."""
    listed, connections, verdict, expected = ACCOUNT_ALONE[case]
    lab.answering(listed, connections)
    found = lab.probe(lab.fresh())

    assert (pair(found), named(found, expected)) == (verdict, expected)
    assert found["collector_success", "account"] == found["collector_success", "connections"] == 1


def test_flood_of_rows_is_refused_and_holds_up_nobody(lab: Lab) -> None:
    """600,000 empty rows, small on the wire and large in memory: over a bound, unknown, and other targets are probed."""
    other = lab.fresh()
    before = lab.probe(other)
    lab.answering([{}] * 600_000, LIVE)
    flooded = lab.probe(lab.fresh())
    after = lab.probe(other)

    assert (pair(flooded), flooded["collector_error", "account", "limit"]) == (UNKNOWN, 1)
    assert (pair(before), pair(after)) == (UP, UP)


@pytest.mark.parametrize(("hidden", "sites"), [("shown", 2), ("one", ABSENT), ("none", ABSENT)])
def test_live_connection_without_a_place_leaves_the_connectors_sites_unknown(lab: Lab, hidden: str, sites: Any) -> None:
    """Four connections live, and some have no location in cloudflared's metrics: neither none nor those that are left."""
    lab.switch(f"/all/location/{hidden}")
    found = lab.probe(lab.fresh(connectors=1))

    assert (pair(found), found["tunnel_ready_connections", f"127.0.0.1:{lab.cloudflared}"]) == (UP, 4)
    assert found.get(("tunnel_edge_sites",)) == sites


def test_short_deadline_of_one_prober_is_nobodys_failure(lab: Lab) -> None:
    """The API takes 1.2 s: a probe of 1.5 s learns nothing yet, later ones find the answer, and no failure is noted."""
    lab.switch("/api/slow/1.2")
    lab.switch("/api/http/slow")
    target = lab.fresh()
    found = [lab.probe(target, timeout=timeout) for timeout in (1.5, limit(10), 1.5, limit(10))]

    assert [pair(one) for one in found] == [UNKNOWN, UP, UP, UP]
    assert [one["tunnel_api_calls_total", "failed"] for one in found] == [0, 0, 0, 0]
    assert found[0]["collector_error", "account", "timeout"] == 1


def test_short_deadlines_alone_come_to_the_answer_too(lab: Lab) -> None:
    """Nobody ever waits long enough: the attempt goes on between their probes."""
    lab.switch("/api/slow/1.2")
    lab.switch("/api/http/slow")
    target = lab.fresh()
    until(lambda: pair(lab.probe(target, timeout=0.6)) == UP)

    assert lab.probe(target, timeout=0.6)["tunnel_api_calls_total", "failed"] == 0


@pytest.mark.parametrize("status", ["429", "503"])
def test_account_that_asks_to_be_left_alone_is_left_alone_by_all_its_tunnels(lab: Lab, status: str) -> None:
    """Retry-After 300: neither another probe, nor another tunnel, nor another module with the same token asks again."""
    lab.switch(f"/api/busy/{status}/300")
    first = lab.target()
    token_file = lab.modules[lab.targets[first]["module"]]["account"]["token_file"]
    second, third = lab.target(token_file=token_file), lab.target()
    lab.targets[third]["module"] = lab.targets[first]["module"]
    lab.load()
    found = [lab.probe(first)]
    asked = lab.calls()
    lab.switch("/api/http/ok")
    found += [lab.probe(target) for target in (first, second, third)]

    assert {pair(one) for one in found} == {UNKNOWN}
    assert [one["tunnel_api_blocked",] for one in found] == [1, 1, 1, 1]
    assert lab.calls() == asked
    assert all(one["collector_success", "account"] == 0 for one in found)


def test_token_belongs_to_the_target_where_its_path_says_so(lab: Lab) -> None:
    """One module, `{target}` in the token's path: each target asks with its own token, and one's bad token is its own."""
    tokens = lab.folder / "tokens"
    tokens.mkdir()
    shutil.copy(lab.token, tokens / "lagos.token")
    (tokens / "nairobi.token").write_text("another-token-of-the-right-form\n")
    lab.target(name="lagos", token_file=str(tokens / "{target}.token"))
    lab.targets["nairobi"] = lab.targets["lagos"]
    lab.load()
    found = {name: lab.probe(name) for name in ("nairobi", "lagos")}

    assert {name: pair(one) for name, one in found.items()} == {"nairobi": UNKNOWN, "lagos": UP}
    assert found["nairobi"]["collector_error", "account", "permission"] == 1
    assert not found["lagos"].get(("collector_error", "account", "permission"))
    del lab.targets["lagos"], lab.targets["nairobi"]


def test_flap_between_two_scrapes_shows(lab: Lab) -> None:
    """Every connection is lost and registered again while nobody looks: up both times, and the counter has moved by four."""
    target, name = lab.fresh(connectors=1), f"127.0.0.1:{lab.cloudflared}"
    before = lab.probe(target)
    lab.switch("/all/edge/flapped")
    after = lab.probe(target)

    assert (pair(before), pair(after)) == (UP, UP)
    assert after["tunnel_registrations_total", name] - before["tunnel_registrations_total", name] == 4


def test_responses_are_counted_by_code(lab: Lab) -> None:
    """What answered 200 is counted as such, and what got no response has no code."""
    target, name = lab.fresh(connectors=1), f"127.0.0.1:{lab.cloudflared}"
    lab.probe(target)
    lab.switch("/all/origin/broken")
    found = [lab.probe(target), lab.probe(target)]
    lab.switch("/all/origin/restored")

    grown = [one["tunnel_responses_total", "200", name] for one in found]
    failed = [one["tunnel_request_errors_total", name] for one in found]
    assert (grown[1] - grown[0], failed[1] - failed[0]) == (0, 100)


def test_collectors_that_are_skipped_or_not_asked_are_like_failed_ones(lab: Lab) -> None:
    """Skipped ones are absent and the verdict stands on the others; a narrowed probe has no verdict at all."""
    skipping = lab.fresh(connectors=1, skip=["metrics", "redundancy", "diagnosis", "connections"])
    found = lab.probe(skipping)
    narrowed = lab.probe(lab.fresh(connectors=1), query="&collect[]=account&collect[]=ready")

    assert (pair(found), found["tunnel_witnesses",]) == (UP, 2)
    assert {key[1].partition(" ")[0] for key in found if key[0] == "collector_success"} == {"ready", "account"}
    assert (narrowed["tunnel_listed",], ("tunnel_up",) in narrowed, ("tunnel_known",) in narrowed) == (1, False, False)
