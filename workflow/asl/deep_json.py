"""JSON of any depth, read and written with an explicit stack; slower than Python's C code, which recurses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from json import decoder
from typing import Final, TypeAlias, cast

from .json_type import Json

_LEXEME: Final = r"(?a)[ \t\n\r]*(?:([\[\]{},:])|(\")|(-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?)|(null|true|false))"
_LITERALS: Final[dict[str, Json]] = {"null": None, "true": True, "false": False}
_scan_string = cast("Callable[[str, int, bool], tuple[str, int]]", decoder.scanstring)  # type: ignore[attr-defined]  # typeshed lacks it
_VALUE, _FIRST_ITEM, _FIRST_KEY, _KEY, _COLON, _AFTER, _END = range(7)
_CLOSERS: Final = {"[": "]", "{": "}"}

_Pairs: TypeAlias = "list[tuple[str, Json]]"


class _OpenContainer:
    """An object or array that has not been closed yet."""

    def __init__(self, bracket: str) -> None:
        self.bracket = bracket
        self.pairs: _Pairs = []
        self.key = ""


def read_deep(text: str, make_object: Callable[[_Pairs], dict[str, Json]], make_float: Callable[[str], float]) -> Json:
    """Parse JSON text into a value; raises json.JSONDecodeError."""
    stack: list[_OpenContainer] = []
    value: Json = None
    expect = _VALUE
    for kind, literal, position in _tokens(text, make_float):
        if kind in ("[", "{") and expect in (_VALUE, _FIRST_ITEM):
            stack.append(_OpenContainer(kind))
            expect = _FIRST_ITEM if kind == "[" else _FIRST_KEY
            continue
        if kind == ":" and expect == _COLON:
            expect = _VALUE
            continue
        if kind == "," and expect == _AFTER:
            expect = _VALUE if stack[-1].bracket == "[" else _KEY
            continue
        if kind == '"' and expect in (_KEY, _FIRST_KEY):
            stack[-1].key, expect = cast("str", literal), _COLON
            continue
        if kind in ("]", "}") and expect in (_AFTER, _FIRST_ITEM, _FIRST_KEY) and kind == _CLOSERS[stack[-1].bracket]:
            closed = stack.pop()
            value = make_object(closed.pairs) if kind == "}" else [item for _, item in closed.pairs]
        elif kind in ("0", '"') and expect in (_VALUE, _FIRST_ITEM):
            value = literal
        else:
            raise json.JSONDecodeError("Extra data" if expect == _END else "Unexpected text", text, position)
        if stack:
            stack[-1].pairs.append((stack[-1].key, value))
        expect = _AFTER if stack else _END
    if expect != _END:
        raise json.JSONDecodeError("Unexpected end of the text", text, len(text))
    return value


def write_deep(value: Json, indent: int | None, sort_keys: bool) -> Iterator[str]:
    """Yield the pieces of a value's JSON text, as json.dumps writes it."""
    stack: list[tuple[str, Json, int]] = [("value", value, 0)]
    colon = ":" if indent is None else ": "
    while stack:
        kind, node, level = stack.pop()
        if kind == "text":
            yield cast("str", node)
        elif isinstance(node, dict | list) and node:
            is_object = isinstance(node, dict)
            yield "{" if is_object else "["
            stack.append(("text", _break(indent, level) + ("}" if is_object else "]"), level))
            members = list(node.items()) if isinstance(node, dict) else [("", item) for item in node]
            if sort_keys and is_object:
                members.sort(key=lambda member: member[0])
            for index in reversed(range(len(members))):
                key, item = members[index]
                stack.append(("value", item, level + 1))
                lead = ("," if index else "") + _break(indent, level + 1)
                stack.append(("text", lead + (_scalar(key) + colon if is_object else ""), level))
        else:
            yield _scalar(node)


def _tokens(text: str, make_float: Callable[[str], float]) -> Iterator[tuple[str, Json, int]]:
    """Yield the kind, value and position of each token.

    The kind is the character itself for punctuation, `"` for a string, `0` for any other scalar, and `?` for invalid
    text.
    """
    lexeme, position = re.compile(_LEXEME), 0
    while position < len(text):
        found = lexeme.match(text, position)
        if found is None:
            if text[position:].strip(" \t\n\r"):
                yield "?", None, position
            return
        punctuation, quote, number, fraction, exponent, word = found.groups()
        start, position = found.end(), found.end()
        if punctuation:
            yield punctuation, None, start - 1
        elif quote:
            literal, position = _scan_string(text, start, True)
            yield '"', literal, start - 1
        elif number:
            yield "0", make_float(number) if fraction or exponent else int(number), start
        else:
            yield "0", _LITERALS[word], start


def _break(indent: int | None, level: int) -> str:
    return "" if indent is None else "\n" + " " * (indent * level)


def _scalar(value: Json) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
