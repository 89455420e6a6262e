"""Settings: every violation in one run, paths beside the file, the environment on top, no secret in print."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from sankofa_observe.bootstrap import open_platform
from sankofa_observe.config import AttestorSettings, ChainSettings, PrometheusSettings, load_settings
from sankofa_observe.errors import InvalidInput
from sankofa_observe.signers import KeySettings, Web3SignerSettings
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.quorum import Quorum
from tests import builders

SMALL: dict[str, Any] = {"data_dir": "data", "specs": ["specs"], "prometheus": {"url": "http://127.0.0.1:9090"}}
CHAIN: dict[str, Any] = {
    "rpc_url": "http://127.0.0.1:8545",
    "chain_id": 31337,
    "contract": "0x" + "cC" * 20,
    "sender": {"keystore": "keys/sender.json", "password_file": "/run/secrets/sender"},
}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of the machine that runs the tests are not those of a test."""
    for name in list(os.environ):
        if name.startswith("SANKOFA_"):
            monkeypatch.delenv(name)


def write(folder: Path, settings: Any) -> Path:
    file = folder / "sankofa.yaml"
    file.write_text(settings if isinstance(settings, str) else yaml.safe_dump(settings))
    return file


def test_settings_of_a_few_lines_are_whole(tmp_path: Path) -> None:
    """Three settings are enough; everything else has a default, in absolute paths."""
    settings = load_settings(write(tmp_path, SMALL))
    assert (settings.data_dir, settings.specs) == (tmp_path / "data", [tmp_path / "specs"])
    assert (settings.ledger_url, settings.slot_table) == (
        f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite'}",
        str(tmp_path / "data" / "slots"),
    )
    assert (settings.chain, settings.attestors, settings.api.listen, settings.observer) == (
        None, [], "127.0.0.1:8080", "observer-1",
    )  # fmt: skip


def test_settings_paths_are_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths are relative to the file, wherever the process was started; absolute ones stay."""
    attestor = {"name": "a", "keystore": "a.json", "password_file": "a.pw", "prometheus_url": "http://127.0.0.1:9091"}
    more = {"chain": CHAIN, "attestors": [attestor], "api": {"keys_file": "keys.yaml"}, "slot_table": "slots"}
    folder = tmp_path / "etc"
    folder.mkdir()
    write(folder, {**SMALL, **more, "ledger_url": "sqlite:///ledger.sqlite"})
    monkeypatch.chdir(tmp_path)
    settings = load_settings(Path("etc/sankofa.yaml"))
    assert settings.chain == ChainSettings(
        **{
            **CHAIN,
            "sender": KeySettings(keystore=folder / "keys/sender.json", password_file=Path("/run/secrets/sender")),
        }
    )
    assert settings.attestors == [
        AttestorSettings(**{**attestor, "keystore": folder / "a.json", "password_file": folder / "a.pw"})
    ]
    assert (settings.api.keys_file, settings.slot_table, settings.ledger_url) == (
        folder / "keys.yaml", str(folder / "slots"), f"sqlite:///{folder / 'ledger.sqlite'}",
    )  # fmt: skip


ELSEWHERE: dict[str, Any] = {
    "url": "https://signer.internal:9000", "account": "0x" + "ab" * 20, "ca_file": "ca.pem", "client_certificate_file": "us.pem",
    "client_key_file": "/run/secrets/us.key", "header_file": "header",
}  # fmt: skip


def test_settings_name_a_signer_in_place_of_a_keystore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the sender and for each attestor, its files beside the settings, its address and account from the environment too."""
    attestor = {"name": "a", "prometheus_url": "http://127.0.0.1:9091", "web3signer": ELSEWHERE}
    chain = {**CHAIN, "sender": {"web3signer": ELSEWHERE}}
    file = write(tmp_path, {**SMALL, "chain": chain, "attestors": [attestor]})
    monkeypatch.setenv("SANKOFA_CHAIN__SENDER__WEB3SIGNER__URL", "https://other.internal:9000")
    found = load_settings(file)
    files = {
        "ca_file": tmp_path / "ca.pem",
        "client_certificate_file": tmp_path / "us.pem",
        "header_file": tmp_path / "header",
    }
    expected = Web3SignerSettings(**{**ELSEWHERE, **files})
    assert found.chain
    assert found.chain.sender == KeySettings(
        web3signer=expected.model_copy(update={"url": "https://other.internal:9000"})
    )
    (own,) = found.attestors
    assert isinstance(own, AttestorSettings)
    assert own.web3signer == expected
    assert not {"signer.internal", "us.key"} & set(f"{found!r}{found.chain!r}".replace("/", " ").split())


