"""Jurisdictions of an installation: what would lie in a wrong place is refused before anything is written or listened on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sankofa_observe import bootstrap
from sankofa_observe.attest_config import load_attest_settings
from sankofa_observe.config import load_settings
from sankofa_observe.errors import InvalidInput
from tests.cli.running import Run
from tests.cli.test_commands import change, config, installation  # noqa: F401  fixtures
from tests.cli.test_exclusions import PLAN
from tests.cli.test_serve import Installation, serving

COMMANDS: list[Any] = [("evaluate", "--as-it-stands"), ("exclusions", "propose", *PLAN)]
MORE = [("observe",), ("evidence", "check"), ("retention", "show"), ("slots", "seal")]
COMMANDS += [pytest.param(one, marks=pytest.mark.tier("test-all")) for one in MORE]


@pytest.fixture
def of_ghana(installation: Path) -> Path:  # noqa: F811
    """Both sites and the tenant are of Ghana, whose places are this installation's folder."""
    change(
        installation, "specs/fleet.yaml", lambda one: [site.update(jurisdiction="gh") for site in one["spec"]["sites"]]
    )
    change(installation, "specs/agreement.yaml", lambda one: one["spec"]["tenant"].update(jurisdiction="gh"))
    change(installation, "sankofa.yaml", lambda one: one.update(jurisdictions={"gh": ["data"]}))
    return installation


def test_what_lies_where_it_belongs_is_judged_as_ever(run: Run, of_ghana: Path) -> None:
    """A folder of the settings' own, named relative to them."""
    ended = run("evaluate", *config(of_ghana), "--as-it-stands")
    assert (ended.code, "breach (8 good, 2 bad" in ended.out) == (0, True), ended.err


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: " ".join(one[:2]))
def test_commands_refuse_a_wrong_place_before_they_write(run: Run, of_ghana: Path, command: tuple[str, ...]) -> None:
    """All of it in one error, by name: the site, the tenant, and each place; no ledger is made."""
    change(of_ghana, "sankofa.yaml", lambda one: one.update(jurisdictions={"gh": ["elsewhere"]}))
    ended = run(*command, *config(of_ghana))
    assert ended.code == 2, ended
    for what in ("site edge-nairobi-1", "tenant example"):
        for use in ("the ledger", "the slot table", "evidence", "the state of processes"):
            assert f"{what}: is of jurisdiction gh, and {use} is at {of_ghana / 'data'}" in ended.err
    assert f"expected inside of {of_ghana / 'elsewhere'}" in ended.err
    assert not (of_ghana / "data" / "ledger.sqlite").exists()


def test_serve_refuses_a_wrong_place_and_a_log_in_a_wrong_one(of_ghana: Path) -> None:
    """The log of this process is a file beside the folder that is Ghana's: that is told too, and nobody listens."""
    with serving(Installation(folder=of_ghana, key=""), "api") as one:
        assert one.process.wait(timeout=60) == 2
    assert f"the log is at {of_ghana / 'api.log'}" in one.log.read_text()
    change(of_ghana, "sankofa.yaml", lambda one: one.update(jurisdictions={"gh": ["."]}))
    with serving(Installation(folder=of_ghana, key=""), "api") as other:
        other.wait_for(lambda lines: any(line["msg"] == "ready" for line in lines))
        assert other.end() == 0


def test_a_link_is_where_it_leads(run: Run, of_ghana: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder inside of the right place that leads out of it is none."""
    (of_ghana / "gh").mkdir()
    abroad = tmp_path_factory.mktemp("abroad")
    (of_ghana / "gh" / "data").symlink_to(abroad)
    change(of_ghana, "sankofa.yaml", lambda one: one.update(jurisdictions={"gh": ["gh"]}, data_dir="gh/data"))
    ended = run("evaluate", *config(of_ghana), "--as-it-stands")
    assert (ended.code, f"evidence is at {abroad / 'evidence'}" in ended.err, list(abroad.iterdir())) == (2, True, [])


def test_a_ledger_of_sqlite_is_where_its_link_leads_whatever_its_address_says_more(
    of_ghana: Path, tmp_path: Path
) -> None:
    """What stands behind ? is no part of the file's name."""
    (of_ghana / "data").mkdir(exist_ok=True)
    (of_ghana / "data" / "link.sqlite").symlink_to(tmp_path / "abroad.sqlite")
    change(of_ghana, "sankofa.yaml", lambda one: one.update(ledger_url="sqlite:///data/link.sqlite?timeout=5"))
    assert load_settings(of_ghana / "sankofa.yaml").places["the ledger"] == str(tmp_path / "abroad.sqlite")


@pytest.mark.parametrize(
    ("variable", "value", "store", "told"),
    [
        ("PGHOSTADDR", "10.0.0.9", {"ledger_url": "postgresql+psycopg://db.gh.example/l"}, "postgresql://10.0.0.9"),
        ("AWS_ENDPOINT", "https://s3.example", {"slot_table": "s3://gh-slots/t"}, "https://s3.example"),
        ("AWS_ENDPOINT_URL", "https://s3.example", {"slot_table": "s3://gh-slots/t"}, "https://s3.example"),
        ("AWS_ENDPOINT_URL_S3", "https://s3.example", {"slot_table": "s3://gh-slots/t"}, "https://s3.example"),
    ],
)
def test_a_server_of_the_environment_is_a_place_as_well(
    of_ghana: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, store: dict[str, str], told: str
) -> None:
    """Libraries ask it in the place of the one that the address names; where no store is of its kind, it is nobody's."""
    monkeypatch.setenv(variable, value)
    assert f"what {variable} names" not in load_settings(of_ghana / "sankofa.yaml").places
    places = {"gh": ["data", "postgresql://db.gh.example", "s3://gh-slots"]}
    change(of_ghana, "sankofa.yaml", lambda one: one.update(store, jurisdictions=places))
    settings = load_settings(of_ghana / "sankofa.yaml")
    with (
        pytest.raises(InvalidInput, match=f"what {variable} names is at {told}") as error,
        bootstrap.open_platform(settings),
    ):
        pass
    assert "the ledger is at" not in str(error.value)


def test_an_attestor_refuses_a_wrong_place_too(of_ghana: Path) -> None:
    """Its folders are its own, and so are its settings."""
    settings = {
        "name": "witness", "data_dir": "memory", "folder": "shared", "specs": ["specs"], "prometheus": {"url": "http://127.0.0.1:1"},
        "chain": {"chain_id": 1, "contract": "0x" + "cc" * 20}, "key": {"keystore": "a.json", "password_file": "a.password"},
        "jurisdictions": {"gh": ["shared"]},
    }  # fmt: skip
    (of_ghana / "attest.yaml").write_text(yaml.safe_dump(settings))
    read = load_attest_settings(of_ghana / "attest.yaml")
    with pytest.raises(InvalidInput, match="what the attestor remembers is at") as told, bootstrap.open_attesting(read):
        pass
    assert "the folder that it shares" not in str(told.value)


@pytest.mark.parametrize(("wrong", "told"), [({"GH": ["/"]}, "'GH'; expected a code"), ({"gh": []}, "gh has no place")])
def test_a_jurisdiction_that_is_none_is_told(of_ghana: Path, wrong: dict[str, list[str]], told: str) -> None:
    change(of_ghana, "sankofa.yaml", lambda one: one.update(jurisdictions=wrong))
    with pytest.raises(InvalidInput, match=told):
        load_settings(of_ghana / "sankofa.yaml")
