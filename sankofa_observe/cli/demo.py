"""`sankofa-observe demo`: the main job on real parts, from a checkout."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from sankofa_observe.errors import InvalidInput

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "lab" / "demo.py"


def register(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    *, keep: Annotated[bool, typer.Option("--keep", help="Leave everything running and print the addresses.")] = False
) -> None:
    """One outage from scrape to credit: real Prometheus, Alertmanager and chain on loopback, in under four minutes.

    Example: sankofa-observe demo --keep
    """
    if not SCRIPT.exists():
        raise InvalidInput("the demo runs from a checkout of the project, where it is: make demo")
    command = [sys.executable, "-m", "deploy.lab.demo", *(["--keep"] if keep else [])]
    os.chdir(SCRIPT.parents[2])
    os.execv(sys.executable, command)  # noqa: S606  our own interpreter and script
