"""Static analysis of a JSONata expression: its references and the kind of its value."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, cast

from .jsonata_evaluation import parse_jsonata
from .jsonata_functions import FUNCTIONS, KINDS_OF_FUNCTIONS
from .jsonata_plain import NotPlain, PlainExpression

_KINDS_OF_OPERATORS: Final = {
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "in", "and", "or"), "boolean"),
    **dict.fromkeys(("+", "-", "*", "/", "%"), "number"),
    "&": "string",
    "..": "array",
}


class References:
    """The references of an expression, and the kind of its value."""

    __slots__ = ("bare", "called", "functions", "has_constants", "kind", "states", "tolerated", "variables")

    def __init__(self, kind: str | None) -> None:
        self.kind = kind
        """The kind of the expression's value; None if it is uncertain."""
        self.states: list[tuple[str, ...]] = []
        """The names that follow `$states`, for each of its uses."""
        self.variables: list[str] = []
        self.tolerated: list[str] = []
        """Variables that the expression tests with `$exists(…)`, so that they need not exist."""
        self.bare: list[str] = []
        """Names, `$` and wildcards used where JSONata has no context value to evaluate them on."""
        self.functions: list[str] = []
        """Functions called by name that neither JSONata nor the expression defines."""
        self.called: list[str] = []
        """Names called without `$`; empty if the expression uses functions as values."""
        self.has_constants = True
        """True if some part of the expression, other than a literal, may be constant."""


@lru_cache(maxsize=4096)
def references_of(expression: str) -> References:
    """Return the references of an expression; raises InvalidJsonata."""
    try:
        plain = PlainExpression(expression)
    except (NotPlain, RecursionError):
        return read_by_engine(expression)
    found = References(plain.kind)
    found.states, found.functions, found.has_constants = plain.states, plain.functions, plain.has_constants
    found.tolerated = [name for name in plain.tolerated if name not in FUNCTIONS]
    found.variables = [name for name in plain.variables if name not in FUNCTIONS and name not in found.tolerated]
    return found


def read_by_engine(expression: str) -> References:
    """Return the references of any expression, as parsed by the engine; raises InvalidJsonata."""
    tree = cast("Any", parse_jsonata(expression)).ast
    found = References(_kind(tree))
    nodes = list(_walk(tree))
    bound = {name for node, _, _ in nodes for name in _bound_names(node)}
    noted: set[int] = set()
    if not any(node.type == "lambda" or (node.type == "variable" and node.value in FUNCTIONS) for node, _, _ in nodes):
        found.called = [name for node, _, _ in nodes for name in _find_callee(node, noted)]
    for node, has_context, harmless in nodes:
        if id(node) not in noted:
            _note(node, has_context, harmless, bound, found, noted)
    found.variables = [name for name in found.variables if name not in found.tolerated]
    return found


def _walk(tree: Any) -> Iterator[tuple[Any, bool, bool]]:
    """Yield every node with two flags: bare names have a context value, and a missing value is harmless."""
    stack: list[tuple[Any, bool, bool]] = [(tree, False, False)]
    while stack:
        node, has_context, harmless = stack.pop()
        yield node, has_context, harmless
        stack.extend(reversed(list(_children(node, has_context, harmless))))


def _children(node: Any, has_context: bool, harmless: bool) -> Iterator[tuple[Any, bool, bool]]:
    if node.type == "path":
        for index, step in enumerate(node.steps):
            yield step, has_context or index > 0, harmless
    elif node.type == "function" and _name_of(node) == "exists":
        yield from ((each, has_context, True) for each in node.arguments)
    else:
        yield from ((each, has_context, harmless) for each in parts_of(node))
    yield from ((each, True, harmless) for each in inner_parts_of(node))


def parts_of(node: Any) -> Iterator[Any]:
    """Yield the child nodes that are evaluated in the same context as the node."""
    singles = ["lhs", "rhs", "expression", "condition", "then", "_else", "body"]
    if node.type in ("function", "partial") and _name_of(node) is None:
        singles.append("procedure")
    for name in singles:
        part = getattr(node, name)
        if _is_node(part):
            yield part
    for name in ("expressions", "arguments") if node.type != "lambda" else ():
        yield from (each for each in getattr(node, name) or () if _is_node(each))
    for pair in node.lhs_object or ():
        yield from pair


