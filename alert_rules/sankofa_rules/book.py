"""All rules together: what is written to `generated/`, what is recorded, what can fire.

`documents()` with another step gives the same rules at another pace, for a lab that scrapes every second.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from . import besu, board, burn, canary, ceph, cloudflare, now, ourselves, platform, proxmox
from .metrics import TARGET_LABELS
from .pace import SCRAPE_SECONDS
from .rule import LINKS, Alert, Group, Links, Record
from .slo import SPECS, STEP_SECONDS, watched

SYSTEMS = {
    "besu": besu.ALERTS,
    "canary": canary.ALERTS,
    "ceph": ceph.ALERTS,
    "cloudflare": cloudflare.ALERTS,
    "proxmox": proxmox.ALERTS,
}
GENERATED = Path(__file__).parents[1] / "generated"
HEADER = "# Written by `python -m sankofa_rules --write`; change alert_rules/sankofa_rules and run it again.\n"
RECORDED_LABELS = frozenset({"slo", "system", "tier", "region", "site", "observer", "fault", "derived", "instance"})


class _Yaml(yaml.SafeDumper):
    """Long expressions as literal blocks: a diff of a rule must be readable."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Yaml.add_representer(str, _text)


def groups_by_file(
    step_seconds: int = STEP_SECONDS, specs: Path = SPECS, scrape_seconds: int = SCRAPE_SECONDS
) -> dict[str, tuple[Group, ...]]:
    """The quick ones, those of systems and of ourselves, are evaluated at the server's own interval."""
    return {
        "state.yaml": now.groups(scrape_seconds),
        "slo.yaml": burn.groups(watched(specs), step_seconds),
        "board.yaml": board.groups(),
        **{f"{name}.yaml": (Group(name=f"sankofa-{name}", rules=alerts),) for name, alerts in SYSTEMS.items()},
        "platform.yaml": platform.GROUPS,
        "ourselves.yaml": ourselves.groups(scrape_seconds),
    }


def documents(
    step_seconds: int = STEP_SECONDS,
    specs: Path = SPECS,
    scrape_seconds: int = SCRAPE_SECONDS,
    links: Links = LINKS,
) -> dict[str, str]:
    """File name to the text that Prometheus loads."""
    notes = {"slo.yaml": "".join(f"# {note}\n" for note in watched(specs).notes)}
    return {
        name: HEADER
        + notes.get(name, "")
        + yaml.dump(
            {"groups": [group.document(links) for group in groups]},
            Dumper=_Yaml,
            sort_keys=False,
            width=1000,
            allow_unicode=True,
        )
        for name, groups in groups_by_file(step_seconds, specs, scrape_seconds).items()
    }


def write(
    folder: Path,
    step_seconds: int = STEP_SECONDS,
    specs: Path = SPECS,
    scrape_seconds: int = SCRAPE_SECONDS,
    links: Links = LINKS,
) -> list[Path]:
    """Write the rule files; the paths are what Prometheus' `rule_files` names."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in documents(step_seconds, specs, scrape_seconds, links).items():
        (folder / name).write_text(text)
        written.append(folder / name)
    return written


def stale(
    folder: Path = GENERATED, step_seconds: int = STEP_SECONDS, specs: Path = SPECS, links: Links = LINKS
) -> list[Path]:
    """Files that differ from what the code says, are missing, or should not be there."""
    expected = {folder / name: text for name, text in documents(step_seconds, specs, links=links).items()}
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
    fired = RECORDED_LABELS | TARGET_LABELS | {"alertname", "alertstate", "severity", "kind", "scope"}
    return recorded | {"ALERTS": fired}
