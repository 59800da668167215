"""Checks what is filled in from data: JSONata in any text, and JSONPath templates with their `.$` keys.

Longer than most files here: both query languages fill the same two lists, of variables and of context fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from ..deep_json import Json
from ..intrinsics import InvalidIntrinsic, is_intrinsic, parse_intrinsic
from ..json_values import child, walk
from ..jsonata_evaluation import InvalidJsonata, inside, is_expression
from ..jsonata_reading import FUNCTIONS, References, references_of
from ..jsonpath import InvalidPath, Path, parse_path
from .findings import Findings, meant
from .vocabulary import CONTEXT

Moment = Literal["before", "after", "caught"]
"""When a text is evaluated: before the state's work, after it, or in a catcher."""
PLACEHOLDER: Final = re.compile(r"\$\{[^}]*\}|\{\{.*?\}\}|<%|#\{", re.S)
_PATH_LIKE: Final = re.compile(r"\$(\$?\.[^\W\d]|\$?\.[.*\[]|\[|\$$|$)|States\.\w+\(")


def is_open(value: object) -> bool:
    """Whether a text has places that something else fills in before AWS sees it, such as `${name}`."""
    return isinstance(value, str) and PLACEHOLDER.search(value) is not None and not is_expression(value)


def looks_like_path(value: object) -> bool:
    """Whether a text seems to be meant as a path or an intrinsic function."""
    return isinstance(value, str) and _PATH_LIKE.match(value) is not None


def _is_remarkable(text: str) -> bool:
    """Whether there may be anything to say about a text in a JSONata state."""
    return "{%" in text or "%}" in text or text.startswith(("$", "States."))


@dataclass(slots=True)
class Use:
    """A variable that is read, and where."""

    name: str
    pointer: str
    tolerant: bool = False


