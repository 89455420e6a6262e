"""The entry point: the command line, or a sentence where only the exporters are installed."""

from __future__ import annotations

import sys


def main() -> None:
    try:
        from sankofa_observe.cli import main as run
    except ModuleNotFoundError as error:
        print(  # noqa: T201  there is no console yet
            f"sankofa-observe: {error.name} is not installed; the base install holds the exporters only. "
            "Install the platform with: pip install 'sankofa-observe[platform]'",
            file=sys.stderr,
        )
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()
