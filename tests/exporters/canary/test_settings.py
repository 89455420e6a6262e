"""A broken module or target is refused by name, with what is seen and what is expected; secrets are not echoed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sankofa_exporters.canary.settings import CanaryModule, CanaryTarget
from sankofa_exporters.config.document import BrokenConfigError
from sankofa_exporters.config.settings import load

URL = "https://api.example.com/healthz/?deep=1"


def complaints(folder: Path, module: dict[str, Any], target: dict[str, Any]) -> list[str]:
    file = folder / "canary.yml"
    document = {"modules": {"m": {"objective_seconds": 0.05, **module}}, "targets": {"t": {"module": "m", **target}}}
    file.write_text(yaml.safe_dump(document))
    try:
        load(file, CanaryModule, CanaryTarget)
    except BrokenConfigError as error:
        return [line.removeprefix(f"{file}: ") for line in str(error).splitlines()]
    return []


@pytest.mark.parametrize(
    ("module", "named"),
    [
        (
            {"objective_seconds": 0.03},
            "objective_seconds: one of the buckets 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1",
        ),
        ({"timeout_seconds": 0.06}, "timeout_seconds: 0.13 at least, or no request could be known to be slow"),
        (
            {"timeout_seconds": 2},
            "timeout_seconds: at most interval_seconds (1), or an outage would count fewer requests",
        ),
        (
            {"interval_seconds": 0.01},
            "m.interval_seconds: saw 0.01; expected Input should be greater than or equal to 0.1",
        ),
        ({"method": "DELETE"}, "m.method: saw 'DELETE'; expected Input should be 'GET', 'HEAD', 'OPTIONS' or 'POST'"),
        ({"method": "POST"}, "method POST: with connection new and without redirects"),
        ({"method": "HEAD", "expected_text": "x"}, "an answer to HEAD has no body; ask with GET"),
        ({"request_body": "x"}, "request_body: only with method POST, not GET"),
        ({"expected_text": "x", "expected_pattern": "y"}, "expected_text or expected_pattern, not both"),
        ({"expected_pattern": "("}, "expected a regular expression (missing ), unterminated subpattern)"),
        ({"expected_statuses": [99]}, "m.expected_statuses[0]: saw 99; expected Input should be greater than"),
        (
            {"headers": {"Authorization": "Bearer abc"}},
            "a header without credentials; those belong into a file of header_files",
        ),
        ({"headers": {"Connection": "close"}}, "expected a header that the client does not set itself"),
        ({"header_files": {"authorization": "/nowhere/token"}}, "expected an existing file"),
        (
            {"body_bytes": 10**9},
            "m.body_bytes: saw 1000000000; expected Input should be less than or equal to 1048576",
        ),
        ({"redirects": 6}, "m.redirects: saw 6; expected Input should be less than or equal to 5"),
        ({"conection": "new"}, "m.conection: saw an unknown key; expected a known key; hint: did you mean connection?"),
    ],
)
def test_broken_module_is_refused_by_name(module: dict[str, Any], named: str, tmp_path: Path) -> None:
    """One line, which names the key and what it may be."""
    (line,) = complaints(tmp_path, module, {"endpoint": URL})

    assert named in line


@pytest.mark.parametrize(
    ("module", "target", "named"),
    [
        ({}, {"endpoint": "ftp://x/"}, "endpoint: saw a value that is not shown; expected an http or https URL"),
        (
            {},
            {"endpoint": "https://u:geheim@x/"},
            "endpoint: saw a URL with more than an address; expected a URL without user",
        ),
        (
            {},
            {"endpoint": URL, "address": "http://10.0.0.1"},
            "address: saw 'http://10.0.0.1'; expected an IP address or a host",
        ),
        (
            {},
            {"endpoint": "https://10.0.0.1/", "address": "10.0.0.2"},
            "t.address: saw '10.0.0.2'; expected an endpoint with a name",
        ),
        (
            {"server_name": "x"},
            {"endpoint": "http://x/"},
            "t.endpoint: saw http; expected https, for module 'm' has a server_name",
        ),
    ],
)
def test_broken_target_is_refused_by_name(
    module: dict[str, Any], target: dict[str, Any], named: str, tmp_path: Path
) -> None:
    """One line, without what may be a secret."""
    (line,) = complaints(tmp_path, module, target)

    assert named in line
    assert "geheim" not in line


def test_all_that_is_wrong_is_said_in_one_run(tmp_path: Path) -> None:
    """A module's and a target's faults, each on its line."""
    lines = complaints(tmp_path, {"redirects": 9, "body_bytes": 1}, {"endpoint": "x", "address": "a b"})

    assert len(lines) == 4


@pytest.mark.parametrize(
    "target", [{"endpoint": URL}, {"endpoint": URL, "address": "10.0.0.5"}, {"endpoint": "http://[::1]:8080"}]
)
def test_good_one_is_taken_as_it_is(target: dict[str, Any], tmp_path: Path) -> None:
    """The query and the closing slash are part of what is asked for."""
    assert complaints(tmp_path, {}, target) == []
    assert CanaryTarget(module="m", **target).endpoint == target["endpoint"]
