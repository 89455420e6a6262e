"""Hard bounds of one probe. Over a bound nothing is cut silently: the collector fails as `limit` or `decode`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, Field

from .failure import CollectorError, Kind
from .family import Sample

REMEMBERED_LABELS = 1 << 17


class Bounds(BaseModel):
    """The `limits:` part of a configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    series: int = Field(default=50_000, ge=500, le=1_000_000, description="series per probe")
    body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024, description="bytes per answer")
    label_chars: int = Field(default=256, ge=32, le=4096, description="characters per label value")


def bounded(samples: Iterable[Sample], *, label_chars: int, room: int) -> list[Sample]:
    """The samples with safe labels, or `CollectorError` when they are too many or name one series twice."""
    kept: list[Sample] = []
    taken: dict[str, set[tuple[str, ...]]] = {}
    family, labels_taken, series = None, set[tuple[str, ...]](), 0
    safe = _known_safe(label_chars)
    for given in samples:
        sample = given if given.labels in safe else _with_safe_labels(given, label_chars, safe)
        if sample.family is not family:
            family = sample.family
            labels_taken = taken.setdefault(family.name, set())
        if sample.labels in labels_taken:
            # Prometheus would refuse the whole scrape for one doubled series.
            raise CollectorError(Kind.DECODE, f"the source names one series of {sample.family.name} twice")
        labels_taken.add(sample.labels)
        kept.append(sample)
        series += sample.family.series
        if series > room:
            raise CollectorError(Kind.LIMIT, f"more than {room} series are left for this probe")
    return kept


_SAFE: dict[int, set[tuple[str, ...]]] = {}


def _known_safe(label_chars: int) -> set[tuple[str, ...]]:
    """Labels that were found safe before: the same series come back at each probe, thousands of them."""
    safe = _SAFE.setdefault(label_chars, set())
    if len(safe) > REMEMBERED_LABELS:
        safe.clear()
    return safe


def _with_safe_labels(sample: Sample, label_chars: int, safe: set[tuple[str, ...]]) -> Sample:
    if all(value.isascii() and len(value) <= label_chars for value in sample.labels):
        safe.add(sample.labels)
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
