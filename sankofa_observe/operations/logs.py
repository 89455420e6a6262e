"""Log lines that machines read: logfmt as Prometheus writes it, or JSON. Fields come with `extra=`.

A line never holds a header, a token or a body: who logs gives names, kinds and reasons that are safe to show.

The exporters write the same lines with a module of their own: neither package may import the other, and a third one for forty lines
would tie their releases together. A test holds the two equal.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, Literal

Format = Literal["logfmt", "json"]
FORMATS: tuple[Format, ...] = ("logfmt", "json")
_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}
_PLAIN = re.compile(r"[^\s\"=\\]+")


class LogfmtFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return " ".join(f"{key}={_quoted(value)}" for key, value in _fields(record).items())


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(_fields(record), default=str)


def set_up(level: str, form: Format) -> None:
    """All logging of the process to stderr in one form; libraries that print whole requests at debug are kept quiet."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else LogfmtFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("alembic", "apscheduler", "asyncio", "httpcore", "httpx", "uvicorn.error", "web3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its retries; what came of them is said by the stage


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Time, level, place and message first, then what the line's author added, then an exception's type."""
    extra = {key: value for key, value in record.__dict__.items() if key not in _OWN}
    if record.exc_info and record.exc_info[0]:
        extra["exception"] = record.exc_info[0].__name__
    time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    head = {"time": time, "level": record.levelname.lower(), "logger": record.name, "msg": record.getMessage()}
    return head | extra


def _quoted(value: Any) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
