"""Conditions compiled to closures: `test(item, values) -> bool`, and the checks made before any data."""

import operator
from collections.abc import Callable
from typing import Any

from .errors import invalid
from .parser import Node, Operator, Path, Placeholder
from .values import Item, Value, compare_values, length

Values = dict[str, Value]
Operand = Callable[[Item, Values], Value | None]
Test = Callable[[Item, Values], bool]
Check = Callable[[Values], None]

_ORDERED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
TYPES = frozenset({"S", "N", "B", "BOOL", "NULL", "L", "M", "SS", "NS", "BS"})


def step_into(value: Value | None, step: str | int) -> Value | None:
    """Return the value at one step of a document path, or None."""
    if value is None:
        return None
    if isinstance(step, str):
        return value["M"].get(step) if "M" in value else None
    return value["L"][step] if "L" in value and step < len(value["L"]) else None


def locate(item: Item, path: Path) -> Value | None:
    """Return the value at a path, or None."""
    first, *rest = path.steps
    value = item.get(first)  # type: ignore[arg-type]
    for step in rest:
        value = step_into(value, step)
    return value


def operand_of(node: Node) -> Operand:
    """Return a closure that finds an operand's value."""
    if isinstance(node, Placeholder):
        name = node.name
        return lambda item, values: values[name]
    if isinstance(node, Operator):
        return _size_of(operand_of(node.operands[0]))
    if len(node.steps) == 1:
        attribute = node.steps[0]
        return lambda item, values: item.get(attribute)  # type: ignore[call-overload,no-any-return]
    return lambda item, values: locate(item, node)


def _size_of(inner: Operand) -> Operand:
    def measure(item: Item, values: Values) -> Value | None:
        value = inner(item, values)
        size = None if value is None else length(value)
        return None if size is None else {"N": str(size)}

    return measure


def compile_condition(node: Node, kind: str, checks: list[Check]) -> Test:
    """Return the test for a tree; `checks` collects the checks of values that come before any item is read."""
    assert isinstance(node, Operator)
    if node.name in ("AND", "OR"):
        left, right = (compile_condition(part, kind, checks) for part in node.operands)
        if node.name == "AND":
            return lambda item, values: left(item, values) and right(item, values)
        return lambda item, values: left(item, values) or right(item, values)
    if node.name == "NOT":
        inner = compile_condition(node.operands[0], kind, checks)
        return lambda item, values: not inner(item, values)
    _require_types(node, kind, checks)
    return _PREDICATES[node.name](node)


def _require_types(call: Operator, kind: str, checks: list[Check]) -> None:
    """Reject literal operands of a type that the operator does not support."""
    allowed = {"begins_with": "S B", "BETWEEN": "S N B", "<": "S N B", "<=": "S N B", ">": "S N B", ">=": "S N B"}
    if call.name == "attribute_type":
        checks.append(_attribute_type_check(call, kind))
        return
    if call.name not in allowed:
        return
    tags = frozenset(allowed[call.name].split())
    names = [operand.name for operand in call.operands if isinstance(operand, Placeholder)]

    def check(values: Values) -> None:
        for name in names:
            tag = next(iter(values[name]))
            if tag not in tags:
                raise invalid(
                    f"Invalid {kind}: Incorrect operand type for operator or function; "
                    f"operator or function: {call.name}, operand type: {tag}"
                )

    checks.append(check)
    if call.name == "BETWEEN" and all(isinstance(bound, Placeholder) for bound in call.operands[1:]):
        checks.append(_bounds_check(call.operands[1].name, call.operands[2].name, kind))  # type: ignore[union-attr]


def _attribute_type_check(call: Operator, kind: str) -> Check:
    def check(values: Values) -> None:
        named = call.operands[1]
        if not isinstance(named, Placeholder) or values[named.name].get("S") not in TYPES:
            raise invalid(f"Invalid {kind}: Invalid attribute type name found; type: {named}")

    return check


