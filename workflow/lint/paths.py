"""Check the JSONPath strings of a state: paths, intrinsic functions, and payload templates with their `.$` keys."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from ..asl.json_type import Json
from ..asl.json_values import child, walk
from ..queries.intrinsics import FUNCTIONS, InvalidIntrinsic, is_intrinsic, parse_intrinsic
from ..queries.jsonata_evaluation import is_expression
from ..queries.jsonpath_reading import InvalidPath, JsonPath, parse_path
from .reads import StateReads, VariableRead, has_placeholders, looks_like_path

_EXAMPLE: Final = "Write a JSONPath such as $.order.id."


class PathChecker:
    """A checker for the paths of one state, which records the variables and context fields that they read."""

    def __init__(self, reads: StateReads, *, tolerant: bool = False) -> None:
        self._reads = reads
        self._tolerant = tolerant

    def check_path(
        self,
        value: Json,
        pointer: str,
        *,
        reference: bool = False,
        single: bool = False,
        intrinsic: Collection[str] = (),
    ) -> None:
        """Check a field that contains a path: see StringChecker.check_path."""
        if not isinstance(value, str):
            self._report_non_string(pointer, f"A JSONPath must be a string, got {_json_type(value)}.")
        elif is_expression(value):
            self._report_invalid_path(pointer, "The value must be a JSONPath, got a JSONata expression.")
        elif has_placeholders(value):
            self._record_open_path(value, pointer)
        elif is_intrinsic(value):
            self._check_intrinsic(value, pointer, intrinsic)
        else:
            self._check_plain_path(value, pointer, reference, single)

    def _record_open_path(self, text: str, pointer: str) -> None:
        """Record the reads of a path or call with placeholders; one that cannot be parsed yet may read anything."""
        try:
            paths = list(parse_intrinsic(text).paths()) if is_intrinsic(text) else [parse_path(text)]
        except InvalidPath:
            self._reads.context.append(((), pointer))
            return
        for path in paths:
            self._record_reads(path, pointer)

    def check_template(self, value: Json, pointer: str) -> None:
        """Check a JSONPath payload template."""
        if isinstance(value, str):
            self._check_item(value, pointer, "Use InputPath or ItemsPath to pass the value at a JSONPath.")
        for location, each in walk(value, pointer):
            if isinstance(each, dict):
                for key, item in each.items():
                    self._check_member(key, item, child(location, key), each)
            elif isinstance(each, list):
                for index, item in enumerate(each):
                    self._check_item(item, child(location, index))

    def _check_member(self, key: str, item: Json, pointer: str, holder: dict[str, Json]) -> None:
        if not key.endswith(".$"):
            self._check_item(item, pointer)
            return
        if key[:-2] in holder:
            self._reads.findings.warning(
                "DUPLICATE_KEY", pointer, f"{key[:-2]!r} and {key!r} define the same field.", "Keep one of them."
            )
        if not isinstance(item, str):
            self._report_non_string(
                pointer, f"The value of a key that ends in .$ must be a JSONPath as a string, got {_json_type(item)}."
            )
        else:
            self.check_path(item, pointer, intrinsic=FUNCTIONS)

    def _check_item(
        self, item: Json, pointer: str, remedy: str = "Add .$ to the field name to have the JSONPath evaluated."
    ) -> None:
        if is_expression(item):
            self._reads.findings.warning(
                "WRONG_QUERY_LANGUAGE",
                pointer,
                "{% … %} is JSONata; in a JSONPath state it is a literal string.",
                'Set "QueryLanguage": "JSONata", or write a JSONPath.',
            )
        elif _resembles_path(item):
            self._reads.findings.warning(
                "NO_DOLLAR",
                pointer,
                f"{item!r} looks like a JSONPath but is treated as a literal string.",
                remedy,
            )

    def _check_intrinsic(self, text: str, pointer: str, allowed: Collection[str]) -> None:
        if not allowed:
            self._report_invalid_path(pointer, "An intrinsic function is not allowed here.")
            return
        try:
            call = parse_intrinsic(text)
        except InvalidIntrinsic as error:
            self._report_invalid_call(pointer, f"{error}.")
            return
        if call.name not in allowed:
            self._report_invalid_call(pointer, f"{call.name} is not allowed here, because the value must be a string.")
        reason = call.failure_reason()
        if reason:
            self._report_invalid_call(pointer, f"{text!r} always fails: {reason}.")
        for path in call.paths():
            self._record_reads(path, pointer)

    def _report_invalid_call(self, pointer: str, sentence: str) -> None:
        remedy = "Correct the call of the intrinsic function."
        self._reads.findings.error("INVALID_INTRINSIC_FUNCTION", pointer, sentence, remedy)

    def _check_plain_path(self, text: str, pointer: str, reference: bool, single: bool) -> None:
        try:
            path = parse_path(text)
        except InvalidPath as error:
            self._report_invalid_path(pointer, f"{error}.")
            return
        if text != text.rstrip():
            self._reads.findings.warning(
                "INVALID_JSONPATH", pointer, f"{text!r} ends in whitespace, which is ignored.", "Remove it."
            )
        if reference and not (path.is_reference and path.root == "$"):
            self._report_invalid_path(pointer, f"{text!r} is not a reference path, which identifies a single node.")
        elif single and not path.is_reference:
            self._report_invalid_path(pointer, f"{text!r} may select several values, but a single value is required.")
        else:
            self._record_reads(path, pointer)

    def _record_reads(self, path: JsonPath, pointer: str) -> None:
        if path.variable is not None:
            self._reads.uses.append(VariableRead(path.variable, pointer, self._tolerant))
        elif path.root == "$$":
            names = tuple(_leading_names(path))
            self._reads.context_field(names, pointer, "$$")

    def _report_invalid_path(self, pointer: str, sentence: str) -> None:
        self._reads.findings.error("INVALID_JSONPATH", pointer, sentence, _EXAMPLE)

    def _report_non_string(self, pointer: str, sentence: str) -> None:
        self._reads.findings.error("WRONG_TYPE", pointer, sentence, _EXAMPLE)


def _resembles_path(item: Json) -> bool:
    """Return true for a path or the beginning of an intrinsic call, but not for a formula such as `$.a + $.b`."""
    if not isinstance(item, str) or not looks_like_path(item) or item == "$" or has_placeholders(item):
        return False
    try:
        parse_path(item)
    except InvalidPath:
        return is_intrinsic(item)
    return True


def _leading_names(path: JsonPath) -> Iterator[str]:
    for step in path.steps:
        if step.kind != "key":
            return
        yield str(step.selector)


def _json_type(value: Json) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "an array"
    return "null" if value is None else "a number"
