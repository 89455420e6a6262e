"""Hypothesis strategies that spoil a recorded payload: keys dropped, types changed, values of hostile size."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

CASES = int(os.environ.get("MUTATIONS", "50"))  # make test-all sets 250, make soak thousands
HOSTILE: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 1e308, -1e308, 10**400, 2**63, 0.5),
    *("", "0", "1", "on", "running", "online", "0x", "0x0", "0x" + "f" * 64, "0x" + "f" * 5000, "9" * 5000),
    *("\ud800", "\x00\n", '"} 1\nevil 1', "x" * 10_000, "<html>", "NaN", "-0", "1_000"),
    *([], {}, [[]], [{}], {"data": []}, [None], {"": {"": ""}}),
]
Path = tuple[str | int, ...]


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    """The path of every value inside a JSON document, the document itself included."""
    yield here
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*here, key))


def spoiled(document: Any, *, protect: tuple[Path, ...] = ()) -> st.SearchStrategy[Any]:
    """The document after one to four changes."""
    places = [path for path in paths(document) if path not in protect]
    change = st.tuples(
        st.sampled_from(places), st.sampled_from(["drop", "set", "double", "cut"]), st.sampled_from(HOSTILE)
    )
    return st.lists(change, min_size=1, max_size=4).map(lambda changes: _changed(document, changes))


def _changed(document: Any, changes: list[tuple[Path, str, Any]]) -> Any:
    holder = {"": copy.deepcopy(document)}
    for path, action, value in changes:
        _change(holder, ("", *path), action, value)
    return holder.get("")


def _change(holder: Any, path: Path, action: str, value: Any) -> None:
    """One change, or nothing when an earlier one removed the place."""
    parent = holder
    for key in path[:-1]:
        try:
            parent = parent[key]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    if isinstance(parent, list) and isinstance(last, int) and last < len(parent):
        _change_item(parent, last, action, value)
    elif isinstance(parent, dict) and last in parent:
        if action == "drop":
            del parent[last]
        else:
            parent[last] = _cut(parent[last]) if action == "cut" else copy.deepcopy(value)


def _change_item(parent: list[Any], index: int, action: str, value: Any) -> None:
    if action == "drop":
        del parent[index]
    elif action == "double":
        parent.insert(index, copy.deepcopy(parent[index]))
    else:
        parent[index] = _cut(parent[index]) if action == "cut" else copy.deepcopy(value)


def _cut(value: Any) -> Any:
    return value[: len(value) // 2] if isinstance(value, str | list) else value
