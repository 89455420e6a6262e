"""What is wrong with a document, where, and how to mend it: collected, so that one run names all of it and nothing false.

A part that no shape allows is told, and a harmless one is put in its place so that the rest can be looked at as well
(`spec_shapes`). What then seems wrong with the part itself, or follows from it, is not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sankofa_observe.adapters.spec_models import SliDocument
from sankofa_observe.documents import Marked
from sankofa_observe.errors import Violation
from sankofa_observe.sla.catalog import Catalog
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.site import Site

ANNOTATION = "sankofa.observe/"
_ANNOTATIONS = "/metadata/annotations/"
INDICATOR_PLACE = "/spec/indicator"


@dataclass(frozen=True)
class Fault:
    """One violation in a document that is known to the caller; `leans_on` are other places that it follows from."""

    path: str
    code: str
    problem: str
    hint: str = ""
    leans_on: tuple[str, ...] = ()


def note_path(name: str) -> str:
    return f"{_ANNOTATIONS}{ANNOTATION}{name}"


def note_fault(name: str, seen: str, expected: str, leans_on: tuple[str, ...] = ()) -> Fault:
    return Fault(note_path(name), "slo.annotation", f"{seen!r}; expected {expected}", leans_on=leans_on)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a document was read, like `slo.yaml#1:`, and which of its parts were put in for what no shape allows.

    `line` is for what has no document, because the file is no YAML. A document that was made from another one has
    `origins`: which part of that one each of its own came from. What an SLO has from its SLI is told at the SLI.
    """

    where: str
    broken: tuple[str, ...] = ()
    file: str = ""
    document: Marked | None = field(default=None, compare=False, repr=False)
    line: int = 0
    origins: Mapping[str, str] = field(default_factory=dict)
    sli: Place | None = None  # of an SLO that names its indicator

    def stands(self, *paths: str) -> bool:
        """Whether these parts of the document are its author's."""
        return not any(_touch(path, broken) for path in paths for broken in self.broken)

    @property
    def spot(self) -> str:
        """Where the document begins, as editors open it."""
        return f"{self.file}:{self.document.line()}" if self.document else self.where

    def violation(self, fault: Fault) -> Violation:
        if self.sli and fault.path in self.sli.annotations() - self.annotations():
            hint = "; ".join(
                filter(None, (fault.hint, f"for the SLO in {self.spot}, which may say otherwise, or none"))
            )
            return self.sli.violation(replace(fault, hint=hint))
        path = self._origin(fault.path)
        if self.sli and is_inside(path, INDICATOR_PLACE):
            path = f"{INDICATOR_PLACE}Ref"
        return Violation(
            code=fault.code,
            where=f"{self.where}{path}",
            problem=fault.problem,
            hint=fault.hint,
            file=self.file,
            line=self.document.line(path) if self.document else self.line,
        )

    def annotations(self) -> set[str]:
        """The paths of its annotations."""
        value = self.document.value if self.document else None
        metadata = value.get("metadata") if isinstance(value, dict) else None
        found = metadata.get("annotations") if isinstance(metadata, dict) else None
        return {f"{_ANNOTATIONS}{name}" for name in found} if isinstance(found, dict) else set()

    def _origin(self, path: str) -> str:
        """Where a part comes from: the origin of the nearest part around it that has one."""
        known = [one for one in self.origins if is_inside(path, one)]
        if not known:
            return path
        return self.origins[max(known, key=len)]


def is_inside(path: str, place: str) -> bool:
    """Whether a path is that of a place, or leads through it."""
    return f"{path}/".startswith(f"{place}/")


def _touch(one: str, other: str) -> bool:
    """Whether two paths are the same, or one leads through the other."""
    return is_inside(one, other) or is_inside(other, one)


@dataclass(kw_only=True)
class Draft:
    """A catalog that is being read, and what is not sure of it yet."""

    catalog: Catalog = field(default_factory=Catalog)
    violations: dict[str, list[Violation]] = field(default_factory=dict)  # by document, in the order of reading
    slo_documents: dict[str, dict[int, Place]] = field(default_factory=dict)  # by name and version
    agreement_documents: dict[str, dict[int, Place]] = field(default_factory=dict)  # by id and version
    slis: dict[str, tuple[Place, SliDocument]] = field(default_factory=dict)
    broken_slis: set[str] = field(default_factory=set)
    broken_slos: set[str] = field(default_factory=set)
    broken_sites: set[str] = field(default_factory=set)
    now: int | None = None  # whether a start has passed is told where it is known
    unsettled: bool = False  # agreements may hold what the contract cannot settle yet: they are read, not kept to
    agreements_unread: bool = False  # some document may be a version of any agreement
    unread: bool = False  # some document could not be told at all: it may hold any name

    def tell(self, place: Place, faults: Iterable[Fault]) -> bool:
        """Keep the faults that are true; whether the document is without any."""
        true = [place.violation(fault) for fault in faults if place.stands(fault.path, *fault.leans_on)]
        self.violations.setdefault(place.where, []).extend(true)
        return not true and not place.broken

    def warn(self, place: Place, faults: Iterable[Fault]) -> None:
        """What is allowed and will surprise."""
        self.catalog.warnings.extend(place.violation(fault) for fault in faults)

    def slo(self, name: str, at: int | None) -> Slo | None:
        """The version of the SLO that holds then, if all of it is right; None too where the instant is not sure, and it matters."""
        if name in self.broken_slos:
            return None
        first = self.catalog.slos.get(name)
        if first is None or first.ends_at is None:
            return first
        return None if at is None else self.catalog.slo_at(name, at)

    def slo_place(self, slo: Slo) -> Place:
        return self.slo_documents[slo.name][slo.version]

    def no_slo(self, name: str) -> bool:
        """Whether there is certainly none of this name."""
        return not self.unread and name not in self.slo_documents

    def site(self, name: str) -> Site | None:
        return None if name in self.broken_sites else self.catalog.sites.get(name)

    def no_site(self, name: str) -> bool:
        return not self.unread and name not in self.catalog.sites
