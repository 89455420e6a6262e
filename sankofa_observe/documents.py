"""The one reader and writer of YAML: a key that stands twice is refused, and what is wrong is told by its place, not by the line itself.

A line may hold a secret: a salt, a token, a password. YAML by itself keeps the last of two keys in silence: which was meant?
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same language, read by libyaml where that is there


class BrokenYaml(ValueError):
    """The text is no YAML, or a key stands twice in it; `line` is where, from 1, or 0 where nobody can tell."""

    def __init__(self, problem: str, line: int = 0) -> None:
        self.line = line
        super().__init__(problem)


class _Loader(_Base):  # type: ignore[misc]
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen and key.value != "<<":
                raise yaml.constructor.ConstructorError(None, None, f"key {key.value!r} stands twice", key.start_mark)
            seen.add(str(key.value))
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found


def read(text: str) -> Any:
    """The only document of a text; None where it is empty.

    Raises:
        BrokenYaml: it is none, with what is wrong, its line and column.
    """
    return _loaded(yaml.load, text)


def read_all(text: str) -> list[Any]:
    """The documents of a text, as `read` reads one."""
    return [one.value for one in read_marked(text)]


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A value of a document, and the lines on which its parts stand."""

    value: Any
    node: Any = field(default=None, repr=False)  # what libyaml made of the text

    def line(self, path: str = "") -> int:
        """The line, from 1, of the key at a path like `/spec/objectives/0/target`.

        Where a part of the path is not there it is the line of the part around it. A key may hold slashes itself.
        """
        return _line(self.node, self.node.start_mark.line + 1, path.removeprefix("/"))[1]

    def items(self) -> list[Marked]:
        """The members of a list."""
        return [Marked(value=one, node=node) for one, node in zip(self.value, self.node.value, strict=True)]


def read_marked(text: str) -> list[Marked]:
    """The documents of a text, with their lines.

    Raises:
        BrokenYaml: as `read` does.
    """
    found: list[Marked] = _loaded(lambda text, Loader: list(_documents(Loader(text))), text)  # noqa: N803  as PyYAML names it
    return found


def _documents(loader: Any) -> Iterator[Marked]:
    try:
        while loader.check_node():
            node = loader.get_node()
            yield Marked(value=loader.construct_document(node), node=node)
    finally:
        loader.dispose()


def _line(node: Any, line: int, path: str) -> tuple[int, int]:
    """How much of a path leads nowhere, and the line of the last part that is there; of several ways the one that leads farther."""
    parts = _parts(node, path) if path else []
    ways = [_line(found, found_line, path[len(part) + 1 :]) for part, found, found_line in parts]
    return min(ways, default=(len(path), line), key=lambda one: one[0])


def _parts(node: Any, path: str) -> Iterator[tuple[str, Any, int]]:
    """The parts of a node with which a path may begin, and their lines."""
    if isinstance(node, yaml.SequenceNode):
        index = path.partition("/")[0]
        if index.isdigit() and int(index) < len(node.value):
            yield index, (found := node.value[int(index)]), found.start_mark.line + 1
    elif isinstance(node, yaml.MappingNode):
        for key, found in node.value:
            if isinstance(key, yaml.ScalarNode) and f"{path}/".startswith(f"{key.value}/"):
                yield key.value, found, key.start_mark.line + 1


def _loaded(load: Callable[..., Any], text: str) -> Any:
    try:
        return load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # no such date; brackets without end
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or type(error).__name__
        if mark is None:
            raise BrokenYaml(str(said)) from None
        raise BrokenYaml(f"{said}, line {mark.line + 1}, column {mark.column + 1}", mark.line + 1) from None


def write(document: Any) -> str:
    """A document as text that `read` reads back, its keys in their order."""
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    return text
