"""The way in of set-up: `python -m deploy.setup TIER`, run by make. An older Python must be able to read this file."""

import sys

OLDEST = (3, 11)


def main():  # type: ignore[no-untyped-def]  # noqa: ANN201
    if sys.version_info < OLDEST:
        seen, wanted = ".".join(map(str, sys.version_info[:2])), ".".join(map(str, OLDEST))
        sys.stderr.write(
            "setup: %s is Python %s, %s or newer is needed; install python3.11, or name one: make demo PYTHON=/path/to/python3\n"  # noqa: UP031
            % (sys.executable, seen, wanted)
        )
        return 2
    from deploy.setup.run import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())  # type: ignore[no-untyped-call]
