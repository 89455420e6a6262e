"""Care for a slot table: what is wrong with it, and how to make it whole without losing a row that can be read."""

from sankofa_observe.adapters.slots.findings import Progress, absent, check
from sankofa_observe.adapters.slots.rebuild import repair

__all__ = ["Progress", "absent", "check", "repair"]
