"""Lossless JSON values: duplicate keys are reported, 1, 1.0 and true are distinct, and nesting may be of any depth.

NotJson    the text is not valid JSON, or the value has no counterpart in JSON; the message gives the place

Python's C code for JSON is fast but recursive. Beyond its recursion limit, an explicit stack does the same work,
because a document of 200 nested Parallel states is more than 800 levels deep.

Longer than 250 lines because each entry point has a fast route for common values and a careful one for the rest, which
are best read together.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from .json_type import Json
from .records import Value

JsonObject: TypeAlias = "dict[str, Json]"
_SCALARS: Final = frozenset({str, int, bool, type(None)})
_MAX_FORMATTED_LENGTH: Final = 100
_FAST_CYCLE_CHECK: Final = 200_000  # after so many nodes, check that the value does not contain itself
_SLOW_CYCLE_CHECK: Final = 2_000  # the same for the slower copy that tracks pointers
_MAX_NODES: Final = 1_000_000  # more nodes than a text of any realistic size contains
_TOO_LARGE: Final = f"a value of more than {_MAX_NODES:,} parts is too large for a definition or its data"


class NotJson(ValueError):
    """Text or a value that is not JSON; `line` and `column` count from 1 and are 0 if there is no text."""

    def __init__(self, sentence: str, line: int = 0, column: int = 0) -> None:
        super().__init__(sentence if not line else f"{sentence} (line {line}, column {column})")
        self.sentence, self.line, self.column = sentence, line, column


class Duplicate(Value):
    """A key that occurs more than once in its object; JSON readers keep the last value."""

    pointer: str
    key: str


class _Object(dict[str, "Json"]):
    """A parsed object that remembers which of its keys were repeated."""

    __slots__ = ("repeated",)
    repeated: tuple[str, ...]


def read_json(text: str | bytes) -> tuple[Json, tuple[Duplicate, ...]]:
    """Parse JSON text into a value and its duplicate keys; raises NotJson."""
    decoded = _decode(text)
    import json

    repeating: list[_Object] = []

    def make_object(pairs: list[tuple[str, Json]]) -> JsonObject:
        fields = dict(pairs)
        if len(fields) == len(pairs):
            return fields
        repeating.append(_mark_repeated_keys(fields, pairs))
        return repeating[-1]

    try:
        value = _read(decoded, make_object)
    except json.JSONDecodeError as error:
        raise NotJson(error.msg, error.lineno, error.colno) from None
    except ValueError as error:
        raise NotJson(str(error)) from None
    return value, tuple(_duplicates(value)) if repeating else ()


def canonical(value: Json) -> bytes:
    """Return a value as canonical bytes: keys sorted, no spaces; 1, 1.0 and true differ."""
    return json_text(value, sort_keys=True).encode()


def json_text(value: Json, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """Return a value as JSON text, with keys in their original order unless `sort_keys` is set."""
    import json

    separators = (",", ":") if indent is None else (",", ": ")
    try:
        return json.dumps(
            value, indent=indent, sort_keys=sort_keys, separators=separators, allow_nan=False, ensure_ascii=False
        )
    except RecursionError:
        from .deep_json import write_deep

        return "".join(write_deep(value, indent, sort_keys))


def format_value(value: Json) -> str:
    """Return a value for use in a message: a string as Python's repr, any other value as JSON, cut if it is long."""
    text = repr(value) if isinstance(value, str) else json_text(value)
    return text if len(text) <= _MAX_FORMATTED_LENGTH else f"{text[:_MAX_FORMATTED_LENGTH]}…"


def kind_of(value: Json) -> str:
    """Return the JSON kind of a value: string, number, boolean, null, object or array."""
    if isinstance(value, bool):
        return "boolean"
    kinds = {dict: "object", list: "array", str: "string", int: "number", float: "number", type(None): "null"}
    return kinds[next(base for base in type(value).__mro__ if base in kinds)]


def json_of(value: object) -> Json:
    """Copy a Python value as a JSON value; raises NotJson with the pointer of a part that JSON cannot express."""
    try:
        return _copy(value)
    except TypeError:  # a part of another type: convert it, and track its pointer
        return _copy_with_care(value)


def _copy(value: object) -> Json:
    """Copy a value that consists of plain types only; raises TypeError for any other."""
    root: list[Json] = [None]
    stack: list[tuple[object, Any, int | str]] = [(value, root, 0)]
    copied_containers = 0
    while stack:
        node, into, key = stack.pop()
        kind = type(node)
        copied_containers += 1
        if copied_containers == _FAST_CYCLE_CHECK:
            _refuse_cycle(value)
        if copied_containers == _MAX_NODES:
            raise NotJson(_TOO_LARGE)
        if kind is dict:
            fields: JsonObject = {}
            into[key] = fields
            for name, item in cast("dict[object, object]", node).items():
                if type(name) is not str:
                    raise TypeError
                fields[name] = cast("Json", item)
                if type(item) not in _SCALARS:
                    stack.append((item, fields, name))
        elif kind is list:
            into[key] = copied = list(cast("list[object]", node))
            stack.extend((item, copied, index) for index, item in enumerate(copied) if type(item) not in _SCALARS)
        elif kind in _SCALARS or (kind is float and math.isfinite(cast("float", node))):
            into[key] = node
        else:
            raise TypeError
    return root[0]


