"""What a system gives for a target: collectors to run side by side, and a verdict over what they found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, TypeVar

from sankofa_exporters.model.family import Family, Sample

from .budget import Budget

V = TypeVar("V")
Results = Mapping[str, Any]


class Verdict(Enum):
    """The three states as the pair (up, known); the fourth pair, up and unknown, does not exist."""

    UP = (1, 1)
    DOWN = (0, 1)
    UNKNOWN = (0, 0)


@dataclass(frozen=True, kw_only=True)
class Collector:
    """One part of a probe.

    `fetch` does the I/O and parses; `samples` is pure and sees every collector's result (a value or a `Failure`);
    `age_seconds` is the age of the source's own sample, for a source that has a clock.
    """

    name: str
    fetch: Callable[[Budget], Awaitable[Any]]
    samples: Callable[[Results], Iterable[Sample]]
    age_seconds: Callable[[Any, float], float] | None = None
    required: bool = True

    @property
    def kind(self) -> str:
        """What `skip` and `collect[]` call it: a collector of one address has that after its name."""
        return self.name.partition(" ")[0]


class Source(Protocol):
    """A target as its system sees it, opened once and probed many times."""

    @property
    def up(self) -> Family: ...

    @property
    def known(self) -> Family: ...

    @property
    def collectors(self) -> Sequence[Collector]: ...

    def verdict(self, results: Results, now: float) -> Verdict:
        """Judged for two moments, the end of the probe and one earlier by our own delay: a difference is unknown."""
        ...

    def standing(self) -> Iterable[Sample]:
        """Samples that live between probes (counters, histograms), whatever this probe did."""
        ...

    async def close(self) -> None: ...


def only(wanted: type[V], result: Any) -> V | None:
    """The result of a collector, or None when it failed or was not asked."""
    return result if isinstance(result, wanted) else None
