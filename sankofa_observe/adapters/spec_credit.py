"""Credits of an agreement: from checked documents to schedules and rules, and what the contract cannot settle of them yet.

What is priced here must be priced alike on chain. The contract computes bands and the rule of money (`sla.stacking`); an agreement with
a formula, or whose credits have to be claimed, is refused until it computes that too, by name and with what can be settled today.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sankofa_observe.adapters.spec_faults import Fault
from sankofa_observe.adapters.spec_models import AgreementDocument, Band, CreditsSpec, FormulaSpec, PromiseSpec
from sankofa_observe.sla.agreement import MOST_BANDS
from sankofa_observe.sla.schedule import (
    Counted,
    CreditBand,
    Formula,
    Proportional,
    Rounding,
    Steps,
    band_problems,
)
from sankofa_observe.sla.stacking import BelowMinimum, Claim, CreditRules, Stacking, rule_problems
from sankofa_observe.slo.objective import Budgeting, Slo
from sankofa_observe.units import share_floor

SETTLED = "settled today are bands, with stacking, capPpm, minimumMinor, belowMinimum and capYearMinor"
_UNSETTLED = ("claim_days", "claim_periods")
_FIELDS: dict[
    str, tuple[set[str], list[tuple[str, ...]]]
] = {  # of each kind: those it has, and those of which it needs exactly one
    "steps": ({"each_seconds", "each_ppm", "credit_ppm", "rounding"}, [("each_seconds", "each_ppm"), ("credit_ppm",)]),
    "proportional": ({"factor_ppm"}, [("factor_ppm",)]),
}
NOT_BUILT = {
    "per-outage": "a credit by the length of each single outage: outages are added up over the period",
    "rolling-year": "a credit by the attainment of the days before a claim: a fee has one period, and is judged by it",
    "service-time": "a credit of days or hours of service: credits are money, in the currency of the fee",
    "affected-share": "a credit by the share of users that were affected: it would have to be measured and attested",
    "average-month": "a credit by an average month, such as 730 hours: a period has its own length",
    "next-invoice": "a credit of another period's invoice: a credit is a share of the fee of the period that was missed",
}
"""Formulas that providers publish and no form of ours holds, by the name under which they are refused."""


def bands(found: Sequence[Band]) -> tuple[CreditBand, ...]:
    return tuple(CreditBand(below_ppm=one.below_ppm, credit_ppm=one.credit_ppm) for one in found)


def formula(spec: FormulaSpec) -> Formula:
    """The formula of a document that `formula_faults` found nothing in."""
    counted = Counted(spec.counted)
    if spec.kind == "proportional":
        return Proportional(factor_ppm=spec.factor_ppm or 0, counted=counted)
    return Steps(
        each_seconds=spec.each_seconds or 0,
        each_ppm=spec.each_ppm or 0,
        credit_ppm=spec.credit_ppm or 0,
        counted=counted,
        rounding=Rounding(spec.rounding or Rounding.COMPLETED),
    )


def rules(spec: CreditsSpec) -> CreditRules:
    """The rules of a document that `rule_faults` found nothing in."""
    claimed = spec.claim_days or spec.claim_periods
    return CreditRules(
        stacking=Stacking(spec.stacking),
        minimum_minor=spec.minimum_minor,
        below_minimum=BelowMinimum(spec.below_minimum),
        cap_year_minor=spec.cap_year_minor or 0,
        claim=Claim(days=spec.claim_days or 0, periods=spec.claim_periods or 0) if claimed else None,
    )


def schedule_faults(path: str, spec: PromiseSpec, slo: Slo | None, cap_ppm: int) -> Iterator[Fault]:
    """What is wrong with the credits of one promise, at its path; `slo` where it is known."""
    if len(spec.bands) > MOST_BANDS:
        problem = f"{len(spec.bands)} bands; the contract settles {MOST_BANDS} at most"
        yield Fault(f"{path}/bands", "agreement.bands", problem, "leave out those that change least")
    for number, band in enumerate(spec.bands):
        if band.credit_ppm > cap_ppm:
            problem = f"credits {band.credit_ppm} ppm, more than the cap of a period, {cap_ppm} ppm"
            hint = "raise capPpm, or credit that much at most: more is never paid"
            yield Fault(f"{path}/bands/{number}/creditPpm", "agreement.bands", problem, hint, ("/spec/capPpm",))
    if spec.formula is None:
        if slo:
            for problem in band_problems(bands(spec.bands), slo.target_ppm):
                yield Fault(f"{path}/bands", "agreement.bands", problem, leans_on=(f"{path}/slo",))
        return
    if spec.bands:
        yield Fault(f"{path}/formula", "agreement.formula", "beside bands; expected one of them")
    yield from formula_faults(f"{path}/formula", spec.formula)
    if slo and slo.budgeting is Budgeting.OCCURRENCES and spec.formula.each_seconds:
        problem = f"{slo.name} counts events, which have no seconds"
        yield Fault(
            f"{path}/formula/eachSeconds", "agreement.formula", problem, "expected eachPpm", leans_on=(f"{path}/slo",)
        )


def formula_faults(path: str, spec: FormulaSpec) -> Iterator[Fault]:
    """What is wrong with a formula by itself."""
    if spec.kind in NOT_BUILT:
        problem = f"{spec.kind}: {NOT_BUILT[spec.kind]}; not built"
        yield Fault(f"{path}/kind", "agreement.formula", problem, f"expected {' or '.join(_FIELDS)}, or bands")
        return
    if spec.kind not in _FIELDS:
        yield Fault(f"{path}/kind", "agreement.formula", f"{spec.kind!r}; expected {' or '.join(_FIELDS)}")
        return
    own, needed = _FIELDS[spec.kind]
    aliases = {name: field.alias or name for name, field in FormulaSpec.model_fields.items()}
    given = {name for name in aliases if getattr(spec, name) is not None} - {"kind", "counted"}
    for name in sorted(given - own):
        yield Fault(f"{path}/{aliases[name]}", "agreement.formula", f"is no field of {spec.kind}")
    for some in needed:
        if len(given & set(some)) != 1:
            names = " and ".join(aliases[one] for one in some)
            yield Fault(
                path, "agreement.formula", f"{spec.kind} needs {f'exactly one of {names}' if some[1:] else names}"
            )
    if spec.each_seconds == 0:
        yield Fault(f"{path}/eachSeconds", "agreement.formula", "0; expected 1 or more")


def rule_faults(document: AgreementDocument) -> Iterator[Fault]:
    """What is wrong with the rules beside the promises."""
    spec, path = document.spec.credits, "/spec/credits"
    if spec.claim_days and spec.claim_periods:
        yield Fault(f"{path}/claimPeriods", "agreement.credits", "beside claimDays; expected one of them")
    if BelowMinimum(spec.below_minimum) is BelowMinimum.MINIMUM and not spec.minimum_minor:
        yield Fault(f"{path}/belowMinimum", "agreement.credits", "minimum; expected a minimumMinor beside it")
    most = share_floor(document.spec.fee.amount_minor, document.spec.cap_ppm)
    amounts = CreditRules(minimum_minor=spec.minimum_minor, cap_year_minor=spec.cap_year_minor or 0)
    aliases = {name: field.alias or name for name, field in CreditsSpec.model_fields.items()}
    leans = ("/spec/fee/amountMinor", "/spec/capPpm", path)
    for name, problem in rule_problems(amounts, most):
        yield Fault(f"{path}/{aliases[name]}", "agreement.credits", problem, leans_on=leans)


def unsettled_faults(document: AgreementDocument) -> Iterator[Fault]:
    """What the contract does not compute, one fault a field: it would owe another amount than is said here."""
    for name in _UNSETTLED:
        if seen := getattr(document.spec.credits, name):
            yield _unsettled(f"/spec/credits/{CreditsSpec.model_fields[name].alias}", str(seen))
    for index, promise in enumerate(document.spec.promises):
        if promise.formula is not None and promise.formula.kind in _FIELDS:
            yield _unsettled(f"/spec/promises/{index}/formula", f"a formula of {promise.formula.kind}")


def _unsettled(path: str, seen: str) -> Fault:
    return Fault(path, "agreement.unsettled", f"{seen}: the contract cannot settle it yet", SETTLED)
