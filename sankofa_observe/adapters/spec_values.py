"""Fleets and agreements: from checked documents to the values of the core, with the checks that no shape can express."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

import rfc8785

from sankofa_observe.adapters.spec_faults import Fault
from sankofa_observe.adapters.spec_models import AgreementDocument, FleetDocument
from sankofa_observe.errors import Violation
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.schedule import CreditBand, band_problems
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.site import Site


def add_sites(where: str, document: FleetDocument, sites: dict[str, Site]) -> Iterator[Violation]:
    for index, spec in enumerate(document.spec.sites):
        if spec.name in sites:
            yield Violation(
                code="fleet.twice",
                where=f"{where}:/spec/sites/{index}/name",
                problem=f"site {spec.name} is named twice",
            )
        targets = {system: tuple(named) for system, named in spec.targets.items() if isinstance(named, dict)}
        sites[spec.name] = Site(name=spec.name, tier=spec.tier, region=spec.region, targets=targets)


def add_agreement(
    where: str,
    document: AgreementDocument,
    slos: dict[str, Slo],
    sites: dict[str, Site],
    agreements: dict[str, Agreement],
) -> Iterator[Violation]:
    faults: list[Fault] = []
    promises = [p for i in range(len(document.spec.promises)) if (p := _promise(document, i, slos, sites, faults))]
    starts_at = _instant(document.spec.starts_at, faults)
    if len({promise.slo.window for promise in promises}) > 1:
        faults.append(
            Fault("/spec/promises", "agreement.window", "its SLOs have different windows; a fee has one period")
        )
    if len({promise.label for promise in promises}) < len(promises):
        faults.append(Fault("/spec/promises", "agreement.twice", "the same SLO is promised twice at one site"))
    faults += list(_too_short(document, promises))
    if not faults and promises[0].slo.window.period_at(starts_at).starts_at != starts_at:
        faults.append(
            Fault("/spec/startsAt", "agreement.start", "an agreement starts where a period of its SLOs starts")
        )
    yield from (fault.violation(where) for fault in faults)
    if not faults:
        agreement = _agreement(document, promises, starts_at)
        if agreement.id in agreements:
            yield Violation(code="agreement.twice", where=f"{where}:/metadata/name", problem="defined twice")
        agreements[agreement.id] = agreement


def _too_short(document: AgreementDocument, promises: list[Promise]) -> Iterator[Fault]:
    """A period is judged after the grace, when nothing that its slots lean on can still come."""
    for promise in promises:
        leans = promise.slo.lean_after_seconds
        if document.spec.grace_seconds < leans:
            problem = (
                f"{document.spec.grace_seconds} s; slots of {promise.slo.name} lean on samples up to {leans} s later"
            )
            yield Fault("/spec/graceSeconds", "agreement.grace", problem, f"expected {leans} or more")


def _promise(
    document: AgreementDocument, index: int, slos: dict[str, Slo], sites: dict[str, Site], faults: list[Fault]
) -> Promise | None:
    spec, path = document.spec.promises[index], f"/spec/promises/{index}"
    slo, site = slos.get(spec.slo), sites.get(spec.site)
    if slo is None:
        faults.append(
            Fault(f"{path}/slo", "agreement.slo", f"no SLO {spec.slo}", f"known: {', '.join(sorted(slos)) or 'none'}")
        )
    if site is None:
        faults.append(Fault(f"{path}/site", "agreement.site", f"no site {spec.site} in the fleet"))
    if slo is None or site is None:
        return None
    if site.tier != slo.tier:
        faults.append(Fault(path, "agreement.tier", f"{slo.name} is for {slo.tier} sites, {site.name} is {site.tier}"))
    bands = tuple(CreditBand(below_ppm=band.below_ppm, credit_ppm=band.credit_ppm) for band in spec.bands)
    faults += [Fault(f"{path}/bands", "agreement.bands", problem) for problem in band_problems(bands, slo.target_ppm)]
    return Promise(slo=slo, site=site.name, bands=bands)


def _instant(text: str, faults: list[Fault]) -> int:
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        faults.append(Fault("/spec/startsAt", "agreement.instant", f"{text!r}; expected UTC like 2026-01-01T00:00:00Z"))
        return 0


def _agreement(document: AgreementDocument, promises: list[Promise], starts_at: int) -> Agreement:
    spec, name = document.spec, document.metadata.name
    identity = {"format": "sankofa-agreement/1", "name": name, "salt": spec.salt}
    terms = _terms(document, promises)
    return Agreement(
        id="0x" + hashlib.sha256(rfc8785.dumps(identity)).hexdigest(),
        name=name,
        version=spec.version,
        tenant=spec.tenant.id,
        tenant_account=spec.tenant.account.lower(),
        provider_account=spec.provider.account.lower(),
        currency=spec.fee.currency,
        exponent=spec.fee.exponent,
        fee_minor=spec.fee.amount_minor,
        cap_ppm=spec.cap_ppm,
        starts_at=starts_at,
        grace_seconds=spec.grace_seconds,
        dispute_window_seconds=spec.dispute_window_seconds,
        dispute_window_blocks=spec.dispute_window_blocks,
        tolerance_slots=spec.tolerance_slots,
        promises=tuple(promises),
        terms_hash="0x" + hashlib.sha256(terms).hexdigest(),
        terms_document=terms.decode(),
    )


def _terms(document: AgreementDocument, promises: list[Promise]) -> bytes:
    """The canonical terms, with the digests of the SLO specs they lean on: a changed spec is a changed agreement."""
    specs = {promise.slo.name: promise.slo.digest for promise in promises}
    return rfc8785.dumps({"agreement": document.model_dump(mode="json", by_alias=True), "specs": specs})
