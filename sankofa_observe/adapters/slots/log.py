"""The log of a Delta table in a folder, read line by line: what it names, even where the library cannot open the table.

A commit states how many files it adds and removes, so that one cut at the end of a line is told from a whole one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl

LOG = "_delta_log"
# What a commit says it did, by the two spellings of the library: of writes and deletions, and of compactions.
_STATED = {"add": ("num_added_files", "numFilesAdded"), "remove": ("num_removed_files", "numFilesRemoved")}


@dataclass(frozen=True, kw_only=True)
class Log:
    """The data files that the readable part of a log names, by their path below the table's folder."""

    live: dict[str, Mapping[str, Any]] = field(default_factory=dict)  # with the action that added them
    removed: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def apply(self, action: Mapping[str, Any]) -> None:
        if added := action.get("add"):
            name = unquote(added["path"])
            self.live[name] = added
            self.removed.discard(name)
        if gone := action.get("remove"):
            self.live.pop(unquote(gone["path"]), None)
            self.removed.add(unquote(gone["path"]))


def read_log(folder: Path) -> Log:
    """The newest checkpoint that can be read, and every later commit; of a damaged commit the lines that can be read."""
    log = Log(faults=[*log_faults(folder)])
    since = -1
    for checkpoint in sorted((folder / LOG).glob("*.checkpoint.parquet"), reverse=True):
        try:
            rows = pl.read_parquet(checkpoint).select("add", "remove").to_dicts()
        except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            log.faults.append(f"{checkpoint}: this checkpoint cannot be read ({type(error).__name__})")
            continue
        for row in rows:
            log.apply({kind: one for kind, one in row.items() if one and one.get("path")})
        since = _version(checkpoint)
        break
    for commit in _commits(folder):
        if _version(commit) > since:
            for action in _lines(commit):
                log.apply(action)
    return log


def log_faults(folder: Path) -> Iterator[str]:
    """Commits that are empty, cut or missing. Each would take rows out of sight in silence, or make every question fail."""
    commits = _commits(folder)
    for commit in commits:
        if problem := _problem(commit):
            yield f"{commit}: this commit {problem}"
    versions = {_version(commit) for commit in commits}
    checkpoints = [_version(one) for one in (folder / LOG).glob("*.checkpoint.parquet")]
    first = max(checkpoints, default=-1) + 1
    for gap in sorted(set(range(first, max(versions, default=-1))) - versions):
        yield f"{folder / LOG / f'{gap:020}.json'}: this commit is missing"


def _problem(commit: Path) -> str:
    """What is wrong with a commit, or nothing."""
    try:
        lines = commit.read_text(encoding="utf-8").splitlines()
        actions = [json.loads(line) for line in lines if line.strip()]
    except FileNotFoundError:
        return ""  # dropped since by the clean-up of the log
    except (OSError, ValueError):
        return "is cut or no JSON"
    if not actions or not all(isinstance(one, dict) for one in actions):
        return "is empty or no JSON"
    if _version(commit) == 0 and not {"metaData", "protocol"} <= {kind for one in actions for kind in one}:
        return "is the first one and lacks the table's metadata"
    stated = next((one["commitInfo"].get("operationMetrics") or {} for one in actions if "commitInfo" in one), {})
    for kind, spellings in _STATED.items():
        count = next((stated[name] for name in spellings if name in stated), None)
        found = sum(kind in one for one in actions)
        if count is not None and int(count) != found:
            return f"states {count} files to {kind} and names {found}: lines of it are lost"
    return ""


def _lines(commit: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = commit.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        try:
            action = json.loads(line)
        except ValueError:
            continue
        if isinstance(action, dict):
            yield action


def _commits(folder: Path) -> list[Path]:
    return [file for file in sorted((folder / LOG).glob("*.json")) if file.stem.isdecimal()]


def _version(file: Path) -> int:
    return int(file.name.partition(".")[0])
