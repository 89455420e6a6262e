"""A pytest plugin: one module is a mutant of itself, named by MUTANT, from its first import on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType

from tests.mutation.operators import ROOT, mutants, named

MODULE, NAME = json.loads(os.environ["MUTANT"])


class _Mutated(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        mutant = next(one for one in (*mutants(MODULE), *named(MODULE)) if one.name == NAME)
        return compile(mutant.tree(), self.path, "exec", dont_inherit=True)


class _Finder:
    """First of all finders, for this one module."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != MODULE.removesuffix(".py").removesuffix("/__init__").replace("/", "."):
            return None
        file = str(ROOT / MODULE)
        return spec_from_file_location(name, file, loader=_Mutated(name, file))


sys.meta_path.insert(0, _Finder())
