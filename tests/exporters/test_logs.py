"""Log lines are one line each, in logfmt or JSON, whatever is in them."""

from __future__ import annotations

import json
import logging

from hypothesis import given
from hypothesis import strategies as st

from sankofa_exporters.serving.logs import JsonFormatter, LogfmtFormatter


def record(message: str, **extra: object) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "sankofa", "levelname": "WARNING", "msg": message, "created": 1.5, **extra})


def test_logfmt_quotes_what_needs_it() -> None:
    """Plain words stay plain; a space, a quote or an equals sign is quoted."""
    line = LogfmtFormatter().format(record("collector failed", target="edge-1", reason='saw "x"'))

    assert line == (
        "time=1970-01-01T00:00:01.500+00:00 level=warning logger=sankofa "
        'msg="collector failed" target=edge-1 reason="saw \\"x\\""'
    )


@given(st.text())
def test_line_stays_one_line(text: str) -> None:
    """No value can begin a line of its own, and JSON gives it back."""
    lines = LogfmtFormatter().format(record("m", value=text)), JsonFormatter().format(record("m", value=text))

    assert ["\n" in line for line in lines] == [False, False]
    assert json.loads(lines[1])["value"] == text
