"""Hard bounds of one probe. Over a bound nothing is cut silently: the collector fails as `limit` or `decode`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from .failure import CollectorError, Kind
from .family import Sample, series_of


class Bounds(BaseModel):
    """The `limits:` part of a configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    series: int = Field(default=50_000, ge=500, le=1_000_000, description="series per probe")
    body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024, description="bytes per answer")
    label_chars: int = Field(default=256, ge=32, le=4096, description="characters per label value")


def bounded(samples: Iterable[Sample], *, label_chars: int, room: int) -> list[Sample]:
    """The samples with safe labels, or `CollectorError` when they are too many or name one series twice."""
    kept: dict[tuple[str, tuple[str, ...]], Sample] = {}
    for sample in samples:
        safe = _with_safe_labels(sample, label_chars)
        key = (safe.family.name, safe.labels)
        if key in kept:
            # Prometheus would refuse the whole scrape for one doubled series.
            raise CollectorError(Kind.DECODE, f"the source names one series of {safe.family.name} twice")
        kept[key] = safe
        if len(kept) > room:
            raise CollectorError(Kind.LIMIT, f"more than {room} series are left for this probe")
    found = list(kept.values())
    if series_of(found) > room:
        raise CollectorError(Kind.LIMIT, f"more than {room} series are left for this probe")
    return found


def _with_safe_labels(sample: Sample, label_chars: int) -> Sample:
    """The sample itself in the usual case: thousands of good labels a probe must cost next to nothing."""
    if all(value.isascii() and len(value) <= label_chars for value in sample.labels):
        return sample
    return sample._replace(labels=tuple(safe_label(value, label_chars) for value in sample.labels))


def safe_label(value: str, label_chars: int) -> str:
    """Valid UTF-8 (JSON may carry half a surrogate pair) of bounded length; a cut keeps values apart by a hash."""
    if value.isascii() and len(value) <= label_chars:
        return value
    clean = value.encode("utf-8", "replace").decode()
    if len(clean) <= label_chars:
        return clean
    digest = hashlib.sha256(clean.encode()).hexdigest()[:8]
    return f"{clean[: label_chars - 9]}~{digest}"
