"""The entry point: the exporters, or a sentence where their libraries are not installed."""

from __future__ import annotations

import sys


def main() -> int:
    try:
        from .cli import main as run
    except ModuleNotFoundError as error:
        print(  # noqa: T201  there is no log yet
            f"sankofa-exporter: {error.name} is not installed. "
            "Install the exporters with: pip install 'sankofa-observe[exporters]'",
            file=sys.stderr,
        )
        return 2
    return run()


if __name__ == "__main__":
    sys.exit(main())
