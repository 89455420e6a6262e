"""Who may do what only one may do: held for a while, renewed by its owner, and taken over when it lapses."""

from __future__ import annotations

from typing import Protocol


class Lease(Protocol):
    """One name of which one owner at a time is the holder. An epoch is one holding: a later one is larger."""

    @property
    def owner(self) -> str:
        """Who we are, as the next one is told."""

    @property
    def seconds(self) -> int | None:
        """For how long it is held without a renewal; None: for as long as its process lives."""

    def take(self) -> int:
        """Become the holder; answers the epoch.

        Raises:
            Held: another one holds it; its text names who.
        """

    def renew(self) -> None:
        """Hold it longer; raises `Lost` where another one has taken it."""

    def check(self) -> None:
        """Raise `Lost` where it is no longer ours, or has lapsed."""

    def release(self) -> None:
        """Give it up; what is no longer ours is left alone."""
