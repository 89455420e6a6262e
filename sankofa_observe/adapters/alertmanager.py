"""Silences in Alertmanager, by its API v2. Only those with our mark are read or ended."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import requests
from urllib3.util.retry import Retry

from sankofa_observe import shown
from sankofa_observe.adapters.bounded import BoundedAdapter, content_of, for_ever
from sankofa_observe.adapters.redaction import Redaction, shortened
from sankofa_observe.errors import Unavailable, Unusable
from sankofa_observe.ports import Silence
from sankofa_observe.units import Period, rfc3339

ANSWER_SECONDS = 15
RUN_SECONDS = 60  # for all changes after a look: the turn that makes them judges and settles as well
MAX_BYTES = 16 * 2**20


class AlertmanagerSilences:
    """The silences whose comment begins with `mark`. One of these belongs to one thread."""

    def __init__(self, url: str, mark: str, *, waits_no_more: Callable[[], bool] = for_ever) -> None:
        self._url, self._mark = url.rstrip("/"), mark
        self._redacted = Redaction({}, self._url)
        self._until = math.inf
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.max_redirects = 0
        # A silence that is made twice is found as two, and one of them ends: trying again is safe.
        retries = Retry(total=1, backoff_factor=0.2, status_forcelist=(502, 503, 504), allowed_methods=None)
        bounded = BoundedAdapter(
            seconds=ANSWER_SECONDS, max_bytes=MAX_BYTES, retries=retries, waits_no_more=waits_no_more
        )
        self._session.mount(self._url, bounded)

    def close(self) -> None:
        self._session.close()

    def standing(self) -> dict[str, Silence]:
        self._until = time.monotonic() + RUN_SECONDS
        every = self._asked("GET", "silences")
        try:
            ours = [
                one for one in every if one["status"]["state"] != "expired" and one["comment"].startswith(self._mark)
            ]
            return {one["id"]: _silence(one) for one in ours}
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise self._away(f"a silence cannot be read, {type(error).__name__}: {error}") from error

    def add(self, silence: Silence) -> str:
        matchers = [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in silence.labels]
        body = {
            "matchers": matchers,
            "startsAt": rfc3339(silence.stretch.starts_at),
            "endsAt": rfc3339(silence.stretch.ends_at),
            "createdBy": silence.author,
            "comment": silence.comment,
        }
        answer = self._asked("POST", "silences", body)
        if not isinstance(answer, dict) or not isinstance(found := answer.get("silenceID"), str):
            raise self._away("it named no id of a silence that was made")
        return found

    def expire(self, silence_id: str) -> None:
        self._asked("DELETE", f"silence/{silence_id}")

    def _asked(self, method: str, path: str, body: Any = None) -> Any:
        if time.monotonic() > self._until:
            raise self._away(f"its answers took {RUN_SECONDS} s together, the rest is for the next turn")
        try:
            response = self._session.request(method, f"{self._url}/api/v2/{path}", json=body, timeout=ANSWER_SECONDS)
            if method == "DELETE" and response.status_code == requests.codes.not_found:
                return None  # it has ended, and is forgotten
            content = content_of(response)
            return response.json() if content else None
        except (requests.RequestException, ValueError) as error:
            away = self._away(str(error))
            raise (Unusable(str(away)) if _is_refusal(error) else away) from error

    def _away(self, why: str) -> Unavailable:
        told = shortened(self._redacted(why))
        return Unavailable(
            f"Alertmanager {shown.address(self._url)}: {told}; silences are as they were, and tried again"
        )


def _is_refusal(error: Exception) -> bool:
    """Whether Alertmanager read what was asked, and does not take it."""
    response = getattr(error, "response", None)
    return response is not None and response.status_code == requests.codes.bad_request


def _silence(one: Any) -> Silence:
    plain = all(each["isEqual"] and not each["isRegex"] for each in one["matchers"])
    labels = sorted((each["name"], each["value"]) for each in one["matchers"])
    starts_at, ends_at = (int(datetime.fromisoformat(one[name]).timestamp()) for name in ("startsAt", "endsAt"))
    stretch = Period(starts_at=starts_at, ends_at=max(ends_at, starts_at + 1))
    return Silence(
        labels=tuple(labels) if plain else (), stretch=stretch, author=one["createdBy"], comment=one["comment"]
    )
