"""What was installed from which lock file: a mark beside it, so that a second set-up is quick and a changed lock is noticed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deploy.parts import CHECKOUT, Part
from deploy.setup.python import VENV


def stale(part: Part) -> bool:
    """Whether the part's lock file has changed since it was installed, or never was; false for a part without one."""
    if not (part.pypi or part.npm):
        return False
    try:
        return _mark(part).read_text(encoding="utf-8") != _fingerprint(part)
    except OSError:
        return True


def record(part: Part) -> None:
    _mark(part).write_text(_fingerprint(part), encoding="utf-8")


def _mark(part: Part) -> Path:
    folder = VENV if part.pypi else CHECKOUT / part.npm / "node_modules"
    return folder / f".installed-{part.pypi or 'package-lock.json'}"


def _fingerprint(part: Part) -> str:
    """Of the lock, and of the place: an environment that was moved does not work."""
    files = [part.pypi, "pyproject.toml"] if part.pypi else [f"{part.npm}/package-lock.json"]
    content = b"".join((CHECKOUT / file).read_bytes() for file in files)
    return f"{hashlib.sha256(content).hexdigest()} {CHECKOUT}\n"
