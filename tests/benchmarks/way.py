"""A way from what Prometheus holds to the bad and valid events of a stretch: what it is asked, and what it answers.

Each runs in a process of its own. Only its work is timed: neither the start of Python nor imports are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sankofa_observe.units import Period

from .watched import peak_mib


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a way is to answer; `folder` is its own, kept from one way to the next."""

    url: str
    job: str
    sites: Sequence[str]
    period: Period
    folder: str

    def selector(self, metric: str) -> str:
        return f'{metric}{{job="{self.job}"}}'


@dataclass(frozen=True, kw_only=True)
class Found:
    """The events of one site: certain ones and, where a way knows of such, those that it has not seen; or a share of bad ones."""

    bad: float = 0
    valid: float = 0
    unknown: int | None = None
    share: float | None = None


@dataclass(kw_only=True)
class Answer:
    """What a way found, by site, and what that took."""

    found: dict[str, Found] = field(default_factory=dict)
    cpu: float = 0.0
    peak_mib: float = 0.0
    samples: int | None = None  # that it was handed, where Prometheus does not count them

    @contextmanager
    def timed(self) -> Iterator[None]:
        started = time.process_time()
        yield
        self.cpu = time.process_time() - started
        self.peak_mib = peak_mib(os.getpid())


Way = Callable[[Asked], Answer]
