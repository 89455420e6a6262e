"""Log lines of the platform are those of the exporters: whoever reads one, reads the other."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from sankofa_exporters.serving import logs as exporters
from sankofa_observe.operations import logs as platform

FIELDS: dict[str, dict[str, Any]] = {
    "plain": {"msg": "ready"},
    "fields": {"msg": "stage done", "stage": "settle", "seconds": "0.120", "did": 'two "moved"\nand one not'},
    "arguments": {"msg": "%s of %d", "args": ("two", 3)},
    "empty": {"msg": "", "tenant": ""},
    "more than text": {"msg": "m", "count": 3, "ok": True, "nothing": None, "list": ["a b", 1]},
}


def records() -> list[logging.LogRecord]:
    made = [logging.makeLogRecord({"name": "s", "levelname": "INFO", "created": 1.5, **one}) for one in FIELDS.values()]
    error = ZeroDivisionError("bug")
    raised = {"name": "s", "msg": "unexpected", "created": 1.5, "exc_info": (type(error), error, None)}
    return [*made, logging.makeLogRecord(raised)]


@pytest.mark.parametrize("formatter", ["LogfmtFormatter", "JsonFormatter"])
def test_lines_are_those_of_the_exporters(formatter: str) -> None:
    """The module is copied, since neither package may import the other."""
    ours, theirs = getattr(platform, formatter)(), getattr(exporters, formatter)()
    assert [ours.format(one) for one in records()] == [theirs.format(one) for one in records()]


def test_set_up_writes_one_form_to_stderr(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON where it is asked for; below the level nothing; libraries that tell of each step are quiet."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    try:
        platform.set_up("info", "json")
        logging.getLogger("sankofa_observe").debug("hidden")
        logging.getLogger("apscheduler").info("hidden")
        logging.getLogger("sankofa_observe").info("ready", extra={"part": "api"})
    finally:
        root.setLevel(level)
    (line,) = capsys.readouterr().err.splitlines()
    assert {key: json.loads(line)[key] for key in ("level", "logger", "msg", "part")} == {
        "level": "info", "logger": "sankofa_observe", "msg": "ready", "part": "api",
    }  # fmt: skip
