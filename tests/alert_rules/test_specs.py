"""Rules are made of the specs: whoever changes an SLO, or writes another one, changes what is watched."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.parts import CHECKOUT
from docs.generate import promises_table
from sankofa_dashboards import book as boards
from sankofa_observe.errors import InvalidInput
from sankofa_rules import book
from sankofa_rules.slo import SPECS, watched_slos

EDGE = "slos/availability-edge.yaml"


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A folder of specs that a test may change; agreements follow a target, and would have to be changed with it."""
    return Path(shutil.copytree(SPECS, tmp_path / "deploy" / "specs", ignore=shutil.ignore_patterns("agreements")))


def _change(specs: Path, name: str, old: str, new: str) -> None:
    text = (specs / name).read_text()
    assert old in text
    (specs / name).write_text(text.replace(old, new))


def _rules(specs: Path) -> list[dict[str, Any]]:
    document = yaml.safe_load(book.documents(book.Edition(specs=specs))["slo.yaml"])
    return [rule for group in document["groups"] for rule in group["rules"]]


def test_a_changed_target_changes_its_budget_and_nothing_else(specs: Path) -> None:
    """0.995 made 0.9 is another budget; the row that cannot fire then is told, and the others watch."""
    _change(specs, EDGE, "target: 0.995", "target: 0.9")
    old, new = _rules(SPECS), _rules(specs)
    both = [(before["expr"], after["expr"]) for before, after in zip(old, new, strict=True)]
    assert [(before, after) for before, after in both if before != after] == [("vector(5000)", "vector(100000)")]
    # A larger budget takes longer to burn, and so to page.
    paged = [next(rule for rule in rules if rule.get("alert") == "SloBurn") for rules in (old, new)]
    before, after = (int(rule["annotations"]["fault_to_page"]) for rule in paged)
    assert before < after
    assert [note for note in watched_slos(specs).notes if "availability-edge" in note] == [
        "availability-edge: the row of 1h can never fire: factor 72/5 x budget is 1.44, 1 or more; the others watch."
    ]


def test_a_new_slo_is_watched_by_every_rule(specs: Path) -> None:
    """A second promise of the edge, written into the folder, gets its steps and its budget; no other rule changes."""
    text = (specs / EDGE).read_text().replace("availability-edge", "tunnel-edge")
    (specs / "slos" / "tunnel-edge.yaml").write_text(text.replace("proxmox-cluster-up", "tunnel-up"))
    _change(
        specs,
        "fleet.yaml",
        "        canary:\n          edge-nairobi-1",
        "        cloudflare:\n          edge-nairobi-1: {module: tunnel, endpoint: tunnel-1}\n        canary:\n          edge-nairobi-1",
    )
    old, new = _rules(SPECS), _rules(specs)
    added = [rule for rule in new if rule not in old]
    assert [rule for rule in old if rule not in new] == []
    assert [(rule["record"], rule["labels"]) for rule in added] == [
        ("sankofa:slo_valid:step", {"slo": "tunnel-edge", "system": "cloudflare"}),
        ("sankofa:slo_bad:step", {"slo": "tunnel-edge", "system": "cloudflare"}),
        ("sankofa:slo_budget:ppm", {"slo": "tunnel-edge"}),
    ]
    assert "sankofa_tunnel_known" in str(added[0]["expr"])
    old_page, new_page = (promises_table(root).splitlines() for root in (CHECKOUT, specs.parents[1]))
    assert [line.split("|")[1] for line in new_page if line not in old_page] == [
        " [`tunnel-edge`](../../deploy/specs/slos/tunnel-edge.yaml) "
    ]


def test_boards_name_no_slo() -> None:
    """So a new one is on them by itself: it is a value of a variable, and a label of what is recorded."""
    names = {slo.name for slo in watched_slos().slos}
    found = [
        name for text in boards.documents().values() for name in names if f'"{name}"' in text or f"={name}" in text
    ]
    assert found == []


def test_a_part_pages_as_its_whole_until_an_agreement_promises_it(specs: Path) -> None:
    """What only stands in a datacenter's availability has steps of its own name, and no budget."""
    recorded = {rule["record"] for rule in _rules(SPECS) if rule.get("labels", {}).get("slo") == "storage-core"}
    assert recorded == {"sankofa:slo_part_valid:step", "sankofa:slo_part_bad:step"}
    agreement = (SPECS / "agreements" / "example-edge.yaml").read_text()
    agreement = agreement.replace("availability-edge", "storage-regional").replace(
        "edge-nairobi-1", "regional-nairobi-1"
    )
    (specs / "agreement.yaml").write_text(agreement.replace("belowPpm: 995000", "belowPpm: 999000"))
    assert watched_slos(specs).promised - watched_slos().promised == {"storage-regional"}


@pytest.mark.parametrize(
    ("target", "scrape", "reason"),
    [
        ("0.8", "15s", "page can never fire: factor 72/5 x budget is 2.88, 1 or more; can never fire: factor 6 x budget is 1.2, 1 or more"),
        ("0.995", "2m", "cannot be measured: 300 s hold fewer than 4 scrapes of 120 s"),
    ],
)  # fmt: skip
def test_an_slo_that_no_alert_could_watch_is_refused_by_name(
    specs: Path, target: str, scrape: str, reason: str
) -> None:
    """A page that could never fire, or that would measure noise, stops the generation and says where."""
    _change(specs, EDGE, "target: 0.995", f"target: {target}")
    _change(specs, EDGE, "scrape: 15s", f"scrape: {scrape}")
    _change(specs, EDGE, "timeSliceWindow: 1m", "timeSliceWindow: 4m")
    with pytest.raises(InvalidInput) as refused:
        book.documents(book.Edition(specs=specs))
    assert reason in str(refused.value)
    assert "availability-edge" in str(refused.value)


def test_specs_that_are_wrong_are_refused_as_checking_them_does(specs: Path) -> None:
    """All of it in one run, by file and place."""
    _change(specs, EDGE, "target: 0.995", "target: 1.995")
    with pytest.raises(InvalidInput, match=r"availability-edge\.yaml"):
        book.documents(book.Edition(specs=specs))


def test_every_slo_of_the_folder_is_watched() -> None:
    """None is left out: 18 with a budget, and 8 parts."""
    found = watched_slos()
    assert (len(found.promised), len(found.slos)) == (18, 26)
    budgets = {rule["labels"]["slo"] for rule in _rules(SPECS) if rule.get("record") == "sankofa:slo_budget:ppm"}
    assert budgets == found.promised
