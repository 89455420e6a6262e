"""The viewer in a real browser: every board is drawn, in a blind world as well, and says that it is no Grafana."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from deploy.lab.boards.viewer import Source, bundle, page, served, text_of
from deploy.lab.client import local
from deploy.lab.ports import free_port
from deploy.lab.processes import Processes, answers
from deploy.parts import need_program
from sankofa_dashboards.queries import generated_boards
from sankofa_dashboards.states import NOT_KNOWN_TEXT

pytestmark = [pytest.mark.tier("test-all"), pytest.mark.real("prometheus", "node", "esbuild", "chromium")]

END = 1_800_000_000


def _titles(board: Mapping[str, Any]) -> list[str]:
    """Of the panels that stand there whatever is known: those under a row that repeats do not."""
    kept = takewhile(lambda panel: not panel.get("repeat"), board["panels"])
    return [panel["title"] for panel in kept]


TITLES = {uid: _titles(board) for uid, board in generated_boards().items()}


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The viewer on a Prometheus that has scraped nothing."""
    folder = tmp_path_factory.mktemp("blind")
    (folder / "prometheus.yml").write_text("{}")
    address = f"127.0.0.1:{free_port()}"
    with Processes(folder=folder) as processes:
        command = [
            need_program("prometheus"),
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/data",
        ]
        child = processes.start("prometheus", [*command, f"--web.listen-address={address}"])
        processes.wait_until(child, answers(f"http://{address}/-/ready"))
        with served(bundle(folder / "site"), Source(prometheus=f"http://{address}")) as viewer:
            yield viewer


@pytest.mark.parametrize("uid", TITLES)
def test_a_board_without_any_data_is_drawn_and_says_not_known(blind: str, uid: str, tmp_path: Path) -> None:
    """Each panel that does not repeat has its title, nothing is good, and no error stands in its place."""
    drawn = text_of(page(blind, uid, {"site": "core-0"}, END), tmp_path)
    words = unescape(re.sub(r"<[^>]+>", "\n", drawn.split("<body", 1)[1]))
    assert "Error:" not in words
    assert [title for title in TITLES[uid] if title not in words] == []
    assert NOT_KNOWN_TEXT in words
    assert "\ngood\n" not in words
    assert "not a Grafana" in words


def test_the_server_gives_nothing_but_the_viewer_and_the_boards(blind: str) -> None:
    """A file of the checkout, a hidden one, and a path that climbs are not found."""
    for path in ("../Makefile", "Makefile", ".npmrc", "boards/../../../pyproject.toml", "boards/queries.py"):
        assert local.get(f"{blind}/{path}").status_code == 404, path
    assert local.get(f"{blind}/d/sk-fleet").status_code == 200
