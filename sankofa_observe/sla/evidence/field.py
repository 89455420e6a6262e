"""A value of a document with its place: each reading is of one type, or refuses and says where, what was seen and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.evidence.document import Json
from sankofa_observe.sla.evidence.form import MAX_SAFE
from sankofa_observe.units import PPM

T = TypeVar("T")
# A slash joins names in the id of a promise: were it allowed in one, a/b at c would have the identity of a at b/c.
NAME = re.compile("[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
DIGEST = 32  # bytes
_LARGE = re.compile(r"-?[1-9][0-9]{15,99}")


@dataclass(frozen=True)
class Field:
    """A value with its place in the document."""

    value: Json
    place: str

    def only(self, *names: str) -> None:
        found = sorted(self.value) if isinstance(self.value, dict) else type(self.value).__name__
        if found != sorted(names):
            raise self._refuse(self.place, found, f"the fields {', '.join(sorted(names))}")

    def inner(self, name: str) -> Field:
        if not isinstance(self.value, dict) or name not in self.value:
            raise self._refuse(f"{self.place}: {name}", "missing", "a value")
        return Field(self.value[name], name if self.place == "the document" else f"{self.place}.{name}")

    def text(self, name: str) -> str:
        return self.inner(name).as_text()

    def name(self, name: str) -> str:
        return self.inner(name).as_name()

    def whole(self, name: str) -> int:
        return self.inner(name).as_whole()

    def positive(self, name: str) -> int:
        return self.inner(name).as_whole(least=1)

    def ppm(self, name: str) -> int:
        return self.inner(name).as_ppm()

    def count(self, name: str) -> int:
        return self.inner(name).as_count(least=0)

    def hex(self, name: str, length: int) -> str:
        return self.inner(name).as_hex(length)

    def each(self, name: str, read: Callable[[Field], T]) -> tuple[T, ...]:
        return tuple(read(one) for one in self.inner(name).items())

    def items(self, length: int | None = None) -> list[Field]:
        if not isinstance(self.value, list) or length not in {None, len(self.value)}:
            expected = "a list" if length is None else f"a list of {length}"
            raise self._refuse(self.place, self.value, expected)
        return [Field(one, f"{self.place}[{n}]") for n, one in enumerate(self.value)]

    def as_text(self) -> str:
        if not isinstance(self.value, str):
            raise self._refuse(self.place, self.value, "text")
        return self.value

    def as_name(self) -> str:
        text = self.as_text()
        if not NAME.fullmatch(text):
            raise self._refuse(self.place, text, "a name of a-z, 0-9 and -, 63 at most")
        return text

    def as_hex(self, length: int) -> str:
        if not isinstance(self.value, str) or not re.fullmatch(f"0x[0-9a-f]{{{2 * length}}}", self.value):
            raise self._refuse(self.place, self.value, f"0x and {2 * length} lower-case hex digits")
        return self.value

    def as_whole(self, *, least: int = 0) -> int:
        if type(self.value) is not int or not least <= self.value <= MAX_SAFE:
            raise self._refuse(self.place, self.value, f"a whole number from {least} to 2^53 - 1")
        return self.value

    def as_ppm(self) -> int:
        if type(self.value) is not int or not 1 <= self.value <= PPM:
            raise self._refuse(self.place, self.value, f"parts per million, from 1 to {PPM}")
        return self.value

    def as_count(self, *, least: int | None = None) -> int:
        """A whole number, as text where it is over 2^53 - 1."""
        number = _whole_of(self.value)
        if number is None or (least is not None and number < least):
            since = "" if least is None else f" from {least}"
            raise self._refuse(self.place, self.value, f"a whole number{since}, as text where it is over 2^53 - 1")
        return number

    def _refuse(self, place: str, seen: object, expected: str) -> InvalidInput:
        return InvalidInput(f"evidence document: {place} is {str(seen)[:100]!r}, expected {expected}")


def _whole_of(value: Json) -> int | None:
    if type(value) is int:
        return value if abs(value) <= MAX_SAFE else None
    if not isinstance(value, str) or not _LARGE.fullmatch(value) or abs(int(value)) <= MAX_SAFE:
        return None
    return int(value)
