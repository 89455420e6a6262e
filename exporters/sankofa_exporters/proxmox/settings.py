"""What a Proxmox module and target hold. The token itself stays in its file; a settings object never has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from sankofa_exporters.config.settings import CaFile, Endpoint, Module, ReadableFile, Target

MAX_SEEDS = 16
_TOKEN = re.compile(r"[^\s@!=]+@[^\s@!=]+![^\s@!=]+=\S+")


def read_token(file: Path) -> str:
    """The API token `user@realm!name=value`; raises ValueError without quoting what was read."""
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ValueError("the token file cannot be read") from None
    if not _TOKEN.fullmatch(token):
        raise ValueError("the token file does not hold user@realm!name=value")
    return token


def _holds_token(file: Path) -> Path:
    try:
        read_token(file)
    except ValueError:
        raise PydanticCustomError("token", "a file with one line user@realm!name=value (an API token)") from None
    return file


def _some_seeds(seeds: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(seeds) <= MAX_SEEDS:
        raise PydanticCustomError("seeds", "1 to {most} addresses of nodes", {"most": MAX_SEEDS})
    return seeds


class ProxmoxModule(Module):
    """Credentials and trust for a group of clusters."""

    token_file: Annotated[ReadableFile, AfterValidator(_holds_token)]
    ca_file: CaFile | None = None
    # How long a node's answer about replication and ZFS is kept; its task log is kept five times as long. 0: not at all.
    node_refresh_seconds: float = Field(default=60, ge=0, le=3600)
    # Off: replication is not watched, and the right VM.Replicate, which is more than reading, is not needed.
    replication: bool = True


class ProxmoxTarget(Target):
    """One cluster: its seed nodes, tried in order."""

    endpoints: Annotated[tuple[Endpoint, ...], AfterValidator(_some_seeds)]
