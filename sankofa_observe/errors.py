"""Every error this package raises on purpose, named by who has to act.

SankofaError
├── InvalidInput        the caller mends the document, the flag or the request
│   ├── WrongCursor     a page is asked for after what is no `next` of its list
│   └── Unfit           what records are kept in is gone or damaged: the operator mends it, nobody tries again
├── Unavailable         a part did not answer; the caller tries again later, nothing was lost
│   └── Refused         the contract answered, and says no for now: its clock or another's act may change that
│       ├── Declined    a signer answered, and does not sign
│       └── NotTaken    a node answered, and takes no such transaction
└── InvariantBroken     two truths disagree; stop, keep everything, call a person

An error names the thing, the value seen, the value expected and the next step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ENDS = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""What ends a process or a generator. All else is a failure of its own part, a panic of polars as well, which is no `Exception`."""


def unforeseen(error: BaseException) -> str:
    """An error that is none of ours, in a line, with its notes."""
    return ", ".join([f"unexpected {type(error).__name__}: {str(error)[:300]}", *getattr(error, "__notes__", ())])


class SankofaError(Exception):
    """The root: `except SankofaError` catches what we foresaw and nothing else."""


@dataclass(frozen=True, kw_only=True)
class Violation:
    """One thing wrong in one document."""

    code: str  # stable, for machines: "slo.target-range"
    where: str  # "edge.yaml#2:/spec/objectives/0/target"
    problem: str
    hint: str = ""
    file: str = ""
    line: int = 0  # of the file, from 1; 0 where nobody can tell

    def __str__(self) -> str:
        return f"{self.place}: {self.problem} [{self.code}]" + (f"\n    hint: {self.hint}" if self.hint else "")

    @property
    def place(self) -> str:
        """As editors open it, `edge.yaml:14: /spec/objectives/0/target`, where the line is known."""
        if not self.line:
            return self.where
        path = self.where.removeprefix(self.file).partition(":")[2]
        return f"{self.file}:{self.line}" + (f": {path}" if path else "")


class InvalidInput(SankofaError):
    """What was given is wrong; every violation found in one run is listed."""

    def __init__(self, problem: str, violations: Sequence[Violation] = ()) -> None:
        self.violations = tuple(violations)
        super().__init__("\n".join([problem, *(f"  {violation}" for violation in self.violations)]))


class WrongCursor(InvalidInput):
    """A page is asked for after what is no `next` of a page of its list."""


class Unfit(InvalidInput):
    """What records are kept in was removed, replaced or damaged: nothing goes on before a person has mended it."""


class Unavailable(SankofaError):
    """A part we depend on did not answer, or answered in part; trying again later is safe."""


class Unusable(Unavailable):
    """It answered, and the answer to this question cannot be used; another question may be answered well."""


class Held(Unavailable):
    """What only one may do is done by another one."""


class Lost(Unavailable):
    """What only one may do is no longer ours to do."""


class Refused(Unavailable):
    """The contract refuses this transaction now: nothing was changed by it, and the reason names what has to change."""


class Declined(Refused):
    """A signer answered, and does not sign: nothing was sent, and it is not for want of a smaller question."""


class NotTaken(Refused):
    """A node answered, and takes no such transaction: its price, its gas, or whatever else the node says of it."""


class InvariantBroken(SankofaError):
    """Something that must hold does not: the message says what, and nothing was written."""


INVALID_INPUT, UNAVAILABLE, INVARIANT_BROKEN, UNEXPECTED = (
    "invalid_input",
    "unavailable",
    "invariant_broken",
    "unexpected",
)
KINDS = {INVALID_INPUT: InvalidInput, UNAVAILABLE: Unavailable, INVARIANT_BROKEN: InvariantBroken}


def kind_of(error: BaseException) -> str:
    """Who has to act, in a word for machines."""
    return next((name for name, kind in KINDS.items() if isinstance(error, kind)), UNEXPECTED)


def exit_code(error: SankofaError) -> int:
    """With which code a command ends: 1 try again, 2 the input is wrong, 3 two truths disagree."""
    if isinstance(error, InvalidInput):
        return 2
    return 3 if isinstance(error, InvariantBroken) else 1
