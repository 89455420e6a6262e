"""What is shipped: two packages, the boards and rules as data, and a verifier that needs nothing else."""

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

from sankofa_observe.sla.evidence import written
from tests.builders import agreement, breach
from tests.pace import limit
from tests.repository.tree import ROOT, files, text

SHIPPED = {
    "sankofa_observe": "sankofa_observe/",
    "sankofa_exporters": "exporters/sankofa_exporters/",
    "sankofa_rules": "alert_rules/sankofa_rules/",
    "sankofa_dashboards": "dashboards/sankofa_dashboards/",
}
DATA = {"dashboards/generated/": "dashboards", "alert_rules/generated/": "alert_rules", "docs/runbooks/": "runbooks"}
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


def test_wheel_installs_its_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Only the import names, the metadata and the data are in it."""
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {re.sub(r"^sankofa_observe-[\w.]+?\.(?=d)", "*.", top) for top in tops} == {
        *SHIPPED,
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
    assert {f"sankofa_observe/adapters/abi/{one}Book.json" for one in ("Agreement", "Settlement")} <= set(names)
    assert "sankofa_observe/adapters/ledger/migrations/env.py" in names


@pytest.mark.parametrize("folder", DATA)
def test_wheel_shares_all_generated_boards_and_rules(folder: str, wheel: zipfile.ZipFile) -> None:
    """What is generated and committed is installed under share/, byte for byte."""
    inside = f".data/data/share/sankofa-observe/{DATA[folder]}/"
    shared = {name.partition(inside)[2]: wheel.read(name) for name in wheel.namelist() if inside in name}
    assert shared == tree_of(folder)
    assert shared


def needed(metadata: Message, extra: str) -> set[str]:
    """What an extra names; of no extra, what everybody gets."""
    lines = [line.replace('"', "'") for line in metadata.get_all("Requires-Dist", [])]
    if not extra:
        return {requirement(line) for line in lines if "extra ==" not in line}
    return {requirement(line) for line in lines if f"extra == '{extra}'" in line}


def test_dependencies_of_each_part_are_its_own(metadata: Message) -> None:
    """A verifier gets nothing, an edge host no polars, web3 or FastAPI, the core no library of the exporters' web server."""
    assert needed(metadata, "") == needed(metadata, "verify") == set()
    assert "verify" in metadata.get_all("Provides-Extra", [])
    assert needed(metadata, "exporters") == {
        *("aiohttp", "bcrypt", "coincurve", "eth-hash", "httptools", "httpx", "isal", "prometheus-client"),
        *("pydantic", "pyyaml", "rlp", "starlette"),
        "uvicorn",
    }
    assert needed(metadata, "platform") >= HEAVY
    assert needed(metadata, "platform") & {"bcrypt", "coincurve"} == set()


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evidence as the engine writes it."""
    file = tmp_path_factory.mktemp("document") / "evidence.json"
    file.write_bytes(written(breach(agreement()).document))
    return file


def test_verifier_runs_with_nothing_but_python(wheel: zipfile.ZipFile, document: Path) -> None:
    """From the wheel alone, in an interpreter that sees no installed package, a real document is checked; of ours only `verify` runs."""
    code = (
        f"import sys; sys.path.insert(0, {wheel.filename!r}); sys.argv = ['sankofa-verify', {str(document)!r}]\n"
        "from sankofa_observe.verify.command import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    ours = {name for name in sys.modules if name.startswith('sankofa')} - {'sankofa_observe'}\n"
        "    assert all(name.startswith('sankofa_observe.verify') for name in ours), ours\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=limit(60), check=False
    )
    assert (done.returncode, done.stderr, done.stdout.endswith(" checks hold\n")) == (0, "", True)


@pytest.mark.tier("test-all")
def test_verifier_is_installed_without_an_index_and_is_small(
    wheel: zipfile.ZipFile, document: Path, tmp_path: Path
) -> None:
    """`pip install …[verify]` into a clean environment fetches nothing; the command is there, verifies, and tells a forgery."""
    assert wheel.filename is not None
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True, timeout=limit(60))
    install: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-compile",
        f"{wheel.filename}[verify]",
    ]
    subprocess.run(install, check=True, timeout=limit(60))
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    ours = [file for folder in packages.glob("sankofa*") for file in folder.rglob("*") if file.is_file()]
    others = {path.name for path in packages.iterdir() if not path.name.startswith(("sankofa", "pip", "setuptools"))}
    command = tmp_path / "venv" / "bin" / "sankofa-verify"
    holds = subprocess.run([command, document], capture_output=True, text=True, timeout=limit(30), check=False)
    forged = tmp_path / "forged.json"
    forged.write_bytes(document.read_bytes().replace(b"edge-1", b"edge-2"))
    differs = subprocess.run([command, forged], capture_output=True, text=True, timeout=limit(30), check=False)
    size = sum(file.stat().st_size for file in ours)

    print(f"sankofa-observe[verify]: {size / 1e6:.1f} MB in site-packages")  # noqa: T201  the figure of docs/how-to
    assert others <= {"_distutils_hack", "distutils-precedence.pth", "pkg_resources"}
    assert (holds.returncode, differs.returncode) == (0, 3)
    assert size < 5_000_000


def test_exporter_starts_without_the_platform(wheel: zipfile.ZipFile) -> None:
    """From the wheel alone, with every library of the platform alone refused, each exporter is loaded and tells its help."""
    extras = tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"]
    own, others = ({requirement(line) for line in extras[name]} for name in ("exporters", "platform"))
    refused = sorted({name.replace("-", "_") for name in others - own} - {"pydantic_settings"})
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
