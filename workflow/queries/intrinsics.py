"""Parse and evaluate calls of the 18 intrinsic functions of JSONPath states: `States.Format('Hello, {}', $.name)`.

InvalidIntrinsic    the string is not a valid call; the message gives the position and the reason
IntrinsicFailed     the function fails with these arguments (States.IntrinsicFailure)

Source of the rules: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from ..asl.json_type import Json
from .intrinsic_functions import FUNCTIONS, UNKNOWN, IntrinsicFailed, Randomness
from .jsonpath_reading import InvalidPath, JsonPath, read_path
from .jsonpath_text import Scanner

Argument: TypeAlias = "IntrinsicCall | JsonPath | Json"
MAX_DEPTH = 10
"""The maximum nesting depth of calls."""
_OPEN_ESCAPE: Final = r"(?<!\\)(?:\\\\)*\\[^\\'{}]"
"""Matches an unescaped backslash before a character that needs no escape."""


def _reject_path(path: JsonPath) -> Json:
    raise AssertionError(f"{path.text} in a call without paths")


class InvalidIntrinsic(InvalidPath):
    """An invalid call; the message quotes it and gives the position and the reason."""


@dataclass(frozen=True)
class IntrinsicCall:
    """A parsed call of an intrinsic function."""

    name: str
    arguments: tuple[Argument, ...]

    def paths(self) -> Iterator[JsonPath]:
        """Yield every path among the arguments, including those of nested calls."""
        for argument in self.arguments:
            if isinstance(argument, IntrinsicCall):
                yield from argument.paths()
            elif isinstance(argument, JsonPath):
                yield argument

    def failure_reason(self) -> str:
        """Return the reason why the call fails for any data, such as an unsuitable constant; empty if it may work."""
        inner = (argument.failure_reason() for argument in self.arguments if isinstance(argument, IntrinsicCall))
        constants = [UNKNOWN if isinstance(each, IntrinsicCall | JsonPath) else each for each in self.arguments]
        return (
            next((reason for reason in inner if reason), "")
            or FUNCTIONS[self.name].check_constants(constants)
            or self._failure_of_constants()
        )

    def _failure_of_constants(self) -> str:
        if any(True for _ in self.paths()):
            return ""
        try:
            self.result(_reject_path, random.Random(0))  # noqa: S311  # no secret
        except IntrinsicFailed as error:
            return str(error)
        return ""

    def result(self, find: Callable[[JsonPath], Json], randomness: Randomness) -> Json:
        """Evaluate the call; `find` returns the value of a path. Raises IntrinsicFailed."""
        values = [
            argument.result(find, randomness)
            if isinstance(argument, IntrinsicCall)
            else find(argument)
            if isinstance(argument, JsonPath)
            else argument
            for argument in self.arguments
        ]
        function = FUNCTIONS[self.name]
        if not isinstance(self, Template):
            return function.result(values, randomness)
        return function.result([self.pieces, *values[1:]], randomness)


@dataclass(frozen=True)
class Template(IntrinsicCall):
    """A call of States.Format with a constant template, which is split at each `{}` into `pieces`."""

    pieces: list[Json]


def is_intrinsic(text: str) -> bool:
    """Return true if a string is meant as a call of an intrinsic function."""
    return text.startswith("States.")


@lru_cache(maxsize=4096)
def parse_intrinsic(text: str) -> IntrinsicCall:
    """Parse a call of an intrinsic function; raises InvalidIntrinsic."""
    scanner = Scanner(text)
    try:
        call = _read_call(scanner)
        scanner.skip_whitespace()
        if not scanner.done:
            raise scanner.syntax_error("unexpected text after the call")
    except InvalidIntrinsic:
        raise
    except InvalidPath as error:
        raise InvalidIntrinsic(str(error)) from None
    return call


def _read_call(scanner: Scanner) -> IntrinsicCall:
    scanner.enter(MAX_DEPTH, "calls of intrinsic functions")
    name = _read_name(scanner)
    scanner.skip_whitespace()
    scanner.expect("(")
    scanner.skip_whitespace()
    start = scanner.position
    arguments: list[Argument] = []
    if scanner.peek() != ")":
        arguments.extend(scanner.read_list(lambda: _read_argument(scanner)))
    scanner.expect(")")
    scanner.depth -= 1
    reason = FUNCTIONS[name].check_count(len(arguments))
    if reason:
        raise scanner.syntax_error(reason)
    if name == "States.Format" and isinstance(arguments[0], str):
        return _build_template(scanner, tuple(arguments), _quoted_source(scanner.text, start))
    return IntrinsicCall(name, tuple(arguments))


def _quoted_source(text: str, start: int) -> str:
    """Return the contents of the quoted string at `start`, with its backslashes."""
    scanner = Scanner(text)
    scanner.position = start
    scanner.read_string()
    return text[start + 1 : scanner.position - 1]


def _build_template(scanner: Scanner, arguments: tuple[Argument, ...], raw: str) -> Template:
    pieces: list[Json] = list(_split_template(raw))
    if len(pieces) != len(arguments):
        given = len(arguments) - 1
        raise scanner.syntax_error(f"the template requires {len(pieces) - 1} values, one for each {{}}, got {given}")
    return Template("States.Format", arguments, pieces)


def _read_name(scanner: Scanner) -> str:
    start = scanner.position
    while scanner.peek() and scanner.peek() not in "( \t'\",":
        scanner.take(1)
    name = scanner.text[start : scanner.position]
    if name not in FUNCTIONS:
        import difflib

        folded = {each.lower(): each for each in FUNCTIONS}
        similar = difflib.get_close_matches(name.lower(), folded, 1, 0.7)
        hint = f" (did you mean {folded[similar[0]]}?)" if similar else ""
        raise scanner.syntax_error(f"{name} is not an intrinsic function{hint}")
    return name


def _read_argument(scanner: Scanner) -> Argument:
    character = scanner.peek()
    if character == "'":
        return _read_string(scanner)
    if character == "$":
        depth, scanner.depth = scanner.depth, 0
        path = read_path(scanner)
        scanner.depth = depth
        return path
    if scanner.text.startswith("States.", scanner.position):
        return _read_call(scanner)
    for word, value in (("true", True), ("false", False), ("null", None)):
        if scanner.skip(word):
            return value
    if character == '"':
        raise scanner.syntax_error("a string must be in single quotes")
    return scanner.read_number()


def _read_string(scanner: Scanner) -> str:
    """Read a string in single quotes. Source: developer guide, "Reserved characters in intrinsic functions"."""
    raw = _quoted_source(scanner.text, scanner.position)
    if re.search(_OPEN_ESCAPE, raw):
        raise scanner.syntax_error(r"a backslash is allowed only before ', {, } and \ in a string")
    return scanner.read_string()


def _split_template(raw: str) -> Iterator[str]:
    """Yield the parts of a template around each `{}`; a backslash makes the next character literal."""
    piece: list[str] = []
    position = 0
    while position < len(raw):
        if raw[position] == "\\" and position + 1 < len(raw):
            piece.append(raw[position + 1])
            position += 2
        elif raw.startswith("{}", position):
            yield "".join(piece)
            piece = []
            position += 2
        else:
            piece.append(raw[position])
            position += 1
    yield "".join(piece)


__all__ = [
    "FUNCTIONS",
    "IntrinsicCall",
    "IntrinsicFailed",
    "InvalidIntrinsic",
    "Randomness",
    "is_intrinsic",
    "parse_intrinsic",
]
