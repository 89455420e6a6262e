"""Why nobody answered, in a few words: what a client wraps around it names its own pools and classes."""

from __future__ import annotations

from collections.abc import Iterator

import requests


def why(error: BaseException) -> str:
    """What the system said at the bottom of a failed exchange, like `Connection refused`."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    for one in _layers(error):
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
    return f"{type(error).__name__}: {error}"


def _layers(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it was made of: urllib3 keeps that as `reason`, others as an argument or a cause."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and one not in seen:
            seen.append(one)
            yield one
            waiting += [getattr(one, "reason", None), *one.args, one.__cause__, one.__context__]
