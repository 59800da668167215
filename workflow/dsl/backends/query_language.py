"""The names of the query languages, and checks of conditions that both backends need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from ...failures import WorkflowError
from ..payload_schema import kinds_of
from ..value_expressions import Compare, Reference, form_of, source_and_path

QueryLanguage = Literal["JSONata", "JSONPath"]
_COMPARABLE_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "=": ("string", "number", "boolean", "null"),
    "!=": ("string", "number", "boolean"),
}
"""The kinds of value that can be equal or differ; all other operators need an order."""


def is_context_timestamp(value: object) -> bool:
    """Return whether a value is a timestamp that Step Functions itself writes, so that it needs no guard."""
    if not isinstance(value, Reference):
        return False
    source, path = source_and_path(value)
    return source.root == "context" and path in (("Execution", "StartTime"), ("State", "EnteredTime"))


def shared_kinds(condition: Compare) -> tuple[str, ...]:
    """Return the kinds of value that the types of both sides allow and for which the operator can be true.

    Raises WorkflowError if there is none.
    """
    sides = kinds_of(form_of(condition.left)), kinds_of(form_of(condition.right))
    comparable = _COMPARABLE_KINDS.get(condition.operator, ("string", "number"))
    shared = tuple(kind for kind in comparable if all(kind in side for side in sides))
    if not shared:
        hint = (
            "; use not_(is_null()) to require a value"
            if any(side is None for side in (condition.left, condition.right))
            else ""
        )
        raise WorkflowError(
            f"{condition!r}: only strings and numbers can be ordered, != with null is never true, "
            f"and objects and arrays cannot be compared{hint}"
        )
    return shared
