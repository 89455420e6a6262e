"""The exporter proves its own rights, path by path, and knows which of them a release has."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.parts import CHECKOUT
from sankofa_exporters.model.failure import CollectorError
from sankofa_exporters.proxmox.snapshot.rights import (
    NEEDS,
    Permissions,
    Version,
    needed,
    parse_permissions,
    parse_version,
)
from tests.exporters.proxmox.recorded import RELEASES, recorded


@pytest.mark.parametrize(
    ("held", "path", "privilege", "has"),
    [
        ({"/": {"VM.Audit": True}}, "/vms", "VM.Audit", True),
        ({"/": {"VM.Audit": False}}, "/vms", "VM.Audit", False),
        ({"/": {"VM.Audit": False}}, "/", "VM.Audit", True),
        ({"/": {"VM.Audit": True}, "/vms": {}}, "/vms", "VM.Audit", False),
        ({"/vms": {"VM.Audit": False}}, "/vms", "VM.Audit", True),
        ({"/vms/100": {"VM.Audit": True}}, "/vms", "VM.Audit", False),
        ({}, "/", "Sys.Audit", False),
    ],
)
def test_permission_needs_the_path_or_what_propagates(
    *, held: dict[str, dict[str, bool]], path: str, privilege: str, has: bool
) -> None:
    """The nearest listed path decides, and from above only what propagates counts."""
    assert Permissions(held=held).has(path, privilege) is has


@pytest.mark.parametrize("data", [None, [], {}, {"version": ""}, {"version": 9}])
def test_version_refuses_an_answer_without_version(data: Any) -> None:
    """No version, no version info."""
    with pytest.raises(CollectorError):
        parse_version(data)


def test_permissions_leave_out_what_is_odd() -> None:
    """A path whose value is no mapping is left out; an odd reach does not propagate."""
    assert parse_permissions({"/": {"Sys.Audit": "often"}, "/vms": 3}).held == {"/": {"Sys.Audit": False}}


@pytest.mark.parametrize(
    ("held", "covers"),
    [
        ({"/": {"VM.Audit": True}}, True),
        ({"/": {"VM.Audit": True}, "/vms": {"VM.Audit": True}, "/vms/100": {"VM.Audit": True}}, True),
        ({"/": {"VM.Audit": True}, "/vms/100": {"VM.Console": True}}, False),
        ({"/vms/100": {"VM.Audit": True}}, False),
        ({"/": {"VM.Audit": True}, "/vmsx/100": {}}, True),
    ],
)
def test_a_narrower_rule_takes_a_right_away_again(*, held: dict[str, dict[str, bool]], covers: bool) -> None:
    """A guest on which the token holds something else, but not this, is missing from the lists."""
    assert Permissions(held=held).covers("/vms", "VM.Audit") is covers


@pytest.mark.parametrize("release", RELEASES)
def test_each_release_needs_the_rights_that_it_knows(release: str) -> None:
    """VM.Replicate is a right since 9, and a token of PVEAuditor lacks nothing before."""
    payloads = recorded(release)
    version, permissions = parse_version(payloads["version"]), parse_permissions(payloads["access/permissions"])

    assert [need.privilege for need in needed(version) if not permissions.covers(need.path, need.privilege)] == []
    assert ("VM.Replicate" in [need.privilege for need in needed(version)]) == (release == "pve9")


@pytest.mark.parametrize(("text", "major"), [("9.0.10", 9), ("8.4", 8), ("10", 10), ("x.1", None), ("\u0669.1", None)])
def test_major_release_is_the_first_number(text: str, major: int | None) -> None:
    """And is not known when there is none."""
    assert Version(version=text, release="", repoid="").major == major


def test_page_names_every_right_and_what_is_lost_without_it() -> None:
    """The table under Permissions has a row for each need, with all of its calls."""
    page = (CHECKOUT / "docs" / "exporters" / "proxmox.md").read_text()
    for need in NEEDS:
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{need.path}` | `{need.privilege}` |")]
        assert [call for call in need.calls if f"`{call.partition(' ')[0]}`" not in row] == []
