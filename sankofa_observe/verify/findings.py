"""What a check says: claims beside what was found, what a file is about, and what was not proved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

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
class Claims:
    """What a whole document claims of its agreement's version, and of its price."""

    calendar: str
    version: int
    terms_hash: str
    currency: str
    exponent: int
    fee_minor: int
    cap_ppm: int
    bands: tuple[tuple[int, int], ...]
    credit_ppm: int


@dataclass(frozen=True, kw_only=True)
class OnChain:
    """What the contracts must hold of a file: its row, its promise and period, and the terms that it claims, if it has any."""

    chain_id: int
    contract: str
    row: Row
    settlement_id: str
    promise: str  # <slo>/<site>
    period: tuple[int, int]
    claims: Claims | None


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All checks of one file."""

    checks: tuple[Check, ...]
    summary: Mapping[str, str]  # what the file says, by name, in a person's words
    on_chain: OnChain
    proved: tuple[str, ...]  # if all checks hold
    not_proved: tuple[str, ...]
    standing: str = ""  # reported, disputed, final or superseded, where the contract was asked and knows the file

    @property
    def wrong(self) -> list[Check]:
        return [check for check in self.checks if not check.holds]


@contextmanager
def reading() -> Iterator[None]:
    """A field that is missing or of another shape is no mismatch: nothing can be said."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
        raise CannotCheck(
            f"the document or an answer lacks or garbles a field: {type(error).__name__}: {str(error)[:300]}"
        ) from error
