"""Who signs for a command: a keystore, or a file that names the signer; and whether it does, before anything depends on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from eth_account import Account

from deploy.lab.ports import free_port
from deploy.lab.web3signer.double import Web3SignerDouble
from sankofa_observe.adapters.keys import write_keystore
from tests import chain as chains
from tests.cli.running import Run

KEY = Account.create()
CHAIN_ID = "31337"


@pytest.fixture
def double() -> Iterator[Web3SignerDouble]:
    with Web3SignerDouble(keys=[KEY], chain_id=int(CHAIN_ID)) as running:
        yield running


def written(folder: Path, content: Any) -> str:
    file = folder / "signer.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(file)


def elsewhere(folder: Path, url: str, **changes: Any) -> str:
    return written(folder, {"web3signer": {"url": url, "account": KEY.address, **changes}})


def test_keys_check_signs_with_a_web3signer(run: Run, double: Web3SignerDouble, tmp_path: Path) -> None:
    """The account that signs is told. What was signed can be used by nobody: it goes to oneself, under a number that is never reached."""
    ended = run("keys", "check", "--signer", elsewhere(tmp_path, double.url), "--chain-id", CHAIN_ID)
    assert (ended.code, ended.out, ended.err) == (
        0, f"{KEY.address} signs typed data, and transactions of chain {CHAIN_ID}\n", "",
    )  # fmt: skip
    (transaction,) = next(params for method, params in double.asked if method == "eth_signTransaction")
    assert (transaction["to"], transaction["value"], transaction["nonce"]) == (
        KEY.address.lower(),
        "0x0",
        "0xfffffffffffffffe",
    )


def test_keys_check_signs_with_a_keystore_beside_the_signer_file(run: Run, tmp_path: Path) -> None:
    """Paths in the file are beside it; the options say the same."""
    password = tmp_path / "word"
    password.touch(0o600)
    password.write_text("word")
    write_keystore(KEY, tmp_path / "key.json", "word", rounds=2)
    named = ("--signer", written(tmp_path, {"keystore": "key.json", "password_file": "word"}))
    given = ("--keystore", str(tmp_path / "key.json"), "--password-file", str(password))
    for who in (named, given):
        ended = run("keys", "check", *who, "--chain-id", CHAIN_ID)
        assert (ended.code, ended.out.startswith(f"{KEY.address} signs typed data")) == (0, True)


def test_keys_check_tells_who_has_to_act_by_its_code(run: Run, double: Web3SignerDouble, tmp_path: Path) -> None:
    """3 where another chain is signed for, 2 where the account is not there, 1 where nobody answers."""
    options = ("--chain-id", CHAIN_ID)
    double.chain_id = 1
    other_chain = run("keys", "check", "--signer", elsewhere(tmp_path, double.url), *options)
    double.keys = [Account.create()]
    no_key = run("keys", "check", "--signer", elsewhere(tmp_path, double.url), *options)
    away = run("keys", "check", "--signer", elsewhere(tmp_path, f"http://127.0.0.1:{free_port()}"), *options)
    assert [one.code for one in (other_chain, no_key, away)] == [3, 2, 1]
    assert ("chainId 1, expected 31337" in other_chain.err, "has not the key of" in no_key.err) == (True, True)
    assert "Connection refused; nothing was sent on, try again" in away.err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((), "given: no key;"),
        (("--keystore", "k.json"), "given: --keystore;"),
        (("--password-file", "p", "--signer", "s.yaml"), "given: --password-file, --signer;"),
        (("--keystore", "k", "--password-file", "p", "--signer", "s"), "given: --keystore, --password-file, --signer;"),
    ],
)
def test_one_signer_is_named_and_no_more(run: Run, given: tuple[str, ...], told: str) -> None:
    """Neither none nor two: which of them would sign is no guess."""
    ended = run("keys", "check", "--chain-id", CHAIN_ID, *given)
    expected = "expected --keystore with --password-file, or --signer alone; nothing was sent"
    assert (ended.code, f"{told} {expected}" in " ".join(ended.err.split())) == (2, True)


WRONG: dict[str, tuple[Any, tuple[str, ...]]] = {
    "nothing": ({}, ("/keystore: is missing", "/password_file: is missing")),
    "half": ({"keystore": "k"}, ("/password_file: is missing",)),
    "two": (
        {"keystore": "k", "web3signer": {"url": "https://s:9000", "account": KEY.address}},
        ("/web3signer: stands beside keystore, expected one signer",),
    ),
    "parts": (
        {"web3signer": {"url": "https://u:tok3nSECRET@s", "account": "0x1", "cafile": "x"}},
        ("/web3signer/url:", "/web3signer/account:", "/web3signer/cafile: no such setting", "did you mean ca_file?"),
    ),
    "list": ("[]\n- x", ("no YAML",)),
    "word": ("keystore", ("expected settings as a mapping",)),
}


@pytest.mark.parametrize("case", WRONG)
def test_signer_file_tells_all_that_is_wrong(run: Run, tmp_path: Path, case: str) -> None:
    """In one run, by its place, and without a secret that stands in the wrong one."""
    content, words = WRONG[case]
    ended = run("keys", "check", "--signer", written(tmp_path, content), "--chain-id", CHAIN_ID)
    assert (ended.code, [word for word in words if word not in ended.err], "tok3nSECRET" in ended.err) == (2, [], False)


@pytest.mark.real("anvil")
def test_chain_deploy_is_signed_elsewhere(run: Run, double: Web3SignerDouble, tmp_path: Path) -> None:
    """The account of the signer makes the contract: what it prints is the settings' as with a keystore."""
    with chains.running(tmp_path / "anvil") as anvil:
        url = anvil.node.web3.provider.endpoint_uri  # type: ignore[attr-defined]  # of a provider by HTTP
        attestors = [part for one in anvil.attestors for part in ("--attestor", one.account)]
        signer = ("--rpc", str(url), "--signer", elsewhere(tmp_path, double.url))
        roles = [part for role in ("admin", "arbiter", "guardian") for part in (f"--{role}", anvil.sender.account)]
        ended = run("chain", "deploy", *signer, *attestors, "--threshold", "2", *roles)
        printed = json.loads(ended.out)
        assert (ended.code, printed["chain_id"], anvil.node.web3.eth.get_transaction_count(KEY.address)) == (
            0,
            31_337,
            2,
        )
        assert anvil.node.web3.eth.get_code(anvil.node.web3.to_checksum_address(printed["contract"]))
