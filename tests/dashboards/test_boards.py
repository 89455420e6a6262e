"""What every board must be: today's schema, no overlap, queries about series that exist, and never green for nothing."""

from __future__ import annotations

import itertools
import json
import re
import warnings
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from deploy.parts import CHECKOUT
from sankofa_dashboards import book, foreign
from sankofa_dashboards.__main__ import main
from sankofa_dashboards.board import RUNBOOKS, Board
from sankofa_dashboards.finish import finish
from sankofa_dashboards.layout import Section
from sankofa_dashboards.paging import PAGING
from sankofa_dashboards.panels import Figure, Lines, Panel, Query
from sankofa_dashboards.queries import panel_queries
from sankofa_dashboards.states import (
    BURNING_COLOUR,
    GOOD_COLOUR,
    NOT_KNOWN_COLOUR,
    NOT_KNOWN_TEXT,
    PLAIN,
    state_mappings,
)
from sankofa_dashboards.system import board_of, signal
from sankofa_dashboards.table import Table
from sankofa_exporters.model.signal import Signal
from sankofa_exporters.registry import SYSTEM_NAMES, system
from sankofa_observe import runbooks
from sankofa_rules import book as rules
from sankofa_rules import metrics
from sankofa_rules.rule import LINKS
from tests.alert_rules.promql import parsed, unknown_names

with warnings.catch_warnings():
    # The SDK marks models of Grafana's own as deprecated while it imports them; that is not ours to mend.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.cog import plugins
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import units
    from grafana_foundation_sdk.models.dashboard import Dashboard

