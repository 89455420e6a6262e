"""Nothing of one machine, one mirror or one person's keys is in the repository."""

from __future__ import annotations

import json
import re

from sankofa_observe.api.keys import well_formed
from tests.repository.tree import ROOT, files, text

MACHINE_PATH = re.compile(r"(?<![\w.>-])/(?:work|root|home|Users)/[\w.-]+")
PRIVATE_KEY = re.compile(r"BEGIN [A-Z ]*PRIVATE KEY")
ADDRESS = re.compile(r"https?://|--(?:extra-)?index-url|--find-links| @ ")


def readable() -> dict[str, str]:
    """Every text file of the repository by its path."""
    found = {}
    for path in files():
        raw = (ROOT / path).read_bytes()
        if b"\0" not in raw:
            found[str(path)] = raw.decode("utf-8")
    return found


def test_no_machine_path() -> None:
    """No absolute path of a checkout, a home or a workplace."""
    assert [f"{path}: {found}" for path, content in readable().items() for found in MACHINE_PATH.findall(content)] == []


def test_no_registry_in_the_lock_of_python() -> None:
    """Pins and hashes, and no address: any mirror will do."""
    lock = text("requirements.lock")
    assert [line for line in lock.splitlines() if ADDRESS.search(line)] == []
    assert "--hash=sha256:" in lock


def test_no_registry_in_the_lock_of_node() -> None:
    """Integrity of each package, and neither an address it was resolved from nor a registry's name."""
    locks = [path for path in files() if path.name == "package-lock.json"]
    assert locks
    for path in locks:
        packages = json.loads(text(path))["packages"]
        assert [name for name, package in packages.items() if "resolved" in package] == []
        assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    settings = [text(path) for path in files() if path.name == ".npmrc"]
    assert not [one for one in settings if "registry=" in one.replace("omit-lockfile-registry-resolved=", "")]


def test_no_key() -> None:
    """No private key in PEM, and no API key that could open anything."""
    faults = []
    for path, content in readable().items():
        faults += [path] if PRIVATE_KEY.search(content) else []
        faults += [f"{path}: {key}" for key in re.findall(r"skn_\w+", content) if well_formed(key)]
    assert faults == []


def test_no_file_that_a_run_leaves() -> None:
    """No byte code, database, log or half-written file lies among the sources."""
    left = {".pyc", ".sqlite", ".log", ".partial", ".orig", ".rej", ".swp"}
    assert [str(path) for path in files() if path.suffix in left] == []
