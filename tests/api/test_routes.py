"""The tenants' API, route by route: what its owner gets, and in which shape everything else is refused."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.api import __main__ as reference
from sankofa_observe.api import access
from sankofa_observe.api.access import Records
from sankofa_observe.api.app import create_app, openapi
from sankofa_observe.api.cursors import Cursors
from sankofa_observe.api.keys import KeyRing, add_key, key_hash, new_key, well_formed
from sankofa_observe.errors import InvalidInput, InvariantBroken, Unavailable, Unfit
from sankofa_observe.ports import StateChange
from sankofa_observe.scope import OPERATOR
from sankofa_observe.sla.agreement import Agreement
from sankofa_observe.sla.evidence import written
from sankofa_observe.sla.settlement import SettlementState
from sankofa_observe.testing import FixedClock, MemoryArchive, MemoryLedger, MemoryReads
from sankofa_observe.units import Money
from tests.builders import CREDIT_MINOR, START, Breach, agreement, breach, credit, digest_of, verdict

PROBLEM = "application/problem+json"
ACME = agreement("acme-edge", tenant="acme", site="edge-acme-1")
BAOBAB = agreement("baobab-edge", tenant="baobab", site="edge-baobab-1")
ABSENT = digest_of("nothing by that id")


Headers = Mapping[str, str | bytes]


class World:
    """Two tenants with two breaches each, and a client for each key."""

    def __init__(self, folder: Path) -> None:
        self.keys_file = folder / "keys.yaml"
        self.keys = {tenant: add_key(self.keys_file, tenant) for tenant in ("acme", "baobab")}
        self.ledger, self.archive = MemoryLedger(), MemoryArchive()
        self.breaches: dict[str, list[Breach]] = {}
        for of in (ACME, BAOBAB):
            self.breaches[of.tenant] = [breach(of, index) for index in range(2)]
            self._store(of)
        self.clock = FixedClock(at=START)
        self.records = Records(
            ledger=self.ledger,
            archive=self.archive,
            keys=KeyRing(self.keys_file),
            cursors=Cursors(b"secret"),
            clock=self.clock,
        )
        self.app = create_app(self.records)

    def request(self, method: str, path: str, headers: Headers) -> httpx.Response:
        """One request to the application, with a stack of its own."""
        raw = [
            (name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers.items()
        ]

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                return await client.request(method, path, headers=raw)

        return asyncio.run(ask())

    def _store(self, of: Agreement) -> None:
        self.ledger.add_agreement(
            agreement_id=of.id, version=1, tenant=of.tenant, terms_hash=of.terms_hash, document=of.terms_document, at=1
        )
        first, second = self.breaches[of.tenant]
        for one in (first, second):
            self.ledger.add_verdict(one.record)
            self.archive.put(one.document)
            self.ledger.add_penalty(one.penalty)
        self.ledger.add_verdict(verdict(of, 1, bad=2, revision=2))
        for state in (SettlementState.REPORTED, SettlementState.FINAL):
            change = StateChange(state=state, at=first.penalty.assessed_at + 60, detail="seen on chain")
            self.ledger.add_state(first.penalty.settlement_id, change)
        self.ledger.add_credit(credit(of, first.penalty))

    def get(self, path: str, tenant: str | None = "acme", **more: str) -> httpx.Response:
        """`more` are headers, as their names are written in Python."""
        named = {
            f"x-{name.replace('_', '-')}" if name == "request_id" else name.replace("_", "-"): one
            for name, one in more.items()
        }
        return self.request("GET", path, named | ({"Authorization": f"Bearer {self.keys[tenant]}"} if tenant else {}))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def paths(world: World, tenant: str) -> dict[str, str]:
    """Every route that takes an id, with an id of this tenant."""
    settlement = world.breaches[tenant][0].penalty.settlement_id
    owned = ACME if tenant == "acme" else BAOBAB
    return {
        "agreement": f"/v1/agreements/{owned.id}",
        "version": f"/v1/agreements/{owned.id}/versions/1",
        "terms": f"/v1/agreements/{owned.id}/versions/1/terms",
        "verdicts": f"/v1/agreements/{owned.id}/verdicts",
        "settlement": f"/v1/settlements/{settlement}",
        "evidence": f"/v1/settlements/{settlement}/evidence",
    }


def test_api_knows_who_asks(world: World) -> None:
    """A key answers with its tenant and its own id."""
    key_id = f"key-{key_hash(world.keys['acme'])[:8]}"
    assert world.get("/v1/me").json() == {"tenant": "acme", "key_id": key_id}


def test_api_lists_the_agreements_of_the_caller(world: World) -> None:
    """Whole: money, caps, windows, bands and hash. The list has what each of them answers by itself."""
    expected = {
        "agreement_id": ACME.id,
        "agreement_key": ACME.key,
        "name": "acme-edge",
        "version": 1,
        "fee": {"amount_minor": 125_000, "currency": "USD", "exponent": 2},
        "cap_ppm": 500_000,
        "cap_year": None,
        "minimum": None,
        "stacking": "sum",
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": None,
        "dispute_window_seconds": 100,
        "dispute_window_blocks": 2,
        "ruling_seconds": 1_209_600,
        "notice_seconds": 2_592_000,
        "grace_seconds": 0,
        "terms_hash": ACME.terms_hash,
        "promises": [
            {
                "slo": "availability-edge",
                "site": "edge-acme-1",
                "target_ppm": 995_000,
                "bands": [
                    {"below_ppm": 995_000, "credit_ppm": 100_000},
                    {"below_ppm": 990_000, "credit_ppm": 250_000},
                    {"below_ppm": 950_000, "credit_ppm": 400_000},
                ],
            }
        ],
    }
    assert world.get("/v1/agreements").json() == {"items": [expected]}
    for path in (f"/v1/agreements/{ACME.id}", f"/v1/agreements/{ACME.id}/versions/1"):
        assert world.get(path).json() == expected
    assert world.get(f"/v1/agreements/{ACME.id}/versions/2").status_code == 404


def test_api_tells_where_a_party_has_ended_an_agreement(world: World) -> None:
    world.ledger.end_agreement(agreement_id=ACME.id, tenant="acme", ends_at=START + 600, at=1)
    [found] = world.get("/v1/agreements").json()["items"]
    assert found["ends_at"] == "2026-01-01T00:10:00Z"


def test_api_hands_out_the_terms_that_were_hashed(world: World) -> None:
    """Byte for byte, for ever: who hashes them has what stands on the contract."""
    answer = world.get(f"/v1/agreements/{ACME.id}/versions/1/terms")
    assert answer.text == ACME.terms_document
    assert "0x" + hashlib.sha256(answer.content).hexdigest() == ACME.terms_hash
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"


def test_api_lists_every_revision_of_a_verdict(world: World) -> None:
    """Oldest first, with both bounds in whole ppm and the slots by state."""
    items = world.get(paths(world, "acme")["verdicts"]).json()["items"]
    assert [(one["period_start"], one["revision"]) for one in items] == [
        ("2026-01-01T00:00:00Z", 1), ("2026-01-01T00:10:00Z", 1), ("2026-01-01T00:10:00Z", 2),
    ]  # fmt: skip
    assert items[0] == {
        "slo": "availability-edge",
        "site": "edge-acme-1",
        "period_start": "2026-01-01T00:00:00Z",
        "period_end": "2026-01-01T00:10:00Z",
        "revision": 1,
        "verdict": "breach",
        "target_ppm": 995_000,
        "low_ppm": 900_000,
        "high_ppm": 900_000,
        "coverage_ppm": 1_000_000,
        "good": 9,
        "bad": 1,
        "unknown": 0,
        "excluded": 0,
        "slots": {"GOOD": 9, "BAD": 1},
        "slots_digest": world.breaches["acme"][0].record.slots_digest,
        "judged_at": "2026-01-01T00:11:00Z",
    }


def test_api_tells_a_settlement_with_its_history(world: World) -> None:
    """Counts, price, digests, and every move with its time."""
    penalty = world.breaches["acme"][0].penalty
    assert world.get(paths(world, "acme")["settlement"]).json() == {
        "settlement_id": penalty.settlement_id,
        "agreement_id": ACME.id,
        "slo": "availability-edge",
        "site": "edge-acme-1",
        "period_start": "2026-01-01T00:00:00Z",
        "period_end": "2026-01-01T00:10:00Z",
        "state": "final",
        "history": [
            {"state": "computed", "at": "2026-01-01T00:11:00Z", "detail": ""},
            {"state": "reported", "at": "2026-01-01T00:12:00Z", "detail": "seen on chain"},
            {"state": "final", "at": "2026-01-01T00:12:00Z", "detail": "seen on chain"},
        ],
        "good": 9,
        "valid": 10,
        "credit_ppm": 400_000,
        "proposed": {"amount_minor": CREDIT_MINOR, "currency": "USD", "exponent": 2},
        "agreement_key": ACME.key,
        "period_index": 0,
        "slo_index": 0,
        "evidence_root": penalty.evidence_root,
        "document_hash": penalty.document_hash,
    }


def test_api_lists_the_settlements_of_the_caller(world: World) -> None:
    """Those of the caller's agreements, by period."""
    ids = [one["settlement_id"] for one in world.get("/v1/settlements").json()["items"]]
    assert ids == [one.penalty.settlement_id for one in world.breaches["acme"]]


