"""The slot table of one observer: slots by day, and the totals of each day."""

from sankofa_observe.adapters.slots.others import OthersSlots
from sankofa_observe.adapters.slots.store import DeltaSlots

__all__ = ["DeltaSlots", "OthersSlots"]
