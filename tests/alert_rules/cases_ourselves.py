"""When alerts about ourselves fire and when they do not: the platform, its money, its chain, its machines, and Prometheus."""

from __future__ import annotations

from collections.abc import Mapping

from tests.alert_rules.case import Case

OURS = 'job="sankofa-platform", instance="platform:9800", site="platform", tier="core", region="all"'
SELF = 'job="prometheus", instance="observer-1:9090", observer="observer-1"'
PLATFORM = {"tier": "core", "region": "all", "site": "platform", "system": "platform"}
WATCHED = {"tier": "all", "region": "all", "site": "all", "system": "observer", "observer": "observer-1"}
WEB = {"tier": "edge", "region": "r1", "site": "edge-1", "system": "blackbox"}

_UP = f"up{{{OURS}}}"
_AWAY = {_UP: "1x7 0x400"}  # answers for two minutes, and then no more


def ours(name: str, **labels: str) -> str:
    inner = "".join(f', {label}="{value}"' for label, value in labels.items())
    return f"sankofa_{name}{{{OURS}{inner}}}"


def silent_without_platform(*alerts: str, minute: float = 16) -> tuple[Case, ...]:
    """Where the platform was never heard, nothing that it would say is known."""
    return tuple(
        Case(alert=alert, world="no platform", unknown=True, series={_UP: "0x400"}, minute=minute) for alert in alerts
    )


def kept(alert: str, series: Mapping[str, str], value: str, *, said: str = "", minute: float = 30) -> Case:
    """What fired when the platform died fires half an hour later: its series end with it, as Prometheus ends them."""
    ending = {name: f"{values} stale" for name, values in series.items()}
    return Case(
        alert=alert,
        world="it fired, and the platform died",
        series={**ending, **_AWAY},
        minute=minute,
        said=said,
        fires=((PLATFORM, value),),
    )


_STAGE = ours("pipeline_last_success_timestamp_seconds", stage="observe")
_HEAD, _ASKED = ours("chain_head_timestamp_seconds"), ours("chain_asked_timestamp_seconds")
_HELD = ours("settlements", state="held")
_UNCLEAR, _STAKE = ours("undetermined_verdicts", slo="availability-edge"), ours("undetermined_at_stake", currency="USD")
_BROKEN = ours("errors_total", part="scheduler", kind="invariant_broken")
_NORTH, _EAST = (ours("observer_newest_slot_timestamp_seconds", observer=name) for name in ("north", "east"))
_FIRST, _SECOND = (ours("attestor_heard_timestamp_seconds", attestor=name) for name in ("first", "second"))
_OTHERWISE, _SAME = (ours("observer_verdicts", observer="north", alone=how) for how in ("otherwise", "the same"))
_WAITS = ours("waiting_seconds", kind="period", reason="slots")
_PERSON = ours("waiting_seconds", kind="verdict", reason="person")

