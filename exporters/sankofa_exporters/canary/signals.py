"""The canary's golden signals: what a user would have met at each address."""

from __future__ import annotations

from sankofa_exporters.model.signal import AT, Signal, at

from . import families as f

_BY = "sum by (tier, region, site, instance)"
_ASKED = f"{_BY} (rate({f.REQUESTS.name}{AT}[$__rate_interval]))"
_IN_TIME = " or ".join(
    f"rate({f.DURATION.name}_bucket" + at(f'tier="{tier}", le="{bound:g}"') + "[$__rate_interval])"
    for tier, bound in f.PROMISED_SECONDS.items()
)

SIGNALS = (
    Signal(
        title="Requests within the tier's bound",
        means="Share of all requests, failed ones included: 10 ms at the edge, 50 ms regional, 100 ms core (CanarySlow).",
        expr=f"{_BY} ({_IN_TIME})\n/ ({_ASKED} > 0)",
        legend="{{site}} {{instance}}",
        unit="percentunit",
        worst="lowest",
        watch=0.999,
        bad=0.99,
    ),
    Signal(
        title="Requests",
        means="A second, of which is known how they ended.",
        expr=_ASKED,
        legend="{{site}} {{instance}}",
        unit="reqps",
    ),
    Signal(
        title="Failed requests",
        means="A second, by what a user would meet (CanaryDown).",
        expr=f"sum by (tier, region, site, instance, outcome) (rate({f.FAILURES.name}{AT}[$__rate_interval]))",
        legend="{{site}} {{instance}} {{outcome}}",
        unit="reqps",
        watch=0.001,
        bad=0.1,
    ),
    Signal(
        title="Requests not known",
        means="A second, by what of ours was in the way: neither good nor bad (CanaryStarved).",
        expr=f"sum by (tier, region, site, instance, reason) (rate({f.NOT_KNOWN.name}{AT}[$__rate_interval]))",
        legend="{{site}} {{instance}} {{reason}}",
        unit="reqps",
    ),
    Signal(
        title="Time to the whole answer",
        means="The canary's own requests that were answered as expected; users are promised 10, 50 and 100 ms.",
        expr=f"sum by (le) (increase({f.DURATION.name}_bucket{AT}[$__rate_interval]))",
        legend="{{le}}",
        unit="s",
        shape="heat",
    ),
)
