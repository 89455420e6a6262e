"""What is made of the catalogue and committed: the SLI documents in `deploy/specs/slis/`, which SLOs name by `indicatorRef`.

`python -m deploy.integrations.render --write` writes them, `--check` tells what is stale. Scrape jobs are made by
`deploy/prometheus/render.py`, the reference page by `docs/generate.py`, of the same catalogue.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

from sankofa_observe.adapters.integrations.catalogue import load_catalogue
from sankofa_observe.adapters.integrations.sli import sli_documents

FOLDER = Path(__file__).parent
GENERATED = FOLDER.parent / "specs" / "slis"
HEADER = "# Written by `make generate` from deploy/integrations/{name}.yaml; change that, and run it again.\n"
CATALOGUE = load_catalogue(FOLDER)


def documents() -> dict[Path, str]:
    """The text of each generated file."""
    return {
        GENERATED / f"{name}.yaml": HEADER.format(name=name)
        + yaml.safe_dump_all(sli_documents(entry), sort_keys=False, width=120, allow_unicode=True)
        for name, entry in CATALOGUE.entries.items()
    }


def main(arguments: list[str] | None = None) -> int:
    """0 when written or fresh, 1 when a committed file is stale or of no entry."""
    parser = argparse.ArgumentParser(prog="python -m deploy.integrations.render", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    write, wanted, stale = parser.parse_args(arguments).write, documents(), 0
    if write:
        GENERATED.mkdir(exist_ok=True)
        for path, text in wanted.items():
            path.write_text(text, encoding="utf-8")
    for path in {*GENERATED.glob("*.yaml"), *wanted}:
        if path not in wanted and write:
            path.unlink()
        elif path not in wanted or not path.exists() or path.read_text(encoding="utf-8") != wanted[path]:
            stale = 1
            print(f"{path}: stale; run make generate", file=sys.stderr)
    return stale


if __name__ == "__main__":
    sys.exit(main())
