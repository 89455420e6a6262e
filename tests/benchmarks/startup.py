"""What a command costs before it does anything: imports, in CPU seconds of a process of its own, beside typer and rich alone."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from deploy.parts import CHECKOUT

from .report import Table, less

PEER = "import typer, rich.console"
HELP = "from sankofa_observe.cli import main; main()"
# A command's first work is to read specs; what it needs beside them is imported after they were found to be good.
FIRST_WORK = """
import os, sys
from sankofa_observe.cli import main
import sankofa_observe.adapters.specs as specs
def stop(_):
    os._exit(0)
specs.load_catalog = stop
main()
"""
COMMANDS = ("observe", "evaluate", "settle", "serve")
TIMES = 7


def run() -> Table:
    with tempfile.TemporaryDirectory() as folder:
        config, specs = _settings(Path(folder)), str(CHECKOUT / "deploy" / "specs")
        ours = {
            "--help": _command(HELP, ["--help"]),
            **{f"{one}, until specs are read": _command(FIRST_WORK, [one, "--config", config]) for one in COMMANDS},
            "specs check, whole": _command(HELP, ["specs", "check", specs]),
        }
        peer = _command(PEER)
        measured = {what: _beside(command, peer) for what, command in ours.items()}
    rows = [less(what, mine, theirs, "s", 2) for what, (mine, theirs) in measured.items()]
    return Table(
        title="Starting a command",
        peer=f"`python -c '{PEER}'`",
        how=f"CPU seconds of a process, user and system, the least of {TIMES} runs of each, in turns; compiled modules are there.",
        rows=rows,
        notes=("Pydantic, which reads settings and specs, is most of what a command costs beyond its help.",),
    )


def _settings(folder: Path) -> str:
    document = {"data_dir": "data", "specs": ["specs"], "prometheus": {"url": "http://127.0.0.1:9"}}
    (folder / "sankofa.yaml").write_text(yaml.safe_dump(document))
    return str(folder / "sankofa.yaml")


def _command(code: str, arguments: Sequence[str] = ()) -> list[str]:
    script = f"import sys, json; sys.argv[1:] = json.loads({json.dumps(json.dumps(arguments))})\n{code}"
    return [sys.executable, "-c", script]


def _beside(mine: Sequence[str], theirs: Sequence[str]) -> tuple[float, float]:
    """In turns, for a machine's pace changes by the second; the least of each, for what else it does only adds."""
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    pairs = [(_once(mine, environment), _once(theirs, environment)) for _ in range(TIMES)]
    return min(one for one, _ in pairs), min(one for _, one in pairs)


def _once(command: Sequence[str], environment: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
