# SPDX-License-Identifier: Apache-2.0
"""Finds in the source which reasons there are: id, message and clause of every `Reason`, and of its kin.

Whoever makes one, directly or through a helper of the same module or of a base class, is followed as far as texts are
static; what is known at run time only is shown as `…`.
"""

import ast
import importlib
import inspect
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
UNKNOWN = "…"

Known = Mapping[str, Any]
"""The values of names, where they are static."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Said:
    """What one call says; parts that are known at run time only are `…`. `call` is the name of what is called."""

    id: str
    message: str
    clause: str
    call: str
    module: str

    @property
    def package(self) -> str:
        """The package of the module, such as `registry.smp`."""
        return ".".join(self.module.split(".")[:2])


def find(folder: str, classes: Collection[str], **names: Any) -> list[Said]:
    """What the modules below a folder of the project say with `classes`, whose arguments are id, message, clause.

    `names` have these values wherever they occur.
    """
    said: dict[Said, None] = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if any(name in text for name in classes):
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            source = _Source(importlib.import_module(dotted), classes, names)
            said.update(dict.fromkeys(source.read(ast.parse(text))))
    ids = {one.id for one in said}
    return [one for one in said if one.id.strip(f"{UNKNOWN}-") and not _is_form_of(one.id, ids)]


def _is_form_of(name: str, ids: Collection[str]) -> bool:
    """Whether `PREFIX-…` or `…-SUFFIX` is only the form of ids that are known in full."""
    head, unknown, tail = name.partition(UNKNOWN)
    return bool(unknown) and any(one != name and one.startswith(head) and one.endswith(tail) for one in ids)


@dataclass(slots=True)
class _Source:
    module: ModuleType
    classes: Collection[str]
    names: Known
    _functions: dict[str, Function] = field(default_factory=dict)
    _seen: set[tuple[str, int, str]] = field(default_factory=set)

    def read(self, tree: ast.Module) -> Iterator[Said]:
        own = _functions(tree)
        functions = [*self._inherited(), *own]
        callees = [{_callee(node) for node in ast.walk(each) if isinstance(node, ast.Call)} for each in functions]
        speaking, more = set(self.classes), True
        while more:
            found = {each.name for each, called in zip(functions, callees, strict=True) if called & speaking}
            more = not found <= speaking
            speaking |= found
        self._functions = {function.name: function for function in functions if function.name in speaking}
        for function in own:
            if function.name in speaking:
                yield from self._said(function, {})

    def _inherited(self) -> list[Function]:
        """The methods of base classes that are defined in other modules."""
        here = [each for each in vars(self.module).values() if inspect.isclass(each)]
        bases = [base for each in here if each.__module__ == self.module.__name__ for base in each.__mro__]
        project = self.module.__name__.partition(".")[0]
        others = [
            base for base in bases if base.__module__ != self.module.__name__ and base.__module__.startswith(project)
        ]
        return [each for base in others for each in _functions(ast.parse(inspect.getsource(base)))]

    def _said(self, function: Function, known: Known) -> Iterator[Said]:
        """What a function says when it is called with `known`, by itself or by the helpers that it calls."""
        if (function.name, function.lineno, repr(known)) in self._seen:
            return
        self._seen.add((function.name, function.lineno, repr(known)))
        for call in self._live_calls(function, known):
            name = _callee(call)
            helper = self._functions.get(name)
            if name in self.classes and call.args:
                for looped in self._loops(function, call.args[0]):
                    yield self._one(call, function, {**known, **looped}, looped)
            elif helper is not None and (passed := self._passed(helper, call, function, known)):
                yield from self._said(helper, passed)

    def _one(self, call: ast.Call, function: Function, known: Known, looped: Known) -> Said:
        name, message, clause = (*call.args, *_NO_TEXT)[:3]
        handed_on = isinstance(message, ast.Name) and _assigned(function, message) is None
        in_message = known if handed_on else looped
        said = self._text(clause, function, known)
        return Said(
            self._text(name, function, known),
            self._text(message, function, in_message).removeprefix(f"{UNKNOWN}: "),
            "" if UNKNOWN in said else said,
            _callee(call),
            self.module.__name__,
        )

    def _live_calls(self, function: Function, known: Known) -> Iterator[ast.Call]:
        """The calls in a function, without those below a condition that `known` makes false."""
        waiting: list[ast.AST] = [function]
        while waiting:
            node = waiting.pop(0)
            if isinstance(node, ast.Call):
                yield node
            dead = isinstance(node, ast.If) and any(self._value(test, known) is False for test in _conjuncts(node.test))
            waiting[:0] = node.orelse if isinstance(node, ast.If) and dead else ast.iter_child_nodes(node)

    def _passed(self, helper: Function, call: ast.Call, function: Function, known: Known) -> dict[str, Any]:
        """The static values that a call passes to a helper, by parameter."""
        names = [argument.arg for argument in helper.args.args if argument.arg != "self"]
        passed = {**dict(zip(names, call.args, strict=False)), **{k.arg: k.value for k in call.keywords if k.arg}}
        # What callers put into a message tells of their document, not of the rule: it stays open.
        values = {
            name: self._value(node, {} if isinstance(node, ast.JoinedStr) else known) for name, node in passed.items()
        }
        values = {name: value or self._text(passed[name], function, {}) for name, value in values.items()}
        return {name: value for name, value in values.items() if value != UNKNOWN}

    def _loops(self, function: Function, name: ast.expr) -> list[dict[str, Any]]:
        """What loop variables are in turn, where `name` is one and the loop is over static tuples; else once nothing.

        The tuples stand in the module, or are appended to a list of the function.
        """
        for loop in (node for node in ast.walk(function) if isinstance(node, ast.For | ast.comprehension)):
            targets = [target.id for target in ast.walk(loop.target) if isinstance(target, ast.Name)]
            if isinstance(name, ast.Name) and name.id in targets and isinstance(loop.iter, ast.Name):
                rows = getattr(self.module, loop.iter.id, None) or self._appended(function, f"{loop.iter.id}.append")
                return [dict(zip(targets, row, strict=True)) for row in rows]
        return [{}]

    def _appended(self, function: Function, append: str) -> list[list[str]]:
        calls = (node for node in ast.walk(function) if isinstance(node, ast.Call) and ast.unparse(node.func) == append)
        rows = [call.args[0] for call in calls]
        return [[self._text(item, function, {}) for item in row.elts] for row in rows if isinstance(row, ast.Tuple)]

    def _text(self, node: ast.expr, function: Function, known: Known) -> str:
        """What an expression says, local variables included."""
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.FormattedValue) else part for part in node.values)
            return "".join(self._text(part, function, known) for part in parts)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._text(node.left, function, known) + self._text(node.right, function, known)
        if isinstance(node, ast.Name) and (assigned := _assigned(function, node)) is not None:
            if node.id not in {name.id for name in ast.walk(assigned) if isinstance(name, ast.Name)}:
                return self._text(assigned, function, known)
            node = assigned  # a parameter, put right before it is used
        value = self._value(node, known)
        return value if isinstance(value, str) else UNKNOWN

    def _value(self, node: ast.expr, known: Known) -> Any:
        """What an expression is, evaluated in its module; None where it needs what is there at run time only."""
        try:
            return eval(compile(ast.Expression(node), "", "eval"), vars(self.module), {**self.names, **known})  # noqa: S307
        except Exception:  # noqa: BLE001 — any
            return None


_NO_TEXT = (ast.Constant(""), ast.Constant(""))


def _functions(tree: ast.Module) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def _callee(call: ast.Call) -> str:
    """The name that is called; `ValidationError` for `ValidationError.of`."""
    called = call.func
    if isinstance(called, ast.Attribute):
        return ast.unparse(called.value) if called.attr == "of" else called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _conjuncts(test: ast.expr) -> list[ast.expr]:
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]


def _assigned(function: Function, name: ast.Name) -> ast.expr | None:
    """The last value that a local variable got before it is used."""
    values = [
        assignment.value
        for assignment in _assignments(function)
        if assignment.lineno <= name.lineno
        and any(isinstance(target, ast.Name) and target.id == name.id for target in assignment.targets)
    ]
    return max(values, key=lambda value: value.lineno, default=None)


@cache
def _assignments(function: Function) -> list[ast.Assign]:
    return [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
