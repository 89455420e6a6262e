"""The one reader and writer of YAML: a key that stands twice is refused, and what is wrong is told by its place, not by the line itself.

A line may hold a secret: a salt, a token, a password. YAML by itself keeps the last of two keys in silence: which was meant?
"""

from __future__ import annotations

from typing import Any

import yaml

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same language, read by libyaml where that is there


class BrokenYaml(ValueError):
    """The text is no YAML, or a key stands twice in it."""


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
    found: list[Any] = _loaded(lambda *arguments, **named: list(yaml.load_all(*arguments, **named)), text)
    return found


def _loaded(load: Any, text: str) -> Any:
    try:
        return load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # no such date; brackets without end
        mark = getattr(error, "problem_mark", None)
        said = getattr(error, "problem", None) or type(error).__name__
        raise BrokenYaml(f"{said}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(said)) from None


def write(document: Any) -> str:
    """A document as text that `read` reads back, its keys in their order."""
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
    return text
