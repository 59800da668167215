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
_WHOLE: Final = re.compile(r"-?\d+")
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
        self.text, self.place, self.depth = text, 0, 0

    @property
    def done(self) -> bool:
        """Return true if the whole string has been read."""
        return self.place >= len(self.text)

    def peek(self) -> str:
        """Return the next character without reading it; empty at the end."""
        return self.text[self.place : self.place + 1]

    def take(self, count: int) -> str:
        """Read the next `count` characters and return them."""
        taken = self.text[self.place : self.place + count]
        self.place += count
        return taken

    def skip(self, sign: str) -> bool:
        """Read `sign` and return true if it is next; otherwise return false."""
        if not self.text.startswith(sign, self.place):
            return False
        self.place += len(sign)
        return True

    def expect(self, sign: str) -> None:
        """Read `sign`; raises InvalidPath if it is not next."""
        if not self.skip(sign):
            raise self.refuse(f"{sign} is missing")

    def blanks(self) -> None:
        """Skip whitespace."""
        while self.peek() and self.peek() in " \t\r\n":
            self.place += 1

    def name(self) -> str:
        """Read the name of a field after a dot."""
        return self._match(_NAME_IN_FILTER if self.depth else _NAME, "a name must follow the dot")

    def name_of_variable(self) -> str:
        """Read the name of a variable after `$`; empty if there is none."""
        found = _VARIABLE.match(self.text, self.place)
        return self.take(len(found.group())) if found else ""

    def whole_number(self) -> int | None:
        """Read an integer; None if there is none."""
        found = _WHOLE.match(self.text, self.place)
        return int(self.take(len(found.group()))) if found else None

    def number(self) -> int | float:
        """Read a number; raises InvalidPath if there is none."""
        found = _NUMBER.match(self.text, self.place)
        text = self._match(_NUMBER, "a value is missing")
        return float(text) if found and (found.group(1) or found.group(2)) else int(text)

    def quoted(self) -> str:
        """Read a quoted string, in which a backslash escapes the next character."""
        return _ESCAPED.sub(r"\1", self._read_quotation()[1])

    def quoted_name(self) -> str:
        """Read a quoted field name, in which a backslash escapes only the quote and is otherwise part of the name."""
        quote, name = self._read_quotation()
        return name.replace("\\" + quote, quote)

    def _read_quotation(self) -> tuple[str, str]:
        quote = self.take(1)
        start = self.place
        while not self.done and self.peek() != quote:
            self.place += 2 if self.peek() == "\\" else 1
        if self.done:
            raise self.refuse("the closing quote is missing")
        inner = self.text[start : self.place]
        self.place += 1
        return quote, inner

    def list_items(self, read: Callable[[], T]) -> Iterator[T]:
        """Yield the values, each read by `read`, of a list separated by commas."""
        while True:
            self.blanks()
            yield read()
            self.blanks()
            if not self.skip(","):
                return

    def deeper(self, most: int, what: str) -> None:
        """Enter one more nesting level; raises InvalidPath if there are more than `most`."""
        self.depth += 1
        if self.depth > most:
            raise self.refuse(f"more than {most} nested {what}")

    def refuse(self, why: str) -> InvalidPath:
        """Return the error to raise at the current position."""
        return InvalidPath(f"{self.text!r}, at character {self.place + 1}: {why}")

    def _match(self, pattern: re.Pattern[str], why: str) -> str:
        found = pattern.match(self.text, self.place)
        if not found:
            raise self.refuse(why)
        return self.take(len(found.group()))
