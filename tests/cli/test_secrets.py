"""What may be a key or a password stands in nothing that is printed: not by any verb, in any error, in any printed form."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
import yaml
from eth_account import Account
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deploy.lab.ports import free_port
from sankofa_observe import cli, shown
from sankofa_observe.adapters.keys import open_keystore, read_password, write_keystore
from sankofa_observe.adapters.node import Node
from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.adapters.redaction import Redaction
from sankofa_observe.api.keys import KeyRing, add_key
from sankofa_observe.bootstrap import open_signer
from sankofa_observe.config import load_settings
from sankofa_observe.errors import InvalidInput, SankofaError, Unavailable
from sankofa_observe.operations import logs
from sankofa_observe.sla.evidence import written
from sankofa_observe.units import Period
from sankofa_observe.verify import CannotCheck, address, command
from sankofa_observe.verify.node import node
from tests.builders import START, agreement, breach
from tests.http_double import Answer, HttpDouble

SECRET = "tok3nSECRET"
ADDRESSES = int(os.environ.get("DRAWN_ADDRESSES", "4"))  # beside those that were found; make test-all sets 20
DEAD = f"127.0.0.1:{free_port()}"
SPECS = Path(__file__).resolve().parents[2] / "deploy" / "specs"

# What follows the host, what stands before it, and what stands for it: the secret in each place, beside what breaks readers.
_ODD = st.text(st.sampled_from("aZ1/?#@:&=%.-_~ []\\\t\n\x00\x7f\"'<>|^`{}℀é\u202e\uff0f"), max_size=5)
_PARTS = st.tuples(_ODD, st.just(SECRET), _ODD).map("".join)
HOSTS = st.sampled_from(
    [DEAD, "[::1", "[::1]:9", "127.0.0.1:99999", "127.0.0.1:", "℀.x", "a..b", "x" * 70, "", "[v1.x]", "127.0.0.1:9 "]
)
SCHEMES = st.sampled_from(["http://", "https://", "htp://", "http:", "//", ""])
HOSTILE = st.one_of(
    st.tuples(SCHEMES, HOSTS, st.sampled_from("/?# "), _PARTS).map("".join),
    st.tuples(SCHEMES, _PARTS, st.just("@"), HOSTS, st.sampled_from(["", "/", "/v3"])).map("".join),
    st.tuples(SCHEMES, st.just("u:1@h:"), _PARTS).map("".join),
    _PARTS,
)
FOUND = [
    f"http://{DEAD}/a {SECRET}", f"http://u:1@h:{SECRET}/", f"http://u:{SECRET}@℀.x/", f"http://[::1/{SECRET}",
    f"http://127.0.0.1:{SECRET}/", f"http://u:1/{SECRET}@{DEAD}/", f"http://{DEAD}/%2f{SECRET}%2e/..", f"http://{DEAD}?k={SECRET}",
    f"http://{SECRET}\x00@{DEAD}/", SECRET, f"http://u:p@{DEAD}/{SECRET}#{SECRET}",
]  # fmt: skip


def each(drawn: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Those that were found, and those that are drawn."""

    def of(test: Callable[..., None]) -> Callable[..., None]:
        for one in FOUND:
            test = example(url=one)(test)
        loose = settings(max_examples=drawn, deadline=None, suppress_health_check=list(HealthCheck))
        return loose(given(url=HOSTILE)(test))

    return of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings with an open ledger's place, keys that open, and a document."""
    made = tmp_path_factory.mktemp("secrets")
    write_keystore(Account.create(), made / "sender.json", "word", rounds=2)
    (made / "word").write_text("word")
    (made / "word").chmod(0o600)
    (made / "evidence.json").write_bytes(written(breach(agreement()).document))
    return made


