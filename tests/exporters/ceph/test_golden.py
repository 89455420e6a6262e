"""The whole output for a cluster of each version, byte for byte, read back by two parsers."""

from __future__ import annotations

from pathlib import Path

import pytest

from sankofa_exporters.ceph.families import FAMILIES
from sankofa_exporters.model.catalogue import COLLECTOR_DURATION, PROBE_DELAY, PROBE_DURATION
from sankofa_exporters.model.exposition import render_text
from tests.exporters.golden import complaints, names_in, names_of, settled

from .recorded import VERSIONS, one_mgr, probed, recorded

CLOCKED = {PROBE_DURATION, PROBE_DELAY, COLLECTOR_DURATION}
FOLDER = Path(__file__).parent / "golden"
PAGING = ("reef", "squid")
NOT_IN_PACIFIC = {
    "sankofa_ceph_full_ratio",
    "sankofa_ceph_nearfull_ratio",
    "sankofa_ceph_mirror_entries_behind",
    "sankofa_ceph_mirror_images",
    "sankofa_ceph_mirror_snapshot_timestamp_seconds",
    "sankofa_ceph_daemon_slow_operations",
    "sankofa_ceph_mon_clock_skew_seconds",
    "sankofa_ceph_pool_quota_bytes",
    "sankofa_ceph_pool_quota_objects",
    "sankofa_ceph_rgw_info",
    "sankofa_ceph_slow_operation_oldest_seconds",
}


async def exposition(version: str, folder: Path) -> str:
    """One OSD of three is down, noout is set; without what the wall clock makes different each time."""
    source = one_mgr(recorded(version), folder, pages=version in PAGING, mirroring=True)
    await probed(source)  # the details come one a probe
    report = await probed(source)
    return render_text([sample for sample in report.samples if sample.family not in CLOCKED])


@pytest.mark.parametrize("version", VERSIONS)
async def test_exposition_equals_the_golden_file(version: str, tmp_path: Path) -> None:
    """The whole output of each version; UPDATE_GOLDEN=1 writes it anew."""
    text = await exposition(version, tmp_path)
    golden = FOLDER / f"{version}.prom"
    assert text == settled(golden, text)


def names(version: str) -> set[str]:
    return names_in([FOLDER / f"{version}.prom"], "sankofa_ceph_")


def test_golden_files_read_back_and_name_the_whole_catalogue() -> None:
    """client_python's parser reads them; together they have every family, the real cluster's has what it can give."""
    catalogue = names_of(FAMILIES)

    assert set().union(*map(names, VERSIONS)) == catalogue
    assert names("pacific") == catalogue - NOT_IN_PACIFIC


@pytest.mark.real("promtool")
@pytest.mark.parametrize("version", VERSIONS)
def test_golden_file_passes_promtool(version: str) -> None:
    """Prometheus' own linter has nothing to say about the golden file."""
    assert complaints(FOLDER / f"{version}.prom") == ""
