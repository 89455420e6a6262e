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
    start, end = file["period"]
    return {"site": file["slo"]["site"], "SLO": file["slo"]["name"], "period": f"{_utc(start)} to {_utc(end)}"}


def of_slot(file: dict[str, Any], row: Row) -> dict[str, str]:
    end = row[0] + file["slo"]["slot_seconds"]
    return {
        **of_period(file),
        "slot": f"{_utc(row[0])} to {_utc(end)}: {row[-1]}, good {row[1]}, bad {row[2]}, not known {row[3]}",
    }


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
