"""The drill as a page: what was typed, what came back, and how long it took; nothing of the machine on which it was."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.end_to_end.drill.case import Case, Typed

MOST_LINES = 8  # of what a command said
_OWN = (
    (re.compile(r"0x[0-9a-fA-F]{10,}"), lambda found: f"{found[0][:10]}…"),
    (re.compile(r"http://127\.0\.0\.1:\d+"), lambda _: "NODE"),
)


def page(cases: Sequence[Case], folder: Path) -> str:
    """All cases in the order of the page that they follow."""
    ordered = sorted(cases, key=lambda one: one.section.title)
    typed = [one for case in ordered for one in case.told if isinstance(one, Typed)]
    head = [
        "# Restore drill",
        "",
        "<!-- written by `make drill WRITE=1`, not by hand -->",
        "",
        "What is lost is really removed from an installation of real parts (Prometheus, the chain, a ledger, a slot table and an archive in files,",
        "a scheduler, attestors as processes), and [the page that says what to do](../how-to/recover-what-was-lost.md) is followed to the letter:",
        "the commands below are taken from it. After each case the next breach is settled, credits in the ledger are those on the contract, nothing",
        "is there twice, every document of evidence is the one that it was (what was written anew: its identity, byte for byte), and `ledger check`",
        "and `evidence check` end with 0.",
        "",
        _when(len(ordered), len(typed), sum(one.seconds for one in ordered)),
        "",
        "| case | commands | seconds, with the next breach settled |",
        "|---|---|---|",
        *(f"| {one.section.title} | {sum(isinstance(told, Typed) for told in one.told)} | {one.seconds:.0f} |" for one in ordered),
        "",
        "Identities are cut to their first digits, and what a command said to its first lines. Seconds are those of a command, with the start of",
        "the program. The chain and Prometheus have a clock of their own: dispute windows and delays are jumped over.",
    ]  # fmt: skip
    return "\n".join([*head, *(line for case in ordered for line in _case(case, folder))]) + "\n"


def _when(cases: int, commands: int, seconds: float) -> str:
    when, release = datetime.now(UTC), version("sankofa-observe")
    many = f"{cases} cases and {commands} commands in {seconds:.0f} s, on {os.cpu_count()} cores whose load was {os.getloadavg()[2]:.0f}"
    return f"Rehearsed last on {when:%Y-%m-%d at %H:%M} UTC, with release {release}: {many}."


def _case(case: Case, folder: Path) -> Iterator[str]:
    yield from ("", f"## {case.section.title}")
    for one in case.told:
        if isinstance(one, str):
            yield from ("", one)
            continue
        yield from ("", "```console", f"$ {one.command}", *_said(one, folder), "```", "")
        yield f"exit {one.ended.code}, {one.ended.seconds:.1f} s"


def _said(one: Typed, folder: Path) -> list[str]:
    text = (one.ended.out + one.ended.err).replace(f"{folder}/", "").replace(str(folder), ".")
    for pattern, instead in _OWN:
        text = pattern.sub(instead, text)
    lines = [line for line in text.splitlines() if line]
    return (
        lines
        if len(lines) <= MOST_LINES
        else [*lines[: MOST_LINES - 1], f"… and {len(lines) - MOST_LINES + 1} lines more"]
    )