def _copy_with_care(value: object) -> Json:
    root: list[Json] = [None]
    stack: list[tuple[object, str, list[Json] | JsonObject, int | str]] = [(value, "", root, 0)]
    nodes = 0
    while stack:
        node, pointer, into, key = stack.pop()
        nodes += 1
        if nodes == _SLOW_CYCLE_CHECK:
            _refuse_cycle(value)
        if nodes == _MAX_NODES:
            raise NotJson(_TOO_LARGE)
        copied: bool | int | float | str | list[Json] | JsonObject | None
        if node is None or isinstance(node, bool | int | str) or (isinstance(node, float) and math.isfinite(node)):
            copied = node
        elif isinstance(node, Mapping):
            members = cast("Mapping[object, object]", node)
            fields: JsonObject = {_name(name, pointer): None for name in members}
            stack.extend((members[name], child(pointer, name), fields, name) for name in reversed(fields))
            copied = fields
        elif isinstance(node, list | tuple):
            items = cast("Sequence[object]", node)
            entries: list[Json] = [None for _ in items]
            stack.extend((items[n], child(pointer, n), entries, n) for n in reversed(range(len(items))))
            copied = entries
        else:
            raise NotJson(f"{pointer or '/'}: {type(node).__name__} {node!r} cannot be represented in JSON")
        into[key] = copied  # type: ignore[index]  # the key fits its container
    return root[0]


def _refuse_cycle(value: object) -> None:
    """Raise NotJson if a value contains itself; only called once a copy has become large."""
    enclosing, done = set[int](), set[int]()
    stack: list[tuple[object, bool]] = [(value, True)]
    while stack:
        node, is_entry = stack.pop()
        if not is_entry:
            enclosing.discard(id(node))
            done.add(id(node))
        elif id(node) in enclosing:
            raise NotJson("a value that contains itself cannot be represented in JSON")
        elif isinstance(node, Mapping | list | tuple) and id(cast("object", node)) not in done:
            enclosing.add(id(cast("object", node)))
            stack.append((cast("object", node), False))
            stack.extend((item, True) for item in _items(cast("Mapping[object, object] | Sequence[object]", node)))


def _items(container: Mapping[object, object] | Sequence[object]) -> Iterable[object]:
    return container.values() if isinstance(container, Mapping) else container


def child(pointer: str, key: str | int) -> str:
    """Return the JSON pointer (RFC 6901) of a member or an item."""
    if isinstance(key, str) and ("~" in key or "/" in key):
        key = key.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{key}"


def at(value: Json, pointer: str) -> Json:
    """Return the value at a JSON pointer; raises KeyError if there is none."""
    for escaped in pointer.split("/")[1:]:
        key = escaped.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise KeyError(pointer)
    return value


def walk(value: Json, pointer: str = "") -> Iterator[tuple[str, Json]]:
    """Yield a value and all values nested in it, in document order, each with its JSON pointer."""
    stack = [(pointer, value)]
    while stack:
        current, node = stack.pop()
        yield current, node
        if isinstance(node, dict):
            stack.extend((child(current, key), item) for key, item in reversed(node.items()))
        elif isinstance(node, list):
            stack.extend((child(current, index), node[index]) for index in reversed(range(len(node))))


def same(left: Json, right: Json) -> bool:
    """Return true if two values are the same JSON value; 1, 1.0 and true are three different values."""
    return canonical(left) == canonical(right)


def _read(text: str, make_object: Callable[[list[tuple[str, Json]]], JsonObject]) -> Json:
    import json

    try:
        read: Json = json.loads(
            text,
            object_pairs_hook=make_object,
            parse_constant=_refuse_constant,
            parse_float=_finite_float,
            parse_int=_integer,
        )
    except RecursionError:
        from .deep_json import read_deep

        return read_deep(text, make_object, _finite_float)
    return read


def _decode(text: str | bytes) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in text[:4]:
        raise NotJson("the text must be UTF-8, got UTF-16 or UTF-32: save it as UTF-8")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotJson(f"byte {error.start} is not UTF-8") from None


def _mark_repeated_keys(fields: JsonObject, pairs: list[tuple[str, Json]]) -> _Object:
    seen: set[str] = set()
    repeated: dict[str, None] = {}
    for key, _ in pairs:
        if key in seen:
            repeated[key] = None
        seen.add(key)
    result = _Object(fields)
    result.repeated = tuple(repeated)
    return result


def _duplicates(value: Json) -> Iterator[Duplicate]:
    for pointer, node in walk(value):
        if isinstance(node, _Object):
            yield from (Duplicate(child(pointer, key), key) for key in node.repeated)


def _refuse_constant(word: str) -> Json:
    raise ValueError(f"{word} is not JSON")


def _finite_float(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} exceeds the numbers that JSON parsers support")
    return number


def _integer(digits: str) -> int:
    if len(digits) > 4000:
        raise ValueError(f"a number of {len(digits)} digits exceeds the numbers that JSON parsers support")
    return int(digits)


def _name(name: object, pointer: str) -> str:
    if not isinstance(name, str):
        raise NotJson(f"{pointer or '/'}: a key of a JSON object must be a string, got {name!r}")
    return name
