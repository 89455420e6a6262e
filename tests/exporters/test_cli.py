"""The command behaves as Prometheus exporters do: flags, exit codes, one line with the cure, a graceful stop."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from sankofa_exporters.cli import listen
from tests.pace import limit

COMMAND = [sys.executable, "-m", "sankofa_exporters.cli"]
CONFIG = 'modules:\n  node: {}\ntargets:\n  replica-1: {module: node, endpoint: "http://127.0.0.1:1"}\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "besu.yml"
    file.write_text(CONFIG)
    return file


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=limit(30), check=False)


def test_help_shows_an_example() -> None:
    """--help ends with a command that can be copied."""
    result = run("--help")

    assert result.returncode == 0
    assert "sankofa-exporter proxmox --config.file proxmox.yml --web.listen-address :9221" in result.stdout


def test_version_is_one_line() -> None:
    """--version names the program and its version."""
    assert re.fullmatch(r"sankofa-exporter \d+\.\d+\.\d+\n", run("--version").stdout)


def test_check_config_says_good(config: Path) -> None:
    """A good configuration exits 0 with the number of targets, and listens to nothing."""
    result = run("besu", "--config.file", str(config), "--check-config")

    assert (result.returncode, result.stdout) == (0, f"{config}: good, 1 targets\n")


def test_broken_config_exits_2_with_every_violation(config: Path) -> None:
    """A broken configuration exits 2, and stderr has a line for each violation."""
    config.write_text(CONFIG.replace("node: {}", "node: {calls_per_probe: -1, colour: red}"))
    result = run("besu", "--config.file", str(config))

    assert result.returncode == 2
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == [
        "modules.node.calls_per_probe",
        "modules.node.colour",
    ]


def test_port_in_use_exits_1_with_the_cure(config: Path) -> None:
    """A taken port is one line that names it and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = run("besu", "--config.file", str(config), "--web.listen-address", address)

    assert (result.returncode, result.stderr) == (
        1,
        f"cannot listen on {address}: the port is in use; stop the other process or choose another port\n",
    )


@pytest.mark.parametrize("address", ["9221", ":http", "127.0.0.1:", ":99999", "localhost"])
def test_listen_refuses_what_is_not_an_address(address: str) -> None:
    """An address without a numeric port is refused before anything starts."""
    with pytest.raises(ValueError, match=re.escape(address)):
        listen(address)


@pytest.mark.parametrize(("address", "host"), [(":0", "0.0.0.0"), ("127.0.0.1:0", "127.0.0.1"), ("[::1]:0", "::1")])
def test_listen_takes_the_forms_of_prometheus(address: str, host: str) -> None:
    """:PORT is every address; HOST:PORT and [V6]:PORT are one."""
    with listen(address) as listener:
        assert listener.getsockname()[0] == host
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_serving_process_stops_gracefully(config: Path, processes: Processes) -> None:
    """A served probe says refused; SIGTERM ends the process with 0."""
    url = f"http://127.0.0.1:{free_port()}"
    child = processes.start(
        "exporter",
        [*COMMAND, "besu", "--config.file", str(config), "--web.listen-address", url.removeprefix("http://")],
    )
    processes.wait_until(child, answers(f"{url}/-/ready"))
    text = local.get(f"{url}/probe?target=replica-1").text
    child.stop()

    assert 'sankofa_collector_error{collector="head",kind="refused"} 1.0\n' in text
    assert "sankofa_besu_up 0.0\n" in text
    assert "sankofa_besu_known 0.0\n" in text
    assert child.process.returncode == 0
    assert "stopped" in child.tail()
