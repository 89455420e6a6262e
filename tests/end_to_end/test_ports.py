"""Ports of real programs: nobody else is given one, and no outgoing connection can take it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from deploy.lab.ports import EPHEMERAL, free_port
from deploy.parts import CHECKOUT

PRINT = "from deploy.lab.ports import free_port; print(*[free_port() for _ in range(300)], flush=True); input()"


def test_free_ports_of_two_processes_are_never_the_same() -> None:
    """While both run, what one was given is not given to the other, nor given twice."""
    command = [sys.executable, "-c", PRINT]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    running = [subprocess.Popen(command, cwd=CHECKOUT, text=True, **pipes) for _ in range(2)]  # type: ignore[call-overload]
    given = [one.stdout.readline().split() for one in running]
    for one in running:
        one.communicate("\n")

    assert len({*given[0], *given[1]}) == 600


def test_free_ports_lie_below_those_of_outgoing_connections() -> None:
    """The kernel gives no such port to a connection, so a program that binds it later finds it free."""
    assert free_port() < int(Path(EPHEMERAL).read_text().split()[0])
