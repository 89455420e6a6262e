"""What is wrong with a document, where, and how to mend it: collected, so that one run names all of it."""

from __future__ import annotations

from dataclasses import dataclass

from sankofa_observe.errors import Violation

ANNOTATION = "sankofa.observe/"


@dataclass(frozen=True)
class Fault:
    """One violation in a document that is known to the caller."""

    path: str
    code: str
    problem: str
    hint: str = ""

    def violation(self, where: str) -> Violation:
        return Violation(code=self.code, where=f"{where}:{self.path}", problem=self.problem, hint=self.hint)


def note_path(name: str) -> str:
    return f"/metadata/annotations/{ANNOTATION}{name}"


def note_fault(name: str, seen: str, expected: str) -> Fault:
    return Fault(note_path(name), "slo.annotation", f"{seen!r}; expected {expected}")
