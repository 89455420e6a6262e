"""What draws, exports and asks what-if: what is printed and written, and what wrong input gets."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from typer.testing import CliRunner

from deploy.parts import CHECKOUT
from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.cli import app
from sankofa_observe.errors import SankofaError, exit_code
from sankofa_observe.slo.slot import SlotState
from tests.builders import START, slot

SLO, SITE = "availability-edge", "edge-nairobi-1"
DAYS = 32  # January, and the first of February
MONTH = ("--from", "2026-01-01T00:00:00Z", "--to", "2026-02-01T00:00:00Z")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An installation of the example's specs with January counted: 300 bad minutes, one of them alone, and 40 unknown."""
    folder = tmp_path_factory.mktemp("installation")
    (folder / "specs").mkdir()
    for name in ("fleet.yaml", "slis/proxmox.yaml", "slos/availability-edge.yaml", "agreements/example-edge.yaml"):
        documents = list(yaml.safe_load_all((CHECKOUT / "deploy" / "specs" / name).read_text()))
        for one in documents:
            if one["kind"] == "Agreement":
                one["spec"] |= {"startsAt": "2026-01-01T00:00:00Z", "promises": one["spec"]["promises"][:1]}
        (folder / "specs" / Path(name).name).write_text(yaml.safe_dump_all(documents))
    settings = {"data_dir": "data", "specs": ["specs"], "prometheus": {"url": "http://127.0.0.1:9"}}
    (folder / "sankofa.yaml").write_text(yaml.safe_dump(settings))
    states = {4 * 1440 + 700: SlotState.BAD, **dict.fromkeys(range(20_000, 20_299), SlotState.BAD)}
    states |= dict.fromkeys(range(30_000, 30_040), SlotState.UNKNOWN)
    minutes = range(DAYS * 1440)
    with closing(DeltaSlots(folder / "data" / "slots", "observer-1")) as table:
        table.append([slot(START + 60 * n, states.get(n, SlotState.GOOD), site=SITE) for n in minutes], START)
        for day in range(DAYS - 1):
            table.seal(START // 86_400 + day, START)
    return str(folder / "sankofa.yaml")


def run(*arguments: str) -> tuple[int, str, str]:
    """Code, output and errors, as the program ends."""
    done = CliRunner().invoke(app, list(arguments))
    if isinstance(done.exception, SankofaError):
        return exit_code(done.exception), done.output, str(done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_slots_show_draws_a_month(config: str, tmp_path: Path) -> None:
    """On the terminal without colours where it is none, and into a file."""
    file = tmp_path / "month.svg"
    code, out, err = run("slots", "show", SLO, SITE, "--config", config, *MONTH, "--svg", str(file))
    lines = out.splitlines()
    assert (code, lines[1]) == (0, "300 bad, 40 unknown, 44,300 good of 44,640 slots of 1 min; days of UTC")
    assert next(line for line in lines if line.startswith("Mon 05")).endswith(
        "█························ 1439   1       0"
    )
    told = [" ".join(line.split()) for line in lines]
    assert "bad 2026-01-05T11:40:00Z 2026-01-05T11:41:00Z 1 min 1 of 4 scrapes bad" in told
    assert "\x1b" not in out
    assert ET.parse(file).getroot().get("role") == "img"
    assert (str(file) in err, list(tmp_path.glob("*.partial"))) == (True, [])


def test_slots_show_begins_with_the_period_of_the_newest_slot(config: str) -> None:
    """Of which the rest is not counted yet, and neither good nor unknown."""
    code, out, _ = run("slots", "show", SLO, SITE, "--config", config)
    assert (code, out.splitlines()[1]) == (
        0,
        "1,440 good, 38,880 not counted yet of 40,320 slots of 1 min; days of UTC",
    )
    assert "No slot is bad or unknown." in out


def test_slots_show_marks_what_is_excluded_and_speaks_json(config: str) -> None:
    """Excluded slots are in a column of their own; programs get spells."""
    excluded = (
        "--exclude",
        "2026-01-14T21:00:00Z/2026-01-15T00:00:00Z",
        "--exclude",
        "2026-01-15T00:00:00Z/2026-01-15T01:00:00Z",
    )
    code, out, _ = run("slots", "show", SLO, SITE, "--config", config, *MONTH, *excluded)
    assert (code, "80 bad, 40 unknown, 220 excluded while not good, 20 excluded" in " ".join(out.split())) == (
        0,
        True,
    )
    spells = json.loads(run("slots", "show", SLO, SITE, "--config", config, *MONTH, "--json")[1])
    assert [one["state"] for one in spells] == ["GOOD", "BAD", "GOOD", "BAD", "GOOD", "UNKNOWN", "GOOD"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing", SITE), "no SLO 'nothing'; known: availability-edge"),
        ((SLO, "nowhere"), "known: edge-nairobi-1"),
        ((SLO, SITE, "--from", "2026-01-01T00:00:00Z"), "expected --from and --to together"),
        ((SLO, SITE, *MONTH[:3], "2025-01-01T00:00:00Z"), "the end must be after the start"),
        ((SLO, SITE, *MONTH[:3], "2028-01-01T00:00:00Z"), "expected 400 at most for one picture"),
        ((SLO, SITE, "--exclude", "yesterday"), "expected FROM/TO"),
        ((SLO, SITE, *MONTH, "--svg", "/nowhere/at/all.svg"), "expected a file in a folder"),
    ],
)
def test_slots_show_refuses_what_it_cannot_draw(config: str, arguments: tuple[str, ...], said: str) -> None:
    """By name, with what is expected."""
    code, out, err = run("slots", "show", *arguments, "--config", config)
    assert (code, out, said in err) == (2, "", True), err


def test_verdicts_show_draws_what_was_judged(config: str, tmp_path: Path) -> None:
    """Under the verdict, in the days of its window; slots that changed since are told."""
    run("evaluate", "--config", config, "--as-it-stands")
    ref = run("verdicts", "list", "--config", config)[1].split()[0]
    file = tmp_path / "judged.svg"
    code, out, err = run("verdicts", "show", ref, "--config", config, "--svg", str(file))
    assert (code, out.splitlines()[0].startswith(ref), "Mon 05 ·······" in out, file.exists()) == (0, True, True, True)
    assert "changed" not in err
    with closing(DeltaSlots(Path(config).parent / "data" / "slots", "observer-1")) as table:
        table.append([slot(START, SlotState.BAD, site=SITE)], START)
        changed = run("verdicts", "show", ref, "--config", config)[2]
        table.append([slot(START, site=SITE)], START)
    assert "the slots have changed since it was judged" in changed


def test_verdicts_show_tells_why_it_draws_nothing(config: str, tmp_path: Path) -> None:
    """The verdict is shown all the same; a picture that was asked for is an error."""
    run("evaluate", "--config", config, "--as-it-stands")
    ref = run("verdicts", "list", "--config", config)[1].split()[0]
    other = yaml.safe_load(Path(config).read_text()) | {
        "slot_table": str(tmp_path / "none"),
        "data_dir": str(Path(config).parent / "data"),
    }
    (tmp_path / "sankofa.yaml").write_text(yaml.safe_dump(other | {"specs": [str(Path(config).parent / "specs")]}))
    away = str(tmp_path / "sankofa.yaml")
    code, out, err = run("verdicts", "show", ref, "--config", away)
    assert (code, ref in out, "no picture: no slot of availability-edge" in err) == (0, True, True)
    assert run("verdicts", "show", ref, "--config", away, "--svg", str(tmp_path / "a.svg"))[0] == 2


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_slots_are_exported(config: str, tmp_path: Path, form: str) -> None:
    """A file, and how many slots are in it."""
    file = tmp_path / f"slots.{form}"
    code, out, err = run(
        "slots", "export", "--config", config, "--format", form, *MONTH, "--site", SITE, "--out", str(file)
    )
    assert (code, out, f"44,640 slots written to {file}" in err, file.stat().st_size > 0) == (0, "", True, True)
    if form == "csv":
        with file.open(newline="", encoding="utf-8") as lines:
            assert sum(row["state"] == "BAD" for row in csv.DictReader(lines)) == 300


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "xlsx", *MONTH), "expected csv or parquet or arrow"),
        (("--format", "csv", *MONTH, "--slo", "nothing"), "no SLO 'nothing'; known: availability-edge"),
        (("--format", "csv", "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z"), "nothing was written"),
    ],
)
def test_slots_export_refuses_what_it_cannot_write(
    config: str, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """And leaves no file."""
    code, _, err = run("slots", "export", "--config", config, *arguments, "--out", str(tmp_path / "out"))
    assert (code, said in err, list(tmp_path.iterdir())) == (2, True, []), err


# ------------------------------------------------------------------------------------------------------------- what-if


def test_what_if_prices_the_past_beside_what_it_is(config: str, tmp_path: Path) -> None:
    """300 bad and 40 unknown of 44,640 minutes: 99.3279 % at the most, which is under 99.5 %, and 99.2383 at the least."""
    file = tmp_path / "curve.svg"
    asked = ("--target", "99.2%", "--svg", str(file))
    code, out, err = run("what-if", "example-edge", "--config", config, *asked)
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert (code, str(file) in err, ET.parse(file).getroot().get("role")) == (0, True, "img")
    assert "as it is 99.2383 to 99.3279 % breach 125.00 USD" in lines
    assert "what if 99.2383 to 99.3279 % met 0.00 USD" in lines
    assert "1 together 125.00 USD 0.00 USD" in lines
    assert "99.5 % (objective now) 125.00 USD" in lines
    assert max(map(len, out.splitlines())) <= 130


def test_what_if_shows_what_nobody_can_tell_as_a_range(config: str) -> None:
    """Between its bounds a period is neither met nor missed: it costs from nothing to what is at stake."""
    lines = [
        " ".join(line.split())
        for line in run("what-if", "example-edge", "--config", config, "--target", "0.9925")[1].splitlines()
    ]
    assert "what if 99.2383 to 99.3279 % undetermined 0.00 to 125.00 USD" in lines
    assert "2026-01 125.00 USD 0.00 to 125.00 USD" in lines


def test_what_if_names_a_period_that_is_excluded_as_a_whole(config: str) -> None:
    """Nothing was promised of it: it is met, and costs nothing."""
    month = "2025-12-31T00:00:00Z/2026-02-02T00:00:00Z"
    lines = [
        " ".join(one.split())
        for one in run("what-if", "example-edge", "--config", config, "--exclude", month)[1].splitlines()
    ]
    assert "what if all of it excluded met 0.00 USD" in lines


def test_what_if_takes_a_schedule_and_an_exclusion(config: str, tmp_path: Path) -> None:
    """In a line or in a file alike; what is excluded leaves the base."""
    (tmp_path / "bands.yaml").write_text(
        "bands: [{belowPpm: 999500, creditPpm: 200000}, {belowPpm: 990000, creditPpm: 300000}]\n"
    )
    excluded = ("--exclude", "2026-01-14T00:00:00Z/2026-01-15T12:00:00Z")
    told = [
        run("what-if", "example-edge", "--config", config, "--bands", one, *excluded, "--json")[1]
        for one in ("99.95:20,99:30", str(tmp_path / "bands.yaml"))
    ]
    assert told[0] == told[1]
    promise, period, *steps = json.loads(told[0])
    assert promise["as_it_is"] == {
        "low_ppm": 992_383,
        "high_ppm": 993_279,
        "verdict": "breach",
        "owed": {"low_minor": 12_500, "high_minor": 12_500},
    }
    good, base = 44_640 - 36 * 60 - 1 - 40, 44_640 - 36 * 60
    assert promise["what_if"]["low_ppm"] == good * 1_000_000 // base
    assert promise["what_if"]["verdict"] == "undetermined"
    assert (period["event"], period["what_if"]) == ("PeriodCompared", {"low_minor": 0, "high_minor": 25_000})
    assert {one["event"] for one in steps} == {"Step"}


def test_what_if_prices_a_formula(config: str, tmp_path: Path) -> None:
    """299 and a part bad of 44,640 minutes: six hours were begun; of what is beyond 223.2 of them there is no curve to draw."""
    file = tmp_path / "formula.yaml"
    asked = ("what-if", "example-edge", "--config", config, "--bands", str(file))
    file.write_text("formula: {kind: steps, eachSeconds: 3600, creditPpm: 20000, rounding: started}\n")
    out = run(*asked)[1]
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "what if 99.5 %; credit 2 % of the fee for each 1 h or portion of it that was bad" in lines
    assert "what if 99.2383 to 99.3279 % breach 125.00 USD" in lines
    file.write_text("formula: {kind: proportional, factorPpm: 10000000, counted: beyond-objective}\n")
    lines = [" ".join(line.split()) for line in run(*asked)[1].splitlines()]
    assert "what if 99.2383 to 99.3279 % breach 21.50 USD" in lines
    assert lines[-1].startswith("no curve: the formula prices what is beyond the objective")
    svg = tmp_path / "curve.svg"
    code, _, err = run(*asked, "--svg", str(svg))
    assert (code, svg.exists(), "ask without --svg" in err) == (2, False, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("formula: {kind: per-outage}", "a credit by the length of each single outage"),
        ("formula: {kind: steps, creditPpm: 1}", "steps needs exactly one of eachSeconds and eachPpm"),
        ("formula: {kind: steps, creditPpm: much}", ":/formula/creditPpm"),
        ("formula: {}\nbands: []", "has both `bands` and `formula`"),
        ("schedule: {}", "has no `bands`; expected `bands`"),
    ],
)
def test_what_if_names_what_is_wrong_in_a_file(config: str, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "schedule.yaml"
    file.write_text(text)
    code, out, err = run("what-if", "example-edge", "--config", config, "--bands", str(file))
    assert (code, out, said in " ".join(err.split())) == (2, "", True), err


def test_what_if_tells_where_the_ledger_has_another_verdict(config: str, tmp_path: Path) -> None:
    """Its slots or terms were others when it was judged: the reader decides which of them to believe."""
    run("evaluate", "--config", config, "--as-it-stands")
    with closing(DeltaSlots(Path(config).parent / "data" / "slots", "observer-1")) as table:
        bad = [START + 60 * n for n in range(20_000, 20_299)]
        table.append([slot(at, site=SITE) for at in bad], START)
        out = run("what-if", "example-edge", "--config", config)[1]
        table.append([slot(at, SlotState.BAD, site=SITE) for at in bad], START)
    assert "the ledger has breach: slots or terms were others when it was judged" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody",), "no agreement nobody; known: example-edge"),
        (("example-edge", "--target", "99.9"), "expected a share between 0 and 1 like 0.999"),
        (("example-edge", "--target", "0.99999999"), "in whole parts per million"),
        (("example-edge", "--slo", "latency"), "expected one of: availability-edge"),
        (("example-edge", "--bands", "99:10,99.9:25"), "expected a lower one"),
        (("example-edge", "--bands", "99.9;10"), "expected BELOW:CREDIT in percent"),
        (("example-edge", "--bands", "99.9:ten"), "is no band"),
        (("example-edge", "--bands", "99.9:10", "--target", "0.99"), "expected the objective, 990000 ppm"),
        (("example-edge", "--exclude", "2026-01-02T00:00:00Z/2026-01-01T00:00:00Z"), "the end must be after the start"),
    ],
)
def test_what_if_refuses_what_cannot_be_asked(config: str, arguments: tuple[str, ...], said: str) -> None:
    """With what was seen and what is expected."""
    code, out, err = run("what-if", *arguments, "--config", config)
    assert (code, out, said in err) == (2, "", True), err


