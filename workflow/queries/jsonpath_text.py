"""Scan the text of paths and intrinsic functions from left to right, and report the position of a syntax error.

InvalidPath    the text is invalid; the message quotes it and gives the position, counted from 1
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")

_NAME: Final = re.compile(r"[^\s.\[\](){},;'\"*?!=<>&|~^\\`]+")
"""A name as Jayway reads it (`$.@type`, `$.aws:tag`, `$.#text`), without characters that are probably mistakes."""
_NAME_IN_FILTER: Final = re.compile(r"[^\s.\[\](){},:;'\"*?@$!=<>&|~^/\\+`#%]+")
_VARIABLE: Final = re.compile(r"[^\W\d]\w*")
_INTEGER: Final = re.compile(r"-?\d+")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_ESCAPED: Final = re.compile(r"\\(.)", re.S)


def is_number(text: str) -> bool:
    """Return true if a string is a number and nothing else."""
    return _NUMBER.fullmatch(text) is not None


class InvalidPath(ValueError):
    """An invalid path; the message gives the position and the reason."""


class Scanner:
    """A string, the position up to which it has been read, and the current nesting depth."""

    def __init__(self, text: str) -> None:
        self.text, self.position, self.depth = text, 0, 0

    @property
    def done(self) -> bool:
        """Return true if the whole string has been read."""
        return self.position >= len(self.text)

    def peek(self) -> str:
        """Return the next character without reading it; empty at the end."""
        return self.text[self.position : self.position + 1]

    def take(self, count: int) -> str:
        """Read the next `count` characters and return them."""
        characters = self.text[self.position : self.position + count]
        self.position += count
        return characters

    def skip(self, token: str) -> bool:
        """Read `token` and return true if it is next; otherwise return false."""
        if not self.text.startswith(token, self.position):
            return False
        self.position += len(token)
        return True

    def expect(self, token: str) -> None:
        """Read `token`; raises InvalidPath if it is not next."""
        if not self.skip(token):
            raise self.syntax_error(f"{token} is missing")

    def skip_whitespace(self) -> None:
        """Skip whitespace."""
        while self.peek() and self.peek() in " \t\r\n":
            self.position += 1

    def read_name(self) -> str:
        """Read the name of a field after a dot."""
        return self._match(_NAME_IN_FILTER if self.depth else _NAME, "a name must follow the dot")

    def read_variable_name(self) -> str:
        """Read the name of a variable after `$`; empty if there is none."""
        found = _VARIABLE.match(self.text, self.position)
        return self.take(len(found.group())) if found else ""

    def read_integer(self) -> int | None:
        """Read an integer; None if there is none."""
        found = _INTEGER.match(self.text, self.position)
        return int(self.take(len(found.group()))) if found else None

    def read_number(self) -> int | float:
        """Read a number; raises InvalidPath if there is none."""
        found = _NUMBER.match(self.text, self.position)
        text = self._match(_NUMBER, "a value is missing")
        return float(text) if found and (found.group(1) or found.group(2)) else int(text)

    def read_string(self) -> str:
        """Read a quoted string, in which a backslash escapes the next character."""
        return _ESCAPED.sub(r"\1", self._read_quotation()[1])

    def read_quoted_name(self) -> str:
        """Read a quoted field name, in which a backslash escapes only the quote and is otherwise part of the name."""
        quote, name = self._read_quotation()
        return name.replace("\\" + quote, quote)

    def _read_quotation(self) -> tuple[str, str]:
        quote = self.take(1)
        start = self.position
        while not self.done and self.peek() != quote:
            self.position += 2 if self.peek() == "\\" else 1
        if self.done:
            raise self.syntax_error("the closing quote is missing")
        inner = self.text[start : self.position]
        self.position += 1
        return quote, inner

    def read_list(self, read: Callable[[], T]) -> Iterator[T]:
        """Yield the values, each read by `read`, of a list separated by commas."""
        while True:
            self.skip_whitespace()
            yield read()
            self.skip_whitespace()
            if not self.skip(","):
                return

    def enter(self, maximum: int, what: str) -> None:
        """Enter one more nesting level; raises InvalidPath if there are more than `maximum`."""
        self.depth += 1
        if self.depth > maximum:
            raise self.syntax_error(f"more than {maximum} nested {what}")

    def syntax_error(self, reason: str) -> InvalidPath:
        """Return the error to raise at the current position."""
        return InvalidPath(f"{self.text!r}, at character {self.position + 1}: {reason}")

    def _match(self, pattern: re.Pattern[str], reason: str) -> str:
        found = pattern.match(self.text, self.position)
        if not found:
            raise self.syntax_error(reason)
        return self.take(len(found.group()))
