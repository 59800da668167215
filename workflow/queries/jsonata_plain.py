"""Read simple JSONata expressions without the engine: paths, constants, comparisons, concatenations and calls.

Most expressions of most workflows are that simple, and importing the engine takes 15 ms. The results are the same as
the engine's (a test compares the two); any other expression is left to the engine.
"""

from __future__ import annotations

import re
from typing import Final

from .jsonata_functions import FUNCTIONS, KINDS_OF_FUNCTIONS

_SIGN: Final = r"""(?a)\s*(\[\d{1,6}\]|\d+(?:\.\d+)?|[.$]?\w+|"[^"\\]*"|'[^'"\\]*'|[!<>]=|\S)"""
_WORDS: Final = ("and", "or", "in", "true", "false", "null")
_OF_NAMES: Final = ("$", '"', "'")
"""Characters that make the engine read the word before them as a name."""
_OPERATORS: Final = ("!=", "<=", ">=", "=", "<", ">", "&", "+", "*")
_STRENGTH: Final = {
    "or": 1,
    "and": 2,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">=", "in"), 3),
    "&": 4,
    "+": 4,
    "*": 5,
}
_NUMERIC: Final = ("+", "*", "<", "<=", ">", ">=")
_KINDS: Final = {"&": "string", "+": "number", "*": "number"}
_DIGITS: Final = 15  # the maximum on each side of a number's point
_MOST: Final = 400  # tokens; longer expressions go to the engine, so that the recursion here stays shallow


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
        self._signs = _signs_of(expression)
        self._place = 0
        self.kind = self._operation(1)
        if self._place < len(self._signs):
            raise NotPlain

    def _next(self) -> tuple[str, str]:
        return self._signs[self._place] if self._place < len(self._signs) else ("end", "")

    def _take(self, kind: str, text: str | None = None) -> str | None:
        found, what = self._next()
        if found != kind or (text is not None and what != text):
            return None
        self._place += 1
        return what

    def _expect(self, text: str) -> None:
        if self._take("bracket", text) is None:
            raise NotPlain

    def _operation(self, weakest: int, harmless: bool = False) -> str | None:
        """Read an operation with operators of at least this precedence; return the kind of its value, if certain."""
        kind = self._operand(harmless)
        while True:
            found, sign = self._next()
            strength = _STRENGTH.get(sign, 0) if found in ("operator", "word") else 0
            if strength < weakest:
                return kind
            self._place += 1
            other = self._operation(strength + 1, harmless)
            self.has_constants |= sign in _NUMERIC and not {kind, other} <= {None, "number"}
            kind = _KINDS.get(sign, "boolean")

    def _operand(self, harmless: bool) -> str | None:
        found, text = self._next()
        self._place += 1
        if found in ("string", "number"):
            return found
        if found == "word" and text in ("true", "false", "null"):
            return "null" if text == "null" else "boolean"
        if found == "variable":
            return self._call(text[1:], harmless) if self._take("bracket", "(") else self._path(text[1:], harmless)
        if (found, text) == ("bracket", "("):
            kind = self._operation(1, harmless)
            self._expect(")")
            return self._alone(kind)
        if (found, text) == ("bracket", "["):
            self._listed("]", harmless)
            return self._alone("array")
        raise NotPlain

    def _path(self, name: str, harmless: bool) -> str | None:
        if name in FUNCTIONS:  # a function as a value, which only the engine understands
            raise NotPlain
        names: list[str] = []
        cut = False
        while True:
            found, text = self._next()
            if found == "step":
                if not cut:
                    names.append(text[1:])
            elif found == "index":
                if not names:
                    raise NotPlain
                cut = True
            else:
                break
            self._place += 1
        if name == "states":
            self.states.append(tuple(names))
        else:
            (self.tolerated if harmless else self.variables).append(name)
        return None

    def _call(self, name: str, harmless: bool) -> str | None:
        if name not in FUNCTIONS:
            self.functions.append(name)
        read = len(self.states) + len(self.variables) + len(self.tolerated)
        has_arguments = self._listed(")", harmless or name == "exists")
        self.has_constants |= has_arguments and read == len(self.states) + len(self.variables) + len(self.tolerated)
        return self._alone(KINDS_OF_FUNCTIONS.get(name))

    def _listed(self, closing: str, harmless: bool) -> bool:
        """Read a list of operations, separated by commas, up to the closing bracket; return true if it is not empty."""
        if self._take("bracket", closing):
            return False
        while True:
            self._operation(1, harmless)
            if self._take("bracket", closing):
                return True
            self._expect(",")

    def _alone(self, kind: str | None) -> str | None:
        """Return the kind of a call or bracket; raises NotPlain if a step, index, bracket or call follows it."""
        if self._next()[0] in ("step", "index") or self._next() in (("bracket", "["), ("bracket", "(")):
            raise NotPlain
        return kind


def _signs_of(expression: str) -> list[tuple[str, str]]:
    sign, signs = re.compile(_SIGN), list[tuple[str, str]]()
    place, end = 0, len(expression.rstrip())
    while place < end:
        found = sign.match(expression, place)
        if found is None or len(signs) == _MOST:
            raise NotPlain
        place = found.end()
        signs.append((_kind_of(found[1], expression[place : place + 1]), found[1]))
    return signs


def _kind_of(sign: str, following: str) -> str:
    """Return the kind of a token before `following`. Raises NotPlain for tokens that only the engine reads."""
    first, rest = sign[0], sign[1:]
    if sign in _OPERATORS:
        return "operator"
    if sign in ("(", ")", "[", "]", ","):
        return "bracket"
    if sign in _WORDS and following not in _OF_NAMES:
        return "word"
    if first == "[":
        return "index"
    if first in "\"'" and rest and sign.isprintable():
        return "string"
    if first == "$" and _is_name(rest):
        return "variable"
    if first == "." and _is_name(rest) and rest not in (*_WORDS, "function"):
        return "step"
    if first.isdigit() and _is_number(sign) and following != "." and not (following.isalnum() or following == "_"):
        return "number"
    raise NotPlain


def _is_name(text: str) -> bool:
    return text[:1].isalpha() or text[:1] == "_"


def _is_number(text: str) -> bool:
    whole, _, decimals = text.partition(".")
    return len(whole) <= _DIGITS and len(decimals) <= _DIGITS and (whole == "0" or whole[0] != "0")
