"""An attestor's own settings, how a proposer names it, and the command that runs it for one turn."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from eth_account import Account
from typer.testing import CliRunner

from sankofa_observe.adapters.keys import write_keystore
from sankofa_observe.attest_config import load_attest_settings
from sankofa_observe.cli import app
from sankofa_observe.config import ApartSettings, load_settings
from sankofa_observe.errors import InvalidInput

ACCOUNT = "0x" + "Ab" * 20
PROPOSER: dict[str, Any] = {"data_dir": "data", "specs": ["specs"], "prometheus": {"url": "http://127.0.0.1:9090"}}
HERE = {"name": "a", "keystore": "a.json", "password_file": "a.pw", "prometheus_url": "http://127.0.0.1:9091"}
APART = {"name": "b", "account": ACCOUNT, "folder": "attest"}
OWN: dict[str, Any] = {
    "name": "b",
    "data_dir": "data",
    "folder": "../shared",
    "specs": ["specs"],
    "prometheus": {"url": "http://127.0.0.1:9"},
    "chain": {"chain_id": 31337, "contract": "0x" + "c0" * 20},
    "key": {"keystore": "key.json", "password_file": "key.password"},
}
SPECS = Path(__file__).parents[2] / "deploy" / "specs"


def write(folder: Path, content: dict[str, Any]) -> Path:
    file = folder / "settings.yaml"
    file.write_text(yaml.safe_dump(content))
    return file


def refused(file: Path, load: Any) -> set[tuple[str, str]]:
    with pytest.raises(InvalidInput) as caught:
        load(file)
    return {(one.code.removeprefix("settings."), one.where.removeprefix(f"{file}:")) for one in caught.value.violations}


def test_a_proposer_names_an_attestor_by_its_folder_or_by_its_key(tmp_path: Path) -> None:
    """Both kinds in one list; the folder is beside the file."""
    settings = load_settings(write(tmp_path, {**PROPOSER, "attestors": [HERE, APART]}))

    assert [one.name for one in settings.attestors] == ["a", "b"]
    assert settings.attestors[1] == ApartSettings(name="b", account=ACCOUNT, folder=tmp_path / "attest")


@pytest.mark.parametrize(
    ("attestors", "wrong"),
    [
        ([{"name": "b", "folder": "attest"}], {("missing", "/attestors/0/account")}),
        ([{**APART, "account": "0x12"}], {("string-pattern-mismatch", "/attestors/0/account")}),
        ([{**APART, "keystore": "k.json"}], {("extra-forbidden", "/attestors/0/keystore")}),
        ([{**HERE, "account": ACCOUNT}], {("extra-forbidden", "/attestors/0/account")}),
        ([HERE, {**APART, "name": "a"}], {("value-error", "/")}),
        ([APART, {**APART, "name": "c", "account": ACCOUNT.lower()}], {("value-error", "/")}),
    ],
    ids=[
        "no account",
        "no address",
        "a key as well",
        "an account and no folder",
        "one name twice",
        "one account twice",
    ],
)
def test_an_attestor_that_is_neither_kind_is_refused_by_what_is_wrong_with_it(
    tmp_path: Path, attestors: list[dict[str, str]], wrong: set[tuple[str, str]]
) -> None:
    """The place is the setting's, whichever kind it is taken for."""
    assert refused(write(tmp_path, {**PROPOSER, "attestors": attestors}), load_settings) == wrong


def test_an_attestors_settings_are_beside_their_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are relative to it; the environment of the platform says nothing to an attestor, its own does."""
    monkeypatch.setenv("SANKOFA_DATA_DIR", "/platform")
    monkeypatch.setenv("SANKOFA_ATTEST_EVERY_SECONDS", "7")
    settings = load_attest_settings(write(tmp_path, OWN))

    assert (settings.data_dir, settings.folder) == (tmp_path / "data", tmp_path / "../shared")
    assert (settings.key.keystore, settings.specs) == (tmp_path / "key.json", [tmp_path / "specs"])
    assert (settings.every_seconds, settings.exclusions_file) == (7, None)


def test_all_that_is_wrong_with_an_attestors_settings_is_told_in_one_run(tmp_path: Path) -> None:
    """As of the platform's."""
    broken = {
        **OWN,
        "chain": {"chain_id": 0, "contract": "0x1"},
        "key": {"keystore": "k"},
        "every_seconds": 0,
        "rpc": 1,
    }
    del broken["folder"]

    assert refused(write(tmp_path, broken), load_attest_settings) == {
        ("missing", "/folder"),
        ("greater-than-equal", "/chain/chain_id"),
        ("string-pattern-mismatch", "/chain/contract"),
        ("missing", "/key/password_file"),
        ("greater-than-equal", "/every_seconds"),
        ("extra-forbidden", "/rpc"),
    }


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """An attestor's folder, with its key and the example's specs."""
    password = tmp_path / "key.password"
    password.touch(mode=0o600)
    password.write_text("a secret of this attestor")
    write_keystore(Account.create(), tmp_path / "key.json", password.read_text(), rounds=2)
    return write(tmp_path, {**OWN, "specs": [str(SPECS)], "folder": "shared"})


@pytest.fixture(autouse=True)
def _left_as_found() -> Iterator[None]:
    """The command sets signals and logging of its process, which here is that of the tests."""
    numbers, root = (signal.SIGTERM, signal.SIGINT), logging.getLogger()
    before, handlers, level = [signal.getsignal(one) for one in numbers], root.handlers[:], root.level
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
    root.handlers[:], root.level = handlers, level


def attest(file: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["attest", "--once", "--config", str(file)])
    return done.exit_code, done.output + done.stderr


def test_one_turn_on_an_empty_folder_is_a_turn(installed: Path) -> None:
    """It says that it was there, and writes nothing but that."""
    (installed.parent / "shared").mkdir()
    code, _ = attest(installed)
    written = [one.name for one in (installed.parent / "shared").rglob("*") if one.is_file()]

    assert (code, written) == (0, ["turn.json"])


def test_a_turn_without_its_folder_ends_with_1_and_says_which(
    installed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It may come back: the caller tries again; no secret is told."""
    code, text = attest(installed)
    text += capfd.readouterr().err

    assert code == 1
    assert f"{installed.parent / 'shared'}: no such folder; make it, or mount it there" in text
    assert "a secret of this attestor" not in text


def test_a_key_that_others_can_read_is_refused_before_anything_is_written(
    installed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With 2, and the chmod that helps."""
    (installed.parent / "shared").mkdir()
    (installed.parent / "key.json").chmod(0o644)
    code, text = attest(installed)

    assert code == 2
    assert "chmod 600" in text + capfd.readouterr().err
    assert sorted(one.name for one in installed.parent.iterdir()) == [
        "key.json",
        "key.password",
        "settings.yaml",
        "shared",
    ]
