"""The entry point: the command line, or a sentence where its libraries are not installed."""

from __future__ import annotations

import sys


def main() -> None:
    try:
        from sankofa_observe.cli import main as run
    except ModuleNotFoundError as error:
        print(  # noqa: T201  there is no console yet
            f"sankofa-observe: {error.name} is not installed. "
            "Install the platform with: pip install 'sankofa-observe[platform]'; to check evidence, sankofa-verify needs nothing",
            file=sys.stderr,
        )
        sys.exit(2)
    run()


if __name__ == "__main__":
    main()
