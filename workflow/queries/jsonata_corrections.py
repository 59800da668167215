"""JSONata functions that `jsonata-python` 0.7 implements differently from the reference implementation.

Each function has the name and signature that it has in JSONata; None means undefined. The differences were found by
comparing the two implementations; a docstring describes a difference that the code does not show.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final, cast
from urllib.parse import unquote

from .jsonata_library import Functions, JException, Jsonata, Utils
from .jsonata_limits import MAX_CHARACTERS, TooMuchMemory
from .jsonata_regex import Pattern
from .jsonata_writing import text_of

_DECIMAL: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_OTHER_BASE: Final = re.compile(r"0([xX][0-9A-Fa-f]+|[oO][0-7]+|[bB][01]+)")
_RESERVED_IN_URLS: Final = re.compile(r"%(?=3B|2F|3F|3A|40|26|3D|2B|24|2C|23)", re.IGNORECASE)
_DATE: Final = "[Y0001]-[M01]-[D01]"
_DATE_IN_PICTURE: Final = re.compile(r"\[\s*[YXxMDdFWw]")
_TIME: Final = re.compile(
    r"\d{4}(-[01]\d)*(-[0-3]\d)*(T[0-2]\d:[0-5]\d:[0-5]\d)*(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?", re.ASCII
)


def pad(text: str | None, width: float, padding: str | None) -> str | None:
    """Pad a string on the right, or on the left for a negative width; raises TooMuchMemory for an excessive width."""
    if text is None:
        return None
    length = abs(int(width))
    if length > MAX_CHARACTERS:
        raise TooMuchMemory
    missing, unit = length - len(text), padding or " "
    added = (unit * (missing // len(unit) + 1))[:missing] if missing > 0 else ""
    return text + added if width > 0 else added + text


def join(texts: list[str] | None, separator: str | None) -> str | None:
    """Join strings; raises TooMuchMemory, before any memory is used, if the result would be too long."""
    if texts is None:
        return None
    between = separator or ""
    if sum(map(len, texts)) + len(between) * max(len(texts) - 1, 0) > MAX_CHARACTERS:
        raise TooMuchMemory
    return between.join(texts)


def string(value: Any, prettify: bool | None) -> str | None:
    """Convert a value to a string, with characters and numbers in JavaScript's notation."""
    return None if value is None else text_of(value, 2 if prettify else 0)


def number(value: Any) -> float | None:
    """Convert a value to a number; rejects strings that only Python accepts as numbers: `+1`, `1_000`, ` 1`."""
    if isinstance(value, str) and _OTHER_BASE.fullmatch(value):
        return int(value, 0)
    if isinstance(value, str) and not _DECIMAL.fullmatch(value):
        raise JException("D3030", -1, value)
    return cast("float | None", Functions.number(value))


def lowercase(text: str | None) -> str | None:
    """Convert a string to lower case without case folding: `ß` is kept."""
    return None if text is None else text.lower()


def split(text: str | None, separator: str | Pattern, limit: float | None) -> list[str] | None:
    """Split a string; text matched by groups of the separator is not part of the result."""
    if isinstance(separator, Pattern) and text is not None and (limit is None or limit >= 0):
        pieces = separator.split(text) if limit != 0 else []
        return pieces if limit is None else pieces[: math.ceil(limit)]
    return cast("list[str] | None", Functions.split(text, separator, limit))


def replace(text: str | None, what: str | Pattern, by: Any, limit: float | None) -> str | None:
    """Replace matches in a string; in the replacement, a backslash is literal and `$$1` yields `$1`."""
    if not isinstance(what, Pattern) or text is None or (limit is not None and limit < 0):
        return cast("str | None", Functions.replace(text, what, by, limit))
    replacement = _by_template(by) if isinstance(by, str) else _by_function(by)
    return what.sub(replacement, text, None if limit is None else math.ceil(limit))


def _by_template(template: str) -> Callable[[re.Match[str]], str]:
    def expand(found: re.Match[str]) -> str:
        digits = len(str(max(len(found.groups()), 1)))
        return re.sub(rf"\$(\$|0|[1-9]\d{{0,{digits - 1}}})", lambda reference: _group(found, reference[1]), template)

    return expand


def _group(found: re.Match[str], reference: str) -> str:
    """Return the text for `$$`, `$0` or `$1`; with fewer than twelve groups, `$12` is group 1 followed by a 2."""
    if reference == "$":
        return "$"
    group_count = len(found.groups())
    number, rest = (
        (reference[:-1], reference[-1]) if len(reference) > 1 and int(reference) > group_count else (reference, "")
    )
    return (found[int(number)] or "") + rest if int(number) <= group_count else rest


def _by_function(function: Any) -> Callable[[re.Match[str]], str]:
    def call(found: re.Match[str]) -> str:
        match = {"match": found[0], "start": found.start(), "end": found.end(), "groups": list(found.groups())}
        text = Functions.func_apply(function, [match])
        if not isinstance(text, str):
            raise JException("D3012", -1, text)
        return text

    return call


def format_number(value: float | None, picture: str | None, options: dict[str, str] | None) -> str | None:
    """Format a number; halves in decimal notation are rounded to even, and `#` shows no 0 before the point."""
    if value is None or picture is None:
        return None
    if not options and abs(value) < 1e21 and not re.search("[0-9#]e[0-9]", picture):
        value = _round(value, picture)
        small = abs(value) * 10 ** _shift(picture) < 1
        picture = ";".join(_adapt_picture(part, small) for part in picture.split(";"))
    return cast("str", Functions.format_number(value, picture, options))


