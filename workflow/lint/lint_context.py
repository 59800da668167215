"""The context that all checks of a state share: the state, the findings, and checks of single fields."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ..asl.definition import JsonObject, StateNode
from ..asl.fields import COUNTERPARTS, WORDS, Language
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.limits import MAX_SECONDS
from ..asl.records import Record
from ..asl.suggestions import format_list, suggest
from .lint_findings import LintFindings
from .reads import has_placeholders, is_cloudformation_reference, looks_like_path
from .templates import Phase, StringChecker


class LintContext(Record):
    """A state, together with the objects and inherited properties that its checks need."""

    state: StateNode
    findings: LintFindings
    strings: StringChecker
    uses_jsonata: bool
    express: bool
    """True if the state runs in an EXPRESS workflow, or in an EXPRESS child workflow of a distributed Map."""

    @property
    def fields(self) -> JsonObject:
        """The state's fields."""
        return self.state.fields

    @property
    def language(self) -> str:
        """The state's query language: `JSONata` or `JSONPath`."""
        return "JSONata" if self.uses_jsonata else "JSONPath"

    def at(self, *keys: str | int) -> str:
        """Return the JSON pointer of a value in the state."""
        pointer = self.state.pointer
        for key in keys:
            pointer = child(pointer, key)
        return pointer

    def check_field_names(self, holder: JsonObject, table: Mapping[str, Language], pointer: str, what: str) -> None:
        """Report each field of an object that is not in `table`, or not in the state's query language.

        `table` maps each allowed field to its query language; `what` names the object in messages.
        """
        for name in holder:
            language = table.get(name)
            if language == "both" or language == self.language:
                continue
            location = child(pointer, name)
            if language is not None:
                self._report_foreign_field(name, location, table)
            else:
                unknown_field(self.findings, name, location, what, table)

    def _report_foreign_field(self, name: str, pointer: str, table: Mapping[str, Language]) -> None:
        own = [each for each in COUNTERPARTS.get(name, ()) if table.get(each) in ("both", self.language)]
        use = f"Use {format_list(own, 'or')}" if own else "Remove it"
        switch = " with {% … %}" if self.uses_jsonata else ', or set "QueryLanguage": "JSONata"'
        self.findings.error(
            "WRONG_QUERY_LANGUAGE",
            pointer,
            f"{name} belongs to {table[name]}, but the state uses {self.language}.",
            f"{use}{switch if own or not self.uses_jsonata else ''}.",
        )
        for each in own:
            self.findings.note_intention(pointer.rpartition("/")[0], each)

    def check_integer(
        self, holder: JsonObject, name: str, pointer: str, minimum: int, maximum: int | None = MAX_SECONDS
    ) -> int | None:
        """Check that a field, if present, is an integer in the range or an expression; return the integer, or None."""
        return _check_integer(self, holder, name, pointer, minimum, maximum)

    def check_string(self, holder: JsonObject, name: str, pointer: str) -> str | None:
        """Check that a field, if present, is a string; return the string, or None."""
        value = holder.get(name)
        if name not in holder or isinstance(value, str):
            return value if isinstance(value, str) else None
        self.wrong_type(child(pointer, name), f"{name} must be a string.")
        return None

    def check_enum(self, holder: JsonObject, name: str, pointer: str, allowed: tuple[str, ...]) -> str | None:
        """Check that a field, if present, is one of the allowed strings; return the string, or None."""
        value = self.check_string(holder, name, pointer)
        if value is None or value in allowed or has_placeholders(value):
            return value
        self.findings.error(
            "INVALID_VALUE",
            child(pointer, name),
            f"{name} must be {format_list(allowed, 'or')}, got {value!r}.",
            suggest(value, allowed),
        )
        return None

    def check_expression(
        self, holder: JsonObject, name: str, pointer: str, phase: Phase, kinds: tuple[str, ...]
    ) -> bool:
        """Check a field that may be a JSONata expression; return true if it is one or still has placeholders."""
        value = holder.get(name)
        if has_placeholders(value) or is_cloudformation_reference(value):
            return True
        if not isinstance(value, str) or not value.startswith("{%") or not self.uses_jsonata:
            return False
        self.strings.check_jsonata(value, child(pointer, name), phase, kinds)
        return True

    def wrong_type(self, pointer: str, sentence: str, remedy: str = "") -> None:
        """Report a value of the wrong type."""
        self.findings.error("WRONG_TYPE", pointer, sentence, remedy)

    def missing(self, pointer: str, fields: str | tuple[str, ...], sentence: str, remedy: str = "") -> None:
        """Report that a required field, or every one of several alternatives, is missing."""
        names = (fields,) if isinstance(fields, str) else fields
        remedy = remedy or f"Add {'one of ' if len(names) > 1 else ''}{', '.join(names)}."
        self.findings.missing_field("MISSING_REQUIRED_FIELD", pointer, sentence, remedy, names)

    def lowercase_argument(self, key: str, pointer: str, call: str) -> None:
        """Report an argument whose name starts with a lower-case letter, which no argument of Step Functions does."""
        self.findings.error(
            "UNKNOWN_FIELD",
            pointer,
            f"{call} has no argument {key}: argument names start with a capital letter.",
            f"Did you mean {key[0].upper()}{key[1:]}?",
        )


AssignCheck = Callable[[LintContext, Mapping[str, Json], str, Phase], None]
"""A check of the variables that an object assigns: the context, the object, its pointer, and the phase of Assign."""


def _check_integer(
    context: LintContext, holder: JsonObject, name: str, pointer: str, minimum: int, maximum: int | None
) -> int | None:
    """Check an integer field: see LintContext.check_integer."""
    if name not in holder or context.check_expression(holder, name, pointer, "before", ("number",)):
        return None
    value, location = holder[name], child(pointer, name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        context.wrong_type(location, f"{name} must be an integer.", _how_to_write(context, name, value))
        return None
    if (isinstance(value, float) and not value.is_integer()) or not math.isfinite(value):
        context.wrong_type(location, f"{name} must be an integer.")
        return None
    if value < minimum or (maximum is not None and value > maximum):
        allowed = f"at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        context.findings.error("INVALID_VALUE", location, f"{name} must be {allowed}, got {value}.")
        return None
    return int(value)


def _how_to_write(context: LintContext, name: str, value: Json) -> str:
    if context.uses_jsonata:
        return "Write a number or an expression {% … %}."
    by_path = f"{name}Path"
    return f"Use {by_path}." if by_path in WORDS and looks_like_path(value) else "Write a number, without quotes."


def unknown_field(findings: LintFindings, name: str, pointer: str, what: str, table: Mapping[str, object]) -> None:
    """Report a field that the object cannot have, either because it belongs elsewhere or because it does not exist."""
    if name in WORDS:
        findings.error(
            "UNSUPPORTED_FIELD", pointer, f"{what[0].upper()}{what[1:]} does not support {name}.", "Remove it."
        )
        return
    findings.error(
        "UNKNOWN_FIELD",
        pointer,
        f"{what[0].upper()}{what[1:]} has no field {name!r}.",
        suggest(name, table, "Remove it."),
    )


def is_time(value: Json) -> bool:
    """Return true if a value is a timestamp in the format of the States Language."""
    from ..asl.timestamps import is_timestamp

    return isinstance(value, str) and is_timestamp(value)