def test_platform_opens_while_its_signer_is_away(tmp_path: Path) -> None:
    """Counting and judging need no signature: a signer is asked once there is something to sign."""
    sender = {"web3signer": {"url": "http://127.0.0.1:1", "account": "0x" + "ab" * 20}}
    file = write(tmp_path, {**SMALL, "chain": {**CHAIN, "sender": sender}})
    with open_platform(load_settings(file), catalog=Catalog(agreements={}), settling=True) as platform:
        assert platform.settling
        assert platform.settling.chain.account.lower() == "0x" + "ab" * 20


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slot_table", "s3://bucket/slots"),
        ("slot_table", "/srv/slots"),
        ("ledger_url", "sqlite:////srv/ledger.sqlite"),
        ("ledger_url", "sqlite:///:memory:"),
        ("ledger_url", "postgresql+psycopg://user@host/db"),
    ],
)
def test_settings_leave_addresses_alone(tmp_path: Path, name: str, value: str) -> None:
    """What is no relative path is passed on as it is."""
    assert getattr(load_settings(write(tmp_path, {**SMALL, name: value})), name) == value


def test_settings_tell_every_violation_in_one_run(tmp_path: Path) -> None:
    """Codes and places of all that is wrong, with nothing loaded."""
    broken = {
        "specs": [],
        "observer": "Observer 1",
        "prometheus": {"url": "localhost:9090", "header": {}},
        "late": {"delay_seconds": 0},
        "chain": {"rpc_url": "ws://x", "chain_id": 0, "contract": "0x1", "sender": {"keystore": "k"}},
        "attestors": [{"name": "a"}],
        "api": {"listen": "8080"},
        "schedule": {"metrics_listen": "127.0.0.1:99999"},
        "typo": 1,
    }
    file = write(tmp_path, broken)
    with pytest.raises(InvalidInput) as caught:
        load_settings(file)
    found = {
        (one.code.removeprefix("settings."), one.where.removeprefix(f"{file}:")) for one in caught.value.violations
    }
    assert found == {
        ("missing", "/data_dir"),
        ("too-short", "/specs"),
        ("string-pattern-mismatch", "/observer"),
        ("string-pattern-mismatch", "/prometheus/url"),
        ("extra-forbidden", "/prometheus/header"),
        ("greater-than-equal", "/late/delay_seconds"),
        ("string-pattern-mismatch", "/chain/rpc_url"),
        ("greater-than-equal", "/chain/chain_id"),
        ("string-pattern-mismatch", "/chain/contract"),
        ("missing", "/chain/sender/password_file"),
        ("missing", "/attestors/0/keystore"),
        ("missing", "/attestors/0/password_file"),
        ("missing", "/attestors/0/prometheus_url"),
        ("string-pattern-mismatch", "/api/listen"),
        ("value-error", "/schedule/metrics_listen"),
        ("extra-forbidden", "/typo"),
    }


SAID: dict[str, tuple[dict[str, Any], str]] = {
    "a typo": (
        {"prometheus": {"url": "http://h", "header": {}}},
        "/prometheus/header: no such setting .*did you mean headers\\?",
    ),
    "nothing near": ({"colour": 1}, "/colour: no such setting .*known there: data_dir, specs, observer"),
    "in a list": ({"attestors": [{"nam": "a"}]}, "/attestors/0/nam: no such setting .*did you mean name\\?"),
    "in an optional": ({"chain": {**CHAIN, "rpc": "x"}}, "/chain/rpc: no such setting .*did you mean rpc_url\\?"),
    "a number": (
        {"late": {"delay_seconds": 0}},
        "/late/delay_seconds: '0': Input should be greater than or equal to 1",
    ),
    "a word": ({"observer": "Observer 1"}, "/observer: 'Observer 1': .*hint: small letters, digits and dashes"),
    "an address": (
        {"prometheus": {"url": "localhost:9090"}},
        "/prometheus/url: String should .*hint: an address like http://127",
    ),
    "missing": ({"chain": {"rpc_url": "http://h"}}, "/chain/contract: is missing, .*hint: 0x and 40 hex digits"),
}


