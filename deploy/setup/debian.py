"""Debian packages: static programs unpacked without root, everything else installed by apt, with root and without services.

Lists and archives are our own and are thrown away: apt's locks on the system's are not waited for, and an ordinary user may
fetch. Only dpkg's lock is the system's; it is waited for, and who holds it is said.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tarfile
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.parts import CHECKOUT, TOOLS, need_program
from deploy.setup.steps import LOGS, SetupError, run, say

SCRIPT = Path(__file__).with_name("install_packages.sh")
PIP_PACKAGE = "python3-pip-whl"
NO_INSTALLATION = 3  # of install_packages.sh: the lists could not be read, nothing was changed
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


def unpack(packages: dict[str, Collection[str]]) -> None:
    """Fetch packages and put the named programs of each into .tools/bin, all or none of a package."""
    with _lists() as folder:
        run(["apt-get", "-c", folder / "apt.conf", "download", *packages], log="apt", cure=CURE, cwd=folder)
        for package, programs in packages.items():
            (archive,) = folder.glob(f"{package}_*.deb")
            for program in programs:
                _take(archive, rf"\./usr/s?bin/{re.escape(program)}", TOOLS / "bin" / program)


def pip_wheel() -> Path:
    """Debian's wheel of pip, for a Python that has none."""
    if not here():
        raise SetupError("this Python has neither pip nor ensurepip, and there is no apt-get; install pip for it")
    target = TOOLS / "pip.whl"
    if not target.is_file():
        with _lists() as folder:
            run(["apt-get", "-c", folder / "apt.conf", "download", PIP_PACKAGE], log="apt", cure=CURE, cwd=folder)
            (archive,) = folder.glob("*.deb")
            _take(archive, r"\./usr/share/python-wheels/pip-.*\.whl", target)
    return target


@contextmanager
def _lists() -> Iterator[Path]:
    """A folder with fresh lists of what the system's sources offer."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=LOGS.parent, prefix="apt-") as name:
        folder = Path(name)
        for part in ("lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True)
        (folder / "apt.conf").write_text(SETTINGS.format(folder=folder), encoding="utf-8")
        run(["apt-get", "-c", folder / "apt.conf", "-qq", "update"], log="apt", cure=CURE)
        yield folder


def _take(archive: Path, member: str, target: Path) -> None:
    """One file of a .deb, found by a pattern of its path, moved into place when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    with subprocess.Popen([need_program("dpkg-deb"), "--fsys-tarfile", archive], stdout=subprocess.PIPE) as stream:
        with tarfile.open(fileobj=stream.stdout, mode="r|") as files:
            found = next((one for one in files if one.isfile() and re.fullmatch(member, one.name)), None)
            content = files.extractfile(found) if found else None
            if content is None:
                raise SetupError(f"{archive.name}: no file {member} in it; the package has changed, tell us")
            with content, partial.open("wb") as output:
                shutil.copyfileobj(content, output)
        stream.kill()  # the rest of the archive is not wanted
    partial.chmod(partial.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    partial.replace(target)


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
