"""One case of the drill: a section of the page, followed to its end, with what was typed and what came back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from tests.end_to_end.drill.installation import Ended, Installation
from tests.end_to_end.drill.page import PROGRAM, Section, filled, sections

Options = Mapping[str, str | list[str]]


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A command as the page has it, and how it ended."""

    command: str
    ended: Ended


@dataclass(kw_only=True)
class Case:
    """Commands are typed in the order of the page, and each of them is, or is said not to be needed."""

    section: Section
    at: Installation
    told: list[str | Typed] = field(default_factory=list)
    seconds: float = 0
    _left: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._left = self.section.commands

    def happens(self, what: str, act: Callable[[], object] = lambda: None) -> None:
        """What is lost, or what time and others bring."""
        self.told.append(what)
        act()

    def does(self, words: str, act: Callable[[], object] = lambda: None) -> None:
        """A step of the page that is no command: its words stand there."""
        assert self.section.says(words), f"{self.section.title}: the page does not say {words!r} any more"
        self.told.append(f"“{words}”")
        act()

    def types(
        self,
        begins: str,
        options: Options = MappingProxyType({}),
        *,
        code: int = 0,
        more: tuple[str, ...] = (),
        **words: str,
    ) -> str:
        """The next command of the page, and what it said; given are values of its options, and of words that stand for something."""
        command = self._next(begins)
        given = {"--config": str(self.at.settings), "--reason": "INC-7"} | {
            _option(one): value for one, value in {**options, **words}.items()
        }
        if "INC-7" in command:  # the page names a reason itself
            del given["--reason"]
        ended = self.at.run(*filled(command, given), *more)
        self.told.append(Typed(command=command, ended=ended))
        assert ended.code == code, f"{command}: exit {ended.code}, expected {code}: {ended.out}{ended.err}"
        return ended.out + ended.err

    def skips(self, begins: str) -> None:
        """A command that this case does not need."""
        self._next(begins)

    def ends(self) -> None:
        assert self._left == [], f"{self.section.title}: of the page nobody typed {self._left}"

    def _next(self, begins: str) -> str:
        assert self._left, f"{self.section.title}: the page has no more commands, expected {begins!r}"
        command = self._left.pop(0)
        assert command.startswith(f"{PROGRAM} {begins}"), (
            f"{self.section.title}: the page has {command!r}, expected {begins!r}"
        )
        return command


def _option(name: str) -> str:
    """`keystore` is of the option, `NAME` of the word."""
    return name if name.isupper() else {"since": "--from"}.get(name, "--" + name.replace("_", "-"))


@dataclass(kw_only=True)
class Drill:
    """All cases on one installation, each of which leaves it sound."""

    at: Installation
    cases: list[Case] = field(default_factory=list)

    @contextmanager
    def case(self, title: str) -> Iterator[Case]:
        made = Case(section=sections()[title], at=self.at)
        began = time.monotonic()
        yield made
        made.ends()
        made.seconds = time.monotonic() - began
        self.cases.append(made)
