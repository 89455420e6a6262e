"""Rules and boards of an operator's own specs: all systems, exactly the SLOs of the folder, and what is missing by its name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.parts import CHECKOUT, need_program
from sankofa_rules import book
from tests.cli.running import Run
from tests.pace import limit

SPECS = CHECKOUT / "deploy" / "specs"
SHOP = """
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout
  annotations: {sankofa.observe/tier: edge, sankofa.observe/scrape: 30s, sankofa.observe/slot: 1m, sankofa.observe/no-traffic: excluded}
spec:
  service: shop
  indicator:
    metadata: {name: checkout-answers}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: 'shop_requests_total{code="500"}'}}}
        total: {metricSource: {type: Prometheus, spec: {query: shop_requests_total}}}
  timeWindow:
    - duration: 1M
      isRolling: false
      calendar: {startTime: "2026-01-01 00:00:00", timeZone: UTC}
  budgetingMethod: Occurrences
  objectives:
    - displayName: answered
      target: 0.99
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Specs of somebody who has an SLO and none of our systems."""
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "checkout.yaml").write_text(SHOP)
    return tmp_path / "specs"


def test_rules_of_foreign_specs_hold_all_systems_and_exactly_their_slos(run: Run, shop: Path, tmp_path: Path) -> None:
    """The files of systems are those that we ship; that of SLOs names the folder's, and nothing of ours."""
    out = tmp_path / "rules"
    ended = run("rules", "generate", "--specs", str(shop), "--out", str(out))
    assert (ended.code, ended.out) == (0, f"rules of 1 SLO: written to {out}\n")
    ours = book.documents()
    assert {name: (out / name).read_text() for name in ours if name != "slo.yaml"} == {
        name: text for name, text in ours.items() if name != "slo.yaml"
    }
    rules = [rule for group in yaml.safe_load((out / "slo.yaml").read_text())["groups"] for rule in group["rules"]]
    assert {rule["labels"]["slo"] for rule in rules if "slo" in rule.get("labels", {})} == {"checkout"}
    every = 'sum by (tier, region, site) (increase(shop_requests_total{tier="edge"}[1m]))'
    failed = 'sum by (tier, region, site) (increase(shop_requests_total{code="500",tier="edge"}[1m]))'
    assert [rule["expr"] for rule in rules][:3] == [every, f"({failed} or 0 * {every})", "vector(10000)"]


@pytest.mark.real("promtool")
def test_rules_of_foreign_specs_are_accepted_by_prometheus(run: Run, shop: Path, tmp_path: Path) -> None:
    """At the pace of a lab as well."""
    out = tmp_path / "rules"
    assert run("rules", "generate", "--specs", str(shop), "--out", str(out), "--step-seconds", "5").code == 0
    files = [str(file) for file in sorted(out.glob("*.yaml"))]
    command = [need_program("promtool"), "check", "rules", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit(30))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("noun", ["rules", "dashboards"])
def test_generated_files_are_checked_and_the_stale_one_is_named(run: Run, tmp_path: Path, noun: str) -> None:
    """What was written passes; what was edited ends with 3, by its path."""
    out = tmp_path / "out"
    arguments = (noun, "generate", "--specs", str(SPECS), "--out", str(out))
    assert run(*arguments).code == 0
    assert run(*arguments, "--check").code == 0
    edited = min(out.iterdir())
    edited.write_text("{}")
    ended = run(*arguments, "--check")
    assert (ended.code, ended.err) == (3, f"{edited}: is not what would be written; generate it again\n")
    assert edited.read_text() == "{}"


@pytest.mark.parametrize(("noun", "suffix"), [("rules", "yaml"), ("dashboards", "json")])
def test_a_file_that_is_not_made_here_is_to_be_taken_away(run: Run, tmp_path: Path, noun: str, suffix: str) -> None:
    """To generate again would leave it there, and the check red for ever."""
    arguments = (noun, "generate", "--specs", str(SPECS), "--out", str(tmp_path))
    assert run(*arguments).code == 0
    (tmp_path / f"old.{suffix}").write_text("{}")
    ended = run(*arguments, "--check")
    advice = "is a file that generate does not make; take it out of the folder, or name another one"
    assert (ended.code, ended.err) == (3, f"{tmp_path}/old.{suffix}: {advice}\n")


