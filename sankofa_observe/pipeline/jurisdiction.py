"""Where what belongs to a jurisdiction may lie: each tenant and site says which is its own, the settings say which places each one has.

A process has one set of places for all that it serves. So what it serves is refused at its start, all of it in one error, where any of its
places is none of a jurisdiction's. Pure: places come as text, links resolved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import parse_qs, urlsplit

from sankofa_observe.errors import InvalidInput, Violation
from sankofa_observe.sla.catalog import Catalog

Jurisdictions = Mapping[str, Sequence[str]]
"""By code the places of a jurisdiction: folders, and addresses of servers and buckets; what lies inside of one is there as well."""


def refuse_misplaced(catalog: Catalog, jurisdictions: Jurisdictions, places: Mapping[str, str]) -> None:
    """Where nothing says a jurisdiction, nothing is refused; once one does, or the settings have one, all have to.

    Raises:
        InvalidInput: names each site and tenant that may not be served with these places (by what they are for), and what is expected.
    """
    declared = list(_declared(catalog))
    if not jurisdictions and not any(codes for _, codes in declared):
        return
    wrong = [one for what, codes in declared for one in _faults(what, codes, jurisdictions, places)]
    if wrong:
        raise InvalidInput(
            "sites or tenants of a jurisdiction would lie in places that are none of it, and nothing was started; see `jurisdictions` in "
            "docs/reference/settings.md",
            wrong,
        )


def _declared(catalog: Catalog) -> Iterator[tuple[str, set[str]]]:
    """Each site and tenant, with what it says; a tenant of several agreements may say several things."""
    for site in sorted(catalog.sites.values(), key=lambda one: one.name):
        yield f"site {site.name}", {site.jurisdiction} - {""}
    for tenant in sorted({one.tenant for one in catalog.agreements.values()}):
        own = [one.jurisdiction for one in catalog.agreements.values() if one.tenant == tenant]
        yield f"tenant {tenant}", {*own} - {""}


def _faults(what: str, codes: set[str], jurisdictions: Jurisdictions, places: Mapping[str, str]) -> Iterator[Violation]:
    known = ", ".join(sorted(jurisdictions)) or "none"
    if not codes:
        yield _fault(what, "says no jurisdiction, and others do", f"known in the settings: {known}")
    elif len(codes) > 1:
        yield _fault(what, f"is of {' and of '.join(sorted(codes))} in its agreements", "one jurisdiction a tenant")
    for code in sorted(codes):
        if code not in jurisdictions:
            hint = f"add {code} under `jurisdictions` with its places, or serve it by an installation of its own; known: {known}"
            yield _fault(what, f"is of jurisdiction {code}, and the settings name no places of it", hint)
            continue
        for use, place in places.items():
            if not any(inside(place, one) for one in jurisdictions[code]):
                problem = f"is of jurisdiction {code}, and {use} is at {shown(place)}"
                yield _fault(what, problem, f"expected inside of {' or '.join(map(shown, jurisdictions[code]))}")


def _fault(what: str, problem: str, hint: str) -> Violation:
    return Violation(code="jurisdiction.place", where=what, problem=problem, hint=hint)


def inside(place: str, of: str) -> bool:
    """Whether a place is another one, or lies in it: by whole names of folders and hosts, never by how a text begins."""
    (one, path), (other, root) = _parsed(place), _parsed(of)
    return one == other and "" not in one[1] and ".." not in path.parts and path.is_relative_to(root)


def shown(place: str) -> str:
    """Without user, password and query."""
    (scheme, hosts), path = _parsed(place)
    return f"{scheme}://{','.join(hosts)}{path if str(path) != '/' else ''}" if scheme else str(path)


def _parsed(text: str) -> tuple[tuple[str, tuple[str, ...]], PurePosixPath]:
    """Scheme and hosts, and the path there. A database may name its hosts or its port in the query, which then are those; of a service file
    nobody can tell, which is no host at all.
    """
    if "://" not in text:
        return ("", ("here",)), PurePosixPath(text)
    parts = urlsplit(text)
    query, scheme = parse_qs(parts.query), parts.scheme.partition("+")[0]
    [*_, port] = parts.port, *query.get("port", [])
    own = f"{parts.hostname or ''}{f':{port}' if port else ''}"
    named = [host for name in ("host", "hostaddr") for each in query.get(name, []) for host in each.split(",")]
    hosts = ("",) if "service" in query else tuple(sorted(named or [own]))
    return (scheme, hosts), PurePosixPath(parts.path or "/")
