"""Raw samples from Prometheus, over its HTTP API.

Reads a series by a range selector in an instant query, so the samples are those that were scraped, at the time they were
scraped. Small questions go through prometheus-api-client; what is read by the million is asked in a POST, because the names of
many sites are longer than a proxy's lines, and read in columns; over more than an hour by remote read, where that is open. A
partial answer says so, and must never be counted. One source belongs to one thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.util.retry import Retry

from sankofa_observe.adapters import remote_read
from sankofa_observe.adapters.matrix import read_matrix
from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import HOUR_SECONDS, RawSeries, SampleSet
from sankofa_observe.slo.indicator import SITE_LABEL
from sankofa_observe.slo.samples import Samples
from sankofa_observe.units import Period

TIMEOUT_SECONDS = 60
# What a body of another shape ends in.
NO_ANSWER = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)


class PrometheusSamples:
    """One plain Prometheus (or a store that neither deduplicates nor downsamples) as a source of raw samples."""

    def __init__(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        tries: int = 3,
        *,
        remote_over_seconds: int = HOUR_SECONDS,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = headers or {}
        self._remote_over_seconds = remote_over_seconds
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.max_redirects = 0  # samples come from where the settings say, and nowhere else
        self._prometheus = PrometheusConnect(
            url=self._url,
            headers=headers,
            session=self._session,
            # Every question may be repeated, those that are posted as well.
            retry=Retry(total=tries, backoff_factor=0.2, status_forcelist=(502, 503, 504), allowed_methods=None),
            timeout=TIMEOUT_SECONDS,
        )

    def read(self, selector: str, period: Period) -> SampleSet:
        if period.seconds > self._remote_over_seconds and (series := self._remote_read(selector, period)) is not None:
            return SampleSet(series=series)
        # A range is closed at its left edge on Prometheus 2 and open on 3: ask for a second more, and cut below.
        query = f"{selector}[{period.seconds + 1}s]"
        with self._asking(query):
            answer, columns = read_matrix(self._ask("query", query=query, time=str(period.ends_at)))
            every = [_series(one, columns, period) for one in answer["data"]["result"]]
            complete = not (answer.get("warnings") or answer.get("isPartial"))
        return SampleSet(series=[one for one in every if one.samples], complete=complete)

    def samples(self, selector: str, period: Period) -> Mapping[tuple[str, int], int]:
        # An hour up to its last millisecond. The left edge of a range is closed on Prometheus 2 and open on 3, where a sample at
        # the very start of an hour is left out.
        query = f"sum by ({SITE_LABEL}) (count_over_time({selector}[{HOUR_SECONDS * 1000 - 1}ms] offset 1ms))"
        hours = range(-(-period.starts_at // HOUR_SECONDS) * HOUR_SECONDS, period.ends_at, HOUR_SECONDS)
        if not hours:
            return {}
        first, last = (str(hour + HOUR_SECONDS) for hour in (hours[0], hours[-1]))
        with self._asking(query):
            answer = json.loads(self._ask("query_range", query=query, start=first, end=last, step=f"{HOUR_SECONDS}s"))
            return {
                (one["metric"].get(SITE_LABEL, ""), int(at) - HOUR_SECONDS): int(count)
                for one in answer["data"]["result"]
                for at, count in one["values"]
            }

    def _remote_read(self, selector: str, period: Period) -> list[RawSeries] | None:
        """By remote read; None where this is no plain Prometheus, or was loaded with another configuration in between."""
        if not self._is_plain():
            return None
        with self._asking(f"{selector} by remote read"):
            series = remote_read.read(self._post_read, selector, period)
        return series if self._is_plain() else None

    def _is_plain(self) -> bool:
        """Asked at each read, because a configuration may be loaded anew; whatever is no answer means JSON, this time."""
        with suppress(requests.RequestException):
            address = f"{self._url}/api/v1/status/config"
            response = self._session.get(address, headers=self._headers, timeout=TIMEOUT_SECONDS)
            return response.status_code == requests.codes.ok and remote_read.is_plain(response.content)
        return False

    def _post_read(self, body: bytes) -> requests.Response:
        headers = {
            **self._headers,
            "Content-Type": "application/x-protobuf",
            "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Read-Version": "0.1.0",
        }
        address = f"{self._url}/api/v1/read"
        return self._session.post(address, data=body, headers=headers, timeout=TIMEOUT_SECONDS)

    def _ask(self, path: str, **form: str) -> bytes:
        """The body of an answer; raises `requests.HTTPError` with the server's own words."""
        address = f"{self._url}/api/v1/{path}"
        response = self._session.post(address, data=form, headers=self._headers, timeout=TIMEOUT_SECONDS)
        if not response.ok:
            raise requests.HTTPError(f"HTTP {response.status_code}: {response.text[:200]}")
        return response.content

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
        except (requests.RequestException, PrometheusApiClientException, *NO_ANSWER) as error:
            raise Unavailable(
                f"{self._url}: {what} was not answered ({_short(error)}); it is asked again next time"
            ) from error


def _series(one: dict[str, Any], columns: list[Samples], period: Period) -> RawSeries:
    samples = columns[one["values"]] if one["values"] != [] else Samples.of(())
    return RawSeries(labels=one["metric"], samples=samples.within(period.starts_at * 1000, period.ends_at * 1000))


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
