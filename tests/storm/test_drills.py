"""A runbook's drill can be played: each page has one, under the name that its runbook gives it."""

from __future__ import annotations

import pytest

from deploy.lab.storm.drills import DRILLS
from deploy.parts import CHECKOUT
from sankofa_rules.book import alerts


def test_every_page_has_one_drill() -> None:
    """A page that nobody can make come is one that nobody has ever seen."""
    pages = [alert.name for alert in alerts() if alert.severity == "page"]

    assert sorted(drill.page for drill in DRILLS.values()) == sorted(pages)


@pytest.mark.parametrize("name", DRILLS)
def test_runbook_names_the_drill_of_its_page(name: str) -> None:
    runbook = CHECKOUT / "docs" / "runbooks" / f"{DRILLS[name].page}.md"

    assert f"`python -m deploy.lab.storm {name}`" in runbook.read_text(encoding="utf-8")
