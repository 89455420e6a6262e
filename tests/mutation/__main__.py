"""`make mutants`: draw small changes of the code where money and records are made, and see whether a test falls over each.

Which are drawn follows from SEED and MUTANTS, of each module alike: every kind of change has its turn. What was tried of this platform and
these tests is not tried again, so a run that was ended goes on. WRITE=1 keeps the run and writes the page.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import secrets
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import Any

from tests.mutation import page, reach
from tests.mutation.operators import ROOT, Mutant, lines_of_use, mutants, named
from tests.mutation.trial import PLAN, UNREACHED

WORK = ROOT / ".cache/mutants"
PLATFORM = "sankofa_observe"
SECONDS, AGAIN_SECONDS = (
    60.0,
    300.0,
)  # of tests a mutant, and one that has survived: the rest is not tried, and is counted
FILES = 12  # of tests, for a mutant that needs a new Python
SLA = """agreement calendar catalog credit dispute exclusion incident outlook overlay penalty recorded_terms recurrence revision schedule
    settlement stacking terms what_if"""
EVIDENCE = "building document field form reading row slot tree"
PIPELINE = "asking assess credit documents following lane_acts lane_waits late reporting seal sending settle"
ADAPTERS = """archive attestor_folder books chain contract node one_call transaction whole_files ledger/database ledger/lease
    ledger/projections ledger/settlements slots/days"""
MODULES = tuple(
    f"{PLATFORM}/{folder}/{name}.py"
    for folder, names in (("sla", SLA), ("sla/evidence", EVIDENCE), ("pipeline", PIPELINE), ("adapters", ADAPTERS))
    for name in names.split()
)


def main() -> int:
    asked = _arguments()
    if asked.page:
        return page.write() if asked.page == "write" else page.check()
    if asked.module and (asked.write or asked.survivors):
        raise SystemExit("mutants: WRITE=1 and SURVIVORS=1 are of whole runs; leave MODULE out")
    reach.refresh()
    if asked.survivors:
        before, explained = page.read(), page.explanations()
        seed = before.head["seed"]
        drawn = [one for one in _named(before.survivors()) if one.name not in explained]
    else:
        seed = asked.seed or str(secrets.randbelow(10**6))
        drawn = [one for one in named() if not asked.module or one.module in asked.module]
        drawn += [one for module in asked.module or MODULES for one in draw(module, asked.mutants, seed)]
    print(f"mutants: {len(drawn)} drawn with SEED={seed}; name it to go on or to draw the same", flush=True)
    plan = [_planned(one, AGAIN_SECONDS if asked.survivors else SECONDS) for one in drawn]
    found = _tried(plan)
    head = {"seed": seed, "a_module": asked.mutants, "date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": _commit()}
    run = page.Run(head=head, found=found)
    if asked.survivors:
        run = before.with_again(run)
    if asked.write:
        page.keep(run)
        page.write()
    print(page.in_words(page.Run(head=head, found=found)))
    return 1 if page.unexplained(run) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--mutants", type=int, default=10, help="drawn a module; 0 takes all")
    parser.add_argument("--seed", default="")
    parser.add_argument("--module", action="append", default=[], help="a path of the repository; may be repeated")
    parser.add_argument(
        "--survivors",
        action="store_true",
        help="those of the kept run that are not explained once more, after tests were added",
    )
    parser.add_argument("--write", action="store_true", help="keep the run and write the page")
    parser.add_argument(
        "--page", choices=("write", "check"), help="only make the page of the kept run, or say whether it is stale"
    )
    return parser.parse_args()


def draw(module: str, number: int, seed: str) -> list[Mutant]:
    """So many of a module, of each operator in turn; 0 takes all."""
    every = mutants(module)
    if not number or number >= len(every):
        return every
    random = Random(f"{seed} {module}")
    kinds: dict[str, list[Mutant]] = defaultdict(list)
    for one in every:
        kinds[one.operator.partition(" ")[0]].append(one)
    shuffled = [random.sample(some, len(some)) for _, some in sorted(kinds.items())]
    random.shuffle(shuffled)
    in_turn = [one for round_ in zip_longest(*shuffled) for one in round_ if one is not None]
    return sorted(in_turn[:number], key=every.index)


def _named(names: Iterable[str]) -> Iterator[Mutant]:
    """Those of these names, as the sources have them now."""
    wanted = set(names)
    for module in sorted({name.split(" ")[0] for name in wanted}):
        yield from (one for one in (*named(module), *mutants(module)) if one.name in wanted)


def _planned(mutant: Mutant, budget: float) -> dict[str, Any]:
    """The tests that reach it, its own file's first, then those of quick files, up to a budget of seconds."""
    tests = _reaching(mutant)
    by_file: dict[str, list[str]] = defaultdict(list)
    for test in sorted(tests, key=_seconds):
        by_file[test.partition("::")[0]].append(test)
    chosen: list[str] = []
    spent = 0.0

    def first(file: str) -> tuple[bool, float]:
        some = by_file[file]
        return not _is_named_after(mutant.module, file), sum(map(_seconds, some)) / len(some)

    files = sorted(by_file, key=first)
    for n, file in enumerate(files):
        for test in by_file[file]:
            if spent + _seconds(test) > budget or (mutant.function is None and n >= FILES):
                continue
            chosen.append(test)
            spent += _seconds(test)
    return {
        "module": mutant.module,
        "name": mutant.name,
        "tests": chosen,
        "untried": len(tests) - len(chosen),
        "seconds": round(spent, 1),
    }


