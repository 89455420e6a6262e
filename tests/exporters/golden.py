"""Golden expositions: kept, renewed with UPDATE_GOLDEN=1, and read back by two parsers that are not ours."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from deploy.parts import find_program
from sankofa_exporters.model.family import Family


def settled(file: Path, text: str) -> str:
    """What the file holds; with UPDATE_GOLDEN=1 it holds `text` from now on."""
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return file.read_text()


def names_in(files: Iterable[Path], prefix: str) -> set[str]:
    """The families in the files, as client_python's parser reads them."""
    found = {family.name for file in files for family in text_string_to_metric_families(file.read_text())}
    return {name for name in found if name.startswith(prefix)}


def names_of(families: Iterable[Family]) -> set[str]:
    """The families of a catalogue, under the names that parser gives them."""
    return {family.base if family.kind == "counter" else family.name for family in families}


def complaints(file: Path) -> str:
    """What `promtool check metrics` has to say; empty when nothing."""
    promtool = find_program("promtool")
    assert promtool is not None
    command = [promtool, "check", "metrics"]
    done = subprocess.run(command, input=file.read_text(), capture_output=True, text=True, check=False)
    return done.stdout + done.stderr + ("" if done.returncode == 0 else f"exit {done.returncode}")