PLATFORM_CASES = (
    Case(alert="PlatformDown", world="five scrapes failed", series={_UP: "1x7 0x20"}, minute=3.25, fires=((PLATFORM, "1"),)),
    Case(alert="PlatformDown", world="four scrapes failed", series={_UP: "1x7 0x3 1x20"}, minute=3),
    Case(alert="PlatformDown", world="up again for a minute: too little to believe it", series={_UP: "1x7 0x19 1x20"}, minute=8, fires=((PLATFORM, "1"),)),
    Case(alert="PlatformDown", world="up again for three minutes", series={_UP: "1x7 0x19 1x20"}, minute=10),
    Case(alert="PlatformDown", world="three down and three up in turn", series={_UP: "1x7 0 0 0 1 1 1 0 0 0 1 1 1 0 0 0 1 1 1"}, minute=5.75, fires=((PLATFORM, "1"),)),
    Case(alert="PlatformDown", world="nobody scrapes it any more", unknown=True, series={_UP: "1x7 stale"}, minute=10),
    Case(alert="PlatformDown", world="one of two processes", series={_UP: "1x40", _UP.replace("9800", "9801"): "0x40"}, minute=5, fires=((PLATFORM, "1"),)),
    Case(alert="PipelineStalled", world="no success for 17 minutes", series={_STAGE: "0x80"}, minute=17, fires=((PLATFORM, "17m 0s"),)),
    Case(alert="PipelineStalled", world="a tick ago", series={_STAGE: "0+15x80"}, minute=16),
    kept("PipelineStalled", {_STAGE: "-1000x7"}, "18m 25s"),
    Case(alert="InvariantBroken", world="once", series={_BROKEN: "0x7 1x400"}, minute=10, fires=((PLATFORM, ""),)),
    Case(alert="InvariantBroken", world="half an hour ago, and the platform was started anew since", series={_BROKEN: "0x7 1x80 0x100"}, minute=40),
    Case(alert="InvariantBroken", world="an old total, since Prometheus was started", series={_BROKEN: "3x80"}, minute=2),
    Case(alert="InvariantBroken", world="once, and the platform died", series={_BROKEN: "0x3 1x3 stale", **_AWAY}, minute=10, fires=((PLATFORM, ""),)),
    Case(alert="WaitingLong", world="a period for ten minutes past its bound", series={_WAITS: "4200x8", ours("waiting_seconds", kind="period", reason="source"): "3700x8"}, minute=1, fires=((PLATFORM, "10m 0s"),)),
    Case(alert="WaitingLong", world="a verdict for a day, which has a week", series={_PERSON: "86400x8", _WAITS: "0x8"}, minute=1),
    kept("WaitingLong", {_WAITS: "4200x7"}, "10m 0s"),
    *silent_without_platform("PipelineStalled", "InvariantBroken", "WaitingLong"),
)  # fmt: skip

_NOTHING = "NaN " * 60  # promtool takes no NaNx60
MONEY = (
    Case(alert="SettlementHeld", world="two held", series={_HELD: "2x40"}, minute=1, fires=((PLATFORM, "2"),)),
    Case(alert="SettlementHeld", world="none held", series={_HELD: "0x40"}, minute=1),
    Case(alert="SettlementHeld", world="one was held, and a person released it", series={_HELD: "1x7 0x40"}, minute=5),
    kept("SettlementHeld", {_HELD: "1x7"}, "1"),
    Case(alert="SettlementHeld", world="one was held, and the platform is elsewhere and holds none", series={f"{_HELD}": "1x7 stale", _HELD.replace("9800", "9801"): "_x9 0x40"}, minute=5),
    Case(alert="SettlementHeld", world="the same, and then nobody tells: what counts is what was told last", series={_HELD: "1x7 stale", _HELD.replace("9800", "9801"): "_x9 0x6 stale"}, minute=8),
    Case(alert="VerdictUndetermined", world="three of two SLOs", series={_UNCLEAR: "2x40", _UNCLEAR.replace("edge", "core"): "1x40", _STAKE: "500.5x40"}, minute=6, said=" 500.50 USD", fires=((PLATFORM, "3"),)),
    Case(alert="VerdictUndetermined", world="one, in two currencies, with nothing at stake in one of them", series={_UNCLEAR: "1x40", _STAKE: "0x40", _STAKE.replace("USD", "JPY"): "1250000x40"}, minute=6, said=" 1250000.00 JPY", fires=((PLATFORM, "1"),)),
    Case(alert="VerdictUndetermined", world="none", series={_UNCLEAR: "0x40", _STAKE: "0x40"}, minute=6),
    kept("VerdictUndetermined", {_UNCLEAR: "1x40", _STAKE: "500x40"}, "1", said=" 500.00 USD"),
    Case(alert="SettlementChainLate", world="the head stands for ten minutes and is asked for", series={_HEAD: "0x80", _ASKED: "0+15x80"}, minute=10, fires=((PLATFORM, "10m 0s"),)),
    Case(alert="SettlementChainLate", world="a block a minute ago", series={_HEAD: "0+15x80", _ASKED: "60+15x80"}, minute=10),
    Case(alert="SettlementChainLate", world="the chain does not answer: PipelineStalled says so", unknown=True, series={_HEAD: "0x80", _ASKED: "5x80"}, minute=20),
    Case(alert="SettlementChainLate", world="the chain never answered", unknown=True, series={_HEAD: _NOTHING, _ASKED: _NOTHING}, minute=10),
    kept("SettlementChainLate", {_HEAD: "0x7", _ASKED: "400x7"}, "6m 40s"),
    Case(alert="SettlementChainStalled", world="the head stands for half an hour and a minute", series={_HEAD: "0x160", _ASKED: "0+15x160"}, minute=31, fires=((PLATFORM, "31m 0s"),)),
    Case(alert="SettlementChainStalled", world="for a quarter of an hour", series={_HEAD: "0x160", _ASKED: "0+15x160"}, minute=15),
    Case(alert="SettlementChainStalled", world="it made a block again", series={_HEAD: "0x159 2400x20", _ASKED: "0+15x160 2400x20"}, minute=41),
    Case(alert="SettlementChainStalled", world="the chain does not answer", unknown=True, series={_HEAD: "0x160", _ASKED: "5x160"}, minute=35),
    kept("SettlementChainStalled", {_HEAD: "0x7", _ASKED: "1900x7"}, "31m 40s"),
    *silent_without_platform("SettlementHeld", "VerdictUndetermined"),
)  # fmt: skip

