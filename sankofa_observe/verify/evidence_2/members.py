"""A slot of a region or a fleet from the states of its sites: each role must have enough.

Which sites there were, each proof says for itself: the fleet may change in a period.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from sankofa_observe.verify.evidence_2.form import STATES, Rules, listed, row_with

Role = list[Any]  # its name, how many must be good, and its sites with their states


def by_members(rules: Rules, start: int, proof: list[Role]) -> str:
    fault = _fault(rules, proof)
    if fault:
        return fault
    states = {site: state for _, _, sites in proof for site, state in sites}
    well = {site for site, state in states.items() if state in {"GOOD", "NO_TRAFFIC"}}
    unknown = {site for site, state in states.items() if state == "UNKNOWN"}
    roles = [(needed, {site for site, _ in sites}) for _, needed, sites in proof]
    short = any(len((well | unknown) & sites) < needed for needed, sites in roles)
    enough = bool(roles) and all(len(well & sites) >= needed for needed, sites in roles)
    sums = {
        "good": len(well),
        "bad": len(states) - len(well) - len(unknown),
        "hidden": len(unknown),
        "expected": len(states),
        "seen": len(states) - len(unknown),
    }
    return listed(row_with(start, sums, "BAD" if short else "GOOD" if enough else "UNKNOWN"))


def least_good(rules: Rules) -> int:
    """How many sites must be good at least, where the rules say; a role without a name is of all sites."""
    roles = [one.partition("=") for one in rules["combine"].split(",")] if rules["combine"] else []
    of_all = sum(int(needed) for role, _, needed in roles if not role)
    return max(1, of_all, sum(int(needed) for role, _, needed in roles if role))


def _fault(rules: Rules, proof: list[Role]) -> str:
    if rules["combine"] and rules["combine"] != ",".join(f"{role}={needed}" for role, needed, _ in proof):
        return "a role is missing, or needs another number of sites"
    names = [[role for role, _, _ in proof], *([site for site, _ in sites] for _, _, sites in proof)]
    if any(one >= later for each in names for one, later in pairwise(each)):
        return "a role or a site is there twice, or not in order"
    told = {(site, state) for _, _, sites in proof for site, state in sites}
    if not {state for _, state in told} <= set(STATES) or len({site for site, _ in told}) < len(told):
        return "a site has no state, or has two"
    return ""
