"""Keep the metric tables of docs/exporters true: `python -m sankofa_exporters.docs --check|--write`.

A page has two markers; what stands between them is made from the catalogue. Nothing outside the markers is touched.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from sankofa_exporters.model.catalogue import FAMILIES as PROBE_FAMILIES
from sankofa_exporters.model.family import Family

from .registry import SYSTEM_NAMES, system

BEGIN, END = "<!-- metrics: begin (generated) -->", "<!-- metrics: end -->"
FOLDER = Path("docs/exporters")


class StalePageError(Exception):
    """A page lacks its markers."""


def table(families: Iterable[Family]) -> str:
    """A Markdown table, one family a row."""
    head = "| Name | Kind | Labels | Meaning |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{family.name}` | {family.kind} | {', '.join(f'`{label}`' for label in family.labels) or '-'} "
        f"| {family.help.replace('|', '/')} |\n"
        for family in families
    )


def renewed(page: str, families: Iterable[Family]) -> str:
    """The page with its table made anew."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise StalePageError(f"the page needs the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n\n{table(families)}\n{END}{after}"


def pages(folder: Path) -> dict[Path, tuple[Family, ...]]:
    """Which families belong to which page."""
    found = {folder / f"{name}.md": system(name).families for name in SYSTEM_NAMES}
    return {**found, folder / "README.md": PROBE_FAMILIES}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sankofa_exporters.docs", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="exit 1 when a page is stale")
    action.add_argument("--write", action="store_true", help="write the tables")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    missing = [path for path in pages(options.folder) if not path.exists()]
    for path in missing:
        sys.stderr.write(f"{path}: is missing; docs/exporters/new-system.md says what stands there\n")
    if missing:
        return 1
    stale = [path for path, families in pages(options.folder).items() if not _settle(path, families, options.write)]
    for path in stale:
        sys.stderr.write(f"{path}: the metric table is stale; run python -m sankofa_exporters.docs --write\n")
    return 1 if stale else 0


def _settle(path: Path, families: tuple[Family, ...], write: bool) -> bool:  # noqa: FBT001 - the two actions
    """True when the page is right, or has been made right."""
    page = path.read_text(encoding="utf-8")
    wanted = renewed(page, families)
    if write and page != wanted:
        path.write_text(wanted, encoding="utf-8")
    return write or page == wanted


if __name__ == "__main__":
    sys.exit(main())
