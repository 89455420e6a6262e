"""The runbooks: where their pages lie, and a page with the labels of an alert filled in.

A page is Markdown under the name of its alert. In its code, and nowhere else, a word like SITE stands for a label of the alert. The
head between two lines of `---` is for those who keep the pages, and is not shown.
"""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from sankofa_observe.errors import InvalidInput

LABELS = ("site", "region", "tier", "system", "network", "instance", "observer", "slo")
"""Labels of an alert that a page may ask for, in capitals."""
_INSTALLED = Path(sysconfig.get_path("data")) / "share" / "sankofa-observe" / "runbooks"
_CHECKOUT = Path(__file__).parents[1] / "docs" / "runbooks"
_HEAD = re.compile(r"\A---\n.*?^---\n+", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_WORD = re.compile(rf"\b({'|'.join(label.upper() for label in LABELS)})\b")
_VALUE = re.compile(r"[\w.:/@ -]{1,253}")


def folder() -> Path:
    """The checkout's pages, or those that the wheel brought; raises `InvalidInput` where neither is there."""
    for place in (_CHECKOUT, _INSTALLED):
        if place.is_dir():
            return place
    raise InvalidInput(f"runbooks: no folder {_INSTALLED}; install sankofa-observe anew")


def names() -> list[str]:
    return sorted(page.stem for page in folder().glob("*.md"))


def page(name: str, labels: Mapping[str, str] | None = None) -> str:
    """The page in Markdown; raises `InvalidInput` for a page or a label that there is not, and says which there are."""
    known = names()
    if name not in known:
        near = get_close_matches(name, known, n=3)
        guess = f"is it {' or '.join(near)}? " if near else ""
        raise InvalidInput(f"runbook {name!r}: no such page; {guess}`sankofa-observe runbook` lists all")
    given = dict(labels or {})
    _check(given)
    text = _HEAD.sub("", (folder() / f"{name}.md").read_text(encoding="utf-8"))
    return _CODE.sub(lambda code: _WORD.sub(lambda word: given.get(word[1].lower(), word[1]), code[0]), text)


def is_name(value: str) -> bool:
    """Whether a page takes it for the value of a label."""
    return bool(_VALUE.fullmatch(value))


def _check(labels: Mapping[str, str]) -> None:
    if unknown := sorted(set(labels) - set(LABELS)):
        raise InvalidInput(f"label {unknown[0]!r}: a page asks for {', '.join(LABELS)}")
    if odd := sorted(name for name, value in labels.items() if not is_name(value)):
        raise InvalidInput(f"label {odd[0]!r}: expected a name in letters, digits and . : / @ - _")
