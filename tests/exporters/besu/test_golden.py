"""The whole output for a recorded node, byte for byte, read back by two parsers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sankofa_exporters.besu.families import FAMILIES
from sankofa_exporters.exposition import render_text
from tests.exporters.doubles import loopback, rpc_node

from .recorded import HEAD_AT, healthy, opened, probed, recorded_head

GOLDEN = Path(__file__).parent / "golden" / "halted_chain.prom"


async def exposition() -> str:
    """A node whose chain stands still for 90 s; without what the wall clock makes different each time."""
    methods = {**healthy(), "eth_getBlockByNumber": recorded_head()}
    async with loopback(rpc_node(methods)) as node, opened(node.url, calls_per_probe=0) as source:
        report = await probed(source, now=lambda: HEAD_AT + 90.0)
    durations = {"sankofa_probe_duration_seconds", "sankofa_collector_duration_seconds"}
    return render_text([sample for sample in report.samples if sample.family.name not in durations])


async def test_exposition_equals_the_golden_file() -> None:
    """A halted chain, as it is exposed; UPDATE_GOLDEN=1 writes the file anew."""
    text = await exposition()
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)

    assert text == GOLDEN.read_text()


def test_golden_file_reads_back_and_names_only_the_catalogue() -> None:
    """client_python's parser reads the golden file, and every besu family in it is in the catalogue."""
    found = {family.name for family in text_string_to_metric_families(GOLDEN.read_text())}
    catalogue = {family.base if family.kind == "counter" else family.name for family in FAMILIES}

    assert {name for name in found if name.startswith("sankofa_besu_")} == catalogue


@pytest.mark.real("promtool")
def test_golden_file_passes_promtool() -> None:
    """Prometheus' own linter has nothing to say about the golden file."""
    promtool = shutil.which("promtool")
    assert promtool is not None
    result = subprocess.run(
        [promtool, "check", "metrics"], input=GOLDEN.read_text(), capture_output=True, text=True, check=False
    )

    assert (result.returncode, result.stdout + result.stderr) == (0, "")
