"""The runbooks beside /metrics, for whoever follows the link of a page at night: /runbooks, and /runbooks/ALERT?site=SITE.

Plain text that any browser shows. It speaks of no tenant and reads nothing but its pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from sankofa_observe import runbooks
from sankofa_observe.errors import InvalidInput

PREFIX = "/runbooks"
NOBODY = ("all", "-")
"""Values of a label that are no name: an alert of the whole fleet has "all", an empty cell a dash."""
App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def with_runbooks(metrics: Any) -> App:
    """The application that answers /runbooks itself, and leaves all else to `metrics` (WSGI)."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path != PREFIX and not path.startswith(f"{PREFIX}/"):
            left: Iterable[bytes] = metrics(environ, start_response)
            return left
        status, text = _answer(path.removeprefix(PREFIX).strip("/"), str(environ.get("QUERY_STRING", "")))
        body = text.encode()
        start_response(
            status,
            [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", f"{len(body)}"),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
        return [body]

    return answer


def _answer(name: str, query: str) -> tuple[str, str]:
    """Labels that no page asks for, that are odd, or that name no single thing are left out: a link must open.

    A board's link has every label of its table: "all" where an alert is of none, and Grafana's own words where a table has no such column.
    """
    try:
        if not name:
            return "200 OK", "\n".join(f"{PREFIX}/{one}" for one in runbooks.names()) + "\n"
        return "200 OK", runbooks.page(name, {key: value for key, value in parse_qsl(query) if _fills_in(key, value)})
    except InvalidInput as error:
        return "404 Not Found", f"{error}\n"


def _fills_in(label: str, value: str) -> bool:
    return label in runbooks.LABELS and value not in NOBODY and runbooks.is_name(value)
