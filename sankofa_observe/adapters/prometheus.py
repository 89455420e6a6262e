"""Raw samples from Prometheus, through prometheus-api-client.

Reads a series by a range selector in an instant query, so the samples are those that were scraped, at the time they were
scraped. The library hands over only `data.result` and drops warnings; a response hook keeps them, because a partial answer
must never be counted.
"""

from __future__ import annotations

from typing import Any

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.util.retry import Retry

from sankofa_observe.errors import Unavailable
from sankofa_observe.ports import RawSeries, SampleSet
from sankofa_observe.units import Period

TIMEOUT_SECONDS = 60


class PrometheusSamples:
    """One plain Prometheus (or a store that neither deduplicates nor downsamples) as a source of raw samples."""

    def __init__(self, url: str, headers: dict[str, str] | None = None, tries: int = 3) -> None:
        self._url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False
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
        # One sample more may stand at the left edge on Prometheus 2 (closed range) than on 3; both are cut below.
        query = f"{selector}[{period.seconds}s]"
        try:
            result = self._prometheus.custom_query(query, params={"time": period.ends_at})
        except (requests.RequestException, PrometheusApiClientException, ValueError, KeyError) as error:
            raise Unavailable(
                f"{self._url}: {query} was not answered ({_short(error)}); it is asked again next time"
            ) from error
        return SampleSet(series=[_series(one, period) for one in result], complete=not self._partial)

    def close(self) -> None:
        self._session.close()

    def _note_warnings(self, response: requests.Response, *_: Any, **__: Any) -> None:
        if (response.ok and b'"warnings"' in response.content) or b'"isPartial":true' in response.content:
            self._partial.append(response.url)


def _series(one: dict[str, Any], period: Period) -> RawSeries:
    start_ms, end_ms = period.starts_at * 1000, period.ends_at * 1000
    samples = [(round(at * 1000), value) for at, value in one["values"]]
    return RawSeries(labels=one["metric"], samples=[sample for sample in samples if start_ms <= sample[0] < end_ms])


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
