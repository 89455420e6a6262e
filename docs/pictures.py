"""The pictures of docs/how-to, drawn by the commands themselves: `python docs/pictures.py --check|--write|--example FOLDER`.

Their data is half a year of the example's specs, made here: no Prometheus was asked. `--example` leaves that installation in a folder,
so that a reader can type what a page shows.
"""  # noqa: INP001  a script, not a package

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml

from sankofa_observe.adapters.slots import DeltaSlots
from sankofa_observe.adapters.specs import load_catalog
from sankofa_observe.errors import InvalidInput
from sankofa_observe.slo.objective import Slo
from sankofa_observe.slo.plain import Counted, PlainSlots
from sankofa_observe.slo.slot import Slot, SlotKey, SlotState
from sankofa_observe.slo.totals import DAY_SECONDS

HERE = Path(__file__).parent
FOLDER, SPECS = HERE / "how-to" / "pictures", HERE.parent / "deploy" / "specs"
BEGINS, FROM = "2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z"
START, DAYS = 1_767_225_600, 182  # the half year, and the day after, whose first slots say that it is over
AVAILABILITY, EDGE = "availability-edge", "edge-nairobi-1"
LATENCY, REGIONAL = "latency-chain-query", "regional-nairobi-1"
# What was not good: day from the start, minute of the day, minutes, state.
TROUBLES: dict[str, Sequence[tuple[int, int, int, SlotState]]] = {
    AVAILABILITY: [
        (4, 700, 1, SlotState.BAD),
        (40, 130, 150, SlotState.BAD),
        (63, 1290, 290, SlotState.BAD),
        (74, 600, 9, SlotState.BAD),
        (96, 480, 195, SlotState.BAD),
        (103, 60, 45, SlotState.UNKNOWN),
        (127, 20, 120, SlotState.BAD),
        (133, 900, 125, SlotState.UNKNOWN),
        (134, 300, 600, SlotState.BAD),
        *((150 + day, 360 + 11 * day, 1, SlotState.BAD) for day in range(0, 28, 3)),
    ],
    LATENCY: [(70, 480, 900, SlotState.BAD)],
}
PICTURES = {
    "month.svg": (
        "slots",
        "show",
        AVAILABILITY,
        EDGE,
        "--from",
        "2026-05-01T00:00:00Z",
        "--to",
        "2026-06-01T00:00:00Z",
    ),
    "credit.svg": ("what-if", "example-edge", "--slo", AVAILABILITY, "--target", "0.999"),
}


def example(folder: Path) -> Path:
    """An installation with half a year of slots, sealed and judged; answers its settings file."""
    config = counted(folder)
    with closing(DeltaSlots(folder / "data" / "slots", "observer-1")) as table:
        for day in range(DAYS - 1):
            table.seal(START // DAY_SECONDS + day, START + DAYS * DAY_SECONDS)
        table.compact()
    _run("evaluate", "--config", str(config), "--as-it-stands")
    return config


def counted(folder: Path) -> Path:
    """The same, not sealed and not judged: pictures of it are the same, and it is made in a tenth of the time."""
    for source in sorted(SPECS.rglob("*.yaml")):
        target = folder / "specs" / source.relative_to(SPECS)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text(encoding="utf-8").replace(BEGINS, FROM), encoding="utf-8")
    config = folder / "sankofa.yaml"
    settings = {"data_dir": "data", "specs": ["specs"], "prometheus": {"url": "http://127.0.0.1:9090"}}
    config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    slos = load_catalog([folder / "specs"]).slos
    with closing(DeltaSlots(folder / "data" / "slots", "observer-1")) as table:
        for slo, site, each in ((slos[AVAILABILITY], EDGE, 4), (slos[LATENCY], REGIONAL, 900)):
            table.append(Counted(plain=[_good(slo, site, each)], slots=list(_troubles(slo, site, each))), START)
    return config


def _good(slo: Slo, site: str, each: int) -> PlainSlots:
    starts = np.arange(START, START + DAYS * DAY_SECONDS, slo.slot.seconds, dtype=np.int64)
    key = SlotKey(slo=slo.name, site=site, rule=slo.slot)
    return PlainSlots.all_good(key, starts, each, np.full(len(starts), 2 * slo.slot.expected, np.int64))


def _troubles(slo: Slo, site: str, each: int) -> Iterator[Slot]:
    for day, minute, minutes, state in TROUBLES[slo.name]:
        first = START + day * DAY_SECONDS + 60 * minute
        for starts_at in range(first, first + 60 * minutes, slo.slot.seconds):
            yield _slot(slo, site, starts_at, each, state)


def _slot(slo: Slo, site: str, starts_at: int, each: int, state: SlotState) -> Slot:
    expected = slo.slot.expected
    if state is SlotState.UNKNOWN:
        return Slot(slo=slo.name, site=site, starts_at=starts_at, hidden=each, expected=expected, reasons=("not seen",))
    bad = max(1, each // 3)
    return Slot(
        slo=slo.name, site=site, starts_at=starts_at, good=each - bad, bad=bad, expected=expected, seen=expected,
        samples=2 * expected, state=state,
    )  # fmt: skip


def _run(*arguments: str) -> None:
    command = [sys.executable, "-m", "sankofa_observe", *arguments]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)  # noqa: S603  our own
    if done.returncode:
        raise InvalidInput(f"{' '.join(command[2:])} ended with {done.returncode}: {done.stderr.strip()}")


def drawn(config: Path, folder: Path) -> dict[str, str]:
    """Each picture by its name, as the command writes it."""
    for name, command in PICTURES.items():
        _run(*command, "--config", str(config), "--svg", str(folder / name))
    return {name: (folder / name).read_text(encoding="utf-8") for name in PICTURES}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when written or fresh, 1 when a picture is stale."""
    parser = argparse.ArgumentParser(prog="python docs/pictures.py", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="exit 1 and name the picture when one is stale")
    action.add_argument("--write", action="store_true", help="draw the pictures anew")
    action.add_argument("--example", type=Path, metavar="FOLDER", help="make the example installation in a new folder")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    if options.example:
        options.example.mkdir(parents=True)
        sys.stdout.write(f"{example(options.example)}\n")
        return 0
    with TemporaryDirectory() as made:
        found = drawn(counted(Path(made)), Path(made))
    if options.write:
        options.folder.mkdir(parents=True, exist_ok=True)
        for name, picture in found.items():
            (options.folder / name).write_text(picture, encoding="utf-8")
    return stale(found, options.folder)


def stale(fresh: Mapping[str, str], folder: Path) -> int:
    """1 with the name of each picture in the folder that is missing or another one, else 0."""
    old = [
        name
        for name, picture in fresh.items()
        if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != picture
    ]
    sys.stderr.writelines(f"{folder / name}: stale; run python docs/pictures.py --write\n" for name in old)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
