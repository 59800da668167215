"""Checks of state options, which reject an invalid value on the line that passes it.

An option takes a fixed value, or one from data: an expression whose type may be the required one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, NoReturn, cast

from ..asl.limits import MAX_SECONDS
from ..failures import WorkflowError
from .bindings import Binding, Limit, whole_seconds
from .payload_schema import kinds_of, name_of
from .value_expressions import Expression, form_of

_TYPING_MODULES: Final = frozenset({"typing", "typing_extensions", "types"})


def reject(owner: object, requirement: str, value: object) -> NoReturn:
    """Raise WorkflowError with the requirement of the owner and the value that was passed."""
    kind = f", which is {name_of(form_of(value))}" if isinstance(value, Expression) else ""
    raise WorkflowError(f"{_owner_name(owner)}: {requirement}, got {value!r}{kind}")


def check_kind(owner: object, requirement: str, value: object, *kinds: type) -> None:
    """Reject a value that is not an instance of any of these classes."""
    if not isinstance(value, kinds):
        reject(owner, requirement, value)


def check_strings(owner: object, **values: object) -> None:
    """Reject anything but a string, fixed or from data; None is allowed."""
    for name, value in values.items():
        if not (value is None or isinstance(value, str) or _is_from_data(value, "string")):
            reject(owner, f"{name} must be a string, fixed or from data", value)


def check_fixed_strings(owner: object, **values: object) -> None:
    """Reject anything but a fixed string; None is allowed."""
    for name, value in values.items():
        if value is not None and not isinstance(value, str):
            reject(owner, f"{name} must be a fixed string", value)


def check_numbers(owner: object, minimum: int, maximum: int = MAX_SECONDS, **values: object) -> None:
    """Reject anything but an integer in a range, fixed, a Limit or from data; None is allowed."""
    for name, value in values.items():
        if not _is_number_from(minimum, maximum, value, int):
            requirement = f"{name} must be an integer from {minimum} to {maximum}, fixed, a Limit or from data"
            reject(owner, requirement, value)


def check_percentages(owner: object, **values: object) -> None:
    """Reject anything but a number from 0 to 100, fixed, a Limit or from data; None is allowed.

    Source: States Language specification, "Map State": a percentage may have decimals.
    """
    for name, value in values.items():
        if not _is_number_from(0, 100, value, int, float):
            reject(owner, f"{name} must be a number from 0 to 100, fixed, a Limit or from data", value)


def _is_number_from(minimum: int, maximum: int, value: object, *types: type) -> bool:
    value = value.default if isinstance(value, Limit) else value
    if value is None or _is_from_data(value, "number"):
        return True
    return isinstance(value, types) and not isinstance(value, bool) and minimum <= cast("float", value) <= maximum


def check_durations(owner: object, minimum: int, maximum: int = MAX_SECONDS, **values: object) -> None:
    """Reject anything but a duration in a range of seconds; None is allowed."""
    for name, value in values.items():
        if isinstance(value, timedelta):
            try:
                seconds = whole_seconds(value)
            except WorkflowError as error:
                raise WorkflowError(f"{_owner_name(owner)}: {name}: {error}") from None
            if not minimum <= seconds <= maximum:
                raise WorkflowError(
                    f"{_owner_name(owner)}: {name} must be from {minimum} to {maximum} seconds, got {value}"
                )
        elif isinstance(value, int) and not isinstance(value, bool):
            check_numbers(owner, minimum, maximum, **{name: value})
        elif not (value is None or isinstance(value, Limit) or _is_from_data(value, "number")):
            reject(owner, f"{name} must be a timedelta, a Limit, or seconds from data", value)


def check_fixed_durations(owner: object, minimum: int, maximum: int = MAX_SECONDS, **values: object) -> None:
    """Reject anything but a timedelta or a Limit; None is allowed."""
    for name, value in values.items():
        if not (value is None or isinstance(value, timedelta | Limit)):
            reject(owner, f"{name} must be a timedelta, or a Limit of one", value)
        check_durations(owner, minimum, maximum, **{name: value})


def check_timestamps(owner: object, **values: object) -> None:
    """Reject anything but a datetime with a time zone, or a timestamp that is fixed or from data; None is allowed.

    Source: Step Functions developer guide, "Wait workflow state": a timestamp ends with Z or an offset.
    """
    for name, value in values.items():
        if isinstance(value, datetime) and value.utcoffset() is None:
            reject(owner, f"{name} must have a time zone, such as tzinfo=UTC", value)
        if value is None or isinstance(value, datetime) or _is_from_data(value, "string"):
            continue
        from ..asl.timestamps import is_timestamp

        if not isinstance(value, str) or not is_timestamp(value):
            reject(
                owner, f"{name} must be a datetime, or a string such as 2026-01-31T12:00:00Z, fixed or from data", value
            )


def check_binding(owner: object, kind: type[Binding], value: object, *, or_text: bool = False) -> None:
    """Reject anything but a late-bound name of this kind, or a string if `or_text` is set."""
    if not (isinstance(value, kind) or (or_text and isinstance(value, str))):
        article = "an" if kind.__name__[0] in "AEIO" else "a"
        reject(owner, f"must be given {article} {kind.__name__}{' or its name' if or_text else ''}", value)


def check_objects(owner: object, **values: object) -> None:
    """Reject anything but a mapping; None is allowed."""
    for name, value in values.items():
        if value is not None and not isinstance(value, Mapping):
            reject(owner, f"{name} must be a literal dict", value)


def check_choices(owner: object, name: str, value: object, allowed: Collection[object]) -> None:
    """Reject anything but one of the allowed strings; None is allowed."""
    if value is not None and (not isinstance(value, str) or value not in allowed):
        reject(owner, f"{name} must be one of {', '.join(map(str, allowed))}", value)


def check_flags(owner: object, **values: object) -> None:
    """Reject anything but True and False; None is allowed."""
    for name, value in values.items():
        if not (value is None or isinstance(value, bool)):
            reject(owner, f"{name} must be True or False", value)


def check_form(owner: object, form: object) -> None:
    """Reject anything but a type; the name of a type is rejected too, because it cannot be resolved here."""
    if not (form is None or isinstance(form, type) or type(form).__module__ in _TYPING_MODULES):
        reject(owner, "must be given a type, such as `dict[str, str]`", form)


def _is_from_data(value: object, kind: str) -> bool:
    return isinstance(value, Expression) and kind in kinds_of(form_of(value))


def _owner_name(owner: object) -> str:
    return owner if isinstance(owner, str) else type(owner).__name__
