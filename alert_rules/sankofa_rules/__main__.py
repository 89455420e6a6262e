"""`python -m sankofa_rules --write | --check`: write the rule files, or fail naming each that is stale."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .book import GENERATED, Edition, stale, write
from .pace import SCRAPE_SECONDS
from .slo import STEP_SECONDS


def main(arguments: list[str] | None = None) -> int:
    """0 when all is written or fresh, 1 when a file is stale."""
    parser = argparse.ArgumentParser(prog="python -m sankofa_rules", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="write the rule files")
    action.add_argument("--check", action="store_true", help="exit 1 when a committed file is stale")
    parser.add_argument("--into", type=Path, default=GENERATED, help="folder to write into, for a lab")
    parser.add_argument("--step-seconds", type=int, default=STEP_SECONDS, help="pace of the SLO rules, for a lab")
    parser.add_argument("--scrape-seconds", type=int, default=SCRAPE_SECONDS, help="pace of scrapes, for a lab")
    options = parser.parse_args(arguments)
    if options.write:
        write(options.into, Edition(step_seconds=options.step_seconds, scrape_seconds=options.scrape_seconds))
        return 0
    old = stale()
    for path in old:
        sys.stderr.write(f"{path}: stale; run python -m sankofa_rules --write\n")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