@pytest.mark.parametrize("noun", ["rules", "dashboards"])
def test_a_folder_that_is_a_file_is_refused_in_a_sentence(run: Run, tmp_path: Path, noun: str) -> None:
    """No traceback: the option, the path and the system's reason."""
    out = tmp_path / "out"
    out.write_text("")
    ended = run(noun, "generate", "--specs", str(SPECS), "--out", str(out))
    assert (ended.code, ended.err) == (2, f"--out {out}: cannot be written: {out}: File exists\n")


def test_committed_rules_and_boards_are_what_the_command_makes(run: Run) -> None:
    """One way to make them, whoever asks."""
    for noun, folder in (("rules", "alert_rules"), ("dashboards", "dashboards")):
        out = str(CHECKOUT / folder / "generated")
        assert run(noun, "generate", "--specs", str(SPECS), "--out", out, "--check").code == 0, noun


@pytest.mark.parametrize("noun", ["rules", "dashboards"])
def test_errors_of_specs_are_told_as_checking_them_does(run: Run, shop: Path, tmp_path: Path, noun: str) -> None:
    """The same sentences, and nothing is written."""
    (shop / "checkout.yaml").write_text(SHOP.replace("0.99", "1.5").replace("1M", "1Q"))
    out = tmp_path / "out"
    checked = run("specs", "check", str(shop))
    ended = run(noun, "generate", "--specs", str(shop), "--out", str(out))
    assert (ended.code, ended.err, out.exists()) == (2, checked.err, False)
    assert "checkout.yaml" in ended.err


def test_a_step_that_fills_no_window_is_refused(run: Run, shop: Path, tmp_path: Path) -> None:
    """Five minutes hold a whole number of steps, or sums would be off."""
    ended = run("rules", "generate", "--specs", str(shop), "--out", str(tmp_path), "--step-seconds", "7")
    assert (ended.code, ended.err) == (2, "--step-seconds 7: expected a divisor of 300, like 60\n")


@pytest.mark.parametrize(("noun", "missing"), [("rules", "sankofa_exporters"), ("dashboards", "grafanalib")])
def test_what_the_extra_lacks_is_named_with_the_extra(tmp_path: Path, noun: str, missing: str) -> None:
    """Where only the platform is installed the command says what to install, and ends with 2."""
    without = f"import sys\nsys.modules[{missing!r}] = None\nfrom sankofa_observe.cli import main\nmain()\n"
    command = [sys.executable, "-c", without, noun, "generate", "--specs", str(SPECS), "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=limit(30))
    assert done.returncode == 2, done.stderr
    assert f"{missing}" in done.stderr
    assert "pip install 'sankofa-observe[generate]'" in done.stderr


def test_links_of_alerts_open_where_the_operator_serves_them(run: Run, shop: Path, tmp_path: Path) -> None:
    """Runbooks and boards have addresses of their own; one with a password, or none at all, is refused by its name."""
    served = ("--runbooks", "https://ops.example/runbooks/", "--boards", "https://grafana.example/d")
    assert run("rules", "generate", "--specs", str(shop), "--out", str(tmp_path), *served).code == 0
    text = "".join(file.read_text() for file in tmp_path.glob("*.yaml"))
    assert "https://ops.example/runbooks/SiteDown?site={{ urlquery $labels.site }}" in text
    assert "https://grafana.example/d/sk-site?var-site={{ urlquery $labels.site }}" in text
    assert "127.0.0.1" not in text
    for option, url in (("--runbooks", "ops.example"), ("--boards", "https://amina:hidden-word@grafana.example")):
        refused = run("rules", "generate", "--specs", str(shop), "--out", str(tmp_path), option, url)
        assert (refused.code, option in refused.err, "hidden-word" in refused.err) == (2, True, False)
