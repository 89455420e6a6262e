"""`sankofa-observe runbook`, and the same pages beside the scheduler's metrics."""

from __future__ import annotations

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge

from deploy.lab.ports import free_port
from sankofa_observe import runbooks
from sankofa_observe.operations.process import metrics_at
from tests.cli.running import Run

NAME = "BesuNodeDown"


def test_a_page_is_filled_in_with_the_labels_of_its_alert(run: Run) -> None:
    """Only code is filled in, so that what is pasted asks about the alert's own site."""
    ended = run("runbook", NAME, "site=edge-7")
    assert ended.code == 0
    assert ended.out.startswith(f"# {NAME}\n")
    assert 'sankofa_besu_up{site="edge-7"} == 0' in ended.out
    assert '"SITE"' not in ended.out
    assert "reviewed:" not in ended.out


def test_pages_are_listed_by_name(run: Run) -> None:
    assert run("runbook").out.split() == runbooks.names()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["BesuNodeDwn"], "is it BesuNodeDown"),
        (["../README"], "no such page"),
        (["Nope"], "runbook 'Nope': no such page; `sankofa-observe runbook` lists all"),
        ([NAME, "colour=red"], "a page asks for site, region"),
        ([NAME, 'site=a"} or vector(1)'], "expected a name in letters"),
        ([NAME, "edge-7"], "expected LABEL=VALUE"),
    ],
)
def test_what_is_no_page_or_no_label_is_refused(run: Run, arguments: list[str], problem: str) -> None:
    ended = run("runbook", *arguments)
    assert ended.code == 2
    assert problem in " ".join(ended.err.split())


def test_the_link_of_an_alert_opens_beside_the_metrics() -> None:
    """Filled in by its query; what no page asks for, is odd, or names no single thing is left out, and the rest is filled in all the same."""
    registry = CollectorRegistry()
    Gauge("one", "One.", registry=registry)
    address = f"127.0.0.1:{free_port()}"
    with metrics_at(address, registry), httpx.Client(base_url=f"http://{address}", trust_env=False) as client:
        filled = client.get(f"/runbooks/{NAME}", params={"site": "edge-7", "slo": "x", "colour": "red"})
        odd = client.get(f"/runbooks/{NAME}", params={"site": "a`b"})
        assert (filled.status_code, 'site="edge-7"' in filled.text) == (200, True)
        assert filled.headers["content-type"] == "text/plain; charset=utf-8"
        assert (odd.status_code, 'site="SITE"' in odd.text) == (200, True)
        of_a_board = {"site": "edge-7", "region": "all", "system": "-", "observer": "${__data.fields.observer}"}
        row = client.get(f"/runbooks/{NAME}", params=of_a_board)
        fleet = client.get("/runbooks/FleetDown", params={"site": "all", "tier": "edge"})
        assert (row.status_code, 'site="edge-7"' in row.text) == (200, True)
        assert (fleet.status_code, 'tier="edge"' in fleet.text, '"all"' in fleet.text) == (200, True, False)
        assert client.get("/runbooks").text.split() == [f"/runbooks/{name}" for name in runbooks.names()]
        assert client.get("/runbooks/Nobody").status_code == 404
        assert client.get("/runbooks/%2e%2e/README").status_code == 404
        assert client.get("/metrics").text.endswith("one 0.0\n")
