"""What paging costs Prometheus: our rules for 1,300 site-SLOs, and in one run as many SLOs in the shape of sloth.

A real Prometheus is filled by remote write with raw samples of all sites, past and to come, and with the steps that ours would have
recorded; then its rule manager evaluates one set, and after that the other one.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from deploy.lab.client import local
from deploy.parts import CHECKOUT
from sankofa_observe.slo.burn_rate import BURN_WINDOWS
from sankofa_observe.units import Period
from sankofa_rules.book import Edition, documents
from sankofa_rules.durations import duration
from sankofa_rules.slo import watched_slos

from .filled import Filled, filled
from .remote_write import Series
from .report import Row, Table, less

SITES, SCRAPE, HOURS = 325, 15, 6
MEASURED_SECONDS, SOON_SECONDS = 60, 900
FASTER = 6  # ours is evaluated so many times as often as it is, or a minute would hold one evaluation
SLOTH_SECONDS = 30
TO_COME = 1200
SPECS = CHECKOUT / "deploy" / "specs"
EDGE, CALLS = "availability-edge", "latency-edge-user"
FOUR = {  # by name, what it is made from, and what it reads instead
    EDGE: (EDGE, {}),
    CALLS: (CALLS, {}),
    "tunnel-edge": (EDGE, {EDGE: "tunnel-edge", "proxmox-cluster-up": "tunnel-up"}),
    "latency-chain-edge": ("latency-chain-query", {"latency-chain-query": "latency-chain-edge", "tier: regional": "tier: edge"}),
}  # fmt: skip
RAW = {  # by job: what says good, and what says how many; counters grow
    "sankofa-proxmox": ("sankofa_pve_up", "sankofa_pve_known"),
    "sankofa-cloudflare": ("sankofa_tunnel_up", "sankofa_tunnel_known"),
    "sankofa-canary": ('sankofa_canary_request_duration_seconds_bucket{le="0.01"}', "sankofa_canary_requests_total"),
    "sankofa-besu": ('sankofa_besu_eth_call_duration_seconds_bucket{le="0.2"}', "sankofa_besu_eth_call_duration_seconds_count"),
}  # fmt: skip
OF_JOB = dict(zip(RAW, (EDGE, "tunnel-edge", CALLS, "latency-chain-edge"), strict=True))
WINDOWS = sorted({s for row in BURN_WINDOWS for s in (row.long_seconds, row.short_seconds)})


@dataclass(frozen=True, kw_only=True)
class RuleSite:
    """A site whose sources are scraped in step; one scrape in 500 is bad."""

    name: str
    steps_until: int

    def series(self, period: Period) -> Iterator[Series]:
        times = range(-(-period.starts_at // SCRAPE) * SCRAPE, period.ends_at, SCRAPE)
        for job, (good, valid) in RAW.items():
            counts = job in {"sankofa-canary", "sankofa-besu"}
            for selector, lost in ((good, True), (valid, False)):
                values = [self._value(at, counts=counts, lost=lost) for at in times]
                yield self._series(selector, [1000 * at for at in times], values, job=job, instance=self.name)
        minutes = range(-(-period.starts_at // 60) * 60, min(period.ends_at, self.steps_until), 60)
        for job, slo in OF_JOB.items():
            system = job.removeprefix("sankofa-")
            for record, values in (
                ("bad", [float(at // 60 % 125 == 0) for at in minutes]),
                ("valid", [1.0] * len(minutes)),
            ):
                name = f"sankofa:slo_{record}:step"
                yield self._series(name, [1000 * at for at in minutes], values, slo=slo, system=system)

    def _value(self, at: int, *, counts: bool, lost: bool) -> float:
        scrape = at // SCRAPE
        if counts:
            return 5.0 * scrape - (scrape // 500 if lost else 0)
        return float(not (lost and scrape % 500 == 0))

    def _series(self, selector: str, times: Sequence[int], values: Sequence[float], **labels: str) -> Series:
        name, _, bound = selector.partition('{le="')
        le = {"le": bound.removesuffix('"}')} if bound else {}
        place = {"tier": "edge", "region": f"r{int(self.name[-3:]) % 13}", "site": self.name}
        return Series(labels={"__name__": name, **place, **labels, **le}, times=times, values=values)


def run() -> Table:
    now = int(time.time()) // 60 * 60
    sites = [RuleSite(name=f"edge-{nth:03}", steps_until=now + SOON_SECONDS) for nth in range(SITES)]
    written = Period(starts_at=now - HOURS * 3600, ends_at=now + TO_COME)
    with filled(sites, written) as prometheus, tempfile.TemporaryDirectory() as folder:
        prometheus.settle()
        ours, sloth = _ours(Path(folder)), _sloth([site.name for site in sites])
        idle = _measured(prometheus, {"groups": []})
        cpu = (_measured(prometheus, ours) - idle) / FASTER
        peer = _measured(prometheus, sloth) - idle
        version = prometheus.version()
    count = {
        what: sum(len(group["rules"]) for group in one["groups"]) for what, one in (("ours", ours), ("peer", sloth))
    }
    return Table(
        title=f"Rules for {len(FOUR) * SITES:,} site-SLOs: {len(FOUR)} SLOs of {SITES} sites",
        peer="sloth's shape",
        how=(
            f"Prometheus {version} holds {HOURS} hours of raw samples of all sites, each {SCRAPE} s, and evaluates one set of rules after "
            "the other; what it spends without rules is taken off. Ours is that of `rules generate` on four SLOs, two of states and two "
            f"of events, evaluated {FASTER} times as often as it is, and divided. Sloth makes rules an SLO, and a site is one: seven "
            f"ratios of raw samples, a mean of 30 days, seven of metadata and two alerts, each {SLOTH_SECONDS} s."
        ),
        rows=[
            less("CPU of Prometheus a minute", cpu, peer, "s", 2),
            Row(
                what="rules",
                ours=f"{count['ours']:,}",
                peer=f"{count['peer']:,}",
                ratio=f"{count['peer'] / count['ours']:,.0f} x",
            ),
        ],
        notes=[
            f"Windows of days hold {HOURS} hours here, of both: a full one costs ours a sample a minute more, and sloth's four.",
            "Measured and shown. That the number of our rules grows with SLOs and never with sites is a test.",
        ],
    )


def _ours(folder: Path) -> Mapping[str, Any]:
    """The SLO rules of a folder with four SLOs, at a quicker pace."""
    specs = folder / "specs"
    shutil.copytree(SPECS / "slis", specs / "slis")
    for name, (source, changes) in FOUR.items():
        text = (SPECS / "slos" / f"{source}.yaml").read_text(encoding="utf-8")
        for old, new in changes.items():
            text = text.replace(old, new)
        (specs / f"{name}.yaml").write_text(text, encoding="utf-8")
    assert watched_slos(specs).promised == set(FOUR)
    document: dict[str, Any] = yaml.safe_load(documents(Edition(specs=specs))["slo.yaml"])
    for group in document["groups"]:
        group["interval"] = f"{int(group['interval'].removesuffix('m')) * 60 // FASTER}s"
    return document


def _sloth(sites: Sequence[str]) -> Mapping[str, Any]:
    """A group a site-SLO, with the rules that sloth writes for one."""
    every = [(site, job) for site in sites for job in RAW]
    return {"groups": [_group(f"{OF_JOB[job]}-{site}", site, job) for site, job in every]}


def _group(name: str, site: str, job: str) -> Mapping[str, Any]:
    labels = {"sloth_id": name, "sloth_service": "edge", "sloth_slo": OF_JOB[job]}
    of = f'{{sloth_id="{name}"}}'
    rules: list[dict[str, Any]] = [
        {
            "record": f"slo:sli_error:ratio_rate{duration(window)}",
            "expr": _ratio(site, job, duration(window)),
            "labels": labels,
        }
        for window in WINDOWS
    ]
    short = f"slo:sli_error:ratio_rate5m{of}"
    mean = f"sum_over_time({short}[30d]) / count_over_time({short}[30d])"
    metadata = {
        "slo:sli_error:ratio_rate30d": mean, "slo:objective:ratio": "vector(0.995)", "slo:error_budget:ratio": "vector(1-0.995)",
        "slo:time_period:days": "vector(30)", "slo:current_burn_rate:ratio": f"{short} / on(sloth_id) group_left slo:error_budget:ratio{of}",
        "slo:period_burn_rate:ratio": f"slo:sli_error:ratio_rate30d{of} / on(sloth_id) group_left slo:error_budget:ratio{of}",
        "slo:period_error_budget_remaining:ratio": f"1 - slo:period_burn_rate:ratio{of}", "sloth_slo_info": "vector(1)",
    }  # fmt: skip
    rules += [{"record": record, "expr": expr, "labels": labels} for record, expr in metadata.items()]
    rules += [
        {"alert": f"{severity}", "expr": _alert(of, severity), "labels": labels} for severity in ("page", "ticket")
    ]
    return {"name": name, "interval": f"{SLOTH_SECONDS}s", "rules": rules}


def _ratio(site: str, job: str, window: str) -> str:
    good, valid = (_at(selector, site, job) for selector in RAW[job])
    function = "rate" if job in {"sankofa-canary", "sankofa-besu"} else "sum_over_time"
    every = f"sum({function}({valid}[{window}]))"
    return f"({every} - sum({function}({good}[{window}]))) / {every}"


def _at(selector: str, site: str, job: str) -> str:
    name, _, rest = selector.partition("{")
    return f'{name}{{{rest.removesuffix("}")}{"," if rest else ""}job="{job}",site="{site}"}}'


def _alert(of: str, severity: str) -> str:
    rows = [row for row in BURN_WINDOWS if row.severity == severity]
    return " or ".join(
        "(" + " and ".join(
            f"max(slo:sli_error:ratio_rate{duration(seconds)}{of} > ({float(row.factor)} * 0.005)) without (sloth_window)"
            for seconds in (row.short_seconds, row.long_seconds)
        ) + ")"
        for row in rows
    )  # fmt: skip


def _measured(prometheus: Filled, rules: Mapping[str, Any]) -> float:
    """CPU in a minute of evaluating these, after each was evaluated once."""
    file = prometheus.config.with_name("rules.yaml")
    file.write_text(yaml.dump(rules, Dumper=yaml.CSafeDumper), encoding="utf-8")
    config = yaml.safe_load(prometheus.config.read_text(encoding="utf-8")) | {"rule_files": [str(file)]}
    prometheus.config.write_text(yaml.safe_dump(config), encoding="utf-8")
    prometheus.child.process.send_signal(signal.SIGHUP)
    _wait_until_evaluated(prometheus, len(rules["groups"]))
    before, started = prometheus.cpu(), time.monotonic()
    time.sleep(MEASURED_SECONDS)
    return (prometheus.cpu() - before) * MEASURED_SECONDS / (time.monotonic() - started)


def _wait_until_evaluated(prometheus: Filled, groups: int) -> None:
    deadline = time.monotonic() + SOON_SECONDS
    while time.monotonic() < deadline:
        found = local.get(f"{prometheus.url}/api/v1/rules", timeout=60).json()["data"]["groups"]
        if len(found) == groups and all(not one["lastEvaluation"].startswith("0001") for one in found):
            return
        time.sleep(1)
    raise TimeoutError(f"not all of {groups} groups of rules were evaluated within {SOON_SECONDS} s")
