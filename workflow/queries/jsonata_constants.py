"""Find parts of a JSONata expression that fail for any data.

Only parts that are always evaluated count: not a branch of a condition, the right side of `and` or `or`, the body of a
function, or a later step of a path. Such a part fails if an operator gets an operand of a wrong kind, or if the part is
constant and its evaluation fails. An expression that is constant as a whole also fails if it yields nothing.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, cast

from .jsonata_evaluation import parse_jsonata
from .jsonata_functions import FUNCTIONS
from .jsonata_reading import inner_parts_of, literal_kind_of, parts_of
from .jsonata_values import THREW, JsonataFailed, to_json

_NOT_CONSTANT: Final = frozenset(("random", "uuid", "now", "millis", "shuffle", "error", "assert"))
"""Functions whose result differs between calls, or that fail on purpose."""
_DATA_DEPENDENT: Final = ("name", "wildcard", "descendant", "parent", "regex", "lambda", "transform", "bind")
_ARITHMETIC: Final = ("+", "-", "*", "/", "%")
_ORDERING: Final = ("<", "<=", ">", ">=")
_MAX_STEPS: Final = 20_000
"""The maximum steps of an evaluation here; a longer one is left to the run."""
_MAX_WORK: Final = 1_000_000
"""The maximum work of an evaluation here, as measured by `work_of`."""


class _TooLong(Exception):
    """The evaluation reached _MAX_STEPS and was abandoned."""


@lru_cache(maxsize=4096)
def always_fails(expression: str) -> str:
    """Return the reason why an expression fails for any data; empty if it may work. Raises InvalidJsonata."""
    engine = parse_jsonata(expression)
    tree = cast("Any", engine).ast
    try:
        if _is_constant(tree):
            return _failure(engine, tree, is_root=True)
        reasons = (_operand_mismatch(node) or _failure(engine, node) for node in _nodes_always_evaluated(tree))
        return next((reason for reason in reasons if reason), "")
    except RecursionError:
        return ""


def _nodes_always_evaluated(tree: Any) -> Iterator[Any]:
    """Yield every node that is always evaluated, outermost first, but no node inside a constant one."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        if not _is_constant(node):
            stack.extend(reversed(list(_children_always_evaluated(node))))


def _children_always_evaluated(node: Any) -> Iterator[Any]:
    if node.type == "path":
        yield node.steps[0]
    elif node.type == "condition":
        yield node.condition
    elif node.type == "bind":
        yield node.rhs
    elif node.type == "binary" and node.value in ("and", "or"):
        yield node.lhs
    elif node.type not in ("lambda", "partial", "transform"):
        yield from parts_of(node)


def _is_constant(node: Any) -> bool:
    if node.type in _DATA_DEPENDENT or any(True for _ in inner_parts_of(node)):
        return False
    if node.type == "variable" and (node.value not in FUNCTIONS or node.value in _NOT_CONSTANT):
        return False
    if node.type in ("function", "partial"):
        procedure = node.procedure
        if procedure is None or procedure.type != "variable" or not _is_constant(procedure):
            return False
    steps = node.steps if node.type == "path" else ()
    return all(map(_is_constant, (*steps, *parts_of(node))))


def _operand_mismatch(node: Any) -> str:
    """Return the reason why an operator rejects an operand by its kind; empty if it may accept both."""
    if node.type != "binary":
        return ""
    for side in (node.lhs, node.rhs):
        kind = literal_kind_of(side)
        if node.value in _ARITHMETIC and kind not in (None, "number"):
            return f"both operands of {node.value} must be numbers, got a value of type {kind}"
        if node.value in _ORDERING and kind not in (None, "number", "string"):
            return f"both operands of {node.value} must be numbers or strings, got a value of type {kind}"
    return ""


def _failure(engine: Any, node: Any, *, is_root: bool = False) -> str:
    if not _is_constant(node):
        return ""
    from .jsonata_additions import additions, evaluation_limits
    from .jsonata_library import JException
    from .jsonata_limits import TooMuchMemory, TooMuchWork
    from .jsonata_messages import TooDeep, error_text

    part = copy.copy(engine)
    part.ast = node
    limits = evaluation_limits(_TooLong(), _MAX_STEPS)
    bindings = {**additions(random.Random(0), lambda: 0), **limits}  # noqa: S311  # no secret
    try:
        value = part.result(bindings, 0, _MAX_WORK)
        if is_root and value is None:
            return "it yields no value"
        if is_root:
            to_json(value)
    except JsonataFailed as error:
        return str(error).removeprefix(THREW).lstrip(".: ")
    except (JException, TooMuchMemory, TooDeep) as error:
        return error_text(error).lstrip(".: ")
    except (_TooLong, TooMuchWork):
        pass
    return ""
