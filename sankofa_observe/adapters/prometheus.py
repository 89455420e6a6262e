"""Raw samples from Prometheus, over its HTTP API.

Reads a series by a range selector in an instant query, so the samples are those that were scraped, at the time they were
scraped. Small questions go through prometheus-api-client; what is read by the million is asked in a POST, because the names of
many sites are longer than a proxy's lines, and read in columns; over more than an hour by remote read, where that is open. A
partial answer says so, and must never be counted. One source belongs to one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import requests
from prometheus_api_client import PrometheusConnect
from urllib3.util.retry import Retry

from sankofa_observe import shown
from sankofa_observe.adapters import remote_read
from sankofa_observe.adapters.answer import opened, seen
from sankofa_observe.adapters.bounded import MAX_ANSWER_BYTES, BoundedAdapter, content_of, for_ever
from sankofa_observe.adapters.matrix import Matrix, read_matrix, samples_of
from sankofa_observe.adapters.redaction import Redaction, shortened
from sankofa_observe.errors import ENDS, InvalidInput, SankofaError, Unavailable, Unusable
from sankofa_observe.ports import HOUR_SECONDS, RawSeries, SampleSet
from sankofa_observe.slo.indicator import SITE_LABEL
from sankofa_observe.slo.samples import Samples
from sankofa_observe.units import Period

TIMEOUT_SECONDS = 60  # of connecting, and of each wait for bytes
OF_THE_QUESTION = {400, 413, 422}  # codes that refuse what was asked: too much of it, mostly
TELLS_SECONDS = 1  # the time that an answer takes is what it does not tell of a clock: half of it on either side
ANSWER_TIMEOUTS = 3  # so many timeouts is what a whole answer may take, its tries among them


class PrometheusSamples:
    """One plain Prometheus (or a store that neither deduplicates nor downsamples) as a source of raw samples."""

    def __init__(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        tries: int = 3,
        *,
        remote_over_seconds: int = HOUR_SECONDS,
        waits_no_more: Callable[[], bool] = for_ever,
    ) -> None:
        if fault := shown.fault_of(url):
            raise InvalidInput(f"Prometheus {shown.address(url)}: the address {fault}; nothing was asked")
        self._url = url.rstrip("/")
        self._headers = headers or {}
        self._redacted = Redaction(self._headers, self._url)
        self._remote_over_seconds = remote_over_seconds
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.max_redirects = 0  # samples come from where the settings say, and nowhere else
        # Every question may be repeated, those that are posted as well; when is not for the server to say.
        retries = Retry(
            total=tries,
            backoff_factor=0.2,
            status_forcelist=(502, 503, 504),
            allowed_methods=None,
            respect_retry_after_header=False,
        )
        self._prometheus = PrometheusConnect(
            url=self._url, headers=headers, session=self._session, timeout=TIMEOUT_SECONDS
        )
        seconds = ANSWER_TIMEOUTS * TIMEOUT_SECONDS
        bounded = BoundedAdapter(
            seconds=seconds, max_bytes=MAX_ANSWER_BYTES, retries=retries, waits_no_more=waits_no_more
        )
        self._session.mount(self._url, bounded)  # in place of the client's own, which has no bounds

    def read(self, selector: str, period: Period) -> SampleSet:
        if period.seconds > self._remote_over_seconds and (series := self._remote_read(selector, period)) is not None:
            return SampleSet(series=series)
        # A range is closed at its left edge on Prometheus 2 and open on 3: ask for a second more, and cut below.
        query = f"{selector}[{period.seconds + 1}s]"
        with self._asking(query):
            matrix = read_matrix(self._ask("query", query=query, time=str(period.ends_at)))
            return SampleSet(series=_series(matrix.series, period), complete=not matrix.missing)

    def samples(self, selector: str, period: Period) -> Mapping[tuple[str, int], int]:
        # An hour up to its last millisecond. The left edge of a range is closed on Prometheus 2 and open on 3, where a sample at
        # the very start of an hour is left out.
        query = f"sum by ({SITE_LABEL}) (count_over_time({selector}[{HOUR_SECONDS * 1000 - 1}ms] offset 1ms))"
        hours = range(-(-period.starts_at // HOUR_SECONDS) * HOUR_SECONDS, period.ends_at, HOUR_SECONDS)
        if not hours:
            return {}
        first, last = (str(hour + HOUR_SECONDS) for hour in (hours[0], hours[-1]))
        with self._asking(query):
            return _counts(
                read_matrix(self._ask("query_range", query=query, start=first, end=last, step=f"{HOUR_SECONDS}s"))
            )

    def _remote_read(self, selector: str, period: Period) -> list[RawSeries] | None:
        """By remote read; None where this is no plain Prometheus, or was loaded with another configuration in between."""
        if not self._is_plain():
            return None
        with self._asking(f"{selector} by remote read"):
            found = remote_read.read(self._post_read, selector, period)
            series = None if found is None else _series(found, period)
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
        return content_of(self._session.post(address, data=form, headers=self._headers, timeout=TIMEOUT_SECONDS))

    def newest_at(self) -> int:
        """By what it scraped last; where that is older than five minutes, an hour before its own clock."""
        with self._asking("its newest sample"):
            if found := self._small("max(timestamp(up))", "vector"):
                return int(samples_of([found[0]["value"]]).values[0])
            return int(samples_of([self._small("time()", "scalar")]).values[0]) - HOUR_SECONDS

    def ahead_seconds(self) -> float | None:
        with self._asking("its clock"):
            began, at = time.monotonic(), time.time()
            found = self._small("time()", "scalar")
            took = time.monotonic() - began
            return None if took > TELLS_SECONDS else float(samples_of([found]).values[0]) - (at + took / 2)

    def _small(self, query: str, result_type: str) -> Any:
        """The result of an instant query by prometheus-api-client, which drops the rest of the answer: a hook looks at all of it."""

        def look(response: requests.Response, **_: Any) -> None:
            _nothing_missing(opened(content_of(response), result_type).missing)

        self._session.hooks["response"] = [look]
        try:
            return self._prometheus.custom_query(query)
        finally:
            self._session.hooks["response"] = []

    def close(self) -> None:
        self._session.close()

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Whatever an answer makes of its reader costs this question alone: it becomes `Unavailable`."""
        try:
            yield
        except (*ENDS, SankofaError):
            raise
        except BaseException as error:  # noqa: BLE001  a panic of polars or Snappy is no Exception
            reason = shortened(self._redacted(f"{type(error).__name__}: {error}"))
            kind = Unusable if _is_of_the_question(error) else Unavailable
            # Nothing is chained: what the error came from may show a header.
            raise kind(
                f"{shown.address(self._url)}: {shortened(what)} was not answered ({reason}); it is asked again next time"
            ) from None


