"""An agreement from its recorded terms document: what was agreed outlives the files that it was written in.

The document names neither the instances that the fleet lists nor a tier: both are no terms. What is read is written again and
compared, so that a document that holds more than this release understands is refused, and not read in part.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from sankofa_observe.errors import InvalidInput
from sankofa_observe.sla.agreement import Agreement, Promise
from sankofa_observe.sla.overlay import ExcludedSlots
from sankofa_observe.sla.schedule import Counted, CreditBand, Formula, Proportional, Rounding, Steps
from sankofa_observe.sla.stacking import BelowMinimum, Claim, CreditRules, Stacking
from sankofa_observe.sla.terms import CLOCKS, FORMAT, counting_digest, with_terms
from sankofa_observe.slo.indicator import (
    Combine,
    CompositeIndicator,
    Demand,
    Indicator,
    LevelIndicator,
    MembersIndicator,
    Operator,
    OutageIndicator,
    RatioIndicator,
    Reading,
    Rule,
    StateIndicator,
    Together,
)
from sankofa_observe.slo.objective import Budgeting, NoTraffic, Slo, SlotRule
from sankofa_observe.slo.quorum import Quorum, quorum_of_plain
from sankofa_observe.slo.window import CalendarUnit, CalendarWindow, FixedWindow, Window


def agreement_of(document: str) -> Agreement:
    """The agreement of these terms.

    Raises:
        InvalidInput: they are not of this format, or say more than is understood here.
    """
    try:
        terms = json.loads(document)
        found = with_terms(_agreement(terms), terms["salt"])
    except (InvalidInput, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise InvalidInput(
            f"recorded terms: cannot be read ({type(error).__name__}: {error}), expected {FORMAT}"
        ) from error
    if found.terms_document != document:
        raise InvalidInput(
            f"recorded terms of {terms['name']}: they say more than {FORMAT}; read them with the release that wrote them"
        )
    return found


def _agreement(terms: Any) -> Agreement:
    same = ("id", "name", "version", "currency", "exponent", "cap_ppm", "starts_at", "grace_seconds")
    windows = ("dispute_window_seconds", "dispute_window_blocks", "tolerance_slots", "exclusion_notice_seconds")
    return Agreement(
        **{name: terms[name] for name in (*same, *windows, *CLOCKS)},
        began_at=None if terms["version"] == 1 else terms["calendar"]["began_at"],
        tenant=terms["tenant"]["id"],
        tenant_account=terms["tenant"]["account"],
        provider_account=terms["provider"]["account"],
        fee_minor=int(terms["fee_minor"]),
        excluded_slots=ExcludedSlots(terms["excluded_slots"]),
        promises=tuple(_promise(one) for one in terms["promises"]),
        credit_rules=_credits(terms.get("credits", {})),
        observers=quorum_of_plain(terms["observers"]) if "observers" in terms else Quorum(),
    )


def _credits(agreed: Any) -> CreditRules:
    return CreditRules(
        stacking=Stacking(agreed.get("stacking", Stacking.SUM)),
        minimum_minor=int(agreed.get("minimum_minor", 0)),
        below_minimum=BelowMinimum(agreed.get("below_minimum", BelowMinimum.NOTHING)),
        cap_year_minor=int(agreed.get("cap_year_minor", 0)),
        claim=Claim(**agreed["claim"]) if "claim" in agreed else None,
    )


def _promise(one: Any) -> Promise:
    bands = tuple(CreditBand(below_ppm=below, credit_ppm=credit) for below, credit in one["bands"])
    formula = _formula(one["formula"]) if "formula" in one else None
    return Promise(slo=_slo(one["slo"]), site=one["site"], bands=bands, formula=formula)


def _formula(agreed: Any) -> Formula:
    counted = Counted(agreed["counted"])
    match agreed["kind"]:
        case "steps":
            return Steps(
                each_seconds=agreed["each_seconds"],
                each_ppm=agreed["each_ppm"],
                credit_ppm=agreed["credit_ppm"],
                rounding=Rounding(agreed["rounding"]),
                counted=counted,
            )
        case "proportional":
            return Proportional(factor_ppm=agreed["factor_ppm"], counted=counted)
        case other:
            raise ValueError(f"formula of kind {other!r}")


def _slo(counted: Any) -> Slo:
    slo = Slo(
        name=counted["name"],
        tier="",
        indicator=_indicator(counted["indicator"]),
        target_ppm=counted["target_ppm"],
        budgeting=Budgeting(counted["budgeting"]),
        no_traffic=NoTraffic(counted["no_traffic"]),
        window=_window(counted["window"]),
        slot=SlotRule(**counted["slot"]),
        parts={part["name"]: _slo(part) for part in counted["parts"]},
        version=counted.get("version", 1),
    )
    return _with_digest(slo)


def _with_digest(slo: Slo) -> Slo:
    return Slo(**{**vars(slo), "digest": counting_digest(slo)})


def _indicator(kind: Any) -> Indicator:
    match kind["kind"]:
        case "state":
            combine = _combine(kind["combine"])
            return StateIndicator(up=kind["up"], known=kind["known"], system=kind["system"], combine=combine)
        case "level":
            return LevelIndicator(
                level=kind["level"],
                reading=Reading(kind.get("reading", Reading.VALUE)),
                operator=Operator(kind["operator"]),
                bound=Decimal(kind["bound"]),
                total=bool(kind.get("total", 0)),
                demand=tuple(_demand(one) for one in kind.get("demand", ())),
                system=kind["system"],
                combine=_combine(kind["combine"]),
            )
        case "events":
            return RatioIndicator(
                good=kind["bad"] if "bad" in kind else kind["good"],
                valid=kind["valid"],
                counts_bad="bad" in kind,
                system=kind["system"],
                changing=bool(kind["changing"]),
                started=kind["started"],
            )
        case "composite":
            weights = dict(kind["weights"])
            return CompositeIndicator(together=Together.WEIGHTED, weights=weights, share_ppm=kind["wanted_ppm"])
        case "outage":
            return OutageIndicator(of=kind["of"], limit_seconds=kind["limit_seconds"])
        case "members":
            return MembersIndicator(of=kind["of"], at_least=dict(kind["at_least"]), spare=kind["spare"])
        case other:
            raise ValueError(f"indicator of kind {other!r}")


def _demand(demand: Any) -> Demand:
    return Demand(
        series=demand["series"],
        above=Decimal(demand["above"]),
        reading=Reading(demand["reading"]),
        capacity=demand.get("capacity", ""),
    )


def _combine(parts: Any) -> Combine:
    rule, at_least = parts
    return Combine(rule=Rule(rule), at_least=at_least)


def _window(window: Any) -> Window:
    if "unit" in window:
        return CalendarWindow(unit=CalendarUnit(window["unit"]), zone=window["zone"])
    return FixedWindow(seconds=window["seconds"], anchor_at=window["anchor_at"])
