"""What a benchmark comes to: a table with ours beside a peer's, measured in one run, and where it was measured."""

from __future__ import annotations

import os
import platform
import subprocess
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

COMMAND = "make bench"
WIDTH = 130
RUNS = "<!-- runs: written by hand -->"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "performance.md"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measure; `ratio` is the peer's over ours where less is better, so that more is better."""

    what: str
    ours: str
    peer: str = "-"
    ratio: str = "-"


@dataclass(frozen=True, kw_only=True)
class Table:
    """One benchmark."""

    title: str
    peer: str
    how: str
    rows: Sequence[Row]
    notes: Sequence[str] = field(default_factory=tuple)

    def markdown(self) -> str:
        head = f"## {self.title}\n\n{_filled(self.how)}\n\n| | ours | {self.peer} | ratio |\n|---|---|---|---|\n"
        rows = "".join(f"| {row.what} | {row.ours} | {row.peer} | {row.ratio} |\n" for row in self.rows)
        notes = "\n".join(_filled(note, "- ") for note in self.notes)
        return f"{head}{rows}\n{notes}\n" if notes else f"{head}{rows}"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One benchmark of several peers at once: a row for each of them and for ours, a column for each measure."""

    title: str
    how: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = field(default_factory=tuple)

    def markdown(self) -> str:
        head = f"| {' | '.join(('', *self.columns))} |\n{'|---' * (len(self.columns) + 1)}|\n"
        rows = "".join(f"| {' | '.join(row)} |\n" for row in self.rows)
        notes = "".join(f"{_filled(note, '- ')}\n" for note in self.notes)
        return f"## {self.title}\n\n{_filled(self.how)}\n\n{head}{rows}\n{notes}"


def _filled(text: str, mark: str = "") -> str:
    """Prose in lines that can be read; no word is broken."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def less(what: str, ours: float, peer: float, unit: str, digits: int = 1) -> Row:
    """A row in which less is better."""
    ratio = f"{peer / ours:.1f} x" if ours > 0 else "-"
    return Row(what=what, ours=f"{ours:.{digits}f} {unit}", peer=f"{peer:.{digits}f} {unit}", ratio=ratio)


def page(tables: Sequence[Table | Sheet], kept: str) -> str:
    """The whole page; `kept` is what `runs` found, which no benchmark makes."""
    return (
        "# Performance\n\n"
        f"Written by `{COMMAND} WRITE=1`. Ours and the peer are measured in one run on one machine; figures of another "
        "machine differ, the ratios less so. Nothing here is asserted by a test: a slow neighbour is no fault.\n\n"
        f"{_place()}\n\n" + "\n".join(table.markdown() for table in tables) + f"\n{kept}"
    )


def runs(text: str) -> str:
    """The section on runs of the README's commands, which a person writes: from its mark to the end of the page."""
    return text[text.index(RUNS) :]


def _place() -> str:
    commit = _said(["git", "rev-parse", "--short=12", "HEAD"])
    dirty = " with changes" if _said(["git", "status", "--porcelain", "--untracked-files=no"]) else ""
    lines = [
        f"- Machine: {_processor()}, {os.cpu_count()} logical cores, {_memory()} GiB; {_distribution()}",
        f"- Python {platform.python_version()}, commit `{commit}`{dirty}, {datetime.now(UTC):%Y-%m-%d}",
    ]
    return "\n".join(lines)


def _said(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PAGE.parent)
    return done.stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()
