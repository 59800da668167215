"""Correct misspelled field names to the fields that were probably meant, before the other checks run.

A misspelling is then reported only once, and not also as a missing field, an unreachable state or an undefined
variable. Nor does it hide other mistakes, because the value of the field is checked as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from ..asl.definition import Definition, JsonObject
from ..asl.fields import (
    ALL_FIELDS,
    BATCHER,
    BRANCH,
    CATCHER,
    FIELDS,
    JOINERS,
    OPERATORS,
    PROCESSOR,
    PROCESSOR_CONFIG,
    READER,
    READER_CONFIG,
    RETRIER,
    RULE,
    TOP,
    WORDS,
    WRITER,
    WRITER_CONFIG,
)
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.records import Record
from ..asl.suggestions import likely
from .lint_findings import LintFinding, LintFindings, printable
from .reads import has_placeholders


class _Kind(Record):
    """A kind of object: its name in messages, its fields, and the kinds of the objects nested in them."""

    what: str
    fields: Collection[str]
    inside: Mapping[str, str] = {}


_TESTS: Final = ("Variable", *OPERATORS, *JOINERS)
_NESTED_IN_STATE: Final = {
    "Branches": "branch",
    "ItemProcessor": "processor",
    "Iterator": "processor",
    "Choices": "rule",
    "Retry": "retrier",
    "Catch": "catcher",
    "Credentials": "credentials",
    "ItemReader": "reader",
    "ItemBatcher": "batcher",
    "ResultWriter": "writer",
}
_KINDS: Final[Mapping[str, _Kind]] = {
    "machine": _Kind("a state machine", TOP, {"States": "states"}),
    "branch": _Kind("a branch", BRANCH, {"States": "states"}),
    "processor": _Kind("the processor of a Map", PROCESSOR, {"States": "states", "ProcessorConfig": "config"}),
    "config": _Kind("ProcessorConfig", PROCESSOR_CONFIG),
    "state": _Kind("a state", ALL_FIELDS, _NESTED_IN_STATE),
    **{f"{name} state": _Kind(f"a {name} state", fields, _NESTED_IN_STATE) for name, fields in FIELDS.items()},
    "rule": _Kind("a choice rule", (*RULE, *_TESTS), dict.fromkeys(JOINERS, "rule")),
    "retrier": _Kind("a retrier", RETRIER),
    "catcher": _Kind("a catcher", CATCHER),
    "credentials": _Kind("Credentials", ("RoleArn", "RoleArn.$")),
    "reader": _Kind("an ItemReader", READER, {"ReaderConfig": "reader config"}),
    "reader config": _Kind("ReaderConfig", READER_CONFIG),
    "writer": _Kind("a ResultWriter", WRITER, {"WriterConfig": "writer config"}),
    "writer config": _Kind("WriterConfig", WRITER_CONFIG),
    "batcher": _Kind("an ItemBatcher", BATCHER),
}


class _Corrections:
    """The fields of an object that were corrected, as correct name → written name, and those of nested objects."""

    __slots__ = ("inside", "written")

    def __init__(self) -> None:
        self.written: dict[str, str] = {}
        self.inside: dict[str, _Corrections] = {}


class SpellingCorrector:
    """A corrector of field names, which also translates pointers back to the names as written."""

    def __init__(self, findings: LintFindings) -> None:
        self._findings = findings
        self._names = _Corrections()

    def correct(self, definition: Definition) -> Definition:
        """Report misspelled fields, and return the definition with these corrected, or itself if it has none."""
        if not any(_find_misspelled(holder, kind) for holder, kind, _ in _objects(definition.value)):
            return definition
        corrected = Definition(definition.value)
        for holder, kind, steps in _objects(corrected.value):
            names = _find_misspelled(holder, kind)
            if names:
                self._correct_fields(holder, names, _pointer(steps), kind)
        return corrected

    def restore_pointer(self, finding: LintFinding) -> LintFinding:
        """Return the finding with its pointer translated back to the names as written."""
        names: _Corrections | None = self._names
        steps = finding.pointer.split("/")
        for index, step in enumerate(steps[1:], 1):
            if names is None:
                break
            steps[index], names = names.written.get(step, step), names.inside.get(step)
        return LintFinding(finding.code, finding.severity, "/".join(steps), finding.sentence, finding.remedy)

    def _correct_fields(self, holder: JsonObject, names: Mapping[str, str], pointer: str, kind: _Kind) -> None:
        fields = {names.get(name, name): item for name, item in holder.items()}
        holder.clear()
        holder.update(fields)
        corrections = self._names
        for step in printable(pointer).split("/")[1:]:
            corrections = corrections.inside.setdefault(step, _Corrections())
        for name, meant in names.items():
            corrections.written[meant] = printable(child("", name)[1:])
            is_test = kind is _KINDS["rule"] and meant in _TESTS
            self._findings.error(
                "UNKNOWN_OPERATOR" if is_test else "UNKNOWN_FIELD",
                child(pointer, meant),
                f"There is no operator {name!r}."
                if is_test
                else f"{kind.what[0].upper()}{kind.what[1:]} has no field {name!r}.",
                f"Did you mean {meant}?",
            )


_Steps = tuple["_Steps", str | int] | None
"""The keys that lead to an object, last one first; a linked list, because few are ever needed as a pointer."""


def _objects(value: Json) -> Iterator[tuple[JsonObject, _Kind, _Steps]]:
    """Yield every object of the definition with its kind and keys.

    The objects nested in one are looked up after it was yielded, because the caller may correct its field names.
    """
    stack: list[tuple[Json, str, _Steps]] = [(value, "machine", None)]
    while stack:
        holder, name, steps = stack.pop()
        if isinstance(holder, list):
            stack.extend((item, name, (steps, index)) for index, item in enumerate(holder))
        elif isinstance(holder, dict) and name == "states":
            stack.extend((state, "state", (steps, key)) for key, state in holder.items())
        elif isinstance(holder, dict):
            yield holder, _kind(name, holder), steps
            nested = _kind(name, holder).inside
            stack.extend((holder[key], nested[key], (steps, key)) for key in nested if key in holder)


def _kind(name: str, holder: JsonObject) -> _Kind:
    named = f"{holder.get('Type')} state" if name == "state" else name
    return _KINDS.get(named, _KINDS["state"])


def _find_misspelled(holder: JsonObject, kind: _Kind) -> dict[str, str]:
    """Return the unknown fields of an object, each with the absent field that was probably meant."""
    found: dict[str, str] = {}
    for name in holder:
        if name in kind.fields or name in WORDS or has_placeholders(name):
            continue
        meant = likely(name, kind.fields)
        if meant is not None and meant not in holder and meant not in found.values():
            found[name] = meant
    return found


def _pointer(steps: _Steps) -> str:
    names: list[str | int] = []
    while steps is not None:
        steps, name = steps
        names.append(name)
    pointer = ""
    for name in reversed(names):
        pointer = child(pointer, name)
    return pointer
