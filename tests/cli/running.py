"""How a command of the command line ended."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sankofa_observe.adapters.ledger import SqlLedger
from sankofa_observe.config import load_settings
from tests.builders import introduce


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


def introduced(installation: Path) -> None:
    """Its ledger knows the persons who act in tests; it is made, where there is none."""
    with closing(SqlLedger(load_settings(installation / "sankofa.yaml").ledger_url)) as ledger:
        introduce(ledger)
