"""The whole output for a cluster of each release, byte for byte, read back by two parsers."""

from __future__ import annotations

from pathlib import Path

import pytest

from sankofa_exporters.model.exposition import render_text
from sankofa_exporters.proxmox.families import FAMILIES
from sankofa_exporters.proxmox.system.rotation import DETAILS
from tests.exporters.golden import complaints, names_in, names_of, settled

from .recorded import RELEASES, probed, recorded

FOLDER = Path(__file__).parent / "golden"


async def exposition(release: str) -> str:
    """The probe's text without what the wall clock makes different each time."""
    report = await probed(recorded(release), details=DETAILS)
    timed = {"sankofa_probe_duration_seconds", "sankofa_probe_delay_seconds", "sankofa_collector_duration_seconds"}
    return render_text([sample for sample in report.samples if sample.family.name not in timed])


@pytest.mark.parametrize("release", RELEASES)
async def test_exposition_equals_the_golden_file(release: str) -> None:
    """Each release's cluster as it is exposed; UPDATE_GOLDEN=1 writes the files anew."""
    text, golden = await exposition(release), FOLDER / f"{release}.prom"
    assert text == settled(golden, text)


def test_golden_files_read_back_and_name_the_whole_catalogue() -> None:
    """client_python's parser reads them, and together they have every pve family and no other."""
    files = [FOLDER / f"{release}.prom" for release in RELEASES]

    assert names_in(files, "sankofa_pve_") == names_of(FAMILIES)


@pytest.mark.real("promtool")
@pytest.mark.parametrize("release", RELEASES)
def test_golden_file_passes_promtool(release: str) -> None:
    """Prometheus' own linter has nothing to say about a golden file."""
    assert complaints(FOLDER / f"{release}.prom") == ""
