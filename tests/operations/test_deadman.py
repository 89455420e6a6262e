"""The dead man's judge: each sender by itself, once late and once back, and a beat is one that says something new."""

from __future__ import annotations

import gc
import json
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from sankofa_observe import telemetry
from sankofa_observe.errors import InvalidInput
from sankofa_observe.operations import second_channel
from sankofa_observe.operations.deadman import Call, Judge, Memory, Word
from sankofa_observe.operations.deadman_server import DeadmanServer, Metrics, look
from sankofa_observe.operations.deadman_state import Memories
from sankofa_observe.operations.second_channel import SecondChannel
from tests.http_double import Answer, HttpDouble

LATE, BACK = Word.LATE, Word.BACK


def beat(observer: str = "east", *, moment: str = "", status: str = "firing") -> dict[str, Any]:
    labels = {"alertname": "Watchdog", "severity": "heartbeat"} | ({"observer": observer} if observer else {})
    return {"status": status, "labels": labels, "annotations": {"evaluated_at": moment} if moment else {}}


@dataclass
class Clock:
    at: float = 0

    def __call__(self) -> float:
        return self.at


class World:
    """A judge of some senders, who may be away for 60 s, and what was told at which second."""

    def __init__(self, *senders: str, before: Mapping[str, Memory] | None = None) -> None:
        self.clock = Clock()
        self.judge = Judge(senders=senders, within_seconds=60, monotonic=self.clock, before=before or {})
        self.told: list[tuple[float, str, Word]] = []

    def run(self, until: int, beats: Callable[[int], list[dict[str, Any]]], *, reaches: bool = True) -> None:
        for second in range(int(self.clock.at), until, 5):
            self.clock.at = second
            for one in beats(second):
                self.judge.heard(one)
            for call in self.judge.due():
                if reaches:
                    self.told.append((second, call.sender, call.word))
                    self.judge.told(call)


def test_a_sender_that_stops_is_late_once_and_back_once() -> None:
    """After its deadline, and with the first beat."""
    world = World("east")
    world.run(600, lambda second: [beat()] if second <= 100 or second >= 400 else [])
    assert world.told == [(165, "east", LATE), (400, "east", BACK)]


def test_each_sender_has_its_own_deadline() -> None:
    """One that goes on hides no other one."""
    world = World("east", "west")
    world.run(300, lambda second: [beat("west")] + ([beat("east")] if second < 50 else []))
    assert world.told == [(110, "east", LATE)]


def test_a_sender_that_was_never_heard_is_late() -> None:
    """Absent is not well."""
    world = World("east")
    world.run(200, lambda _: [])
    assert world.told == [(65, "east", LATE)]


def test_an_alert_that_alertmanager_repeats_of_a_dead_prometheus_is_no_beat() -> None:
    """It says the same moment of evaluation; one that says a new one is, whatever clock it is of."""
    world = World("east")
    world.run(200, lambda second: [beat(moment=str(min(second, 50)))])
    assert world.told == [(115, "east", LATE)]
    world.run(300, lambda second: [beat(moment=str(-second))])
    assert world.told[1:] == [(195, "east", BACK)]


def test_two_alertmanagers_that_each_repeat_a_moment_of_a_dead_prometheus_are_no_beat() -> None:
    """One of them lost the last word of Prometheus: they say two moments in turn, and both are old."""
    world = World("east")
    world.run(300, lambda second: [beat(moment="100" if second % 10 else "115")])
    assert world.told == [(70, "east", LATE)]


def test_an_alert_that_ended_is_no_beat() -> None:
    """Alertmanager says that the heartbeat is over: that is what is feared."""
    world = World("east")
    world.run(100, lambda _: [beat(status="resolved")])
    assert world.told == [(65, "east", LATE)]


def test_a_call_that_reaches_nobody_is_due_again_and_one_that_is_over_is_not() -> None:
    """Back before anybody heard that it was late: there is nothing to tell."""
    world = World("east")
    world.run(100, lambda _: [], reaches=False)
    assert [call.word for call in world.judge.due()] == [LATE]
    world.run(300, lambda _: [beat()], reaches=True)
    assert world.told == []


