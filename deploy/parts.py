"""The parts that real runs need: read from parts.toml, found on this machine, asked for their version.

Imported by set-up, the lab and the tests, and the only code that looks for a program. Assumes nothing but Python 3.11: set-up
runs before any package is installed. Never installs.

The environment variable HIDE_PARTS (names, comma-separated) makes parts invisible, so that a test can see what happens without.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
PARTS_FILE = CHECKOUT / "deploy" / "parts.toml"
TOOLS = CHECKOUT / ".tools"
HIDE_PARTS = "HIDE_PARTS"
# Where Debian puts servers: not on the PATH of an ordinary user.
SBIN = ("/usr/local/sbin", "/usr/sbin", "/sbin")
VERSION_SECONDS = 60  # a limit against a program that hangs
_NUMBER = re.compile(r"\d+(?:\.\d+)+|\d+")


class PartsError(Exception):
    """parts.toml is wrong, or a program is not there; the message names the cure."""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """Programs in a zip file (`inner`) that lies in a tar file of an installed package (`outer`, a glob)."""

    outer: str
    inner: str
    members: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One entry of parts.toml; its head explains the fields."""

    name: str
    tier: str
    why: str
    download_mb: int
    disk_mb: int
    seconds: int
    unpack: str = ""
    data: str = ""
    install: tuple[str, ...] = ()
    npm: str = ""
    pypi: str = ""
    extract: Archive | None = None
    programs: tuple[str, ...] = ()
    look: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    at_least: str = ""

    @property
    def locked(self) -> bool:
        """Whether a lock file of this checkout pins it."""
        return bool(self.pypi or self.npm or self.extract)

    def __post_init__(self) -> None:
        ways = [self.unpack, self.install, self.npm, self.pypi, self.extract]
        if sum(map(bool, ways)) != 1:
            raise PartsError(f"{PARTS_FILE.name}: {self.name}: one of unpack, install, npm, pypi, extract is needed")
        if bool(self.version) != bool(self.at_least):
            raise PartsError(f"{PARTS_FILE.name}: {self.name}: version and at_least are needed together, or neither")
        if not (self.programs or self.files):
            raise PartsError(
                f"{PARTS_FILE.name}: {self.name}: programs or files are needed, to tell whether it is here"
            )


@cache
def tiers() -> Mapping[str, Sequence[str]]:
    """The tiers by name, each with those it includes."""
    return dict(_document()["tiers"])


@cache
def parts() -> tuple[Part, ...]:
    return tuple(read_part(entry) for entry in _document()["part"])


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(PARTS_FILE.read_text(encoding="utf-8"))


def read_part(entry: Mapping[str, Any]) -> Part:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    if inner := entry.get("extract"):
        values["extract"] = Archive(outer=inner["outer"], inner=inner["inner"], members=tuple(inner["members"]))
    name, tier = values.get("name"), values.get("tier")
    if tier not in tiers():
        raise PartsError(f"{PARTS_FILE.name}: {name}: tier {tier!r} is none of {', '.join(tiers())}")
    try:
        return Part(**values)
    except TypeError as error:
        raise PartsError(f"{PARTS_FILE.name}: {name}: {str(error).removeprefix('Part.__init__() ')}") from None


def parts_of(tier: str) -> list[Part]:
    """The parts a tier needs, those of the tiers it includes first as they stand in the file."""
    if tier not in tiers():
        raise PartsError(f"tier {tier!r} is unknown; parts.toml has: {', '.join(tiers())}")
    wanted = closure(tier)
    return [part for part in parts() if part.tier in wanted]


def closure(tier: str) -> set[str]:
    """The tier and those it includes."""
    return {tier}.union(*(closure(inner) for inner in tiers()[tier]))


def part_of(program: str) -> Part | None:
    """The part that brings a program."""
    return next((part for part in parts() if program in part.programs), None)


