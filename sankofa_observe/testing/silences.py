"""Silences in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sankofa_observe.errors import Unavailable, Unusable
from sankofa_observe.ports import Clock, Silence
from sankofa_observe.units import Period


@dataclass(kw_only=True)
class MemorySilences:
    """As Alertmanager keeps them: one that is made late begins when it is made, and those that ended are not told."""

    clock: Clock
    away: str = ""  # why it does not answer
    refuses: str = ""  # silences of a site of this name
    every: dict[str, Silence] = field(default_factory=dict)

    def standing(self) -> dict[str, Silence]:
        self._answer()
        return {name: one for name, one in self.every.items() if one.stretch.ends_at > self.clock.now()}

    def add(self, silence: Silence) -> str:
        self._answer()
        if self.refuses and ("site", self.refuses) in silence.labels:
            raise Unusable(f"Alertmanager: HTTP 400 for {self.refuses}; silences are as they were, and tried again")
        starts_at = max(silence.stretch.starts_at, self.clock.now())
        stretch = Period(starts_at=starts_at, ends_at=silence.stretch.ends_at)
        name = f"silence-{len(self.every) + 1}"
        self.every[name] = replace(silence, stretch=stretch)
        return name

    def expire(self, silence_id: str) -> None:
        self._answer()
        self.every.pop(silence_id, None)

    def _answer(self) -> None:
        if self.away:
            raise Unavailable(f"Alertmanager: {self.away}; silences are as they were, and tried again")