@pytest.mark.parametrize(("comes_back", "told"), [(True, [(30, "east", BACK)]), (False, [])])
def test_a_judge_that_began_anew_tells_what_is_new(comes_back: bool, told: list[Any]) -> None:  # noqa: FBT001
    """Who was late stays late without a second call, and is back when it is heard."""
    world = World("east", before={"east": Memory(told=LATE)})
    world.run(300, lambda second: [beat()] if comes_back and second >= 30 else [])
    assert world.told == told


def test_a_heartbeat_of_nobody_who_is_expected_is_refused() -> None:
    """With one sender it need not say its name, with several it must."""
    assert World("east").judge.heard(beat(""))
    for judge, name in ((World("east", "west").judge, ""), (World("east").judge, "north")):
        with pytest.raises(InvalidInput, match=r"expected one of east.* in the label observer"):
            judge.heard(beat(name))


CALL = Call(sender="east", word=LATE, silent_seconds=181)


def _file(folder: Path, text: str) -> Path:
    file = folder / f"secret-{len(list(folder.iterdir()))}"
    file.touch(mode=0o600)
    file.write_text(text)
    return file


def test_the_webhook_gets_a_text_a_key_and_its_token(tmp_path: Path) -> None:
    """As chats show it and pagers join it."""
    bodies: list[Any] = []

    def answer(_: str, __: str, body: bytes) -> Answer:
        bodies.append(json.loads(body))
        return Answer()

    with HttpDouble(answer=answer) as double:
        channel = SecondChannel(
            url_file=_file(tmp_path, f"{double.url}/services/k3y\n"), token_file=_file(tmp_path, "t0ken")
        )
        assert channel.tell(CALL)
    assert bodies == [{"text": str(CALL), "word": "late", "observer": "east", "key": "deadman/east"}]
    [(path, headers)] = double.requests
    assert (path, headers["Authorization"]) == ("/services/k3y", "Bearer t0ken")


@pytest.mark.parametrize(
    "answer", [Answer(status=500), Answer(status=302, location="/elsewhere"), Answer(hang_up=True)], ids=str
)
def test_a_webhook_that_fails_reaches_nobody_and_its_address_is_not_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, answer: Answer
) -> None:
    """A redirect is no answer: the token goes nowhere else. No connection is left to the collector, which would warn in another test."""
    with HttpDouble(answer=lambda *_: answer) as double:
        channel = SecondChannel(url_file=_file(tmp_path, f"{double.url}/services/k3y"))
        assert not channel.tell(CALL)
    assert len(double.requests) == 1
    [record] = caplog.records
    assert "the webhook" in record.why  # type: ignore[attr-defined]
    assert "k3y" not in str(vars(record))
    gc.collect()


def test_a_program_gets_the_text_and_no_shell_sees_it(tmp_path: Path) -> None:
    """Its arguments are what was written; who is late stands in its environment."""
    out = tmp_path / "out"
    script = "import os, sys; open(sys.argv[1], 'w').write(sys.stdin.read() + os.environ['DEADMAN_WORD'] + sys.argv[2])"
    channel = SecondChannel(command=(sys.executable, "-c", script, str(out), "$HOME; `id`"))
    assert channel.tell(CALL)
    assert out.read_text() == f"{CALL}\nlate$HOME; `id`"


def test_one_way_that_works_is_enough(tmp_path: Path) -> None:
    """The other one is logged."""
    nobody = _file(tmp_path, "http://127.0.0.1:9/")
    working, failing = (sys.executable, "-c", ""), (sys.executable, "-c", "raise SystemExit('no mail')")
    assert SecondChannel(url_file=nobody, command=working).tell(CALL)
    assert not SecondChannel(url_file=nobody, command=failing).tell(CALL)
    assert not SecondChannel(command=("/no/such/program",)).tell(CALL)


def test_words_of_a_program_that_are_no_text_end_no_judge() -> None:
    """What it said is shown as far as it can be."""
    loud = "import sys; sys.{}.buffer.write(b'\\xff'); sys.exit({})"
    assert SecondChannel(command=(sys.executable, "-c", loud.format("stdout", 0))).tell(CALL)
    assert not SecondChannel(command=(sys.executable, "-c", loud.format("stderr", 1))).tell(CALL)


