"""A PostgreSQL server of our own in a temporary folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from deploy.lab.ports import free_port
from deploy.lab.processes import Processes
from deploy.parts import need_program


@dataclass(kw_only=True)
class Postgres:
    """One running server with one database, which is emptied for each test: making one takes ten times as long."""

    port: int
    made: bool = False
    made_role: bool = False

    def empty_database(self) -> str:
        if not self.made:
            self.new_database("ledger")
            self.made = True
        with psycopg.connect(**self._address, dbname="ledger") as connection:
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            if tables := [name for (name,) in found if name != "alembic_version"]:
                connection.execute("SET session_replication_role = replica")  # no trigger that keeps records
                connection.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
        return self._url("ledger")

    def new_database(self, name: str) -> str:
        """A database that never had a table."""
        with psycopg.connect(**self._address) as connection:
            if not self.made_role:
                connection.execute("CREATE ROLE sankofa LOGIN")  # a superuser sees all rows, whatever their policy
                self.made_role = True
            connection.execute(f"CREATE DATABASE {name} OWNER sankofa")
        return self._url(name)

    @property
    def _address(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self.port, "user": "postgres", "autocommit": True}

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://sankofa@127.0.0.1:{self.port}/{name}"


@contextmanager
def running(folder: Path) -> Iterator[Postgres]:
    """Initialise and start a server; data is not synced, because it lives as long as the tests."""
    data = folder / "data"
    # The server refuses to run as root.
    wrap = [need_program("runuser"), "-u", "postgres", "--"] if os.geteuid() == 0 else []
    data.mkdir()
    if wrap:
        shutil.chown(data, "postgres")
        for parent in (folder, *folder.parents):
            if parent.owner() == "root" and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    command = [*wrap, need_program("initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-N", "-E", "UTF8"]
    subprocess.run(command, check=True, capture_output=True, cwd="/")
    server = Postgres(port=free_port())
    listen = ["-h", "127.0.0.1", "-p", str(server.port), "-k", "", "-F"]
    with Processes(folder=folder) as processes:
        child = processes.start("postgres", [*wrap, need_program("postgres"), "-D", str(data), *listen], cwd=Path("/"))
        ready = [need_program("pg_isready"), "-h", "127.0.0.1", "-p", str(server.port), "-q"]
        processes.wait_until(child, lambda: subprocess.run(ready, check=False).returncode == 0)
        yield server
