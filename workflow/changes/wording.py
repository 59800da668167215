"""The wording of changes: descriptions of fields, and values short enough to be compared at a glance."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from ..asl.json_type import Json
from ..asl.json_values import JsonObject, child, same, written

What = Literal["added", "removed", "renamed", "moved", "changed"]

_SHORT: Final = 60
_LEAD: Final = 15
"""The number of common characters shown before the first difference between two long texts."""


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """One difference; its pointer is in the new definition, or in the old one if it is about a removed part."""

    what: What
    pointer: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def changed_fields(subject: str, old: JsonObject, new: JsonObject, pointer: str) -> Iterator[DefinitionChange]:
    """Yield the changes of fields that were added, removed or given another value."""
    for field in dict.fromkeys([*new, *old]):
        here, about = child(pointer, field), f"{subject}: {field}"
        if field not in old:
            yield DefinitionChange("changed", here, f"{about} was added: {short(new[field], field)}.")
        elif field not in new:
            yield DefinitionChange("changed", here, f"{about} was removed; it was {short(old[field], field)}.")
        elif not same(old[field], new[field]):
            yield from changed_value(about, old[field], new[field], here, field)


def changed_value(subject: str, old: Json, new: Json, pointer: str, field: str) -> Iterator[DefinitionChange]:
    """Yield the change of a value; for an object, the changes of its members."""
    stack: list[tuple[str, Json, Json, str]] = [(subject, old, new, pointer)]
    while stack:
        about, before, after, here = stack.pop()
        if not isinstance(before, dict) or not isinstance(after, dict):
            now, then = contrasted(after, before, field)
            yield DefinitionChange("changed", here, f"{about} changed from {then} to {now}.")
            continue
        for key in reversed(list(dict.fromkeys([*after, *before]))):
            place = child(here, key)
            if key not in before:
                yield DefinitionChange("changed", place, f"{about}.{key} was added: {short(after[key], field)}.")
            elif key not in after:
                yield DefinitionChange(
                    "changed", place, f"{about}.{key} was removed; it was {short(before[key], field)}."
                )
            elif not same(before[key], after[key]):
                stack.append((f"{about}.{key}", before[key], after[key], place))


def contrasted(one: Json, other: Json, field: str = "") -> tuple[str, str]:
    """Return two different values as text, shortened so that the difference remains visible."""
    told, otherwise = _told(one, field), _told(other, field)
    if len(told) <= _SHORT and len(otherwise) <= _SHORT:
        return (told, otherwise) if told != otherwise else (written(one), written(other))
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(told, otherwise, strict=False))
    skipped = max(sum(1 for _ in alike) - _LEAD, 0)
    lead = "…" if skipped else ""
    return lead + _cut(told[skipped:]), lead + _cut(otherwise[skipped:])


def short(value: Json, field: str = "") -> str:
    """Return a value as text, cut if it is long."""
    return _cut(_told(value, field))


def _told(value: Json, field: str) -> str:
    if field.endswith("Seconds") and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value} s"
    if not isinstance(value, str):
        return written(value)
    return value.removeprefix("{%").removesuffix("%}").strip() or written(value)


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
