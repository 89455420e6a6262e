"""Who acts by hand, and with which words. Records have an id that says nothing; name and mail stand in one table, where they can be erased."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from sankofa_observe.errors import InvalidInput
from sankofa_observe.ports import Clock, Ledger, Person, PersonKind

NEXT = "name one of sankofa-observe persons list by --by, or make the person known: sankofa-observe persons add NAME --config FILE"
MOST_LETTERS = 200
_ID = re.compile(r"(?:person:)?([a-z2-7]{8})")
_KEY = re.compile(r"key-([0-9a-f]{8})")
_MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+")
_ANY_ID = re.compile(r"\b(?:person:[a-z2-7]{8}|key:[0-9a-f]{8})\b")


def person(by: str, reason: str, ledger: Ledger, *texts: str) -> str:
    """Who acts, as records name them: the id of whom this id, name or mail is.

    Raises:
        InvalidInput: nobody is known by it, no reason is said, or the reason or another text that is kept has a known name or mail.
    """
    if not reason.strip():
        raise InvalidInput("a person's word needs a reason: what shows it")
    known = ledger.persons()
    for what, text in (("reason", reason), *(("reference", one) for one in texts)):
        one_line(what, text)
        _nobody_named(what, text, known)
    return _meant(by, known).id


def _meant(by: str, known: Iterable[Person]) -> Person:
    """The person that is meant; raises `InvalidInput` for nobody, for a key, and for one that was erased."""
    found = _ID.fullmatch(by)
    for one in known:
        if (found and one.id == f"person:{found[1]}") or one.is_called(by):
            if one.kind is PersonKind.KEY:
                raise InvalidInput(f"by {by!r}: that is {one.id}, an API key, and keys act by no command; {NEXT}")
            if one.erased_at is not None:
                raise InvalidInput(f"by {by!r}: {one.id} was erased, and acts no more; {NEXT}")
            return one
    raise InvalidInput(
        f"by {by[:80]!r}: expected the id, the name or the mail of a person that the ledger knows; {NEXT}"
    )


def add(
    name: str, *, mail: str = "", key: str = "", by: str | None, reason: str, ledger: Ledger, clock: Clock, digits: str
) -> Person:
    """Make a person known, or what people call an API key; `digits` are 8 of base32, at random. Without `by`, who is added does it."""
    _is_text("name", name)
    if mail:
        _is_text("mail", mail)
    if mail and not _MAIL.fullmatch(mail):
        raise InvalidInput(f"--mail {mail[:80]!r}: expected an address like amina@example.org; nothing was written")
    whose = _KEY.fullmatch(key)
    if key and not whose:
        raise InvalidInput(
            f"--key {key[:80]!r}: expected key- and 8 hex digits, as the keys file has it; nothing was written"
        )
    made = Person(
        id=f"key:{whose[1]}" if whose else f"person:{digits}",
        kind=PersonKind.KEY if whose else PersonKind.PERSON,
        name=name,
        mail=mail,
        added_at=clock.now(),
    )
    actor = made.id if by is None else person(by, reason, ledger)
    _nobody_named("reason", reason, [*ledger.persons(), made])
    ledger.acting(actor).add_person(made, reason=reason)
    return made


def erase(who: str, *, by: str, reason: str, ledger: Ledger, clock: Clock) -> Person:
    """Take name and mail of a person, or the label of a key, away for good. Records keep the id, and stay what they are."""
    actor, known = person(by, reason, ledger), ledger.persons()
    digits = _ID.fullmatch(who)
    ids = {who, f"person:{digits[1]}" if digits else who, who.replace("key-", "key:")}
    found = next((one for one in known if one.id in ids or one.is_called(who)), None)
    if found is None:
        raise InvalidInput(
            f"{who[:80]!r}: no person and no key of the ledger; see sankofa-observe persons list; nothing was written"
        )
    ledger.acting(actor).erase_person(found.id, reason=reason, at=clock.now())
    return next(one for one in ledger.persons() if one.id == found.id)


def naming(known: Iterable[Person]) -> Callable[[str], str]:
    """Puts names to the ids in a text that a person reads; what was erased stays an id."""
    names = {one.id: one.name for one in known if one.name}

    def put(text: str) -> str:
        return _ANY_ID.sub(lambda found: f"{names[found[0]]} ({found[0]})" if found[0] in names else found[0], text)

    return put


def one_line(what: str, text: str) -> None:
    """It stands in lines of lists and logs, and on terminals, which obey some characters."""
    wrong = next((one for one in text if not one.isprintable()), None)
    if wrong is not None:
        raise InvalidInput(f"{what}: has the character {wrong!a}; expected one line of text without control characters")


def _is_text(what: str, text: str) -> None:
    one_line(what, text)
    if not text.strip() or len(text) > MOST_LETTERS or _ANY_ID.search(text):
        raise InvalidInput(
            f"{what}: expected 1 to {MOST_LETTERS} letters that are no id of a person or key; nothing was written"
        )


def _nobody_named(what: str, text: str, known: Iterable[Person]) -> None:
    """What is kept for ever has no name in it. A single word is let pass: `may` and `root` are names too."""
    for one in known:
        names = [name for name in (one.mail, one.name) if len(name.split()) > 1 or "@" in name]
        if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) for name in names):
            raise InvalidInput(
                f"{what}: it has the name or the mail of {one.id}, and stays for ever: write {one.id}; nothing was written"
            )