def test_api_hands_out_evidence_byte_for_byte(world: World) -> None:
    """The bytes of the archive, named by the hash that stands on chain, cacheable for ever.

    Its ETag is of the bytes: a document that was written anew after damage may differ in who wrote it.
    """
    answer = world.get(paths(world, "acme")["evidence"])
    one = world.breaches["acme"][0]
    assert answer.content == written(one.document)
    digest = hashlib.sha256(answer.content).hexdigest()
    assert (answer.headers["etag"], answer.headers["content-type"]) == (f'"{digest}"', "application/json")
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"


def test_evidence_is_handed_out_with_a_record_of_it(world: World) -> None:
    """Which key, which document, when; once a day, however often. What is not the caller's leaves none."""
    path, penalty = paths(world, "acme")["evidence"], world.breaches["acme"][0].penalty
    foreign = paths(world, "baobab")["evidence"]
    assert [world.get(one).status_code for one in (path, path, foreign)] == [200, 200, 404]
    world.clock.at += 86_400
    assert world.get(path).status_code == 200
    assert [(one.at, one.actor, one.document_hash, one.tenant, one.way) for one in world.ledger.reads] == [
        (at, f"key:{key_hash(world.keys['acme'])[:8]}", penalty.document_hash, "acme", "api")
        for at in (START, START + 86_400)
    ]


