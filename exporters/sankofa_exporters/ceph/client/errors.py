"""Failures of a mgr that differ in what they prove, and which of several says most."""

from __future__ import annotations

from collections.abc import Iterable

import httpx

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.reading.backoff import BUSY

# About the active mgr first; "refused" least of all: a standby's host may be down.
_ORDER = (Kind.STALE, Kind.AUTH, Kind.PERMISSION)
_FOR_ALL_PATHS = {int(httpx.codes.UNAUTHORIZED), int(httpx.codes.FORBIDDEN), *BUSY}
_NOT_THERE = {int(httpx.codes.NOT_FOUND), int(httpx.codes.UNSUPPORTED_MEDIA_TYPE)}


class StandbyError(CollectorError):
    """The dashboard of a standby mgr: it sends its readers to the active one, whom we ask ourselves."""


class StatusError(CollectorError):
    """An answer other than 200, with the status that it had."""

    def __init__(self, error: CollectorError, status: int) -> None:
        failure = error.failure
        super().__init__(failure.kind, failure.reason, retry_after_seconds=failure.retry_after_seconds)
        self.status = status

    @property
    def is_unknown_path(self) -> bool:
        """This version of Ceph does not know the path, or not in this version of its API."""
        return self.status in _NOT_THERE

    @property
    def is_of_path(self) -> bool:
        """Another path may still be answered; a mgr that refuses us or is busy is not asked again."""
        return self.status not in _FOR_ALL_PATHS


def most_telling(errors: Iterable[CollectorError], default: CollectorError) -> CollectorError:
    return min(errors, key=_rank, default=default)


def _rank(error: CollectorError) -> int:
    kind = error.failure.kind
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER) + (kind is Kind.REFUSED)
