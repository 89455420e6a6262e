"""Reading the settings again: what did not change keeps all it has counted, what did is replaced without a lost probe."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from sankofa_exporters.config.settings import Document, Module, Target
from sankofa_exporters.registry import System
from sankofa_exporters.serving.sources import CannotOpenError, Sources, UnknownNameError

from .doubles import KNOWN, UP, DoubleSource, lead

SYSTEM = System(
    name="double",
    title="Double",
    default_address=":0",
    module_type=Module,
    target_type=Target,
    open=lambda module, target, bounds: DoubleSource(collectors=(lead(),)),
    families=(UP, KNOWN),
)


def document(**targets: Target) -> Document[Any, Any]:
    return Document[Module, Target](modules={"m": Module(), "n": Module()}, targets=targets)


async def test_unchanged_target_keeps_its_source() -> None:
    """A reload that changes one target and drops another leaves the third's source open, and closes the two."""
    sources = Sources(
        system=SYSTEM, document=document(a=Target(module="m"), b=Target(module="m"), c=Target(module="m"))
    )
    before: dict[str, Any] = {}
    for name in "abc":
        with sources.use(name, None) as opened:
            before[name] = opened.source
    sources.take(document(a=Target(module="m"), b=Target(module="n")))
    await asyncio.gather(*sources.closing)
    with sources.use("a", None) as after:
        assert after.source is before["a"]
    with pytest.raises(UnknownNameError), sources.use("c", None):
        pass

    assert {name: source.closed for name, source in before.items()} == {"a": False, "b": True, "c": True}


async def test_source_under_a_probe_is_closed_after_it() -> None:
    """A target that is dropped while it is probed is closed when the probe has ended, not before."""
    sources = Sources(system=SYSTEM, document=document(a=Target(module="m")))
    with sources.use("a", None) as opened:
        source = opened.source
        assert isinstance(source, DoubleSource)
        sources.take(document())
        await asyncio.sleep(0)
        assert not source.closed
    await asyncio.gather(*sources.closing)

    assert source.closed


def config(*names: str) -> str:
    targets = "".join(f'  {name}: {{module: node, endpoint: "http://127.0.0.1:1"}}\n' for name in names)
    return f"modules:\n  node: {{}}\ntargets:\n{targets}"


def test_hangup_reads_the_files_again(tmp_path: Path, processes: Processes) -> None:
    """SIGHUP and POST /-/reload take new targets; a broken file is refused with its violations, the last one stays."""
    file = tmp_path / "besu.yml"
    file.write_text(config("one"))
    url = f"http://127.0.0.1:{free_port()}"
    options = ["--config.file", str(file), "--web.listen-address", url.removeprefix("http://"), "--log.format", "json"]
    child = processes.start("exporter", [sys.executable, "-m", "sankofa_exporters.cli", "besu", *options])
    processes.wait_until(child, answers(f"{url}/-/ready"))

    file.write_text(config("one", "two"))
    os.kill(child.process.pid, signal.SIGHUP)
    processes.wait_until(child, answers(f"{url}/probe?target=two"))

    file.write_text(config("one").replace("modules", "moduls"))
    refused = local.post(f"{url}/-/reload")
    told = local.get(f"{url}/metrics").text
    still = local.get(f"{url}/probe?target=two")

    assert (refused.status_code, still.status_code) == (500, 200)
    assert "sankofa_exporter_config_last_reload_successful 0.0\n" in told
    assert '"violation": "' + str(file) + ": modules: saw nothing" in child.log.read_text()

    file.write_text(config("three"))
    assert local.post(f"{url}/-/reload").text == "reloaded\n"
    assert local.get(f"{url}/sd").json() == [{"targets": ["three"], "labels": {"system": "besu"}}]


async def test_renewed_ca_file_reopens_its_sources(tmp_path: Path) -> None:
    """A CA file that was written anew is used after a reload, though no setting changed."""

    class Trusting(Module):
        ca_file: Path

    def settings() -> Document[Any, Any]:
        modules = {"m": Trusting(ca_file=tmp_path / "ca.pem")}
        return Document[Trusting, Target](modules=modules, targets={"a": Target(module="m")})

    (tmp_path / "ca.pem").write_text("old")
    os.utime(tmp_path / "ca.pem", (1, 1))
    sources = Sources(system=SYSTEM, document=settings())
    found: list[Any] = []
    for _ in range(3):
        with sources.use("a", None) as source:
            found.append(source)
        sources.take(settings())
        if len(found) == 2:
            os.utime(tmp_path / "ca.pem", (2, 2))
            sources.take(settings())
    await asyncio.gather(*sources.closing)

    assert [found[0] is found[1], found[1] is found[2]] == [True, False]


async def test_target_whose_ca_file_is_away_is_told_apart(tmp_path: Path) -> None:
    """A CA file that is being renewed at a target's first probe costs that target, with a reason, and comes back."""

    class Trusting(Module):
        ca_file: Path

    def opens(module: Any, _target: Any, _bounds: Any) -> DoubleSource:
        module.ca_file.read_text()
        return DoubleSource(collectors=(lead(),))

    system = replace(SYSTEM, open=opens)
    modules = {"m": Trusting(ca_file=tmp_path / "ca.pem")}
    sources = Sources(
        system=system, document=Document[Trusting, Target](modules=modules, targets={"a": Target(module="m")})
    )
    with pytest.raises(CannotOpenError, match="target 'a' cannot be opened"), sources.use("a", None):
        pass
    (tmp_path / "ca.pem").write_text("new")
    with sources.use("a", None) as opened:
        source = opened.source
        assert isinstance(source, DoubleSource)
