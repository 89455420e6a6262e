"""What a file says, in a person's words: shown beside the checks, and compared with nothing."""

from __future__ import annotations

import time
from typing import Any

from sankofa_observe.verify.evidence_2.form import MILLION, Row, number


def of_document(identity: dict[str, Any]) -> dict[str, str]:
    attained = {name: number(count) for name, count in identity["attainment"].items()}
    base, good, terms = sum(attained.values()), attained["good"], identity["agreement"]
    bounds = f"attained between {_percent(good, base)} and {_percent(good + attained['unknown'], base)}"
    counts = f"good {good}, bad {attained['bad']}, not known {attained['unknown']}"
    credit, share = number(identity["credit"]["credit_minor"]), identity["credit"]["credit_ppm"]
    fee = _money(number(terms["fee_minor"]), terms)
    return {
        **of_period(identity),
        "verdict": f"{identity['verdict']}: {bounds} of {base} ({counts}), promised {_percent(identity['slo']['target_ppm'])}",
        "credit": f"{_money(credit, terms)} ({credit} in units of 10^-{terms['exponent']} {terms['currency']}), "
        f"{_percent(share)} of the fee of {fee}, before the cap of the period",
    }


def of_period(file: dict[str, Any]) -> dict[str, str]:
    (start, end), rules = file["period"], file["slo"]
    told = {"site": rules["site"], "SLO": rules["name"], "period": f"{_utc(start)} to {_utc(end)}"}
    return told | _observers(file["observers"], rules["budgeting"])


def of_slot(file: dict[str, Any], row: Row, observer: str) -> dict[str, str]:
    """`observer` is whose row it is, or nothing where nobody is named."""
    end = row[0] + file["slo"]["slot_seconds"]
    counts = f"{row[-1]}, good {row[1]}, bad {row[2]}, not known {row[3]}"
    whose = f"; counted by {observer}" if observer else ""
    return {**of_period(file), "slot": f"{_utc(row[0])} to {_utc(end)}: {counts}{whose}"}


def _observers(said: dict[str, Any], budgeting: str) -> dict[str, str]:
    """Who observes and how many decide, where the agreement names anybody."""
    names, bad, good = ", ".join(said["names"]), said["bad"], said["good"]
    if len(said["names"]) <= 1:
        return {"observers": names} if names else {}
    if budgeting == "Timeslices":
        return {"observers": f"{names}: a slot is bad where {bad} say so, else good where {good} do"}
    return {"observers": f"{names}: {bad} must agree on the high bound, {good} on the low one"}


def _percent(part: int, whole: int = MILLION) -> str:
    """Rounded down, so that what is shown never reaches a target that was missed."""
    if whole <= 0:
        return "-"
    ppm = part * MILLION // whole
    return f"{ppm // 10_000}.{ppm % 10_000:04d} %"


def _money(minor: int, terms: dict[str, Any]) -> str:
    exponent = terms["exponent"]
    if exponent == 0:
        return f"{minor} {terms['currency']}"
    major, rest = divmod(minor, 10**exponent)
    return f"{major}.{rest:0{exponent}d} {terms['currency']}"


def _utc(at: int) -> str:
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    except (OverflowError, ValueError, OSError):
        return f"second {at}"