def _reaching(mutant: Mutant) -> set[str]:
    """The tests that run its lines; of what runs at an import those that run the lines it is used in and its file's own, or any of its file."""
    lines = reach.tests_by_line(mutant.module)
    own = range(mutant.first_line, mutant.last_line + 1)
    tests = set().union(*(lines.get(line, set()) for line in own))
    if tests or mutant.function:
        return tests
    used = lines_of_use(mutant.module, mutant.first_line)
    tests = set().union(*(reach.tests_by_line(file).get(line, set()) for file, some in used.items() for line in some))
    anywhere = set().union(*lines.values())
    return (tests | {one for one in anywhere if _is_named_after(mutant.module, one)}) or anywhere


def _is_named_after(module: str, test: str) -> bool:
    """Whether a test stands in a file that is called as the module is, or its folder."""
    return any(f"/test_{name}" in test.partition("::")[0] for name in (Path(module).stem, Path(module).parent.name))


def _seconds(test: str) -> float:
    return reach.seconds().get(test, 1.0)


def _tried(plan: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What came of each mutant, by two sessions at a time; what was found before of the same code is taken over."""
    known_file = WORK / "found.jsonl"
    state = _state()
    known = {one["name"]: one for one in _lines(known_file) if one.get("state") == state}
    todo = [one for one in plan if one["name"] not in known and one["tests"]]
    found = [
        known.get(one["name"]) or {"name": one["name"], "module": one["module"], "result": UNREACHED}
        for one in plan
        if one not in todo
    ]
    shares = [todo[n :: reach.WORKERS] for n in range(reach.WORKERS)]
    running = [_session(n, share) for n, share in enumerate(shares) if share]
    for child, _ in running:
        child.wait()
    fresh = [one for _, file in running for one in _lines(file)]
    untried = {one["name"]: one["untried"] for one in plan}
    found += fresh
    with known_file.open("a", encoding="utf-8") as out:
        out.writelines(json.dumps({**one, "state": state}) + "\n" for one in fresh)
    if missing := {one["name"] for one in plan} - {one["name"] for one in found}:
        raise SystemExit(
            f"mutants: a session ended early, {len(missing)} were not tried; see {WORK}/share-*.log, then run it again"
        )
    order = {one["name"]: n for n, one in enumerate(plan)}
    for one in found:
        if one["result"] != "killed" and untried[one["name"]]:
            one["untried"] = untried[one["name"]]
    return sorted(found, key=lambda one: order[one["name"]])


def _session(n: int, share: Sequence[dict[str, Any]]) -> tuple[subprocess.Popen[bytes], Path]:
    plan = WORK / f"share-{n}.jsonl"
    plan.write_text("".join(json.dumps(one) + "\n" for one in share), encoding="utf-8")
    found = plan.with_suffix(".found.jsonl")
    found.unlink(missing_ok=True)
    files = sorted({test.partition("::")[0] for one in share for test in one["tests"]})
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-p", "tests.mutation.trial", f"--basetemp={WORK}/tmp-{n}",
               *files]  # fmt: skip
    with (WORK / f"share-{n}.log").open("wb") as log:
        child = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, PLAN: str(plan)}, stdout=log, stderr=subprocess.STDOUT
        )
    return child, found


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _state() -> str:
    """Of the platform and its tests."""
    files = sorted(one for folder in (PLATFORM, "tests") for one in (ROOT / folder).rglob("*.py"))
    return hashlib.sha256(b"".join(one.read_bytes() for one in files)).hexdigest()[:12]


def _commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "--short=8", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    dirty = subprocess.run(
        ["git", "status", "--porcelain", PLATFORM, "tests"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return f"{told} and changes" if dirty else told


if __name__ == "__main__":
    raise SystemExit(main())
