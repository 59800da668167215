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
DEEPEST = 10
"""The maximum nesting depth of calls."""
_OPEN_ESCAPE: Final = r"(?<!\\)(?:\\\\)*\\[^\\'{}]"
"""Matches an unescaped backslash before a character that needs no escape."""


def _no_path(path: JsonPath) -> Json:
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

    def cannot_work(self) -> str:
        """Return the reason why the call fails for any data, such as an unsuitable constant; empty if it may work."""
        inner = (argument.cannot_work() for argument in self.arguments if isinstance(argument, IntrinsicCall))
        constants = [UNKNOWN if isinstance(each, IntrinsicCall | JsonPath) else each for each in self.arguments]
        return (
            next((why for why in inner if why), "")
            or FUNCTIONS[self.name].refuses_constants(constants)
            or self._failure_of_constants()
        )

    def _failure_of_constants(self) -> str:
        if any(True for _ in self.paths()):
            return ""
        try:
            self.result(_no_path, random.Random(0))  # noqa: S311  # no secret
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
        call = _call(scanner)
        scanner.blanks()
        if not scanner.done:
            raise scanner.refuse("unexpected text after the call")
    except InvalidIntrinsic:
        raise
    except InvalidPath as error:
        raise InvalidIntrinsic(str(error)) from None
    return call


def _call(scanner: Scanner) -> IntrinsicCall:
    scanner.deeper(DEEPEST, "calls of intrinsic functions")
    name = _name(scanner)
    scanner.blanks()
    scanner.expect("(")
    scanner.blanks()
    start = scanner.place
    arguments: list[Argument] = []
    if scanner.peek() != ")":
        arguments.extend(scanner.list_items(lambda: _argument(scanner)))
    scanner.expect(")")
    scanner.depth -= 1
    why = FUNCTIONS[name].refuses(len(arguments))
    if why:
        raise scanner.refuse(why)
    if name == "States.Format" and isinstance(arguments[0], str):
        return _template(scanner, tuple(arguments), _as_written(scanner.text, start))
    return IntrinsicCall(name, tuple(arguments))


def _as_written(text: str, start: int) -> str:
    """Return the contents of the quoted string at `start`, with its backslashes."""
    scanner = Scanner(text)
    scanner.place = start
    scanner.quoted()
    return text[start + 1 : scanner.place - 1]


def _template(scanner: Scanner, arguments: tuple[Argument, ...], raw: str) -> Template:
    pieces: list[Json] = list(_pieces(raw))
    if len(pieces) != len(arguments):
        given = len(arguments) - 1
        raise scanner.refuse(f"the template requires {len(pieces) - 1} values, one for each {{}}, got {given}")
    return Template("States.Format", arguments, pieces)


def _name(scanner: Scanner) -> str:
    start = scanner.place
    while scanner.peek() and scanner.peek() not in "( \t'\",":
        scanner.take(1)
    name = scanner.text[start : scanner.place]
    if name not in FUNCTIONS:
        import difflib

        folded = {each.lower(): each for each in FUNCTIONS}
        near = difflib.get_close_matches(name.lower(), folded, 1, 0.7)
        hint = f" (did you mean {folded[near[0]]}?)" if near else ""
        raise scanner.refuse(f"{name} is not an intrinsic function{hint}")
    return name


def _argument(scanner: Scanner) -> Argument:
    sign = scanner.peek()
    if sign == "'":
        return _text(scanner)
    if sign == "$":
        depth, scanner.depth = scanner.depth, 0
        path = read_path(scanner)
        scanner.depth = depth
        return path
    if scanner.text.startswith("States.", scanner.place):
        return _call(scanner)
    for word, value in (("true", True), ("false", False), ("null", None)):
        if scanner.skip(word):
            return value
    if sign == '"':
        raise scanner.refuse("a string must be in single quotes")
    return scanner.number()


def _text(scanner: Scanner) -> str:
    """Read a string in single quotes. Source: developer guide, "Reserved characters in intrinsic functions"."""
    raw = _as_written(scanner.text, scanner.place)
    if re.search(_OPEN_ESCAPE, raw):
        raise scanner.refuse(r"a backslash is allowed only before ', {, } and \ in a string")
    return scanner.quoted()


def _pieces(raw: str) -> Iterator[str]:
    """Yield the parts of a template around each `{}`; a backslash makes the next character literal."""
    piece: list[str] = []
    place = 0
    while place < len(raw):
        if raw[place] == "\\" and place + 1 < len(raw):
            piece.append(raw[place + 1])
            place += 2
        elif raw.startswith("{}", place):
            yield "".join(piece)
            piece = []
            place += 2
        else:
            piece.append(raw[place])
            place += 1
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
