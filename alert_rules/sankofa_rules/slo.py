"""The promises that are watched for burning, and how one step of each is counted.

A step is one evaluation of the base series: bad and valid samples (state) or events (counters) since the last one. Steps
are summed over windows elsewhere; a ratio is formed once, from sums, at the very end. Alerts only: money is counted from
raw samples by the platform, never from these series.
"""

from __future__ import annotations

from dataclasses import dataclass

from sankofa_exporters.besu.node import families as besu
from sankofa_exporters.proxmox import families as pve
from sankofa_observe import telemetry
from sankofa_observe.slo.burn_rate import BURN_WINDOWS, unprovable
from sankofa_observe.units import PPM

from .rule import Record, duration, half_open

STEP_SECONDS = 60
BY_SITE = "sum by (tier, region, site)"
WILSON_Z2 = "3.8416"  # 1.96 squared: 95 %, two sided


@dataclass(frozen=True, kw_only=True)
class StateSignal:
    """Up or down at each scrape. The exporters' pair never says up and unknown, so known - up is what was seen down."""

    up: str
    known: str

    def valid(self, matcher: str, step_seconds: int) -> str:
        return f"{BY_SITE} (sum_over_time({self.known}{matcher}[{half_open(step_seconds)}]))"

    def bad(self, matcher: str, step_seconds: int) -> str:
        up = f"{BY_SITE} (sum_over_time({self.up}{matcher}[{half_open(step_seconds)}]))"
        return f"{self.valid(matcher, step_seconds)} - {up}"


@dataclass(frozen=True, kw_only=True)
class LatencySignal:
    """Calls at or under a bound that is a bucket of the histogram; calls in a step whose end is unknown do not count."""

    histogram: str
    le: str
    known: str

    def valid(self, matcher: str, step_seconds: int) -> str:
        return f"{BY_SITE} (increase({self.histogram}_count{matcher}[{duration(step_seconds)}]) {self._while_known(matcher)})"

    def bad(self, matcher: str, step_seconds: int) -> str:
        bucket = f'{self.histogram}_bucket{{{matcher.strip("{}")}{"," if matcher else ""}le="{self.le}"}}'
        good = f"{BY_SITE} (increase({bucket}[{duration(step_seconds)}]) {self._while_known(matcher)})"
        # Extrapolation stops at zero for each counter alone, so a young bucket may seem to outrun its count.
        return f"clamp_min({self.valid(matcher, step_seconds)} - {good}, 0)"

    def _while_known(self, matcher: str) -> str:
        return f"and on (job, instance) ({self.known}{matcher} == 1)"


@dataclass(frozen=True, kw_only=True)
class WatchedSlo:
    """One promise of a whole tier (or of every site that has the series, when `tier` is empty)."""

    name: str
    system: str
    signal: StateSignal | LatencySignal
    target_ppm: int
    tier: str = ""
    scrape_seconds: int = 15

    def __post_init__(self) -> None:
        for window in BURN_WINDOWS:
            reason = unprovable(window, self.target_ppm, self.scrape_seconds)
            if reason is not None:
                raise ValueError(f"slo {self.name}: the row of {duration(window.long_seconds)} {reason}")

    @property
    def labels(self) -> dict[str, str]:
        return {"slo": self.name, "system": self.system}

    def base(self, step_seconds: int) -> tuple[Record, ...]:
        """The series of this promise: bad and valid of a step, its budget, and for calls its gate."""
        matcher = f'{{tier="{self.tier}"}}' if self.tier else ""
        # Scrapes are a census of time; calls are draws from it, and few of them prove little (Wilson's lower bound).
        gate = Record(record=telemetry.SLO_PAGE_GATE, expr=f"vector({WILSON_Z2})", labels={"slo": self.name})
        return (
            Record(record=telemetry.SLO_VALID_STEP, expr=self.signal.valid(matcher, step_seconds), labels=self.labels),
            Record(record=telemetry.SLO_BAD_STEP, expr=self.signal.bad(matcher, step_seconds), labels=self.labels),
            Record(record=telemetry.SLO_BUDGET, expr=f"vector({PPM - self.target_ppm})", labels={"slo": self.name}),
            *((gate,) if isinstance(self.signal, LatencySignal) else ()),
        )


SLOS = (
    WatchedSlo(
        name="availability-edge",
        system="proxmox",
        tier="edge",
        signal=StateSignal(up=pve.UP.name, known=pve.KNOWN.name),
        target_ppm=995_000,
    ),
    WatchedSlo(
        name="latency-chain-query",
        system="besu",
        signal=LatencySignal(
            histogram=besu.CALL_DURATION.name, le=f"{besu.CALL_OBJECTIVE_SECONDS:g}", known=besu.KNOWN.name
        ),
        target_ppm=990_000,
    ),
)
