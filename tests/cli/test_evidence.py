"""`sankofa-observe evidence`: documents are checked, written anew, and cut down to one slot, on a real installation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sankofa_observe.bootstrap import open_platform
from sankofa_observe.config import load_settings
from sankofa_observe.sla.evidence import written
from sankofa_observe.units import rfc3339
from sankofa_observe.verify import verify
from tests import builders
from tests.cli.running import Run
from tests.cli.test_commands import change, config, installation  # noqa: F401  fixtures

CHAIN = {"rpc_url": "http://127.0.0.1:1", "chain_id": 1, "contract": "0x" + "cc" * 20}
KEYS = {"sender": {"keystore": "sender.json", "password_file": "sender.password"}}


@pytest.fixture
def priced(installation: Path) -> Path:  # noqa: F811
    """The one document of a breach that was judged and priced; its settings are at the root of the installation."""
    change(installation, "sankofa.yaml", lambda one: one.update(chain={**CHAIN, **KEYS}))
    with open_platform(load_settings(installation / "sankofa.yaml")) as platform:
        list(platform.evaluate(look=False))
        [_] = platform.assess()
    [file] = (installation / "data" / "evidence").iterdir()
    return file


def test_lost_and_damaged_documents_are_found_and_written_anew(run: Run, installation: Path, priced: Path) -> None:  # noqa: F811
    """Whole, cut off, gone: check says so by exit code and by name, rebuild mends it, and the bytes are those of before."""
    before = priced.read_bytes()
    settings = config(installation)
    whole = run("evidence", "check", *settings)
    priced.write_bytes(before[:-1])
    damaged = run("evidence", "check", *settings, "--json")
    mended = run("evidence", "rebuild", *settings, "--all")
    priced.unlink()
    lost = run("evidence", "check", *settings)
    [one] = json.loads(damaged.out)
    again = run("evidence", "rebuild", one["settlement_id"], *settings)
    nothing = run("evidence", "rebuild", *settings, "--all")

    assert [ended.code for ended in (whole, damaged, mended, lost, again, nothing)] == [0, 1, 0, 1, 0, 0]
    assert "every settlement has its document" in whole.out
    assert priced.name in one["problem"]
    assert "evidence rebuild " + one["settlement_id"] in lost.out
    assert "was written anew, its identity byte for byte" in mended.out
    assert "nothing to rebuild" in nothing.out
    assert priced.read_bytes() == before
    assert sorted(file.suffix for file in priced.parent.iterdir()) == [".damaged", ".json"]


def test_evidence_of_other_slots_is_not_written(run: Run, installation: Path, priced: Path) -> None:  # noqa: F811
    """Two truths disagree: exit 3, both are named, and the folder stays as it was."""
    start = json.loads(priced.read_bytes())["identity"]["period"][0]
    priced.unlink()
    with open_platform(load_settings(installation / "sankofa.yaml")) as platform:
        platform.slots.append([builders.slot(start, site="edge-nairobi-1")], start + 10_000)
    ended = run("evidence", "rebuild", *config(installation), "--all")

    assert (ended.code, "its good is now 9, the penalty's is 8" in ended.out) == (3, True)
    assert list(priced.parent.iterdir()) == []


def test_evidence_is_not_called_others_where_the_slots_are_not_there(
    run: Run,
    installation: Path,  # noqa: F811
    priced: Path,
) -> None:
    """A table that is not mounted is wrong input, and not two truths."""
    priced.unlink()
    (installation / "data" / "slots").rename(installation / "away")
    ended = run("evidence", "rebuild", *config(installation), "--all")

    assert (ended.code, "slots: no such folder" in ended.err, "others now" in ended.err) == (2, True, False)


@pytest.mark.parametrize("wrong", [(), ("0x00", "--all"), ("0x00",)])
def test_rebuild_says_what_it_wants(run: Run, installation: Path, priced: Path, wrong: tuple[str, ...]) -> None:  # noqa: F811
    """One settlement that there is, or all."""
    ended = run("evidence", "rebuild", *config(installation), *wrong)

    assert (ended.code, "nothing was written" in ended.err) == (2, True)


def test_the_proof_of_a_slot_is_a_file_that_verify_reads(run: Run, tmp_path: Path) -> None:
    """Cut out of a document by a time in it, checked alone; a time outside is told with the period."""
    document, slot = tmp_path / "evidence.json", tmp_path / "slot.json"
    document.write_bytes(written(builders.breach(builders.agreement()).document))
    cut = run("evidence", "proof", str(document), "--slot", rfc3339(builders.START + 59))
    slot.write_text(cut.out)
    told, outside = run("verify", str(slot)), run("evidence", "proof", str(document), "--slot", "2025-01-01T00:00:00Z")

    assert (cut.code, told.code, outside.code) == (0, 0, 2)
    assert verify(slot.read_bytes()).wrong == []
    assert "2026-01-01T00:00:00Z to 2026-01-01T00:01:00Z: BAD" in told.out
    assert "anything about terms, verdict and credit" in told.out
    assert "expected one of the period 2026-01-01T00:00:00Z" in outside.err
    assert "fetch it again" not in outside.err  # the document is whole


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file or directory"),
        (b"{}", "format is missing, expected sankofa-evidence/2"),
        (b'{"format":"sankofa-evidence/9"}', "expected sankofa-evidence/2: another release wrote it, and reads it"),
    ],
    ids=["absent", "none", "newer"],
)
def test_what_no_proof_is_cut_from_is_told_by_its_file_and_with_what_helps(
    run: Run,
    tmp_path: Path,
    content: bytes | None,
    told: str,
) -> None:
    """A tenant has no slots to write it anew from: it is fetched again. A newer format is no damage."""
    file = tmp_path / "evidence.json"
    if content is not None:
        file.write_bytes(content)
    ended = run("evidence", "proof", str(file), "--slot", "2026-11-01T00:00:00Z")

    assert (ended.code, ended.err.startswith(f"{file}: "), told in ended.err) == (2, True, True)
    assert ("fetch it again" in ended.err, "damaged" in ended.err, "rebuild" in ended.err) == (True, False, False)
