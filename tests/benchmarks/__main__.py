"""`make bench`: every benchmark, ours beside a peer in one run; with `--write` also docs/reference/performance.md."""

from __future__ import annotations

import argparse
import importlib
import sys
import time

from .report import PAGE, Sheet, Table, page, runs

NAMES = (
    "startup",
    "exposition",
    "proxmox",
    "targets",
    "canary",
    "neighbours",
    "ceph_dump",
    "seals",
    "records",
    "lane",
    "evidence",
    "what_if",
    "exclusions",
    "counting",
    "rules",
    "peers",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}; needs all of them")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark {min(unknown)!r}; there are {', '.join(NAMES)}")
    tables: list[Table | Sheet] = []
    for name in options.names or NAMES:
        started = time.monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        table = importlib.import_module(f"tests.benchmarks.{name}").run()
        tables.append(table)
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
        print(table.markdown(), flush=True)
    if options.write and not options.names:
        PAGE.write_text(page(tables, runs(PAGE.read_text())))
        print(f"written: {PAGE.relative_to(PAGE.parents[2])}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
