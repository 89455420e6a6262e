"""Mutants of a module: one small change each, made on its syntax tree. No file is written.

What only words an error or a log is left alone, because no test is to hold the wording of a sentence: the arguments of `raise`,
f-strings, `__str__`, docstrings and annotations. So is what mypy holds: what `@dataclass` says of a class, `strict=` of zip, and the
keywords of a class of ours, of which nearly every one is required.
"""

from __future__ import annotations

import ast
import copy
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = "named"
SHOWN = 90  # characters of source around a change
Step = tuple[str, int | None]
Way = tuple[Step, ...]
"""From the module's node to another: fields, with an index where a field is a list."""

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_BOUNDARIES = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change. `name` stays while its statement does, wherever that moves to in its file."""

    module: str  # the path of its file
    scope: str  # the function or class it is in, or nothing
    operator: str
    before: str
    after: str
    nth: int  # of those that read the same
    first_line: int
    last_line: int
    function: (
        tuple[str, int] | None
    )  # outermost one around it, by qualified name and line; None: it is run when imported
    way: Way = field(repr=False)
    node: ast.AST = field(repr=False)

    @property
    def name(self) -> str:
        if self.operator == NAMED:
            return f"{self.module} {NAMED}: {self.before}"
        again = f" #{self.nth}" if self.nth > 1 else ""
        return f"{self.module} {self.scope or '-'}: {self.operator}: `{self.before}` -> `{self.after}`{again}"

    def tree(self) -> ast.Module:
        """The whole module with the change."""
        if isinstance(self.node, ast.Module):
            return self.node
        tree = ast.parse((ROOT / self.module).read_text(encoding="utf-8"))
        parent = _reached(tree, self.way[:-1])
        name, index = self.way[-1]
        if index is None:
            setattr(parent, name, self.node)
        else:
            getattr(parent, name)[index] = self.node
        return ast.fix_missing_locations(tree)


@cache
def mutants(module: str, source: str | None = None) -> list[Mutant]:
    """Every mutant of a file, in the order of its source."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8") if source is None else source)
    seen: Counter[tuple[str, str, str, str]] = Counter()
    found = []
    for place in _places(tree):
        for operator, node in _changes(place.node, place.parent):
            before, after = _texts(tree, place, node)
            same = (place.scope, operator, before, after)
            seen[same] += 1
            found.append(
                Mutant(
                    module=module,
                    scope=place.scope,
                    operator=operator,
                    before=before,
                    after=after,
                    nth=seen[same],
                    first_line=place.lines[0],
                    last_line=place.lines[1],
                    function=place.function,
                    way=place.way,
                    node=node,
                )
            )
    return found


def named(module: str = "") -> list[Mutant]:
    """Those that are written down in `named.toml`, of one file or of all."""
    found = []
    for one in tomllib.loads((Path(__file__).parent / "named.toml").read_text(encoding="utf-8"))["mutant"]:
        if module not in {"", one["module"]}:
            continue
        source = (ROOT / one["module"]).read_text(encoding="utf-8")
        if source.count(one["was"]) != 1:
            raise LookupError(
                f"{one['module']} has {source.count(one['was'])} times {one['was']!r}, expected once: mend tests/mutation/named.toml"
            )
        line = source[: source.index(one["was"])].count("\n") + 1
        found.append(
            Mutant(
                module=one["module"],
                scope="",
                operator=NAMED,
                before=one["name"],
                after="",
                nth=1,
                first_line=line,
                last_line=line,
                function=None,
                way=(),
                node=ast.parse(source.replace(one["was"], one["is"])),
            )
        )
    return found


