"""Who acts by hand, and with which words: as records and terminals can bear them."""

from __future__ import annotations

import re

from sankofa_observe.errors import InvalidInput

_PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")


def person(by: str, reason: str) -> str:
    """Who acts, as records name them; raises `InvalidInput` where nobody does, or says no reason."""
    if not reason.strip():
        raise InvalidInput("a person's word needs a reason: what shows it")
    one_line("reason", reason)
    if not _PERSON.fullmatch(by):
        raise InvalidInput(f"by {by!r}: expected the id of a person, of letters, digits and ._@-")
    return f"person:{by}"


def one_line(what: str, text: str) -> None:
    """It stands in lines of lists and logs, and on terminals, which obey some characters."""
    wrong = next((one for one in text if not one.isprintable()), None)
    if wrong is not None:
        raise InvalidInput(f"{what}: has the character {wrong!a}; expected one line of text without control characters")
