"""Raw samples from Prometheus, through prometheus-api-client.

Reads a series by a range selector in an instant query, so the samples are those that were scraped, at the time they were
scraped. The library hands over only `data.result` and drops warnings; a response hook keeps them, because a partial answer
must never be counted. One source belongs to one thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.util.retry import Retry

from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import HOUR_SECONDS, RawSeries, SampleSet
from sankofa_observe.slo.indicator import SITE_LABEL
from sankofa_observe.units import Period

TIMEOUT_SECONDS = 60
_NO_ANSWER = (ValueError, KeyError, TypeError, AttributeError)  # what a body of another shape ends in


class PrometheusSamples:
    """One plain Prometheus (or a store that neither deduplicates nor downsamples) as a source of raw samples."""

    def __init__(self, url: str, headers: dict[str, str] | None = None, tries: int = 3) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.max_redirects = 0  # samples come from where the settings say, and nowhere else
        self._session.hooks["response"].append(self._note_warnings)
        self._partial: list[str] = []
        self._prometheus = PrometheusConnect(
            url=self._url,
            headers=headers,
            session=self._session,
            retry=Retry(total=tries, backoff_factor=0.2, status_forcelist=(502, 503, 504)),
            timeout=TIMEOUT_SECONDS,
        )

    def read(self, selector: str, period: Period) -> SampleSet:
        self._partial.clear()
        # A range is closed at its left edge on Prometheus 2 and open on 3: ask for a second more, and cut below.
        query = f"{selector}[{period.seconds + 1}s]"
        with self._asking(query):
            result = self._prometheus.custom_query(query, params={"time": period.ends_at})
            every = [_series(one, period) for one in result]
        return SampleSet(series=[one for one in every if one.samples], complete=not self._partial)

    def samples(self, selector: str, period: Period) -> Mapping[tuple[str, int], int]:
        # An hour up to its last millisecond, asked at its end, because the library rounds instants to seconds. The left edge of a
        # range is closed on Prometheus 2 and open on 3, where a sample at the very start of an hour is left out.
        query = f"sum by ({SITE_LABEL}) (count_over_time({selector}[{HOUR_SECONDS * 1000 - 1}ms] offset 1ms))"
        hours = range(-(-period.starts_at // HOUR_SECONDS) * HOUR_SECONDS, period.ends_at, HOUR_SECONDS)
        if not hours:
            return {}
        first, last = (datetime.fromtimestamp(hour + HOUR_SECONDS, UTC) for hour in (hours[0], hours[-1]))
        with self._asking(query):
            result = self._prometheus.custom_query_range(query, first, last, step=f"{HOUR_SECONDS}s")
            return {
                (one["metric"].get(SITE_LABEL, ""), int(at) - HOUR_SECONDS): int(count)
                for one in result
                for at, count in one["values"]
            }

    def newest_at(self) -> int:
        """By what it scraped last; where that is older than five minutes, an hour before its own clock."""
        with self._asking("its newest sample"):
            if found := self._prometheus.custom_query("max(timestamp(up))"):
                return int(float(found[0]["value"][1]))
            return int(float(self._prometheus.custom_query("time()")[1])) - HOUR_SECONDS

    def close(self) -> None:
        self._session.close()

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        try:
            yield
        except (requests.RequestException, PrometheusApiClientException, *_NO_ANSWER) as error:
            raise Unavailable(
                f"{self._url}: {what} was not answered ({_short(error)}); it is asked again next time"
            ) from error

    def _note_warnings(self, response: requests.Response, *_: Any, **__: Any) -> None:
        if not response.ok or not any(word in response.content for word in (b'"warnings"', b'"isPartial"')):
            return
        body = response.json()  # a label may read like a warning: only the answer's own fields count
        if isinstance(body, dict) and (body.get("warnings") or body.get("isPartial")):
            self._partial.append(response.url)


def _series(one: dict[str, Any], period: Period) -> RawSeries:
    start_ms, end_ms = period.starts_at * 1000, period.ends_at * 1000
    samples = [(round(at * 1000), value) for at, value in one["values"]]
    return RawSeries(labels=one["metric"], samples=[sample for sample in samples if start_ms <= sample[0] < end_ms])


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
