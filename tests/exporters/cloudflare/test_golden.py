"""The whole output for three tunnels, byte for byte, read back by two parsers."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.lab.cloudflare_api_double import Tunnel
from sankofa_exporters.cloudflare.families import FAMILIES
from sankofa_exporters.model.exposition import render_text
from sankofa_exporters.probe.runtime import Report
from tests.exporters.golden import complaints, names_in, names_of, settled

from .recorded import OTHER, TUNNEL, World, constant, document, no_edge, payload

FOLDER = Path(__file__).parent / "golden"
NAMES = ("quic_2026_8", "no_edge_2026_8", "old_2023_10")


async def report_of(name: str, world: World) -> Report:
    """Healthy on QUIC; a recorded connector without edge, down by both; an old version in dispute with its account."""
    match name:
        case "quic_2026_8":
            world.connector(20241)
            world.api.tunnels[OTHER] = Tunnel(id=OTHER, name="edge-lagos-1")
        case "no_edge_2026_8":
            world.wire.apps[20241] = constant(no_edge("quic"))
            world.api.tunnels[TUNNEL].status = "down"
        case _:
            ready = {
                "status": 200,
                "readyConnections": 4,
                "connectorId": document("no_edge_quic.ready.json")["connectorId"],
            }
            world.wire.apps[20241] = constant({"/ready": (200, ready), "/metrics": (200, payload("old.metrics.txt"))})
            world.api.tunnels[TUNNEL].status = "inactive"
    source = world.source(20241)
    await world.probe(source)
    await world.probe(source, after=301)
    return await world.probe(source, after=15)


async def exposition(name: str, folder: Path) -> str:
    """Without what the machine's own clock makes different each time."""
    report = await report_of(name, World(folder=folder))
    timed = {
        "sankofa_probe_duration_seconds",
        "sankofa_probe_delay_seconds",
        "sankofa_collector_duration_seconds",
        "sankofa_probe_upstream_bytes",
    }
    return render_text([sample for sample in report.samples if sample.family.name not in timed])


@pytest.mark.parametrize("name", NAMES)
async def test_exposition_equals_the_golden_file(name: str, tmp_path: Path) -> None:
    """UPDATE_GOLDEN=1 writes the file anew."""
    text = await exposition(name, tmp_path)
    golden = FOLDER / f"{name}.prom"
    assert text == settled(golden, text)


def test_golden_files_read_back_and_together_name_the_whole_catalogue() -> None:
    """client_python's parser reads each, and every family of the catalogue is in one of them."""
    files = [FOLDER / f"{name}.prom" for name in NAMES]

    assert names_in(files, "sankofa_tunnel_") == names_of(FAMILIES)


@pytest.mark.real("promtool")
@pytest.mark.parametrize("name", NAMES)
def test_golden_file_passes_promtool(name: str) -> None:
    """Prometheus' own linter has nothing to say about it."""
    assert complaints(FOLDER / f"{name}.prom") == ""
