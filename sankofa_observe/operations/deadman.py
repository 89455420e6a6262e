"""The judge of the dead man's switch: who is expected to be heard of, and is not, is late, and comes back.

Nothing here touches the world but the clock that it is given. It leans on no Prometheus and no ledger, because it has to tell when those
are gone. Each sender has a deadline of its own.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sankofa_observe.errors import InvalidInput

EVALUATED_AT = "evaluated_at"
"""The annotation with the moment of evaluation. Alertmanager repeats an alert for minutes after the Prometheus behind it has died."""
MOMENTS = 32
"""How many of them are remembered: two Alertmanagers may each repeat another one."""
MOMENT_CHARS = 64


class Word(StrEnum):
    LATE = "late"
    BACK = "back"


@dataclass(frozen=True, kw_only=True)
class Call:
    """What somebody is to be told of a sender."""

    sender: str
    word: Word
    silent_seconds: int  # how long it was not heard of

    def __str__(self) -> str:
        if self.word is Word.LATE:
            return (
                f"DEAD MAN: observer {self.sender} was not heard of for {self.silent_seconds} s: its Prometheus, its Alertmanager or the "
                "way here is down, and its pages may not come"
            )
        return f"dead man: observer {self.sender} is heard of again"


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What one process tells the next one of a sender: for how long judges that listened did not hear of it, and what was told."""

    silent_seconds: float = 0
    told: Word = Word.BACK
    moments: tuple[str, ...] = ()


@dataclass(kw_only=True)
class _Sender:
    heard_at: float
    moments: deque[str] = field(default_factory=lambda: deque(maxlen=MOMENTS))
    was_heard: bool = False
    told: Word = Word.BACK  # the last word that reached somebody


@dataclass(kw_only=True)
class Judge:
    """Beats come from threads of a server, `due` from the one that looks. `before` is the `memory` of the process before this one."""

    senders: Sequence[str]
    within_seconds: int
    monotonic: Callable[[], float]
    before: Mapping[str, Memory] = field(default_factory=dict)
    _known: dict[str, _Sender] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        now = self.monotonic()
        for name in self.senders:
            memory = self.before.get(name, Memory())
            moments = deque(memory.moments, maxlen=MOMENTS)
            self._known[name] = _Sender(heard_at=now - memory.silent_seconds, told=memory.told, moments=moments)

    def heard(self, alert: Mapping[str, Any]) -> str:
        """Whose heartbeat this is, as Alertmanager tells it; of nobody where it ended, or says a moment that was heard before.

        Raises:
            InvalidInput: it names nobody who is expected.
        """
        name = self._named(alert["labels"].get("observer", ""))
        if alert["status"] != "firing":
            return ""
        moment = alert.get("annotations", {}).get(EVALUATED_AT, "")[:MOMENT_CHARS]
        with self._lock:
            one = self._known[name]
            if moment:
                if moment in one.moments:
                    return ""
                one.moments.append(moment)
            one.heard_at, one.was_heard = self.monotonic(), True
        return name

    def _named(self, name: str) -> str:
        if not name and len(self.senders) == 1:
            return self.senders[0]
        if name not in self._known:
            raise InvalidInput(
                f"heartbeat of {name[:80]!r}, expected one of {', '.join(self.senders)} in the label observer; see --observer"
            )
        return name

    def silent_seconds(self, name: str) -> float:
        """Since when it was not heard of, by this process and those before it."""
        with self._lock:
            return self.monotonic() - self._known[name].heard_at

    def is_late(self, name: str) -> bool:
        return self.silent_seconds(name) > self.within_seconds

    def due(self) -> list[Call]:
        """What nobody was told of yet. One that was late when this process began is back when it is heard, and not before."""
        found = []
        for name in self.senders:
            word = Word.LATE if self.is_late(name) else Word.BACK
            with self._lock:
                one = self._known[name]
                unheard = word is Word.BACK and not one.was_heard
                if word is not one.told and not unheard:
                    found.append(Call(sender=name, word=word, silent_seconds=int(self.monotonic() - one.heard_at)))
        return found

    def told(self, call: Call) -> None:
        """It reached somebody, and is not told again."""
        with self._lock:
            self._known[call.sender].told = call.word

    @property
    def memory(self) -> dict[str, Memory]:
        with self._lock:
            now = self.monotonic()
            return {
                name: Memory(silent_seconds=now - one.heard_at, told=one.told, moments=tuple(one.moments))
                for name, one in self._known.items()
            }