def written_settings(folder: Path, **changed: object) -> Path:
    key = {"keystore": str(folder / "sender.json"), "password_file": str(folder / "word")}
    chain = {"rpc_url": f"http://{DEAD}", "chain_id": 1, "contract": "0x" + "c0" * 20, "sender": key}
    whole = {"data_dir": "data", "specs": [str(SPECS)], "prometheus": {"url": f"http://{DEAD}"}, "chain": chain}
    file = folder / "sankofa.yaml"
    file.write_text(yaml.safe_dump(whole | changed))
    return file


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """All that a command prints, a traceback too."""
    monkeypatch.setattr(sys, "argv", ["sankofa-observe", *arguments])
    try:
        cli.main()
    except SystemExit:
        trace = ""
    except BaseException:  # noqa: BLE001  what a user would see
        trace = traceback.format_exc()
    told = capsys.readouterr()
    return told.out + told.err + trace


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No address in the environment."""
    monkeypatch.delenv("SANKOFA_RPC", raising=False)


@each(300)
def test_an_address_is_named_by_host_and_port_and_never_raises(url: str) -> None:
    """By the platform and by the verifier alike, which refuse the same; what one of them lets through, redaction hides."""
    assert shown.address(url) == address.shown(url)
    assert SECRET not in shown.address(url)
    refused = True
    with suppress(CannotCheck):
        address.refuse_unusable(url)
        refused = False
    assert refused == bool(shown.fault_of(url))
    for hide in () if refused else (Redaction({}, url), address.hiding(url)):
        assert SECRET not in hide(f"Failed to parse: {url!r}, {url}")


@each(100)
def test_no_error_or_printed_form_shows_an_address(url: str, folder: Path) -> None:
    """Of what asks Prometheus and the chain, of the verifier's node, of settings: with all that is chained to it."""
    period = Period(starts_at=START, ends_at=START + 10)

    def samples() -> None:
        with closing(PrometheusSamples(url, tries=0)) as source:
            assert SECRET not in repr(source)
            source.read("up", period)

    def chain() -> None:
        with closing(Node(url)) as asked:
            assert SECRET not in f"{asked!r}{asked.shown}"
            asked.receipt("0x" + "00" * 32)

    def loaded() -> None:
        changed = {
            "prometheus": {"url": url},
            "attestors": [{"name": "a", "keystore": SECRET, "password_file": url, "prometheus_url": url}],
        }
        assert SECRET not in repr(load_settings(written_settings(folder, **changed)))

    for ask in (samples, chain, lambda: node(url, seconds=1)("eth_chainId", []), loaded):
        try:
            ask()
        except (SankofaError, CannotCheck):
            assert SECRET not in traceback.format_exc()


