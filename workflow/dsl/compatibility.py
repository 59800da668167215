"""Compatibility of types: checks that values of one type fit where another is expected, judged by their JSON.

Unknown types fit everything. With `every`, each member of a union must fit; otherwise one is enough, because a value
that is sometimes wrong is left to type checkers, and only a value that is always wrong is rejected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, cast, get_args

from .bindings import Binding
from .payload_schema import KINDS, Field, fields_of, item_of, kinds_of, literals_of, members_of, name_of, wire_value
from .value_expressions import Condition, Expression, form_of

_MAX_DEPTH: Final = 8
"""The depth of nested fields after which recursive types count as equal."""


def mismatch(form: object, expected: object, *, every: bool, depth: int = 0) -> str:
    """Return the reason why values of a type do not fit another, as the end of a sentence; empty if they do."""
    if depth > _MAX_DEPTH:
        return ""
    members, allowed = members_of(form), tuple(_merge_literals(members_of(expected)))
    reasons = [_member_mismatch(member, allowed, expected, every, depth) for member in members]
    mismatches = [reason for reason in reasons if reason]
    return mismatches[0] if mismatches and (every or len(mismatches) == len(members)) else ""


def value_mismatch(value: object, expected: object, *, every: bool) -> str:
    """Return the reason why a payload does not fit a type, as the end of a sentence; empty if it does.

    A payload that contains itself counts as fitting, because the compiler rejects it later.
    """
    try:
        return _value_mismatch(value, expected, every)
    except RecursionError:
        return ""


def _value_mismatch(value: object, expected: object, every: bool) -> str:
    if isinstance(value, Mapping):
        return _first_mismatch(
            _object_mismatch(cast("Mapping[str, object]", value), form, every) for form in members_of(expected)
        )
    if isinstance(value, list | tuple):
        return _items_mismatch(cast("Sequence[object]", value), expected, every)
    if isinstance(value, Expression | Condition | Binding):
        return mismatch(form_of(value), expected, every=every)
    literals = literals_of(expected)
    if literals is not None:
        return "" if wire_value(value) in literals else f"{value!r} is not one of {name_of(expected)}"
    return mismatch(form_of(value), expected, every=every)


def definite_mismatch(value: object, form: object) -> str:
    """Return the reason why a value can never be of a type, as the end of a sentence; empty if it may be."""
    actual = form_of(value)
    allowed = literals_of(form)
    if kinds_of(actual).isdisjoint(kinds_of(form)):
        return f"{value!r} is {name_of(actual)}"
    if allowed and _is_constant(value) and wire_value(value) not in allowed:
        return f"{value!r} is not one of its values"
    return value_mismatch(value, form, every=False)


def _is_constant(value: object) -> bool:
    return not isinstance(value, Expression | Condition | Mapping | list)


def _member_mismatch(member: object, allowed: Sequence[object], expected: object, every: bool, depth: int) -> str:
    reason = _first_mismatch(_pair_mismatch(member, other, every, depth) for other in allowed)
    return reason if len(allowed) == 1 or not reason else f"{name_of(member)} is not one of {name_of(expected)}"


def _pair_mismatch(form: object, expected: object, every: bool, depth: int) -> str:
    kinds, expected_kinds = kinds_of(form), kinds_of(expected)
    if len(KINDS) in (len(kinds), len(expected_kinds)):
        return ""
    if kinds.isdisjoint(expected_kinds):
        return f"{name_of(form)} is not {name_of(expected)}"
    literals = literals_of(expected)
    if literals is not None:
        return _literal_mismatch(form, literals_of(form), literals, expected, every)
    own, other = fields_of(form), fields_of(expected)
    if own is not None and other is not None:
        return _fields_mismatch(form, own, other, every, depth)
    if kinds == expected_kinds == frozenset({"array"}) and get_args(form) and get_args(expected):
        reason = mismatch(item_of(form), item_of(expected), every=every, depth=depth + 1)
        return reason and f"an item: {reason}"
    return ""


def _literal_mismatch(
    form: object, own: Sequence[object] | None, allowed: Sequence[object], expected: object, every: bool
) -> str:
    if own is None:
        return f"{name_of(form)} may have other values than {name_of(expected)}" if every and form is not bool else ""
    wrong = [value for value in own if value not in allowed]
    message = f"{', '.join(map(repr, wrong))} is not one of {name_of(expected)}"
    return message if wrong and (every or len(wrong) == len(own)) else ""


def _fields_mismatch(
    form: object, own: Mapping[str, Field], expected: Mapping[str, Field], every: bool, depth: int
) -> str:
    by_wire = {field.wire: field for field in own.values()}
    for field in expected.values():
        given = by_wire.get(field.wire)
        if given is None and field.required:
            return f"{name_of(form)} has no field {field.wire}"
        if given is not None:
            reason = mismatch(given.form, field.form, every=every, depth=depth + 1)
            if reason:
                return f"field {field.wire} of {name_of(form)}: {reason}"
    return ""


def _object_mismatch(value: Mapping[str, object], expected: object, every: bool) -> str:
    if "object" not in kinds_of(expected):
        return f"an object is not {name_of(expected)}"
    fields = fields_of(expected)
    if fields is None:
        return ""
    by_wire = {field.wire: field for field in fields.values()}
    missing = [field.wire for field in fields.values() if field.required and field.wire not in value]
    unknown = [str(name) for name in value if name not in by_wire]
    if missing or unknown:
        problem = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown)}"
        return f"an object that {problem} is not {name_of(expected)}"
    for name, item in value.items():
        if reason := _value_mismatch(item, by_wire[name].form, every):
            return f"field {name}: {reason}"
    return ""


def _items_mismatch(value: Sequence[object], expected: object, every: bool) -> str:
    if "array" not in kinds_of(expected):
        return f"an array is not {name_of(expected)}"
    for index, item in enumerate(value):
        if reason := _value_mismatch(item, item_of(expected, index), every):
            return f"item {index}: {reason}"
    return ""


def _merge_literals(members: Sequence[object]) -> Iterable[object]:
    """Yield the members of a union, with all its Literals merged into one."""
    literals = [value for member in members for value in literals_of(member) or ()]
    yield from (member for member in members if literals_of(member) is None)
    if literals:
        yield Literal[tuple(literals)]


def _first_mismatch(reasons: Iterable[str]) -> str:
    """Return the first reason; empty if any of the alternatives fits."""
    found = list(reasons)
    return "" if "" in found else found[0]
