"""Parse and evaluate Step Functions' JSONPath on state data (`$`), the context object (`$$`) and variables (`$name`).

InvalidPath      the string is not a valid path; the message gives the position and the reason
UnmatchedPath    the path matches nothing in the data

A definite path (`$.order.lines[0]`) can match only one value: it yields that value, and fails if there is none. Any
other path (with wildcards, filters, slices or `..`) yields an array of all matches. Several names at the end of a path
yield an object with these members. All of this follows the Jayway library, which Step Functions uses.

Longer than 250 lines because it contains a parser and the evaluation of parsed paths.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, cast

from ..asl.json_type import Json
from ..asl.json_values import kind_of
from .jsonpath_calls import CALLS, UnmatchedPath, call_function
from .jsonpath_filter import Filter
from .jsonpath_text import InvalidPath, Scanner

StepKind = Literal["key", "keys", "merge", "index", "indexes", "slice", "every", "deep", "filter", "call"]


@dataclass(frozen=True, slots=True)
class PathStep:
    """One step of a path; `selector` is its name or names, index or indexes, slice, filter, or function name."""

    kind: StepKind
    selector: object = None

    @property
    def index(self) -> int:
        """The array index of a step of the kind `index`."""
        return cast("int", self.selector)


@dataclass(frozen=True)
class JsonPath:
    """A parsed path."""

    text: str
    root: str
    """`$`, `$$`, or `$name` for a variable; `@` inside a filter."""
    steps: tuple[PathStep, ...]

    @cached_property
    def is_definite(self) -> bool:
        """Return true if the path can match only one value."""
        return all(step.kind in ("key", "index", "merge", "call") for step in self.steps)

    @cached_property
    def is_reference(self) -> bool:
        """Return true for a reference path, to which a value can be written: it has only names and indexes."""
        return all(step.kind in ("key", "index") for step in self.steps)

    @property
    def variable(self) -> str | None:
        """The name of the variable that the path starts from, or None."""
        return self.root[1:] if len(self.root) > 1 and self.root != "$$" else None

    def find(self, value: Json, root: Json = None) -> Json:
        """Return the value at this path. Raises UnmatchedPath."""
        if self.is_definite:
            for step in self.steps:
                value = _select_one(step, value, self.text)
            return value
        found = [value]
        for index, step in enumerate(self.steps):
            if step.kind == "call":
                return call_function(str(step.selector), found, self.text)
            if step.kind == "filter" and index and self.steps[index - 1].kind == "deep":
                found = [item for item in found if isinstance(item, dict)]  # `..` also yields each array item
            found = [inner for outer in found for inner in _select_all(step, outer, root)]
        return found

    def is_past_end(self, value: Json) -> bool:
        """Return true if only the last step fails: an index beyond the end of its array."""
        if not self.is_definite or not self.steps or self.steps[-1].kind != "index":
            return False
        try:
            return isinstance(JsonPath(self.text, self.root, self.steps[:-1]).find(value), list)
        except UnmatchedPath:
            return False

    def put(self, value: Json, into: Json) -> Json:
        """Return a copy of `into` with the value at this path and missing objects created; raises UnmatchedPath."""
        if not self.steps:
            return value
        root: list[Json] = [into]
        holder: list[Json] | dict[str, Json] = root
        key: str | int = 0
        for step in self.steps:
            inner = _get(holder, key)
            if step.kind == "key" and (inner is None or isinstance(inner, dict)):
                name = str(step.selector)
                copy: list[Json] | dict[str, Json] = {**(inner or {}), name: inner.get(name) if inner else None}
            elif step.kind == "index" and isinstance(inner, list) and -len(inner) <= step.index < len(inner):
                copy = list(inner)
            else:
                raise UnmatchedPath(f"{self.text}: {step.selector!r} cannot be set in a value of type {kind_of(inner)}")
            _set(holder, key, copy)
            holder, key = copy, str(step.selector) if step.kind == "key" else step.index
        _set(holder, key, value)
        return root[0]


@lru_cache(maxsize=4096)
def parse_path(text: str) -> JsonPath:
    """Parse a path, ignoring trailing whitespace; raises InvalidPath."""
    scanner = Scanner(text.rstrip(" \t\r\n"))
    path = read_path(scanner)
    if not scanner.done:
        raise scanner.syntax_error("unexpected character" if scanner.peek() != "." else "a name must follow the dot")
    return path


def read_path(scanner: Scanner, roots: str = "$") -> JsonPath:
    """Read a path at the scanner's position; raises InvalidPath unless it starts with one of `roots`."""
    start = scanner.position
    if not scanner.peek() or scanner.peek() not in roots:
        raise scanner.syntax_error("a JSONPath must start with $")
    root = scanner.take(1)
    if root == "$":
        root += "$" if scanner.skip("$") else scanner.read_variable_name()
    steps = tuple(_steps(scanner))
    if steps and steps[-1].kind == "keys":
        steps = (*steps[:-1], PathStep("merge", steps[-1].selector))
    return JsonPath(scanner.text[start : scanner.position], root, steps)


def _steps(scanner: Scanner) -> Iterator[PathStep]:
    while scanner.peek() and scanner.peek() in ".[":
        if scanner.skip(".."):
            yield PathStep("deep")
            if scanner.peek() != "[":
                yield _read_dotted(scanner)
        elif scanner.skip("."):
            yield _read_brackets(scanner) if scanner.peek() == "[" else _read_dotted(scanner)
        else:
            yield _read_brackets(scanner)


