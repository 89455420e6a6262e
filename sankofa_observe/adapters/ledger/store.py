"""The ledger as the stages use it: records are inserted, and with them, in one transaction, what is read hot.

Writing the same thing again answers False; writing another thing in its place raises `InvariantBroken`, because then two truths
disagree. Every method is one transaction, and every question is answered from an index.
"""

from __future__ import annotations

from sankofa_observe.adapters.ledger.audited import WhoActs
from sankofa_observe.adapters.ledger.database import Database
from sankofa_observe.adapters.ledger.exclusions import Exclusions
from sankofa_observe.adapters.ledger.incidents import Incidents
from sankofa_observe.adapters.ledger.judgements import Judgements
from sankofa_observe.adapters.ledger.lease import LedgerLease
from sankofa_observe.adapters.ledger.reads import ScopedReads
from sankofa_observe.adapters.ledger.retained import Retained
from sankofa_observe.adapters.ledger.settlements import Settlements
from sankofa_observe.scope import Scope


class SqlLedger(Judgements, Settlements, Exclusions, Incidents, WhoActs, Retained):
    """A ledger at a SQLAlchemy URL; opening a new one makes its tables, and refuses one of another release."""

    def __init__(self, url: str, *, new: bool = True) -> None:
        """Without `new`, one that is not there is told, and not made."""
        self._database = Database(url, new=new)
        try:
            self._database.open(new=new)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._database.close()

    def read(self, scope: Scope) -> ScopedReads:
        return ScopedReads(self._database, scope)

    def lease(self, name: str) -> LedgerLease:
        return LedgerLease(database=self._database, name=name)
