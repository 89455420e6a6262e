"""Debian packages: static programs unpacked without root, everything else installed by apt, with root and without services.

Lists and archives are our own and are thrown away: apt's locks on the system's are not waited for, and an ordinary user may
fetch. Only dpkg's lock is the system's; it is waited for, and who holds it is said.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.parts import CHECKOUT, TOOLS, Part, need_program
from deploy.setup.steps import SCRATCH, SetupError, place, run, say, scratch

SCRIPT = Path(__file__).with_name("install_packages.sh")
PIP_PACKAGE = "python3-pip-whl"
HERE = b"/proc/self/cwd"
EXTRACT = 'dpkg-deb --fsys-tarfile "$1" | tar -xf - -C "$3" --strip-components="$4" --no-same-owner "$2"'
# Its paths are absolute or the caller's mistake: a relative one would be looked for beside the program's own files.
WRAPPER = """\
#!/bin/sh
# Debian's program looks for its files in a fixed folder; this copy looks below the folder in which it is started.
CDPATH= cd "$(dirname "$0")/.." && exec "lib/{program}" "$@"
"""
CURE = "check the network and the sources of apt, then run this again"
# Read after the system's configuration: hooks of an update that speak to the desktop need root and the system's lists.
SETTINGS = """\
Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}/cache";
APT::Sandbox::User "";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def here() -> bool:
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def root_prefix() -> list[str] | None:
    """What makes a command run as root: nothing for root, sudo where there is one, None where there is no way."""
    if os.geteuid() == 0:
        return []
    return ["sudo"] if shutil.which("sudo") else None


def unpack(wanted: Sequence[Part]) -> None:
    """Fetch the packages of these parts and put their programs into .tools/bin, each when it is whole."""
    packages = list(dict.fromkeys(part.unpack for part in wanted))
    with _fetched(*packages) as folder:
        for part in wanted:
            (archive,) = folder.glob(f"{part.unpack}_*.deb")
            for program in part.programs:
                _place(archive, program, part.data)


def _place(archive: Path, program: str, data: str) -> None:
    member = rf"\./usr/s?bin/{re.escape(program)}"
    if not data:
        _take(archive, member, TOOLS / "bin" / program)
        return
    share = TOOLS / "share" / Path(data).name
    share.mkdir(parents=True, exist_ok=True)
    run(["sh", "-c", EXTRACT, "sh", archive, f".{data}", share, str(data.count("/") + 1)], log="apt", cure="tell us")
    _take(archive, member, TOOLS / "lib" / program, change=lambda content: moved(content, data))
    place(TOOLS / "bin" / program, WRAPPER.format(program=program).encode())


def moved(program: bytes, data: str) -> bytes:
    """The program with its fixed folder replaced by one of the same length that is found from where it is started."""
    found = f"share/{Path(data).name}".encode()
    room = len(data) - len(HERE) - len(found)
    if data.encode() not in program or room < 1:
        raise SetupError(f"a program no longer looks for its files in {data}; the package has changed, tell us")
    return program.replace(data.encode(), HERE + b"/" * room + found)


def pip_wheel() -> Path:
    """Debian's wheel of pip, for a Python that has none."""
    if not here():
        raise SetupError("this Python has neither pip nor ensurepip, and there is no apt-get; install pip for it")
    target = SCRATCH / "pip.whl"
    if not target.is_file():
        with _fetched(PIP_PACKAGE) as folder:
            (archive,) = folder.glob("*.deb")
            _take(archive, r"\./usr/share/python-wheels/pip-.*\.whl", target)
    return target


@contextmanager
def _fetched(*packages: str) -> Iterator[Path]:
    """A folder with the packages as files, by fresh lists of what the system's sources offer."""
    failed: list[str] = []

    def hear(line: str) -> None:  # a list that could not be fetched is a warning, and its packages are not found later
        if line.startswith("W: Failed to fetch"):
            failed.append(line.removeprefix("W: "))

    with scratch() as folder:
        for part in ("lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True)
        (folder / "apt.conf").write_text(SETTINGS.format(folder=folder), encoding="utf-8")
        apt = ["apt-get", "-c", str(folder / "apt.conf")]
        run([*apt, "-qq", "update"], log="apt", cure=CURE, hear=hear)
        run([*apt, "download", *packages], log="apt", cure="; ".join([*failed[:1], CURE]), cwd=folder)
        yield folder


def _take(archive: Path, member: str, target: Path, change: Callable[[bytes], bytes] = bytes) -> None:
    """One file of a .deb, found by a pattern of its path, moved into place when it is whole."""
    with subprocess.Popen([need_program("dpkg-deb"), "--fsys-tarfile", archive], stdout=subprocess.PIPE) as stream:
        with tarfile.open(fileobj=stream.stdout, mode="r|") as files:
            found = next((one for one in files if one.isfile() and re.fullmatch(member, one.name)), None)
            content = files.extractfile(found) if found else None
            if content is None:
                raise SetupError(f"{archive.name}: no file {member} in it; the package has changed, tell us")
            place(target, change(content.read()))
        stream.kill()  # the rest of the archive is not wanted


def install(packages: Sequence[str]) -> None:
    """apt-get install, with root; what the packages would start stays off, now and after a reboot."""
    prefix = root_prefix()
    if prefix is None:
        raise SetupError(needs_root(packages))
    waiting: set[str] = set()

    def hear(line: str) -> None:
        if "could not get lock" in line.lower() and (found := holder(line)) not in waiting:
            waiting.add(found)
            say(f"another apt is at work ({found}); waiting for it, ten minutes at most")

    run([*prefix, "sh", SCRIPT, *packages], log="apt", cure=by_hand(packages), hear=hear, cwd=CHECKOUT)


def holder(line: str) -> str:
    found = re.search(r"held by (process \d+(?: \([^)]*\))?)", line)
    return found.group(1) if found else "it is not said which"


def needs_root(packages: Sequence[str]) -> str:
    return f"root is needed once, and there is no sudo: as root run: apt-get install --no-install-recommends {' '.join(packages)}"


def by_hand(packages: Sequence[str]) -> str:
    return f"{CURE}; or install by hand: apt-get install --no-install-recommends {' '.join(packages)}"