@pytest.mark.parametrize(
    "error", [Unavailable("host db-7 is away"), Unfit("damaged"), InvariantBroken("two truths"), InvalidInput("no")]
)
def test_evidence_whose_read_cannot_be_recorded_is_not_handed_out(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """503 with a problem that says so, and nothing of the document; all else of the settlement is answered."""

    def refuse(_: object) -> bool:
        raise error

    monkeypatch.setattr(world.ledger, "add_evidence_read", refuse)
    found = paths(world, "acme")
    answer = world.get(found["evidence"])
    assert (answer.status_code, answer.headers["content-type"], answer.headers["retry-after"]) == (503, PROBLEM, "10")
    assert answer.json()["detail"] == access.NOT_RECORDED
    assert world.get(found["settlement"]).status_code == 200


def test_evidence_whose_retention_is_over_is_gone(world: World) -> None:
    """Not away: nobody has to restore it. Another tenant is told nothing of it."""
    path, digest = paths(world, "acme")["evidence"], world.breaches["acme"][0].penalty.document_hash
    world.archive.remove(digest)
    assert world.get(path).status_code == 503
    world.ledger.removals[digest] = START
    assert (world.get(path).status_code, world.get(path).headers["content-type"]) == (410, PROBLEM)
    assert world.get(path, tenant="baobab").status_code == 404


def test_api_lists_credits_of_the_caller(world: World) -> None:
    """Each grant with its transaction, and what the cap took off."""
    penalty = world.breaches["acme"][0].penalty
    grant = credit(ACME, penalty)
    assert world.get("/v1/credits").json() == {
        "items": [
            {
                "settlement_id": penalty.settlement_id,
                "revision": 1,
                "agreement_id": ACME.id,
                "slo": "availability-edge",
                "site": "edge-acme-1",
                "period_start": "2026-01-01T00:00:00Z",
                "period_end": "2026-01-01T00:10:00Z",
                "amount": {"amount_minor": CREDIT_MINOR, "currency": "USD", "exponent": 2},
                "cut_minor": 0,
                "transaction": grant.transaction,
                "block_number": 7,
                "granted_at": "2026-01-01T01:11:00Z",
            }
        ],
        "next_cursor": None,
    }


@pytest.mark.parametrize("path", ["settlements", "credits", f"agreements/{ACME.id}/verdicts"])
def test_api_hands_out_pages(world: World, path: str) -> None:
    """One by one they are what one page is; a cursor that is none is the caller's mistake, and told as that."""
    whole = world.get(f"/v1/{path}").json()["items"]
    found, address = [], f"/v1/{path}?limit=1"
    while address:
        answer = world.get(address)
        page = answer.json()
        found += page["items"]
        address = f"/v1/{path}?limit=1&cursor={page['next_cursor']}" if page["next_cursor"] else ""
        linked = answer.links.get("next", {}).get("url", "")
        assert linked == address
    assert (found, len(found) > 0) == (whole, True)
    for wrong in ("limit=0", "limit=501", "limit=x", "lmit=1", "after=1", "tenant=baobab"):
        refused = world.get(f"/v1/{path}?{wrong}")
        assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (422, wrong.partition("=")[0])


@pytest.mark.parametrize("path", ["settlements", f"agreements/{ACME.id}/verdicts"])
def test_api_takes_no_cursor_that_it_did_not_hand_out(world: World, path: str) -> None:
    """Made up, changed, of another list, of the list otherwise narrowed, or of another tenant's list: one answer for all."""
    page = world.get(f"/v1/{path}?limit=1").json()
    own = page["next_cursor"]
    foreign = world.get("/v1/settlements?limit=1", tenant="baobab").json()["next_cursor"]
    made_up = ["", "garbage", "%D9%A1.1", own[:-1], own + "AAAA", "A" + own[1:], "99999999999.0xaa", foreign]
    other = f"/v1/agreements/{ACME.id}/verdicts" if path == "settlements" else "/v1/settlements"
    narrowed = [f"/v1/{path}?state=final&cursor={own}"] if path == "settlements" else []
    for address in [*(f"/v1/{path}?cursor={one}" for one in made_up), f"{other}?cursor={own}", *narrowed]:
        refused = world.get(address)
        assert (refused.status_code, refused.json()["type"]) == (400, "urn:sankofa:problem:invalid-cursor"), address


def test_api_narrows_settlements_by_state(world: World) -> None:
    """In the database, so that a page is full wherever others stand between."""
    final = world.get("/v1/settlements?state=final").json()["items"]
    assert [one["settlement_id"] for one in final] == [world.breaches["acme"][0].penalty.settlement_id]
    assert world.get("/v1/settlements?state=paid").status_code == 422


def test_api_adds_up_one_sum_a_currency(world: World) -> None:
    """Sums of different currencies, and of different exponents, never meet."""
    for number, (minor, currency, exponent) in enumerate(
        [(7, "USD", 2), (5, "JPY", 0), (2**53 - 6, "JPY", 0), (1, "KWD", 3)]
    ):
        grant = credit(ACME, world.breaches["acme"][0].penalty, settlement_id=digest_of(f"more {number}"))
        money = Money(amount_minor=minor, currency=currency, exponent=exponent)
        world.ledger.grants[grant.settlement_id, grant.revision] = replace(grant, amount=money)  # whatever settled it
    assert world.get("/v1/credits/balance").json() == {
        "granted": [
            {"amount_minor": 2**53 - 1, "currency": "JPY", "exponent": 0},
            {"amount_minor": 1, "currency": "KWD", "exponent": 3},
            {"amount_minor": CREDIT_MINOR + 7, "currency": "USD", "exponent": 2},
        ]
    }


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_api_answers_health_without_a_key(world: World, path: str) -> None:
    """Whoever watches the process needs no tenant."""
    answer = world.get(path, tenant=None)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


# ---------------------------------------------------------------------------------------------------------- isolation


@pytest.mark.parametrize("route", ["agreement", "version", "terms", "verdicts", "settlement", "evidence"])
def test_api_answers_foreign_and_absent_alike(world: World, route: str) -> None:
    """An id of another tenant and an id of nobody get the same bytes and the same headers."""
    foreign = paths(world, "baobab")[route]
    own_id = BAOBAB.id if "/agreements/" in foreign else world.breaches["baobab"][0].penalty.settlement_id
    answers = [world.get(one, request_id="same") for one in (foreign, foreign.replace(own_id, ABSENT))]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    assert answers[0].headers == answers[1].headers
    assert answers[0].headers["content-type"] == PROBLEM
    assert world.get(foreign, tenant="baobab").status_code == 200


def markers(world: World, tenant: str) -> set[str]:
    """Every string that names something of one tenant, harvested from all it can see."""
    found = {tenant, f"edge-{tenant}-1", f"{tenant}-edge", world.keys[tenant]}
    routes = ["/v1/me", "/v1/agreements", "/v1/settlements", "/v1/credits", *paths(world, tenant).values()]
    for path in routes:
        found |= set(_strings(world.get(path, tenant=tenant).json()))
    return found


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, str):
        yield value


