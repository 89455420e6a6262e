"""The contract of `Silences`, on the double and on a real Alertmanager."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from deploy.alertmanager.render import render
from deploy.lab.alertmanager import start_alertmanager
from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes
from sankofa_observe.adapters import alertmanager as adapter
from sankofa_observe.adapters.alertmanager import AlertmanagerSilences
from sankofa_observe.adapters.clock import SystemClock
from sankofa_observe.errors import Unavailable, Unusable
from sankofa_observe.pipeline.announce import MARK
from sankofa_observe.ports import Silence, Silences
from sankofa_observe.testing import MemorySilences
from sankofa_observe.units import Period
from tests.http_double import Answer, HttpDouble

REAL = pytest.mark.real("prometheus-alertmanager")


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("alertmanager")
    (folder / "alertmanager.yml").write_text(render(f"http://127.0.0.1:{free_port()}"))
    address = f"127.0.0.1:{free_port()}"
    with Processes(folder=folder) as processes:
        start_alertmanager(processes, folder / "alertmanager.yml", address)
        yield f"http://{address}"


@pytest.fixture(params=["memory", pytest.param("alertmanager", marks=REAL)])
def silences(request: pytest.FixtureRequest) -> Iterator[Silences]:
    if request.param == "memory":
        yield MemorySilences(clock=SystemClock())
        return
    with closing(AlertmanagerSilences(request.getfixturevalue("alertmanager"), MARK)) as opened:
        yield opened
        for name in opened.standing():
            opened.expire(name)


def silence(site: str, *, begins: int = 3600, seconds: int = 60) -> Silence:
    starts_at = int(time.time()) + begins
    return Silence(
        labels=(("region", "ke"), ("site", site)),
        stretch=Period(starts_at=starts_at, ends_at=starts_at + seconds),
        author="person:kofi",
        comment=f'{MARK} 3f0c19d2a4b7e581: "firmware", ümlaut',
    )


def test_a_silence_is_told_as_it_was_made_until_it_is_ended(silences: Silences) -> None:
    """By the id that making it answered; ending it again is nothing."""
    one = silence("edge-1")
    name = silences.add(one)
    assert silences.standing() == {name: one}
    silences.expire(name)
    silences.expire(name)
    assert silences.standing() == {}


def test_a_silence_that_is_made_late_begins_when_it_is_made(silences: Silences) -> None:
    """Its end stays."""
    late = silence("edge-1", begins=-3600, seconds=7200)
    before = int(time.time())
    [found] = [silences.standing()[name] for name in [silences.add(late)]]
    assert before <= found.stretch.starts_at <= time.time()
    assert (found.labels, found.stretch.ends_at, found.comment) == (late.labels, late.stretch.ends_at, late.comment)


@REAL
def test_a_silence_mutes_its_place_and_what_a_person_silenced_is_left_alone(alertmanager: str) -> None:
    """A real Alertmanager suppresses the one and not the other; ours are those with our mark."""
    by_hand = {
        "matchers": [{"name": "site", "value": "edge-9", "isRegex": False}], "startsAt": _utc(0), "endsAt": _utc(3600),
        "createdBy": "zuri", "comment": "by hand",
    }  # fmt: skip
    local.post(f"{alertmanager}/api/v2/silences", json=by_hand).raise_for_status()
    with closing(AlertmanagerSilences(alertmanager, MARK)) as silences:
        assert silences.standing() == {}
        name = silences.add(silence("edge-1", begins=0))
        labels = {"alertname": "SiteDown", "severity": "page", "region": "ke"}
        alerts = [{"labels": {**labels, "site": site}} for site in ("edge-1", "edge-2", "edge-9")]
        local.post(f"{alertmanager}/api/v2/alerts", json=alerts).raise_for_status()
        found = local.get(f"{alertmanager}/api/v2/alerts").json()
        states = {one["labels"]["site"]: one["status"]["state"] == "suppressed" for one in found}
        assert states == {"edge-1": True, "edge-2": False, "edge-9": True}
        silences.expire(name)


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(time.time() + seconds, UTC).isoformat()


def test_an_alertmanager_that_is_away_is_told_with_its_address_and_no_secret() -> None:
    """What it may be tried again for is Unavailable; a path that may be a key is not shown."""
    with closing(AlertmanagerSilences(f"http://127.0.0.1:{free_port()}/k3y-of-ours", MARK)) as silences:
        for asked in (silences.standing, lambda: silences.add(silence("edge-1")), lambda: silences.expire("x")):
            with pytest.raises(Unavailable, match="silences are as they were, and tried again") as told:
                asked()
            assert "k3y-of-ours" not in str(told.value)


ODD = {"no JSON": b"<html>", "no list": b'{"a": 1}', "a silence without a state": b'[{"id": "a"}]', "no time": b'[{"id": "a", "comment": "'
       + MARK.encode() + b'", "status": {"state": "active"}, "matchers": [], "startsAt": "now", "endsAt": "", "createdBy": ""}]'}  # fmt: skip


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_an_answer_that_is_none_of_alertmanagers_is_told(body: bytes) -> None:
    """A proxy's page is no list of silences: nothing is made or ended by it."""
    with (
        HttpDouble(answer=lambda *_: Answer(body=body)) as double,
        closing(AlertmanagerSilences(double.url, MARK)) as silences,
        pytest.raises(Unavailable, match="tried again"),
    ):
        silences.standing()


def test_a_slow_alertmanager_holds_up_a_turn_for_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer comes in its time and all together do not: the turn that asks judges and settles as well."""
    monkeypatch.setattr(adapter, "RUN_SECONDS", 0.1)

    def slow(*_: object) -> Answer:
        time.sleep(0.11)
        return Answer(body=b"[]")

    with (
        HttpDouble(answer=slow) as double,
        closing(AlertmanagerSilences(double.url, MARK)) as opened,
    ):
        opened.standing()
        with pytest.raises(Unavailable, match=r"took 0\.1 s together, the rest is for the next turn"):
            opened.add(silence("edge-1"))
        assert opened.standing() == {}


def test_a_silence_that_alertmanager_refuses_is_no_alertmanager_that_is_away() -> None:
    """Its clock may be ahead: what ends soon has ended there."""
    refusal = Answer(status=400, body=b"end time can not be in the past")
    with (
        HttpDouble(answer=lambda *_: refusal) as double,
        closing(AlertmanagerSilences(double.url, MARK)) as opened,
        pytest.raises(Unusable, match="HTTP 400, expected 200: end time"),
    ):
        opened.add(silence("edge-1"))
