"""The viewer of boards: its bundle, a server for it beside a Prometheus, and Chromium's picture of a page.

It serves on loopback, to whoever can reach it there, what Prometheus answers to reading questions. It is no Grafana.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

from deploy.lab.boards import small_png
from deploy.lab.client import local
from deploy.lab.pace import measured
from deploy.lab.processes import LabError
from deploy.parts import CHECKOUT, need_program
from sankofa_dashboards.queries import GENERATED

VIEWER = CHECKOUT / "dashboards" / "viewer"
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
WIDTH, SCREEN = 1920, 1080
TALL = 4000  # higher than any board; what is left of it is cut off
DRAWING_MS = 30_000  # of the page's own clock, which stands still while an answer is waited for


@dataclass(frozen=True, kw_only=True)
class Source:
    """A Prometheus, and at what pace it scrapes; `range_seconds` in place of the boards' own look back."""

    prometheus: str
    scrape_seconds: float = 15
    range_seconds: float | None = None
    caption: str = ""

    def settings(self) -> dict[str, Any]:
        return {
            "scrape_seconds": self.scrape_seconds,
            "range_seconds": self.range_seconds,
            "caption": self.caption,
        }


def bundle(folder: Path) -> Path:
    """The folder with the page and its script."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([need_program("node"), str(VIEWER / "build.mjs"), str(folder)], check=True)
    (folder / "index.html").write_bytes((VIEWER / "src" / "index.html").read_bytes())
    return folder


class _Server(BaseHTTPRequestHandler):
    def __init__(self, *arguments: Any, site: Path, boards: Path, source: Source) -> None:
        self.site, self.boards, self.source = site, boards, source
        super().__init__(*arguments)

    def do_GET(self) -> None:
        path, _, question = self.path.partition("?")
        match path.strip("/").split("/"):
            case ["prometheus", *rest]:
                answer = local.get(
                    f"{self.source.prometheus}/{'/'.join(rest)}?{question}", timeout=measured().limit(10)
                )
                self._send(answer.status_code, "application/json", answer.content)
            case ["settings.json"]:
                self._send(HTTPStatus.OK, KINDS[".json"], json.dumps(self.source.settings()).encode())
            case ["boards", name]:
                self._file(self.boards / name)
            case [""] | ["d", _]:
                self._file(self.site / "index.html")
            case [name]:
                self._file(self.site / name)
            case _:
                self.send_error(HTTPStatus.NOT_FOUND)

    def _file(self, path: Path) -> None:
        if path.suffix not in KINDS or path.name.startswith(".") or not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self._send(HTTPStatus.OK, KINDS[path.suffix], path.read_bytes())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def served(site: Path, source: Source, *, boards: Path = GENERATED, port: int = 0) -> Iterator[str]:
    """The viewer's address while the block runs."""
    handler = partial(_Server, site=site, boards=boards, source=source)
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def page(address: str, uid: str, variables: Mapping[str, str], end: float) -> str:
    chosen = {f"var-{name}": value for name, value in variables.items()}
    return f"{address}/d/{uid}?{urlencode({**chosen, 'end': end})}"


def photograph(url: str, picture: Path, scratch: Path) -> None:
    """A picture of the whole page as Chromium draws it, at least a screen high."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.unlink(missing_ok=True)
    _chromium(url, scratch, f"--screenshot={picture}", f"--window-size={WIDTH},{TALL}")
    if not picture.is_file():
        raise LabError(f"{picture}: Chromium drew nothing of {url}")
    small_png.shrink(picture, least=SCREEN)


def text_of(url: str, scratch: Path) -> str:
    """The page's document as Chromium has it after drawing."""
    return _chromium(url, scratch, "--dump-dom", f"--window-size={WIDTH},{SCREEN}")


def _chromium(url: str, scratch: Path, *options: str) -> str:
    command = [
        need_program("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
        "--force-device-scale-factor=1", f"--user-data-dir={scratch / 'profile'}", f"--virtual-time-budget={DRAWING_MS}",
        *options, url,
    ]  # fmt: skip
    limit = measured().limit(30)
    return subprocess.run(command, capture_output=True, text=True, timeout=limit, check=True).stdout