def _read_dotted(scanner: Scanner) -> PathStep:
    if scanner.skip("*"):
        return PathStep("every")
    name = scanner.read_name()
    if scanner.skip("()"):
        if name not in CALLS:
            raise scanner.syntax_error(f"{name}() is not a function of a JSONPath, which may end in {', '.join(CALLS)}")
        return PathStep("call", name)
    return PathStep("key", name)


def _read_brackets(scanner: Scanner) -> PathStep:
    scanner.take(1)
    scanner.skip_whitespace()
    if scanner.skip("*"):
        step = PathStep("every")
    elif scanner.skip("?"):
        step = _read_filter(scanner)
    elif scanner.peek() in ("'", '"'):
        names = tuple(scanner.read_list(scanner.read_quoted_name))
        step = PathStep("key", names[0]) if len(names) == 1 else PathStep("keys", names)
    else:
        step = _read_numbers(scanner)
    scanner.skip_whitespace()
    scanner.expect("]")
    return step


def _read_numbers(scanner: Scanner) -> PathStep:
    bounds: list[int | None] = [scanner.read_integer()]
    scanner.skip_whitespace()
    if scanner.peek() == ":":
        while scanner.skip(":"):
            bounds.append(scanner.read_integer())
            scanner.skip_whitespace()
        if len(bounds) > 3 or bounds[2:] == [0]:
            raise scanner.syntax_error("a slice must be [from:to] or [from:to:step], and its step must not be 0")
        return PathStep("slice", slice(*bounds))
    numbers = list(bounds)
    while scanner.skip(","):
        scanner.skip_whitespace()
        numbers.append(scanner.read_integer())
        scanner.skip_whitespace()
    if None in numbers:
        raise scanner.syntax_error("the brackets must contain an index, a quoted name, *, a slice or ?(…)")
    return PathStep("index", numbers[0]) if len(numbers) == 1 else PathStep("indexes", tuple(numbers))


def _read_filter(scanner: Scanner) -> PathStep:
    scanner.skip_whitespace()
    scanner.expect("(")
    step = PathStep("filter", Filter.read(scanner, read_path))
    scanner.expect(")")
    return step


def _get(holder: list[Json] | dict[str, Json], key: str | int) -> Json:
    return holder[cast("int", key)] if isinstance(holder, list) else holder[cast("str", key)]


def _set(holder: list[Json] | dict[str, Json], key: str | int, value: Json) -> None:
    if isinstance(holder, list):
        holder[cast("int", key)] = value
    else:
        holder[cast("str", key)] = value


def _select_one(step: PathStep, value: Json, text: str) -> Json:
    if step.kind == "key":
        if isinstance(value, dict) and step.selector in value:
            return value[str(step.selector)]
        raise UnmatchedPath(f"{text}: there is no {step.selector!r} in a value of type {kind_of(value)}")
    if step.kind == "merge":
        if isinstance(value, dict):
            return {name: value[name] for name in cast("tuple[str, ...]", step.selector) if name in value}
        raise UnmatchedPath(f"{text}: a value of type {kind_of(value)} has no fields")
    if step.kind == "index":
        index = step.index
        if isinstance(value, list) and -len(value) <= index < len(value):
            return value[index]
        raise UnmatchedPath(f"{text}: there is no [{index}] in a value of type {kind_of(value)}")
    return call_function(str(step.selector), value, text)


def _select_all(step: PathStep, value: Json, root: Json) -> list[Json]:
    if step.kind in ("key", "index", "merge"):
        try:
            return [_select_one(step, value, "")]
        except UnmatchedPath:
            return []
    if step.kind == "deep":
        return list(_descendants(value))
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if step.kind == "every":
        return items
    if step.kind == "filter":
        assert isinstance(step.selector, Filter)
        candidates = [value] if isinstance(value, dict) else items
        return [item for item in candidates if step.selector.accepts(item, root)]
    if step.kind == "keys" and isinstance(value, dict):
        return [value[name] for name in cast("tuple[str, ...]", step.selector) if name in value]
    if step.kind == "slice" and isinstance(value, list):
        return _slice(value, cast("slice[int | None, int | None, int | None]", step.selector))
    if step.kind == "indexes" and isinstance(value, list):
        return [value[index] for index in cast("tuple[int, ...]", step.selector) if -len(value) <= index < len(value)]
    return []


def _slice(items: list[Json], bounds: slice[int | None, int | None, int | None]) -> list[Json]:
    """Return the items of a slice. Negative bounds count from the end, except the second one if both are given."""
    first, last = bounds.start, bounds.stop
    if first is None or last is None:
        return items[bounds]
    indexes = range(first, min(last, len(items)), bounds.step or 1)
    return [items[index] for index in indexes if -len(items) <= index]


def _descendants(value: Json) -> Iterator[Json]:
    stack = [value]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, dict):
            stack.extend(reversed(list(node.values())))
        elif isinstance(node, list):
            stack.extend(reversed(node))


__all__ = ["CALLS", "InvalidPath", "JsonPath", "PathStep", "UnmatchedPath", "parse_path", "read_path"]
