"""What somebody did who may have had no right to it: on the contract, at the API, to its keys. Told for a day, however long we looked away."""

from __future__ import annotations

from sankofa_observe.telemetry import API_ANSWERS, API_KEY_CHANGES, CONTRACT_CHANGES, CONTRACT_PAUSED

from .rule import of_platform

REFUSED_IN_FIVE_MINUTES = 30
_OF_A_DAY = "1d"

_ticket = of_platform("ticket", "system")


def _grown(series: object, by: str) -> str:
    """By how much a total grew within a day, also while nobody scraped it."""
    return f"sum by ({by}) (max_over_time({series}[{_OF_A_DAY}]) - min_over_time({series}[{_OF_A_DAY}])) > 0"


SECURITY = (
    _ticket(
        name="SecurityRoleChanged",
        expr=f"count({_grown(CONTRACT_CHANGES, 'event')})",
        summary="Roles, attestors or the pause of the SLA contract were changed: was it us?",
        description="{{ $value }} kind(s) of event about roles, attestors or the admin were logged within a day.",
    ),
    _ticket(
        name="SecurityPaused",
        expr=f"(max({CONTRACT_PAUSED}) or max(last_over_time({CONTRACT_PAUSED}[{_OF_A_DAY}]))) == 1",
        summary="The SLA contract is paused: nothing is reported, and no credit is redeemed",
        description="A guardian has paused it, and only its admin can end that.",
    ),
    _ticket(
        name="ApiAuthRefused",
        expr=f'sum(increase({API_ANSWERS}{{status=~"401|403"}}[5m])) > {REFUSED_IN_FIVE_MINUTES}',
        summary="The API refuses many requests: keys are missing, wrong or not allowed",
        description='{{ printf "%.0f" $value }} requests were refused in five minutes.',
    ),
    _ticket(
        name="ApiKeyChanged",
        expr=f"count({_grown(API_KEY_CHANGES, 'kind')})",
        summary="API keys were made or revoked: was it us?",
        description="Within a day keys were made, or revoked, or both; the keys file names those that are left.",
    ),
)
