"""Findings of `check`: code, severity, JSON pointer, message and remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from ..asl.records import Value

Severity = Literal["error", "warning"]
Code = Literal[
    "MISSING_DESCRIPTION",
    "INVALID_JSON_DESCRIPTION",
    "DUPLICATE_KEY",
    "DEFINITION_TOO_LARGE",
    "PAYLOAD_TOO_LARGE",
    "OPEN_TEMPLATE",
    "UNKNOWN_FIELD",
    "UNSUPPORTED_FIELD",
    "MISSING_REQUIRED_FIELD",
    "WRONG_TYPE",
    "INVALID_VALUE",
    "CONFLICTING_FIELDS",
    "EMPTY_LIST",
    "WRONG_QUERY_LANGUAGE",
    "UNKNOWN_TYPE",
    "INVALID_STATE_NAME",
    "DUPLICATE_STATE_NAME",
    "MISSING_TRANSITION",
    "MISSING_TRANSITION_TARGET",
    "TRANSITION_LEAVES_SCOPE",
    "UNREACHABLE_STATE",
    "MISSING_END_STATE",
    "ENDLESS_LOOP",
    "UNKNOWN_OPERATOR",
    "STATES_ALL_NOT_ALONE",
    "STATES_ALL_NOT_LAST",
    "UNREACHABLE_RETRIER",
    "UNREACHABLE_CATCHER",
    "UNKNOWN_ERROR_NAME",
    "IMPOSSIBLE_TIMEOUT",
    "EXPRESS_TIMEOUT",
    "INVALID_RESOURCE",
    "UNKNOWN_SERVICE",
    "MISSING_ARGUMENT",
    "MISSING_TASK_TOKEN",
    "UNUSED_TASK_TOKEN",
    "EXPRESS_NOT_SUPPORTED",
    "INVALID_LABEL_NAME",
    "DUPLICATE_LABEL_NAME",
    "INVALID_JSONPATH",
    "INVALID_INTRINSIC_FUNCTION",
    "NO_DOLLAR",
    "NO_PATH",
    "PASS_RESULT_IS_STATIC",
    "INVALID_JSONATA_EXPRESSION",
    "UNSUPPORTED_JSONATA_EXPRESSION",
    "EXPRESSION_ALWAYS_FAILS",
    "NOT_EVALUATED",
    "UNDEFINED_FUNCTION",
    "UNDEFINED_STATES_FIELD",
    "RESULT_NOT_AVAILABLE",
    "ERROR_OUTPUT_NOT_AVAILABLE",
    "UNDEFINED_VARIABLE",
    "POSSIBLY_UNDEFINED_VARIABLE",
    "INVALID_VARIABLE_NAME",
    "RESERVED_VARIABLE",
    "DUPLICATE_VARIABLE_NAME",
    "UNKNOWN_CONTEXT_FIELD",
]
"""The codes of findings, each explained in `codes.py`."""


class LintFinding(Value):
    """One error or warning about a definition."""

    code: Code
    """A code in the style of ValidateStateMachineDefinition, or AWS's own if there is an equivalent one."""
    severity: Severity
    """`error`: AWS rejects the definition, or it cannot work. `warning`: it runs, but probably not as intended."""
    pointer: str
    """JSON pointer (RFC 6901) of the value; empty for the whole document."""
    sentence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.pointer or '/'}: {self.severity} {self.code}: {self.sentence} {self.remedy}".rstrip()


class LintFindings:
    """A collection of findings without duplicates."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], LintFinding] = {}
        self._alternatives: dict[tuple[str, str, str], tuple[str, ...]] = {}
        self._intended: set[tuple[str, str]] = set()

    def error(self, code: Code, pointer: str, sentence: str, remedy: str = "") -> None:
        """Add an error: AWS rejects the definition, or it cannot work."""
        self._add(LintFinding(code, "error", printable(pointer), printable(sentence), printable(remedy)))

    def warning(self, code: Code, pointer: str, sentence: str, remedy: str = "") -> None:
        """Add a warning: the definition runs, but probably not as intended."""
        self._add(LintFinding(code, "warning", printable(pointer), printable(sentence), printable(remedy)))

    def missing_field(self, code: Code, pointer: str, sentence: str, remedy: str, fields: Iterable[str]) -> None:
        """Add an error: the object has none of `fields`.

        It is dropped if `note_intention` records that the other query language's counterpart was used instead.
        """
        finding = LintFinding(code, "error", printable(pointer), printable(sentence), printable(remedy))
        self._add(finding)
        self._alternatives[_key(finding)] = tuple(fields)

    def note_intention(self, pointer: str, field: str) -> None:
        """Record that an already reported field of the other query language was meant as `field`."""
        self._intended.add((printable(pointer), field))

    def clear_warnings(self, pointer: str) -> bool:
        """Remove the warnings at a pointer, for an error to replace them; return false if it already has an error."""
        location = printable(pointer)
        replaced = {key: finding for key, finding in self._found.items() if finding.pointer == location}
        if any(finding.severity == "error" for finding in replaced.values()):
            return False
        for key in replaced:
            del self._found[key]
        return True

    def __iter__(self) -> Iterator[LintFinding]:
        """Yield all findings except fields that are missing only because a counterpart was used instead."""
        for key, finding in self._found.items():
            alternatives = self._alternatives.get(key, ())
            if not any((finding.pointer, field) in self._intended for field in alternatives):
                yield finding

    def has_within(self, pointer: str) -> bool:
        """Return true if there is a finding about a value inside the one at this pointer."""
        return any(location.startswith(pointer + "/") for _, location, _ in self._found)

    def _add(self, finding: LintFinding) -> None:
        self._found.setdefault(_key(finding), finding)


def _key(finding: LintFinding) -> tuple[str, str, str]:
    return finding.code, finding.pointer, finding.sentence


def printable(text: str) -> str:
    """Return the text with lone surrogates, which cannot be printed, escaped."""
    return text.encode("utf-8", "backslashreplace").decode()
