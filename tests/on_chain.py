"""What a chain says of one settlement, in the words of tests: the port asks for many at once."""

from __future__ import annotations

from sankofa_observe.ports import Finalisation, OnChainSettlement, SettlementChain
from sankofa_observe.sla.settlement import SettlementKey


def settlement(chain: SettlementChain, key: SettlementKey) -> OnChainSettlement | None:
    [found] = chain.settlements([key])
    return found


def finalisation(chain: SettlementChain, key: SettlementKey, revision: int) -> Finalisation | None:
    """The word that one revision became final."""
    found = chain.finalisations(frozenset({key})).get(key, ())
    return next((one for one in found if one.revision == revision), None)


def can_finalise(chain: SettlementChain, key: SettlementKey) -> str:
    """Why it would not be final now, in words; nothing where it would."""
    [reason] = chain.sign_finalise([key], chain.next_nonce()).refused
    return reason


def holds_terms(chain: SettlementChain, agreement_id: str, period_index: int, terms_hash: str) -> bool:
    [found] = chain.terms_hashes([(agreement_id, period_index)])
    return found == terms_hash