def lines_of_use(module: str, line: int) -> dict[str, set[int]]:
    """By file, where what the statement of this line gives a name to is used, outside of every function: there and by who imports it."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    here = [one for one in tree.body if one.lineno <= line <= (one.end_lineno or line)]
    stored = (one for statement in here for one in ast.walk(statement) if isinstance(one, ast.Name))
    names = {one.id for one in stored if isinstance(one.ctx, ast.Store)} | {
        one.name for one in here if isinstance(one, ast.ClassDef)
    }
    imported = f"from {module.removesuffix('.py').replace('/', '.')} import"
    found = {}
    for file in (ROOT / module.partition("/")[0]).rglob("*.py"):
        text, path = file.read_text(encoding="utf-8"), str(file.relative_to(ROOT))
        if path == module or (imported in text and any(name in text for name in names)):
            loads = (
                one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
            )
            found[path] = {one.lineno for one in loads if one.id in names}
    return found


@dataclass(frozen=True, kw_only=True)
class _Place:
    node: ast.AST
    parent: ast.AST
    way: Way
    scope: str
    function: tuple[str, int] | None
    lines: tuple[int, int]


def _places(
    node: ast.AST,
    way: Way = (),
    scope: str = "",
    function: tuple[str, int] | None = None,
    line: tuple[int, int] = (1, 1),
) -> Iterator[_Place]:
    """Every node that may be changed, outer ones first."""
    for step, child in _children(node):
        if _is_wording(node, step[0], child):
            continue
        here = (child.lineno, child.end_lineno or child.lineno) if isinstance(child, ast.expr | ast.stmt) else line
        inner, around = scope, function
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = f"{scope}.{child.name}" if scope else child.name
        yield _Place(node=child, parent=node, way=(*way, step), scope=scope, function=function, lines=here)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and function is None:
            first = min([child.lineno, *(one.lineno for one in child.decorator_list)])
            for part in ("args", "decorator_list"):
                yield from _places_in(child, part, (*way, step), inner, None, here)
            yield from _places_in(child, "body", (*way, step), inner, (inner, first), here)
            continue
        yield from _places(child, (*way, step), inner, around, here)


def _places_in(
    node: ast.AST, part: str, way: Way, scope: str, function: tuple[str, int] | None, line: tuple[int, int]
) -> Iterator[_Place]:
    """Of one field of a node alone."""
    bare = copy.copy(node)
    for name, value in ast.iter_fields(node):
        if name != part:
            setattr(bare, name, [] if isinstance(value, list) else None)
    yield from _places(bare, way, scope, function, line)


def _children(node: ast.AST) -> Iterator[tuple[Step, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield (name, None), value
        elif isinstance(value, list):
            yield from (((name, n), one) for n, one in enumerate(value) if isinstance(one, ast.AST))


def _is_wording(parent: ast.AST, name: str, child: ast.AST) -> bool:
    """What words a message, says a type or makes a class of values."""
    return (
        isinstance(child, ast.JoinedStr)
        or name in {"annotation", "returns", "bases"}
        or (name == "decorator_list" and isinstance(child, ast.Call) and ast.unparse(child.func) == "dataclass")
        or (name == "exc" and isinstance(parent, ast.Raise))
        or (isinstance(child, ast.FunctionDef) and child.name in {"__str__", "__repr__"})
    )


def _changes(node: ast.AST, parent: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in _CALCULATED and not _has_text(node):
        yield "arithmetic", _with(node, op=_CALCULATED[type(node.op)]())
    if isinstance(node, ast.Constant) and not isinstance(parent, ast.FormattedValue):
        yield from _of_constant(node.value)
    elif isinstance(node, ast.stmt):
        yield from _of_statement(node)
    else:
        yield from _of_expression(node)


def _of_constant(value: object) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(value, bool):
        yield "true/false", ast.Constant(value=not value)
    elif isinstance(value, int):
        yield "constant + 1", ast.Constant(value=value + 1)
        yield "constant - 1", ast.Constant(value=value - 1)


def _of_statement(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Return(value=ast.expr() as value) if not _is_nothing(value):
            yield "returns None", ast.Return(value=ast.Constant(value=None))
        case ast.Expr(value=ast.Constant()):
            pass  # a docstring
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break() | ast.Delete():
            yield "statement dropped", ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript(), *_]):
            yield "statement dropped", ast.Pass()
        case _:
            pass


def _of_expression(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Compare():
            for n, one in enumerate(node.ops):
                if other := _COMPARED.get(type(one)):
                    kind = "boundary" if isinstance(one, _BOUNDARIES) else "comparison"
                    yield kind, _with(node, ops=[*node.ops[:n], other(), *node.ops[n + 1 :]])
        case ast.BoolOp():
            yield "and/or", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped", node.operand
        case ast.Call():
            yield from _calls(node)
        case _:
            pass


def _calls(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.func, ast.Name) and (other := _CALLED.get(node.func.id)):
        yield f"{node.func.id}/{other}", _with(node, func=ast.Name(id=other, ctx=ast.Load()))
    if ast.unparse(node.func).rpartition(".")[2][:1].isupper():
        return
    for n, one in enumerate(node.keywords):
        if one.arg and one.arg != "strict" and not isinstance(one.value, ast.JoinedStr):
            yield "keyword dropped", _with(node, keywords=node.keywords[:n] + node.keywords[n + 1 :])


def _with(node: ast.AST, **fields: object) -> ast.AST:
    other = copy.copy(node)
    for name, value in fields.items():
        setattr(other, name, value)
    return other


def _has_text(node: ast.BinOp | ast.AugAssign) -> bool:
    """Whether texts are joined, or a text is filled in: what else would be an error at once."""
    sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.value,)
    return any(isinstance(one, ast.JoinedStr) or isinstance(getattr(one, "value", None), str | bytes) for one in sides)


def _is_nothing(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _texts(tree: ast.Module, place: _Place, node: ast.AST) -> tuple[str, str]:
    """The change in as much of its source as is short."""
    way, before, after = place.way, place.node, node
    while way:
        parent = _reached(tree, way[:-1])
        if not isinstance(parent, ast.expr | ast.keyword) or len(ast.unparse(parent)) > SHOWN:
            break
        name, index = way[-1]
        inside: object = (
            after if index is None else [*getattr(parent, name)[:index], after, *getattr(parent, name)[index + 1 :]]
        )
        way, before, after = way[:-1], parent, _with(parent, **{name: inside})
    return _line(before), _line(after)


def _line(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _reached(tree: ast.AST, way: Way) -> ast.AST:
    node = tree
    for name, index in way:
        value = getattr(node, name)
        node = value if index is None else value[index]
    return node
