"""JSONata's regular expressions, which are JavaScript's, translated for Python's `re`.

In JavaScript, `\\d`, `\\w` and `\\b` are limited to ASCII, `$` matches only at the very end, `.` stops at every line
terminator, and groups are named by `(?<name>…)`. If all matches are searched for, an empty match before the end of the
text is an error (D1004). Source: https://tc39.es/ecma262/#sec-patterns
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Final

from .bounded_regex import CannotMatch, reject_endless

_DIGIT: Final = "0-9"
_WORD: Final = "A-Za-z0-9_"
_SPACE: Final = r"\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_LINE_END: Final = r"\n\r\u2028\u2029"
_BOUNDARY: Final = f"(?:(?<![{_WORD}])(?=[{_WORD}])|(?<=[{_WORD}])(?![{_WORD}]))"
_CLASSES: Final = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_ESCAPES: Final = {
    **{letter: f"[{members}]" for letter, members in _CLASSES.items()},
    **{letter.upper(): f"[^{members}]" for letter, members in _CLASSES.items()},
    "b": _BOUNDARY,
    "B": f"(?!{_BOUNDARY})",
    "0": r"\x00",
}
_ESCAPES_IN_SETS: Final = {**_CLASSES, "D": r"\D", "W": r"\W", "S": r"\S", "b": r"\x08", "0": r"\x00"}
_SHARED_ESCAPES: Final = "nrtfv123456789"
_TOKEN: Final = re.compile(
    r"""(?xs)
        \\k<(?P<reference>\w+)> | \\c(?P<control>[A-Za-z]) | (?P<code>\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2})
      | \\(?P<escaped>.) | \(\?<(?P<name>[^\W\d]\w*)> | (?P<counted>\{\d+(?:,\d*)?\})
      | \[(?P<negated>\^?)(?P<members>(?:\\.|[^\]\\])*)\] | (?P<plain>.)
    """
)
_MEMBER: Final = re.compile(
    r"(?s)\\c(?P<control>[A-Za-z])|(?P<code>\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2})|\\(?P<escaped>.)|(?P<plain>.)"
)
_NOT_IN_PYTHON: Final = "look-behind requires fixed-width pattern"


class Pattern:
    """A compiled pattern, with the methods that the JSONata engine calls."""

    def __init__(self, source: str, *, ignore_case: bool = False, multiline: bool = False) -> None:
        self.source = source
        flags = re.IGNORECASE if ignore_case else 0
        try:
            self._compiled: re.Pattern[str] | None = re.compile(translate(source, multiline), flags)
        except re.error as error:
            if str(error) != _NOT_IN_PYTHON:
                raise
            self._compiled = None

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first match, or None; raises CannotMatch if the match cannot be run here or takes too long."""
        if self._compiled is None:
            raise CannotMatch(f"/{self.source}/: lookbehind of variable length is not supported by this interpreter")
        reject_endless(self._compiled, text)
        return self._compiled.search(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Yield all matches; raises CannotMatch if an empty match would repeat forever."""
        found = self.search(text)
        while found is not None:
            yield found
            assert self._compiled is not None
            reject_endless(self._compiled, text, found.end())
            found = self._compiled.search(text, found.end()) if found.end() < len(text) else None
            if found is not None and not found[0]:
                raise CannotMatch(f"D1004: Regular expression matches zero length string: /{self.source}/")

    def sub(self, replace: Callable[[re.Match[str]], str], text: str, count: int | None = None) -> str:
        """Return the text with its first `count` matches replaced, or with all by default."""
        pieces: list[str] = []
        start = 0
        for number, found in enumerate(self.finditer(text)):
            if number == count:
                break
            pieces += [text[start : found.start()], replace(found)]
            start = found.end()
        return "".join([*pieces, text[start:]])

    def split(self, text: str) -> list[str]:
        """Return the parts of the text between the matches."""
        pieces: list[str] = []
        start = 0
        for found in self.finditer(text):
            pieces.append(text[start : found.start()])
            start = found.end()
        return [*pieces, text[start:]]


def translate(source: str, multiline: bool = False) -> str:
    """Translate a JavaScript pattern to Python's syntax; raises re.error if `\\b` or `\\B` is repeated."""
    tokens = list(_TOKEN.finditer(source))
    for token, following in itertools.pairwise(tokens):
        if token["escaped"] in ("b", "B") and (following["counted"] or following["plain"] in ("*", "+", "?")):
            raise re.error("nothing to repeat", source, following.start())
    return "".join(_translate_token(found, multiline) for found in tokens)


def _translate_token(found: re.Match[str], multiline: bool) -> str:
    kind, text = str(found.lastgroup), found[str(found.lastgroup)]
    if kind == "reference":
        return f"(?P={text})"
    if kind == "name":
        return f"(?P<{text}>"
    if kind == "members":
        return _translate_set(found["negated"], text)
    if kind == "plain":
        return _translate_character(text, multiline)
    return text if kind == "counted" else _translate_escape(kind, text, _ESCAPES)


def _translate_character(character: str, multiline: bool) -> str:
    if character == ".":
        return f"[^{_LINE_END}]"
    if character in "^$" and multiline:
        return f"(?{'<' if character == '^' else ''}![^{_LINE_END}])"
    return r"\Z" if character == "$" else "\\" + character if character in "{}]" else character


def _translate_set(negated: str, members: str) -> str:
    if not members:
        return r"[\s\S]" if negated else "(?!)"
    return f"[{negated}{''.join(_translate_member(found) for found in _MEMBER.finditer(members))}]"


def _translate_member(found: re.Match[str]) -> str:
    kind, text = str(found.lastgroup), found[str(found.lastgroup)]
    if kind == "plain":
        return "\\" + text if text in "[&~|^" else text
    return _translate_escape(kind, text, _ESCAPES_IN_SETS)


def _translate_escape(kind: str, text: str, known: dict[str, str]) -> str:
    if kind == "control":
        return f"\\x{ord(text) % 32:02x}"
    if kind == "code":
        return text
    return known.get(text) or ("\\" + text if text in _SHARED_ESCAPES else re.escape(text))