@pytest.fixture
def versions(config: str, tmp_path: Path) -> str:
    """The same installation, whose SLO is another one from February on."""
    before = Path(config).parent
    for name in ("specs", "data"):
        shutil.copytree(before / name, tmp_path / name)
    shutil.copy(config, tmp_path)
    february = "2026-02-01T00:00:00Z"
    for file, place, later in (
        (
            "availability-edge.yaml",
            ("metadata", "annotations"),
            {"sankofa.observe/version": "2", "sankofa.observe/from": february},
        ),
        ("example-edge.yaml", ("spec",), {"version": 2, "startsAt": february}),
    ):
        document = yaml.safe_load((tmp_path / "specs" / file).read_text())
        part = document
        for name in place:
            part = part[name]
        part |= later
        (tmp_path / "specs" / f"later-{file}").write_text(yaml.safe_dump(document))
    with closing(DeltaSlots(tmp_path / "data" / "slots", "observer-1")) as table:
        first = START + 31 * 86_400
        states = [SlotState.BAD if n < 200 else SlotState.GOOD for n in range(1440)]
        counted = [slot(first + 60 * n, state, site=SITE, slo=f"{SLO}@2") for n, state in enumerate(states)]
        table.append(counted, START)
    return str(tmp_path / "sankofa.yaml")


