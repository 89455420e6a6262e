"""Hard bounds of one probe. Over a bound nothing is cut silently: the collector fails as `limit` or `decode`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from operator import itemgetter

from pydantic import BaseModel, ConfigDict, Field

from sankofa_exporters.model.failure import CollectorError, Kind
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.model.rejected import by_identity
from sankofa_exporters.model.series_cache import SeriesCache

REMEMBERED_LABELS = 1 << 17


class Bounds(BaseModel):
    """The `limits:` part of a configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    series: int = Field(default=50_000, ge=500, le=1_000_000, description="series per probe")
    body_bytes: int = Field(default=16 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024, description="bytes per answer")
    label_chars: int = Field(default=256, ge=32, le=4096, description="characters per label value")


def bounded(samples: Iterable[Sample], *, label_chars: int, room: int) -> list[Sample]:
    """The samples with safe labels; `CollectorError` when they are too many.

    Prometheus would refuse the whole scrape for one doubled series: equal ones are one, and of differing ones none is known.
    """
    kept: list[Sample] = []
    taken: dict[str, set[tuple[str, ...]] | list[Sample]] = {}
    doubled: list[Sample] = []
    series, safe = 0, _known_safe(label_chars)
    for family, run in groupby(samples, itemgetter(0)):
        left = room - series
        given = list(islice(run, left + 1))
        if family.name not in taken and _is_known(family, given, label_chars, safe):
            taken[family.name] = given
            kept += given
            series += family.series * len(given)
        else:
            labels_taken = taken.setdefault(family.name, set())
            if not isinstance(labels_taken, set):
                labels_taken = taken[family.name] = {one.labels for one in labels_taken}
            series += _take(given, kept, doubled, labels_taken, label_chars, safe)
        if series > room or len(given) > left:
            raise CollectorError(Kind.LIMIT, f"more than {room} series are left for this probe")
    return _without_contradictions(kept, doubled) if doubled else kept


def _is_known(family: Family, given: list[Sample], label_chars: int, safe: set[tuple[str, ...]]) -> bool:
    """Whether these are series with safe labels, none of them twice: the same as at the last probe, or found to be so now."""
    labels = [one[2] for one in given]
    key = (family.name, label_chars, len(labels), labels[0], labels[-1])
    if _KNOWN.get(key) == labels:
        return True
    different = set(labels)
    if len(different) != len(labels) or not different <= safe:
        return False
    _KNOWN.keep(key, labels, len(labels))
    return True


def _take(
    given: Iterable[Sample],
    kept: list[Sample],
    doubled: list[Sample],
    labels_taken: set[tuple[str, ...]],
    label_chars: int,
    safe: set[tuple[str, ...]],
) -> int:
    """One family's samples, one by one; how many series were kept."""
    series = 0
    for one in given:
        sample = one if one.labels in safe else _with_safe_labels(one, label_chars, safe)
        if sample.labels in labels_taken:
            doubled.append(sample)
            continue
        labels_taken.add(sample.labels)
        kept.append(sample)
        series += sample.family.series
    return series


def _without_contradictions(kept: Sequence[Sample], doubled: Sequence[Sample]) -> list[Sample]:
    doubtful = {(one.family.name, one.labels) for one in doubled}
    rows = [((one.family.name, one.labels), one) for one in (*kept, *doubled)]
    known = by_identity((identity, one) for identity, one in rows if identity in doubtful)
    return [one for identity, one in rows[: len(kept)] if identity not in doubtful or identity in known]


_KNOWN: SeriesCache[list[tuple[str, ...]]] = SeriesCache(most_series=REMEMBERED_LABELS)
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
