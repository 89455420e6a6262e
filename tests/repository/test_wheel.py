"""What is shipped: two packages, the boards and rules as data, and light dependencies."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from tests.pace import limit
from tests.repository.tree import ROOT, files, text

SHIPPED = {"sankofa_observe": "sankofa_observe/", "sankofa_exporters": "exporters/sankofa_exporters/"}
DATA = {"dashboards/generated/": "dashboards", "alert_rules/generated/": "alert_rules"}
HEAVY = {"polars", "web3", "fastapi"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from this checkout without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=limit(60))
    (file,) = folder.iterdir()
    return zipfile.ZipFile(file)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return message_from_bytes(wheel.read(name))


def tree_of(prefix: str) -> dict[str, bytes]:
    """Files of the checkout under a folder, by their path from there."""
    return {
        path.as_posix().removeprefix(prefix): (ROOT / path).read_bytes()
        for path in files()
        if path.as_posix().startswith(prefix)
    }


def requirement(line: str) -> str:
    return re.split(r"[^\w-]", line, maxsplit=1)[0].lower()


def test_wheel_installs_two_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Only the two import names, the metadata and the data are in it."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {re.sub(r"^sankofa_observe-[\w.]+?\.(?=d)", "*.", top) for top in tops} == {
        "sankofa_observe",
        "sankofa_exporters",
        "*.dist-info",
        "*.data",
    }


@pytest.mark.parametrize("package", SHIPPED)
def test_wheel_holds_each_package_whole(package: str, wheel: zipfile.ZipFile) -> None:
    """Every file of the package is in it, byte for byte: ABI, migrations and the type marker too, and no test."""
    shipped = {
        name.removeprefix(f"{package}/"): wheel.read(name)
        for name in wheel.namelist()
        if name.startswith(f"{package}/")
    }
    assert shipped == tree_of(SHIPPED[package])
    assert "py.typed" in shipped
    assert [name for name in shipped if Path(name).name.startswith(("test_", "conftest"))] == []


def test_wheel_holds_what_the_ledger_and_the_chain_need(wheel: zipfile.ZipFile) -> None:
    """The contract's ABI and the ledger's migrations are found by their names."""
    names = set(wheel.namelist())
    assert "sankofa_observe/adapters/abi/SlaSettlement.json" in names
    assert "sankofa_observe/adapters/ledger/migrations/env.py" in names


@pytest.mark.parametrize("folder", DATA)
def test_wheel_shares_all_generated_boards_and_rules(folder: str, wheel: zipfile.ZipFile) -> None:
    """What is generated and committed is installed under share/, byte for byte."""
    inside = f".data/data/share/sankofa-observe/{DATA[folder]}/"
    shared = {name.partition(inside)[2]: wheel.read(name) for name in wheel.namelist() if inside in name}
    assert shared == tree_of(folder)
    assert shared


def test_dependencies_of_the_base_are_light(metadata: Message) -> None:
    """An edge host never gets polars, web3 or FastAPI, nor anything that only the platform names."""
    lines = metadata.get_all("Requires-Dist", [])
    base = {requirement(line) for line in lines if "extra ==" not in line}
    platform = {requirement(line) for line in lines if "extra == 'platform'" in line.replace('"', "'")}
    assert base == {
        *("bcrypt", "coincurve", "eth-hash", "httpx", "prometheus-client", "pydantic", "pyyaml", "rlp", "starlette"),
        "uvicorn",
    }
    assert platform >= HEAVY
    assert base & platform == set()


def test_exporter_starts_without_the_platform(wheel: zipfile.ZipFile) -> None:
    """From the wheel alone, with every library of the platform refused, each exporter is loaded and tells its help."""
    extras = tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"]["platform"]
    refused = sorted({requirement(line).replace("-", "_") for line in extras} - {"pydantic_settings"})
    code = (
        f"import sys; sys.modules.update(dict.fromkeys({refused!r})); sys.path.insert(0, {wheel.filename!r})\n"
        "import sankofa_exporters\n"
        f"assert sankofa_exporters.__file__.startswith({wheel.filename!r}), sankofa_exporters.__file__\n"
        "from sankofa_exporters import cli, registry\n"
        "[registry.system(name) for name in registry.SYSTEM_NAMES]\n"
        "import sankofa_exporters.serving.run\n"
        "cli.main(['--help'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=limit(60), check=False
    )
    assert (done.returncode, done.stderr, "sankofa-exporter" in done.stdout) == (0, "", True)


def test_metadata_never_names_the_lab(metadata: Message) -> None:
    """No dependency and no extra leads to fakepve, which is AGPL-3.0."""
    assert "fakepve" not in str(metadata).lower().partition("\n\n")[0]
