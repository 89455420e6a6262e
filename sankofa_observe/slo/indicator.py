"""What is measured: which raw series say good, and which say how many.

Both kinds read *raw samples* through a plain series selector; nothing here rates, extrapolates or averages. The label
`site` of a series says whose it is: one spec serves a whole tier.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

SITE_LABEL = "site"
# Strict, because what passes here is sent to every source: text that is no matcher would fail there, or swallow the site's.
_ESCAPE = r"\\(?:[abfnrtv\\]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[0-3][0-7]{2}|QUOTE)"
_TEXT = "|".join(rf"{q}(?:[^{q}\\\n]|{_ESCAPE.replace('QUOTE', q)})*{q}" for q in "\"'")
_GAP = r"[ \t\r\n]*"
_MATCHER = rf"{_GAP}[a-zA-Z_][a-zA-Z0-9_]*{_GAP}(?:=~|!~|!=|=){_GAP}(?:{_TEXT}){_GAP}"
_SELECTOR = re.compile(rf"[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{{(?:{_MATCHER}(?:,{_MATCHER})*(?:,{_GAP})?|{_GAP})\}})?")


@dataclass(frozen=True, kw_only=True)
class StateIndicator:
    """A service that is up or down at each scrape, and an exporter that says whether it knows.

    `up` and `known` select gauges of 0 or 1 with the same labels. A scrape with `known` 0 is no sample at all.
    """

    up: str
    known: str

    def selectors(self) -> tuple[str, str]:
        return (self.up, self.known)


@dataclass(frozen=True, kw_only=True)
class RatioIndicator:
    """Events counted by two counters: those that were good, and all that were valid."""

    good: str
    valid: str

    def selectors(self) -> tuple[str, str]:
        return (self.good, self.valid)


Indicator = StateIndicator | RatioIndicator


def is_plain_selector(text: str) -> bool:
    """Whether the text is `name` or `name{…}`: a series selector, no function, range or operator."""
    return _SELECTOR.fullmatch(text) is not None


def for_sites(selector: str, sites: Sequence[str]) -> str:
    """The selector narrowed to the named sites; names are escaped as a PromQL string and a regular expression want it."""
    pattern = json.dumps("|".join(re.escape(site) for site in sites), ensure_ascii=False)  # PromQL's escapes are JSON's
    name, brace, rest = selector.partition("{")
    matchers = rest.removesuffix("}").strip().removesuffix(",") if brace else ""
    return f"{name}{{{matchers}{',' if matchers else ''}{SITE_LABEL}=~{pattern}}}"
