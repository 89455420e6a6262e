"""The ways of our peers: slo-generator as a program, pyrra and sloth by the queries that their rules are made of."""

from __future__ import annotations

import os
import re
import resource
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.lab.client import local
from deploy.parts import need_program

from .known import GOOD, VALID
from .way import Answer, Asked, Found

SHORT, EACH = 300, 30  # seconds: over how many sloth's rule takes a ratio, and how often it is evaluated
_REPORTED = re.compile(r"INFO - (\S+) +\|.* Good: (-?\d+) +\| Bad: (-?\d+)")


def increase(asked: Asked) -> Answer:
    """Two queries for all sites: pyrra's shape."""
    answer = Answer()
    with answer.timed():
        good, valid = (
            _instant(asked, f"sum by (site) (increase({asked.selector(metric)}[{asked.period.seconds}s]))")
            for metric in (GOOD, VALID)
        )
        answer.found = {site: Found(bad=valid[site] - good.get(site, 0.0), valid=valid[site]) for site in valid}
    return answer


def mean_of_ratios(asked: Asked) -> Answer:
    """The rule of sloth, a ratio of 5 m each 30 s, and its mean over the stretch: a share, and no count."""
    good, valid = (f"sum by (site) (rate({asked.selector(metric)}[{SHORT}s]))" for metric in (GOOD, VALID))
    answer = Answer()
    times = {"start": str(asked.period.starts_at + EACH), "end": str(asked.period.ends_at), "step": str(EACH)}
    with answer.timed():
        for one in _asked(asked, "query_range", f"1 - {good} / {valid}", **times):
            ratios = [float(value) for _, value in one["values"]]
            answer.found[one["metric"]["site"]] = Found(share=sum(ratios) / len(ratios))
    return answer


def slo_generator(asked: Asked) -> Answer:
    """The program itself, on one document a site; its report is read from what it prints."""
    command, answer = need_program("slo-generator"), Answer()
    folder = Path(asked.folder) / "slo-generator"
    config = _documents(asked, folder)
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "PYTHONWARNINGS": "ignore"}
    start, _ = _run([command, "--version"], environment)
    whole, said = _run([command, "compute", "--slo-config", str(folder), "--config", str(config)], environment)
    answer.cpu = whole - start
    answer.peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    for site, good, bad in _REPORTED.findall(said):
        answer.found[site] = Found(bad=int(bad), valid=int(good) + int(bad))
    return answer


def _run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, str]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def _documents(asked: Asked, folder: Path) -> Path:
    """A document a site, and the shared configuration. The backend asks about now, so each filter names the instant itself."""
    folder.mkdir(exist_ok=True)
    end = f"[window] @ {asked.period.ends_at}"
    for site in asked.sites:
        good, valid = (f'{metric}{{job="{asked.job}",site="{site}"}}{end}' for metric in (GOOD, VALID))
        document = {
            "apiVersion": "sre.google.com/v2",
            "kind": "ServiceLevelObjective",
            "metadata": {"name": site, "labels": {}},
            "spec": {
                "description": "events", "backend": "prometheus", "method": "good_bad_ratio", "exporters": [], "goal": 0.995,
                "service_level_indicator": {"filter_good": good, "filter_valid": valid},
            },
        }  # fmt: skip
        (folder / f"{site}.yaml").write_text(yaml.safe_dump(document))
    step = {"name": "stretch", "window": asked.period.seconds, "burn_rate_threshold": 1}
    step |= {"alert": False, "message_alert": "", "message_ok": ""}
    config = folder.with_suffix(".yaml")
    shared = {"backends": {"prometheus": {"url": asked.url}}, "error_budget_policies": {"default": {"steps": [step]}}}
    config.write_text(yaml.safe_dump(shared))
    return config


def _instant(asked: Asked, query: str) -> dict[str, float]:
    found = _asked(asked, "query", query, time=str(asked.period.ends_at))
    return {one["metric"]["site"]: float(one["value"][1]) for one in found}


def _asked(asked: Asked, how: str, query: str, **parameters: str) -> list[dict[str, Any]]:
    answer = local.post(f"{asked.url}/api/v1/{how}", data={"query": query, **parameters}, timeout=120)
    result: list[dict[str, Any]] = answer.raise_for_status().json()["data"]["result"]
    return result
