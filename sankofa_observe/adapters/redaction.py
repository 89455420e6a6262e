"""Texts of errors without the secrets that a request carried, however a server or a library writes them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from sankofa_observe.shown import HIDDEN, secrets_of

_LONG = 8  # shorter values, such as a tenant's number, are hidden only where they stand as a word
_SHOWN = 100  # of each end of a long text


class Redaction:
    """Hides the values of headers, and each word of them: the token after `Bearer` as well; and what an address may hide.

    A user, a password, a path and a query of an address may each be a key.
    """

    def __init__(self, headers: Mapping[str, str], address: str = "") -> None:
        schemes = {"bearer", "basic", "digest", "token"}
        parts = [part for value in headers.values() for part in (value, value.strip(), *value.split()[1:])]
        parts += secrets_of(address)
        forms = {form for part in parts if part.lower() not in schemes for form in _forms(part) if form.strip()}
        every = "|".join(_pattern(form) for form in sorted(forms, key=len, reverse=True))
        self._secret = re.compile(every) if every else None

    def __call__(self, text: str) -> str:
        return self._secret.sub(HIDDEN, text) if self._secret else text


def shortened(text: str) -> str:
    """A text of an error; of one that names hundreds of sites its two ends, and how long it is."""
    if len(text) <= 3 * _SHOWN:
        return text
    return f"{text[:_SHOWN]} … ({len(text)} characters) … {text[-_SHOWN:]}"


def _forms(part: str) -> Iterable[str]:
    return (part, json.dumps(part)[1:-1], repr(part)[1:-1], html.escape(part), quote(part, safe=""), quote(part))


def _pattern(form: str) -> str:
    found = re.escape(form)
    return found if len(form) >= _LONG else rf"(?<!\w){found}(?!\w)"
