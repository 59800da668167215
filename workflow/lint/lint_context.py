"""The context that all checks of a state share: the state, the findings, and checks of single fields."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..asl.definition import JsonObject, StateNode
from ..asl.fields import COUNTERPARTS, WORDS, Language
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.limits import MAX_SECONDS
from ..asl.records import Record
from ..asl.suggestions import joined, suggest
from .lint_findings import LintFindings
from .reads import is_open, is_reference_of_a_template, looks_like_path
from .templates import Moment, Texts


class LintContext(Record):
    """A state, together with the objects and inherited properties that its checks need."""

    state: StateNode
    findings: LintFindings
    texts: Texts
    speaks_jsonata: bool
    express: bool
    """True if the state runs in an EXPRESS workflow, or in an EXPRESS child workflow of a distributed Map."""

    @property
    def fields(self) -> JsonObject:
        """The state's fields."""
        return self.state.fields

    @property
    def language(self) -> str:
        """The state's query language: `JSONata` or `JSONPath`."""
        return "JSONata" if self.speaks_jsonata else "JSONPath"

    def at(self, *keys: str | int) -> str:
        """Return the JSON pointer of a value in the state."""
        pointer = self.state.pointer
        for key in keys:
            pointer = child(pointer, key)
        return pointer

    def known_fields(self, holder: JsonObject, table: Mapping[str, Language], pointer: str, what: str) -> None:
        """Report each field of an object that is not in `table`, or not in the state's query language.

        `table` maps each allowed field to its query language; `what` names the object in messages.
        """
        for name in holder:
            language = table.get(name)
            if language == "both" or language == self.language:
                continue
            here = child(pointer, name)
            if language is not None:
                self._foreign_field(name, here, table)
            else:
                unknown_field(self.findings, name, here, what, table)

    def _foreign_field(self, name: str, pointer: str, table: Mapping[str, Language]) -> None:
        own = [each for each in COUNTERPARTS.get(name, ()) if table.get(each) in ("both", self.language)]
        use = f"Use {joined(own, 'or')}" if own else "Remove it"
        switch = " with {% … %}" if self.speaks_jsonata else ', or set "QueryLanguage": "JSONata"'
        self.findings.error(
            "WRONG_QUERY_LANGUAGE",
            pointer,
            f"{name} belongs to {table[name]}, but the state uses {self.language}.",
            f"{use}{switch if own or not self.speaks_jsonata else ''}.",
        )
        for each in own:
            self.findings.note_intention(pointer.rpartition("/")[0], each)

    def whole(
        self, holder: JsonObject, name: str, pointer: str, least: int, most: int | None = MAX_SECONDS
    ) -> int | None:
        """Check that a field, if present, is an integer in the range or an expression; return the integer, or None."""
        return whole_number(self, holder, name, pointer, least, most)

    def text(self, holder: JsonObject, name: str, pointer: str) -> str | None:
        """Check that a field, if present, is a string; return the string, or None."""
        value = holder.get(name)
        if name not in holder or isinstance(value, str):
            return value if isinstance(value, str) else None
        self.wrong_type(child(pointer, name), f"{name} must be a string.")
        return None

    def one_of(self, holder: JsonObject, name: str, pointer: str, allowed: tuple[str, ...]) -> str | None:
        """Check that a field, if present, is one of the allowed strings; return the string, or None."""
        value = self.text(holder, name, pointer)
        if value is None or value in allowed or is_open(value):
            return value
        self.findings.error(
            "INVALID_VALUE",
            child(pointer, name),
            f"{name} must be {joined(allowed, 'or')}, got {value!r}.",
            suggest(value, allowed),
        )
        return None

    def dynamic(self, holder: JsonObject, name: str, pointer: str, moment: Moment, kinds: tuple[str, ...]) -> bool:
        """Check a field that may be a JSONata expression; return true if it is one or is still open (see `is_open`)."""
        value = holder.get(name)
        if is_open(value) or is_reference_of_a_template(value):
            return True
        if not isinstance(value, str) or not value.startswith("{%") or not self.speaks_jsonata:
            return False
        self.texts.jsonata(value, child(pointer, name), moment, kinds)
        return True

    def wrong_type(self, pointer: str, sentence: str, remedy: str = "") -> None:
        """Report a value of the wrong type."""
        self.findings.error("WRONG_TYPE", pointer, sentence, remedy)

    def missing(self, pointer: str, fields: str | tuple[str, ...], sentence: str, remedy: str = "") -> None:
        """Report that a required field, or every one of several alternatives, is missing."""
        names = (fields,) if isinstance(fields, str) else fields
        remedy = remedy or f"Add {'one of ' if len(names) > 1 else ''}{', '.join(names)}."
        self.findings.lack("MISSING_REQUIRED_FIELD", pointer, sentence, remedy, names)

    def small_argument(self, key: str, pointer: str, call: str) -> None:
        """Report an argument whose name starts with a lower-case letter, which no argument of Step Functions does."""
        self.findings.error(
            "UNKNOWN_FIELD",
            pointer,
            f"{call} has no argument {key}: argument names start with a capital letter.",
            f"Did you mean {key[0].upper()}{key[1:]}?",
        )


def whole_number(
    context: LintContext, holder: JsonObject, name: str, pointer: str, least: int, most: int | None
) -> int | None:
    """Check an integer field: see LintContext.whole."""
    if name not in holder or context.dynamic(holder, name, pointer, "before", ("number",)):
        return None
    value, here = holder[name], child(pointer, name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        context.wrong_type(here, f"{name} must be an integer.", _how_to_write(context, name, value))
        return None
    if (isinstance(value, float) and not value.is_integer()) or not math.isfinite(value):
        context.wrong_type(here, f"{name} must be an integer.")
        return None
    if value < least or (most is not None and value > most):
        allowed = f"at least {least}" if most is None else f"from {least} to {most}"
        context.findings.error("INVALID_VALUE", here, f"{name} must be {allowed}, got {value}.")
        return None
    return int(value)


def _how_to_write(context: LintContext, name: str, value: Json) -> str:
    if context.speaks_jsonata:
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
