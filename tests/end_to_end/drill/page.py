"""The page that is followed: its sections, and the commands in each, in the order in which a person types them.

A command is a line of a block, or text between backquotes, that begins with the program's name. What stands for something of the reader's own
(`FILE`, `ID`, `0x…`) is filled in by who follows the page.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from deploy.parts import CHECKOUT

PAGE = CHECKOUT / "docs" / "how-to" / "recover-what-was-lost.md"
PROGRAM = "sankofa-observe"
_HEADING = re.compile(r"^(#{2,3}) (.+)$", re.MULTILINE)
_COMMANDS = re.compile(rf"```sh\n(?P<block>.*?)```|`(?P<inline>{PROGRAM} [^`]+)`", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Section:
    """What stands under a heading, up to the next one of any level."""

    title: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Each on one line, as the page writes it."""
        found: list[str] = []
        for match in _COMMANDS.finditer(self.text):
            block = match["block"]
            lines = [match["inline"]] if block is None else block.replace("\\\n", " ").splitlines()
            found += [one for line in lines if (one := " ".join(line.split())).startswith(PROGRAM)]
        return found

    def says(self, words: str) -> bool:
        return words in " ".join(self.text.split())


def sections(page: Path = PAGE) -> dict[str, Section]:
    """By title."""
    parts = _HEADING.split(page.read_text(encoding="utf-8"))
    return {title: Section(title=title, text=text) for title, text in zip(parts[2::3], parts[3::3], strict=True)}


def filled(command: str, values: dict[str, str | list[str]]) -> list[str]:
    """The words of a command without the program's name, with the values of options and arguments in the place of what stands for them.

    An option that has a value in `values` takes that; of an option that is given several times, a list has all of them. A word that
    is all capitals, or 0x…, must have one.
    """
    words = shlex.split(command)[1:]
    found: list[str] = []
    for n, word in enumerate(words):
        option = words[n - 1] if n else ""
        named = option if option.startswith("--") else word
        value = word if word.startswith("--") else values.get(named, word)
        if isinstance(value, list):
            found += [one for each in value for one in (option, each)][1:]
        else:
            found.append(value)
        if found[-1] == word and (word.isupper() or "…" in word):
            raise AssertionError(f"{command}: nobody says what {option} {word} is")
    return found
