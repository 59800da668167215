"""Copies of expression trees in which the leaves, references and constants, are changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from .value_expressions import (
    All,
    Bound,
    Compare,
    CompareTimes,
    Condition,
    Either,
    Expression,
    FunctionCall,
    IsKind,
    IsTrue,
    Matches,
    Not,
    Present,
    Reference,
    key_of,
)

Change = Callable[[object], object]


def rewrite(value: object, change: Change) -> object:
    """Return a copy of a tree with `change` applied to every reference and every constant."""
    if isinstance(value, FunctionCall):
        return FunctionCall(value.name, tuple(rewrite(argument, change) for argument in value.arguments), value.form)
    if isinstance(value, Bound):
        return change(value.binding)
    if isinstance(value, Condition):
        return rewrite_condition(value, change)
    if isinstance(value, Mapping):
        return {key_of(key): rewrite(item, change) for key, item in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [rewrite(item, change) for item in cast("Sequence[object]", value)]
    return change(value)


def rewrite_condition(condition: Condition, change: Change) -> Condition:
    """Return a copy of a condition with `change` applied to every reference and every constant."""
    match condition:
        case All(parts):
            return All(tuple(rewrite_condition(part, change) for part in parts))
        case Either(parts):
            return Either(tuple(rewrite_condition(part, change) for part in parts))
        case Not(part):
            return Not(rewrite_condition(part, change))
        case Compare(operator, left, right):
            return Compare(operator, rewrite(left, change), rewrite(right, change))
        case CompareTimes(operator, left, right):
            return CompareTimes(operator, rewrite(left, change), rewrite(right, change))
        case Present(subject):
            return Present(_rewrite_expression(subject, change))
        case IsKind(subject, kind):
            return IsKind(_rewrite_expression(subject, change), kind)
        case Matches(subject, pattern):
            return Matches(_rewrite_expression(subject, change), pattern)
        case IsTrue(subject):
            return IsTrue(_rewrite_expression(subject, change))
        case _:
            return condition


def references_in(value: object) -> Iterator[Reference]:
    """Yield every reference in a tree."""
    found: list[Reference] = []

    def collect(value: object) -> object:
        if isinstance(value, Reference):
            found.append(value)
        return value

    rewrite(value, collect)
    yield from found


def _rewrite_expression(subject: Expression, change: Change) -> Expression:
    return cast("Expression", rewrite(subject, change))
