"""Record the variables and context object fields that a state's strings read, and classify strings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ..asl.fields import CONTEXT
from ..asl.json_type import Json
from ..asl.records import Record
from ..asl.suggestions import suggest
from ..queries.jsonata_evaluation import is_expression
from .lint_findings import LintFindings

_PLACEHOLDER: Final = r"(?s)\$\{[^}]*\}|\{\{.*?\}\}|<%|#\{"
_PLACEHOLDER_OPENINGS: Final = ("${", "{{", "<%", "#{")


def has_placeholders(value: object) -> bool:
    """Return true if a string has placeholders, such as `${name}`, that another tool fills in before deployment."""
    if (
        not isinstance(value, str)
        or not any(opening in value for opening in _PLACEHOLDER_OPENINGS)
        or is_expression(value)
    ):
        return False
    return re.search(_PLACEHOLDER, value) is not None


def is_cloudformation_reference(value: Json) -> bool:
    """Return true for a CloudFormation reference, such as `{"Ref": …}`, which is resolved before deployment."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def looks_like_path(value: object) -> bool:
    """Return true if a string seems to be meant as a path or an intrinsic function."""
    if not isinstance(value, str) or not value.startswith(("$", "States.")):
        return False
    if value.startswith("States."):
        name, opening, _ = value.removeprefix("States.").partition("(")
        return bool(opening) and name.isidentifier()
    rest = value[1:].removeprefix("$") if value != "$" else ""
    first = rest[1:2]
    return not rest or value[1] == "[" or (rest[0] == "." and (first in (".", "*", "[", "_") or first.isalpha()))


def is_jsonpath_key(key: str, item: Json) -> bool:
    """Return true for a JSONPath key with its value, such as `id.$` with `$.id`, which JSONata does not evaluate."""
    return key.endswith(".$") and isinstance(item, str) and (item.startswith("$") or looks_like_path(item))


class VariableRead(Record):
    """One read of a variable, with the JSON pointer of the string that reads it."""

    name: str
    pointer: str
    tolerant: bool = False
    """True if the variable may be undefined, as in `$exists($x)` or IsPresent."""


class StateReads:
    """The variables and context object fields that the strings of one state read.

    `unavailable`   context object fields that the state does not have, each with where it exists, such as "in a Task"
    """

    def __init__(self, findings: LintFindings, unavailable: Mapping[str, str]) -> None:
        self.findings = findings
        self.unavailable = unavailable
        self.uses: list[VariableRead] = []
        self.context: list[tuple[tuple[str, ...], str]] = []
        """Each context object field that is read, as the names on its path, with the pointer of the string."""

    def context_field(self, names: tuple[str, ...], pointer: str, root: str) -> None:
        """Record and check a read of a context object field; `root` is the name of the context object in messages."""
        self.context.append((names, pointer))
        self._check_context_field(names, pointer, root)

    def _check_context_field(self, names: tuple[str, ...], pointer: str, root: str) -> None:
        if names and names[0] in self.unavailable:
            where = self.unavailable[names[0]]
            self.findings.warning(
                "UNKNOWN_CONTEXT_FIELD", pointer, f"The context object has {names[0]} only {where}.", "Remove it."
            )
            return
        for depth, name in enumerate(names):
            holder = ".".join(names[:depth])
            if holder not in CONTEXT:
                return
            if name not in CONTEXT[holder]:
                whose = f"The context object's {holder}" if holder else "The context object"
                self.findings.warning(
                    "UNKNOWN_CONTEXT_FIELD",
                    pointer,
                    f"{whose} has no field {name!r}.",
                    suggest(name, CONTEXT[holder], f"{root} has {', '.join(sorted(CONTEXT[holder]))}."),
                )
                return
