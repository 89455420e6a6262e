"""No error shows a secret, and none is as long as the names of all sites."""

from __future__ import annotations

import json
import re
import traceback
from contextlib import closing
from urllib.parse import quote

import pytest

from deploy.lab.ports import free_port
from sankofa_observe import shown
from sankofa_observe.adapters.node import Node
from sankofa_observe.adapters.prometheus import PrometheusSamples
from sankofa_observe.adapters.redaction import Redaction
from sankofa_observe.errors import Unavailable
from sankofa_observe.slo.indicator import for_sites
from sankofa_observe.units import Period
from tests.builders import START
from tests.http_double import Answer, HttpDouble

PERIOD = Period(starts_at=START, ends_at=START + 10)
SECRET = 's3cr3t/"+tok='


@pytest.mark.parametrize(
    "said",
    [
        f"you sent Bearer {SECRET}", SECRET, json.dumps({"error": f"token {SECRET}"}), json.dumps({"status": "error", "error": "x" * 62 + SECRET}),
        json.dumps({"status": "success", "data": "x" * 80 + SECRET}), quote(SECRET, safe=""), repr(SECRET),
        " " * 80 + SECRET, "x" * 95 + SECRET, "x" * 290 + SECRET, "x" * 1000 + SECRET,
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 401, 500])
def test_server_that_echoes_a_header_tells_nobody(said: str, status: int) -> None:
    """Wherever in its words the value stands, and however it is written; of all three questions."""
    with (
        HttpDouble(answer=lambda *_: Answer(status=status, body=said.encode())) as server,
        closing(PrometheusSamples(server.url, {"Authorization": f"Bearer {SECRET}"}, tries=0)) as source,
    ):
        for ask in (
            lambda: source.read("up", PERIOD),
            lambda: source.samples("up", Period(starts_at=0, ends_at=3600)),
            source.newest_at,
        ):
            with pytest.raises(Unavailable) as caught:
                ask()
            told = "".join(traceback.format_exception(caught.value))
            assert "s3cr" not in told.partition("self._redacted")[2] + str(caught.value)


@pytest.mark.parametrize("value", ["Bearer s3cr3t\n", " Bearer s3cr3t", "s3cr3t\r\nX: y", "Bearer s3cr3t-\u2019"])
def test_header_that_cannot_be_sent_is_not_shown(value: str) -> None:
    """The client prints it; settings refuse it before."""
    with (
        closing(PrometheusSamples("http://127.0.0.1:9", {"Authorization": value}, tries=0)) as source,
        pytest.raises(Unavailable) as caught,
    ):
        source.read("up", PERIOD)
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


ADDRESS = "http://amina:s3cr3t-word@{}/v3/s3cr3t-path-key"


@pytest.mark.parametrize("server_is", ["away", "echoing"])
def test_an_address_is_told_without_what_may_be_a_key(server_is: str) -> None:
    """User, password and path of an address are hidden, where nobody answers and where the server repeats them."""
    echo = json.dumps({"jsonrpc": "2.0", "id": 1, "error": {"code": -1, "message": "no s3cr3t-path-key, amina"}})
    with HttpDouble(answer=lambda *_: Answer(status=200, body=echo.encode())) as server:
        place = f"127.0.0.1:{free_port()}" if server_is == "away" else server.url.removeprefix("http://")
        address = ADDRESS.format(place)
        with closing(PrometheusSamples(address, tries=0)) as source, pytest.raises(Unavailable) as samples:
            source.read("up", PERIOD)
        with closing(Node(address)) as node, pytest.raises(Unavailable) as block, node.asking("the head"):
            node.web3.eth.get_block("latest")
    for caught in (samples, block):
        told = "".join(traceback.format_exception(caught.value))
        assert f"http://{place}/***" in told
        assert not {"amina", "s3cr3t-word", "s3cr3t-path-key"} & set(re.findall(r"[\w-]+", told))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://127.0.0.1:9090", "http://127.0.0.1:9090"), ("http://[::1]:9090/", "http://[::1]:9090"),
        ("https://a:b@host/x", "https://host/***"), ("https://host?key=1", "https://host/***"),
    ],
)  # fmt: skip
def test_an_address_is_shown_by_its_host(address: str, told: str) -> None:
    """And says that there is more of it."""
    assert shown.address(address) == told


def test_a_node_that_redirects_gets_nothing_signed_elsewhere() -> None:
    """What is asked and sent goes where the settings say."""
    with (
        HttpDouble(answer=lambda *_: Answer(body=b"{}")) as elsewhere,
        HttpDouble(answer=lambda *_: Answer(status=307, location=elsewhere.url)) as double,
        closing(Node(double.url)) as node,
        pytest.raises(Unavailable),
    ):
        node.send(b"signed")
    assert elsewhere.requests == []


def test_short_values_are_hidden_as_words() -> None:
    """A tenant's number is no part of every other number."""
    assert Redaction({"X-Scope-OrgID": "1"})("HTTP 401: tenant 1") == "HTTP 401: tenant ***"


def test_selector_of_many_sites_is_told_by_its_ends() -> None:
    """What is asked and how long it is; a line in a log is read by people."""
    selector = for_sites("up", [f"site-{n:04}" for n in range(3250)])
    with (
        HttpDouble(answer=lambda *_: Answer(status=400, body=selector.encode())) as server,
        closing(PrometheusSamples(server.url)) as source,
        pytest.raises(Unavailable, match=r"up\{site.*characters") as caught,
    ):
        source.read(selector, PERIOD)
    assert len(str(caught.value)) < 800
