"""What Alertmanager posts becomes incidents: what is told twice is one, and what is wrong costs itself alone."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from sankofa_observe.api.alerts import MAX_BODY_BYTES, MOST_ALERTS, Token, create_receiver
from sankofa_observe.errors import InvalidInput, Unavailable
from sankofa_observe.pipeline.incidents import Stored
from sankofa_observe.sla.incident import Incident
from sankofa_observe.testing import FixedClock, MemoryLedger
from tests.builders import START

TOKEN = "correct-horse-battery"
ALERT: dict[str, Any] = {
    "status": "firing",
    "labels": {"alertname": "SiteDown", "severity": "page", "site": "edge-1"},
    "annotations": {"summary": "edge-1 is DOWN: proxmox"},
    "startsAt": "2026-01-01T00:00:00.999Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus",
    "fingerprint": "02c20f5ce5b54c12",
}
ENDED = ALERT | {"status": "resolved", "endsAt": "2026-01-01T03:01:00.5+03:00"}


def notification(*alerts: Any, **more: Any) -> dict[str, Any]:
    return {
        "version": "4",
        "status": "firing",
        "receiver": "incidents",
        "truncatedAlerts": 0,
        "alerts": list(alerts),
        **more,
    }


class Receiver:
    """The app over a ledger in memory."""

    def __init__(self, folder: Path) -> None:
        self.ledger, self.counted = MemoryLedger(), list[Stored]()
        self.file = folder / "token"
        self.file.touch(mode=0o600)
        self.file.write_text(f"{TOKEN}\n")
        self.app = create_receiver(self.ledger, FixedClock(at=START), Token(self.file), self.counted.append)

    def post(self, body: Any, token: str = TOKEN) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
                return await client.post("/v1/alerts", content=content, headers={"Authorization": f"Bearer {token}"})

        return asyncio.run(asked())

    def told(self, *alerts: Any, **more: Any) -> Any:
        answer = self.post(notification(*alerts, **more))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def stored(self) -> list[Incident]:
        return [one for record in self.ledger.told.values() for one in record.revisions]


@pytest.fixture
def receiver(tmp_path: Path) -> Receiver:
    return Receiver(tmp_path)


def test_an_alert_is_an_incident_from_the_second_it_began_to_the_second_after_it_ended(receiver: Receiver) -> None:
    """Both outwards, whatever zone the instants are told in; labels and annotations are kept as they are."""
    first, last = receiver.told(ALERT), receiver.told(ENDED)
    assert [first, last] == [{"stored": 1, "same": 0, "truncated": 0, "refused": []}] * 2
    firing, resolved = receiver.stored()
    assert (firing.started_at, firing.ended_at, resolved.ended_at) == (START, None, START + 61)
    assert (firing.labels, firing.annotations) == (ALERT["labels"], ALERT["annotations"])
    assert firing.id == resolved.id


def test_notifications_may_come_again(receiver: Receiver) -> None:
    """Alertmanager repeats what it is not sure of."""
    answers = [receiver.told(one)["same"] for one in (ALERT, ALERT, ENDED, ENDED, ENDED)]
    assert answers == [0, 1, 0, 1, 1]
    assert len(receiver.stored()) == 2


def test_more_alerts_than_anybody_sends_are_refused_as_a_whole(receiver: Receiver) -> None:
    """Each that is wrong would be a line of the log and of the answer: two million fit into a body."""
    answer = receiver.post(b'{"alerts":[' + b"0," * MOST_ALERTS + b"0]}")
    assert (answer.status_code, len(answer.content) < 500) == (413, True)


def test_a_count_of_alerts_cut_off_that_no_counter_holds_is_none(receiver: Receiver) -> None:
    """What is stored is counted all the same."""
    assert [receiver.told(truncatedAlerts=many)["truncated"] for many in (10**400, True, 3)] == [0, 1, 3]


WRONG: dict[str, Any] = {
    "no object": 7,
    "no status": {key: value for key, value in ALERT.items() if key != "status"},
    "another status": ALERT | {"status": "suppressed"},
    "no fingerprint": ALERT | {"fingerprint": "§"},
    "no name": ALERT | {"labels": {"site": "edge-1"}},
    "a label that is no text": ALERT | {"labels": ALERT["labels"] | {"site": 1}},
    "too many labels": ALERT | {"labels": ALERT["labels"] | {f"l{n}": "" for n in range(64)}},
    "no start": ALERT | {"startsAt": "yesterday"},
    "a start without a zone": ALERT | {"startsAt": "2026-01-01T00:00:00"},
    "a start that was never set": ALERT | {"startsAt": "0001-01-01T00:00:00Z"},
    "a start with half a letter in it": ALERT | {"startsAt": "2026-01-01\ud80000:00:00Z"},
    "no end": ENDED | {"endsAt": None},
    "an end before its start": ENDED | {"endsAt": "2025-12-31T00:00:00Z"},
    "annotations that are a list": ALERT | {"annotations": []},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_an_alert_that_is_wrong_costs_itself_alone(receiver: Receiver, wrong: Any) -> None:
    """It is named by its place and why; those beside it are stored, and nothing is told again because of it."""
    beside = copy.deepcopy(ALERT) | {"fingerprint": "ffffffffffffffff"}
    answer = receiver.told(ALERT, wrong, beside)
    assert (answer["stored"], [one["where"] for one in answer["refused"]]) == (2, ["alerts/1"])
    assert (
        "expected" in answer["refused"][0]["problem"]
        or "is before" in answer["refused"][0]["problem"]
        or "no label" in answer["refused"][0]["problem"]
    )
    assert receiver.counted[0].count("refused") == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"alerts": 1}', b"[" * 100_000, b"\xff"])
def test_what_is_no_notification_is_refused_as_a_whole(receiver: Receiver, body: bytes) -> None:
    """422 and a sentence: trying it again would not help."""
    answer = receiver.post(body)
    assert answer.status_code == 422
    assert "expected" in answer.json()["detail"]
    assert receiver.stored() == []


def test_a_body_without_end_is_refused(receiver: Receiver) -> None:
    """Before it is read to its end."""
    answer = receiver.post(b" " * (MAX_BODY_BYTES + 1))
    assert (answer.status_code, receiver.stored()) == (413, [])


def test_what_alertmanager_cut_off_is_told(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """In the answer, in the counts and in the log, with what helps."""
    assert receiver.told(ALERT, truncatedAlerts=3)["truncated"] == 3
    assert receiver.counted[0].count("truncated") == 3
    assert [(one.msg, one.hint) for one in caplog.records] == [  # type: ignore[attr-defined]
        ("incidents truncated", "raise max_alerts of the receiver")
    ]


@pytest.mark.parametrize("token", ["", "correct-horse-batterx", TOKEN[:-1]])
def test_without_its_token_nobody_stores_anything(receiver: Receiver, token: str) -> None:
    """401, whatever else was sent."""
    assert receiver.post(notification(ALERT), token).status_code == 401
    assert receiver.stored() == []


def test_a_new_token_counts_at_once_and_one_that_is_gone_is_tried_again(receiver: Receiver) -> None:
    """A file that is being replaced loses no notification: 503 is told again."""
    receiver.file.write_text("another-token-of-16")
    assert (
        receiver.post(notification(ALERT)).status_code,
        receiver.post(notification(ALERT), "another-token-of-16").status_code,
    ) == (401, 200)
    receiver.file.unlink()
    assert receiver.post(notification(ALERT)).status_code == 503


@pytest.mark.parametrize(("text", "mode"), [("short", 0o600), ("two tokens in-one-line", 0o600), (TOKEN, 0o644)])
def test_a_token_that_protects_nothing_is_refused_at_the_start(tmp_path: Path, text: str, mode: int) -> None:
    """And never shown."""
    file = tmp_path / "token"
    file.write_text(text)
    file.chmod(mode)
    with pytest.raises(InvalidInput) as told:
        Token(file)
    assert text not in str(told.value)


def test_a_ledger_that_is_away_is_told_again(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """503: Alertmanager tries again, and what stood already is the same."""

    def away(self: MemoryLedger, told: Incident, at: int) -> bool:
        raise Unavailable("ledger sqlite:///x: database is locked; nothing was written, try again")

    with monkeypatch.context() as patched:
        patched.setattr(MemoryLedger, "add_incident", away)
        assert receiver.post(notification(ALERT)).status_code == 503
    assert receiver.told(ALERT)["stored"] == 1


def test_a_value_that_no_database_holds_costs_its_alert_alone(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the ledger refuses it."""
    add = MemoryLedger.add_incident

    def holding(self: MemoryLedger, told: Incident, at: int) -> bool:
        if "\0" in told.labels["site"]:
            raise InvalidInput("incident: site is text with NUL; nothing was written")
        return add(self, told, at)

    monkeypatch.setattr(MemoryLedger, "add_incident", holding)
    answer = receiver.told(ALERT | {"labels": ALERT["labels"] | {"site": "a\0"}, "fingerprint": "a" * 16}, ALERT)
    assert (answer["stored"], answer["refused"][0]["code"]) == (1, "incident.value")


def test_notifications_that_come_at_once_are_stored_one_after_the_other(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads would wait for the ledger's one writer until it is locked for too long, and for each other's connections."""
    add, inside, most = MemoryLedger.add_incident, threading.Semaphore(0), list[int]()
    storing = list[int]()

    def slowly(self: MemoryLedger, told: Incident, at: int) -> bool:
        storing.append(1)
        most.append(len(storing))
        inside.acquire(timeout=0.05)  # nobody releases it: others have time to come in
        storing.pop()
        return add(self, told, at)

    monkeypatch.setattr(MemoryLedger, "add_incident", slowly)

    async def at_once() -> list[int]:
        transport = httpx.ASGITransport(receiver.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
            head = {"Authorization": f"Bearer {TOKEN}"}
            bodies = [notification(ALERT | {"fingerprint": f"{number:016x}"}) for number in range(5)]
            answers = await asyncio.gather(*(client.post("/v1/alerts", json=one, headers=head) for one in bodies))
            return [one.status_code for one in answers]

    assert (asyncio.run(at_once()), most, len(receiver.stored())) == ([200] * 5, [1] * 5, 5)
