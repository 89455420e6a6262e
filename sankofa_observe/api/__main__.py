"""`python -m sankofa_observe.api --write` writes docs/reference/openapi.json; `--check` fails when it is stale."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from sankofa_observe.api.app import openapi

FILE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.json"


def text() -> str:
    return json.dumps(openapi(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sankofa_observe.api", description=__doc__)
    act = parser.add_mutually_exclusive_group(required=True)
    act.add_argument("--write", action="store_true", help="write the file")
    act.add_argument("--check", action="store_true", help="exit 1 when the committed file is stale")
    if parser.parse_args(arguments).write:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(text(), encoding="utf-8")
        return 0
    if FILE.exists() and FILE.read_text(encoding="utf-8") == text():
        return 0
    print(f"{FILE.name} is stale: python -m sankofa_observe.api --write", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
