"""What users of a site meet: no answer, or a late one."""

from __future__ import annotations

from sankofa_exporters.canary import families as canary

from .rule import BY_SITE, tickets_of

SLOW_PERCENT = 20  # of some 300 requests in 5 minutes: it names the cause; the promise has its own alerts
STARVED_PERCENT = 20  # what is left out is a fair sample, and yet a host that loses more measures little
_KNOWN = f"and on (job, instance, site) ({canary.KNOWN.name} == 1)"


def _within(tier: str, bound: float) -> str:
    """Requests a second of a tier's sites that were answered as expected at or under its bound."""
    return f'rate({canary.DURATION.name}_bucket{{tier="{tier}", le="{bound:g}"}}[5m])'


_IN_TIME = "\nor ".join(_within(tier, bound) for tier, bound in canary.PROMISED_SECONDS.items())
# Without those that failed: that is CanaryDown's affair.
_ANSWERED = f"sum by (tier, region, site) (rate({canary.DURATION.name}_count[5m]) {_KNOWN}) > 0"
_LEFT_OUT = f'sum without (reason) (rate({canary.NOT_KNOWN.name}{{reason=~"delay|missed"}}[5m]))'

_ticket = tickets_of("canary")
_doubt = tickets_of("canary", "meta")  # about what nobody knows

ALERTS = (
    _ticket(
        name="CanaryDown",
        expr=f"{BY_SITE} ({canary.UP.name} == 0 {_KNOWN})",
        for_seconds=60,
        summary="{{ $labels.site }}: users get no answer, or a wrong one",
        description="{{ $value }} address(es) of {{ $labels.site }} do not answer as expected.",
    ),
    _ticket(
        name="CanarySlow",
        expr=f"100 * (1 - sum by (tier, region, site) (({_IN_TIME}) {_KNOWN})\n/ ({_ANSWERED})) > {SLOW_PERCENT}",
        for_seconds=60,
        summary="{{ $labels.site }}: answers to users come late",
        description='{{ $value | printf "%.1f" }} % of answers at {{ $labels.site }} took longer than its tier promises.',
    ),
    _doubt(
        name="CanaryStarved",
        # A turn each interval: the rate of those left out, times the interval, is their share.
        expr=f"100 * avg by (tier, region, site) ({_LEFT_OUT}\n* {canary.INTERVAL.name}) > {STARVED_PERCENT}",
        for_seconds=300,
        summary="{{ $labels.site }}: the canary's host has no CPU to ask users' addresses",
        description='{{ $value | printf "%.1f" }} % of requests to {{ $labels.site }} were left out: the exporter was held up.',
    ),
)