OBSERVERS = (
    Case(alert="AttestorSilent", world="one of two was never at work", series={_FIRST: "0x300", _SECOND: "0+15x300"}, minute=67, fires=((PLATFORM, "1"),)),
    Case(alert="AttestorSilent", world="an hour is not over", series={_FIRST: "0x300", _SECOND: "0+15x300"}, minute=58),
    kept("AttestorSilent", {_FIRST: "-4000x40", _SECOND: "0+15x40"}, "1"),
    Case(alert="AttestorSilent", world="one that was away was taken out of the settings", series={_FIRST: "-4000x7 stale", _SECOND: "0+15x160"}, minute=12),
    Case(alert="AttestorSilent", world="all are at work", series={_FIRST: "0+15x300", _SECOND: "0+15x300"}, minute=67),
    Case(alert="ObserverSilent", world="one of two stands since the beginning", series={_NORTH: "0x160", _EAST: "0+15x160"}, minute=37, fires=((PLATFORM, "1"),)),
    kept("ObserverSilent", {_NORTH: "-2000x40", _EAST: "0+15x40"}, "1"),
    Case(alert="ObserverSilent", world="one that stood was taken out of all agreements", series={_NORTH: "-2000x7 stale", _EAST: "0+15x160"}, minute=12),
    Case(alert="ObserverSilent", world="all count", series={_NORTH: "0+15x160"}, minute=37),
    Case(alert="ObserverDiffers", world="one that saw two promises otherwise", series={_OTHERWISE: "2x40", _SAME: "9x40"}, minute=6, fires=((PLATFORM, "2"),)),
    Case(alert="ObserverDiffers", world="all the same", series={_OTHERWISE: "0x40", _SAME: "9x40"}, minute=6),
    kept("ObserverDiffers", {_OTHERWISE: "2x40", _SAME: "9x40"}, "2"),
    Case(alert="ObserverClockOff", world="two seconds behind", series={ours("clock_offset_seconds", of="north"): "-2x40", ours("clock_offset_seconds", of="east"): "0.1x40"}, minute=6, fires=((PLATFORM, "2s"),)),
    Case(alert="ObserverClockOff", world="half a second ahead", series={ours("clock_offset_seconds", of="north"): "0.5x40"}, minute=6),
    *silent_without_platform("ObserverSilent", "ObserverDiffers", "ObserverClockOff", minute=37),
    *silent_without_platform("AttestorSilent", minute=67),
)  # fmt: skip


def _share(missed: str, every: str, of: str = "state") -> dict[str, str]:
    group = f'rule_group="{of}"'
    return {
        f"prometheus_rule_group_iterations_missed_total{{{SELF}, {group}}}": missed,
        f"prometheus_rule_group_iterations_total{{{SELF}, {group}}}": every,
    }


