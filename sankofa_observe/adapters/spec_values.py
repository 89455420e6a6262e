"""From checked documents to the values of the core, with the checks that no shape can express."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import rfc8785

from sankofa_observe.adapters.spec_models import AgreementDocument, FleetDocument, SloDocument, TimeWindow
from sankofa_observe.errors import Violation
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.schedule import CreditBand, band_problems
from sankofa_observe.slo.indicator import Indicator, RatioIndicator, StateIndicator, is_plain_selector
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo, SlotRule
from sankofa_observe.slo.site import Site
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, FixedWindow, Window
from sankofa_observe.units import PPM

DURATION_HINT = "a duration is a whole number and one unit: s second, m minute, h, d, w, M month, Q quarter, Y year"
ANNOTATION = "sankofa.observe/"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_CALENDAR = {"1d": CalendarUnit.DAY, "1w": CalendarUnit.WEEK, "1M": CalendarUnit.MONTH, "1Q": CalendarUnit.QUARTER}
_ANNOTATIONS = {"tier", "scrape", "slot", "coverage-floor", "no-traffic"}
_TIERS = {"core", "regional", "edge"}


class _Fault(Exception):
    def __init__(self, path: str, code: str, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.path, self.code, self.problem, self.hint = path, code, problem, hint

    def violation(self, where: str) -> Violation:
        return Violation(code=self.code, where=f"{where}:{self.path}", problem=self.problem, hint=self.hint)


def add_sites(where: str, document: FleetDocument, sites: dict[str, Site]) -> Iterator[Violation]:
    for index, spec in enumerate(document.spec.sites):
        if spec.name in sites:
            yield Violation(
                code="fleet.twice",
                where=f"{where}:/spec/sites/{index}/name",
                problem=f"site {spec.name} is named twice",
            )
        sites[spec.name] = Site(name=spec.name, tier=spec.tier, region=spec.region)


def add_slo(where: str, document: SloDocument, slos: dict[str, Slo]) -> Iterator[Violation]:
    name = document.metadata.name
    if name in slos:
        yield Violation(code="slo.twice", where=f"{where}:/metadata/name", problem=f"SLO {name} is defined twice")
    faults: list[_Fault] = []
    slo = _slo(document, faults)
    yield from (fault.violation(where) for fault in faults)
    if slo:
        slos[name] = slo


def _slo(document: SloDocument, faults: list[_Fault]) -> Slo | None:
    spec, notes = document.spec, _annotations(document, faults)
    objective = spec.objectives[0]
    target_ppm = _target(objective.target, objective.target_percent, faults)
    slot = _slot_rule(document, notes, faults)
    window = _window(spec.time_window[0], slot, faults)
    indicator = _indicator(document, faults)
    no_traffic = notes.get("no-traffic", "good")
    if no_traffic not in set(NoTraffic):
        faults.append(_note_fault("no-traffic", no_traffic, "good or excluded"))
    tier = notes.get("tier", "")
    if tier not in _TIERS:
        faults.append(_note_fault("tier", tier, "core, regional or edge"))
    if faults or slot is None or window is None:
        return None
    return Slo(
        name=document.metadata.name,
        tier=tier,
        indicator=indicator,
        target_ppm=target_ppm,
        budgeting=Budgeting(spec.budgeting_method),
        window=window,
        slot=slot,
        no_traffic=NoTraffic(no_traffic),
        description=spec.description,
        digest=_digest(document),
    )


def _annotations(document: SloDocument, faults: list[_Fault]) -> dict[str, str]:
    ours = {k.removeprefix(ANNOTATION): v for k, v in document.metadata.annotations.items() if k.startswith(ANNOTATION)}
    faults += [
        _Fault(
            f"/metadata/annotations/{ANNOTATION}{name}",
            "slo.annotation",
            "no such setting",
            f"known: {sorted(_ANNOTATIONS)}",
        )
        for name in ours
        if name not in _ANNOTATIONS
    ]
    return ours


def _note_fault(name: str, seen: str, expected: str) -> _Fault:
    return _Fault(f"/metadata/annotations/{ANNOTATION}{name}", "slo.annotation", f"{seen!r}; expected {expected}")


def _target(target: Decimal | None, percent: Decimal | None, faults: list[_Fault]) -> int:
    path = "/spec/objectives/0/target"
    if (target is None) == (percent is None):
        faults.append(_Fault(path, "slo.target", "give exactly one of target and targetPercent"))
        return PPM
    share = target if target is not None else (percent or Decimal(0)) / 100
    before = len(faults)
    if target is not None and target > 1:
        faults.append(_Fault(path, "slo.target-range", f"{target} is over 1", f"did you mean targetPercent: {target}?"))
    elif percent is not None and percent <= 1:
        faults.append(_Fault(f"{path}Percent", "slo.target-range", f"{percent} %", f"did you mean target: {percent}?"))
    elif not 0 < share < 1:
        faults.append(
            _Fault(path, "slo.target-range", f"{share} leaves no budget or no promise; expected between 0 and 1")
        )
    return _ppm(share, path, faults) if len(faults) == before else PPM


def _ppm(share: Decimal, path: str, faults: list[_Fault]) -> int:
    scaled = share * PPM
    if scaled != int(scaled):
        faults.append(
            _Fault(path, "slo.ppm", f"{share} is not a whole number of parts per million; use at most 6 decimals")
        )
    return int(scaled)


def _share_ppm(value: str | Decimal, path: str, faults: list[_Fault]) -> int:
    """A share above 0 and up to 1, both of a slot's target and of its coverage."""
    try:
        share = Decimal(value)
    except InvalidOperation:
        share = Decimal("NaN")
    if not 0 < (share if share.is_finite() else 0) <= 1:
        faults.append(_Fault(path, "slo.share", f"{str(value)!r}; expected a share above 0 and up to 1, like 0.8"))
        return PPM
    return _ppm(share, path, faults)


