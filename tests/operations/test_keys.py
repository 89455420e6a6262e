"""API keys that come and go are counted, on the real keys file."""

from __future__ import annotations

from pathlib import Path

import yaml

from sankofa_observe import telemetry
from sankofa_observe.api.keys import KeyRing, add_key
from sankofa_observe.operations.keys import KeyMetrics, KeyWatch, whole
from sankofa_observe.operations.registry import ProcessMetrics
from sankofa_observe.operations.state_file import StateFile


class Watching:
    """A process of the API over one keys file, and the file in which its watch keeps what it saw."""

    def __init__(self, keys: Path, seen: Path) -> None:
        self.process = ProcessMetrics()
        self.watch = KeyWatch(
            hashes=KeyRing(keys).hashes, file=StateFile(path=seen, whole=whole), metrics=KeyMetrics(self.process)
        )

    def look(self) -> tuple[float | None, ...]:
        """Keys, made, revoked."""
        self.watch.look()
        value = self.process.registry.get_sample_value
        changes = (value(str(telemetry.API_KEY_CHANGES), {"kind": kind}) for kind in ("made", "revoked"))
        return (value(str(telemetry.API_KEYS)), *changes)


def revoke_first(keys: Path) -> None:
    keys.write_text(yaml.safe_dump(yaml.safe_load(keys.read_text())[1:]))


def test_keys_that_are_made_and_revoked_are_counted(tmp_path: Path) -> None:
    """Those that were there at the first look are no change."""
    keys = tmp_path / "keys.yaml"
    add_key(keys, "acme")
    watching = Watching(keys, tmp_path / "seen.json")
    seen = [watching.look(), watching.look()]
    add_key(keys, "acme")
    seen.append(watching.look())
    revoke_first(keys)
    seen.append(watching.look())

    assert seen == [(1, 0, 0), (1, 0, 0), (2, 1, 0), (1, 1, 1)]


def test_a_change_while_no_api_ran_is_told_once_when_it_runs_again(tmp_path: Path) -> None:
    """And the totals go on: a restart alone changes nothing."""
    keys, seen = tmp_path / "keys.yaml", tmp_path / "seen.json"
    add_key(keys, "acme")
    assert Watching(keys, seen).look() == (1, 0, 0)
    add_key(keys, "zenith")
    revoke_first(keys)
    assert [Watching(keys, seen).look(), Watching(keys, seen).look()] == [(1, 1, 1), (1, 1, 1)]


def test_a_keys_file_that_cannot_be_read_says_nothing_about_its_keys(tmp_path: Path) -> None:
    """They are not revoked by it, nor made when it is mended."""
    keys = tmp_path / "keys.yaml"
    add_key(keys, "acme")
    watching = Watching(keys, tmp_path / "seen.json")
    watching.look()
    whole = keys.read_text()
    keys.write_text("- {id: 1}\n")
    assert watching.look() == (1, 0, 0)
    keys.write_text(whole)
    assert watching.look() == (1, 0, 0)


def test_where_its_file_cannot_be_written_the_watch_still_counts(tmp_path: Path) -> None:
    """For as long as its process lives."""
    keys = tmp_path / "keys.yaml"
    add_key(keys, "acme")
    watching = Watching(keys, tmp_path / "no such folder" / "seen.json")
    watching.look()
    add_key(keys, "acme")
    assert [watching.look(), watching.look()] == [(2, 1, 0), (2, 1, 0)]
