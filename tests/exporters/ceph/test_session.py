"""The dashboard's session: the header, the login, the token's life, and a password that is not tried to death."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from sankofa_exporters.ceph.client.dashboards import Dashboard
from sankofa_exporters.ceph.client.errors import StandbyError
from sankofa_exporters.ceph.client.session import RETRY_REFUSED_SECONDS, SILENT_LOGIN_SECONDS, Refusals, Session
from sankofa_exporters.ceph.snapshot.health import parse_flags
from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.probe.budget import Budget
from tests.pace import limit

from .recorded import SCOPES, Mgr, answer, jwt, recorded

FLAGS = "/api/osd/flags"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def mgr() -> Mgr:
    return Mgr(payloads=recorded())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(mgr: Mgr, clock: Clock, tmp_path: Path) -> Session:
    (tmp_path / "password").write_text("right\n")
    return Session(
        http=httpx.AsyncClient(transport=httpx.MockTransport(mgr.handle)),
        endpoint="http://mgr-x:8080",
        username="probe",
        password_file=tmp_path / "password",
        body_bytes=1_000_000,
        refusals=Refusals(clock=clock),
        clock=clock,
    )


async def kind_of(session: Session, path: str = FLAGS) -> Kind:
    with pytest.raises(CollectorError) as caught:
        await session.get(path, Budget.of(limit(5)), parse_flags)
    return caught.value.failure.kind


async def test_session_logs_in_where_a_401_asks_for_it(session: Session, mgr: Mgr) -> None:
    """The first GET goes without a token, the login follows the 401, and later GETs need none; scopes are kept."""
    answers = [await session.get(FLAGS, Budget.of(limit(5)), parse_flags) for _ in range(2)]

    assert answers == [parse_flags(recorded()["flags"])] * 2
    assert mgr.asked == [f"GET {FLAGS}", "POST /api/auth", f"GET {FLAGS}", f"GET {FLAGS}"]
    assert session.token is not None
    assert session.token.scopes == frozenset(SCOPES)


async def test_collectors_at_once_share_one_login(session: Session, mgr: Mgr) -> None:
    """Five questions at the same time, one POST."""
    await asyncio.gather(*(session.get(FLAGS, Budget.of(limit(5)), parse_flags) for _ in range(5)))

    assert mgr.asked.count("POST /api/auth") == 1


async def test_token_is_renewed_before_it_expires(session: Session, mgr: Mgr, clock: Clock) -> None:
    """A token of ten minutes is left alone for nine, and replaced then, before Ceph refuses it."""
    mgr.token = jwt(600)
    await session.get(FLAGS, Budget.of(limit(5)), parse_flags)
    clock.now = 539
    await session.get(FLAGS, Budget.of(limit(5)), parse_flags)
    before = mgr.asked.count("POST /api/auth")
    clock.now = 541
    await session.get(FLAGS, Budget.of(limit(5)), parse_flags)

    assert (before, mgr.asked.count("POST /api/auth")) == (1, 2)


async def test_token_that_is_refused_is_renewed_at_once(session: Session, mgr: Mgr) -> None:
    """A mgr that forgot the token (its secret or user changed) costs one more login, and no answer."""
    await session.get(FLAGS, Budget.of(limit(5)), parse_flags)
    mgr.token = jwt(60_000)

    assert await session.get(FLAGS, Budget.of(limit(5)), parse_flags) == parse_flags(recorded()["flags"])


async def test_token_that_nobody_takes_is_auth(session: Session, mgr: Mgr) -> None:
    """A fresh token that is refused too ends in auth, after one more login and not after many."""
    await session.get(FLAGS, Budget.of(limit(5)), parse_flags)
    mgr.instead = lambda request: answer(401) if request.method == "GET" else None

    assert await kind_of(session) is Kind.AUTH
    assert mgr.asked.count("POST /api/auth") == 2


async def test_refused_password_is_not_tried_again_until_it_changes(
    session: Session, mgr: Mgr, clock: Clock, tmp_path: Path
) -> None:
    """Ceph locks an account after ten refusals: one try, then none for a while; a changed file is tried at once."""
    mgr.password = "new"
    kinds = [await kind_of(session) for _ in range(4)]
    tries = mgr.asked.count("POST /api/auth")
    clock.now = RETRY_REFUSED_SECONDS + 1
    await kind_of(session)
    later = mgr.asked.count("POST /api/auth")
    (tmp_path / "password").write_text("new\n")

    assert (kinds, tries, later) == ([Kind.AUTH] * 4, 1, 2)
    assert await session.get(FLAGS, Budget.of(limit(5)), parse_flags) == parse_flags(recorded()["flags"])


@pytest.mark.parametrize("content", ["", "\n", "two\nlines\n", "x" * 20_000])
async def test_password_file_that_is_not_one_line_is_auth(
    session: Session, mgr: Mgr, tmp_path: Path, content: str
) -> None:
    """Nothing is sent, and what the file holds is not told."""
    (tmp_path / "password").write_text(content)
    with pytest.raises(CollectorError) as caught:
        await session.get(FLAGS, Budget.of(limit(5)), parse_flags)

    assert caught.value.failure.kind is Kind.AUTH
    assert "lines" not in caught.value.failure.reason
    assert "POST /api/auth" not in mgr.asked


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (answer(201, {}), Kind.DECODE),
        (answer(201, {"token": ""}), Kind.DECODE),
        (answer(201, {"token": "a\nb"}), Kind.DECODE),
        (answer(201, {"token": "x" * 9000}), Kind.DECODE),
        (answer(201, b"<html>"), Kind.DECODE),
        (answer(200, {"token": 7}), Kind.DECODE),
        (answer(302), Kind.HTTP),
        (answer(500), Kind.HTTP),
        (answer(403), Kind.AUTH),
    ],
)
async def test_login_that_is_not_one_is_told_by_its_kind(
    session: Session, mgr: Mgr, reply: httpx.Response, kind: Kind
) -> None:
    """HTML, a missing or hostile token, a redirect, an error of the server."""
    mgr.instead = lambda request: reply if request.method == "POST" else None

    assert await kind_of(session) is kind


async def test_token_without_a_readable_lifetime_lives_ten_minutes(session: Session, mgr: Mgr, clock: Clock) -> None:
    """A token that is not a JWT is used, and renewed early."""
    mgr.token = "opaque"
    await session.get(FLAGS, Budget.of(limit(5)), parse_flags)
    clock.now = 600
    await session.get(FLAGS, Budget.of(limit(5)), parse_flags)

    assert mgr.asked.count("POST /api/auth") == 2


async def test_standby_is_told_by_its_redirect(session: Session, mgr: Mgr) -> None:
    """A standby's dashboard redirects: its reader does not follow, and sends it no password."""
    mgr.instead = lambda _request: answer(303, location="http://mgr-y:8080/")
    with pytest.raises(StandbyError):
        await session.get(FLAGS, Budget.of(limit(5)), parse_flags)

    assert mgr.asked == [f"GET {FLAGS}"]


