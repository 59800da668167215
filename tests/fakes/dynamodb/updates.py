"""Updates compiled to closures: `apply(item, values) -> new item`. The old item is never changed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .conditions import Check, Values, locate, operand_of
from .errors import invalid
from .parser import Node, Operator, Path, Placeholder
from .values import Item, Value, number_of, total

Compute = Callable[[Item, Values], Value]
_WRONG_TYPE = "An operand in the update expression has an incorrect data type"
_BAD_PATH = "The document path provided in the update expression is invalid for update"
_GONE = "The provided expression refers to an attribute that does not exist in the item"


@dataclass(slots=True)
class ParsedUpdate:
    """A compiled update: its assignments (computed on the old item) and removals."""

    assignments: tuple[tuple[Path, Callable[[Item, Values], Value | None]], ...]
    removals: tuple[Path, ...]
    key_touched: str | None = None
    """An attribute of the primary key that it would change, which is rejected once the condition holds."""

    @property
    def assigned_names(self) -> list[str]:
        """The top-level attributes that it assigns to."""
        return [str(path.steps[0]) for path, _ in self.assignments]

    @property
    def touched_names(self) -> list[str]:
        """The top-level attributes that it assigns to or removes from."""
        return [*self.assigned_names, *(str(path.steps[0]) for path in self.removals)]

    def apply(self, item: Item, values: Values) -> Item:
        """Return the item after the update."""
        if self.key_touched is not None:
            raise invalid(
                f"One or more parameter values were invalid: Cannot update attribute {self.key_touched}. "
                "This attribute is part of the key"
            )
        computed = [(path, compute(item, values)) for path, compute in self.assignments]
        new = dict(item)
        for path, value in computed:
            if len(path.steps) == 1:
                name = path.steps[0]
                assert isinstance(name, str)
                if value is None:
                    new.pop(name, None)
                else:
                    new[name] = value
            else:
                _assign(new, path.steps, value)
        for path in sorted(self.removals, key=lambda path: [str(step).zfill(12) for step in path.steps], reverse=True):
            _assign(new, path.steps, None)
        return new


def _assign(item: dict[str, Value], steps: tuple[str | int, ...], value: Value | None) -> None:
    """Put a value at a path (None removes), copying every container on the way."""
    name, *rest = steps
    assert isinstance(name, str)
    if not rest:
        item.pop(name, None) if value is None else item.__setitem__(name, value)
        return
    if name not in item:
        raise invalid(_BAD_PATH)
    item[name] = _replace_at(item[name], rest, value)


def _replace_at(container: Value, steps: list[str | int], value: Value | None) -> Value:
    step, *rest = steps
    if isinstance(step, str):
        if "M" not in container:
            raise invalid(_BAD_PATH)
        members: dict[str, Value] = dict(container["M"])
        _assign(members, tuple(steps), value)
        return {"M": members}
    if "L" not in container:
        raise invalid(_BAD_PATH)
    elements: list[Any] = list(container["L"])
    if rest:
        if step >= len(elements):
            raise invalid(_BAD_PATH)
        elements[step] = _replace_at(elements[step], rest, value)
    elif value is None:
        del elements[step : step + 1]
    elif step < len(elements):
        elements[step] = value
    else:
        elements.append(value)
    return {"L": elements}


def compile_update(sections: dict[str, list[Node]], key: tuple[str, ...], checks: list[Check]) -> ParsedUpdate:
    """Compile the sections of an update; reject overlapping paths."""
    assignments: list[tuple[Path, Callable[[Item, Values], Value | None]]] = []
    for node in sections.get("SET", []):
        assert isinstance(node, Operator)
        assert isinstance(node.operands[0], Path)
        assignments.append((node.operands[0], _compute(node.operands[1], checks)))
    for section, compile_one in (("ADD", _addition), ("DELETE", _subtraction)):
        for node in sections.get(section, []):
            assert isinstance(node, Operator)
            path, placeholder = node.operands
            assert isinstance(path, Path)
            assert isinstance(placeholder, Placeholder)
            assignments.append((path, compile_one(path, placeholder.name, checks)))
    removals = [node for node in sections.get("REMOVE", []) if isinstance(node, Path)]
    update = ParsedUpdate(tuple(assignments), tuple(removals))
    _refuse_overlaps([path for path, _ in assignments] + removals)
    update.key_touched = next((name for name in update.touched_names if name in key), None)
    return update


def _refuse_overlaps(paths: list[Path]) -> None:
    for index, one in enumerate(paths):
        for other in paths[index + 1 :]:
            shared = min(len(one.steps), len(other.steps))
            differs = next((at for at in range(shared) if one.steps[at] != other.steps[at]), None)
            if differs is None:
                raise invalid("Invalid UpdateExpression: Two document paths overlap with each other")
            if type(one.steps[differs]) is not type(other.steps[differs]):
                raise invalid("Invalid UpdateExpression: Two document paths conflict with each other")


def _compute(node: Node, checks: list[Check]) -> Compute:
    if isinstance(node, Placeholder):
        name = node.name
        return lambda item, values: values[name]
    if isinstance(node, Path):
        found = operand_of(node)
        return lambda item, values: _present(found(item, values))
    operands = [_compute(operand, checks) for operand in node.operands if node.name != "if_not_exists"]
    if node.name in ("+", "-"):
        _require(node, "N", checks)
        return _arithmetic(*operands, 1 if node.name == "+" else -1)
    if node.name == "list_append":
        _require(node, "L", checks)
        return _join(*operands)
    path, default = node.operands
    assert isinstance(path, Path)
    return _use_default(path, _compute(default, checks))


def _present(value: Value | None) -> Value:
    if value is None:
        raise invalid(_GONE)
    return value


def _require(call: Operator, tag: str, checks: list[Check]) -> None:
    names = [operand.name for operand in call.operands if isinstance(operand, Placeholder)]

    def check(values: Values) -> None:
        for name in names:
            if tag not in values[name]:
                raise invalid(
                    "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                    f"operator or function: {call.name}, operand type: {next(iter(values[name]))}"
                )

    checks.append(check)


def _arithmetic(left: Compute, right: Compute, sign: int) -> Compute:
    def compute(item: Item, values: Values) -> Value:
        a, b = left(item, values), right(item, values)
        if "N" not in a or "N" not in b:
            raise invalid(_WRONG_TYPE)
        return {"N": total(a["N"], b["N"], sign)}

    return compute


def _join(left: Compute, right: Compute) -> Compute:
    def compute(item: Item, values: Values) -> Value:
        a, b = left(item, values), right(item, values)
        if "L" not in a or "L" not in b:
            raise invalid(_WRONG_TYPE)
        return {"L": a["L"] + b["L"]}

    return compute


def _use_default(path: Path, default: Compute) -> Compute:
    def compute(item: Item, values: Values) -> Value:
        found = locate(item, path)
        return default(item, values) if found is None else found

    return compute


def _literal(name: str, operator: str, tags: str, checks: list[Check]) -> None:
    def check(values: Values) -> None:
        if next(iter(values[name])) not in tags.split():
            raise invalid(
                "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                f"operator: {operator}, operand type: {next(iter(values[name]))}"
            )

    checks.append(check)


def _addition(path: Path, name: str, checks: list[Check]) -> Callable[[Item, Values], Value | None]:
    _literal(name, "ADD", "N SS NS BS", checks)

    def compute(item: Item, values: Values) -> Value | None:
        ((tag, added),), old = values[name].items(), locate(item, path)
        if old is None:
            return values[name]
        if tag not in old:
            raise invalid(_WRONG_TYPE)
        if tag == "N":
            return {"N": total(old["N"], added, 1)}
        return {tag: _sort_members(tag, {*old[tag], *added})}

    return compute


def _subtraction(path: Path, name: str, checks: list[Check]) -> Callable[[Item, Values], Value | None]:
    _literal(name, "DELETE", "SS NS BS", checks)

    def compute(item: Item, values: Values) -> Value | None:
        ((tag, removed),), old = values[name].items(), locate(item, path)
        if old is None:
            return None
        if tag not in old:
            raise invalid(_WRONG_TYPE)
        left = set(old[tag]) - set(removed)
        return {tag: _sort_members(tag, left)} if left else None

    return compute


def _sort_members(tag: str, members: set[Any]) -> list[Any]:
    return sorted(members, key=number_of) if tag == "NS" else sorted(members)