def _round(value: float, picture: str) -> float:
    decimals = len(re.findall("[0-9#]", picture.split(";")[0].partition(".")[2])) + _shift(picture)
    return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN, Context(prec=400)))


def _shift(picture: str) -> int:
    return 2 if "%" in picture else 3 if "\u2030" in picture else 0


def _adapt_picture(picture: str, small: bool) -> str:
    """Adapt a picture so that `jsonata-python` formats it like the reference implementation.

    If no digit is mandatory, the first one after the point becomes so. If the number is `small` (shown as less than 1),
    the optional digits before the point are dropped.
    """
    picture = re.sub(r"^([^0-9]*\.)#([^0-9]*)$", r"\g<1>0\2", picture)
    return re.sub(r"(?<![0-9])#[#,]*\.", ".", picture) if small else picture


def distinct(value: Any) -> Any:
    """Remove duplicates; an array of one stays an array, `1` and `true` differ, and the order of keys is ignored."""
    if not isinstance(value, list) or len(cast("Sequence[Any]", value)) <= 1:
        return cast("Any", value)
    items = cast("Sequence[Any]", value)
    seen: dict[object, Any] = {}
    for item in items:
        seen.setdefault(_identity(item), item)
    return Utils.create_sequence_from_iter(seen.values()) if Utils.is_sequence(items) else list(seen.values())


def _identity(value: Any) -> object:
    """Return a hashable key that is the same for equal values."""
    if isinstance(value, dict):
        return "{", frozenset((key, _identity(item)) for key, item in cast("dict[str, Any]", value).items())
    if isinstance(value, list):
        return "[", tuple(_identity(item) for item in cast("Sequence[Any]", value))
    return (isinstance(value, bool), value) if isinstance(value, str | int | float) else (None, id(value))


def sort(items: list[Any] | None, comparator: Any) -> Any:
    """Sort only strings or only numbers, or any items by a comparator; items that it does not swap keep their order."""
    if comparator is not None and items:
        return sorted(items, key=lambda item: _SortKey(item, comparator))
    if items and len(items) > 1:
        kinds = {str if isinstance(item, str) else float if Utils.is_numeric(item) else None for item in items}
        if kinds not in ({str}, {float}):
            raise JException("D3070", -1)
    return Functions.sort(items, None)


class _SortKey:
    """A sort key that calls the comparator; Python's sort only asks if a later item is less than an earlier one."""

    __slots__ = ("_comparator", "_item")

    def __init__(self, item: Any, comparator: Any) -> None:
        self._item, self._comparator = item, comparator

    def __lt__(self, earlier: _SortKey) -> bool:
        return bool(Functions.to_boolean(Functions.func_apply(self._comparator, [earlier._item, self._item])))


def type_of(value: Any) -> str | None:
    """Return the type of a value; a regular expression is a function."""
    return "function" if isinstance(value, Pattern) else cast("str | None", Functions.type(value))


def decode_url(text: str | None) -> str | None:
    """Decode a URL, except for encoded characters that have a meaning in URLs."""
    return None if text is None else unquote(_RESERVED_IN_URLS.sub("%25", text), errors="strict")


def to_millis(text: str | None, picture: str | None) -> float | None:
    """Convert a timestamp to milliseconds since 1970.

    The day may be omitted, but not the minutes. A picture without a date means today, on the run's virtual clock.
    """
    if text is None:
        return None
    if picture is not None:
        if not _DATE_IN_PICTURE.search(picture):
            today = Functions.datetime_from_millis(Jsonata.CURRENT.jsonata.now_ms, _DATE, None)
            text, picture = f"{today} {text}", f"{_DATE} {picture}"
        return cast("float | None", Functions.datetime_to_millis(text, picture))
    if not _TIME.fullmatch(text):
        raise JException("D3110", -1, text)
    return cast("float", Functions.datetime_to_millis(f"{text}-01" if len(text) == len("2026-01") else text, None))


def count(value: Any) -> int:
    """Return the number of items: 0 for undefined, and 1 for null or any other value that is not an array."""
    return 0 if value is None else len(cast("Sequence[Any]", value)) if isinstance(value, list) else 1


CORRECTIONS: Final[Mapping[str, tuple[str, Callable[..., object]]]] = {
    "count": ("<x:n>", count),
    "decodeUrl": ("<s-:s>", decode_url),
    "distinct": ("<x:x>", distinct),
    "formatNumber": ("<n-so?:s>", format_number),
    "join": ("<a<s>s?:s>", join),
    "lowercase": ("<s-:s>", lowercase),
    "number": ("<(nsb)-:n>", number),
    "pad": ("<s-ns?:s>", pad),
    "replace": ("<s-(sf)(sf)n?:s>", replace),
    "sort": ("<af?:a>", sort),
    "split": ("<s-(sf)n?:a<s>>", split),
    "string": ("<x-b?:s>", string),
    "toMillis": ("<s-s?:n>", to_millis),
    "type": ("<x:s>", type_of),
}
"""The signature and the Python function, by JSONata name."""
