"""Check the strings of a state that are evaluated: JSONata expressions here, JSONPath strings by paths.py.

Longer than 250 lines because both query languages record their reads in the same two lists, of variables and of
context object fields.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final, Literal

from ..asl.json_type import Json
from ..asl.json_values import child, walk
from ..asl.suggestions import nearest, suggest
from ..queries.jsonata_evaluation import InvalidJsonata, is_expression, strip_delimiters
from ..queries.jsonata_functions import FUNCTIONS
from ..queries.jsonata_reading import References, references_of
from .lint_findings import LintFindings
from .reads import StateReads, VariableRead, has_placeholders, is_jsonpath_key, looks_like_path

Phase = Literal["before", "after", "caught"]
"""The moment of an evaluation: before the state's work, after it, or in a catcher."""
_CONSTANTS: Final = ("true", "false", "null")
_BARE_STATES: Final = r"\$states\.(input|result|errorOutput|context)\b"


def _needs_check(text: str) -> bool:
    """Return true if a string of a JSONata state needs checks: it has a delimiter, or resembles JSONPath."""
    return "{%" in text or "%}" in text or text.startswith(("$", "States."))


class StringChecker(StateReads):
    """A checker for the strings of one state, which records the variables and context object fields that they read.

    `has_result`    true for a Task, a Parallel or a Map, which have a `$states.result`
    `unavailable`   see StateReads
    """

    def __init__(self, findings: LintFindings, has_result: bool, unavailable: Mapping[str, str]) -> None:
        super().__init__(findings, unavailable)
        self.has_result = has_result

    def check_jsonata(
        self, value: Json, pointer: str, phase: Phase, kinds: tuple[str, ...] = (), *, named: bool = False
    ) -> None:
        """Check every expression in a value.

        `kinds`    the JSON types that an expression may yield if it is the whole value; empty for any type
        `named`    true if AWS interprets the keys (arguments of an integration, names of variables), so that a JSONPath
                   key is an error
        """
        if isinstance(value, str):
            self._check_string(value, pointer, phase, kinds)
            return
        for location, each in walk(value, pointer):
            members = each.items() if isinstance(each, dict) else enumerate(each) if isinstance(each, list) else ()
            for key, item in members:
                if isinstance(item, str) and _needs_check(item):
                    self._check_string(item, child(location, key), phase, ())
            if isinstance(each, dict):
                self._check_keys(each, location, is_error=named and location == pointer)

    def check_path(
        self,
        value: Json,
        pointer: str,
        *,
        reference: bool = False,
        single: bool = False,
        intrinsic: Collection[str] = (),
        tolerant: bool = False,
    ) -> None:
        """Check a field that contains a path.

        `reference`    true if the path must be a reference path, which names one location in the state's data
        `single`       true if the path must select one value, also from the context object or a variable
        `intrinsic`    the intrinsic functions that are allowed instead of a path
        `tolerant`     true if the path need not match anything
        """
        from .paths import PathChecker  # imported late: few machines need it, and it costs as much as all the rest

        checker = PathChecker(self, tolerant=tolerant)
        checker.check_path(value, pointer, reference=reference, single=single, intrinsic=intrinsic)

    def check_template(self, value: Json, pointer: str) -> None:
        """Check a JSONPath payload template."""
        from .paths import PathChecker

        PathChecker(self).check_template(value, pointer)

    def _check_string(self, text: str, pointer: str, phase: Phase, kinds: tuple[str, ...]) -> None:
        if not is_expression(text):
            self._check_likely_expression(text, pointer)
            return
        try:
            found = references_of(strip_delimiters(text))
        except InvalidJsonata as error:
            if "${" in text:
                self.context.append(((), pointer))  # a template with placeholders may read any field
            else:
                self.findings.error(
                    "INVALID_JSONATA_EXPRESSION", pointer, f"{error}.", "Correct the expression between {% and %}."
                )
            return
        self._check_references(found, pointer, phase, text)
        if found.has_constants:
            self._check_constants(text, pointer)
        if kinds and found.kind is not None and found.kind not in kinds:
            self.findings.error(
                "WRONG_TYPE",
                pointer,
                f"The expression must yield a value of type {' or '.join(kinds)}, got {found.kind}.",
            )

    def _check_constants(self, text: str, pointer: str) -> None:
        from ..queries.jsonata_constants import always_fails

        reason = always_fails(strip_delimiters(text))
        if reason:
            shown = text if len(text) <= 120 else text[:117] + "…"
            self.findings.error(
                "EXPRESSION_ALWAYS_FAILS",
                pointer,
                f"{shown} always fails: {reason}.",
                "Correct the constants in the expression.",
            )

    def _check_likely_expression(self, text: str, pointer: str) -> None:
        """Report a delimiter without its counterpart, which AWS rejects; warn about other likely expressions."""
        is_padded = is_expression(text.strip())
        if text.startswith("{%") and not has_placeholders(text):
            remedy = "Remove the whitespace after %}." if is_padded else "Add %} at the end."
            self._report_delimiter(pointer, "The string starts with {% but does not end with %}.", remedy)
        elif text.endswith("%}") and not has_placeholders(text):
            remedy = "Remove the whitespace before {%." if is_padded else "Add {% at the start."
            self._report_delimiter(pointer, "The string ends with %} but does not start with {%.", remedy)
        elif is_padded or (
            (text.strip().startswith("{%") or text.strip().endswith("%}")) and not has_placeholders(text)
        ):
            self.findings.warning(
                "NOT_EVALUATED",
                pointer,
                "There is whitespace before {% or after %}, so the string is not evaluated.",
                "Enclose the expression in {% and %}, without whitespace around them.",
            )
        elif "%}" in text.partition("{%")[2] and not has_placeholders(text):
            self.findings.warning(
                "NOT_EVALUATED",
                pointer,
                "The string contains {% … %} but does not start and end with them, so it is not evaluated.",
                "Make the whole string one expression: {% 'Hello ' & $states.input.name %}.",
            )
        elif looks_like_path(text) and text != "$" and not has_placeholders(text) and not pointer.endswith(".$"):
            self.findings.warning(
                "WRONG_QUERY_LANGUAGE",
                pointer,
                f"{text!r} looks like JSONPath; in a JSONata state it is a literal string.",
                "Write {% $states.input… %}.",
            )
        elif text.startswith("$states.") and re.match(_BARE_STATES, text) and not pointer.endswith(".$"):
            self.findings.warning(
                "NOT_EVALUATED",
                pointer,
                f"{text[:100]!r} looks like an expression but is treated as a literal string.",
                "Enclose it in {% and %}.",
            )

    def _report_delimiter(self, pointer: str, sentence: str, remedy: str) -> None:
        """Report improper delimiters, which AWS's page on JSONata calls a validation error."""
        self.findings.error("INVALID_JSONATA_EXPRESSION", pointer, sentence, remedy)

    def _check_keys(self, value: dict[str, Json], pointer: str, *, is_error: bool) -> None:
        report = self.findings.error if is_error else self.findings.warning
        for key, item in value.items():
            if is_jsonpath_key(key, item):
                report(
                    "WRONG_QUERY_LANGUAGE",
                    child(pointer, key),
                    f"{key!r} is a JSONPath key, but the state uses JSONata"
                    + ("." if is_error else ": the key and its value are not evaluated."),
                    f"Rename it to {key[:-2]!r}, and write its value as {{% … %}}.",
                )

    def _check_references(self, found: References, pointer: str, phase: Phase, text: str) -> None:
        for name in dict.fromkeys(found.bare):
            self.findings.error(
                "UNSUPPORTED_JSONATA_EXPRESSION",
                pointer,
                f"{name!r} refers to the input of the expression, but Step Functions gives expressions no input.",
                _suggest_name(name, text),
            )
        for name in dict.fromkeys(found.functions):
            self._report_unknown_function(name, pointer)
        for name in dict.fromkeys(found.called):
            self.findings.error(
                "UNDEFINED_FUNCTION",
                pointer,
                f"There is no function {name}: the names of JSONata functions start with $.",
                _suggest_function(name),
            )
        for names in dict.fromkeys(found.states):
            self._check_states_field(names, pointer, phase)
        self.uses.extend(VariableRead(name, pointer) for name in dict.fromkeys(found.variables))
        self.uses.extend(VariableRead(name, pointer, tolerant=True) for name in dict.fromkeys(found.tolerated))

    def _report_unknown_function(self, name: str, pointer: str) -> None:
        if name == "eval":
            self.findings.error(
                "UNSUPPORTED_JSONATA_EXPRESSION",
                pointer,
                "Step Functions does not support $eval.",
                "Use $parse to parse JSON.",
            )
            return
        self.findings.error("UNDEFINED_FUNCTION", pointer, f"There is no function ${name}.", _suggest_function(name))

    def _check_states_field(self, names: tuple[str, ...], pointer: str, phase: Phase) -> None:
        first = names[0] if names else ""
        if first == "context" or not names:
            self.context_field(names[1:], pointer, "$states.context")
        elif first == "result":
            self._check_result(pointer, phase)
        elif first == "errorOutput":
            self._check_error_output(pointer, phase)
        elif first != "input":
            self.findings.error(
                "UNDEFINED_STATES_FIELD",
                pointer,
                f"$states has no field {first!r}.",
                suggest(
                    first,
                    ("input", "result", "errorOutput", "context"),
                    "Its fields are input, result, errorOutput, context.",
                ),
            )

    def _check_result(self, pointer: str, phase: Phase) -> None:
        if not self.has_result:
            sentence = "$states.result exists only in a Task, Parallel or Map state."
        elif phase == "before":
            sentence = "$states.result does not exist yet: this field is evaluated before the state has a result."
        elif phase == "caught":
            sentence = "$states.result does not exist in a catcher, because the state failed."
        else:
            return
        remedy = "Use $states.errorOutput." if phase == "caught" else "Use $states.input."
        self.findings.error("RESULT_NOT_AVAILABLE", pointer, sentence, remedy)

    def _check_error_output(self, pointer: str, phase: Phase) -> None:
        if phase != "caught":
            self.findings.error(
                "ERROR_OUTPUT_NOT_AVAILABLE",
                pointer,
                "$states.errorOutput exists only in Output and Assign of a catcher.",
                "Move it into the catcher.",
            )


def _suggest_function(name: str) -> str:
    suggestion = nearest(name, FUNCTIONS)
    return (
        f"Did you mean ${suggestion}?"
        if suggestion
        else "Use one of JSONata's functions, or define it in the expression."
    )


def _suggest_name(name: str, text: str) -> str:
    """Return the remedy for a bare name: a constant, a hyphenated name or a field of the input is probably meant."""
    if name.lower() in _CONSTANTS:
        return f"Write {name.lower()}."
    if re.search(rf"\w-{re.escape(name)}\b", text):
        return "Enclose a name with a hyphen in backquotes: $states.input.`a-b`."
    return f"Write $states.input.{name}." if name.isidentifier() else "Write $states.input."
