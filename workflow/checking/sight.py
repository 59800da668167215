"""What the checks of one state share: the state, where its findings go, and tests of single values."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..deep_json import Json
from ..definition import JsonObject, State
from ..json_values import child
from ..queries.jsonata_evaluation import is_expression
from ..records import Record
from .findings import Findings, meant
from .templates import Moment, Texts, is_open, is_reference_of_a_template
from .vocabulary import ALL_FIELDS, Language

LONGEST_SECONDS = 99_999_999
"""As long as any time in a definition may be."""


class Sight(Record):
    """One state as the checks see it."""

    state: State
    findings: Findings
    texts: Texts
    speaks_jsonata: bool
    express: bool
    """Whether it runs in an EXPRESS workflow, or in an EXPRESS child of a Map."""

    @property
    def fields(self) -> JsonObject:
        """The state's fields."""
        return self.state.fields

    @property
    def language(self) -> str:
        """The query language that it speaks."""
        return "JSONata" if self.speaks_jsonata else "JSONPath"

    def at(self, *keys: str | int) -> str:
        """The pointer of something in the state."""
        pointer = self.state.pointer
        for key in keys:
            pointer = child(pointer, key)
        return pointer

    def known_fields(self, holder: JsonObject, table: Mapping[str, Language], pointer: str, what: str) -> None:
        """Check that an object has the fields that it may have, in the state's query language."""
        for name in holder:
            language = table.get(name)
            if language == "both" or language == self.language:
                continue
            here = child(pointer, name)
            if language is not None:
                self.findings.error(
                    "WRONG_QUERY_LANGUAGE",
                    here,
                    f"{name} belongs to {language}, and {what} speaks {self.language}.",
                    _counterpart(name, self.speaks_jsonata),
                )
            else:
                unknown_field(self.findings, name, here, what, table)

    def whole(
        self, holder: JsonObject, name: str, pointer: str, least: int, most: int | None = LONGEST_SECONDS
    ) -> int | None:
        """Check a whole number, or an expression that may yield one; the number if it is one."""
        return whole_number(self, holder, name, pointer, least, most)

    def text(self, holder: JsonObject, name: str, pointer: str) -> str | None:
        """Check a text."""
        value = holder.get(name)
        if name not in holder or isinstance(value, str):
            return value if isinstance(value, str) else None
        self.wrong_type(child(pointer, name), f"{name} is a text.")
        return None

    def one_of(self, holder: JsonObject, name: str, pointer: str, allowed: tuple[str, ...]) -> str | None:
        """Check a text that is one of some words."""
        value = self.text(holder, name, pointer)
        if value is None or value in allowed or is_open(value):
            return value
        self.findings.error(
            "INVALID_VALUE",
            child(pointer, name),
            f"{name} is one of {', '.join(allowed)}, and not {value!r}.",
            meant(value, allowed),
        )
        return None

    def dynamic(self, holder: JsonObject, name: str, pointer: str, moment: Moment, kinds: tuple[str, ...]) -> bool:
        """Whether a field is an expression, or open; checks the expression."""
        value = holder.get(name)
        if is_open(value) or is_reference_of_a_template(value):
            return True
        if not isinstance(value, str) or not value.startswith("{%") or not self.speaks_jsonata:
            return False
        self.texts.jsonata(value, child(pointer, name), moment, kinds)
        return True

    def wrong_type(self, pointer: str, sentence: str, remedy: str = "") -> None:
        """Say that a value is of the wrong type."""
        self.findings.error("WRONG_TYPE", pointer, sentence, remedy)

    def missing(self, pointer: str, sentence: str, remedy: str = "") -> None:
        """Say that a field is missing."""
        self.findings.error("MISSING_REQUIRED_FIELD", pointer, sentence, remedy)


def whole_number(sight: Sight, holder: JsonObject, name: str, pointer: str, least: int, most: int | None) -> int | None:
    """See Sight.whole."""
    if name not in holder or sight.dynamic(holder, name, pointer, "before", ("number",)):
        return None
    value, here = holder[name], child(pointer, name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        remedy = "Write {% … %} or a number." if sight.speaks_jsonata else "Write a number, without quotes."
        sight.wrong_type(here, f"{name} is a whole number.", remedy)
        return None
    if (isinstance(value, float) and not value.is_integer()) or not math.isfinite(value):
        sight.wrong_type(here, f"{name} is a whole number.")
        return None
    if value < least or (most is not None and value > most):
        allowed = f"at least {least}" if most is None else f"from {least} to {most}"
        sight.findings.error("INVALID_VALUE", here, f"{name} is {allowed}, and not {value}.")
        return None
    return int(value)


def unknown_field(findings: Findings, name: str, pointer: str, what: str, table: Mapping[str, object]) -> None:
    """Say that an object has a field that it cannot have."""
    if name in ALL_FIELDS:
        findings.error("UNSUPPORTED_FIELD", pointer, f"{what} has no {name}.", "Remove it.")
        return
    findings.error("UNKNOWN_FIELD", pointer, f"There is no field {name!r} in {what}.", meant(name, table, "Remove it."))


def is_text_expression(value: Json) -> bool:
    """Whether a value is one JSONata expression."""
    return is_expression(value)


def _counterpart(name: str, to_jsonata: bool) -> str:
    pairs = {
        "Parameters": "Arguments",
        "ResultSelector": "Output",
        "ResultPath": "Output or Assign",
        "OutputPath": "Output",
        "InputPath": "{% $states.input… %} where the input is used",
        "ItemsPath": "Items",
        "Result": "Output",
        "Variable": "Condition",
    }
    if to_jsonata:
        base = name.removesuffix("Path")
        return f"Use {pairs.get(name, base + ' with {% … %}')}."
    back = {"Arguments": "Parameters", "Output": "ResultSelector, ResultPath or OutputPath", "Items": "ItemsPath"}
    return f'Use {back.get(name, "Variable and an operator")}, or set "QueryLanguage": "JSONata".'
