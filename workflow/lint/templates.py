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
from ..queries.jsonata_evaluation import InvalidJsonata, inside, is_expression
from ..queries.jsonata_functions import FUNCTIONS
from ..queries.jsonata_reading import References, references_of
from .lint_findings import LintFindings
from .reads import StateReads, Use, is_key_of_jsonpath, is_open, looks_like_path

Moment = Literal["before", "after", "caught"]
"""The moment of an evaluation: before the state's work, after it, or in a catcher."""
_CONSTANTS: Final = ("true", "false", "null")
_UNMARKED: Final = r"\$states\.(input|result|errorOutput|context)\b"


def _is_remarkable(text: str) -> bool:
    """Return true if a string of a JSONata state needs checks: it has a delimiter, or resembles JSONPath."""
    return "{%" in text or "%}" in text or text.startswith(("$", "States."))


class Texts(StateReads):
    """A checker for the strings of one state, which records the variables and context object fields that they read.

    `works`     true for a Task, a Parallel or a Map, which have a `$states.result`
    `lacking`   see StateReads
    """

    def __init__(self, findings: LintFindings, works: bool, lacking: Mapping[str, str]) -> None:
        super().__init__(findings, lacking)
        self.works = works

    def jsonata(
        self, value: Json, pointer: str, moment: Moment, kinds: tuple[str, ...] = (), *, named: bool = False
    ) -> None:
        """Check every expression in a value.

        `kinds`    the JSON types that an expression may yield if it is the whole value; empty for any type
        `named`    true if AWS interprets the keys (arguments of an integration, names of variables), so that a JSONPath
                   key is an error
        """
        if isinstance(value, str):
            self._text(value, pointer, moment, kinds)
            return
        for here, each in walk(value, pointer):
            members = each.items() if isinstance(each, dict) else enumerate(each) if isinstance(each, list) else ()
            for key, item in members:
                if isinstance(item, str) and _is_remarkable(item):
                    self._text(item, child(here, key), moment, ())
            if isinstance(each, dict):
                self._keys_of_other_language(each, here, refused=named and here == pointer)

    def path(
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
        from .paths import PathTexts  # imported late: few machines need it, and it costs as much as all the rest

        texts = PathTexts(self, tolerant=tolerant)
        texts.path(value, pointer, reference=reference, single=single, intrinsic=intrinsic)

    def template(self, value: Json, pointer: str) -> None:
        """Check a JSONPath payload template."""
        from .paths import PathTexts

        PathTexts(self).template(value, pointer)

    def _text(self, text: str, pointer: str, moment: Moment, kinds: tuple[str, ...]) -> None:
        if not is_expression(text):
            self._almost_expression(text, pointer)
            return
        try:
            found = references_of(inside(text))
        except InvalidJsonata as error:
            if "${" in text:
                self.context.append(((), pointer))  # a template with placeholders may read any field
            else:
                self.findings.error(
                    "INVALID_JSONATA_EXPRESSION", pointer, f"{error}.", "Correct the expression between {% and %}."
                )
            return
        self._references(found, pointer, moment, text)
        if found.has_constants:
            self._constants(text, pointer)
        if kinds and found.kind is not None and found.kind not in kinds:
            self.findings.error(
                "WRONG_TYPE",
                pointer,
                f"The expression must yield a value of type {' or '.join(kinds)}, got {found.kind}.",
            )

    def _constants(self, text: str, pointer: str) -> None:
        from ..queries.jsonata_constants import always_fails

        why = always_fails(inside(text))
        if why:
            shown = text if len(text) <= 120 else text[:117] + "…"
            self.findings.error(
                "EXPRESSION_ALWAYS_FAILS",
                pointer,
                f"{shown} always fails: {why}.",
                "Correct the constants in the expression.",
            )

    def _almost_expression(self, text: str, pointer: str) -> None:
        """Report a delimiter without its counterpart, which AWS rejects; warn about other likely expressions."""
        is_padded = is_expression(text.strip())
        if text.startswith("{%") and not is_open(text):
            remedy = "Remove the whitespace after %}." if is_padded else "Add %} at the end."
            self._improper(pointer, "The string starts with {% but does not end with %}.", remedy)
        elif text.endswith("%}") and not is_open(text):
            remedy = "Remove the whitespace before {%." if is_padded else "Add {% at the start."
            self._improper(pointer, "The string ends with %} but does not start with {%.", remedy)
        elif is_padded or ((text.strip().startswith("{%") or text.strip().endswith("%}")) and not is_open(text)):
            self.findings.warning(
                "NOT_EVALUATED",
                pointer,
                "There is whitespace before {% or after %}, so the string is not evaluated.",
                "Enclose the expression in {% and %}, without whitespace around them.",
            )
        elif "%}" in text.partition("{%")[2] and not is_open(text):
            self.findings.warning(
                "NOT_EVALUATED",
                pointer,
                "The string contains {% … %} but does not start and end with them, so it is not evaluated.",
                "Make the whole string one expression: {% 'Hello ' & $states.input.name %}.",
            )
        elif looks_like_path(text) and text != "$" and not is_open(text) and not pointer.endswith(".$"):
            self.findings.warning(
                "WRONG_QUERY_LANGUAGE",
                pointer,
                f"{text!r} looks like JSONPath; in a JSONata state it is a literal string.",
                "Write {% $states.input… %}.",
            )
        elif text.startswith("$states.") and re.match(_UNMARKED, text) and not pointer.endswith(".$"):
            self.findings.warning(
                "NOT_EVALUATED",
                pointer,
                f"{text[:100]!r} looks like an expression but is treated as a literal string.",
                "Enclose it in {% and %}.",
            )

    def _improper(self, pointer: str, sentence: str, remedy: str) -> None:
        """Report improper delimiters, which AWS's page on JSONata calls a validation error."""
        self.findings.error("INVALID_JSONATA_EXPRESSION", pointer, sentence, remedy)

    def _keys_of_other_language(self, value: dict[str, Json], pointer: str, *, refused: bool) -> None:
        report = self.findings.error if refused else self.findings.warning
        for key, item in value.items():
            if is_key_of_jsonpath(key, item):
                report(
                    "WRONG_QUERY_LANGUAGE",
                    child(pointer, key),
                    f"{key!r} is a JSONPath key, but the state uses JSONata"
                    + ("." if refused else ": the key and its value are not evaluated."),
                    f"Rename it to {key[:-2]!r}, and write its value as {{% … %}}.",
                )

    def _references(self, found: References, pointer: str, moment: Moment, text: str) -> None:
        for name in dict.fromkeys(found.bare):
            self.findings.error(
                "UNSUPPORTED_JSONATA_EXPRESSION",
                pointer,
                f"{name!r} refers to the input of the expression, but Step Functions gives expressions no input.",
                _whole_name(name, text),
            )
        for name in dict.fromkeys(found.functions):
            self._unknown_function(name, pointer)
        for name in dict.fromkeys(found.called):
            self.findings.error(
                "UNDEFINED_FUNCTION",
                pointer,
                f"There is no function {name}: the names of JSONata functions start with $.",
                _function_meant(name),
            )
        for names in dict.fromkeys(found.states):
            self._states(names, pointer, moment)
        self.uses.extend(Use(name, pointer) for name in dict.fromkeys(found.variables))
        self.uses.extend(Use(name, pointer, tolerant=True) for name in dict.fromkeys(found.tolerated))

    def _unknown_function(self, name: str, pointer: str) -> None:
        if name == "eval":
            self.findings.error(
                "UNSUPPORTED_JSONATA_EXPRESSION",
                pointer,
                "Step Functions does not support $eval.",
                "Use $parse to parse JSON.",
            )
            return
        self.findings.error("UNDEFINED_FUNCTION", pointer, f"There is no function ${name}.", _function_meant(name))

    def _states(self, names: tuple[str, ...], pointer: str, moment: Moment) -> None:
        first = names[0] if names else ""
        if first == "context" or not names:
            self.context_field(names[1:], pointer, "$states.context")
        elif first == "result":
            self._result(pointer, moment)
        elif first == "errorOutput":
            self._error_output(pointer, moment)
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

    def _result(self, pointer: str, moment: Moment) -> None:
        if not self.works:
            sentence = "$states.result exists only in a Task, Parallel or Map state."
        elif moment == "before":
            sentence = "$states.result does not exist yet: this field is evaluated before the state has a result."
        elif moment == "caught":
            sentence = "$states.result does not exist in a catcher, because the state failed."
        else:
            return
        remedy = "Use $states.errorOutput." if moment == "caught" else "Use $states.input."
        self.findings.error("RESULT_NOT_AVAILABLE", pointer, sentence, remedy)

    def _error_output(self, pointer: str, moment: Moment) -> None:
        if moment != "caught":
            self.findings.error(
                "ERROR_OUTPUT_NOT_AVAILABLE",
                pointer,
                "$states.errorOutput exists only in Output and Assign of a catcher.",
                "Move it into the catcher.",
            )


def _function_meant(name: str) -> str:
    near = nearest(name, FUNCTIONS)
    return f"Did you mean ${near}?" if near else "Use one of JSONata's functions, or define it in the expression."


def _whole_name(name: str, text: str) -> str:
    """Return the remedy for a bare name: a constant, a hyphenated name or a field of the input is probably meant."""
    if name.lower() in _CONSTANTS:
        return f"Write {name.lower()}."
    if re.search(rf"\w-{re.escape(name)}\b", text):
        return "Enclose a name with a hyphen in backquotes: $states.input.`a-b`."
    return f"Write $states.input.{name}." if name.isidentifier() else "Write $states.input."