def crawl(world: World, tenant: str) -> list[Any]:
    """Every GET route, with own ids, foreign ids and absent ids in every place for an id."""
    ids = [ABSENT, *(one for side in ("acme", "baobab") for one in _ids(world, side))]
    answers = []
    for path, operations in openapi()["paths"].items():
        assert set(operations) == {"get"}
        own = path.replace("{version}", "1")
        name = own.partition("{")[2].partition("}")[0]
        filled = [own.replace(f"{{{name}}}", one) for one in ids] if name else [own]
        answers += [world.get(one, tenant=tenant) for one in filled]
    return answers


def _ids(world: World, tenant: str) -> list[str]:
    one = ACME if tenant == "acme" else BAOBAB
    digests = [(item.penalty.settlement_id, item.penalty.document_hash) for item in world.breaches[tenant]]
    return [one.id, one.terms_hash, *(part for pair in digests for part in pair)]


@pytest.mark.parametrize(("caller", "other"), [("acme", "baobab"), ("baobab", "acme")])
def test_api_shows_nothing_of_one_tenant_to_another(world: World, caller: str, other: str) -> None:
    """A crawl of everything, with every id there is, meets no word that belongs to the other tenant alone."""
    secret = markers(world, other) - markers(world, caller)
    assert len(secret) > 12
    seen = [f"{answer.text} {dict(answer.headers)}" for answer in crawl(world, caller)]
    assert [word for word in secret for text in seen if word in text] == []