def _slot_rule(document: SloDocument, notes: dict[str, str], faults: list[_Fault]) -> SlotRule | None:
    objective = document.spec.objectives[0]
    slot = objective.time_slice_window or notes.get("slot", "1m")
    slot_path = "/spec/objectives/0/timeSliceWindow" if objective.time_slice_window else _note_path("slot")
    slot_seconds = _seconds(slot, slot_path, faults)
    scrape_seconds = _seconds(notes.get("scrape", "15s"), _note_path("scrape"), faults)
    floor_ppm = _share_ppm(notes.get("coverage-floor", "0.8"), _note_path("coverage-floor"), faults)
    target_ppm = _share_ppm(objective.time_slice_target, "/spec/objectives/0/timeSliceTarget", faults)
    if slot_seconds is None or scrape_seconds is None:
        return None
    if slot_seconds < 2 * scrape_seconds or slot_seconds % scrape_seconds:
        problem = (
            f"a slot of {slot_seconds} s does not hold a whole number, 2 or more, of scrapes of {scrape_seconds} s"
        )
        faults.append(_Fault(slot_path, "slo.slot", problem))
    if 86400 % slot_seconds:
        faults.append(_Fault(slot_path, "slo.slot", f"a slot of {slot_seconds} s does not divide a day"))
    return SlotRule(
        seconds=slot_seconds, scrape_seconds=scrape_seconds, coverage_floor_ppm=floor_ppm, target_ppm=target_ppm
    )


def _note_path(name: str) -> str:
    return f"/metadata/annotations/{ANNOTATION}{name}"


def _seconds(duration: str, path: str, faults: list[_Fault]) -> int | None:
    match = re.fullmatch(r"([1-9][0-9]*)([smhd])", duration)
    if match is None:
        hint = "M is a month; a minute is m" if duration.endswith("M") else DURATION_HINT
        faults.append(_Fault(path, "slo.duration", f"{duration!r} is no length in s, m, h or d", hint))
        return None
    return int(match[1]) * _SECONDS[match[2]]


