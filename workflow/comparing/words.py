"""How fields, values and ways are told in a sentence: short, and so that two that differ are told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ..deep_json import Json
from ..definition import Arrow
from ..json_values import JsonObject, written

T = TypeVar("T")
Name = tuple[str, int]
"""What something is known by, in full, and how many before it are known by the same."""

_SHORT: Final = 60
_BEFORE: Final = 12
"""How much of what two texts have in common stands before that in which they differ."""
WORDS: Final[Mapping[str, str]] = {
    "Arguments": "what it sends",
    "Parameters": "what it sends",
    "Assign": "what it remembers",
    "Output": "what it gives",
    "ResultSelector": "what it gives",
    "ResultPath": "where its result goes",
    "OutputPath": "what it gives",
    "InputPath": "what it takes",
    "Resource": "what it calls",
    "TimeoutSeconds": "its time limit",
    "HeartbeatSeconds": "its heartbeat",
    "Seconds": "how long it waits",
    "Timestamp": "until when it waits",
    "MaxConcurrency": "how many it runs at once",
    "Items": "its items",
    "ItemsPath": "its items",
    "ItemSelector": "what each item becomes",
    "Error": "its error",
    "Cause": "its cause",
    "Comment": "its comment",
    "QueryLanguage": "its query language",
    "StartAt": "where it starts",
    "Version": "its version",
    "ToleratedFailureCount": "how many failures it tolerates",
    "ToleratedFailurePercentage": "what share of failures it tolerates",
    "Choices": "which way it takes",
    "Catch": "what it catches",
    "Retry": "trying again",
}


def numbered(items: Iterable[T], name: Callable[[T], str]) -> dict[Name, T]:
    """The items by their names, in order; the same name is there as often as it is given."""
    seen: Counter[str] = Counter()
    found: dict[Name, T] = {}
    for item in items:
        known = name(item)
        found[known, seen[known]] = item
        seen[known] += 1
    return found


@dataclass(frozen=True, slots=True)
class Named(Generic[T]):
    """Parts of a state that have names, as they were and as they are."""

    before: Mapping[Name, T]
    after: Mapping[Name, T]

    def told(self, name: Name) -> str:
        """A name as it stands in a sentence: cut, unless another one would then look the same."""
        full, earlier = name
        cut = _cut(full)
        others = {other for other, _ in (*self.before, *self.after) if other != full}
        told = full if cut in map(_cut, others) else cut
        return f"{told} ({earlier + 1})" if earlier else told

    def of(self, wanted: Callable[[T], bool]) -> Named[T]:
        """Only some of the parts."""
        before, after = (
            {name: part for name, part in parts.items() if wanted(part)} for parts in (self.before, self.after)
        )
        return Named(before, after)

    def first_moved(self) -> tuple[str, str] | None:
        """Of the parts that were and are there: the first that now comes before one that it came after."""
        was, stands = (
            [name for name in self.before if name in self.after],
            (name for name in self.after if name in self.before),
        )
        pairs = ((now, then) for now, then in zip(stands, was, strict=True) if now != then)
        return next(((self.told(now), self.told(then)) for now, then in pairs), None)


def label(arrow: Arrow) -> str:
    """Which way it is, in words that stay the same while its target changes."""
    if arrow.kind == "choice":
        return f"when {_rule(arrow.holder)}"
    if arrow.kind == "catch":
        return f"on {errors_of(arrow.holder) or 'errors'}"
    return "otherwise" if arrow.kind == "default" else "next"


def errors_of(holder: JsonObject) -> str:
    """The errors of a retrier or a catcher."""
    errors = holder.get("ErrorEquals")
    return ", ".join(str(error) for error in errors) if isinstance(errors, list) else ""


def _rule(rule: JsonObject) -> str:
    if "Condition" in rule:
        return _text(rule["Condition"])
    return written({key: value for key, value in rule.items() if key not in ("Next", "Comment", "Assign", "Output")})


def short(value: Json, field: str) -> str:
    """A value in a sentence."""
    if field.endswith("Seconds") and isinstance(value, int | float):
        return f"{value} s"
    return _cut(_text(value))


def short_pair(one: Json, other: Json, field: str) -> tuple[str, str]:
    """Two values that differ, so that the sentence shows in what."""
    for found in _pairs(one, other, field):
        if found[0] != found[1]:
            return found
    return written(one), written(other)


def _pairs(one: Json, other: Json, field: str) -> Iterator[tuple[str, str]]:
    yield short(one, field), short(other, field)
    for way in (_text, written):
        texts = way(one), way(other)
        alike = max(0, _alike(*texts) - _BEFORE)
        start = "…" if alike else ""
        yield _cut(start + texts[0][alike:]), _cut(start + texts[1][alike:])


def _alike(one: str, other: str) -> int:
    """How many signs at the beginning are the same."""
    differing = (place for place, (sign, its) in enumerate(zip(one, other, strict=False)) if sign != its)
    return next(differing, min(len(one), len(other)))


def _text(value: Json) -> str:
    if not isinstance(value, str):
        return written(value)
    return value.removeprefix("{%").removesuffix("%}").strip() or '""'


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