Json = dict[str, Any]
CHOSEN = {"site": "edge-1", "tier": "edge", "region": "r1", "system": "proxmox"}
KNOWN = metrics.series_labels() | rules.recorded_labels() | foreign.LABELS
KNOWN |= {"ALERTS_FOR_STATE": KNOWN["ALERTS"]}
DOCUMENTS: dict[str, Json] = {board.uid: board.document() for board in book.BOARDS}
PANELS = [
    pytest.param(panel, id=f"{uid} {panel['title']}")
    for uid, document in DOCUMENTS.items()
    for panel in document["panels"]
    if panel["type"] != "row"
]
QUERIES = [
    pytest.param(board, panel, query, id=f"{board.uid} {panel.title} {place}")
    for board in book.BOARDS
    for panel in board.panels
    for place, query in enumerate(panel.queries)
]
UNITS = {value for name, value in vars(units).items() if name.isupper() or isinstance(value, str)}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _lost(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Paths of ours that did not come back, or came back as something else."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        missing = [f"{path}/{key}" for key in ours if key not in theirs and ours[key] not in ({}, [])]
        return missing + [
            lost for key in ours if key in theirs for lost in _lost(ours[key], theirs[key], f"{path}/{key}")
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [lost for i, pair in enumerate(zip(ours, theirs, strict=True)) for lost in _lost(*pair, f"{path}/{i}")]
    return [] if ours == theirs else [f"{path}: {ours!r} became {theirs!r}"]


def test_committed_boards_are_what_the_code_says() -> None:
    """`python -m sankofa_dashboards --check` passes."""
    assert main(["--check"]) == 0


def test_a_stale_board_is_named(tmp_path: Path) -> None:
    """An edited and a foreign file are each found."""
    book.write(tmp_path)
    assert book.stale(tmp_path) == []
    (tmp_path / "sk-site.json").write_text("{}")
    (tmp_path / "foreign.json").touch()
    assert book.stale(tmp_path) == [tmp_path / "foreign.json", tmp_path / "sk-site.json"]


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_boards_lose_no_key_in_grafanas_own_model(document: Json) -> None:
    """Read and written again by Grafana's SDK, each key and value of ours is still there."""
    plugins.register_default_plugins()
    ours = _without_nulls(document)
    theirs = json.loads(JSONEncoder().encode(Dashboard.from_json(ours)))
    assert _lost(ours, theirs) == []
    assert document["schemaVersion"] == theirs["schemaVersion"] == 42


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_finishing_twice_changes_nothing(document: Json) -> None:
    """`finish` is idempotent."""
    assert finish(document) == document


def test_identities_are_unique_and_fit() -> None:
    """One uid and one title in the folder for each board; ids of panels are unique on a board."""
    assert len({document["uid"] for document in DOCUMENTS.values()}) == len(book.BOARDS)
    assert len({document["title"] for document in DOCUMENTS.values()}) == len(book.BOARDS)
    for uid, document in DOCUMENTS.items():
        ids = [panel["id"] for panel in document["panels"]]
        assert 0 < len(uid) <= 40
        assert len(set(ids)) == len(ids)


def test_a_long_uid_is_refused() -> None:
    """Grafana would refuse the file at load; we do before it is written."""
    with pytest.raises(ValueError, match="1 to 40 characters"):
        Board(uid="x" * 41, title="long", description="", sections=())


def _overlap(one: Json, other: Json) -> bool:
    apart = (
        one["x"] + one["w"] <= other["x"]
        or other["x"] + other["w"] <= one["x"]
        or one["y"] + one["h"] <= other["y"]
        or other["y"] + other["h"] <= one["y"]
    )
    return not apart


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_panels_do_not_overlap(document: Json) -> None:
    """No two panels share a cell of the grid, and none leaves it."""
    places = [panel["gridPos"] for panel in document["panels"]]
    assert not [pair for pair in itertools.combinations(places, 2) if _overlap(*pair)]
    assert all(place["x"] + place["w"] <= 24 for place in places)


SIZES = st.lists(st.tuples(st.integers(1, 24), st.integers(1, 12)), max_size=12)


@given(SIZES, SIZES)
def test_any_panels_are_placed_without_overlap(first: list[tuple[int, int]], second: list[tuple[int, int]]) -> None:
    """The packer holds for panels of any size, and ids stay unique."""
    sections = [Section(title="one", panels=_blank(first)), Section(panels=_blank(second))]
    panels = Board(uid="any", title="any", description="", sections=sections).document()["panels"]
    places = [panel["gridPos"] for panel in panels]
    assert not [pair for pair in itertools.combinations(places, 2) if _overlap(*pair)]
    assert [panel["id"] for panel in panels] == list(range(1, len(first) + len(second) + 2))


def _blank(sizes: list[tuple[int, int]]) -> tuple[Panel, ...]:
    return tuple(Lines(title="any", width=width, height=height) for width, height in sizes)


@pytest.mark.parametrize("panel", PANELS)
def test_panels_say_not_known_for_nothing(panel: Json) -> None:
    """No value has its own word and colour: in noValue, in the mapping of null, and at the base of the thresholds."""
    defaults = panel["fieldConfig"]["defaults"]
    special = [one["options"] for one in defaults["mappings"] if one["type"] == "special"]
    assert defaults["noValue"] == NOT_KNOWN_TEXT
    assert [(one["match"], one["result"]["text"]) for one in special] == [("null+nan", NOT_KNOWN_TEXT)]
    assert defaults["thresholds"]["steps"][0] == {"value": None, "color": NOT_KNOWN_COLOUR}
    assert special[0]["result"]["color"] != GOOD_COLOUR
    assert panel["description"].endswith(".")
    assert defaults["unit"] in UNITS | {"none"}


@pytest.mark.parametrize(
    "panel", [panel for board in book.BOARDS for panel in board.panels if isinstance(panel, Table)]
)
def test_columns_of_the_table_have_known_units(panel: Table) -> None:
    """A column's unit is one of Grafana's."""
    assert {column.unit for column in panel.columns} <= UNITS | {"none"}


@pytest.mark.parametrize(("board", "panel", "query"), QUERIES)
def test_queries_name_only_series_that_exist(board: Board, panel: Panel, query: Query) -> None:
    """Each query parses, and finds its series in a catalogue or among the recorded ones; rates over time follow the scrape."""
    assert unknown_names(query.expr, KNOWN) == []
    assert query.instant or not re.search(r"\brate\([^[]*\[\d", query.expr)


def _few_rows(node: Any) -> bool:
    """Whether the answer is small whatever the number of sites: an aggregate that keeps no site, on the left of all."""
    if isinstance(node, promql_parser.ParenExpr):
        return _few_rows(node.expr)
    if isinstance(node, promql_parser.Call):
        return all(_few_rows(one) for one in node.args if not isinstance(one, promql_parser.StringLiteral))
    if isinstance(node, promql_parser.BinaryExpr):
        return _few_rows(node.lhs) or (_is_number(node.lhs) and _few_rows(node.rhs))
    return isinstance(node, promql_parser.AggregateExpr) and not (node.modifier and "site" in node.modifier.labels)


def _is_number(node: Any) -> bool:
    return isinstance(node, promql_parser.NumberLiteral) or (
        isinstance(node, promql_parser.Call) and node.func.name == "time"
    )


_CUT = re.compile(r"\b(?:topk|bottomk)\(\d+, ")


def _cut_to_the_worst(query: Query) -> bool:
    """Whether topk bounds the rows; over time its set must be fixed at the end of the range."""
    return bool(_CUT.search(query.expr)) and (query.instant or "@ end()" in query.expr)


def _of_one_site(query: Query) -> bool:
    return 'site="$site"' in query.expr


@pytest.mark.parametrize(("board", "panel", "query"), QUERIES)
def test_no_board_asks_for_all_sites(board: Board, panel: Panel, query: Query) -> None:
    """Each answer is of one site, aggregated over sites, or cut to the worst; over time, to a set that is fixed for the range."""
    assert _of_one_site(query) or _few_rows(parsed(query.expr)) or _cut_to_the_worst(query)


def test_the_wall_fits_one_screen() -> None:
    """1080 pixels hold 25 rows of the grid under Grafana's own bars: nothing on the wall needs scrolling."""
    places = [panel["gridPos"] for panel in DOCUMENTS["sk-fleet"]["panels"]]
    assert max(place["y"] + place["h"] for place in places) <= 25


def _links(document: Json) -> list[str]:
    """Every address on a board."""
    found = re.findall(r'"url": "([^"]*)"', json.dumps(document))
    return [url for url in found if url]


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_links_lead_to_boards_and_runbooks_that_exist(document: Json) -> None:
    """Every `/d/<uid>` is a uid of the set, and every variable in an address is one of the board's."""
    urls = _links(document)
    names = {variable["name"] for variable in document["templating"]["list"]}
    uids = {url.removeprefix("/d/").split("?")[0] for url in urls if url.startswith("/d/")}
    systems = {f"sk-{name}" for name in SYSTEM_NAMES} if "sk-${system}" in uids else set()
    assert uids - {"sk-${system}"} | systems <= set(DOCUMENTS)
    assert {url.split("/")[0] for url in urls if not url.startswith("/d/")} == {"${runbooks}"}
    assert set(re.findall(r"\$\{(\w+)\}", "".join(urls))) - {"__url_time_range"} <= names


def test_every_board_names_the_default_source_and_the_runbooks() -> None:
    """The data source is chosen by the uid that is provisioned, and the runbooks' address is a setting of the build."""
    provisioned = yaml.safe_load((CHECKOUT / "deploy/grafana/provisioning/datasources/sankofa.yaml").read_text())
    default = next(one for one in provisioned["datasources"] if one["isDefault"])
    for board in book.BOARDS:
        variables = {one["name"]: one for one in board.document("https://notes.example/")["templating"]["list"]}
        assert variables["datasource"]["current"] == {"text": default["name"], "value": default["uid"]}
        assert variables["runbooks"]["current"]["value"] == "https://notes.example/"


def test_boards_and_alerts_send_to_the_same_runbooks() -> None:
    """One address in a build, and every board that an alert names is there."""
    assert LINKS.runbooks == RUNBOOKS
    assert {alert.dashboard for alert in rules.alerts()} <= set(DOCUMENTS)


@pytest.mark.parametrize("panel", PANELS)
def test_alerts_that_a_description_names_exist(panel: Json) -> None:
    """Whoever reads that SiteDown pages finds a rule and a runbook of that name."""
    named = set(re.findall(r"\b(?:[A-Z][a-z]+){2,}\b", panel["description"]))
    assert named <= {alert.name for alert in rules.alerts()}


def test_a_system_has_words_of_its_own() -> None:
    """Up, DOWN and NOT KNOWN: a breach is of an objective, and what is down is no breach (R12)."""
    words = {number: word["text"] for number, word in state_mappings("system")[0]["options"].items()}
    assert words == {"0": "up", "3": "DOWN", "4": "NOT KNOWN", "5": "no target", "6": "excluded"}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_no_colour_is_one_that_grafana_takes_for_transparent(document: Json) -> None:
    """Its gradients draw no line in a colour that ends in 00, "#F2A900" as well: what burned was not on the panel."""
    assert [colour for colour in re.findall(r"#[0-9A-Fa-f]{3,8}", json.dumps(document)) if colour.endswith("00")] == []


SHARES = [
    pytest.param(panel, id=f"{uid} {panel['title']}")
    for uid, document in DOCUMENTS.items()
    for panel in document["panels"]
    if panel["type"] == "timeseries"
    and panel["fieldConfig"]["defaults"]["unit"] == "percentunit"
    and len(panel["fieldConfig"]["defaults"]["thresholds"]["steps"]) > 2
]


@pytest.mark.parametrize("panel", SHARES)
def test_the_axis_of_a_share_is_as_long_as_its_bounds(panel: Json) -> None:
    """A share that is 0 all the time is drawn beside its bounds, and not on an axis of 10000 %; one that is all the time 1 below 200 %."""
    defaults = panel["fieldConfig"]["defaults"]
    largest = max(step["value"] for step in defaults["thresholds"]["steps"][1:])
    assert largest <= defaults["custom"]["axisSoftMax"] <= max(largest, 1.05)


def test_a_system_of_the_registry_has_a_board() -> None:
    """Seven boards of the plan, and the canary's."""
    assert {"sk-fleet", "sk-site", "sk-paging"} | {f"sk-{name}" for name in SYSTEM_NAMES} == set(DOCUMENTS)


@pytest.mark.parametrize("board", book.BOARDS, ids=lambda one: one.uid)
def test_marks_name_only_series_that_exist(board: Board) -> None:
    """Faults, ends of periods and exclusions are asked of series that are recorded or exported."""
    assert [mark.name for mark in board.marks][:2] == ["Pages", "Period ends"]
    assert [wrong for mark in board.marks for wrong in unknown_names(mark.expr, KNOWN)] == []


@pytest.mark.parametrize(
    "panel",
    [panel for board in book.BOARDS for panel in board.panels if isinstance(panel, Lines)],
    ids=lambda one: one.title,
)
def test_no_line_is_green_by_its_place(panel: Lines) -> None:
    """A line is a shade that means no state, or has the colour of where it is between bounds that are drawn."""
    drawn = panel.custom()["thresholdsStyle"]["mode"] == "dashed"
    assert panel.colour()["mode"] == ("thresholds" if drawn else "shades")
    assert drawn == (panel.steps != PLAIN)


_WHOLE = [
    (system(name).title, one)
    for name in SYSTEM_NAMES
    for one in system(name).signals
    if one.unit == "none" and one.decimals == 0 and one.watch is not None
]


@pytest.mark.parametrize(("of", "one"), _WHOLE, ids=[f"{of}: {one.title}" for of, one in _WHOLE])
def test_a_whole_number_is_not_drawn_on_its_bound(of: str, one: Signal) -> None:
    """Two witnesses of two were drawn under the line from which on they are enough: all was well, and what one saw was amber."""
    steps, bound = signal(one).steps, one.watch or 0
    assert [value for value, _ in steps[1:] if value == round(value)] == []
    seen = [next(colour for value, colour in reversed(steps) if number >= value) for number in (bound - 1, bound)]
    assert seen == ([BURNING_COLOUR, GOOD_COLOUR] if one.worst == "lowest" else [GOOD_COLOUR, BURNING_COLOUR]), of


def test_a_share_that_is_well_at_its_bound_has_one_colour() -> None:
    """All pools serve: at 100 % half of a line lay in the colour of what is just below, and it looked amber."""
    shares = [
        signal(one)
        for name in SYSTEM_NAMES
        for one in system(name).signals
        if one.unit == "percentunit" and one.worst == "lowest"
    ]
    assert shares
    assert {panel.custom()["gradientMode"] for panel in shares} == {"none"}


ALERTS = [
    pytest.param(panel, id=f"{board.uid} {panel.title}")
    for board in book.BOARDS
    for panel in board.panels
    if isinstance(panel, Table) and panel.labels[0].name == "alertname"
]


@pytest.mark.parametrize("panel", ALERTS)
def test_the_runbook_of_an_alert_opens_with_the_labels_that_its_row_has(panel: Table) -> None:
    """As the page's own link does: at night nobody types a site into a query."""
    (link,) = panel.labels[0].links
    path, _, asked = link.url.partition("?")
    has = {label.name for label in panel.labels}
    assert path == "${runbooks}/${__data.fields.alertname}"
    assert {one.partition("=")[0] for one in asked.split("&")} == has & set(runbooks.LABELS) - {"network"}
    assert set(re.findall(r"__data\.fields\.(\w+)", link.url)) <= has


@pytest.mark.parametrize("name", SYSTEM_NAMES)
def test_no_board_has_a_panel_for_what_its_exporter_never_tells(name: str) -> None:
    """A canary's probe asks nobody: calls and ages were two panels that said NOT KNOWN for ever."""
    titles = {panel.title for panel in board_of(system(name)).panels}
    assert ({"Upstream calls", "Age of the source's own sample"} <= titles) == system(name).asks
    assert {"Probes", "Delay of our own"} <= titles


def test_amounts_of_money_stand_beside_their_currency() -> None:
    """A figure has its name, a table the column just before the first amount."""
    figures = [panel for panel in PAGING.panels if isinstance(panel, Figure) and panel.unit == "locale"]
    assert {panel.options()["textMode"] for panel in figures} == {"value_and_name"}
    assert {query.legend for panel in figures for query in panel.queries} == {"{{currency}}"}
    for table in (panel for board in book.BOARDS for panel in board.panels if isinstance(panel, Table)):
        if "At risk" in (names := [column.name for column in table.columns]):
            order = next(one["options"]["indexByName"] for one in table.transformations() if one["id"] == "organize")
            assert order["currency"] + 1 == order[f"Value #{chr(ord('A') + names.index('At risk'))}"]


def test_panel_queries_are_ready_to_be_sent() -> None:
    """Variables are filled in, and a missing one is an error."""
    queries = panel_queries(DOCUMENTS["sk-site"], CHOSEN)
    assert not [one.expr for one in queries if "$" in one.expr.replace('"$1"', "")]
    with pytest.raises(KeyError, match="site"):
        panel_queries(DOCUMENTS["sk-site"], {})
