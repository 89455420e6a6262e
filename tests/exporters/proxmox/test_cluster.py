"""Against a running fake of Proxmox VE: the API's troubles, seeds, certificates, rights, and the secrecy of the token."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes
from tests.exporters.watching import Watch, watching

from .lab import Lab, pair, warm

pytestmark = pytest.mark.real("fakepve")


async def test_faults_of_the_api_are_unknown_with_their_kind(lab: Lab, watch: Watch) -> None:
    """500, 401, 403, HTML, redirect, garbage, a flood, a hang and a drip: up 0, known 0, and the right kind."""
    expected = {
        "500": "http",
        "401": "auth",
        "403": "permission",
        "html": "decode",
        "redirect": "http",
        "garbage": "decode",
        "huge": "limit",
        "hang": "timeout",
        "drip": "timeout",
    }
    found = {}
    for mode in expected:
        lab.switch(f"/http/{mode}")
        answer = await watch.values(scrape_timeout=0.8 if mode in {"hang", "drip"} else None)
        found[mode] = (pair(answer), [key[2] for key in answer if key[:2] == ("collector_error", "cluster")])

    assert found == {mode: ((0, 0), [kind]) for mode, kind in expected.items()}

    lab.switch("/http/ok")
    assert pair(await watch.values()) == (1, 1)


async def test_dead_seeds_cost_time_and_not_the_verdict(lab: Lab) -> None:
    """A seed that refuses and one that speaks no TLS come first: the third answers, and next time it is asked first."""
    refuses, plain = f"https://127.0.0.1:{free_port()}", lab.control.replace("http:", "https:")
    async with watching(lab.exporter(refuses, plain, lab.url)) as watch:
        assert pair(await watch.values()) == (1, 1)

        again = (await watch.client.get("/probe?target=edge-1&debug=true")).text
        assert (lab.url in again, refuses in again, plain in again) == (True, False, False)


async def test_quorate_witness_outweighs_a_lost_one(lab: Lab, processes: Processes) -> None:
    """The first seed sits in the minority and denies quorum; a later one is quorate, so the cluster lives."""
    minority = Lab(processes, lab.folder)
    minority.switch("/quorum/lost")
    async with watching(lab.exporter(minority.url)) as watch:
        assert pair(await watch.values()) == (0, 1)
    async with watching(lab.exporter(minority.url, lab.url)) as watch:
        assert pair(await watch.values()) == (1, 1)


async def test_wrong_ca_and_missing_token_are_told_apart(lab: Lab, processes: Processes, tmp_path: Path) -> None:
    """A cluster signed by another CA is tls; a token file that vanished is auth; both are unknown."""
    stranger = Lab(processes, tmp_path / "stranger")
    async with watching(lab.exporter(ca_file=stranger.folder / "ca.pem")) as watch:
        found = await watch.values()
        assert (pair(found), found["collector_error", "cluster", "tls"]) == ((0, 0), 1)
    lab = lab.with_files(tmp_path / "own")
    exporter = lab.exporter()
    (lab.folder / "token").unlink()
    async with watching(exporter) as watch:
        found = await watch.values()
        assert (pair(found), found["collector_error", "cluster", "auth"]) == ((0, 0), 1)


async def test_missing_rights_are_named(lab: Lab) -> None:
    """A token without VM.Audit sees no guests: nothing is counted and the missing right has a series."""
    lab.start_over(without="VM.Audit")
    async with watching(lab.exporter()) as watch:
        found = await watch.values()

    assert found["pve_privilege_missing", "/vms", "VM.Audit"] == 1
    assert ("pve_guests", "running") not in found
    assert found["pve_guest_list_complete",] == 0


async def test_replication_can_be_left_out_with_its_right(lab: Lab) -> None:
    """A module that does without: no job is asked for, and VM.Replicate, which is more than reading, is not missed."""
    lab.start_over(without="VM.Replicate")
    async with watching(lab.exporter(replication=False)) as watch:
        found = await warm(watch)

    assert {value for key, value in found.items() if key[0] == "pve_privilege_missing"} == {0}
    assert not [key for key in found if "replication" in "".join(key)]
    assert "nodes/NODE/replication" not in lab.calls()


async def test_token_is_never_told(lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Through every fault, at debug level: no answer, log line or repr holds the token's secret."""
    caplog.set_level(logging.DEBUG)
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # as the command sets them
    lab = lab.with_files(tmp_path / "own")
    secret = (lab.folder / "token").read_text().strip().partition("=")[2]
    exporter = lab.exporter()
    texts = [repr(exporter), repr(lab.module())]
    async with watching(exporter) as watch:
        for mode in ("ok", "500", "401", "403", "html", "redirect", "garbage"):
            lab.switch(f"/http/{mode}")
            texts.append(await watch.text())
        (lab.folder / "token").write_text(f"broken {secret}")
        texts.append(await watch.text())
        texts += [(await watch.client.get(path)).text for path in ("/", "/metrics")]

    assert len(secret) == 32
    assert not [text for text in [*texts, caplog.text] if secret in text]


def test_lab_writes_the_token_for_its_owner_only(lab: Lab) -> None:
    """The token file has mode 600."""
    assert stat.S_IMODE((lab.folder / "token").stat().st_mode) == 0o600
