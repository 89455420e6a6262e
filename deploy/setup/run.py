"""Set-up of a tier: finds what is missing, says what it will do and what that costs, does it, and checks that it is there.

`python -m deploy.setup TIER [--without PART,…]`. Writes into the checkout (.venv, .tools, .cache, node_modules) and, through
apt and only for parts with `install`, into the system. Exit 0 when every part of the tier is here, 2 with one line when not.
"""

from __future__ import annotations

import argparse
import fcntl
import shutil
import signal
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from deploy import parts
from deploy.parts import CHECKOUT, Part, PartsError
from deploy.setup.plan import announce, lacking, plan, refuse_what_cannot_be
from deploy.setup.steps import LOGS, SCRATCH, SetupError, Steps, say


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):  # each ends as Ctrl-C does, but what nohup shields from goes on
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        with _alone():
            prepare(options.tier, without=parts.listed(options.without))
    except (SetupError, PartsError) as error:
        print(f"setup: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"setup: {error.filename or CHECKOUT}: {error.strerror}; make room or rights and run this again",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("setup: stopped; run it again to go on", file=sys.stderr)
        return 130
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.setup", description=__doc__)
    parser.add_argument("tier", help=f"one of {', '.join(parts.tiers())}")
    parser.add_argument(
        "--without", default="", metavar="PART,…", help="parts to do without; their tests are named as skipped"
    )
    return parser.parse_args(arguments)


def prepare(tier: str, *, without: Collection[str] = ()) -> None:
    """Bring everything a tier needs, or raise `SetupError` with one line."""
    refuse_to_do_without(without)
    wanted = [part for part in parts.parts_of(tier) if part.name not in without]
    missing = lacking(wanted)
    if not missing:
        return
    announce(tier, missing)
    refuse_what_cannot_be(tier, missing)
    steps = list(plan(missing, wanted))
    counted = Steps(total=len(steps))
    for what, act in steps:
        with counted.step(what):
            act()
    _check(missing)


def refuse_to_do_without(names: Collection[str]) -> None:
    """Raise `SetupError` for a part that every run of the tests needs, `PartsError` for what is no part."""
    left_out = [parts.named(name) for name in names]
    needed = [part.name for part in left_out if part.tier == "tools" or part.name == "python-packages"]
    if needed:
        raise SetupError(f"WITHOUT={','.join(needed)}: every check needs this part; no root is needed to bring it")


def _check(brought: Sequence[Part]) -> None:
    """Everything that was brought is there and new enough; all that is not, in one line.

    What was unpacked and is too old is taken away again: it would stand before a newer one on PATH.
    """
    faults = {part: why for part in brought if (why := parts.shortcoming(part))}
    for program in (program for part in faults if part.unpack for program in part.programs):
        (parts.TOOLS / "bin" / program).unlink(missing_ok=True)
    if faults:
        locked = all(part.locked for part in faults)
        cure = "run: make clean, then this again" if locked else "install a newer one by hand and put it on PATH"
        raise SetupError(
            f"installed, and still {'; '.join(f'{part.name}: {why}' for part, why in faults.items())}; {cure}"
        )


@contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time in a checkout; a second one waits and says so. The lock goes with the process."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up of this checkout is at work; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(SCRATCH, ignore_errors=True)  # of one that was killed
        try:
            yield
        finally:
            shutil.rmtree(SCRATCH, ignore_errors=True)
