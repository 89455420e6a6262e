"""A tunnel's golden signals: who vouches for it, its connections, where they end, and what fails behind it."""

from __future__ import annotations

from sankofa_exporters.model.signal import AT, Signal

from . import families as f

_ERRORS = f"sum by (tier, region, site, instance) (rate({f.REQUEST_ERRORS.name}{AT}[$__rate_interval]))"
_ASKED = f"sum by (tier, region, site, instance) (rate({f.REQUESTS.name}{AT}[$__rate_interval]))"

SIGNALS = (
    Signal(
        title="Witnesses",
        means="Connectors and the account's API that gave a verdict: with one, no second opinion; with none, TunnelNotKnown.",
        expr=f"{f.WITNESSES.name}{AT}",
        legend="{{site}} {{instance}}",
        decimals=0,
        worst="lowest",
        watch=2,
        bad=1,
    ),
    Signal(
        title="Redundancy",
        means="Ready connections of a connector over those it should have.",
        expr=f"{f.REDUNDANCY.name}{AT}",
        legend="{{site}} {{connector}}",
        unit="percentunit",
        worst="lowest",
        watch=1,
        bad=0.5,
    ),
    Signal(
        title="Edge sites",
        means="Distinct places where live connections end: with one, that place decides (TunnelOneSiteLeft).",
        expr=f"{f.EDGE_SITES.name}{AT}",
        legend="{{site}} {{instance}}",
        decimals=0,
        worst="lowest",
        watch=2,
        bad=1,
    ),
    Signal(
        title="Share of errors",
        means="Requests that failed between connector and origin: the service behind the tunnel (TunnelOriginFailing).",
        expr=f"{_ERRORS}\n/ ({_ASKED} > 0)",
        legend="{{site}} {{instance}}",
        unit="percentunit",
        watch=0.01,
        bad=0.05,
    ),
    Signal(
        title="Requests",
        means="A second, taken from the edge.",
        expr=_ASKED,
        legend="{{site}} {{instance}}",
        unit="reqps",
    ),
    Signal(
        title="Round trip to the edge",
        means="Of live QUIC connections; HTTP/2 measures none.",
        expr=f"max by (tier, region, site, instance) ({f.RTT.name}{AT})",
        legend="{{site}} {{instance}}",
        unit="s",
        watch=0.1,
        bad=0.3,
    ),
)