def _is_of_the_question(error: BaseException) -> bool:
    """Whether another question may be answered well: this answer is none, or is refused for what was asked."""
    if isinstance(error, requests.HTTPError):
        return error.response is not None and error.response.status_code in OF_THE_QUESTION
    return isinstance(error, ValueError) or not isinstance(error, requests.RequestException)


def _nothing_missing(missing: str) -> None:
    if missing:
        raise ValueError(f"a part of the answer is missing: {missing}")


def _series(found: Iterable[tuple[Mapping[str, str], Samples]], period: Period) -> list[RawSeries]:
    """Those with samples in the period, and these samples; -0 is 0, as remote read has no other.

    Raises:
        ValueError: two series have the same labels, and would be counted twice.
    """
    names: set[frozenset[tuple[str, str]]] = set()
    series = []
    for labels, samples in found:
        if (name := frozenset(labels.items())) in names:
            raise ValueError(f"two series have the same labels, {seen(dict(labels))}")
        names.add(name)
        if cut := samples.within(period.starts_at * 1000, period.ends_at * 1000):
            series.append(RawSeries(labels=labels, samples=Samples(cut.at, cut.values + 0.0)))
    return series


def _counts(matrix: Matrix) -> dict[tuple[str, int], int]:
    """How many samples each site has in the hour before each instant."""
    _nothing_missing(matrix.missing)
    found: dict[tuple[str, int], int] = {}
    for labels, samples in matrix.series:
        if not samples.counts.all():
            raise ValueError(f"how many samples there are is {seen(samples)}, expected whole numbers")
        for at, count in zip(samples.at.tolist(), samples.values.tolist(), strict=True):
            key = (labels.get(SITE_LABEL, ""), at // 1000 - HOUR_SECONDS)
            if key in found:
                raise ValueError(f"site {seen(key[0])} has two counts of one hour, {found[key]} and {int(count)}")
            found[key] = int(count)
    return found
