"""Whose answers these are: a cluster is named by its fsid, and another one behind our addresses is not believed."""

from __future__ import annotations

from dataclasses import dataclass, field

from sankofa_exporters.model.failure import CollectorError, Kind


@dataclass(kw_only=True)
class Identity:
    """The fsid that is ours: the target's, else the first that was seen since it was opened."""

    configured: str | None = None
    seen: str | None = None
    foreign: set[str] = field(default_factory=set)  # addresses whose last answer that named a cluster named another

    @property
    def fsid(self) -> str | None:
        return self.configured or self.seen

    @property
    def is_disputed(self) -> bool:
        """Two clusters answered, and nobody said which of them is ours."""
        return self.configured is None and bool(self.foreign)

    def check(self, fsid: str | None, endpoint: str) -> None:
        """Raises for an answer of another cluster; one that names none proves nothing."""
        if fsid is None:
            return
        if self.fsid is None:
            self.seen = fsid
        if fsid == self.fsid:
            self.foreign.discard(endpoint)
            return
        self.foreign.add(endpoint)
        raise CollectorError(Kind.HTTP, f"{endpoint}: not ours: cluster {fsid} answered, ours is {self.fsid}")

    def refuse_disputed(self) -> None:
        if self.is_disputed:
            where = ", ".join(sorted(self.foreign))
            reason = f"{where}: not of cluster {self.fsid}, which was seen first; name ours with fsid"
            raise CollectorError(Kind.HTTP, reason)

    def is_believable(self, fsid: str | None) -> bool:
        """While another cluster answers at one of our addresses, an answer without a name may be of either."""
        return not self.foreign or (fsid is not None and fsid == self.fsid)
