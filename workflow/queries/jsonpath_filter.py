"""Filters of JSONPath, such as `[?(@.price < 10 && @.sku in ['a', 'b'])]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, Protocol, TypeAlias, cast

from ..asl.json_type import Json
from ..asl.json_values import json_text
from .bounded_regex import reject_endless
from .jsonpath_calls import UnmatchedPath
from .jsonpath_text import Scanner, is_number


class FilterPath(Protocol):
    """A path in a filter, which starts at the item (`@`) or at the whole value (`$`)."""

    @property
    def root(self) -> str:
        """The root that the path starts with, such as `@` or `$`."""
        ...

    def find(self, value: Json, root: Json = None) -> Json:
        """Return the value at this path. Raises UnmatchedPath."""
        ...


ReadPath: TypeAlias = "Callable[[Scanner, str], FilterPath]"
_MISSING: Final = object()
_PATTERN: Final = re.compile(r"((?:[^/\\]|\\.)*)/([a-zA-Z]*)", re.S)
"""A regular expression after its first slash: the pattern, in which slashes are escaped, and the flags."""
_WORD: Final = re.compile(r"[^\s()\[\]{}'\"&|<>=!,@$]+")
"""A string without quotes, which Step Functions accepts: `[?(@.Name == /eggs/cooked)]`."""


def _order_test(compare: Callable[[int], bool]) -> Callable[[object, object], bool]:
    def test(left: object, right: object) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return compare((left > right) - (left < right))
        if isinstance(left, int | float) and isinstance(right, int | float):
            return compare((left > right) - (left < right))
        return False

    return test


def _equal(left: object, right: object) -> bool:
    """Return true if two values are equal. A missing value equals nothing, so it passes `!=`; `'1'` equals `1`."""
    if isinstance(left, str) != isinstance(right, str) and _is_number(left) != _is_number(right):
        return _number(left) == _number(right)
    return left is not _MISSING and isinstance(left, bool) == isinstance(right, bool) and left == right


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _contains(left: object, right: object) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return any(_equal(item, right) for item in _items(left))


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _matches_pattern(left: object, right: object) -> bool:
    if not isinstance(right, re.Pattern) or left is _MISSING:
        return False
    return any(
        _fullmatch(cast("re.Pattern[str]", right), _text(item)) for item in (_items(left) if _is_list(left) else [left])
    )


def _fullmatch(pattern: re.Pattern[str], text: str) -> bool:
    reject_endless(pattern, text, fullmatch=True)
    return bool(pattern.fullmatch(text))


def _text(value: object) -> str:
    """Return a value as the string that a pattern is matched against; empty for null, arrays and objects."""
    return value if isinstance(value, str) else json_text(value) if isinstance(value, int | float) else ""


def _has_size(left: object, right: object) -> bool:
    return isinstance(left, list | str) and len(cast("str", left)) == right


_TESTS: Final[Mapping[str, Callable[[object, object], bool]]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<=": _order_test(lambda sign: sign <= 0),
    ">=": _order_test(lambda sign: sign >= 0),
    "<": _order_test(lambda sign: sign < 0),
    ">": _order_test(lambda sign: sign > 0),
    "=~": _matches_pattern,
    "nin": lambda left, right: not _contains(right, left),
    "in": lambda left, right: _contains(right, left),
    "subsetof": lambda left, right: _is_list(left) and all(_contains(right, item) for item in _items(left)),
    "anyof": lambda left, right: any(_contains(right, item) for item in _items(left)),
    "noneof": lambda left, right: _is_list(left) and not any(_contains(right, item) for item in _items(left)),
    "contains": _contains,
    "size": _has_size,
    "empty": lambda left, right: isinstance(left, list | str | dict) and (not left) == right,
}


@dataclass(frozen=True, slots=True)
class PathOperand:
    """An operand that is a path, evaluated for each item."""

    path: FilterPath

    def find(self, item: Json, root: Json) -> object:
        """Return the value at the path, or `_MISSING`."""
        try:
            return self.path.find(item if self.path.root == "@" else root, root)
        except UnmatchedPath:
            return _MISSING


@dataclass(frozen=True, slots=True)
class Filter:
    """A test of one item: a comparison, a path that must exist, or a combination of tests."""

    kind: Literal["and", "or", "not", "test", "exists"]
    parts: tuple[Filter | PathOperand | re.Pattern[str] | Json, ...]
    operator: str = ""

    @classmethod
    def read(cls, scanner: Scanner, read_path: ReadPath) -> Filter:
        """Read a filter at the scanner's position."""
        scanner.enter(50, "parentheses of filters")
        combined = _read_combination(scanner, read_path, "||", "or")
        scanner.depth -= 1
        return combined

    def accepts(self, item: Json, root: Json) -> bool:
        """Return true if an item of an array, or an object, passes the filter."""
        if self.kind in ("and", "or", "not"):
            results = (part.accepts(item, root) for part in self.parts if isinstance(part, Filter))
            return all(results) if self.kind == "and" else any(results) if self.kind == "or" else not any(results)
        values = [part.find(item, root) if isinstance(part, PathOperand) else part for part in self.parts]
        if self.kind == "exists":
            return values[0] is not _MISSING and values[0] is not None
        return _TESTS[self.operator](*values)