def _bounds_check(low: str, high: str, kind: str) -> Check:
    def check(values: Values) -> None:
        order = compare_values(values[low], values[high])
        if order is None:
            raise invalid(f"Invalid {kind}: The BETWEEN operator requires same data type for lower and upper bounds")
        if order > 0:
            raise invalid(
                f"Invalid {kind}: The BETWEEN operator requires upper bound to be greater than or equal to lower bound"
            )

    return check


def _equality(call: Operator) -> Test:
    left, right = map(operand_of, call.operands)
    if call.name == "=":
        return lambda item, values: (a := left(item, values)) is not None and a == right(item, values)
    return lambda item, values: (a := left(item, values)) is None or (b := right(item, values)) is None or a != b


def _ordering(call: Operator) -> Test:
    left, right = map(operand_of, call.operands)
    holds = _ORDERED[call.name]

    def test(item: Item, values: Values) -> bool:
        a, b = left(item, values), right(item, values)
        if a is None or b is None:
            return False
        order = compare_values(a, b)
        return order is not None and holds(order, 0)

    return test


def _between(call: Operator) -> Test:
    at_least = _ordering(Operator(">=", call.operands[:2]))
    at_most = _ordering(Operator("<=", (call.operands[0], call.operands[2])))
    return lambda item, values: at_least(item, values) and at_most(item, values)


def _membership(call: Operator) -> Test:
    tests = [_equality(Operator("=", (call.operands[0], member))) for member in call.operands[1:]]
    return lambda item, values: any(test(item, values) for test in tests)


def _presence(call: Operator) -> Test:
    found = operand_of(call.operands[0])
    if call.name == "attribute_exists":
        return lambda item, values: found(item, values) is not None
    return lambda item, values: found(item, values) is None


def _type(call: Operator) -> Test:
    left, right = map(operand_of, call.operands)
    return lambda item, values: (a := left(item, values)) is not None and right(item, values)["S"] in a  # type: ignore[index]


def _beginning(call: Operator) -> Test:
    left, right = map(operand_of, call.operands)

    def test(item: Item, values: Values) -> bool:
        a, b = left(item, values), right(item, values)
        return any(a and b and tag in a and tag in b and a[tag].startswith(b[tag]) for tag in ("S", "B"))

    return test


def _containment(call: Operator) -> Test:
    left, right = map(operand_of, call.operands)

    def test(item: Item, values: Values) -> bool:
        a, b = left(item, values), right(item, values)
        if a is None or b is None:
            return False
        ((tag, held),), ((kind, sought),) = a.items(), b.items()
        if tag == "L":
            return b in held
        if tag in ("SS", "NS", "BS"):
            return bool(tag[0] == kind and sought in held)
        return bool(tag == kind and tag in ("S", "B") and sought in held)

    return test


_PREDICATES: dict[str, Callable[[Operator], Test]] = {
    "=": _equality,
    "<>": _equality,
    **dict.fromkeys(_ORDERED, _ordering),
    "BETWEEN": _between,
    "IN": _membership,
    "attribute_exists": _presence,
    "attribute_not_exists": _presence,
    "attribute_type": _type,
    "begins_with": _beginning,
    "contains": _containment,
}


def project(item: Item, paths: list[Path]) -> Item:
    """Return the parts of an item that a projection names."""
    found: dict[str, Any] = {}
    for path in paths:
        value = locate(item, path)
        if value is not None:
            _place(found, path.steps, value)
    return found


def _place(found: dict[str, Any], steps: tuple[str | int, ...], value: Value) -> None:
    if len(steps) == 1:
        found[steps[0]] = value  # type: ignore[index]
        return
    if any(isinstance(step, int) for step in steps):
        raise NotImplementedError("the fake does not project elements of lists")
    nested = found.setdefault(steps[0], {"M": {}})["M"]  # type: ignore[arg-type]
    _place(nested, steps[1:], value)
