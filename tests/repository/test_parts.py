"""deploy/parts.toml is the one list of parts: each answers, each is missed when it is hidden, and nobody looks past it."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from deploy import parts
from deploy.parts import HIDE_PARTS, Part
from tests.repository.tree import ROOT, named, text
from tests.tiers import demanded

TIER_OF_TESTS = "test"
ANSWERING = [part for part in parts.parts() if part.version and part.programs]
MISSED = parts.parts_of(TIER_OF_TESTS)
MARK = "== a run: "
HIDE_EACH = f"""
import os, sys, pytest

file, *names = sys.argv[1:]
for name in names:
    os.environ["{HIDE_PARTS}"] = name
    print("{MARK}", file=sys.stderr, flush=True)
    code = pytest.main(["-p", "no:cacheprovider", "--collect-only", "--quiet", file])
    print("{MARK}" + str(int(code)), flush=True)
"""


def _marked(part: Part) -> object:
    return pytest.param(part, id=part.name, marks=pytest.mark.real(*part.programs))


@pytest.mark.parametrize("part", [_marked(part) for part in ANSWERING if part in demanded() or part in MISSED])
def test_part_answers_its_version(part: Part) -> None:
    """Each part of this run's tier tells a version, and one that will do."""
    assert parts.version_of(part)
    assert parts.shortcoming(part) == ""


@pytest.fixture(scope="module")
def runs() -> dict[str, tuple[int, str]]:
    """Exit code and complaint of a run of pytest without each part, one after the other in one process."""
    env = {**os.environ, "TIER": TIER_OF_TESTS, "WITHOUT": ""}
    env.pop("PYTEST_XDIST_WORKER", None)
    command = [sys.executable, "-c", HIDE_EACH, __file__, *(part.name for part in MISSED)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    complaints = done.stderr.split(MARK)[1:]
    codes = [int(line.removeprefix(MARK)) for line in done.stdout.splitlines() if line.startswith(MARK)]
    return {part.name: pair for part, pair in zip(MISSED, zip(codes, complaints, strict=True), strict=True)}


@pytest.mark.parametrize("part", MISSED, ids=lambda part: part.name)
def test_run_without_a_part_of_its_tier_is_red(part: Part, runs: dict[str, tuple[int, str]]) -> None:
    """Where a part of the tier cannot be found, not one test runs, and the part is named with the command that brings it."""
    code, complaint = runs[part.name]

    assert code == pytest.ExitCode.USAGE_ERROR
    assert f"  {part.name}: not found: " in complaint
    assert f"make setup TIER={TIER_OF_TESTS}" in complaint


def test_hidden_part_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hiding a part hides each of its programs and nothing else."""
    monkeypatch.setenv(HIDE_PARTS, "python-packages")
    assert parts.find_program("fakepve") is None
    assert parts.find_program("sh")


def test_only_the_finder_looks_for_programs() -> None:
    """No lab file and no test searches PATH or a system folder for a program: what it finds would be missed by no tier."""
    # Set-up looks for apt and sudo, and the starter of processes at the very path it was given.
    allowed = {"deploy/parts.py", "deploy/setup/debian.py", "deploy/lab/children.py", "tests/repository/test_parts.py"}
    searching = {
        str(path)
        for path in named(".py")
        if path.parts[0] in {"deploy", "tests"}
        and ("shutil.which" in text(path) or "/usr/lib/postgresql" in text(path))
    }
    assert searching - allowed == set()


def test_programs_of_parts_are_started_by_the_finder_s_path() -> None:
    """A bare name would be looked for on PATH, where an unpacked part is not, and another version may be."""
    programs = "|".join(re.escape(program) for part in parts.parts() for program in part.programs)
    bare = re.compile(rf"(?:run|Popen|start|check_output)\(\s*\[\s*\"(?:{programs})\"")
    assert [str(path) for path in named(".py") if bare.search(text(path))] == []


def test_tier_of_another_holds_its_parts() -> None:
    """Make test has the parts of the demo, make test-all those of make test, and each tier only what it lists."""
    names = {tier: {part.name for part in parts.parts_of(tier)} for tier in parts.tiers()}
    assert names["demo"] < names["test"] < names["test-all"]
    assert {"prometheus", "alertmanager", "anvil", "python-packages"} == names["demo"]
    assert names["soak"] == names["test"]
    assert "ceph" not in names["bench"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"tier": "demo", "programs": ["x"]}, "one of unpack, install, npm, pypi, extract is needed"),
        ({"tier": "demo", "npm": "a", "unpack": "b", "programs": ["x"]}, "one of unpack"),
        ({"tier": "demo", "npm": "a"}, "programs or files are needed"),
        ({"tier": "nightly", "npm": "a", "programs": ["x"]}, "tier 'nightly' is none of demo, tools, test"),
    ],
)
def test_wrong_entry_is_refused_with_its_reason(entry: dict[str, object], said: str) -> None:
    """An entry that says nothing, too much, or names an unknown tier is refused by name."""
    sizes = {"download_mb": 1, "disk_mb": 1, "seconds": 1}
    with pytest.raises(parts.PartsError, match=f"thing: .*{said}"):
        parts.read_part({"name": "thing", "why": "is tried", **sizes, **entry})
