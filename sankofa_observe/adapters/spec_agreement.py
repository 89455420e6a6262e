"""Agreements: from checked documents to the values of the core, with the checks that no shape can express."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import rfc8785

from sankofa_observe.adapters import spec_credit
from sankofa_observe.adapters.spec_currencies import EXPONENTS
from sankofa_observe.adapters.spec_faults import Draft, Fault, Place
from sankofa_observe.adapters.spec_models import AgreementDocument, ObserversSpec
from sankofa_observe.adapters.spec_versions import UNREADABLE, YEARS
from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.agreement import MOST_SLOS, Agreement, Promise
from sankofa_observe.sla.calendar import calendar_of
from sankofa_observe.sla.overlay import ExcludedSlots
from sankofa_observe.sla.terms import with_terms
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.quorum import Quorum
from sankofa_observe.slo.totals import DAY_SECONDS
from sankofa_observe.slo.window import RollingWindow, Window
from sankofa_observe.units import instant, rfc3339, share_floor

PAST, ENDING = "agreement.past", "agreement.ending"
BY_THE_CLOCK = frozenset({PAST, ENDING})
"""Warnings that come with time to specs in which nothing is wrong."""
ENDING_SECONDS = 365 * DAY_SECONDS


def add_agreement(place: Place, document: AgreementDocument, draft: Draft) -> None:
    """What is sure of the agreement's SLOs and sites is held against it; of the others nothing is said."""
    unreadable: list[Fault] = []
    starts_at, identity = _instant(document.spec.starts_at, unreadable), _identity(document)
    slos = [slo for promise in document.spec.promises if (slo := draft.slo(promise.slo, starts_at))]
    faults = [*_promise_faults(document, starts_at, draft), *_fee_faults(document), *_party_faults(document)]
    faults += [*_twice(place, identity, document.spec.version, draft), *unreadable]
    faults += _period_faults(document, slos, starts_at)
    faults += [*spec_credit.rule_faults(document), *_clock_faults(document)]
    faults += _observer_faults(document)
    faults += [] if draft.unsettled else spec_credit.unsettled_faults(document)
    whole = draft.tell(place, faults)
    if whole and starts_at is not None and len(slos) == len(document.spec.promises):
        made = _agreement(identity, document, slos, starts_at)
        draft.warn(place, [*_example_faults(document), *_clock_warnings(made, draft.now)])
        draft.catalog.agreements[made.version_id] = made


def _twice(place: Place, identity: str, version: int, draft: Draft) -> Iterator[Fault]:
    """Keeps which versions of an agreement there are, as far as that can be told."""
    if not place.stands("/metadata/name", "/spec/salt"):
        draft.agreements_unread = True
        return
    if not place.stands("/spec/version"):
        draft.agreement_documents.setdefault(identity, {})[UNREADABLE] = place
        return
    first = draft.agreement_documents.setdefault(identity, {}).setdefault(version, place)
    if first is not place:
        which = f"version {version} is defined twice" if version > 1 else "defined twice"
        yield Fault("/metadata/name", "agreement.twice", which, f"first in {first.spot}; a change is a later version")


def _promise_faults(document: AgreementDocument, starts_at: int | None, draft: Draft) -> Iterator[Fault]:
    labels = [(promise.slo, promise.site) for promise in document.spec.promises]
    if len(set(labels)) < len(labels):
        yield Fault("/spec/promises", "agreement.twice", "the same SLO is promised twice at one site")
    if len(labels) > MOST_SLOS:
        problem = f"{len(labels)} promises; the contract settles {MOST_SLOS} at most in one agreement"
        yield Fault("/spec/promises", "agreement.promises", problem, "make two agreements of it, each with its fee")
    for index, spec in enumerate(document.spec.promises):
        path = f"/spec/promises/{index}"
        slo, site = draft.slo(spec.slo, starts_at), draft.site(spec.site)
        if draft.no_slo(spec.slo):
            known = ", ".join(sorted(draft.slo_documents)) or "none"
            yield Fault(f"{path}/slo", "agreement.slo", f"no SLO {spec.slo}", f"known: {known}")
        if draft.no_site(spec.site):
            yield Fault(f"{path}/site", "agreement.site", f"no site {spec.site} in the fleet")
        if slo and site and site.tier != slo.tier:
            problem = f"{slo.name} is for {slo.tier} sites, {site.name} is {site.tier}"
            yield Fault(path, "agreement.tier", problem)
        yield from spec_credit.schedule_faults(path, spec, slo, document.spec.cap_ppm)


