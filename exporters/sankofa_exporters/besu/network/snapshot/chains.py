"""The verified headers of a network's witnesses, as far as one probe got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sankofa_exporters.besu.network.snapshot.headers import Header
from sankofa_exporters.model.failure import Failure


@dataclass(frozen=True, kw_only=True)
class Chains:
    """For each witness whose headers could be read: its run of headers, oldest first, ending in its head.

    `anchors` are the reference's blocks at the heads of witnesses that are far behind: lag and fork look alike without.
    """

    runs: Mapping[str, Sequence[Header]]
    failures: Mapping[str, Failure]
    anchors: Mapping[int, Header]

    @property
    def reference(self) -> str:
        """The witness with the newest verified head; there is at least one."""
        return max(self.runs, key=lambda name: (self.runs[name][-1].number, len(self.runs[name])))

    @property
    def run(self) -> Sequence[Header]:
        return self.runs[self.reference]