@pytest.mark.parametrize("case", SAID)
def test_settings_error_says_what_was_seen_and_what_helps(tmp_path: Path, case: str) -> None:
    """With the page that lists them; what may hold a secret is told without its value."""
    changes, told = SAID[case]
    with pytest.raises(
        InvalidInput, match="(?s)wrong, and nothing was started; see docs/reference/settings.md.*" + told
    ) as caught:
        load_settings(write(tmp_path, {**SMALL, **changes}))
    assert "localhost" not in str(caught.value)


BROKEN_FILES: dict[str, tuple[str | bytes, str]] = {
    "no-yaml": ("data_dir: [", "no YAML: .*line 2, column 1"),
    "a-list": ("- 1", "a list; expected settings as a mapping"),
    "a-word": ("hello", "a str; expected settings as a mapping"),
    "a-number-as-name": ("1: 2", "expected settings as a mapping of names"),
    "no-text": (b"\xff\xfe\x00", "no text in UTF-8; expected a settings file in YAML, see docs"),
}


@pytest.mark.parametrize("case", BROKEN_FILES)
def test_settings_file_that_is_none_is_told_in_a_sentence(tmp_path: Path, case: str) -> None:
    """What is no settings file at all is named, with what was expected."""
    content, words = BROKEN_FILES[case]
    file = tmp_path / "sankofa.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidInput, match=words) as caught:
        load_settings(file)
    assert str(file) in str(caught.value)


def test_settings_file_that_is_absent_is_told_with_the_option(tmp_path: Path) -> None:
    """The way to name one is in the error."""
    with pytest.raises(InvalidInput, match="--config"):
        load_settings(tmp_path / "nowhere.yaml")


ENVIRONMENT: dict[str, tuple[str, str, object]] = {
    "SANKOFA_OBSERVER": ("observer-7", "observer", "observer-7"),
    "SANKOFA_SPECS": ('["a", "/b"]', "specs", ["a", "/b"]),
    "SANKOFA_PROMETHEUS__URL": ("http://10.0.0.1:9090", "prometheus.url", "http://10.0.0.1:9090"),
    "SANKOFA_CHAIN__RPC_URL": ("http://10.0.0.2:8545", "chain.rpc_url", "http://10.0.0.2:8545"),
    "SANKOFA_CHAIN__SENDER__KEYSTORE": ("/run/keys/sender", "chain.sender.keystore", Path("/run/keys/sender")),
    "SANKOFA_API__LISTEN": ("0.0.0.0:80", "api.listen", "0.0.0.0:80"),
    "SANKOFA_SCHEDULE__SETTLE_SECONDS": ("7", "schedule.settle_seconds", 7),
}


@pytest.mark.parametrize("name", ENVIRONMENT)
def test_settings_of_the_environment_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A variable replaces one setting of a section, and leaves its neighbours as the file has them."""
    value, place, expected = ENVIRONMENT[name]
    monkeypatch.setenv(name, value)
    settings = load_settings(write(tmp_path, {**SMALL, "chain": CHAIN}))
    found: Any = settings
    for part in place.split("."):
        found = getattr(found, part)
    if name == "SANKOFA_SPECS":
        expected = [tmp_path / "a", Path("/b")]
    assert found == expected
    assert settings.chain is not None
    assert (settings.chain.chain_id, settings.data_dir) == (31337, tmp_path / "data")


@pytest.mark.parametrize(
    ("name", "value"), [("SANKOFA_SPECS", "specs"), ("SANKOFA_CHAIN", "{"), ("SANKOFA_CHAIN__CHAIN_ID", "one")]
)
def test_settings_of_the_environment_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A variable that cannot be read is refused like a line of the file."""
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput):
        load_settings(write(tmp_path, {**SMALL, "chain": CHAIN}))


def test_settings_print_no_secret(tmp_path: Path) -> None:
    """Headers and the ledger's address, where tokens and passwords stand, are in no printed form."""
    secret = {
        **SMALL,
        "prometheus": {"url": "http://127.0.0.1:9090", "headers": {"Authorization": "Bearer hidden-1"}},
        "ledger_url": "postgresql+psycopg://user:hidden-2@host/db",
    }
    settings = load_settings(write(tmp_path, secret))
    assert settings.prometheus == PrometheusSettings(
        url="http://127.0.0.1:9090", headers={"Authorization": "Bearer hidden-1"}
    )
    assert "hidden" not in f"{settings!r} {settings} {settings.prometheus!r}"


