"""The generated part of docs/reference/integrations.md: each entry as a person reads it, and which promises lean on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from deploy.integrations.render import CATALOGUE
from sankofa_observe.adapters.integrations.models import Histogram, IndicatorShape, Integration

SLOS = Path(__file__).parents[1] / "specs" / "slos"
KINDS = {
    "real": "the program itself",
    "double": "the program, reading a double",
    "made": "our exporter, from recorded answers",
}


def integrations_page() -> str:
    users = promises_by_indicator()
    sections = "\n".join(_section(entry, users) for entry in CATALOGUE.entries.values())
    return f"{_index()}\n{sections}"


def promises_by_indicator() -> Mapping[str, Sequence[str]]:
    """The SLOs under deploy/specs/slos that name each indicator."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(SLOS.rglob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            if (name := document["spec"].get("indicatorRef")) is not None:
                found[name].append(document["metadata"]["name"])
    return found


def _index() -> str:
    rows = (
        (f"[{entry.title}](#{_anchor(entry)})", f"`{entry.spec.scrape.job}`", _kinds(entry), _names(entry))
        for entry in CATALOGUE.entries.values()
    )
    return _table(("Integration", "Job", "Tried on", "Indicators"), rows)


def _anchor(entry: Integration) -> str:
    return entry.title.lower().replace(" ", "-")


def _kinds(entry: Integration) -> str:
    return ", ".join(dict.fromkeys(KINDS[one.kind] for one in entry.spec.recorded))


def _names(entry: Integration) -> str:
    return ", ".join(f"`{one.name}`" for one in entry.spec.indicators)


def _section(entry: Integration, users: Mapping[str, Sequence[str]]) -> str:
    spec = entry.spec
    lines = [f"## {entry.title}", "", spec.of, ""]
    lines += [
        f"- {line}"
        for line in (*_scrape(entry), f"*Good*: {spec.good}", f"*Bad*: {spec.bad}", f"*Unknown*: {spec.unknown}")
    ]
    if isinstance(spec.latency, Histogram):
        bounds = ", ".join(spec.latency.bounds_seconds)
        lines.append(f"- *Latency*: `{spec.latency.histogram}`, at {bounds} s.")
    else:
        lines.append(f"- *Latency*: none. {spec.latency.refused} Instead: {spec.latency.instead}.")
    head = ("Indicator", "What it measures", "Series", "Read as", "Promises")
    parts = [
        "\n".join(lines),
        _table(head, (_indicator(one, users) for one in spec.indicators)),
        _table(("Golden metric", "Why"), ((f"`{one.metric}`", one.why) for one in spec.golden)),
        _table(("What it says", "What is so"), ((one.says, one.truth) for one in spec.lies)),
        _table(
            ("Recorded", "Of", "How"), ((f"`{Path(one.file).name}`", one.program, one.how) for one in spec.recorded)
        ),
    ]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _scrape(entry: Integration) -> Iterator[str]:
    scrape, target = entry.spec.scrape, entry.spec.target
    if scrape.exporter:
        yield f"Job `{scrape.job}`: `sankofa-exporter {entry.name}`, which Prometheus asks for its targets too."
        yield f"Labels: {_labels(entry)}, and those that the fleet file gives a target."
        return
    asked = "".join(f", {name} {' '.join(values)}" for name, values in scrape.params.items())
    through = f" through the agent at `{scrape.agent.address}`" if scrape.agent else ""
    yield f"Job `{scrape.job}`: `{scrape.path}`{asked}{through}."
    if scrape.agent and scrape.agent.config:
        name = scrape.agent.config
        yield f"The agent's settings: [`{name}`](../../deploy/integrations/agents/{name})."
    if scrape.keep:
        yield f"Kept of an answer: series whose `{scrape.keep.label}` is the target's `{scrape.keep.equals}`, and those without."
    if target:
        labels = f", with labels {', '.join(f'`{one}`' for one in target.labels)}" if target.labels else ""
        yield f"A target's `address` in the fleet file: {target.address}{labels}."
    yield f"Labels: {_labels(entry)}."


def _labels(entry: Integration) -> str:
    return ", ".join(f"`{one}`" for one in entry.spec.identity)


def _indicator(one: IndicatorShape, users: Mapping[str, Sequence[str]]) -> tuple[str, str, str, str, str]:
    if one.state:
        series, read = f"up `{one.state.up}`, known `{one.state.known}`", "state"
    elif one.events:
        side = "good" if one.events.good else "bad"
        series, read = f"{side} `{one.events.counted}`, of `{one.events.total}`", "events"
    else:
        series, read = _level(one)
    return (
        f"`{one.name}`",
        one.measures,
        series,
        read,
        ", ".join(f"`{name}`" for name in users.get(one.name, ())) or "-",
    )


def _level(one: IndicatorShape) -> tuple[str, str]:
    level = one.level
    assert level is not None  # noqa: S101  the caller looked
    above = f" above {level.demand.above:,}" if level.demand and level.demand.above else ""
    waiting = f", demand `{level.demand.waiting}`{above}" if level.demand else ""
    words = {"value": f"level, {level.unit}", "rate": f"growth, {level.unit}", "age": "age, s"}
    several = ", added up" if level.total else f", {level.combine} of them" if level.combine else ""
    return f"`{level.of}`{waiting}", words[level.reading] + several


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)