async def test_silent_login_is_not_repeated_at_each_probe(session: Session, mgr: Mgr, clock: Clock) -> None:
    """Without a quorum a login hangs and holds one of the mgr's threads: the next one waits a minute."""

    def hang(request: httpx.Request) -> None:
        if request.method == "POST":
            raise httpx.ReadTimeout("hangs")

    mgr.instead = hang
    kinds = [await kind_of(session) for _ in range(3)]
    before = mgr.asked.count("POST /api/auth")
    clock.now = SILENT_LOGIN_SECONDS + 1
    await kind_of(session)

    assert (kinds, before, mgr.asked.count("POST /api/auth")) == ([Kind.TIMEOUT] * 3, 1, 2)


async def test_wrong_version_in_the_header_is_not_asked_twice(session: Session, mgr: Mgr) -> None:
    """A path that an old dashboard refuses (415) is remembered, and asked again after the next login."""
    dashboard = Dashboard(session=session, max_age_seconds=45)
    await session.get(FLAGS, Budget.of(limit(5)), parse_flags)
    mgr.asked.clear()
    for _ in range(2):
        await dashboard.osds(Budget.of(limit(5)))

    assert mgr.asked == ["GET /api/osd"] * 3


def test_session_never_shows_password_or_token(session: Session) -> None:
    """Neither is in a repr."""
    session.token = None
    session.refusals.remember("probe", "right")

    assert "right" not in repr(session)