def _fee_faults(document: AgreementDocument) -> Iterator[Fault]:
    fee, path = document.spec.fee, "/spec/fee"
    exponent = EXPONENTS.get(fee.currency)
    if exponent is None:
        yield Fault(f"{path}/currency", "agreement.currency", f"{fee.currency} is no currency of ISO 4217")
    elif exponent != fee.exponent:
        problem = f"{fee.exponent}; {fee.currency} has {exponent} decimals"
        yield Fault(f"{path}/exponent", "agreement.exponent", problem, leans_on=(f"{path}/currency",))
    for index, promise in enumerate(document.spec.promises):
        bands = f"/spec/promises/{index}/bands"
        if any(share_floor(fee.amount_minor, band.credit_ppm) == 0 for band in promise.bands):
            problem = f"of a fee of {fee.amount_minor} minor units, the credit of a band rounds to 0"
            yield Fault(bands, "agreement.fee", problem, leans_on=(f"{path}/amountMinor",))
        step_ppm = promise.formula.credit_ppm if promise.formula else None
        if step_ppm and share_floor(fee.amount_minor, step_ppm) == 0:
            problem = f"of a fee of {fee.amount_minor} minor units, the credit of a step rounds to 0"
            formula = f"/spec/promises/{index}/formula/creditPpm"
            yield Fault(formula, "agreement.fee", problem, leans_on=(f"{path}/amountMinor",))


def _party_faults(document: AgreementDocument) -> Iterator[Fault]:
    spec = document.spec
    for name, theirs, ours in (
        ("id", spec.tenant.id, spec.provider.id),
        ("account", spec.tenant.account.lower(), spec.provider.account.lower()),
    ):
        if theirs == ours:
            problem = f"tenant and provider have the same {name}"
            yield Fault(f"/spec/tenant/{name}", "agreement.parties", problem, leans_on=(f"/spec/provider/{name}",))
    for party, one in (("provider", spec.provider), ("tenant", spec.tenant)):
        if int(one.account, 16) == 0:
            yield Fault(f"/spec/{party}/account", "agreement.parties", "the account of nobody cannot sign")
    if int(spec.salt, 16) == 0:
        hint = "32 random bytes: openssl rand -hex 32"
        yield Fault("/spec/salt", "agreement.salt", "a salt of zeros hides no terms", hint)


def _example_faults(document: AgreementDocument) -> Iterator[Fault]:
    """What stands in examples, and was meant to be replaced."""
    spec = document.spec
    if len(set(spec.salt.removeprefix("0x").lstrip("0"))) == 1:
        problem = "the salt of an example: whoever knows it can guess the terms by their hash"
        yield Fault("/spec/salt", "agreement.example", problem, "32 random bytes: openssl rand -hex 32")
    for party, one in (("provider", spec.provider), ("tenant", spec.tenant)):
        if len(set(one.account.removeprefix("0x").lower())) == 1:
            problem = "the account of an example: nobody has its key"
            yield Fault(f"/spec/{party}/account", "agreement.example", problem, "put in the account that signs")


def _clock_warnings(made: Agreement, now: int | None) -> Iterator[Fault]:
    """The contract takes no first version that has begun; one that was accepted before goes on, until its calendar ends."""
    if made.version > 1 or now is None:
        return
    if made.starts_at <= now:
        problem = f"{rfc3339(made.starts_at)}, which has passed: the contract takes no new agreement from then on"
        hint = "if both parties have accepted it, all is well; else begin where a later period does"
        yield Fault("/spec/startsAt", PAST, problem, hint)
    if (ends_at := made.calendar.reaches.ends_at) <= now + ENDING_SECONDS:
        problem = f"its calendar ends at {rfc3339(ends_at)}, and the agreement with it; nothing is judged from then on"
        yield Fault("/spec/startsAt", ENDING, problem, "go on with another agreement, under another name")


def _clock_faults(document: AgreementDocument) -> Iterator[Fault]:
    spec = document.spec
    if spec.restate_seconds < spec.report_seconds:
        problem = f"{spec.restate_seconds} s; a breach may be reported for {spec.report_seconds} s, and could then not be put right"
        hint = f"expected {spec.report_seconds} or more"
        yield Fault("/spec/restateSeconds", "agreement.clocks", problem, hint, ("/spec/reportSeconds",))


def _calendar_faults(window: Window, starts_at: int) -> Iterator[Fault]:
    """What has no calendar that the contract holds."""
    try:
        calendar_of(window, starts_at)
    except InvalidInput as error:
        problem, _, hint = str(error).partition("; ")
        yield Fault("/spec/promises", "agreement.calendar", problem, hint, ("/spec/startsAt",))


