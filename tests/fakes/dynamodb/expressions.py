"""A request's expressions, compiled once and checked for every request."""

from dataclasses import dataclass
from typing import Any

from .conditions import Check, Test, Values, compile_condition
from .errors import invalid
from .parser import Names, Node, Operator, Path, Placeholder, Reader
from .table import Table
from .updates import ParsedUpdate, compile_update
from .values import Value, validate_value

_ALWAYS: Test = lambda item, values: True  # noqa: E731 - a constant that happens to be callable


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """The query of an index: one hash, and optionally a condition on the range."""

    hash: str
    value: str
    test: Test
    compared: tuple[tuple[str, str], ...]
    """Attributes and the values (`:v`) with which they are compared."""

    @property
    def attributes(self) -> set[str]:
        return {attribute for attribute, _ in self.compared}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A request's expressions, ready to run."""

    condition: Test
    update: ParsedUpdate | None
    projection: list[Path] | None
    key_condition: KeyCondition | None
    checks: tuple[Check, ...]
    filtered: frozenset[str]
    """The attributes that a filter uses."""
    names: frozenset[str]
    values: frozenset[str]

    def bound(self, request: dict[str, Any]) -> Values:
        """Return the request's values in normal form; reject unused names, unused values and values of a wrong type."""
        values: Values = {}
        given = request.get("ExpressionAttributeValues")
        if given is not None:
            if not given:
                raise invalid("ExpressionAttributeValues must not be empty")
            for name, value in given.items():
                values[name] = _validate_value(name, value)
        _reject_unreferenced("ExpressionAttributeValues", values.keys() - self.values)
        names = request.get("ExpressionAttributeNames")
        if names is not None:
            _reject_unreferenced("ExpressionAttributeNames", names.keys() - self.names)
        for name in self.values:
            if name not in values:
                raise invalid(
                    "Invalid expression: An expression attribute value used in expression is not defined; "
                    f"attribute value: {name}"
                )
        for check in self.checks:
            check(values)
        return values


def _validate_value(name: str, value: Value) -> Value:
    try:
        return validate_value(value)[0]
    except Exception as error:
        message = getattr(error, "response", {}).get("Error", {}).get("Message")
        if message is None:
            raise
        raise invalid(f"ExpressionAttributeValues contains invalid value: {message} for key {name}") from None


def _reject_unreferenced(what: str, unused: set[str]) -> None:
    if unused:
        raise invalid(f"Value provided in {what} unused in expressions: keys: {{{', '.join(sorted(unused))}}}")


_KINDS = (
    "KeyConditionExpression",
    "FilterExpression",
    "ConditionExpression",
    "UpdateExpression",
    "ProjectionExpression",
)
_MAX_BYTES = 4096
_cache: dict[tuple[Any, ...], Compiled] = {}


def compile_expressions(request: dict[str, Any], table: Table) -> Compiled:
    """Compile the expressions of a request on a table."""
    names = request.get("ExpressionAttributeNames")
    get = request.get
    identity = (
        get("ConditionExpression"),
        get("UpdateExpression"),
        get("FilterExpression"),
        get("KeyConditionExpression"),
        get("ProjectionExpression"),
        tuple(names.items()) if names else names and (),
        table.key.attributes,
        table.key_names,
    )
    found = _cache.get(identity)
    if found is None:
        if names is not None and not names:
            raise invalid("ExpressionAttributeNames must not be empty")
        found = _cache[identity] = _compile(request, table)
    return found


def _compile(request: dict[str, Any], table: Table) -> Compiled:
    names = Names(dict(request.get("ExpressionAttributeNames") or {}), scalars=table.key_names)
    given = [kind for kind in _KINDS if kind in request]
    for kind in given:
        if (size := len(request[kind].encode())) > _MAX_BYTES:
            message = "Expression size has exceeded the maximum allowed size; expression size"
            raise invalid(f"Invalid {kind}: {message}: {size}")
    if (names.aliases or "ExpressionAttributeValues" in request) and not given:
        raise invalid(
            "ExpressionAttributeNames and ExpressionAttributeValues can only be specified when using expressions"
        )
    readers = {kind: Reader(request[kind], kind, names) for kind in given}
    checks: list[Check] = []
    filtered: set[str] = set()
    condition, update, projection, key_condition = _ALWAYS, None, None, None
    for kind in ("FilterExpression", "ConditionExpression"):
        if kind in readers:
            tree = readers[kind].condition()
            condition = compile_condition(tree, kind, checks)
            filtered |= _attributes(tree) if kind == "FilterExpression" else set()
    if "UpdateExpression" in readers:
        update = compile_update(readers["UpdateExpression"].update(), table.key.attributes, checks)
    if "ProjectionExpression" in readers:
        projection = readers["ProjectionExpression"].projection()
    if "KeyConditionExpression" in readers:
        key_condition = _key_condition(readers["KeyConditionExpression"].condition(), checks)
    return Compiled(
        condition,
        update,
        projection,
        key_condition,
        tuple(checks),
        frozenset(filtered),
        frozenset(names.used),
        frozenset(names.values),
    )


def _attributes(tree: Node) -> set[str]:
    if isinstance(tree, Operator):
        return set().union(*map(_attributes, tree.operands))
    return {str(tree.steps[0])} if isinstance(tree, Path) else set()


def _key_condition(tree: Node, checks: list[Check]) -> KeyCondition:
    """Compile `hash = :v`, alone or AND one condition on the range."""
    assert isinstance(tree, Operator)
    parts = tree.operands if tree.name == "AND" else (tree,)
    equal = [part for part in parts if isinstance(part, Operator) and part.name == "="]
    compared = []
    for part in parts:
        if not isinstance(part, Operator) or part.name not in ("=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"):
            raise invalid("Invalid operator used in KeyConditionExpression")
        path, *rest = part.operands
        if not isinstance(path, Path) or len(path.steps) > 1 or not all(isinstance(one, Placeholder) for one in rest):
            raise invalid("Invalid KeyConditionExpression: a key is compared with values")
        compared += [(str(path.steps[0]), one.name) for one in rest if isinstance(one, Placeholder)]
    if not equal:
        raise invalid("Query condition missed key schema element")
    first, test = equal[0], _ALWAYS
    for part in parts:
        if part is not first:
            test = compile_condition(part, "KeyConditionExpression", checks)
    path, placeholder = first.operands
    assert isinstance(path, Path)
    assert isinstance(placeholder, Placeholder)
    return KeyCondition(str(path.steps[0]), placeholder.name, test, tuple(compared))
