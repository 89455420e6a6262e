"""Python packages of the lock files into .venv, by uv: 2 s where pip takes 90.

uv itself is fetched by whatever pip there is, with the hash of the lock file, into a folder that is thrown away. Debian's
Python may have no pip and no venv: then Debian's own wheel of pip is unpacked, which needs no root.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from deploy.parts import CHECKOUT
from deploy.setup import debian
from deploy.setup.steps import SetupError, conceal, run, scratch

VENV = CHECKOUT / ".venv"
PYTHON = VENV / "bin" / "python"
FILLING = VENV / ".filling"  # while packages are written: uv takes a package that was cut off for a whole one
DEV_LOCK = "requirements-dev.lock"  # pins uv and Node
CURE = "check the network and the package index, then run this again"
OF_UV = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}  # pip's setting and uv's variable
KEPT = re.compile(r"UV_(DEFAULT_INDEX|INDEX|EXTRA_INDEX|FIND_LINKS|NATIVE_TLS|SYSTEM_CERTS|HTTP|INSECURE|KEYRING)\w*")
# A person's settings that are about other installations than this one.
OF_PIP = {"PIP_REQUIRE_VIRTUALENV": "0", "PIP_USER": "0", "PIP_QUIET": "0"}
SECTIONS = ("global", "install", ":env:")  # of pip's settings, the last the strongest
_SETTING = re.compile(rf"({'|'.join(SECTIONS)})\.([a-z-]+)=('.*'|\".*\")")
BUNDLED_PIP = "import ensurepip, pathlib; print(*pathlib.Path(ensurepip.__file__).parent.glob('_bundled/pip-*.whl'))"


def install(locks: Sequence[str]) -> None:
    """Make .venv hold what the lock files name; a new .venv that cannot be filled is removed again."""
    if VENV.is_symlink() or VENV.is_file():
        raise SetupError(f"{VENV}: a file or a link, not an environment that was made here; move it away")
    fresh = not usable()
    if fresh:
        shutil.rmtree(VENV, ignore_errors=True)
    try:
        with uv() as program:
            if fresh:
                _uv(program, "venv", "--quiet", "--python", sys.executable, VENV)
            FILLING.touch()
            files = [word for lock in locks for word in ("--requirement", lock)]
            into = ("pip", "install", "--python", PYTHON, "--no-deps")
            _uv(program, *into, "--require-hashes", *files)
            _uv(program, *into, "--no-build-isolation", "--editable", ".")
            FILLING.unlink()
    except BaseException:
        if fresh:
            shutil.rmtree(VENV, ignore_errors=True)
        raise


def usable() -> bool:
    """Whether .venv is one of this checkout at this place, was filled to the end, and its Python starts."""
    if FILLING.exists():
        return False
    try:
        code = f"import sys; sys.exit(sys.prefix != {str(VENV)!r} or sys.version_info < (3, 11))"
        return subprocess.run([PYTHON, "-c", code], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _uv(program: Path, *arguments: str | Path) -> None:
    run([program, *arguments], log="python", cure=CURE, env=uv_settings())


def uv_settings() -> Mapping[str, str | None]:
    """What pip was told of index and certificates on this machine is true of uv as well; None takes a variable away."""
    told: dict[str, str | None] = {name: None for name in os.environ if name.startswith("UV_") and not KEPT.match(name)}
    told |= {"UV_NO_CACHE": "1", "UV_NO_PROGRESS": "1", "UV_NO_CONFIG": "1"}
    for name, value in pip_configuration().items():
        if name in OF_UV and not {OF_UV[name], f"UV_{name.replace('-', '_').upper()}"} & set(os.environ):
            told[OF_UV[name]] = value
    return told


@cache
def pip_configuration() -> Mapping[str, str]:
    """Pip's own settings on this machine; what they hold of addresses is kept out of everything that is shown."""
    env = {**os.environ, **OF_PIP}
    listed = subprocess.run([*_pip(), "config", "list"], check=False, capture_output=True, text=True, env=env).stdout
    found = pip_settings(listed)
    conceal(*found.get("index-url", "").split(), *found.get("extra-index-url", "").split())
    return found


def pip_settings(listed: str) -> Mapping[str, str]:
    """The settings in the words of `pip config list`: `install.index-url='...'`; the environment has the last word."""
    lines = [found.groups() for line in listed.splitlines() if (found := _SETTING.fullmatch(line))]
    lines.sort(key=lambda setting: SECTIONS.index(setting[0]))
    settings = {name: str(ast.literal_eval(value)) for _, name, value in lines}
    return settings | {name: str(Path(settings[name]).expanduser()) for name in ("cert",) if name in settings}


@contextmanager
def uv() -> Iterator[Path]:
    """A uv of the locked version, for the time of the block."""
    with fetched("uv", DEV_LOCK) as folder:
        yield folder / "bin" / "uv"


@contextmanager
def fetched(package: str, lock: str) -> Iterator[Path]:
    """One package without dependencies, in the version and by the hashes of a lock file, for the time of the block."""
    pip_configuration()
    with scratch() as folder:
        wanted = folder / "wanted.txt"
        wanted.write_text(requirement(package, (CHECKOUT / lock).read_text(encoding="utf-8")), encoding="utf-8")
        words = ["install", "--quiet", "--no-deps", "--only-binary=:all:", "--no-compile", "--no-cache-dir"]
        words += [
            "--disable-pip-version-check",
            "--retries",
            "2",
            "--target",
            str(folder / "target"),
            "--require-hashes",
        ]
        run([*_pip(), *words, "-r", wanted], log="python", cure=CURE, env=OF_PIP)
        yield folder / "target"


def requirement(package: str, lock: str) -> str:
    """The lines of one package in a lock file: its pin and its hashes."""
    lines = lock.splitlines()
    first = next((n for n, line in enumerate(lines) if line.startswith(f"{package}==")), None)
    if first is None:
        raise SetupError(f"{package}: not in the lock file; run: make lock")
    last = next((n for n in range(first, len(lines)) if not lines[n].endswith("\\")), first)
    return "\n".join(lines[first : last + 1]) + "\n"


def _pip() -> list[str | Path]:
    """A command that is pip: the interpreter's, the one bundled with it, or Debian's wheel."""
    if _works([sys.executable, "-m", "pip", "--version"]):
        return [sys.executable, "-m", "pip"]
    found = subprocess.run([sys.executable, "-c", BUNDLED_PIP], check=False, capture_output=True, text=True)
    wheel = Path(found.stdout.strip() or "none")
    if not wheel.is_file():
        wheel = debian.pip_wheel()
    return [sys.executable, wheel / "pip"]


def _works(command: Sequence[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
