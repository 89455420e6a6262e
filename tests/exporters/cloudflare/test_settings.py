"""What a configuration of tunnels may say: wrong addresses, ids and files are refused with the value expected."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sankofa_exporters.cloudflare.settings import CloudflareModule, TunnelTarget
from sankofa_exporters.config.document import BrokenConfigError
from sankofa_exporters.config.settings import load

from .recorded import TUNNEL

ACCOUNT = "0123456789abcdef0123456789abcdef"


def loaded(
    folder: Path, *, token: str = "a-token-of-the-right-form", target: object = None, account: object = None
) -> list[str]:
    """The violations of a configuration, where and expected."""
    (folder / "token").write_text(token)
    settings = {"account_id": ACCOUNT, "token_file": str(folder / "token")} if account is None else account
    tunnel = {"module": "m", "tunnel_id": TUNNEL, "connectors": ["10.0.0.5:20241", "10.0.0.6"], **(target or {})}  # type: ignore[dict-item]
    file = folder / "config.yml"
    file.write_text(yaml.safe_dump({"modules": {"m": {"account": settings}}, "targets": {"t": tunnel}}))
    try:
        load(file, CloudflareModule, TunnelTarget)
    except BrokenConfigError as error:
        return [f"{violation.where}: {violation.expected}" for violation in error.violations]
    return []


@pytest.mark.parametrize(
    "connectors",
    [[], ["10.0.0.5"], ["tunnel-a.internal:20241"], ["[fd00::5]:20241", "[fd00::5]:20242"], ["10.0.0.5:1", "10.0.0.6"]],
)
def test_addresses_of_connectors_are_hosts_with_or_without_port(tmp_path: Path, connectors: list[str]) -> None:
    """Names, IPv4, IPv6 in brackets; none at all where the account is the only witness."""
    assert loaded(tmp_path, target={"connectors": connectors}) == []


@pytest.mark.parametrize(
    ("connectors", "expected"),
    [
        (["http://10.0.0.5:20241"], "addresses such as 10.0.0.5:20241 or 10.0.0.5 (no scheme)"),
        (["user@10.0.0.5"], "addresses such as 10.0.0.5:20241 or 10.0.0.5 (no scheme)"),
        (["10.0.0.5:20241/x"], "addresses such as 10.0.0.5:20241 or 10.0.0.5 (no scheme)"),
        (["fd00::5"], "addresses such as 10.0.0.5:20241 or 10.0.0.5 (no scheme)"),
        (["10.0.0.5:0"], "ports from 1 to 65535"),
        (["10.0.0.5:70000"], "ports from 1 to 65535"),
        (["10.0.0.5:1", "10.0.0.5:1"], "each address once; a host without a port covers its ports"),
        (["10.0.0.5", "10.0.0.5:20241"], "each address once; a host without a port covers its ports"),
        ([f"10.0.0.{n}" for n in range(17)], "at most 16 addresses"),
    ],
)
def test_odd_addresses_are_refused(tmp_path: Path, connectors: list[str], expected: str) -> None:
    """A scheme, a user, a path, a bad port, or one metrics port twice (its series would be doubled)."""
    assert loaded(tmp_path, target={"connectors": connectors}) == [f"targets.t.connectors: {expected}"]


def test_token_file_with_spaces_or_nothing_in_it_is_refused_unquoted(tmp_path: Path) -> None:
    """A header line, two words or an empty file; what was read is not repeated."""
    for token in ("", "Bearer secret-value-of-mine", "short"):
        violations = loaded(tmp_path, token=token)
        assert violations == [
            "modules.m.account.token_file: a file with one API token (8 to 512 characters) in one line"
        ]


def test_target_and_module_without_anybody_to_ask_are_refused(tmp_path: Path) -> None:
    """No account: an id of one has no token, and without a connector there is no witness at all."""
    file = tmp_path / "config.yml"
    target = {"module": "m", "tunnel_id": TUNNEL, "account_id": ACCOUNT}
    file.write_text(yaml.safe_dump({"modules": {"m": {}}, "targets": {"t": target}}))
    with pytest.raises(BrokenConfigError) as caught:
        load(file, CloudflareModule, TunnelTarget)

    assert [violation.where for violation in caught.value.violations] == [
        "targets.t.account_id",
        "targets.t.connectors",
    ]


def test_ids_are_those_of_cloudflare(tmp_path: Path) -> None:
    """A name is no tunnel id; upper case is understood."""
    assert loaded(tmp_path, target={"tunnel_id": TUNNEL.upper()}) == []
    assert [line.partition(":")[0] for line in loaded(tmp_path, target={"tunnel_id": "edge-nairobi-1"})] == [
        "targets.t.tunnel_id"
    ]
    account = {"account_id": "me", "token_file": str(tmp_path / "token")}
    assert [line.partition(":")[0] for line in loaded(tmp_path, account=account)] == ["modules.m.account.account_id"]
