"""ARCHITECTURE.md is the drawing of this house: nothing stands that is not drawn, nothing is drawn that does not stand."""

from __future__ import annotations

import re
import tomllib

from sankofa_observe.pipeline.stages import TURNS
from tests.repository.tree import ROOT, files, text

DRAWING = text("ARCHITECTURE.md")
DECISIONS = "docs/decisions"


def test_folders_of_the_top_are_drawn() -> None:
    """Every top-level folder stands in the drawing."""
    folders = {path.parts[0] for path in files() if len(path.parts) > 1 and not path.parts[0].startswith(".")}
    assert {folder for folder in folders if f"`{folder}/`" not in DRAWING} == set()


def test_folders_of_deploy_and_docs_are_drawn() -> None:
    """What lies in deploy/ and docs/ is named in their rows."""
    rows = {
        folder: re.findall(rf"^\| `{folder}/` \|(.*)\|$", DRAWING, re.MULTILINE)[0] for folder in ("deploy", "docs")
    }
    lying = {(path.parts[0], path.parts[1]) for path in files() if len(path.parts) > 2 and path.parts[0] in rows}
    assert {f"{top}/{inner}" for top, inner in lying if inner not in rows[top]} == set()


def test_layers_of_the_platform_are_drawn() -> None:
    """Every module and package of `sankofa_observe` is named, and every layer that import-linter holds."""
    modules = {path.parts[1].removesuffix(".py") for path in files() if path.parts[0] == "sankofa_observe"}
    modules -= {"__init__", "py.typed"}
    assert {name for name in modules if f"`{name}`" not in DRAWING} == set()


def test_layers_are_drawn_in_the_order_that_is_held() -> None:
    """The table of layers reads downwards as the import contract does."""
    contracts = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    held = [set(re.findall(r"\w+", layer)) for layer in contracts[0]["layers"]]
    table = DRAWING.partition("| layer | holds |")[2].partition("\n\n")[0]
    drawn = [set(re.findall(r"`(\w+)`", row.split("|")[1])) for row in table.splitlines()[2:]]
    assert drawn == held


def test_stages_are_drawn_as_they_are() -> None:
    """The table of stages is the data that the schedule and the metrics are made of."""
    table = DRAWING.partition("| stage | turn |")[2].partition("\n\n")[0].splitlines()[2:]
    assert table == [
        f"| {one.name} | {turn.name}, {turn.every_seconds} s | {', '.join(one.reads)} | {', '.join(one.writes)} "
        f"| {one.makes} | {one.repeats} |"
        for turn in TURNS
        for one in turn.stages
    ]


def test_decisions_are_listed_and_exist() -> None:
    """The list of decisions and the folder are the same, and each page's number is its name's."""
    listed = re.findall(rf"\[(\d{{4}})\]\({DECISIONS}/([\w-]+\.md)\)", DRAWING)
    there = sorted(path.name for path in (ROOT / DECISIONS).iterdir())
    assert sorted(name for _, name in listed) == there
    assert [(name[:4], text(f"{DECISIONS}/{name}")[2:6]) for name in there] == [(name[:4], name[:4]) for name in there]
    assert all(number == name[:4] for number, name in listed)


def test_decisions_say_their_price() -> None:
    """Each decision has context, choice, price and when to revisit, on one page."""
    parts = ["Context", "Choice", "Price", "When to revisit"]
    faults = {}
    for path in (ROOT / DECISIONS).iterdir():
        page = path.read_text(encoding="utf-8")
        found, length = re.findall(r"^## (.+)$", page, re.MULTILINE), len(page.splitlines())
        if found != parts or not 20 <= length <= 50:
            faults[path.name] = (found, length)
    assert faults == {}
