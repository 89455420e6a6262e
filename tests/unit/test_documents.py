"""The one reader of YAML: what it refuses, and that it shows no line."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.documents import BrokenYaml, read, read_all, read_marked

BROKEN = {
    "a: 1\nb: hidden\na: 2\n": "key 'a' stands twice, line 3, column 1",
    "a:\n  - {x: hidden, y: 2, x: 3}\n": "key 'x' stands twice, line 2, column 23",
    "a: [hidden\n": "line 2, column 1",
    "a: hidden: b\n": "line 1, column 10",
    "at: 2026-13-45\n": "ValueError",
    "!!python/object:os.system hidden": "could not determine a constructor",
    "\x07hidden": "",
}


@pytest.mark.parametrize("text", BROKEN, ids=repr)
def test_what_cannot_be_read_is_told_by_its_place(text: str) -> None:
    """With line and column, and never with the line: it may be a secret."""
    for reading in (read, read_all):
        with pytest.raises(BrokenYaml) as raised:
            reading(text)
        assert BROKEN[text] in str(raised.value)
        assert "hidden" not in str(raised.value)


def test_documents_are_read_as_yaml_has_them() -> None:
    """One, several, none; a merge key may stand beside what it merges."""
    merged = "base: &b {x: 1}\nown: {<<: *b, y: 2}\n"
    assert (read("a: 1"), read(""), read_all("a: 1\n---\nb: 2\n")) == ({"a": 1}, None, [{"a": 1}, {"b": 2}])
    assert read(merged)["own"] == {"x": 1, "y": 2}


def test_brackets_without_end_are_refused() -> None:
    """However deep: the process goes on."""
    with pytest.raises(BrokenYaml):
        read("[" * 20_000)


NAMES = st.sampled_from(["a", "b", "a/b", "b/a", "x.y/z"])  # a key may hold the slash that joins a path
TREES = st.recursive(
    st.just("leaf"),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1) | st.lists(inner, min_size=1, max_size=3),
    max_leaves=12,
)


def leaves(tree: Any, path: str = "") -> list[tuple[str, list[str | int]]]:
    """The path of each leaf, as text and in parts."""
    if not isinstance(tree, dict | list):
        return [(path, [])]
    inner: Any = tree.items() if isinstance(tree, dict) else enumerate(tree)
    return [(text, [key, *parts]) for key, one in inner for text, parts in leaves(one, f"{path}/{key}")]


@given(tree=st.dictionaries(NAMES, TREES, min_size=1))
def test_a_part_of_a_document_is_found_on_its_line(tree: Any) -> None:
    """The line on which each leaf was written, where its path is no other's."""
    paths = [text for text, _ in leaves(tree)]
    for text, parts in leaves(tree):
        if sum(f"{one}/".startswith(f"{text}/") for one in paths) > 1:
            continue  # {"a/b": 1, "a": {"b": 2}}: nobody can tell
        place: Any = tree
        for part in parts[:-1]:
            place = place[part]
        place[parts[-1]] = "here"
        written = "first: 1\n---\n" + yaml.safe_dump(tree)
        place[parts[-1]] = "leaf"
        expected = next(number for number, line in enumerate(written.splitlines(), 1) if "here" in line)
        assert read_marked(written)[1].line(text) == expected


LINES = {
    "/spec/objectives/1/target": 6,
    "/spec/objectives/1/value": 5,  # not there: the part around it
    "/spec/objectives/7/target": 3,
    "/metadata/annotations/sankofa.observe/tier": 9,
    "/kind": 1,
    "": 1,
    "/merged/x": 10,  # it came by a merge key: the map that names it
}


@pytest.mark.parametrize("path", LINES, ids=repr)
def test_a_part_that_is_not_there_is_on_the_line_of_what_is_around_it(path: str) -> None:
    """So that a missing field has a line as well."""
    text = """kind: SLO
spec:
  objectives:
    - target: 1
    - op: gt
      target: 2
metadata:
  annotations:
    sankofa.observe/tier: edge
merged: {<<: {x: 1}}
"""
    (document,) = read_marked(text)
    assert document.line(path) == LINES[path]
