"""An attestor's process: what it measures after a turn, and what it says of turns."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from sankofa_observe import telemetry
from sankofa_observe.operations.attest import AttestMetrics, AttestTurns
from sankofa_observe.operations.process import Ending
from sankofa_observe.operations.registry import ProcessMetrics
from sankofa_observe.telemetry import Series
from tests.attesting import House, early, honest, lie


class Process:
    """The turns of one attestor, with its metrics."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder=folder)
        self.process = ProcessMetrics()
        self.turns = AttestTurns(
            attesting=self.house.attesting, metrics=AttestMetrics(self.process), ending=Ending(), every_seconds=1
        )

    def value(self, series: Series, **labels: str) -> float | None:
        return self.process.registry.get_sample_value(str(series), labels)

    def words(self) -> dict[str, float | None]:
        every = ("agrees", "objects", "cannot tell", "waiting")
        return {word: self.value(telemetry.ATTEST_DOCUMENTS, word=word) for word in every}


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process(tmp_path)


def test_what_it_says_of_documents_is_measured(process: Process) -> None:
    """By word, with the oldest wait, recounts and signatures; what is open no more is counted no more."""
    process.house.propose((honest(0),), (lie(1),), (early(),))
    process.turns.turn()
    process.house.clock.forward(50)
    process.turns.turn()
    during = process.words(), process.value(telemetry.ATTEST_WAITING_SECONDS)
    process.house.propose()
    process.turns.turn()

    assert during == ({"agrees": 1, "objects": 1, "cannot tell": 1, "waiting": 0}, 50)
    assert set(process.words().values()) == {0}
    assert process.value(telemetry.ATTEST_RECOUNTS) == 2
    assert process.value(telemetry.ATTEST_SIGNED) == 1
    assert process.value(telemetry.ATTEST_TURN) == process.house.clock.at


def test_a_file_that_is_none_is_measured_and_said_once(process: Process, caplog: pytest.LogCaptureFixture) -> None:
    """A line names it; the next turn, which finds the same, is silent."""
    process.house.propose((honest(0),))
    (process.house.shared / "proposals" / "strange").touch()
    with caplog.at_level(logging.INFO):
        for _ in range(4):
            process.turns.turn()
    lines = [str(getattr(one, "did", "")) for one in caplog.records]

    assert process.value(telemetry.ATTEST_FAULTS) == 1
    assert len(lines) == 2  # what it signed in the first turn is not in the second
    assert lines[0].startswith("1 agrees; signed 0x")
    assert lines[1] == "1 agrees; proposals/strange: no name of a proposal"


def test_a_turn_that_fails_is_counted_said_once_and_tried_again(
    process: Process, caplog: pytest.LogCaptureFixture
) -> None:
    """The folder was away; when it is back, the line says for how many turns."""
    process.house.shared.rename(process.house.folder / "elsewhere")
    with caplog.at_level(logging.INFO):
        taken = [process.turns.turn() for _ in range(3)]
        (process.house.folder / "elsewhere").rename(process.house.shared)
        taken.append(process.turns.turn())

    assert taken == [False, False, False, True]
    assert [one.message for one in caplog.records] == ["turn failed", "turn done"]
    assert caplog.records[1].failures_before == 3  # type: ignore[attr-defined]  # a field of the line
    assert process.value(telemetry.ERRORS, part="attest", kind="unavailable") == 3
