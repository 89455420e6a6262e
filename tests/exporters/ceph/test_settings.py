"""A configuration that could not work is refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from sankofa_exporters.ceph.settings import CephModule, CephTarget
from sankofa_exporters.config.document import BrokenConfigError
from sankofa_exporters.config.settings import load

GOOD = """\
modules:
  ceph: {{username: probe, password_file: {password}}}
  open: {{}}
targets:
  both: {{module: ceph, mgrs: ["http://10.0.0.1:9283"], dashboards: ["https://10.0.0.1:8443"], pools: [edge-data]}}
  metrics: {{module: open, mgrs: ["http://10.0.0.1:9283"]}}
"""


@pytest.fixture
def password(tmp_path: Path) -> Path:
    file = tmp_path / "password"
    file.write_text("secret\n")
    return file


def test_configuration_with_one_or_both_witnesses_loads(tmp_path: Path, password: Path) -> None:
    """Dashboards need a user, metrics alone need none."""
    file = tmp_path / "ceph.yml"
    file.write_text(GOOD.format(password=password))
    document = load(file, CephModule, CephTarget)

    assert document.targets["both"].dashboards == ("https://10.0.0.1:8443",)
    assert document.modules["open"].username is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("username: probe, ", "", "username and password_file together, or neither"),
        ('mgrs: ["http://10.0.0.1:9283"]}', "mgrs: []}", "an address under mgrs: or dashboards:, better under both"),
        ('["http://10.0.0.1:9283"]}', '["http://a:1", "http://a:1/"]}', "at most 16 addresses, each once"),
        ("http://10.0.0.1:9283", "http://u:p@10.0.0.1:9283", "a URL without user, query and fragment"),
        ("open: {}", "open: {max_age_seconds: 1}", "greater than or equal to 2"),
        ("open: {}", "open: {pasword_file: x}", "a known key"),
    ],
)
def test_configuration_that_cannot_work_is_refused(
    tmp_path: Path, password: Path, old: str, new: str, expected: str
) -> None:
    """Each with what was expected; no secret is echoed."""
    file = tmp_path / "ceph.yml"
    text = GOOD.format(password=password)
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(BrokenConfigError) as caught:
        load(file, CephModule, CephTarget)

    assert expected in str(caught.value)
    assert "secret" not in str(caught.value)


def test_empty_password_file_is_refused(tmp_path: Path, password: Path) -> None:
    """A file without a password is named, not read at the first probe."""
    password.write_text("\n")
    file = tmp_path / "ceph.yml"
    file.write_text(GOOD.format(password=password))
    with pytest.raises(BrokenConfigError) as caught:
        load(file, CephModule, CephTarget)

    assert "a file with one line, the password of a dashboard user" in str(caught.value)
