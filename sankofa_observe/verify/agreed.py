"""Whether the agreement book has a file's agreement, calendar, period, version and promise as the file claims them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sankofa_observe.verify.books import Agreement, Books, Terms
from sankofa_observe.verify.findings import Check, Claims, OnChain
from sankofa_observe.verify.keccak import keccak


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """What both parties accepted for the file's period."""

    agreement: Agreement
    version: int
    terms: Terms
    period: tuple[int, int]


def agreed_checks(of: OnChain, books: Books) -> tuple[list[Check], Agreed | None]:
    """All checks, and what is agreed; nothing where the contract has no such agreement, period or promise."""
    row = of.row
    held = books.agreement(row.agreement)
    there = f"{held.first_period} to {held.end_period - 1}" if held.version else "no such agreement"
    if not held.version or not held.first_period <= row.period < held.end_period:
        return [Check(what="chain: periods of the agreement", claimed=str(row.period), found=there)], None
    bounds = books.bounds(held.calendar, row.period)
    period = Check(what="chain: period", claimed=_span(of.period), found=_span(bounds) if bounds else "none")
    version = books.version_at(row.agreement, row.period)
    terms = books.terms(row.agreement, version)
    checks = [period, *_promise_checks(of, terms)]
    if of.claims:
        checks += _claim_checks(of.claims, held, version, terms)
    if not bounds or row.slo >= len(terms.promises):
        return checks, None
    return checks, Agreed(agreement=held, version=version, terms=terms, period=bounds)


def _promise_checks(of: OnChain, terms: Terms) -> Iterator[Check]:
    place, claimed = of.row.slo, "0x" + keccak(of.promise.encode()).hex()
    found = terms.promises[place][0] if place < len(terms.promises) else f"none, of {len(terms.promises)}"
    yield Check(what=f"chain: promise {place}", claimed=claimed, found=found)
    if of.claims and place < len(terms.promises):
        yield Check(what="chain: bands", claimed=str(of.claims.bands), found=str(terms.promises[place][1]))


def _claim_checks(claims: Claims, held: Agreement, version: int, terms: Terms) -> Iterator[Check]:
    yield Check(what="chain: calendar", claimed=claims.calendar, found=held.calendar)
    yield Check(what="chain: version of the period", claimed=str(claims.version), found=str(version))
    for name in ("terms_hash", "currency", "exponent", "fee_minor", "cap_ppm"):
        yield Check(what=f"chain: {name}", claimed=str(getattr(claims, name)), found=str(getattr(terms, name)))


def _span(period: tuple[int, int]) -> str:
    return f"{period[0]} to {period[1]}"
