"""What a check says: claims beside what was found, what a file is about, and what was not proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sankofa_observe.verify.row import Row


class CannotCheck(Exception):
    """The file, or an answer of the chain, cannot be read; nothing is said about the numbers."""


class NoAnswer(CannotCheck):
    """The chain node did not answer; asking again may help."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One claim of the document beside what was found."""

    what: str
    claimed: str
    found: str

    @property
    def holds(self) -> bool:
        return self.claimed == self.found


@dataclass(frozen=True, kw_only=True)
class OnChain:
    """What the contract must hold of a file: its row, and the words of its answer, as text."""

    chain_id: int
    contract: str
    row: Row
    settlement_id: str
    words: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All checks of one file."""

    checks: tuple[Check, ...]
    summary: Mapping[str, str]  # what the file says, by name, in a person's words
    on_chain: OnChain
    proved: tuple[str, ...]  # if all checks hold
    not_proved: tuple[str, ...]

    @property
    def wrong(self) -> list[Check]:
        return [check for check in self.checks if not check.holds]


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block of the chain."""

    number: int
    hash: str
    at: int
    words: Mapping[str, bytes] = field(default_factory=dict)  # what the contract answered there


@contextmanager
def reading() -> Iterator[None]:
    """A field that is missing or of another shape is no mismatch: nothing can be said."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise CannotCheck(
            f"the document or an answer lacks or garbles a field: {type(error).__name__}: {str(error)[:300]}"
        ) from error
