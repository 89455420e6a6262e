"""What a Proxmox module and target hold. The token itself stays in its file; a settings object never has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.settings import Endpoint, Module, ReadableFile, Target, read_secret, secret_file

MAX_SEEDS = 16
_TOKEN = re.compile(r"[^\s@!=]+@[^\s@!=]+![^\s@!=]+=\S+")


def read_token(file: Path) -> str:
    """The API token `user@realm!name=value`; raises ValueError without quoting what was read."""
    token = read_secret(file).strip()
    if not _TOKEN.fullmatch(token):
        raise ValueError("the token file does not hold user@realm!name=value")
    return token


def _some_seeds(seeds: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(seeds) <= MAX_SEEDS:
        raise PydanticCustomError("seeds", "1 to {most} addresses of nodes", {"most": MAX_SEEDS})
    return seeds


class ProxmoxModule(Module):
    """Credentials and trust for a group of clusters."""

    SKIPPABLE: ClassVar[tuple[str, ...]] = (
        "version",
        "votes",
        "qdevice",
        "backup_coverage",
        "backup_jobs",
        "replication",
        "zfs",
        "backup_tasks",
        "disks",
        "certificates",
        "snapshots",
        "stored_backups",
    )

    token_file: Annotated[
        ReadableFile, secret_file(read_token, "a file with one line user@realm!name=value (an API token)")
    ]
    # How long a node's answer about replication and ZFS is kept; its task log is kept five times as long. 0: not at all.
    node_refresh_seconds: float = Field(default=60, ge=0, le=3600)
    # Off: replication is not watched, and the right VM.Replicate, which is more than reading, is not needed.
    replication: bool = True

    def asks(self, collector: str) -> bool:
        """Whether a collector that may be left out is wanted."""
        return collector not in self.skip and (collector != "replication" or self.replication)


class ProxmoxTarget(Target):
    """One cluster: its seed nodes, tried in order, and the name that it must answer with."""

    endpoints: Annotated[tuple[Endpoint, ...], AfterValidator(_some_seeds)]
    cluster_name: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