def inner_parts_of(node: Any) -> Iterator[Any]:
    """Yield the child nodes whose context is the node's value: predicates, groups, sort terms and updates."""
    for filters in (node.predicate, node.stages):
        yield from (each.expr for each in filters or () if _is_node(each.expr))
    if node.group is not None:
        for pair in node.group.lhs_object or ():
            yield from pair
    yield from (term.expression for term in node.terms or ())
    if node.type == "transform":
        yield from (each for each in (node.pattern, node.update, node.delete) if _is_node(each))


def _note(node: Any, has_context: bool, harmless: bool, bound: set[str], found: References, noted: set[int]) -> None:
    if node.type == "path":
        first = node.steps[0]
        if first.type == "variable" and first.value == "states" and first.predicate is None:
            found.states.append(tuple(_names_after(node.steps)))
            noted.add(id(first))
        return
    if node.type == "variable":
        _note_variable(node, has_context, harmless, bound, found)
    elif node.type in ("function", "partial"):
        name = _name_of(node)
        if name is not None and name not in FUNCTIONS and name not in bound:
            found.functions.append(name)
    elif node.type in ("name", "wildcard", "descendant", "parent") and not has_context:
        symbols = {"name": str(node.value), "wildcard": "*", "descendant": "**", "parent": "%"}
        found.bare.append(symbols[node.type])


def _note_variable(node: Any, has_context: bool, harmless: bool, bound: set[str], found: References) -> None:
    name = str(node.value)
    if name == "states":
        found.states.append(())
    elif name in ("", "$"):
        if name == "$" or not has_context:
            found.bare.append("$" + name)
    elif name not in bound and name not in FUNCTIONS:
        (found.tolerated if harmless else found.variables).append(name)


def _find_callee(node: Any, noted: set[int]) -> Iterator[str]:
    """Yield the names that a node calls without `$`, and add their nodes to `noted` so that nothing else notes them."""
    steps = node.steps if node.type == "path" else [node]
    for step in steps:
        procedure = step.procedure if step.type == "function" and id(step) not in noted else None
        if procedure is not None and procedure.type == "path" and [each.type for each in procedure.steps] == ["name"]:
            noted.update((id(step), id(procedure.steps[0])))
            if steps[0].type == "name":
                noted.add(id(steps[0]))
            yield str(procedure.steps[0].value)


def _names_after(steps: list[Any]) -> Iterator[str]:
    if steps[0].stages:
        return
    for step in steps[1:]:
        if step.type != "name":
            return
        yield str(step.value)
        if step.stages or step.predicate:
            return


def _bound_names(node: Any) -> Iterator[str]:
    if node.type == "bind" and _is_node(node.lhs):
        yield str(node.lhs.value)
    if node.type == "lambda":
        yield from (str(each.value) for each in node.arguments)
    for name in (node.focus, node.index if isinstance(node.index, str) else None):
        if isinstance(name, str):
            yield name
    yield from (str(each.value) for each in node.stages or () if each.type == "index")


def _name_of(node: Any) -> str | None:
    procedure = node.procedure
    return str(procedure.value) if procedure is not None and procedure.type == "variable" else None


def literal_kind_of(node: Any) -> str | None:
    """Return the kind of a node's value if it is certain and never undefined; otherwise None."""
    while node.type == "block" and node.expressions:
        node = node.expressions[-1]
    if node.type == "binary" and node.value in ("+", "-", "*", "/", "%", ".."):
        return None
    return None if node.type == "function" else _kind(node)


def _kind(node: Any) -> str | None:
    while node.type == "block" and node.expressions:
        node = node.expressions[-1]
    if node.type in ("string", "number"):
        return str(node.type)
    if node.type == "value":
        return "boolean" if isinstance(node.value, bool) else "null"
    if node.type == "binary":
        return _KINDS_OF_OPERATORS.get(str(node.value))
    if node.type == "unary":
        return {"[": "array", "{": "object", "-": "number"}.get(str(node.value)) if not node.predicate else None
    return KINDS_OF_FUNCTIONS.get(_name_of(node) or "") if node.type == "function" and not node.predicate else None


def _is_node(value: object) -> bool:
    return hasattr(value, "lhs_object")
