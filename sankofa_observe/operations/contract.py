"""The SLA contract as its guardians watch it: whether it is paused, and how often it was changed who may do what.

Counted from the contract's own log since it was deployed, so that the same total is told by whoever counts, after any restart. How far
was read is kept in a file; without it all blocks are read again. Until all of them were, no total is told: it would seem to grow.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sankofa_observe import telemetry
from sankofa_observe.errors import SankofaError
from sankofa_observe.operations.registry import ProcessMetrics, show
from sankofa_observe.operations.state_file import StateFile
from sankofa_observe.ports import CHANGES, ChainHead, SettlementChain

log = logging.getLogger(__name__)
BLOCKS_A_LOOK = 100_000  # of a long history, so that a settling turn is not held up by it


class ContractMetrics:
    """What the chain and the contract say of themselves."""

    def __init__(self, process: ProcessMetrics) -> None:
        self._head = process.gauge(telemetry.CHAIN_HEAD)
        self._asked = process.gauge(telemetry.CHAIN_ASKED)
        self._paused = process.gauge(telemetry.CONTRACT_PAUSED)
        self._changes = process.totals(telemetry.CONTRACT_CHANGES)
        for gauge in (self._head, self._asked):
            gauge.set(float("nan"))

    def head(self, made_at: int, asked_at: int) -> None:
        self._head.set(made_at)
        self._asked.set(asked_at)

    def paused(self, contract: str, *, is_paused: bool) -> None:
        show(self._paused, {(contract,): is_paused})

    def changed(self, contract: str, counts: Counter[str]) -> None:
        self._changes.show({(contract, event): counts[event] for event in CHANGES})


def whole(values: Mapping[str, Any]) -> bool:
    """Whether values of a file are those that a watch of a contract writes."""
    counts = values.get("counts")
    return (
        isinstance(values.get("block"), int)
        and isinstance(counts, dict)
        and all(isinstance(one, int) for one in counts.values())
    )


@dataclass(frozen=True, kw_only=True)
class ContractWatch:
    """Looks at each settling turn; `from_block` is that of the deployment."""

    chain: SettlementChain
    file: StateFile
    metrics: ContractMetrics
    from_block: int
    now: Callable[[], int]

    def look(self) -> None:
        """Raises what settling would: nothing that is seen here keeps it from its turn."""
        head = self.chain.head()
        self.metrics.head(head.at, self.now())
        try:
            self._look(head)
        except SankofaError as error:
            log.warning("contract not watched", extra={"reason": str(error)})

    def _look(self, head: ChainHead) -> None:
        identity, newest = self.chain.identity, head.number
        self.metrics.paused(identity.contract, is_paused=head.paused)
        of = {"chain_id": identity.chain_id, "contract": identity.contract, "from_block": self.from_block}
        found = self.file.read()
        # Another chain, or the same one begun anew: what was counted is of the other.
        known = bool(found) and {name: found.get(name) for name in of} == of and found["block"] <= newest
        block, counts = (found["block"], Counter[str](found["counts"])) if known else (self.from_block - 1, Counter())
        until = min(newest, block + BLOCKS_A_LOOK)
        if until > block:
            counts.update(self.chain.changes(block + 1, until))
            self.file.write({**of, "block": until, "counts": counts})
        if until == newest:
            self.metrics.changed(identity.contract, counts)
