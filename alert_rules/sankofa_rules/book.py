"""All rules together: what is written to `generated/`, what is recorded, what can fire."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from sankofa_exporters.registry import SYSTEM_NAMES

from . import board, burn, now, ourselves, platform
from .metrics import TARGET_LABELS
from .pace import SCRAPE_SECONDS
from .rule import LINKS, Alert, Group, Links, Record
from .slo import SPECS, STEP_SECONDS, watched_slos

SYSTEMS: dict[str, tuple[Alert, ...]] = {
    name: importlib.import_module(f"{__package__}.{name}").ALERTS
    for name in SYSTEM_NAMES
    if importlib.util.find_spec(f"{__package__}.{name}")
}
"""Of each system what can break in it, where a module of its name says so; its state is watched without one."""
GENERATED = Path(__file__).parents[1] / "generated"
HEADER = "# Written by `python -m sankofa_rules --write`; change alert_rules/sankofa_rules and run it again.\n"
RECORDED_LABELS = frozenset(
    {
        "slo",
        "system",
        "tier",
        "region",
        "site",
        "observer",
        "fault",
        "derived",
        "instance",
        "currency",
        "kind",
        "reason",
    }
)


@dataclass(frozen=True, kw_only=True)
class Edition:
    """For whom rules are made: whose SLOs, at which paces, and where links lead; as committed without a word."""

    specs: Path = SPECS
    step_seconds: int = STEP_SECONDS  # of the SLO rules
    scrape_seconds: int = SCRAPE_SECONDS  # of Prometheus, which evaluates as often
    links: Links = LINKS


COMMITTED = Edition()


class _Yaml(yaml.SafeDumper):
    """Long expressions as literal blocks: a diff of a rule must be readable."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Yaml.add_representer(str, _text)


def groups_by_file(edition: Edition = COMMITTED) -> dict[str, tuple[Group, ...]]:
    """The quick ones, those of systems and of ourselves, are evaluated at the server's own interval."""
    return {
        "state.yaml": now.groups(edition.scrape_seconds),
        "slo.yaml": burn.groups(watched_slos(edition.specs), edition.step_seconds),
        "board.yaml": board.groups(),
        **{f"{name}.yaml": (Group(name=f"sankofa-{name}", rules=alerts),) for name, alerts in SYSTEMS.items()},
        "platform.yaml": platform.GROUPS,
        "ourselves.yaml": ourselves.groups(edition.scrape_seconds),
    }


def documents(edition: Edition = COMMITTED) -> dict[str, str]:
    """File name to the text that Prometheus loads."""
    notes = {"slo.yaml": "".join(f"# {note}\n" for note in watched_slos(edition.specs).notes)}
    return {
        name: HEADER
        + notes.get(name, "")
        + yaml.dump(
            {"groups": [group.document(edition.links) for group in groups]},
            Dumper=_Yaml,
            sort_keys=False,
            width=1000,
            allow_unicode=True,
        )
        for name, groups in groups_by_file(edition).items()
    }


def write(folder: Path, edition: Edition = COMMITTED) -> list[Path]:
    """Write the rule files; the paths are what Prometheus' `rule_files` names."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in documents(edition).items():
        (folder / name).write_text(text)
        written.append(folder / name)
    return written


def stale(folder: Path = GENERATED, edition: Edition = COMMITTED) -> list[Path]:
    """Files that differ from what the code says, are missing, or should not be there."""
    expected = {folder / name: text for name, text in documents(edition).items()}
    return sorted(
        path
        for path in {*expected, *folder.glob("*.yaml")}
        if path not in expected or not path.exists() or path.read_text() != expected[path]
    )


def rules() -> Iterator[Record | Alert]:
    for groups in groups_by_file().values():
        for group in groups:
            yield from group.rules


def alerts() -> tuple[Alert, ...]:
    return tuple(rule for rule in rules() if isinstance(rule, Alert))


def recorded_labels() -> dict[str, frozenset[str]]:
    """Series that these rules record, and `ALERTS`, with the labels a query may name."""
    recorded = {rule.record: RECORDED_LABELS for rule in rules() if isinstance(rule, Record)}
    fired = RECORDED_LABELS | TARGET_LABELS | {"alertname", "alertstate", "severity", "scope", "storm"}
    return recorded | {"ALERTS": fired}
