"""What is broken in a tunnel to Cloudflare's edge, or behind one."""

from __future__ import annotations

from sankofa_exporters.cloudflare import families as tunnel

from .rule import BY_SITE, tickets_of

ORIGIN_ERROR_PERCENT = 5
DISPUTE_SECONDS = 300  # a status lags by minutes; what is still contradicted then does not settle by itself
_KNOWN = f"and on (job, instance, site) ({tunnel.KNOWN.name} == 1)"
_UP = f"and on (job, instance, site) ({tunnel.UP.name} == 1 and {tunnel.KNOWN.name} == 1)"
_RATE = f"sum by (tier, region, site) (rate({{name}}[5m]) {_UP})"

_ticket = tickets_of("cloudflare")
_doubt = tickets_of("cloudflare", "meta")  # about what nobody knows

ALERTS = (
    _ticket(
        name="TunnelDown",
        expr=f"{BY_SITE} ({tunnel.UP.name} == 0 {_KNOWN})",
        for_seconds=60,
        summary="{{ $labels.site }}: nobody outside reaches what is behind its tunnel",
        description="{{ $value }} tunnel(s) of {{ $labels.site }} have no connection to Cloudflare's edge.",
    ),
    _doubt(
        name="TunnelDisputed",
        expr=f"{BY_SITE} ({tunnel.DISPUTED.name} == 1)",
        for_seconds=DISPUTE_SECONDS,
        summary="{{ $labels.site }}: Cloudflare and our own connector contradict each other",
        description="{{ $value }} tunnel(s) of {{ $labels.site }}: one witness says up, the other down, for 5 minutes.",
    ),
    _ticket(
        name="TunnelOneSiteLeft",
        expr=f"{BY_SITE} ({tunnel.EDGE_SITES.name} == 1 {_UP})",
        for_seconds=600,
        summary="{{ $labels.site }}: one more edge site lost and its tunnel is down",
        description="All connections of {{ $value }} tunnel(s) of {{ $labels.site }} end in one site of the edge.",
    ),
    _ticket(
        name="TunnelOriginFailing",
        expr=(
            f"100 * {_RATE.format(name=tunnel.REQUEST_ERRORS.name)}\n"
            f"/ ({_RATE.format(name=tunnel.REQUESTS.name)} > 0)"
            f" > {ORIGIN_ERROR_PERCENT}"
        ),
        for_seconds=120,
        summary="{{ $labels.site }}: the tunnel is well, the service behind it fails",
        description='{{ $value | printf "%.1f" }} % of requests at {{ $labels.site }} fail behind the tunnel.',
    ),
)
