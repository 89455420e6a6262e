"""`sankofa-observe exclusions`: planned work from its proposal to the evidence, on a real installation."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sankofa_observe.adapters.exclusions_file import FileExclusions
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.bootstrap import open_platform
from sankofa_observe.config import load_settings
from sankofa_observe.errors import Unavailable
from sankofa_observe.pipeline.exclusions import Proposal, propose
from sankofa_observe.sla.recurrence import Schedule
from sankofa_observe.testing import FixedClock
from sankofa_observe.units import rfc3339
from sankofa_observe.verify import verify
from tests.builders import AMINA, KOFI
from tests.cli.running import Run, introduced
from tests.cli.test_commands import change, config, installation  # noqa: F401  fixtures

CHAIN = {"rpc_url": "http://127.0.0.1:1", "chain_id": 1, "contract": "0x" + "cc" * 20}
KEYS = {"sender": {"keystore": "sender.json", "password_file": "sender.password"}}
SOON = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT02:00")
PLAN = ("--site", "edge-nairobi-1", "--from", SOON, "--for", "1h30m", "--zone", "Africa/Nairobi", "--reason", "CHG-7")


@pytest.fixture
def judged(installation: Path) -> Path:  # noqa: F811
    """A breach of two bad minutes that is priced; the first of them was announced as planned work a week before."""
    change(installation, "sankofa.yaml", lambda one: one.update(chain={**CHAIN, **KEYS}))
    settings = load_settings(installation / "sankofa.yaml")
    catalog = load_catalog(settings.specs)
    introduced(installation)
    [of] = catalog.agreements.values()
    begins = rfc3339(of.starts_at)[:-1]
    schedule = Schedule(zone="UTC", begins=begins, length_seconds=60)
    plan = Proposal(sites=("edge-nairobi-1",), slos=(), agreements=(), schedule=schedule, reason="switches, CHG-3")
    with open_platform(settings) as platform:
        propose(plan, by="amina", catalog=catalog, ledger=platform.ledger, clock=FixedClock(at=of.starts_at - 604_800))
        list(platform.evaluate(look=False))
        [_] = platform.assess()
    return installation


def test_planned_work_is_proposed_approved_listed_and_withdrawn(run: Run, installation: Path) -> None:  # noqa: F811
    """Each act says what stands now; the list has each of them, for people and for programs."""
    settings = config(installation)
    introduced(installation)
    run("evaluate", *settings, "--as-it-stands")
    proposed = run(
        "exclusions", "propose", *settings, *PLAN, "--rrule", "FREQ=DAILY;COUNT=8", "--by", "amina", "--json"
    )
    [one] = json.loads(proposed.out)
    own = run("exclusions", "approve", one["plan"], *settings, "--by", "amina")
    approved = run("exclusions", "approve", one["plan"], *settings, "--by", "kofi")
    listed = run("exclusions", "list", *settings)
    told = run("exclusions", "list", *settings, "--json")
    withdrawn = run("exclusions", "withdraw", one["ref"], *settings, "--reason", "no parts", "--by", "amina")
    [last] = json.loads(run("exclusions", "list", *settings, "--json").out)

    assert [each.code for each in (proposed, own, approved, listed, told, withdrawn)] == [0, 2, 0, 0, 0, 0]
    assert (one["state"], len(one["occurrences"]), one["approved_by"]) == ("proposed", 8, "")
    first = int((datetime.strptime(SOON, "%Y-%m-%dT%H:%M") - timedelta(hours=3)).replace(tzinfo=UTC).timestamp())  # noqa: DTZ007
    assert one["occurrences"][0] == {"starts_at": first, "ends_at": first + 5400}
    assert f"{AMINA} proposed it [exclusion.act]" in own.err
    assert "hint: somebody else approves what one proposes" in own.err
    assert f"{one['ref']} approved: availability-edge at edge-nairobi-1" in listed.out
    assert "and 3 more, the last " in listed.out
    assert json.loads(told.out)[0]["approved_by"] == KOFI
    assert (last["state"], last["occurrences"], [act["state"] for act in last["acts"]]) == (
        "withdrawn",
        [],
        ["proposed", "approved", "withdrawn"],
    )


def test_a_ledger_that_is_not_there_is_told_with_what_makes_one(run: Run, installation: Path) -> None:  # noqa: F811
    """Planned work may be the first thing that anybody wants of an installation; who plans it is known first."""
    ended = run("exclusions", "propose", *config(installation), *PLAN)
    assert (ended.code, "sankofa-observe ledger upgrade makes a new one" in ended.err) == (1, True), ended.err
    run("ledger", "upgrade", *config(installation))
    stranger = run("exclusions", "propose", *config(installation), *PLAN)
    assert (stranger.code, "sankofa-observe persons add NAME" in stranger.err) == (2, True), stranger.err
    run("persons", "add", getpass.getuser(), *config(installation))
    assert run("exclusions", "propose", *config(installation), *PLAN).code == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (("--for", "soon"), "--for 'soon': expected a length like 2h, 90m or 1h30m; nothing was written"),
        (("--rrule", "FREQ=WEEKLY"), "rrule: it has neither COUNT nor UNTIL: it never ends [exclusion.rrule]"),
        (("--site", "edge-9"), "site: no site 'edge-9' in the specs [exclusion.site]"),
        (("--zone", "Nairobi"), "zone: 'Nairobi' is no zone of the IANA database [exclusion.zone]"),
        (("--from", "2026-01-01T00:00"), "expected 259200 s after (exclusionNoticeSeconds) [exclusion.late]"),
    ],
)
def test_a_proposal_that_is_wrong_is_refused_and_nothing_is_written(
    run: Run,
    installation: Path,  # noqa: F811
    changes: tuple[str, ...],
    told: str,
) -> None:
    """Exit 2, with the name of what is wrong."""
    introduced(installation)
    run("evaluate", *config(installation), "--as-it-stands")
    ended = run("exclusions", "propose", *config(installation), *PLAN, *changes, "--by", "amina")

    assert (ended.code, told in ended.err) == (2, True), ended.err
    assert "no exclusion was ever proposed" in run("exclusions", "list", *config(installation)).out


def test_an_approval_after_the_verdict_is_a_revision_and_evidence_has_it(run: Run, judged: Path) -> None:
    """The price follows, the first verdict is shown beside the second with why, and whoever verifies finds the same credit."""
    settings = config(judged)
    [planned] = json.loads(run("exclusions", "list", *settings, "--json").out)
    before = json.loads(run("evaluate", *settings, "--as-it-stands", "--json").out)
    run("exclusions", "approve", planned["plan"], *settings, "--by", "kofi")
    after = json.loads(run("evaluate", *settings, "--as-it-stands", "--json").out)
    shown = run("verdicts", "list", *settings)
    newest = shown.out.splitlines()[1].split()[0]
    history = run("verdicts", "show", newest, *settings)
    [verdict] = json.loads(run("verdicts", "show", newest, *settings, "--json").out)
    documents = [file.read_bytes() for file in sorted((judged / "data" / "evidence").iterdir())]

    assert [one["event"] for one in before] == ["Judged", "NotYet"]
    assert [one["event"] for one in after] == ["Judged", "NotYet", "Assessed"]
    assert after[0]["record"]["attainment"] | {"slots": {}} == {
        "good": 8, "bad": 1, "unknown": 0, "slots": {}, "bounded": True, "excluded": 1,
    }  # fmt: skip
    assert after[2]["replaces"]["revision"] == 1
    assert f"exclusion {planned['ref']} was approved, 1 stretch of it in the period" in history.out
    assert "in the place of " in history.out
    [first, second] = verdict["history"]
    assert (first["replaces"], second["replaces"], second["ref"]) == ("", first["ref"], newest)
    found = [verify(raw) for raw in documents]
    # The slots of this installation carry samples of a source that its fleet does not list: all else holds.
    assert [each.what for one in found for each in one.wrong if not each.what.startswith("slot ")] == []
    assert sorted(sum("exclusion" in text for text in one.not_proved) for one in found) == [0, 1]


def test_an_attestor_reads_what_it_was_handed(run: Run, judged: Path, tmp_path: Path) -> None:
    """The list as JSON is that file; one that is not there, or was changed by hand, is told and not taken for none."""
    settings = config(judged)
    [planned] = json.loads(run("exclusions", "list", *settings, "--json").out)
    run("exclusions", "approve", planned["plan"], *settings, "--by", "kofi")
    file = tmp_path / "exclusions.json"
    told = run("exclusions", "list", *settings, "--json").out
    file.write_text(told)
    with open_platform(load_settings(judged / "sankofa.yaml")) as platform:
        [wanted] = platform.ledger.exclusions_named(planned["plan"])
    whole = wanted.exclusion.occurrences[0]

    assert FileExclusions(file).exclusions_in(whole) == [wanted]
    for broken in ("", "{}", told.replace("CHG-3", "CHG-4"), told.replace('"approved"', '"blessed"')):
        file.write_text(broken)
        with pytest.raises(Unavailable, match="expected what sankofa-observe exclusions list --json wrote"):
            FileExclusions(file).exclusions_in(whole)
    with pytest.raises(Unavailable, match="No such file"):
        FileExclusions(tmp_path / "none.json").exclusions_in(whole)
