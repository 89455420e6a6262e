"""A PostgreSQL server of our own in a temporary folder, where Debian's binaries and the driver `psycopg` are installed."""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.lab.processes import Processes, free_port

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
RUNUSER = shutil.which("runuser")  # the server refuses to run as root


@dataclass(kw_only=True)
class Postgres:
    """One running server with one database, which is emptied for each test: making one takes ten times as long."""

    port: int
    made: bool = False

    def empty_database(self) -> str:
        psycopg = importlib.import_module("psycopg")  # an optional driver
        address = {"host": "127.0.0.1", "port": self.port, "user": "postgres", "autocommit": True}
        if not self.made:
            with psycopg.connect(**address) as connection:
                connection.execute("CREATE DATABASE ledger")
            self.made = True
        with psycopg.connect(**address, dbname="ledger") as connection:
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            if tables := [name for (name,) in found if name != "alembic_version"]:
                connection.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/ledger"


def why_not() -> str:
    """What is missing to run one, or nothing."""
    if not BINARIES:
        return "no PostgreSQL server binary"
    if importlib.util.find_spec("psycopg") is None:
        return "no driver: psycopg is not installed"
    return "" if os.geteuid() != 0 or RUNUSER else "root without runuser cannot start PostgreSQL"


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    """Initialise and start a server; data is not synced, because it lives as long as the tests."""
    binaries, data = BINARIES[-1].parent, folder / "data"
    wrap = [str(RUNUSER), "-u", "postgres", "--"] if os.geteuid() == 0 else []
    data.mkdir()
    if wrap:
        shutil.chown(data, "postgres")
        for parent in (folder, *folder.parents):
            if parent.owner() == "root" and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    command = [*wrap, str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-N", "-E", "UTF8"]
    subprocess.run(command, check=True, capture_output=True, cwd="/")
    server = Postgres(port=free_port())
    listen = ["-h", "127.0.0.1", "-p", str(server.port), "-k", "", "-F"]
    with Processes(folder=folder) as processes:
        child = processes.start(
            "postgres", [*wrap, str(binaries / "postgres"), "-D", str(data), *listen], cwd=Path("/")
        )
        ready = [str(binaries / "pg_isready"), "-h", "127.0.0.1", "-p", str(server.port), "-q"]
        processes.wait_until(child, lambda: subprocess.run(ready, check=False).returncode == 0)
        yield server
