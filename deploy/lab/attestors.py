"""Attestors of a lab: in the scheduler's process, or processes of their own, with settings of their own. The third one is always away."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from deploy.lab.processes import Child, answers

if TYPE_CHECKING:
    from deploy.lab.stack import Lab

ATTESTORS = {"attestor-1": "prometheus", "attestor-2": "prometheus-tenant", "attestor-3": "nobody"}  # and whose samples
AT_WORK = ("attestor-1", "attestor-2")
EVERY_SECONDS = 2


def here(lab: Lab, exclusions: Path | None) -> list[dict[str, str]]:
    """As the scheduler's settings name them, with keys; the third one's Prometheus is not there."""
    told = {} if exclusions is None else {"exclusions_file": str(exclusions)}
    return [
        {"name": name, **_key_of(lab, name), "prometheus_url": lab.url(source), **told}
        for name, source in ATTESTORS.items()
    ]


def apart(lab: Lab) -> list[dict[str, str]]:
    """As they are named where they are processes; the third one is never started."""
    return [{"name": name, "account": lab.accounts[name].address, "folder": str(_shared(lab))} for name in ATTESTORS]


def write_settings(lab: Lab, contract: dict[str, Any]) -> None:
    """Each one's own: its data, its key, its Prometheus, its copy of the specs."""
    _shared(lab).mkdir(exist_ok=True)
    for name in AT_WORK:
        copy = lab.folder / name / "specs"
        shutil.copytree(lab.folder / "specs", copy, dirs_exist_ok=True)
        settings = {
            "name": name,
            "data_dir": str(lab.folder / name / "data"),
            "folder": str(_shared(lab)),
            "specs": [str(copy)],
            "prometheus": {"url": lab.url(ATTESTORS[name])},
            "chain": {of: contract[of] for of in ("chain_id", "contract")},
            "key": _key_of(lab, name),
            "every_seconds": EVERY_SECONDS,
            "metrics_listen": f"127.0.0.1:{lab.port(name)}",
        }
        lab.write(f"{name}.yaml", yaml.safe_dump(settings))


def start(lab: Lab, program: Path, *names: str) -> list[Child]:
    attest = [str(program), "attest", "--log.format", "json", "--config"]
    started = [lab.processes.start(name, [*attest, str(lab.folder / f"{name}.yaml")]) for name in names]
    for name, child in zip(names, started, strict=True):
        lab.processes.wait_until(child, answers(lab.url(name) + "/metrics"))
    return started


def _shared(lab: Lab) -> Path:
    """The folder in which proposer and attestors meet."""
    return lab.folder / "attest"


def _key_of(lab: Lab, role: str) -> dict[str, str]:
    keys = lab.folder / "keys"
    return {"keystore": str(keys / f"{role}.json"), "password_file": str(keys / f"{role}.password")}