def test_slots_of_each_version_are_drawn_by_themselves(versions: str) -> None:
    """By the time that is asked for; without one, those of the newest slot; a stretch of both is refused, with where to cut it."""
    february = ("--from", "2026-02-01T00:00:00Z", "--to", "2026-02-02T00:00:00Z")
    show = ("slots", "show", SLO, SITE, "--config", versions)
    of_january, of_february, newest = (run(*show, *asked)[1] for asked in (MONTH, february, ()))
    assert [f"{SLO}@2" in drawn for drawn in (of_january, of_february, newest)] == [False, True, True]
    code, _, told = run(*show, "--from", "2026-01-31T00:00:00Z", "--to", "2026-02-02T00:00:00Z")
    assert code == 2
    assert f"version 2 of {SLO} begins at 2026-02-01T00:00:00Z" in told


def test_an_export_of_an_slo_has_all_its_versions(versions: str, tmp_path: Path) -> None:
    """Each under the name by which it is counted."""
    out = tmp_path / "slots.csv"
    stretch = ("--from", "2026-01-31T23:00:00Z", "--to", "2026-02-01T01:00:00Z")
    code, _, _ = run(
        "slots", "export", "--config", versions, "--format", "csv", "--slo", SLO, "--out", str(out), *stretch
    )
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert (code, Counter(row["slo"] for row in rows)) == (0, {SLO: 120, f"{SLO}@2": 60})


def test_what_if_tells_each_version_by_its_own_terms(versions: str) -> None:
    """One block a version of which any period is over, under its number."""
    code, out, _ = run("what-if", "example-edge", "--config", versions)
    heads = [line for line in out.splitlines() if line.startswith("example-edge")]
    assert (code, heads) == (
        0,
        ["example-edge, version 1: fee of a period 1250.00 USD, its credits 625.00 USD at most"],
    )
    events = json.loads(run("what-if", "example-edge", "--config", versions, "--json")[1])
    assert {one["agreement_version"] for one in events if "agreement_version" in one} == {1}
