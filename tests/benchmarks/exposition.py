"""100,000 series: samples to a gzip'd text body, ours against client_python, the same bytes before compression."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from sankofa_exporters.model.exposition import encode, render_text
from sankofa_exporters.model.family import Family, Sample
from sankofa_exporters.serving import garbage

from .report import Table, less

FAMILIES, SERIES, ROUNDS = 20, 5_000, 5
LABELS = ("guest", "node", "kind")


def run() -> Table:
    garbage.calm()  # as in a serving process; both sides have it
    values = [_value(number, 0) for number in range(SERIES)]
    labels = [(f"qemu/{number}", f"pve{number % 16}", "qemu") for number in range(SERIES)]
    families = [
        Family(name=f"sankofa_bench_{n}", help="A family of the benchmark.", labels=LABELS) for n in range(FAMILIES)
    ]
    theirs = _Theirs(families, values, labels)

    def build() -> list[Sample]:
        return [
            Sample(family, value, label) for family in families for value, label in zip(values, labels, strict=True)
        ]

    if render_text(build()).encode() != theirs.text():
        raise AssertionError("the two bodies differ")

    def change(turn: int) -> None:
        values[:] = [_value(number, turn) for number in range(SERIES)]

    def renew(samples: list[Sample], turn: int) -> None:
        change(turn)
        samples[:] = build()

    ours = _best(lambda: encode(build(), accept_encoding="gzip"), change)
    samples = build()
    render = _best(lambda: encode(samples, accept_encoding="gzip"), lambda turn: renew(samples, turn))
    same = _best(lambda: encode(samples, accept_encoding="gzip"), lambda _turn: None)
    peer = _best(lambda: gzip.compress(theirs.text(), 9), change)
    at_level_1 = _best(lambda: gzip.compress(theirs.text(), 1), change)
    return Table(
        title="Exposition of 100,000 series",
        peer="client_python",
        how=(
            f"{FAMILIES} families of {SERIES:,} series with three labels, from values to a compressed body, CPU of the "
            f"best of {ROUNDS} rounds; a third each of counts, byte counts and ratios, every one of them new in each round. The bodies "
            "are compared first: they are equal byte for byte."
        ),
        rows=(
            less("CPU, each with its own gzip level (1 and 9)", ours, peer, "s", 3),
            less("CPU, both with gzip level 1", ours, at_level_1, "s", 3),
            less("CPU, level 1, samples at hand (the peer as before)", render, at_level_1, "s", 3),
            less("CPU, level 1, samples at hand and no value new (the peer as before)", same, at_level_1, "s", 3),
        ),
        notes=(
            "Label texts are remembered from scrape to scrape, and lines while their value stays; the first is slower.",
        ),
    )


def _value(number: int, turn: int) -> float:
    return (float(number + turn), (number + turn) * 1_048_576.0, (number + turn) / SERIES)[number % 3]


class _Theirs:
    """client_python's way: metric objects made for each scrape, then `generate_latest`."""

    def __init__(self, families: Sequence[Family], values: Sequence[float], labels: Sequence[tuple[str, ...]]) -> None:
        self._families, self._values, self._labels = families, values, labels
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def collect(self) -> list[Metric]:
        found: list[Metric] = []
        for family in self._families:
            metric = GaugeMetricFamily(family.name, family.help, labels=LABELS)
            for value, label in zip(self._values, self._labels, strict=True):
                metric.add_metric(label, value)
            found.append(metric)
        return found

    def text(self) -> bytes:
        return generate_latest(self._registry)


def _best(work: Callable[[], object], change: Callable[[int], None]) -> float:
    durations = []
    for turn in range(1, ROUNDS + 1):
        change(turn)
        started = time.process_time()
        work()
        durations.append(time.process_time() - started)
    return min(durations)
