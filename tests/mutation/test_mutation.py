"""What makes mutants is held by tests of its own: each differs from its source in one place, and the page is that of the kept run."""

from __future__ import annotations

import ast

from tests.mutation import page
from tests.mutation.__main__ import MODULES, draw
from tests.mutation.operators import ROOT, Mutant, mutants, named

SOURCE = '''
LIMIT: int = 3

def add(one: int, other: int, *, most: int = 7) -> int:
    """Not changed."""
    if not (one < other and other != 0):
        raise ValueError(f"{one + 1}, expected less")
    total = max(one + other, LIMIT)
    log(total, level=2)
    return total
'''
EXPECTED = [
    "-: constant + 1: `3` -> `4`",
    "-: constant - 1: `3` -> `2`",
    "add: constant + 1: `7` -> `8`",
    "add: constant - 1: `7` -> `6`",
    "add: not dropped: `not (one < other and other != 0)` -> `one < other and other != 0`",
    "add: and/or: `not (one < other and other != 0)` -> `not (one < other or other != 0)`",
    "add: boundary: `not (one < other and other != 0)` -> `not (one <= other and other != 0)`",
    "add: comparison: `not (one < other and other != 0)` -> `not (one < other and other == 0)`",
    "add: constant + 1: `not (one < other and other != 0)` -> `not (one < other and other != 1)`",
    "add: constant - 1: `not (one < other and other != 0)` -> `not (one < other and other != -1)`",
    "add: statement dropped: `raise ValueError(f'{one + 1}, expected less')` -> `pass`",
    "add: max/min: `max(one + other, LIMIT)` -> `min(one + other, LIMIT)`",
    "add: arithmetic: `max(one + other, LIMIT)` -> `max(one - other, LIMIT)`",
    "add: statement dropped: `log(total, level=2)` -> `pass`",
    "add: keyword dropped: `log(total, level=2)` -> `log(total)`",
    "add: constant + 1: `log(total, level=2)` -> `log(total, level=3)`",
    "add: constant - 1: `log(total, level=2)` -> `log(total, level=1)`",
    "add: returns None: `return total` -> `return None`",
]


def test_a_module_has_one_mutant_for_each_small_change_and_none_of_wording() -> None:
    """Types, docstrings and the words of an error are left alone; what runs at an import is told from what a function runs."""
    found = mutants("m.py", SOURCE)
    assert [one.name.removeprefix("m.py ") for one in found] == EXPECTED
    assert [one.function for one in found] == [None] * 4 + [("add", 4)] * 14


def test_every_mutant_that_is_drawn_can_be_compiled_and_differs_in_one_place() -> None:
    """Of modules of each kind, and of those that are named; what `named.toml` replaces is there."""
    drawn = [*(one for module in MODULES[::13] for one in draw(module, 10, "0")), *named()]
    assert [one.name for one in drawn if not _differs(one)] == []


def _differs(mutant: Mutant) -> bool:
    tree = mutant.tree()
    compile(tree, mutant.module, "exec", dont_inherit=True)
    return ast.dump(tree) != ast.dump(ast.parse((ROOT / mutant.module).read_text(encoding="utf-8")))


def test_a_draw_is_the_same_for_one_seed_and_has_kinds_in_turn() -> None:
    """A run can be repeated, and is not made of the commonest change alone."""
    module = "sankofa_observe/pipeline/seal.py"
    one, again, other = (draw(module, 8, seed) for seed in ("1", "1", "2"))
    assert [each.name for each in one] == [each.name for each in again] != [each.name for each in other]
    assert len({each.operator.partition(" ")[0] for each in one}) == len(one)


def test_the_page_is_that_of_the_kept_run_and_every_survivor_has_a_reason() -> None:
    """Figures are written by the generator: make mutants PAGE=1."""
    run = page.read()
    assert page.PAGE.read_text(encoding="utf-8") == page.text()
    assert page.unexplained(run) == []
    assert sorted(set(page.explanations()) - set(run.survivors())) == []