def test_api_crawl_would_notice_a_leak(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a scope that sees all the same crawl does meet the other's words: it proves something."""
    secret = markers(world, "baobab") - markers(world, "acme")
    monkeypatch.setattr(access, "of_tenant", lambda _: OPERATOR)
    seen = [answer.text for answer in crawl(world, "acme")]
    assert [word for word in secret if any(word in text for text in seen)]


# --------------------------------------------------------------------------------------------------------------- keys

CREDENTIALS: dict[str, Headers] = {
    "none": {},
    "empty": {"Authorization": ""},
    "no-key": {"Authorization": "Bearer"},
    "basic": {"Authorization": "Basic YWNtZTphY21l"},
    "a-word": {"Authorization": "Bearer acme"},
    "unknown-but-well-formed": {"Authorization": "Bearer " + new_key()},
    "beyond-latin": {"Authorization": b"Bearer skn_\xe9\xff" + b"a" * 47},
    "very-long": {"Authorization": "Bearer skn_" + "a" * 10_000},
    "key-in-the-query": {},
}


@pytest.mark.parametrize("case", CREDENTIALS)
def test_api_refuses_whoever_has_no_valid_key(world: World, case: str) -> None:
    """One answer for every way of not being known: 401, a problem document, and how to ask."""
    suffix = f"?key={world.keys['acme']}&access_token={world.keys['acme']}" if case == "key-in-the-query" else ""
    answer = world.request("GET", f"/v1/settlements{suffix}", CREDENTIALS[case])
    assert (answer.status_code, answer.headers["www-authenticate"], answer.headers["content-type"]) == (
        401, "Bearer", PROBLEM,
    )  # fmt: skip
    assert answer.json() == {
        "type": "urn:sankofa:problem:unauthenticated",
        "title": "A valid API key is needed",
        "status": 401,
        "detail": "a valid API key is needed",
        "instance": f"urn:sankofa:request:{answer.headers['x-request-id']}",
    }


def test_api_refuses_a_key_with_one_character_changed(world: World) -> None:
    """A typo is told from a key without a look-up."""
    key = world.keys["acme"]
    typo = key[:10] + ("A" if key[10] != "A" else "B") + key[11:]
    world.keys["typo"] = typo
    assert (well_formed(key), well_formed(typo), world.get("/v1/me", tenant="typo").status_code) == (True, False, 401)


def test_api_route_outside_health_needs_a_key(world: World) -> None:
    """Every path of the application refuses a stranger, before it looks at the request, except those named here."""
    public = {"/", "/healthz", "/readyz", "/openapi.json"}
    walked = set(_walk(world.app.routes))
    assert public <= walked
    protected = sorted(walked - public)
    answers = {path: world.get(path.replace("{", "").replace("}", ""), tenant=None).status_code for path in protected}
    assert answers == dict.fromkeys(protected, 401)
    assert {path for path in protected if not path.startswith("/v1/")} == set()
    assert set(openapi()["paths"]) == walked - {"/", "/openapi.json"}


def _walk(routes: Iterable[Any]) -> Iterator[str]:
    """The paths of routes; FastAPI keeps an included router as one entry, and its routes with their prefix inside."""
    for route in routes:
        if hasattr(route, "effective_candidates"):
            yield from _walk(route.effective_candidates())
        else:
            yield route.path


def test_api_forgets_a_key_when_it_is_taken_out(world: World) -> None:
    """Revocation takes effect with the next request; the other keys stay."""
    lines = world.keys_file.read_text()
    entries = lines.split("- ")
    before = world.get("/v1/me").status_code
    world.keys_file.write_text("- ".join(one for one in entries if "tenant: acme" not in one))
    after = (world.get("/v1/me").status_code, world.get("/v1/me", tenant="baobab").status_code)
    assert (before, after) == (200, (401, 200))


def test_api_knows_a_new_key_at_once(world: World) -> None:
    """A key added beside the running process works with the next request."""
    world.keys["late"] = add_key(world.keys_file, "acme")
    assert world.get("/v1/me", tenant="late").json()["tenant"] == "acme"


@pytest.mark.parametrize("text", ["[1, 2", "- {id: a}", "key", "- [1]", "- {id: 1, tenant: acme, sha256: 12}"])
def test_api_answers_nobody_while_its_keys_are_broken(world: World, text: str) -> None:
    """A keys file that cannot be read shuts the door, tells no path, and opens it again when mended."""
    whole = world.keys_file.read_text()
    world.keys_file.write_text(text)
    broken = world.get("/v1/me")
    assert (broken.status_code, broken.headers["content-type"]) == (503, PROBLEM)
    assert str(world.keys_file.parent) not in broken.text
    world.keys_file.write_text(whole)
    assert world.get("/v1/me").status_code == 200


@pytest.mark.parametrize("text", ["[1, 2", "key", "- {id: a, tenant: b}", "- {id: a, tenant: b, sha256: XY}"])
def test_keys_file_that_is_broken_is_refused_at_the_start(tmp_path: Path, text: str) -> None:
    """Neither a server nor a new key begins on a file that is not whole; the error tells the way, and no content."""
    file = tmp_path / "keys.yaml"
    file.touch(0o600)
    file.write_text(text)
    for begin in (lambda: KeyRing(file), lambda: add_key(file, "acme")):
        with pytest.raises(InvalidInput, match="mend it, or move it away and make its keys anew") as caught:
            begin()
        assert "XY" not in str(caught.value)
    assert (file.read_text(), list(tmp_path.iterdir())) == (text, [file])


@pytest.mark.parametrize("mode", [0o644, 0o666, 0o660, 0o602])
def test_keys_file_that_others_can_read_or_change_is_refused(world: World, mode: int) -> None:
    """Who can change it makes himself any tenant's key. So at the start, while it is served, and where a key is added."""
    file, before = world.keys_file, world.keys_file.read_text()
    file.chmod(mode)
    for begin in (lambda: KeyRing(file), lambda: add_key(file, "acme")):
        with pytest.raises(InvalidInput, match=rf"{file} has mode {mode:03o}, .*run chmod 600 {file}"):
            begin()
    assert (world.get("/v1/me").status_code, file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (503, before, mode)
    file.chmod(0o640)
    assert world.get("/v1/me").status_code == 200


def test_keys_file_stays_what_it_was_when_a_key_is_added(tmp_path: Path) -> None:
    """A link stays one, and a group that could read it still can: else the API answers nobody."""
    file, link = tmp_path / "keys.yaml", tmp_path / "linked.yaml"
    add_key(file, "acme")
    file.chmod(0o640)
    link.symlink_to(file)
    add_key(link, "baobab")
    assert (link.is_symlink(), stat.S_IMODE(file.stat().st_mode)) == (True, 0o640)
    assert KeyRing(file).tenants() == {"acme": 1, "baobab": 1}


DOUBLED = "- {id: a, tenant: acme, sha256: " + "ab" * 32 + "}\n- {id: b, tenant: baobab, sha256: " + "ab" * 32 + "}\n"
WRONG_KEYS = {
    "a tenant twice": (
        "- {id: a, tenant: acme, tenant: baobab, sha256: " + "ab" * 32 + "}",
        "key 'tenant' stands twice, line 1",
    ),
    "a key twice": (DOUBLED, "stands for acme and for baobab"),
    "a name for an id": (
        "- {id: laptop of amina, tenant: acme, sha256: " + "ab" * 32 + "}",
        "entry 1: its id is not key-abababab, which follows from its hash and says nothing",
    ),
    "no tenant": ("- {id: a, tenant: '', sha256: " + "ab" * 32 + "}", "entry 1: tenant ''"),
    "everybody": ("- {id: a, tenant: '*', sha256: " + "ab" * 32 + "}", "entry 1: tenant '\\*'"),
}


@pytest.mark.parametrize("case", WRONG_KEYS)
def test_keys_file_that_says_two_things_is_refused(tmp_path: Path, case: str) -> None:
    """Whose key it is must be told once, by a name."""
    file = tmp_path / "keys.yaml"
    file.touch(0o600)
    file.write_text(WRONG_KEYS[case][0])
    with pytest.raises(InvalidInput, match=WRONG_KEYS[case][1]):
        KeyRing(file)


def test_keys_that_are_made_at_once_are_all_kept(tmp_path: Path) -> None:
    """Each that was shown works; one for nobody is not made."""
    file = tmp_path / "keys.yaml"
    with ThreadPoolExecutor(8) as makers:
        keys = list(makers.map(lambda n: add_key(file, f"tenant-{n}"), range(24)))
    ring = KeyRing(file)
    owners = [ring.principal(key) for key in keys]
    assert [one.tenant for one in owners if one] == [f"tenant-{n}" for n in range(24)]
    for tenant in ("", "*", "a b", "x" * 129):
        with pytest.raises(InvalidInput, match="no key was made"):
            add_key(file, tenant)


def test_keys_are_made_in_a_folder_that_is_locked(tmp_path: Path) -> None:
    """By whoever it belongs to: the demo locks its own."""
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        assert add_key(tmp_path / "keys.yaml", "acme")
    finally:
        os.close(folder)


def test_keys_file_holds_no_key(tmp_path: Path) -> None:
    """Only hashes are stored, readable by their owner alone, under ids that are never given twice."""
    file = tmp_path / "keys.yaml"
    keys = [add_key(file, "acme") for _ in range(3)]
    text = file.read_text()
    assert [key in text for key in keys] == [False] * 3
    assert [key_hash(key) in text for key in keys] == [True] * 3
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    file.write_text(text.split("- ")[2].join(["- ", ""]))
    add_key(file, "acme")
    ids = [line for line in file.read_text().splitlines() if "id: " in line]
    assert (len(ids), len(set(ids))) == (2, 2)


# ----------------------------------------------------------------------------------------------------------- problems


@pytest.mark.parametrize(
    "path",
    ["/v1/settlements/hidden-words", "/v1/settlements/0xABC/evidence", "/v1/agreements/%3Cscript%3E/verdicts"],
)
def test_api_tells_what_is_wrong_without_repeating_it(world: World, path: str) -> None:
    """A malformed id is 422 with the parameter, a code and a sentence; the input is not echoed."""
    answer = world.get(path)
    body = answer.json()
    parameter = "agreement_id" if "agreements" in path else "settlement_id"
    (fault,) = body.pop("errors")
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)
    assert body == {
        "type": "urn:sankofa:problem:invalid-request",
        "title": "The request is not as the API expects it",
        "status": 422,
        "detail": "see errors: each names a parameter",
        "instance": f"urn:sankofa:request:{answer.headers['x-request-id']}",
    }
    assert (fault["parameter"], fault["code"]) == (parameter, "string_pattern_mismatch")
    assert not any(word in answer.text for word in ("hidden-words", "ABC", "script"))


def test_api_asks_for_the_key_before_it_looks_at_the_request(world: World) -> None:
    """A stranger learns nothing about what an id looks like."""
    assert world.get("/v1/settlements/hidden-words", tenant=None).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/nothing", 404), ("POST", "/v1/credits", 405), ("DELETE", "/v1/me", 405)]
)
def test_api_refuses_what_it_does_not_have_as_a_problem(world: World, method: str, path: str, status: int) -> None:
    """Unknown paths and methods have the one shape of error too."""
    answer = world.request(method, path, {"Authorization": f"Bearer {world.keys['acme']}"})
    assert (answer.status_code, answer.headers["content-type"], answer.json()["status"]) == (status, PROBLEM, status)


