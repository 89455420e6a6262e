"""The whole output for a cluster of each release, byte for byte, read back by two parsers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sankofa_exporters.exposition import render_text
from sankofa_exporters.proxmox.families import FAMILIES

from .recorded import RELEASES, probed, recorded

FOLDER = Path(__file__).parent / "golden"


async def exposition(release: str) -> str:
    """The probe's text without what the wall clock makes different each time."""
    report = await probed(recorded(release))
    timed = {"sankofa_probe_duration_seconds", "sankofa_collector_duration_seconds"}
    return render_text([sample for sample in report.samples if sample.family.name not in timed])


@pytest.mark.parametrize("release", RELEASES)
async def test_exposition_equals_the_golden_file(release: str) -> None:
    """Each release's cluster as it is exposed; UPDATE_GOLDEN=1 writes the files anew."""
    text, golden = await exposition(release), FOLDER / f"{release}.prom"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)

    assert text == golden.read_text()


def test_golden_files_read_back_and_name_the_whole_catalogue() -> None:
    """client_python's parser reads them, and together they have every pve family and no other."""
    found = {
        family.name
        for release in RELEASES
        for family in text_string_to_metric_families((FOLDER / f"{release}.prom").read_text())
    }

    assert {name for name in found if name.startswith("sankofa_pve_")} == {family.name for family in FAMILIES}


@pytest.mark.real("promtool")
@pytest.mark.parametrize("release", RELEASES)
def test_golden_file_passes_promtool(release: str) -> None:
    """Prometheus' own linter has nothing to say about a golden file."""
    promtool = shutil.which("promtool")
    assert promtool is not None
    text = (FOLDER / f"{release}.prom").read_text()
    result = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stdout + result.stderr) == (0, "")
