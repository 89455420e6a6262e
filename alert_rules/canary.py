"""What users of a site meet: no answer, or a late one."""

from __future__ import annotations

from sankofa_exporters.canary import families as canary

from .rule import BY_SITE, SITE_BOARD, Alert

SLOW_PERCENT = 20  # of some 300 requests in 5 minutes: it names the cause; the promise has its own alerts
_KNOWN = f"and on (job, instance) ({canary.KNOWN.name} == 1)"


def _within(tier: str, bound: float) -> str:
    """Requests a second of a tier's sites that were answered as expected at or under its bound."""
    return f'rate({canary.DURATION.name}_bucket{{tier="{tier}", le="{bound:g}"}}[5m])'


_IN_TIME = "\nor ".join(_within(tier, bound) for tier, bound in canary.PROMISED_SECONDS.items())
# Without those that failed: that is CanaryDown's affair.
_ANSWERED = f"sum by (tier, region, site) (rate({canary.DURATION.name}_count[5m]) {_KNOWN}) > 0"

ALERTS = (
    Alert(
        name="CanaryDown",
        expr=f"{BY_SITE} ({canary.UP.name} == 0 {_KNOWN})",
        for_seconds=60,
        severity="page",
        kind="cause",
        scope="system",
        system="canary",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: users get no answer, or a wrong one",
        description="{{ $value }} address(es) of {{ $labels.site }} do not answer as expected.",
    ),
    Alert(
        name="CanarySlow",
        expr=f"100 * (1 - sum by (tier, region, site) (({_IN_TIME}) {_KNOWN})\n/ ({_ANSWERED})) > {SLOW_PERCENT}",
        for_seconds=60,
        severity="ticket",
        kind="cause",
        scope="system",
        system="canary",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: answers to users come late",
        description='{{ $value | printf "%.1f" }} % of answers at {{ $labels.site }} took longer than its tier promises.',
    ),
    Alert(
        name="CanaryNotKnown",
        expr=f"{BY_SITE} ({canary.KNOWN.name} == 0)",
        for_seconds=120,
        severity="ticket",
        kind="meta",
        scope="system",
        system="canary",
        dashboard=SITE_BOARD,
        summary="{{ $labels.site }}: nobody can say whether users get answers",
        description="Of {{ $value }} address(es) of {{ $labels.site }} no request is known: the exporter's host or settings.",
    ),
)