@each(ADDRESSES)
def test_no_verb_prints_an_address(
    url: str, folder: Path, bare: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given as an option, in a file, in the environment or in the settings."""
    (folder / "rpc").write_text(url)
    (folder / "rpc").chmod(0o600)
    key = ("--keystore", str(folder / "sender.json"), "--password-file", str(folder / "word"))
    account = "0x" + "1" * 40
    roles = ("--admin", account, "--arbiter", account, "--guardian", account)
    deploy = ("chain", "deploy", *key, "--attestor", account, "--threshold", "1", *roles)
    verify = ("verify", str(folder / "evidence.json"))
    accept = ("agreements", "accept", "example-edge", *key, "--contract", account, "--specs", str(SPECS))
    told = [
        printed(capsys, monkeypatch, *verb, *given)
        for verb in (deploy, accept, verify)
        for given in ((f"--rpc={url}",), ("--rpc-file", str(folder / "rpc")), ("--rpc-file", url))
    ]
    if "\x00" not in url:
        monkeypatch.setenv("SANKOFA_RPC", url)
        told += [printed(capsys, monkeypatch, *verb) for verb in (deploy, verify)]
        monkeypatch.delenv("SANKOFA_RPC")
    file = written_settings(folder, prometheus={"url": url})
    told += [printed(capsys, monkeypatch, verb, "--config", str(file)) for verb in ("observe", "evaluate")]
    assert [one for one in told if SECRET in one or "Traceback" in one] == []


def test_an_address_with_a_secret_is_refused_as_an_option_and_the_other_ways_are_named(
    folder: Path, bare: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By each verb that asks a chain: what is in the list of processes is read by everyone. A file and the environment are not."""
    (folder / "rpc").write_text(f"http://u:{SECRET}@{DEAD}\n")
    key = ("--keystore", str(folder / "sender.json"), "--password-file", str(folder / "word"))
    account = "0x" + "1" * 40
    roles = ("--admin", account, "--arbiter", account, "--guardian", account)
    for verb in (
        ("chain", "deploy", *key, "--attestor", account, "--threshold", "1", *roles),
        ("agreements", "propose", "example-edge", *key, "--contract", account, "--specs", str(SPECS)),
        ("verify", str(folder / "evidence.json")),
    ):
        for url in (f"http://u:{SECRET}@{DEAD}", f"http://{DEAD}?key={SECRET}"):
            told = printed(capsys, monkeypatch, *verb, "--rpc", url)
            assert ("--rpc-file" in told, "SANKOFA_RPC" in told, "everyone on this machine" in told) == (
                True,
                True,
                True,
            )
    (folder / "rpc").chmod(0o644)
    assert "has mode 644, expected 600 or 640" in printed(capsys, monkeypatch, *verb, "--rpc-file", str(folder / "rpc"))
    (folder / "rpc").chmod(0o600)
    assert f"chain node http://{DEAD}: eth_chainId" in printed(
        capsys, monkeypatch, *verb, "--rpc-file", str(folder / "rpc")
    )


def test_what_a_node_repeats_of_its_address_is_not_printed(
    folder: Path, bare: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In words of its own, by a node that somebody else runs."""
    said = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"message": f"no key {SECRET}"}}).encode()
    with HttpDouble(answer=lambda *_: Answer(body=said)) as double:
        code = command.run(str(folder / "evidence.json"), rpc=f"{double.url}/{SECRET}")
    told = capsys.readouterr().err
    assert (code, SECRET in told, "no key ***" in told) == (command.NO_ANSWER, False, True)


KEY = "0x" + "5e" * 32


@pytest.mark.parametrize("value", [KEY, "pass/word" + KEY, KEY * 20, f"{KEY}\x00", f"/etc/passwd/{KEY}"])
def test_a_key_or_a_password_in_place_of_a_path_is_not_printed(value: str, folder: Path) -> None:
    """Of the keystore, its password and the API's keys; only what exists as a path is shown, with its folder or alone."""
    wrong, right = Path(value), (folder / "sender.json", folder / "word")
    asks: list[Callable[[], object]] = [
        lambda: open_keystore(wrong, right[1]),
        lambda: open_keystore(folder / wrong, right[1]),
        lambda: open_keystore(right[0], wrong),
        lambda: read_password(wrong),
        lambda: KeyRing(wrong),
    ]
    if "\x00" not in value:  # which settings may hold, and no argument
        asks += [
            lambda: add_key(folder / "none" / wrong, "acme"),
            lambda: write_keystore(Account.create(), folder / "none" / wrong, "word", rounds=2),
        ]
    for ask in asks:
        with pytest.raises(SankofaError) as caught:
            ask()
        told = "".join(traceback.format_exception(caught.value))
        assert KEY[2:] not in told
        assert shown.NO_PATH in str(caught.value)


def test_settings_print_no_address_and_no_path_of_a_key(folder: Path) -> None:
    """Not even one that can be used: its path may be a key. A missing keystore is named by its folder."""
    key = {"keystore": f"{SECRET}.json", "password_file": f"{SECRET}.word"}
    chain = {"rpc_url": f"http://{DEAD}/{SECRET}", "chain_id": 1, "contract": "0x" + "c0" * 20, "sender": key}
    more = {"name": "a", "prometheus_url": f"http://{DEAD}/{SECRET}", **key}
    changed = {
        "prometheus": {"url": f"http://{DEAD}/{SECRET}"},
        "chain": chain,
        "attestors": [more],
        "api": {"keys_file": SECRET},
    }
    found = load_settings(written_settings(folder, **changed))
    assert SECRET not in f"{found!r}{found}{found.chain!r}{found.attestors!r}{found.prometheus}{found.api}"
    assert found.chain
    sender = found.chain.sender
    with pytest.raises(InvalidInput, match=f"keystore: {shown.NO_PATH}, in {folder}: No such file"):
        open_signer(sender)


@pytest.mark.parametrize(
    "prometheus",
    [
        f"{{url:http://u:{SECRET}@h}}", f"{{url: http://h, headers: {{'Authorization: Bearer {SECRET}': ''}}}}",
        f"{{url: http://h, headers: {{Authorization Bearer {SECRET}: x}}}}", f"{{url: ['http://{SECRET}']}}",
    ],
)  # fmt: skip
def test_settings_that_are_misspelt_are_told_without_their_values(prometheus: str, folder: Path) -> None:
    """Where a colon lacks its space, a value is part of a key."""
    file = folder / "misspelt.yaml"
    file.write_text(f"data_dir: data\nspecs: [{SPECS}]\nprometheus: {prometheus}\n")
    with pytest.raises(InvalidInput, match="/prometheus") as caught:
        load_settings(file)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_log_at_debug_shows_no_address(capsys: pytest.CaptureFixture[str]) -> None:
    """Libraries that write each request with all of its address are kept quiet at every level."""
    logs.set_up("debug", "logfmt")
    with closing(Node(f"http://u:p@{DEAD}/{SECRET}")) as asked, pytest.raises(Unavailable):
        asked.receipt("0x" + "00" * 32)
    with closing(PrometheusSamples(f"http://u:p@{DEAD}/{SECRET}", tries=1)) as source, pytest.raises(Unavailable):
        source.newest_at()
    assert SECRET not in capsys.readouterr().err
