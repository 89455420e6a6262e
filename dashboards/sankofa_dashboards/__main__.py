"""`python -m sankofa_dashboards --write | --check`: write the boards, or fail naming each that is stale."""

from __future__ import annotations

import argparse
import sys

from .book import stale, write


def main(arguments: list[str] | None = None) -> int:
    """0 when all is written or fresh, 1 when a file is stale."""
    parser = argparse.ArgumentParser(prog="python -m sankofa_dashboards", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="write the boards")
    action.add_argument("--check", action="store_true", help="exit 1 when a committed file is stale")
    if parser.parse_args(arguments).write:
        write()
        return 0
    old = stale()
    for path in old:
        sys.stderr.write(f"{path}: stale; run python -m sankofa_dashboards --write\n")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
