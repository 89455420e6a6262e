"""Runbooks are checked like code: a page an alert, each part there, each query and command one that runs, each link one that opens."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from deploy.parts import CHECKOUT
from sankofa_exporters.cli import command_line
from sankofa_observe import cli
from sankofa_rules import book, metrics, runbooks
from sankofa_rules.rule import Alert, Record
from tests.alert_rules.promql import unknown_names

PAGES = sorted(runbooks.PAGES.glob("*.md"))
ALERTS = {alert.name: alert for alert in book.alerts()}
KNOWN = metrics.series_labels() | book.recorded_labels()
FIRST = ["In one line", "First 5 minutes", "Us or the observer?", "Fix"]
LAST = ["Why this threshold", "Silence or exclude?", "The rule"]
PAGED = ["In one line", "Money", "First 5 minutes", "Us or the observer?", "Fix", "Whom to wake", "Drill"]
_CODE = re.compile(r"```(\w*)\n(.*?)```|`([^`\n]+)`", re.DOTALL)
_QUERY = re.compile(r"\bsankofa[_:]|\b(?:up|ALERTS)\{")
_NAMED_BESIDE = {"ADDRESS"}  # things that the sentence before names


def _codes(text: str) -> Iterator[str]:
    """Each piece of code of a page: a line of a fenced block of commands, a fenced query, a span."""
    for kind, block, span in _CODE.findall(text):
        if kind == "sh":
            yield from (line for line in block.replace("\\\n", " ").splitlines() if line.strip())
        else:
            yield (block or span).strip()


def _commands(program: str) -> list[tuple[str, str]]:
    found = ((page.stem, code) for page in PAGES for code in _codes(page.read_text()))
    return sorted({(name, code) for name, code in found if code.split(" ")[0] == program})


def test_every_alert_has_a_page_that_was_read_for_its_rule_as_it_is() -> None:
    """No alert without a page, no page without an alert, no end that is old, no rule that changed behind its page."""
    assert list(runbooks.stale()) == []


def test_a_changed_rule_makes_its_page_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where what changed is a recorded series two steps away; a page nobody wrote and a page too many are named."""
    for page in PAGES:
        (tmp_path / page.name).write_text(page.read_text())
    name = next(alert.name for alert in ALERTS.values() if "sankofa:" in alert.expr)
    (tmp_path / "Nobody.md").touch()
    (tmp_path / f"{name}.md").rename(tmp_path / "Kept.md")
    wrong = list(runbooks.stale(tmp_path))
    assert [line.split(":")[0] for line in wrong] == [name, "Kept", "Nobody"]
    rules = tuple(book.rules())
    before = {one.name: runbooks.fingerprint(one, rules) for one in rules if isinstance(one, Alert)}
    first = next(rule for rule in rules if isinstance(rule, Record))
    object.__setattr__(first, "expr", f"{first.expr} ")
    try:
        changed = {
            one.name for one in rules if isinstance(one, Alert) and runbooks.fingerprint(one, rules) != before[one.name]
        }
    finally:
        object.__setattr__(first, "expr", first.expr[:-1])
    assert changed
    assert changed < before.keys()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_runbooks_have_each_part_and_their_queries_run(page: Path) -> None:
    """The headings in order, none empty; a page also says what it costs, whom to wake and how to drill it."""
    text = re.sub(r"\A---\n.*?\n---\n", "", page.read_text(), flags=re.DOTALL)
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    assert parts[0].strip() == f"# {page.stem}"
    expected = PAGED if ALERTS[page.stem].severity == "page" else FIRST
    assert parts[1::2] == [*expected, *LAST]
    assert all(part.strip() for part in parts[2::2])
    for code in _codes(text):
        if _QUERY.search(code) and "/" not in code.replace(" / ", " "):  # a path of this repository is no query
            assert unknown_names(code, KNOWN) == [], code


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_words_in_capitals_are_labels_that_the_alerts_link_fills_in(page: Path) -> None:
    """See RegionDown: a query that still says REGION when the link of the page has opened finds nothing."""
    filled = {label.upper() for label in ALERTS[page.stem].varying}
    codes = list(_codes(page.read_text()))
    asked = {word for code in codes for word in re.findall(r'\w="([A-Z]{3,})"', code)}
    assert asked <= filled | _NAMED_BESIDE, page.stem
    assert {word for code in codes for word in re.findall(r"--site (SITE)", code)} <= filled


@cache
def _program() -> Any:
    return typer.main.get_command(cli.app)


@pytest.mark.parametrize(("page", "command"), _commands("sankofa-observe"))
def test_commands_of_ours_are_ones_that_the_command_line_takes(page: str, command: str) -> None:
    """Parsed by the real parser, down to the last option."""
    words, found = shlex.split(command)[1:], _program()
    while hasattr(found, "commands"):
        assert words[0] in found.commands, (page, command)
        found = found.commands[words.pop(0)]
    if words:  # a command that is only named needs no options
        found.make_context(found.name, words)


@pytest.mark.parametrize(("page", "command"), _commands("sankofa-exporter"))
def test_commands_of_exporters_are_ones_that_they_take(page: str, command: str) -> None:
    words = shlex.split(command)[1:]
    try:
        command_line().parse_args(words)
    except SystemExit:
        pytest.fail(f"{page}: {command}")


def test_alerts_that_a_page_names_are_alerts() -> None:
    """See BesuHeadStalled: a page that sends its reader to one that is gone would cost minutes."""
    names = "|".join(sorted({re.match(r"[A-Z][a-z]+", name)[0] for name in ALERTS}))  # type: ignore[index]
    named = re.compile(rf"\b(?:{names})[A-Z][a-z]+(?:[A-Z][a-z]+)*\b")
    wrong = {
        (page.stem, word)
        for page in PAGES
        for word in named.findall(_CODE.sub("", page.read_text()))
        if word not in ALERTS
    }
    assert wrong == set()


def test_pages_lie_where_set_up_puts_them() -> None:
    """The command, the link of an alert and the wheel read the same folder."""
    assert runbooks.PAGES == CHECKOUT / "docs" / "runbooks"
