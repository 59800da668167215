"""Read simple JSONata expressions without the engine: paths, constants, comparisons, concatenations and calls.

Most expressions of most workflows are that simple, and importing the engine takes 15 ms. The results are the same as
the engine's (a test compares the two); any other expression is left to the engine.
"""

from __future__ import annotations

import re
from typing import Final

from .jsonata_functions import FUNCTIONS, KINDS_OF_FUNCTIONS

_PATTERN: Final = r"""(?a)\s*(\[\d{1,6}\]|\d+(?:\.\d+)?|[.$]?\w+|"[^"\\]*"|'[^'"\\]*'|[!<>]=|\S)"""
_WORDS: Final = ("and", "or", "in", "true", "false", "null")
_NAME_MARKERS: Final = ("$", '"', "'")
"""Characters that make the engine read the word before them as a name."""
_OPERATORS: Final = ("!=", "<=", ">=", "=", "<", ">", "&", "+", "*")
_PRECEDENCE: Final = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "in"), 3),
    "&": 4,
    "+": 4,
    "*": 5,
}
_NUMERIC: Final = ("+", "*", "<", "<=", ">", ">=")
_KINDS: Final = {"&": "string", "+": "number", "*": "number"}
_MAX_DIGITS: Final = 15  # the maximum on each side of a number's point
_MAX_TOKENS: Final = 400  # tokens; longer expressions go to the engine, so that the recursion here stays shallow


class NotPlain(Exception):
    """An expression that only the engine can read."""


class PlainExpression:
    """The references of a simple expression, in order. Its constructor raises NotPlain."""

    def __init__(self, expression: str) -> None:
        self.states: list[tuple[str, ...]] = []
        self.variables: list[str] = []
        self.tolerated: list[str] = []
        self.functions: list[str] = []
        self.has_constants = False
        """True if a call or an operator has constants that may be of a wrong kind."""
        self._tokens = _tokenize(expression)
        self._position = 0
        self.kind = self._read_operation(1)
        if self._position < len(self._tokens):
            raise NotPlain

    def _next(self) -> tuple[str, str]:
        return self._tokens[self._position] if self._position < len(self._tokens) else ("end", "")

    def _take(self, kind: str, text: str | None = None) -> str | None:
        found, what = self._next()
        if found != kind or (text is not None and what != text):
            return None
        self._position += 1
        return what

    def _expect(self, text: str) -> None:
        if self._take("bracket", text) is None:
            raise NotPlain

    def _read_operation(self, min_precedence: int, harmless: bool = False) -> str | None:
        """Read an operation with operators of at least this precedence; return the kind of its value, if certain."""
        kind = self._read_operand(harmless)
        while True:
            found, operator = self._next()
            precedence = _PRECEDENCE.get(operator, 0) if found in ("operator", "word") else 0
            if precedence < min_precedence:
                return kind
            self._position += 1
            other = self._read_operation(precedence + 1, harmless)
            self.has_constants |= operator in _NUMERIC and not {kind, other} <= {None, "number"}
            kind = _KINDS.get(operator, "boolean")

    def _read_operand(self, harmless: bool) -> str | None:
        found, text = self._next()
        self._position += 1
        if found in ("string", "number"):
            return found
        if found == "word" and text in ("true", "false", "null"):
            return "null" if text == "null" else "boolean"
        if found == "variable":
            return (
                self._read_call(text[1:], harmless)
                if self._take("bracket", "(")
                else self._read_path(text[1:], harmless)
            )
        if (found, text) == ("bracket", "("):
            kind = self._read_operation(1, harmless)
            self._expect(")")
            return self._check_end(kind)
        if (found, text) == ("bracket", "["):
            self._read_list("]", harmless)
            return self._check_end("array")
        raise NotPlain

    def _read_path(self, name: str, harmless: bool) -> str | None:
        if name in FUNCTIONS:  # a function as a value, which only the engine understands
            raise NotPlain
        names: list[str] = []
        is_truncated = False
        while True:
            found, text = self._next()
            if found == "step":
                if not is_truncated:
                    names.append(text[1:])
            elif found == "index":
                if not names:
                    raise NotPlain
                is_truncated = True
            else:
                break
            self._position += 1
        if name == "states":
            self.states.append(tuple(names))
        else:
            (self.tolerated if harmless else self.variables).append(name)
        return None

    def _read_call(self, name: str, harmless: bool) -> str | None:
        if name not in FUNCTIONS:
            self.functions.append(name)
        read = len(self.states) + len(self.variables) + len(self.tolerated)
        has_arguments = self._read_list(")", harmless or name == "exists")
        self.has_constants |= has_arguments and read == len(self.states) + len(self.variables) + len(self.tolerated)
        return self._check_end(KINDS_OF_FUNCTIONS.get(name))

    def _read_list(self, closing: str, harmless: bool) -> bool:
        """Read a list of operations, separated by commas, up to the closing bracket; return true if it is not empty."""
        if self._take("bracket", closing):
            return False
        while True:
            self._read_operation(1, harmless)
            if self._take("bracket", closing):
                return True
            self._expect(",")

    def _check_end(self, kind: str | None) -> str | None:
        """Return the kind of a call or bracket; raises NotPlain if a step, index, bracket or call follows it."""
        if self._next()[0] in ("step", "index") or self._next() in (("bracket", "["), ("bracket", "(")):
            raise NotPlain
        return kind


def _tokenize(expression: str) -> list[tuple[str, str]]:
    pattern, tokens = re.compile(_PATTERN), list[tuple[str, str]]()
    position, end = 0, len(expression.rstrip())
    while position < end:
        found = pattern.match(expression, position)
        if found is None or len(tokens) == _MAX_TOKENS:
            raise NotPlain
        position = found.end()
        tokens.append((_kind_of(found[1], expression[position : position + 1]), found[1]))
    return tokens


def _kind_of(token: str, following: str) -> str:
    """Return the kind of a token before `following`. Raises NotPlain for tokens that only the engine reads."""
    first, rest = token[0], token[1:]
    if token in _OPERATORS:
        return "operator"
    if token in ("(", ")", "[", "]", ","):
        return "bracket"
    if token in _WORDS and following not in _NAME_MARKERS:
        return "word"
    if first == "[":
        return "index"
    if first in "\"'" and rest and token.isprintable():
        return "string"
    if first == "$" and _is_name(rest):
        return "variable"
    if first == "." and _is_name(rest) and rest not in (*_WORDS, "function"):
        return "step"
    if first.isdigit() and _is_number(token) and following != "." and not (following.isalnum() or following == "_"):
        return "number"
    raise NotPlain


def _is_name(text: str) -> bool:
    return text[:1].isalpha() or text[:1] == "_"


def _is_number(text: str) -> bool:
    integer, _, decimals = text.partition(".")
    return len(integer) <= _MAX_DIGITS and len(decimals) <= _MAX_DIGITS and (integer == "0" or integer[0] != "0")
