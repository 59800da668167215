"""Values as DynamoDB attributes, such as `{"S": …}` and `{"N": …}`; the type of a reference decides which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast

from ...failures import WorkflowError
from ..bindings import Binding, Limit
from ..payload_schema import is_decimal, kinds_of, wire_value
from ..value_expressions import Expression, FunctionCall, form_of

_ATTRIBUTE_TYPES: Final[Mapping[str, str]] = {"string": "S", "number": "N", "boolean": "BOOL", "null": "NULL"}


def marshal(value: object) -> dict[str, object]:
    """Return a value as a DynamoDB attribute; raises WorkflowError for an expression of unknown type."""
    if isinstance(value, Expression):
        return _marshal_expression(value)
    if isinstance(value, Binding):
        return {"N" if isinstance(value, Limit) else "S": value}
    if is_decimal(type(value)):
        return {"N": str(value)}
    value = wire_value(value)
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return {"M": {name: marshal(item) for name, item in items}}
    if isinstance(value, list | tuple):
        return {"L": [marshal(item) for item in cast("Sequence[object]", value)]}
    raise WorkflowError(f"{value!r} cannot be written as a DynamoDB attribute")


def _marshal_expression(value: Expression) -> dict[str, object]:
    kinds = kinds_of(form_of(value)) - {"null"}
    kind = next(iter(kinds)) if len(kinds) == 1 else ""
    if kind not in _ATTRIBUTE_TYPES:
        raise WorkflowError(
            f"{value!r}: a DynamoDB attribute needs a type: string, number or boolean; "
            "declare it with seen_as(), and write out a list or an object"
        )
    return {_ATTRIBUTE_TYPES[kind]: FunctionCall("to_json", (value,), str) if kind == "number" else value}