_BEGAN = f"process_start_time_seconds{{{SELF}}}"
RULER = (
    Case(alert="Watchdog", world="of an observer, by its name", series={f"up{{{SELF}}}": "1x40"}, minute=1, said="60.000", fires=((WATCHED, "1"),)),
    Case(alert="Watchdog", world="of a Prometheus that does not scrape itself", series={}, minute=1, said="60.000", fires=(({name: value for name, value in WATCHED.items() if name != "observer"}, "1"),)),
    Case(alert="RulerLate", world="one evaluation in five is missed", series=_share("0+1x80", "0+5x80"), minute=10, fires=((WATCHED, ""),)),
    Case(alert="RulerLate", world="one group misses half of its own, among many in time", series=_share("0+0.5x80", "0+1x80") | _share("0x80", "0+50x80", of="others"), minute=10, fires=((WATCHED, ""),)),
    Case(alert="RulerLate", world="a slow group misses its only one", series=_share("0x20 1x80", "0x20 1x80") | _share("0x80", "0+4x80", of="others"), minute=7),
    Case(alert="RulerLate", world="one in twenty is missed", series=_share("0+1x80", "0+20x80"), minute=10),
    Case(alert="RulerLate", world="it kept up again ten minutes ago", series=_share("0+1x20 20x80", "0+5x20 100+5x80"), minute=15),
    Case(alert="RulerLate", world="it restarted twice in three minutes", series={_BEGAN: "1x20 2x5 3x80"}, minute=8, fires=((WATCHED, ""),)),
    Case(alert="RulerLate", world="it restarted once", series={_BEGAN: "1x20 2x80"}, minute=8),
    Case(alert="RulerLate", world="it does not scrape itself", unknown=True, series={_UP: "1x40"}, minute=8),
)  # fmt: skip

_DISK = ours("disk_free_ratio", role="slots")
_CERTIFICATE = 'probe_ssl_earliest_cert_expiry{job="blackbox", instance="shop", site="edge-1", tier="edge", region="r1", system="blackbox"}'
_NODE = _CERTIFICATE.replace("probe_ssl_earliest_cert", "sankofa_pve_certificate").replace("expiry{", "expiry_timestamp_seconds{").replace("blackbox", "proxmox")  # fmt: skip
_OWN = 'sankofa_exporter_web_certificate_expiry_timestamp_seconds{job="sankofa-exporter", instance="a", system="ceph", observer="observer-1"}'
_BOX = _CERTIFICATE.replace("probe_ssl_earliest_cert_expiry", "up")
MACHINES = (
    Case(alert="DiskFilling", world="a twentieth is left", series={_DISK: "0.05x40"}, minute=6, fires=((PLATFORM, "1"),)),
    Case(alert="DiskFilling", world="half is left", series={_DISK: "0.5x40"}, minute=6),
    Case(alert="DiskFilling", world="half is left, and tomorrow nothing will be", series={_DISK: "0.8-0.0002x1500"}, minute=370, fires=((PLATFORM, "1"),)),
    Case(alert="DiskFilling", world="it fell for an hour: too short to say", series={_DISK: "0.8-0.0002x240"}, minute=59),
    Case(alert="CertificateExpiring", world="nine and a half days", series={_CERTIFICATE: f"{9.5 * 86400 + 60}x40"}, minute=1, fires=((WEB, "9.5"),)),
    Case(alert="CertificateExpiring", world="one day, as an exporter has seen it", series={_NODE: f"{86400 + 60}x40"}, minute=1, fires=(({**WEB, "system": "proxmox"}, "1.0"),)),
    Case(alert="CertificateExpiring", world="two days, of an exporter itself", series={_OWN: f"{2 * 86400 + 60}x40"}, minute=1, fires=(({"tier": "all", "region": "all", "site": "observer-1", "system": "ceph"}, "2.0"),)),
    Case(alert="CertificateExpiring", world="a month", series={_CERTIFICATE: f"{30 * 86400}x40"}, minute=1),
    Case(alert="CertificateExpiring", world="nobody looks", unknown=True, series={_BOX: "0x40"}, minute=1),
    Case(alert="UpstreamDown", world="for five minutes", series={_BOX: "1x4 0x40"}, minute=7, fires=((WEB, "1"),)),
    Case(alert="UpstreamDown", world="now and then", series={_BOX: "0 0 0 1 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0"}, minute=6),
    Case(alert="UpstreamDown", world="of our own exporters ExporterDown speaks", series={_BOX.replace('"blackbox"', '"sankofa-ceph"', 1): "0x40"}, minute=7),
    Case(alert="UpstreamDown", world="it is scraped no more", unknown=True, series={_BOX: "1x4 stale"}, minute=7),
    *silent_without_platform("DiskFilling"),
)  # fmt: skip

CASES = (*PLATFORM_CASES, *MONEY, *OBSERVERS, *RULER, *MACHINES)