def test_a_program_that_leaves_something_in_the_background_has_reached_somebody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As mail does: what goes on holds its output open, and somebody would be called again and again."""
    monkeypatch.setattr(second_channel, "COMMAND_SECONDS", 1)
    assert SecondChannel(command=("sh", "-c", "sleep 5 & exit 0")).tell(CALL)


def test_each_way_has_a_deadline_for_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that comes byte by byte, and a program whose child goes on: neither keeps others from being judged."""
    monkeypatch.setattr(second_channel, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(second_channel, "COMMAND_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                for _ in range(100):
                    connection.sendall(b"x")
                    time.sleep(0.05)

        Thread(target=drip, daemon=True).start()
        url_file = _file(tmp_path, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        channel = SecondChannel(url_file=url_file, command=("sh", "-c", "sleep 5; true"))
        began = time.monotonic()
        assert not channel.tell(CALL)
    assert time.monotonic() - began < 4


def test_a_channel_that_reaches_nobody_is_refused_at_the_start(tmp_path: Path) -> None:
    """None at all, a file that others read, and an empty one."""
    open_file, empty = _file(tmp_path, "http://127.0.0.1:9/"), _file(tmp_path, "")
    open_file.chmod(0o644)
    with pytest.raises(InvalidInput, match=r"nobody is called: expected --page\.url-file"):
        SecondChannel()
    for file in (open_file, empty, tmp_path / "none"):
        with pytest.raises(InvalidInput, match="expected"):
            SecondChannel(url_file=file)


@contextmanager
def serving(world: World, token: str = "") -> Iterator[httpx.Client]:
    server = DeadmanServer(("127.0.0.1", 0), world.judge, Metrics(world.judge), lambda: token)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", trust_env=False) as client:
            yield client
    finally:
        server.shutdown()
        server.server_close()


ASKED: tuple[tuple[Any, int], ...] = (
    ({"alerts": [beat()]}, 200),
    ({"alerts": [beat("north"), beat()]}, 422),
    ({"alerts": [7, beat()]}, 422),
    ({"alerts": 7}, 422),
    ([], 422),
    ({}, 422),
)


@pytest.mark.parametrize(("body", "status"), ASKED, ids=str)
def test_the_server_takes_beats_and_a_wrong_one_costs_no_other_one(body: Any, status: int) -> None:
    """Whatever else is in the notification, the beat in it counts."""
    world = World("east")
    world.clock.at = 100
    with serving(world) as client:
        answer = client.post("/v1/heartbeats", json=body)
        late = f'{telemetry.DEADMAN_LATE}{{observer="east"}}'
        told = client.get("/metrics").text
    has_beat = "Watchdog" in json.dumps(body) and "east" in json.dumps(body)
    assert (answer.status_code, f"{late} {0.0 if has_beat else 1.0}" in told) == (status, True)


def test_a_notification_of_many_wrong_alerts_is_told_in_a_line() -> None:
    """The answer is a line of the log as well."""
    world = World("east")
    with serving(world) as client:
        answer = client.post("/v1/heartbeats", json={"alerts": [7] * 10_000 + [beat()]})
    assert (answer.status_code, answer.text.endswith("; and 9995 more\n"), len(answer.text) < 500) == (422, True, True)
    assert world.judge.memory["east"].told is BACK


def test_without_its_token_no_beat_counts() -> None:
    """Nobody else says that the dead live."""
    world = World("east")
    world.clock.at = 100
    with serving(world, token="t0ken") as client:
        bad = [
            client.post("/v1/heartbeats", json={"alerts": [beat()]}, headers=head)
            for head in ({}, {"Authorization": "Bearer x"})
        ]
        assert ([one.status_code for one in bad], world.judge.is_late("east")) == ([401, 401], True)
        good = client.post("/v1/heartbeats", json={"alerts": [beat()]}, headers={"Authorization": "Bearer t0ken"})
        assert (good.status_code, world.judge.is_late("east")) == (200, False)
        assert [client.get(path).status_code for path in ("/healthz", "/nothing")] == [200, 404]


def test_who_was_told_to_be_late_is_kept_over_a_restart(tmp_path: Path) -> None:
    """And calls are counted by what became of them; a file that cannot be read is nothing."""
    world, state = World("east", "west"), Memories(tmp_path / "state.json")
    metrics = Metrics(world.judge)
    world.judge.heard(beat("west", moment="7"))
    world.clock.at = 61
    world.judge.heard(beat("west", moment="8"))
    for command in ((sys.executable, "-c", "raise SystemExit(1)"), (sys.executable, "-c", "")):
        look(world.judge, SecondChannel(command=command), metrics, state)
    assert state.read() == {"east": Memory(silent_seconds=61, told=LATE), "west": Memory(moments=("7", "8"))}
    calls = {
        outcome: metrics.registry.get_sample_value(telemetry.DEADMAN_CALLS.name, {"word": "late", "outcome": outcome})
        for outcome in ("failed", "reached")
    }
    assert calls == {"failed": 1, "reached": 1}


SPOILED = (
    "{", "[" * 100_000, "7", '["east"]', '{"east": 7}', '{"east": {}}',
    '{"east": {"silent_seconds": -1, "told": "back", "moments": []}}',
    '{"east": {"silent_seconds": NaN, "told": "back", "moments": []}}',
    '{"east": {"silent_seconds": 1, "told": "gone", "moments": []}}',
)  # fmt: skip


@pytest.mark.parametrize("text", SPOILED, ids=range(len(SPOILED)))
def test_a_state_that_cannot_be_read_is_none_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    """The judge begins with nothing known, and calls all the same."""
    file = tmp_path / "state.json"
    file.write_text(text)
    assert Memories(file).read() == {}
    assert [one.reason.partition(":")[0] for one in caplog.records] == ["not read"]  # type: ignore[attr-defined]


def test_no_state_file_and_none_yet_is_nothing_known(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert (Memories(None).read(), Memories(tmp_path / "none").read(), caplog.records) == ({}, {}, [])


def test_a_state_that_cannot_be_written_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A judge looks every two seconds, and its disk may be full for a night."""
    folder = tmp_path / "gone"
    state = Memories(folder / "state.json")
    for _ in range(3):
        state.write({})
    folder.mkdir()
    state.write({"east": Memory()})
    logged = [one.reason for one in caplog.records]  # type: ignore[attr-defined]
    assert (logged, list(state.read())) == (["not written: No such file or directory"], ["east"])


def _since(beats: Callable[[int], list[dict[str, Any]]], began: int, at: int) -> list[dict[str, Any]]:
    return beats(began + at)


def restarted(folder: Path, lives: int, *, seconds: int, beats: Callable[[int], list[dict[str, Any]]]) -> list[Any]:
    """A judge that is killed and begins anew, each time after as many seconds; who was told of what, in which life."""
    state, told = Memories(folder / "state.json"), []
    for life in range(lives):
        world = World("east", "west", before=state.read())
        for second in range(0, seconds, 5):
            world.run(second + 1, partial(_since, beats, life * seconds))
            state.write(world.judge.memory)
        told += [(life, *call[1:]) for call in world.told]
    return told


def test_a_judge_that_begins_anew_more_often_than_its_deadline_calls_all_the_same(tmp_path: Path) -> None:
    """Killed every 40 s with a deadline of 60: silence goes on from one process to the next, and a call is made once."""
    assert restarted(tmp_path, 6, seconds=40, beats=lambda _: [beat("west")]) == [(1, "east", LATE)]


def test_a_moment_that_an_earlier_judge_heard_is_no_beat(tmp_path: Path) -> None:
    """Alertmanager goes on repeating the alert of a dead Prometheus, to each judge that begins."""
    told = restarted(tmp_path, 6, seconds=40, beats=lambda at: [beat("west"), beat(moment=str(min(at, 30)))])
    assert told == [(2, "east", LATE)]


def test_what_passes_while_no_judge_runs_is_nobodys_silence(tmp_path: Path) -> None:
    """A machine that was off for an hour calls nobody when it is on again; its clock is asked for nothing."""
    state = Memories(tmp_path / "state.json")
    first = World("east")
    first.run(41, lambda _: [])
    state.write(first.judge.memory)
    # Its monotonic clock is of another start of the machine.
    later = Judge(senders=("east",), within_seconds=60, monotonic=Clock(at=7), before=state.read())
    assert later.silent_seconds("east") == 40