def _window(window: TimeWindow, slot: SlotRule | None, faults: list[_Fault]) -> Window | None:
    path = "/spec/timeWindow/0"
    try:
        zone = ZoneInfo(window.calendar.time_zone)
        start = datetime.strptime(window.calendar.start_time, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a zone that is a folder, like Africa
        faults.append(
            _Fault(f"{path}/calendar", "slo.calendar", f"{error}", 'like startTime "2026-01-01 00:00:00", timeZone UTC')
        )
        return None
    if unit := _CALENDAR.get(window.duration):
        return CalendarWindow(unit=unit, zone=window.calendar.time_zone)
    if window.duration.endswith("m"):  # too near to 1M to be believed
        hint = "1M is a month; for a period of minutes, which is for trials, write its seconds"
        faults.append(_Fault(f"{path}/duration", "slo.duration", f"{window.duration!r} is a period of minutes", hint))
        return None
    if window.duration[-1] in "wMQY":
        hint = "1d, 1w, 1M and 1Q are calendar periods; any other length is written in s, h or d"
        faults.append(_Fault(f"{path}/duration", "slo.duration", f"{window.duration!r} is no period we judge", hint))
        return None
    seconds = _seconds(window.duration, f"{path}/duration", faults)
    if seconds is None or slot is None:
        return None
    anchor_at = int(start.timestamp())
    if seconds % slot.seconds or anchor_at % slot.seconds:
        problem = f"periods of {seconds} s from {window.calendar.start_time} do not begin and end on slots of {slot.seconds} s"
        faults.append(_Fault(path, "slo.period-slot", problem))
    return FixedWindow(seconds=seconds, anchor_at=anchor_at)


def _indicator(document: SloDocument, faults: list[_Fault]) -> Indicator:
    metric = document.spec.indicator.spec.ratio_metric
    queries = {"good": metric.good.metric_source.spec.query, "total": metric.total.metric_source.spec.query}
    for name, query in queries.items():
        if not is_plain_selector(query) or query != query.strip():  # a trailing newline would end up inside the query
            path = f"/spec/indicator/spec/ratioMetric/{name}/metricSource/spec/query"
            hint = "raw samples are counted here, so no rate(), sum() or range: a metric name with matchers"
            faults.append(_Fault(path, "slo.selector", f"{query!r} is not a series selector", hint))
    if metric.counter:
        return RatioIndicator(good=queries["good"], valid=queries["total"])
    return StateIndicator(up=queries["good"], known=queries["total"])


def add_agreement(
    where: str,
    document: AgreementDocument,
    slos: dict[str, Slo],
    sites: dict[str, Site],
    agreements: dict[str, Agreement],
) -> Iterator[Violation]:
    faults: list[_Fault] = []
    promises = [p for i in range(len(document.spec.promises)) if (p := _promise(document, i, slos, sites, faults))]
    starts_at = _instant(document.spec.starts_at, faults)
    if len({promise.slo.window for promise in promises}) > 1:
        faults.append(
            _Fault("/spec/promises", "agreement.window", "its SLOs have different windows; a fee has one period")
        )
    if len({promise.label for promise in promises}) < len(promises):
        faults.append(_Fault("/spec/promises", "agreement.twice", "the same SLO is promised twice at one site"))
    if not faults and promises[0].slo.window.period_at(starts_at).starts_at != starts_at:
        faults.append(
            _Fault("/spec/startsAt", "agreement.start", "an agreement starts where a period of its SLOs starts")
        )
    yield from (fault.violation(where) for fault in faults)
    if not faults:
        agreement = _agreement(document, promises, starts_at)
        if agreement.id in agreements:
            yield Violation(code="agreement.twice", where=f"{where}:/metadata/name", problem="defined twice")
        agreements[agreement.id] = agreement


def _promise(
    document: AgreementDocument, index: int, slos: dict[str, Slo], sites: dict[str, Site], faults: list[_Fault]
) -> Promise | None:
    spec, path = document.spec.promises[index], f"/spec/promises/{index}"
    slo, site = slos.get(spec.slo), sites.get(spec.site)
    if slo is None:
        faults.append(
            _Fault(f"{path}/slo", "agreement.slo", f"no SLO {spec.slo}", f"known: {', '.join(sorted(slos)) or 'none'}")
        )
    if site is None:
        faults.append(_Fault(f"{path}/site", "agreement.site", f"no site {spec.site} in the fleet"))
    if slo is None or site is None:
        return None
    if site.tier != slo.tier:
        faults.append(_Fault(path, "agreement.tier", f"{slo.name} is for {slo.tier} sites, {site.name} is {site.tier}"))
    bands = tuple(CreditBand(below_ppm=band.below_ppm, credit_ppm=band.credit_ppm) for band in spec.bands)
    faults += [_Fault(f"{path}/bands", "agreement.bands", problem) for problem in band_problems(bands, slo.target_ppm)]
    return Promise(slo=slo, site=site.name, bands=bands)


def _instant(text: str, faults: list[_Fault]) -> int:
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        faults.append(
            _Fault("/spec/startsAt", "agreement.instant", f"{text!r}; expected UTC like 2026-01-01T00:00:00Z")
        )
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


def _digest(document: SloDocument) -> str:
    """SHA-256 of the canonical document; decimals stand as text, so no float is hashed."""
    return "0x" + hashlib.sha256(rfc8785.dumps(document.model_dump(mode="json", by_alias=True))).hexdigest()