def _read_combination(scanner: Scanner, read_path: ReadPath, operator: str, kind: Literal["and", "or"]) -> Filter:
    parts: list[Filter] = []
    while True:
        parts.append(
            _read_combination(scanner, read_path, "&&", "and") if kind == "or" else _read_test(scanner, read_path)
        )
        scanner.skip_whitespace()
        if not scanner.skip(operator):
            return parts[0] if len(parts) == 1 else Filter(kind, tuple(parts))


def _read_test(scanner: Scanner, read_path: ReadPath) -> Filter:
    scanner.skip_whitespace()
    if scanner.skip("!"):
        scanner.enter(50, "negations")
        negated = Filter("not", (_read_test(scanner, read_path),))
        scanner.depth -= 1
        return negated
    if scanner.skip("("):
        inner = Filter.read(scanner, read_path)
        scanner.skip_whitespace()
        scanner.expect(")")
        return inner
    left = _read_operand(scanner, read_path)
    scanner.skip_whitespace()
    operator = next((symbol for symbol in _TESTS if scanner.skip(symbol)), None)
    if operator is None:
        return Filter("exists", (left,))
    return Filter("test", (left, _read_right_operand(scanner, read_path, operator)), operator)


def _read_right_operand(scanner: Scanner, read_path: ReadPath, operator: str) -> PathOperand | re.Pattern[str] | Json:
    scanner.skip_whitespace()
    found = _WORD.match(scanner.text, scanner.position)
    word = found.group() if found and operator in ("==", "!=") else ""
    if not word or word in ("true", "false", "null") or is_number(word):
        return _read_operand(scanner, read_path)
    return scanner.take(len(word))


def _read_operand(scanner: Scanner, read_path: ReadPath) -> PathOperand | re.Pattern[str] | Json:
    scanner.skip_whitespace()
    character = scanner.peek()
    if character and character in "@$":
        return PathOperand(read_path(scanner, "@$"))
    if character and character in "'\"":
        return scanner.read_string()
    for word, value in (("true", True), ("false", False), ("null", None)):
        if scanner.skip(word):
            return value
    if scanner.skip("["):
        return _read_array(scanner)
    return _read_pattern(scanner) if scanner.skip("/") else scanner.read_number()


def _read_array(scanner: Scanner) -> Json:
    scanner.skip_whitespace()
    if scanner.skip("]"):
        return []
    items: list[Json] = list(
        scanner.read_list(lambda: scanner.read_string() if scanner.peek() in "'\"" else scanner.read_number())
    )
    scanner.expect("]")
    return items


def _read_pattern(scanner: Scanner) -> re.Pattern[str]:
    found = _PATTERN.match(scanner.text, scanner.position)
    if found is None:
        raise scanner.syntax_error("the closing / of the pattern is missing")
    scanner.take(len(found.group()))
    source = found.group(1)
    flags = re.IGNORECASE if "i" in found.group(2) else 0
    try:
        return re.compile(source, flags)
    except re.error as error:
        raise scanner.syntax_error(f"the pattern is not valid: {error}") from None