SECRETIVE: dict[str, Any] = {
    "in-an-address": {**SMALL, "prometheus": {"url": "http://user:hidden@host:9090"}},
    "in-a-header": {**SMALL, "prometheus": {"url": "http://host", "headers": {"Authorization": ["hidden"]}}},
    "in-broken-yaml": 'prometheus: {url: http://host, headers: {Authorization: "Bearer hidden}}',
    "as-a-password-file": {**SMALL, "chain": {**CHAIN, "sender": {"keystore": "k", "password_file": ["hidden"]}}},
    "in-a-misspelt-one": {**SMALL, "pasword": "hidden"},
    "in-a-wrong-type": {**SMALL, "ledger_url": {"password": "hidden"}},
}


@pytest.mark.parametrize("case", SECRETIVE)
def test_settings_errors_print_no_secret(tmp_path: Path, case: str) -> None:
    """An error about a setting names its place and not its value; an address with a password is refused."""
    with pytest.raises(InvalidInput) as caught:
        load_settings(write(tmp_path, SECRETIVE[case]))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["Bearer s3cr3t\n", " Bearer s3cr3t", "Bearer s3cr3t ", "s3cr3t\u2019", "s3c\x00r3t", "s3c\r\nr3t"]
)
def test_header_that_cannot_be_sent_is_refused_unseen(tmp_path: Path, value: str) -> None:
    """The client that sends it would print it."""
    headers = {"url": "http://127.0.0.1:9090", "headers": {"Authorization": value}}
    with pytest.raises(InvalidInput, match="Authorization") as caught:
        load_settings(write(tmp_path, {**SMALL, "prometheus": headers}))
    assert "s3c" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://h?password=s3cr3t", "http://h/p?token=s3cr3t", "http://h/#s3cr3t"])
def test_address_with_a_question_is_refused_unseen(tmp_path: Path, url: str) -> None:
    """Addresses are printed in errors and logs."""
    with pytest.raises(InvalidInput, match="may hold a key") as caught:
        load_settings(write(tmp_path, {**SMALL, "prometheus": {"url": url}}))
    assert "s3cr3t" not in str(caught.value)


# --------------------------------------------------------------------------------------------------------------- observers

NORTH = {"name": "north", "prometheus": {"url": "http://127.0.0.1:9091"}, "metrics_listen": "127.0.0.1:9801"}


def test_settings_of_an_observer_are_the_installations_with_its_own_prometheus(tmp_path: Path) -> None:
    """Specs and stores are shared; who it is, whom it asks and where it is scraped are its own."""
    settings = load_settings(write(tmp_path, {**SMALL, "observer": "east", "observers": [NORTH]}))
    north = settings.as_observer("north")

    assert settings.as_observer("") == settings.as_observer("east") == settings
    assert (north.observer, north.prometheus.url) == ("north", "http://127.0.0.1:9091")
    assert (north.schedule.metrics_listen, north.slot_table) == ("127.0.0.1:9801", settings.slot_table)
    with pytest.raises(InvalidInput, match=r"observer 'west' is not in the settings; known: east, north"):
        settings.as_observer("west")


def test_settings_have_each_observer_once(tmp_path: Path) -> None:
    twice = {**SMALL, "observer": "north", "observers": [NORTH]}
    with pytest.raises(InvalidInput) as refused:
        load_settings(write(tmp_path, twice))
    [violation] = refused.value.violations
    assert "observer north is there twice" in violation.problem


def test_an_agreement_of_an_observer_that_nobody_runs_is_refused(tmp_path: Path) -> None:
    """Its voice would be missing for ever: told at the start, before anything is written."""
    of = builders.agreement(observers=Quorum(names=("east", "west"), bad=2, good=2))
    settings = load_settings(write(tmp_path, {**SMALL, "observer": "east", "observers": [NORTH]}))
    with (
        pytest.raises(
            InvalidInput, match=r"acme-edge is observed by west, which is not in the settings; known: east, north"
        ),
        open_platform(settings, catalog=Catalog(agreements={of.version_id: of})),
    ):
        pass
    assert not (tmp_path / "data").exists()
