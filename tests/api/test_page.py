"""The API's page for people: the same for everybody, nothing of anybody, no script, and every link leads somewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from sankofa_observe.api.app import openapi
from tests.api.test_routes import World, markers


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_page_is_the_same_with_and_without_a_key(world: World) -> None:
    """A stranger and both tenants read the same bytes."""
    answers = [world.get("/", tenant=tenant) for tenant in (None, "acme", "baobab")]
    assert [one.status_code for one in answers] == [200, 200, 200]
    assert len({one.content for one in answers}) == 1
    assert answers[0].headers["content-type"] == "text/html; charset=utf-8"


def test_page_shows_nothing_of_any_tenant(world: World) -> None:
    """No name, id, hash or key of either tenant stands on it."""
    text = world.get("/", tenant="acme").text
    words = (markers(world, "acme") ^ markers(world, "baobab")) | set(world.keys.values())
    assert len(words) > 24
    assert [word for word in words if word in text] == []


def test_page_lists_every_route_of_the_reference(world: World) -> None:
    """Each path of the OpenAPI document stands there once, those under /v1 with the word that they need a key."""
    text = world.get("/").text
    listed = re.findall(r"<dt>GET (?:<a href=\"[^\"]+\">)?<code>([^<]+)</code>(?:</a>)?( with your key)?</dt>", text)
    assert listed == [(path, " with your key" if path.startswith("/v1/") else "") for path in openapi()["paths"]]


def test_links_of_the_page_open_without_a_key(world: World) -> None:
    """Every link stays on this host and answers a stranger with 200."""
    links = re.findall(r'href="([^"]+)"', world.get("/").text)
    assert links == ["/healthz", "/readyz", "/openapi.json"]
    assert [world.get(link, tenant=None).status_code for link in links] == [200, 200, 200]


def test_page_runs_no_script_and_loads_nothing(world: World) -> None:
    """Its policy forbids all but the one style on the page, which it names by hash; the text has nothing else to load."""
    answer = world.get("/")
    style = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    assert len(style) == 1
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert re.findall(r"<script|<img|<link|<iframe|<form|style=|\son\w+=|://", answer.text) == []


def test_reference_is_served_as_json_under_its_path(world: World) -> None:
    """/openapi.json answers the committed document, to anybody."""
    answer = world.get("/openapi.json", tenant=None)
    assert (answer.headers["content-type"], answer.json()) == ("application/json", openapi())