@dataclass(slots=True)
class Texts:
    """Checks the texts of one state; remembers the variables and the parts of the context object that they read."""

    findings: Findings
    works: bool
    """Whether the state does work, so that there is a result."""
    uses: list[Use] = field(default_factory=list[Use])
    context: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])

    def jsonata(self, value: Json, pointer: str, moment: Moment, kinds: tuple[str, ...] = ()) -> None:
        """Check every expression in a value; `kinds` are those that the value itself may have."""
        if isinstance(value, str):
            self._text(value, pointer, moment, kinds)
            return
        for here, each in walk(value, pointer):
            members = each.items() if isinstance(each, dict) else enumerate(each) if isinstance(each, list) else ()
            for key, item in members:
                if isinstance(item, str) and _is_remarkable(item):
                    self._text(item, child(here, key), moment, ())
            if isinstance(each, dict):
                self._keys_of_other_language(each, here)

    def path(self, value: Json, pointer: str, *, reference: bool = False, intrinsic: bool = False) -> None:
        """Check a field that holds a path."""
        if not isinstance(value, str):
            self._wrong_path(pointer, f"A path is a text, and this is {_shown(value)}.")
        elif is_expression(value):
            self._wrong_path(pointer, "A JSONata expression stands where a path belongs.")
        elif is_open(value):
            return
        elif is_intrinsic(value):
            self._intrinsic(value, pointer, allowed=intrinsic)
        else:
            self._path(value, pointer, reference)

    def template(self, value: Json, pointer: str) -> None:
        """Check a payload template of JSONPath."""
        for here, each in walk(value, pointer):
            if isinstance(each, dict):
                for key, item in each.items():
                    self._member(key, item, child(here, key), each)
            elif isinstance(each, list):
                for index, item in enumerate(each):
                    self._item(item, child(here, index))

    def _text(self, text: str, pointer: str, moment: Moment, kinds: tuple[str, ...]) -> None:
        if not is_expression(text):
            self._almost_expression(text, pointer)
            return
        try:
            found = references_of(inside(text))
        except InvalidJsonata as error:
            if "${" in text:
                self.context.add(())  # a template that is not filled in yet may pass anything
            else:
                self.findings.error("INVALID_JSONATA", pointer, f"{error}.", "Mend the expression between {% and %}.")
            return
        self._references(found, pointer, moment)
        if kinds and found.kind is not None and found.kind not in kinds:
            self.findings.error(
                "WRONG_TYPE",
                pointer,
                f"The expression yields a value of type {found.kind}, and {' or '.join(kinds)} is needed.",
            )

    def _almost_expression(self, text: str, pointer: str) -> None:
        if text.startswith("{%") and not is_open(text):
            self.findings.error(
                "INVALID_JSONATA", pointer, "The text starts with {% and does not end with %}.", "Close it with %}."
            )
        elif text.strip() != text and is_expression(text.strip()):
            self.findings.warning(
                "NOT_EVALUATED",
                pointer,
                "There are spaces around {% … %}, so that the text is taken as it is.",
                "Remove the spaces.",
            )
        elif text.endswith("%}") and not is_open(text):
            self.findings.warning(
                "NOT_EVALUATED",
                pointer,
                "The text ends with %} and does not start with {%, so that it is taken as it is.",
                "Start it with {%; the whole text is one expression.",
            )
        elif looks_like_path(text) and text != "$" and not is_open(text):
            self.findings.warning(
                "WRONG_QUERY_LANGUAGE",
                pointer,
                f"{text!r} looks like JSONPath, and in a JSONata state it is a plain text.",
                "Write {% $states.input… %}.",
            )

    def _keys_of_other_language(self, value: dict[str, Json], pointer: str) -> None:
        for key, item in value.items():
            if key.endswith(".$") and looks_like_path(item):
                self.findings.error(
                    "WRONG_QUERY_LANGUAGE",
                    child(pointer, key),
                    f"{key!r} is a key of JSONPath, and the state speaks JSONata.",
                    f"Name it {key[:-2]!r} and give it {{% … %}}.",
                )

    def _references(self, found: References, pointer: str, moment: Moment) -> None:
        for name in dict.fromkeys(found.bare):
            self.findings.error(
                "UNSUPPORTED_JSONATA_EXPRESSION",
                pointer,
                f"{name!r} stands at the top of the expression, where there is nothing that it could be taken from.",
                f"Write $states.input.{name}." if name.isidentifier() else "Write $states.input.",
            )
        for name in dict.fromkeys(found.functions):
            self._unknown_function(name, pointer)
        for names in dict.fromkeys(found.states):
            self._states(names, pointer, moment)
        self.uses.extend(Use(name, pointer) for name in dict.fromkeys(found.variables))
        self.uses.extend(Use(name, pointer, tolerant=True) for name in dict.fromkeys(found.tolerated))

    def _unknown_function(self, name: str, pointer: str) -> None:
        if name == "eval":
            self.findings.error(
                "UNSUPPORTED_JSONATA_EXPRESSION", pointer, "Step Functions has no $eval.", "Use $parse for JSON."
            )
            return
        remedy = meant(name, FUNCTIONS, "Use one of JSONata's functions, or define it in the expression.")
        self.findings.error("UNDEFINED_FUNCTION", pointer, f"There is no function ${name}.", remedy)

    def _states(self, names: tuple[str, ...], pointer: str, moment: Moment) -> None:
        first = names[0] if names else ""
        if first == "context" or not names:
            self.context.add(names[1:])
            self._context(names[1:], pointer, "$states.context")
        elif first == "result":
            self._result(pointer, moment)
        elif first == "errorOutput":
            self._error_output(pointer, moment)
        elif first != "input":
            self.findings.error(
                "UNDEFINED_STATES_FIELD",
                pointer,
                f"$states has no {first!r}.",
                meant(
                    first, ("input", "result", "errorOutput", "context"), "It has input, result, errorOutput, context."
                ),
            )

    def _result(self, pointer: str, moment: Moment) -> None:
        if not self.works:
            sentence = "$states.result is the result of a Task, a Parallel or a Map, and this state is none."
        elif moment == "before":
            sentence = "$states.result is there after the work only, and this is evaluated before it."
        elif moment == "caught":
            sentence = "In a catcher there is no $states.result, for the work failed."
        else:
            return
        remedy = "Use $states.errorOutput." if moment == "caught" else "Use $states.input."
        self.findings.error("RESULT_NOT_AVAILABLE", pointer, sentence, remedy)

    def _error_output(self, pointer: str, moment: Moment) -> None:
        if moment != "caught":
            self.findings.error(
                "ERROR_OUTPUT_NOT_AVAILABLE",
                pointer,
                "$states.errorOutput is there in Output and Assign of a catcher only.",
                "Move it into the catcher.",
            )

    def _context(self, names: tuple[str, ...], pointer: str, root: str) -> None:
        if names and names[0] not in CONTEXT:
            self.findings.warning(
                "UNKNOWN_CONTEXT_FIELD",
                pointer,
                f"The context object has no {names[0]!r}.",
                meant(names[0], CONTEXT, f"{root} has {', '.join(CONTEXT)}."),
            )
        elif len(names) > 1 and names[1] not in CONTEXT[names[0]]:
            known = CONTEXT[names[0]]
            self.findings.warning(
                "UNKNOWN_CONTEXT_FIELD",
                pointer,
                f"The context object's {names[0]} has no {names[1]!r}.",
                meant(names[1], known, f"It has {', '.join(sorted(known))}."),
            )

    def _member(self, key: str, item: Json, pointer: str, holder: dict[str, Json]) -> None:
        if not key.endswith(".$"):
            self._item(item, pointer)
            return
        if key[:-2] in holder:
            self.findings.warning(
                "DUPLICATE_KEY", pointer, f"{key[:-2]!r} and {key!r} make the same field.", "Keep one of them."
            )
        if not isinstance(item, str):
            self._wrong_path(pointer, f"A key that ends in .$ takes a path as text, and this is {_shown(item)}.")
        else:
            self.path(item, pointer, intrinsic=True)

    def _item(self, item: Json, pointer: str) -> None:
        if is_expression(item):
            self.findings.warning(
                "WRONG_QUERY_LANGUAGE",
                pointer,
                "{% … %} is JSONata; in a JSONPath state it is a plain text.",
                'Set "QueryLanguage": "JSONata", or write a path.',
            )
        elif looks_like_path(item) and item != "$" and not is_open(item):
            self.findings.warning(
                "NO_DOLLAR",
                pointer,
                f"{item!r} looks like a path and is taken as plain text.",
                "End the field's name with .$ to have it evaluated.",
            )

    def _intrinsic(self, text: str, pointer: str, allowed: bool) -> None:
        if not allowed:
            self._wrong_path(pointer, "An intrinsic function cannot stand here.")
            return
        try:
            call = parse_intrinsic(text)
        except InvalidIntrinsic as error:
            remedy = "Mend the call of the intrinsic function."
            self.findings.error("INVALID_INTRINSIC_FUNCTION", pointer, f"{error}.", remedy)
            return
        for path in call.paths():
            self._known(path, pointer)

    def _path(self, text: str, pointer: str, reference: bool) -> None:
        try:
            path = parse_path(text)
        except InvalidPath as error:
            self._wrong_path(pointer, f"{error}.")
            return
        if reference and not (path.is_reference and path.root == "$"):
            self._wrong_path(pointer, f"{text!r} does not name one place in the state's data.")
            return
        self._known(path, pointer)

    def _known(self, path: Path, pointer: str) -> None:
        if path.variable is not None:
            self.uses.append(Use(path.variable, pointer))
        elif path.root == "$$":
            names = tuple(_leading_names(path))
            self.context.add(names)
            self._context(names, pointer, "$$")

    def _wrong_path(self, pointer: str, sentence: str) -> None:
        self.findings.error("INVALID_JSONPATH", pointer, sentence, "Write a path such as $.order.id.")


def _leading_names(path: Path) -> Iterator[str]:
    for step in path.steps:
        if step.kind != "key":
            return
        yield str(step.what)


def _shown(value: Json) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    return "null" if value is None else "a number"
