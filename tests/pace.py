"""Limits of tests hold at any pace: each is written for pace 1.0 and scaled by what this machine was measured at.

A limit ends a test that hangs, long after it should have ended; no limit is a claim about speed. A claim about time
compares what was measured in the same run, or counts what happened.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from deploy.lab.pace import measured

ITEM_SECONDS = 60  # of a test without a `timeout` mark of its own
# A look may be a question to a server: what is soon so is seen soon, and who waits for seconds keeps no core busy.
LOOK_SECONDS, LONGEST_LOOK_SECONDS, LONGER = 0.02, 0.1, 1.2


def limit(seconds: float) -> float:
    """When to give up on what takes less than `seconds` at pace 1.0."""
    return measured().limit(seconds)


def until(ready: Callable[[], object], *, seconds: float = 30) -> None:
    """Wait until `ready` is true."""
    deadline, look = time.monotonic() + limit(seconds), LOOK_SECONDS
    while not ready():
        assert time.monotonic() < deadline, f"not so after {limit(seconds):.0f} s"
        time.sleep(look)
        look = min(look * LONGER, LONGEST_LOOK_SECONDS)


def growing(seconds: float) -> Iterator[float]:
    """Longer and longer times to try something in: that an answer beats a hanging one holds at some length, at any pace."""
    while seconds < limit(10):
        yield seconds
        seconds *= 4
    yield limit(10)


def longest_first(items: list[pytest.Item]) -> None:
    """Order files by the limit of their longest test, so that no worker runs a long one alone at the end."""
    longest: dict[Path, float] = {}
    for item in items:
        longest[item.path] = max(longest.get(item.path, 0), _limit_of(item))
    items.sort(key=lambda item: -longest[item.path])


def _limit_of(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else ITEM_SECONDS


def scale_timeouts(items: Iterable[pytest.Item]) -> None:
    """Give each test the time limit it has at this pace, its own mark's included."""
    for item in items:
        item.add_marker(pytest.mark.timeout(limit(_limit_of(item))), append=False)
