"""Reads text from left to right, for paths and intrinsic functions, and says where it stopped making sense.

InvalidPath    a sentence that quotes the text and counts the place from 1
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final, TypeVar

T = TypeVar("T")

_NAME: Final = re.compile(r"[^\s.\[\](){},;'\"*?!=<>&|~^\\`]+")
"""As Jayway reads names, which takes `$.@type`, `$.aws:tag` and `$.#text`; without what is rather a mistake."""
_NAME_IN_FILTER: Final = re.compile(r"[^\s.\[\](){},:;'\"*?@$!=<>&|~^/\\+`#%]+")
_VARIABLE: Final = re.compile(r"[^\W\d]\w*")
_WHOLE: Final = re.compile(r"-?\d+")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")
_ESCAPED: Final = re.compile(r"\\(.)", re.S)


def is_number(text: str) -> bool:
    """Return true if a string is a number and nothing else."""
    return _NUMBER.fullmatch(text) is not None


class InvalidPath(ValueError):
    """An invalid path; the message says where and why."""


class Scanner:
    """A string and the place up to which it has been read."""

    def __init__(self, text: str) -> None:
        self.text, self.place, self.depth = text, 0, 0

    @property
    def done(self) -> bool:
        """Return true if all is read."""
        return self.place >= len(self.text)

    def peek(self) -> str:
        """The next character, empty at the end."""
        return self.text[self.place : self.place + 1]

    def take(self, count: int) -> str:
        """The next characters."""
        taken = self.text[self.place : self.place + count]
        self.place += count
        return taken

    def skip(self, sign: str) -> bool:
        """Return true if this comes next; if so it is read."""
        if not self.text.startswith(sign, self.place):
            return False
        self.place += len(sign)
        return True

    def expect(self, sign: str) -> None:
        """Read this, or refuse."""
        if not self.skip(sign):
            raise self.refuse(f"{sign} is missing")

    def blanks(self) -> None:
        """Read spaces."""
        while self.peek() and self.peek() in " \t\r\n":
            self.place += 1

    def name(self) -> str:
        """The name of a field after a dot."""
        return self._match(_NAME_IN_FILTER if self.depth else _NAME, "a name must follow the dot")

    def name_of_variable(self) -> str:
        """The name of a variable after $, empty if there is none."""
        found = _VARIABLE.match(self.text, self.place)
        return self.take(len(found.group())) if found else ""

    def whole_number(self) -> int | None:
        """An integer, None if there is none."""
        found = _WHOLE.match(self.text, self.place)
        return int(self.take(len(found.group()))) if found else None

    def number(self) -> int | float:
        """A number."""
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
            raise self.refuse("the quotes are not closed")
        inner = self.text[start : self.place]
        self.place += 1
        return quote, inner

    def list_items(self, read: Callable[[], T]) -> Iterator[T]:
        """Values between commas."""
        while True:
            self.blanks()
            yield read()
            self.blanks()
            if not self.skip(","):
                return

    def deeper(self, most: int, what: str) -> None:
        """Count one level more, or refuse."""
        self.depth += 1
        if self.depth > most:
            raise self.refuse(f"more than {most} {what} inside one another")

    def refuse(self, why: str) -> InvalidPath:
        """The error to raise here."""
        return InvalidPath(f"{self.text!r}, at {self.place + 1}: {why}")

    def _match(self, pattern: re.Pattern[str], why: str) -> str:
        found = pattern.match(self.text, self.place)
        if not found:
            raise self.refuse(why)
        return self.take(len(found.group()))
