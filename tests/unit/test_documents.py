"""The one reader of YAML: what it refuses, and that it shows no line."""

from __future__ import annotations

import pytest

from sankofa_observe.documents import BrokenYaml, read, read_all

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
