"""The wording of changes: descriptions of fields, and values short enough to be compared at a glance."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from ..asl.json_type import Json
from ..asl.json_values import JsonObject, child, json_text, same

What = Literal["added", "removed", "renamed", "moved", "changed"]

_MAX_LENGTH: Final = 60
_COMMON_LENGTH: Final = 15
"""The number of common characters shown before the first difference between two long texts."""


@dataclass(frozen=True, slots=True)
class DefinitionChange:
    """One difference; its pointer is in the new definition, or in the old one if it is about a removed part."""

    what: What
    pointer: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def field_changes(subject: str, old: JsonObject, new: JsonObject, pointer: str) -> Iterator[DefinitionChange]:
    """Yield the changes of fields that were added, removed or given another value."""
    for field in dict.fromkeys([*new, *old]):
        location, about = child(pointer, field), f"{subject}: {field}"
        if field not in old:
            yield DefinitionChange("changed", location, f"{about} was added: {shorten(new[field], field)}.")
        elif field not in new:
            yield DefinitionChange("changed", location, f"{about} was removed; it was {shorten(old[field], field)}.")
        elif not same(old[field], new[field]):
            yield from value_changes(about, old[field], new[field], location, field)


def value_changes(subject: str, old: Json, new: Json, pointer: str, field: str) -> Iterator[DefinitionChange]:
    """Yield the change of a value; for an object, the changes of its members."""
    stack: list[tuple[str, Json, Json, str]] = [(subject, old, new, pointer)]
    while stack:
        about, before, after, location = stack.pop()
        if not isinstance(before, dict) or not isinstance(after, dict):
            now, then = contrast(after, before, field)
            yield DefinitionChange("changed", location, f"{about} changed from {then} to {now}.")
            continue
        for key in reversed(list(dict.fromkeys([*after, *before]))):
            member_location = child(location, key)
            if key not in before:
                yield DefinitionChange(
                    "changed", member_location, f"{about}.{key} was added: {shorten(after[key], field)}."
                )
            elif key not in after:
                yield DefinitionChange(
                    "changed", member_location, f"{about}.{key} was removed; it was {shorten(before[key], field)}."
                )
            elif not same(before[key], after[key]):
                stack.append((f"{about}.{key}", before[key], after[key], member_location))


def contrast(one: Json, other: Json, field: str = "") -> tuple[str, str]:
    """Return two different values as text, shortened so that the difference remains visible."""
    text, other_text = _value_text(one, field), _value_text(other, field)
    if len(text) <= _MAX_LENGTH and len(other_text) <= _MAX_LENGTH:
        return (text, other_text) if text != other_text else (json_text(one), json_text(other))
    common = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(text, other_text, strict=False))
    skipped = max(sum(1 for _ in common) - _COMMON_LENGTH, 0)
    lead = "…" if skipped else ""
    return lead + _truncate(text[skipped:]), lead + _truncate(other_text[skipped:])


def shorten(value: Json, field: str = "") -> str:
    """Return a value as text, cut if it is long."""
    return _truncate(_value_text(value, field))


def _value_text(value: Json, field: str) -> str:
    if field.endswith("Seconds") and isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value} s"
    if not isinstance(value, str):
        return json_text(value)
    return value.removeprefix("{%").removesuffix("%}").strip() or json_text(value)


def _truncate(text: str) -> str:
    return text if len(text) <= _MAX_LENGTH else text[: _MAX_LENGTH - 1] + "…"
