"""Evidence by its hash, read from the archive where it is looked at: a month of a thousand promises is more than a process holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sankofa_observe.errors import InvariantBroken
from sankofa_observe.ports import EvidenceArchive
from sankofa_observe.sla.evidence import Evidence, document_hash, parse


@dataclass(frozen=True)
class Documents(Mapping[str, Evidence]):
    """Some documents of an archive, or with no names none to go through."""

    archive: EvidenceArchive
    names: tuple[str, ...] = ()

    def of(self, names: Iterable[str]) -> Documents:
        return Documents(self.archive, tuple(names))

    def check(self, name: str, settlement_id: str) -> None:
        """Raises `InvariantBroken` where it is not there or not what its name says, with what mends it."""
        cure = f"write it anew from the slots: sankofa-observe evidence rebuild {settlement_id}"
        raw = self.archive.get(name)
        if raw is None:
            raise InvariantBroken(f"evidence {name} of settlement {settlement_id} is not in the archive; {cure}")
        found = document_hash(parse(raw).identity)
        if found != name:
            raise InvariantBroken(
                f"the archive answers document {found} for evidence {name} of settlement {settlement_id}; {cure}"
            )

    def __getitem__(self, name: str) -> Evidence:
        raw = self.archive.get(name)
        if raw is None:
            raise InvariantBroken(
                f"evidence {name} is not in the archive any more; sankofa-observe evidence check names all"
            )
        return parse(raw)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)