FAILURES = {
    "gone": (Unfit("ledger /srv/hidden.sqlite was removed or replaced while it was open"), 503),
    "away": (Unavailable("ledger sqlite:////srv/hidden.sqlite: disk I/O error"), 503),
    "broken": (InvariantBroken("penalty 0x…: hidden is otherwise"), 500),
    "unforeseen": (RuntimeError("hidden"), 500),
}


@pytest.mark.parametrize("case", FAILURES)
def test_api_hides_its_insides_when_it_fails(
    world: World, case: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What failed is in the log, with its words; the tenant gets a problem document without them."""
    error, status = FAILURES[case]

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(MemoryReads, "credits", fail)
    answer = world.get("/v1/credits")
    assert (answer.status_code, answer.headers["content-type"], "hidden" in answer.text) == (status, PROBLEM, False)
    assert answer.headers.get("retry-after") == ("10" if status == 503 else None)
    if case != "unforeseen":  # the server logs that one itself, with its traceback
        assert "hidden" in caplog.text


def test_api_is_not_ready_while_the_ledger_is_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alive, but not to be sent requests to."""

    def fail() -> None:
        raise Unavailable("ledger /srv/hidden.sqlite: locked")

    monkeypatch.setattr(world.ledger, "open_attempts", fail)
    found = [world.get(path, tenant=None) for path in ("/healthz", "/readyz")]
    assert [one.status_code for one in found] == [200, 503]
    assert "hidden" not in found[1].text


@pytest.mark.parametrize("harm", ["removed", "emptied", "table dropped"])
def test_api_is_not_ready_once_its_ledger_is_lost(
    world: World, harm: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """On every route, with and without a cursor: it is nothing that the tenant did, and the operator finds it in the log."""
    file = tmp_path / "ledger.sqlite"
    with closing(SqlLedger(f"sqlite:///{file}")) as ledger:
        world.app.state.records = replace(world.app.state.records, ledger=ledger)
        if harm == "removed":
            file.unlink()
        else:
            with closing(sqlite3.connect(file)) as other:
                other.executescript(
                    "DROP TABLE attempt; DROP TABLE verdict; DROP TABLE credit_entry; DROP TABLE settlement_now"
                )
                other.executescript("DROP TABLE agreement; DROP TABLE tally")
        if harm == "emptied":
            ledger._database.engine.dispose()
            file.write_bytes(b"no database" * 1000)
        found = {
            path: world.get(path).status_code
            for path in (
                "/readyz",
                "/v1/credits",
                "/v1/agreements",
                *paths(world, "acme").values(),
            )
        }
    assert found == dict.fromkeys(found, 503)
    assert str(file) in caplog.text


def test_api_says_when_evidence_is_lost(world: World) -> None:
    """A document that is not in the archive, or damaged there, is 503 for its owner, never an empty answer."""
    world.archive.documents = dict.fromkeys(world.archive.documents, b"{}")
    damaged = world.get(paths(world, "acme")["evidence"])
    world.archive.documents.clear()
    gone = world.get(paths(world, "acme")["evidence"])
    for answer in (damaged, gone):
        assert (answer.status_code, answer.headers["content-type"]) == (503, PROBLEM)
        assert "evidence is not in the archive" in answer.json()["detail"]


# --------------------------------------------------------------------------------------------------------------- wire

TENANTS_ROUTES = ["/v1/me", "/v1/agreements", "/v1/settlements", "/v1/credits", "/v1/credits/balance", "/healthz"]


@pytest.mark.parametrize("path", TENANTS_ROUTES)
def test_api_sends_no_body_that_the_caller_has(world: World, path: str) -> None:
    """A strong ETag of the bytes: 304 while they are the same, and the whole answer once they are not."""
    whole = world.get(path)
    tag = whole.headers["etag"]
    again = world.get(path, if_none_match=f'"another", W/{tag}')
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (whole.headers["cache-control"], whole.headers["vary"]) == ("private, no-cache", "Authorization")
    assert world.get(path, if_none_match='"another"').content == whole.content


def test_api_sends_what_changed_since(world: World) -> None:
    tag = world.get("/v1/credits").headers["etag"]
    world.ledger.add_credit(replace(credit(ACME, world.breaches["acme"][1].penalty), block_number=9))
    answer = world.get("/v1/credits", if_none_match=tag)
    assert (answer.status_code, len(answer.json()["items"])) == (200, 2)


def test_a_tag_of_one_tenant_says_nothing_to_another(world: World) -> None:
    """Nor does one help a stranger, whose answer is the same as without."""
    tag = world.get("/v1/settlements").headers["etag"]
    assert world.get("/v1/settlements", tenant="baobab", if_none_match=tag).status_code == 200
    assert world.get("/v1/settlements", tenant=None, if_none_match="*").status_code == 401


@pytest.mark.parametrize("path", [*TENANTS_ROUTES, "/v1/settlements/0xABC", "/v1/nothing"])
def test_head_is_get_without_its_body(world: World, path: str) -> None:
    known = {"Authorization": f"Bearer {world.keys['acme']}", "x-request-id": "one"}
    whole, head = world.request("GET", path, known), world.request("HEAD", path, known)
    assert (head.status_code, head.content, dict(head.headers)) == (whole.status_code, b"", dict(whole.headers))


@pytest.mark.parametrize(("given", "kept"), [("order-17.b_C", True), ("x" * 65, False), ("a b", False), ("", False)])
def test_a_request_has_one_name_everywhere(world: World, given: str, kept: bool) -> None:  # noqa: FBT001
    """The caller's, where it is safe to repeat, or one of ours: in the header and in a problem document."""
    answer = world.get("/v1/nothing", request_id=given)
    name = answer.headers["x-request-id"]
    assert ((name == given) is kept, answer.json()["instance"]) == (True, f"urn:sankofa:request:{name}")


def test_a_slash_at_the_end_leads_nowhere_else(world: World) -> None:
    """No redirect, which would name a host that the caller chose."""
    answer = world.get("/v1/settlements/")
    assert (answer.status_code, "location" in answer.headers) == (404, False)


def test_a_sum_that_readers_cannot_hold_is_our_failure(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """It is never rounded on its way through a reader's doubles."""
    grant = credit(ACME, world.breaches["acme"][0].penalty, settlement_id=digest_of("more"))
    world.ledger.grants["more", 1] = replace(grant, amount=Money(amount_minor=2**53, currency="USD", exponent=2))
    for path in ("/v1/credits", "/v1/credits/balance"):
        assert (world.get(path).status_code, world.get(path).json()["type"]) == (500, "urn:sankofa:problem:internal")


def test_api_is_not_ready_while_nobody_is_known(world: World) -> None:
    world.keys_file.unlink()
    answer = world.get("/readyz", tenant=None)
    assert (answer.status_code, str(world.keys_file) in answer.text) == (503, False)


# ---------------------------------------------------------------------------------------------------------- reference


def test_api_reference_is_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    """The committed openapi.json is the one this code writes."""
    assert (reference.main(["--check"]), capsys.readouterr().err) == (0, "")


def test_api_reference_check_notices_a_stale_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Absent and changed are stale, and the cure is named; writing mends both."""
    monkeypatch.setattr(reference, "FILE", tmp_path / "deep" / "openapi.json")
    found = [reference.main(["--check"]), reference.main(["--write"]), reference.main(["--check"])]
    reference.FILE.write_text("{}")
    assert [*found, reference.main(["--check"])] == [1, 0, 0, 1]
    assert "python -m sankofa_observe.api --write" in capsys.readouterr().err


def test_api_has_no_number_that_rounds() -> None:
    """No schema holds a float: money and counts are integers."""
    text = json.dumps(openapi())
    assert ('"type": "number"' in text, '"type": "integer"' in text, "HTTPValidationError" in text) == (
        False,
        True,
        False,
    )


def test_api_names_every_operation_and_its_refusals() -> None:
    """Each tenant route has an operation id and says 401, 422 and 503 in the shape of a problem."""
    spec = openapi()
    operations = {path: one["get"] for path, one in spec["paths"].items() if path.startswith("/v1/")}
    assert len({one["operationId"] for one in operations.values()}) == len(operations) == 11
    for one in operations.values():
        assert {"400", "401", "404", "422", "500", "503"} <= set(one["responses"])
        assert one["security"] == [{"HTTPBearer": []}]