def named(name: str) -> Part:
    found = next((part for part in parts() if part.name == name), None)
    if found is None:
        raise PartsError(f"part {name!r} is unknown; parts.toml has: {', '.join(part.name for part in parts())}")
    return found


def listed(text: str) -> set[str]:
    """The names in a list with commas, as a person writes it."""
    return {name.strip() for name in text.split(",")} - {""}


def hidden() -> set[str]:
    """Names of the parts that are to be overlooked."""
    return listed(os.environ.get(HIDE_PARTS, ""))


def find_program(name: str) -> str | None:
    """The path of a program: the checkout's own first, so that an older one of the system does not stand in its way.

    What comes from a lock file is taken from there alone: another version of the system is not the one that is pinned.
    """
    part = part_of(name)
    if part is not None and part.name in hidden():
        return None
    own = next((folder / name for folder in _own_folders(part) if _runs(folder / name)), None)
    if own is not None or (part is not None and part.locked):
        return None if own is None else str(own)
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *SBIN]))


def _runs(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _own_folders(part: Part | None) -> Iterator[Path]:
    for glob in part.look if part else ():
        yield from _newest_first(glob)
    yield TOOLS / "bin"
    yield CHECKOUT / ".venv" / "bin"


def _newest_first(glob: str) -> list[Path]:
    """Paths of a glob from the checkout, or from the root when it begins there; of several versions the highest first."""
    root, pattern = (Path("/"), glob.lstrip("/")) if glob.startswith("/") else (CHECKOUT, glob)
    return sorted(root.glob(pattern), key=lambda path: [int(n) for n in re.findall(r"\d+", str(path))], reverse=True)


def need_program(name: str) -> str:
    """The path of a program, or `PartsError` with the command that brings it."""
    found = find_program(name)
    if found is None:
        raise PartsError(f"{name}: not found; {cure(part_of(name), name)}")
    return found


def cure(part: Part | None, name: str) -> str:
    if part is None:
        return f"install it with: apt-get install {name}"
    if part.install:
        return f"install it with: apt-get install --no-install-recommends {' '.join(part.install)}"
    return f"run: make setup TIER={part.tier}"


def absent(part: Part) -> list[str]:
    """The programs and files of a part that are not found."""
    if part.name in hidden():
        return [*part.programs, *part.files]
    missing = [program for program in part.programs if find_program(program) is None]
    return missing + [glob for glob in part.files if not _newest_first(glob)]


def version_of(part: Part) -> str:
    """What the part says of its version, as a number with points; raises `PartsError` when it says none."""
    program, *arguments = part.version
    command = [need_program(program), *arguments]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=VERSION_SECONDS, cwd=CHECKOUT
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PartsError(f"{part.name}: {' '.join(part.version)}: {error}") from None
    found = _NUMBER.search(done.stdout + done.stderr)
    if found is None:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise PartsError(f"{part.name}: {' '.join(part.version)} told no version: {said[-1] if said else 'nothing'}")
    return found.group()


def too_old(part: Part) -> str:
    """The version of a part that is older than it may be; empty when it will do, or when it has no version to ask."""
    if not part.version:
        return ""
    seen = version_of(part)
    return seen if _key(seen) < _key(part.at_least) else ""


def _key(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def shortcoming(part: Part) -> str:
    """Why a part cannot be used, in a phrase; empty when it can."""
    if missing := absent(part):
        return f"not found: {', '.join(missing)}"
    try:
        seen = too_old(part)
    except PartsError as error:
        return str(error)
    return f"version {seen} is too old, {part.at_least} or newer is needed" if seen else ""


def missing_programs(names: Sequence[str]) -> list[str]:
    """The programs of `names` that cannot be found."""
    return [name for name in names if find_program(name) is None]


if __name__ == "__main__":  # python -m deploy.parts PROGRAM: where it is
    try:
        print(need_program(sys.argv[1]))
    except (PartsError, IndexError) as error:
        sys.exit(str(error))