def _period_faults(document: AgreementDocument, slos: list[Slo], starts_at: int | None) -> Iterator[Fault]:
    spec, promises = document.spec, ("/spec/promises",)
    for slo in {slo.name: slo for slo in slos}.values():
        # A period is judged after the grace, when nothing that its slots lean on can still come.
        leans = max(one.lean_after_seconds for one in (slo, *slo.parts.values()))
        if spec.grace_seconds < leans:
            problem = f"{spec.grace_seconds} s; slots of {slo.name} lean on samples up to {leans} s later"
            yield Fault("/spec/graceSeconds", "agreement.grace", problem, f"expected {leans} or more", promises)
    rolling = sorted({slo.name for slo in slos if isinstance(slo.window, RollingWindow)})
    if rolling:
        problem = (
            f"{', '.join(rolling)}: a rolling window is watched, not judged; its periods overlap, and a fee has one"
        )
        hint = "give the SLO a calendar period: isRolling false, duration 1M and a calendar"
        yield Fault("/spec/promises", "agreement.rolling", problem, hint)
        return
    windows = {slo.window for slo in slos}
    if len(windows) > 1:
        problem = "its SLOs have different windows; a fee has one period"
        yield Fault("/spec/promises", "agreement.window", problem)
    if len(windows) != 1 or starts_at is None:
        return
    window = windows.pop()
    yield from _calendar_faults(window, starts_at)
    period = window.period_at(starts_at)
    if period.starts_at != starts_at:
        problem = f"an agreement starts where a period of its SLOs starts; the one around it is {period}"
        yield Fault("/spec/startsAt", "agreement.start", problem, leans_on=promises)
    fewest = min(period.seconds // slo.slot.seconds for slo in slos)
    if spec.tolerance_slots >= fewest:
        problem = f"{spec.tolerance_slots}, of {fewest} slots in the period: an attestor would sign any count"
        yield Fault("/spec/toleranceSlots", "agreement.tolerance", problem, leans_on=(*promises, "/spec/startsAt"))


def _observer_faults(document: AgreementDocument) -> Iterator[Fault]:
    if (agreed := document.spec.observers) is None:
        return
    path, count = "/spec/observers", len(agreed.names)
    if twice := sorted({one for one in agreed.names if agreed.names.count(one) > 1}):
        yield Fault(f"{path}/names", "agreement.observers", f"{', '.join(twice)}: named twice, and a vote is one")
        return
    try:
        _quorum(agreed)
    except ValueError as error:
        hint = f"leave them out: of {count}, {min(2, count)} for bad and {count // 2 + 1} for good"
        yield Fault(path, "agreement.observers", str(error), hint)


def _quorum(agreed: ObserversSpec | None) -> Quorum:
    """Two make a slot bad, and a majority makes it good, unless it is said otherwise."""
    if agreed is None:
        return Quorum()
    count = len(agreed.names)
    bad, good = agreed.bad or min(2, count), agreed.good or count // 2 + 1
    return Quorum(names=tuple(sorted(agreed.names)), bad=bad, good=good)


def _instant(text: str, faults: list[Fault]) -> int | None:
    try:
        found = instant(text)
    except ValueError:
        problem = f"{text[:80]!r}; expected UTC like 2026-01-01T00:00:00Z"
        faults.append(Fault("/spec/startsAt", "agreement.instant", problem))
        return None
    if found.year not in YEARS:
        problem = f"{text!r}; expected {YEARS.start} to {YEARS.stop - 1}"
        faults.append(Fault("/spec/startsAt", "agreement.start", problem))
        return None
    return int(found.timestamp())


def _identity(document: AgreementDocument) -> str:
    identity = {"format": "sankofa-agreement/1", "name": document.metadata.name, "salt": document.spec.salt}
    return "0x" + hashlib.sha256(rfc8785.dumps(identity)).hexdigest()


def _agreement(identity: str, document: AgreementDocument, slos: list[Slo], starts_at: int) -> Agreement:
    spec = document.spec
    agreed = Agreement(
        id=identity,
        name=document.metadata.name,
        version=spec.version,
        tenant=spec.tenant.id,
        jurisdiction=spec.tenant.jurisdiction,
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
        ruling_seconds=spec.ruling_seconds,
        report_seconds=spec.report_seconds,
        restate_seconds=spec.restate_seconds,
        notice_seconds=spec.notice_seconds,
        tolerance_slots=spec.tolerance_slots,
        excluded_slots=ExcludedSlots(spec.excluded_slots),
        exclusion_notice_seconds=spec.exclusion_notice_seconds,
        promises=tuple(
            Promise(
                slo=slo,
                site=promise.site,
                bands=spec_credit.bands(promise.bands),
                formula=spec_credit.formula(promise.formula) if promise.formula else None,
            )
            for slo, promise in zip(slos, spec.promises, strict=True)
        ),
        credit_rules=spec_credit.rules(spec.credits),
        observers=_quorum(spec.observers),
    )
    return with_terms(agreed, spec.salt)
