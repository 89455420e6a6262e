"""What each real program shows today, held against what is recorded: `python -m deploy.integrations.record --check|--write`.

Starts the lab's sources on free loopback ports, sends them what the recordings say, and reads each exposition once. Compared are
the names of metrics and their types, not values. Recordings of our own exporters are golden files of their own tests.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deploy.integrations.render import CATALOGUE, FOLDER
from deploy.lab.client import local
from deploy.lab.pace import measured
from deploy.lab.processes import Processes
from deploy.lab.sources.gateway import ask
from deploy.lab.sources.yard import Yard
from sankofa_observe.adapters.integrations.exposition import exposition_of
from sankofa_observe.adapters.integrations.models import Integration


@contextmanager
def running_yard() -> Iterator[Yard]:
    """The sources, with some traffic through the gateways, and what the canary has seen of it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yard = stack.enter_context(Yard(processes=stack.enter_context(Processes(folder=folder))))
        ask(yard.haproxy.url, 10)
        ask(yard.nginx.url, 5)
        yard.canary.wait_for_answers("canary-1")
        yield yard


def shown_today(yard: Yard) -> dict[str, str]:
    """The exposition of each entry that the lab runs, as its job asks for it."""
    found = {}
    for name, (agent, target) in yard.scraped().items():
        scrape = CATALOGUE.entry(name).spec.scrape
        asked = {**scrape.params, **({"target": [target]} if scrape.agent or scrape.exporter else {})}
        path = "/probe" if scrape.exporter else scrape.path
        answer = local.get(f"http://{agent}{path}", params=asked, timeout=measured().limit(20))
        answer.raise_for_status()
        found[name] = answer.text
    return found


def metrics_of(entry: Integration, text: str, file: str) -> dict[str, str]:
    """Metrics and their types."""
    shown = exposition_of(text, file, entry.spec.scrape, entry.spec.recorded[0].labels)
    return {one.metric: one.kind for one in shown.series}


def differences(today: Mapping[str, str]) -> dict[str, list[str]]:
    """By entry, what the program shows and the recording has not (+), or the other way round (-)."""
    found = {}
    for name, text in today.items():
        entry = CATALOGUE.entry(name)
        file = entry.spec.recorded[0].file
        recorded = metrics_of(entry, (FOLDER / file).read_text(encoding="utf-8"), file).items()
        shown = metrics_of(entry, text, "today").items()
        lines = [f"+ {metric} {kind}" for metric, kind in shown - recorded]
        found[name] = sorted([*lines, *(f"- {metric} {kind}" for metric, kind in recorded - shown)])
    return {name: lines for name, lines in found.items() if lines}


def main(arguments: list[str] | None = None) -> int:
    """0 when the recordings are what the programs show, or were written; else 1."""
    parser = argparse.ArgumentParser(prog="python -m deploy.integrations.record", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="exit 1 and name what differs")
    action.add_argument("--write", action="store_true", help="record anew what differs")
    write = parser.parse_args(arguments).write
    with running_yard() as yard:
        today = shown_today(yard)
    changed = differences(today)
    for name, lines in changed.items():
        file = FOLDER / CATALOGUE.entry(name).spec.recorded[0].file
        print(f"{file}:", *lines, sep="\n  ", file=sys.stderr)
        if write:
            file.write_text(today[name], encoding="utf-8")
    return 1 if changed and not write else 0


if __name__ == "__main__":
    sys.exit(main())
