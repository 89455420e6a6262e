"""In-memory ports, public: the project's own tests and yours use the same doubles.

Each behaves as its real adapter does, and one contract suite per port (`tests/adapters/`) runs on both. `FakeChain` follows the
contract's rules for reports and finalisation, has faults to switch on, and lets a test read everything that happened.
"""

from __future__ import annotations

from sankofa_observe.testing.attestors import AtOnce
from sankofa_observe.testing.chain import ChainFaults, FakeAttestor, FakeChain
from sankofa_observe.testing.exclusions import MemoryExclusions
from sankofa_observe.testing.incidents import MemoryIncidents
from sankofa_observe.testing.ledger import MemoryArchive, MemoryLedger, MemoryReads
from sankofa_observe.testing.silences import MemorySilences
from sankofa_observe.testing.slots import MemorySlots
from sankofa_observe.testing.sources import FixedClock, ScriptedSamples

__all__ = [
    "AtOnce",
    "ChainFaults",
    "FakeAttestor",
    "FakeChain",
    "FixedClock",
    "MemoryArchive",
    "MemoryExclusions",
    "MemoryIncidents",
    "MemoryLedger",
    "MemoryReads",
    "MemorySilences",
    "MemorySlots",
    "ScriptedSamples",
]
