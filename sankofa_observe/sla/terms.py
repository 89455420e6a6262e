"""The terms that two parties accept, as a document whose SHA-256 is their hash on chain.

Written out field by field, from values and not from the text of a spec: `0.995` and `99.5 %` are one promise, a description is none,
and a field that is added to a spec changes no hash of before. What is counted stands in it, so that another way of counting is
another agreement. A change of these documents is a new `format`, and the old one stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import rfc8785

from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.schedule import Formula, Proportional, Steps
from sankofa_observe.sla.stacking import CreditRules
from sankofa_observe.slo import quorum
from sankofa_observe.slo.indicator import (
    Combine,
    CompositeIndicator,
    Indicator,
    LevelIndicator,
    MembersIndicator,
    OutageIndicator,
    RatioIndicator,
    Reading,
    StateIndicator,
)
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.window import CalendarWindow, RollingWindow, Window

FORMAT = "sankofa-terms/1"
CLOCKS = ("ruling_seconds", "report_seconds", "restate_seconds", "notice_seconds")
Document = dict[str, Any]


def with_terms(agreement: Agreement, salt: str) -> Agreement:
    """The agreement with its terms document and its hash; `salt` keeps the terms from being guessed by their hash."""
    document = rfc8785.dumps(terms_of(agreement, salt))
    return replace(agreement, terms_document=document.decode(), terms_hash=_sha256(document))


def terms_of(agreement: Agreement, salt: str) -> Document:
    """Integers and strings only; accounts in lower case, times in UTC seconds.

    Raises:
        InvalidInput: the contract holds no calendar of its periods.
    """
    return {
        "format": FORMAT,
        "id": agreement.id,
        "name": agreement.name,
        "version": agreement.version,
        "salt": salt,
        "tenant": {"id": agreement.tenant, "account": agreement.tenant_account.lower()},
        "provider": {"account": agreement.provider_account.lower()},
        "currency": agreement.currency,
        "exponent": agreement.exponent,
        "fee_minor": str(agreement.fee_minor),
        "cap_ppm": agreement.cap_ppm,
        "starts_at": agreement.starts_at,
        "calendar": {
            "id": agreement.calendar.id,
            "began_at": agreement.starts_at if agreement.began_at is None else agreement.began_at,
            "first_period": agreement.first_period,
            "year_periods": agreement.year_periods,
        },
        "grace_seconds": agreement.grace_seconds,
        "dispute_window_seconds": agreement.dispute_window_seconds,
        "dispute_window_blocks": agreement.dispute_window_blocks,
        **{name: getattr(agreement, name) for name in CLOCKS},
        "tolerance_slots": agreement.tolerance_slots,
        "excluded_slots": agreement.excluded_slots.value,
        "exclusion_notice_seconds": agreement.exclusion_notice_seconds,
        "promises": [_promise(one) for one in agreement.promises],
        **_credits(agreement.credit_rules),
        **({"observers": quorum.plain(agreement.observers)} if agreement.observers.names else {}),
    }


def amended(agreement: Agreement, began_at: int) -> Agreement:
    """The agreement as a later version of one that began then, with its terms anew: its calendar and its years are those of the first."""
    return with_terms(replace(agreement, began_at=began_at), json.loads(agreement.terms_document)["salt"])


def changes(before: str, after: str) -> Iterator[str]:
    """What differs between two documents of terms, each with its place, but what names the version itself."""
    one, other = (dict(_places("", _named(json.loads(text)))) for text in (before, after))
    for place in dict.fromkeys([*one, *other]):
        if one.get(place) != other.get(place):
            yield f"{place} {one.get(place, 'none')} -> {other.get(place, 'none')}"


def counting_changes(before: Slo, after: Slo) -> Iterator[str]:
    """The same of two versions of an SLO."""
    one, other = (json.dumps(counting_of(slo)) for slo in (before, after))
    return changes(one, other)


def _named(document: Document) -> Document:
    """The document with its promises by their names, without what is another one in each version."""
    kept = {name: value for name, value in document.items() if name not in {"version", "starts_at"}}
    if calendar := kept.get("calendar"):
        kept["calendar"] = {name: value for name, value in calendar.items() if name != "first_period"}
    promises = {f"promise {one['slo']['name']}/{one['site']}": one for one in kept.pop("promises", ())}
    return {**kept, **{name: {**one, "slo": _named(one["slo"])} for name, one in promises.items()}}


def _places(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, dict):
        yield place, json.dumps(value) if isinstance(value, list) else value
        return
    for name, inner in value.items():
        yield from _places(f"{place}.{name}" if place else name, inner)


def _credits(rules: CreditRules) -> Document:
    """What is agreed beyond a sum under the cap of a period; what is not agreed is not written."""
    plain = CreditRules()
    found: Document = {}
    if rules.stacking is not plain.stacking:
        found["stacking"] = rules.stacking.value
    if rules.minimum_minor:
        found["minimum_minor"] = str(rules.minimum_minor)
    if rules.below_minimum is not plain.below_minimum:
        found["below_minimum"] = rules.below_minimum.value
    if rules.cap_year_minor:
        found["cap_year_minor"] = str(rules.cap_year_minor)
    if rules.claim:
        found["claim"] = {"days": rules.claim.days, "periods": rules.claim.periods}
    return {"credits": found} if found else {}


def _promise(promise: Promise) -> Document:
    bands = [[band.below_ppm, band.credit_ppm] for band in promise.bands]
    formula = {} if promise.formula is None else {"formula": _formula(promise.formula)}
    return {"site": promise.site, "bands": bands, "slo": counting_of(promise.slo), **formula}


def _formula(formula: Formula) -> Document:
    counted = formula.counted.value
    match formula:
        case Steps():
            size = {"each_seconds": formula.each_seconds, "each_ppm": formula.each_ppm}
            credit = {"credit_ppm": formula.credit_ppm, "rounding": formula.rounding.value}
            return {"kind": "steps", **size, **credit, "counted": counted}
        case Proportional():
            return {"kind": "proportional", "factor_ppm": formula.factor_ppm, "counted": counted}


def counting_digest(slo: Slo) -> str:
    """SHA-256 of how an SLO is counted and judged: slots and verdicts carry it."""
    return _sha256(rfc8785.dumps(counting_of(slo)))


def counting_of(slo: Slo) -> Document:
    """How an SLO is counted and judged, and nothing about it that changes neither."""
    rule = slo.slot
    return {
        "name": slo.name,
        "indicator": _indicator(slo.indicator),
        "target_ppm": slo.target_ppm,
        "budgeting": slo.budgeting.value,
        "no_traffic": slo.no_traffic.value,
        "window": _window(slo.window),
        "slot": {
            "seconds": rule.seconds,
            "scrape_seconds": rule.scrape_seconds,
            "target_ppm": rule.target_ppm,
            "longest_gap_seconds": rule.longest_gap_seconds,
            "history_seconds": rule.history_seconds,
            "burst_factor": rule.burst_factor,
            "settles_seconds": rule.settles_seconds,
            "leaves_seconds": rule.leaves_seconds,
        },
        "parts": [counting_of(part) for _, part in sorted(slo.parts.items())],
        **({"version": slo.version} if slo.version > 1 else {}),
    }


def _indicator(indicator: Indicator) -> Document:
    match indicator:
        case StateIndicator():
            kind = {"kind": "state", "up": indicator.up, "known": indicator.known}
            return {**kind, "system": indicator.system, "combine": _combine(indicator.combine)}
        case LevelIndicator():
            bound = _exact(indicator.bound)
            kind = {"kind": "level", "level": indicator.level, "operator": indicator.operator.value, "bound": bound}
            return {**kind, **_of_level(indicator), "system": indicator.system, "combine": _combine(indicator.combine)}
        case RatioIndicator():
            return {
                "kind": "events",
                "bad" if indicator.counts_bad else "good": indicator.good,
                "valid": indicator.valid,
                "system": indicator.system,
                "changing": int(indicator.changing),
                "started": indicator.started,
            }
        case CompositeIndicator():
            weights = [[name, weight] for name, weight in sorted(indicator.weights.items())]
            return {"kind": "composite", "weights": weights, "wanted_ppm": indicator.wanted_ppm}
        case OutageIndicator():
            return {"kind": "outage", "of": indicator.of, "limit_seconds": indicator.limit_seconds}
        case MembersIndicator():
            at_least = [[role, count] for role, count in sorted(indicator.at_least.items())]
            return {"kind": "members", "of": indicator.of, "at_least": at_least, "spare": indicator.spare}


def _of_level(indicator: LevelIndicator) -> Document:
    """What a level has beyond a gauge and its bound; what it has not is not written."""
    found: Document = {}
    if indicator.reading is not Reading.VALUE:
        found["reading"] = indicator.reading.value
    if indicator.total:
        found["total"] = 1
    if indicator.demand:
        found["demand"] = [
            {
                "series": one.series,
                "above": _exact(one.above),
                "reading": one.reading.value,
                **({"capacity": one.capacity} if one.capacity else {}),
            }
            for one in indicator.demand
        ]
    return found


def _exact(number: Decimal) -> str:
    """Digits and a power of ten: one text a value, whatever its zeros, and no context of decimals rounds it."""
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits))
    whole = text.rstrip("0")
    if not whole:
        return "0"
    return f"{'-' if sign else ''}{whole.lstrip('0')}e{int(exponent) + len(text) - len(whole)}"


def _combine(combine: Combine) -> list[str | int]:
    return [combine.rule.value, combine.at_least]


def _window(window: Window) -> Document:
    if isinstance(window, CalendarWindow):
        return {"unit": window.unit.value, "zone": window.zone}
    if isinstance(window, RollingWindow):  # for the digest of an SLO that is watched: no agreement leans on one
        return {"rolling_seconds": window.seconds, "step_seconds": window.step_seconds}
    return {"seconds": window.seconds, "anchor_at": window.anchor_at}


def _sha256(document: bytes) -> str:
    return "0x" + hashlib.sha256(document).hexdigest()
