"""The page of the kept run: a table of modules, and each survivor with the reason why it may live. Figures come out of the run alone."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation.operators import NAMED, ROOT

FOLDER = Path(__file__).parent
RUN = FOLDER / "run.jsonl"
EXPLAINED = FOLDER / "explained.toml"
PAGE = ROOT / "docs/reference/mutants.md"
ENDED_BY_A_TEST = ("killed", "timeout")
SAID = {
    "killed": "killed",
    "timeout": "ended at their time limit",
    "survived": "survived",
    "unreached": "reached by no test that was asked",
}
TEXT = """# Mutants

A mutant is the platform with one small change: a comparison turned, a bound moved, a number one more or less, a statement or a keyword
left out, a result forgotten. Where no test falls over it, a fault of that kind would land unseen. Each survivor is killed by a test or
explained here. What only words an error is not changed.

`{asked}`, {head[date]}, commit `{head[commit]}`: those of `tests/mutation/named.toml`, and up to {head[a_module]} a module drawn at random, every
kind of change in turn.{again}

Of {every} mutants: {figures}.

| module | mutants | killed | time limit | survived | not reached |
|---|---|---|---|---|---|
{rows}

## Mutants by name

Those that once survived, or must never; the test that falls over each is named after it.

| mutant | comes to |
|---|---|
{named}

## Survivors

{survivors}
## How it is made

[`tests/mutation`](../../tests/mutation): `operators.py` makes the mutants, `reach.py` asks coverage.py which tests reach which line,
`trial.py` forks a pytest session that has collected its tests and puts the mutant in the place of the function. A killer counts only if it
passes without a mutant. Tests named after the module are first, then quick ones, up to a minute of them a mutant; `make mutants SURVIVORS=1
WRITE=1` tries what has survived and is not explained once more, by two minutes of tests. How many were left out stands beside a survivor. The package mutmut (3.8) changes no constant of a module and nothing in a
property or another decorated function, cosmic-ray (8.7) starts pytest for each mutant and asks no coverage: hence a tool of our own.
"""


@dataclass(frozen=True, kw_only=True)
class Run:
    head: dict[str, Any]
    found: Sequence[dict[str, Any]]

    def survivors(self) -> list[str]:
        return [one["name"] for one in self.found if one["result"] not in ENDED_BY_A_TEST]

    def with_again(self, again: Run) -> Run:
        """Of what was tried once more the newer answer, and when that was; what had survived in code that is gone is gone."""
        newer = {one["name"]: one for one in again.found}
        stays = newer.keys() | explanations().keys()
        kept = [one for one in self.found if one["result"] in ENDED_BY_A_TEST or one["name"] in stays]
        seen = {"again": again.head["date"], "again_commit": again.head["commit"]}
        return Run(head={**self.head, **seen}, found=[newer.get(one["name"], one) for one in kept])


def read() -> Run:
    if not RUN.exists():
        raise SystemExit(f"mutants: there is no run in {RUN}; make one: make mutants WRITE=1")
    head, *found = [json.loads(line) for line in RUN.read_text(encoding="utf-8").splitlines()]
    return Run(head=head, found=[{**one, "module": one["name"].partition(" ")[0]} for one in found])


def keep(run: Run) -> None:
    """What the page is made of, a line a mutant."""
    kept = [
        {name: one[name] for name in ("name", "result", "by", "tests", "untried") if name in one} for one in run.found
    ]
    RUN.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (run.head, *kept)), encoding="utf-8")


def explanations() -> dict[str, str]:
    """By the name of a mutant why no test need fall over it."""
    found: dict[str, str] = {}
    for one in tomllib.loads(EXPLAINED.read_text(encoding="utf-8")).get("survivor", []):
        found |= dict.fromkeys(one["names"], one["why"])
    return found


def unexplained(run: Run) -> list[str]:
    known = explanations()
    return [name for name in run.survivors() if name not in known]


def in_words(run: Run) -> str:
    counted = Counter(one["result"] for one in run.found)
    lines = [
        f"mutants: {len(run.found)} tried: "
        + ", ".join(f"{number} {result}" for result, number in counted.most_common())
    ]
    lines += [f"  survives, not explained: {name}" for name in unexplained(run)]
    return "\n".join(lines)


def text() -> str:
    run, known = read(), explanations()
    head = run.head
    again = (
        f" What had survived was tried again at `{head['again_commit']}`, {head['again']}." if "again" in head else ""
    )
    counted = Counter(one["result"] for one in run.found)
    modules = sorted({one["module"] for one in run.found})
    rows = [_row(module, [one for one in run.found if one["module"] == module]) for module in modules]
    named = [_named(one) for one in run.found if f" {NAMED}: " in one["name"]]
    survivors = [one for one in run.found if one["result"] not in ENDED_BY_A_TEST]
    reasons: dict[str, list[dict[str, Any]]] = {}
    for one in survivors:
        reasons.setdefault(known.get(one["name"], "**not explained yet**"), []).append(one)
    figures = ", ".join(f"{counted[result]} {words}" for result, words in SAID.items())
    asked = f"make mutants MUTANTS={head['a_module']} SEED={head['seed']} WRITE=1"
    return TEXT.format(
        head=head, again=again, every=len(run.found), figures=figures, asked=asked, rows="\n".join(rows), named="\n".join(named),
        survivors="\n".join(line for why, some in reasons.items() for line in _explained(why, some)),
    )  # fmt: skip


def _row(module: str, found: Sequence[dict[str, Any]]) -> str:
    counted = Counter(one["result"] for one in found)
    cells = [counted[name] or "" for name in ("killed", "timeout", "survived", "unreached")]
    return (
        f"| `{module.removeprefix('sankofa_observe/')}` | {len(found)} | "
        + " | ".join(str(one) for one in cells)
        + " |"
    )


def _named(one: dict[str, Any]) -> str:
    test = one.get("by", "").partition("::")[2].partition("[")[0]
    return f"| {one['name'].partition(f' {NAMED}: ')[2]} | {one['result']}{f' by `{test}`' if test else ''} |"


def _explained(why: str, some: Sequence[dict[str, Any]]) -> list[str]:
    told = []
    for one in some:
        left = f" ({one['untried']} tests not asked)" if one.get("untried") else ""
        told.append(f"- {_shown(one['name'])}{left}")
    return [f"{why[0].upper()}{why[1:]}:", "", *told, ""]


def _shown(name: str) -> str:
    module, _, rest = name.partition(" ")
    scope, _, change = rest.partition(": ")
    return f"`{module.removeprefix('sankofa_observe/')}` {'' if scope == '-' else scope + ', '}{change}".replace(
        "|", "\\|"
    )


def write() -> int:
    PAGE.write_text(text(), encoding="utf-8")
    return 0


def check() -> int:
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text():
        return 0
    print(f"{PAGE.relative_to(ROOT)} is stale: make mutants PAGE=1")
    return 1
