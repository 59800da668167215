"""Tasks that read and write a DynamoDB item, with plain values and checked expressions.

Every placeholder in an expression (`:value`, `#name`) needs a value in `values` or `names`, and every value there must
be used: otherwise DynamoDB rejects the call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack, cast

from ...failures import WorkflowError
from ..bindings import Bindings, Table
from ..option_checks import check_binding, check_choices, check_flags, check_objects, check_strings
from .dynamodb_attributes import marshal
from .tasks import Answer, Task, TaskOptions


class GetItem(Task[object, Answer]):
    """A task that reads a DynamoDB item by its key; `projection` names the attributes to read (None: all)."""

    service = "dynamodb:getItem"

    def __init__(
        self,
        table: Table,
        key: Mapping[str, object],
        *,
        consistent: bool = False,
        projection: str | None = None,
        names: Mapping[str, str] | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        check_flags(self, consistent=consistent)
        check_strings(self, projection=projection)
        _check_items(self, table, projection, key=key, names=names)
        self.table, self.key, self.consistent = table, key, consistent
        self.projection, self.names = projection, names
        self.output_type = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {"TableName": bindings.text(self.table), "Key": _item(self.key)}
        if self.consistent:
            sent["ConsistentRead"] = True
        return sent | _expressions(ProjectionExpression=self.projection, names=self.names)


class PutItem(Task[object, Answer]):
    """A task that writes a DynamoDB item if its condition holds."""

    service = "dynamodb:putItem"

    def __init__(
        self,
        table: Table,
        item: Mapping[str, object],
        *,
        condition: str | None = None,
        values: Mapping[str, object] | None = None,
        names: Mapping[str, str] | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        check_strings(self, condition=condition)
        _check_items(self, table, condition, item=item, values=values, names=names)
        self.table, self.item, self.condition, self.values, self.names = table, item, condition, values, names
        self.output_type = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {"TableName": bindings.text(self.table), "Item": _item(self.item)}
        return sent | _expressions(ConditionExpression=self.condition, values=self.values, names=self.names)


class UpdateItem(Task[object, Answer]):
    """A task that updates a DynamoDB item by an update expression if its condition holds.

    `returns`    the attributes of the item that the answer contains as its Attributes
    """

    service = "dynamodb:updateItem"

    def __init__(
        self,
        table: Table,
        key: Mapping[str, object],
        update: str,
        values: Mapping[str, object],
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
        returns: Literal["ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"] | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        check_strings(self, update=update, condition=condition)
        _check_items(self, table, update, condition, key=key, values=values, names=names)
        check_choices(self, "returns", returns, ("ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"))
        self.table, self.key, self.update, self.values, self.condition = table, key, update, values, condition
        self.names, self.returns = names, returns
        self.output_type = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {
            "TableName": bindings.text(self.table),
            "Key": _item(self.key),
            "UpdateExpression": self.update,
            **_expressions(ConditionExpression=self.condition, values=self.values, names=self.names),
        }
        return sent if self.returns is None else sent | {"ReturnValues": self.returns}


class DeleteItem(Task[object, Answer]):
    """A task that deletes a DynamoDB item by its key if its condition holds."""

    service = "dynamodb:deleteItem"

    def __init__(
        self,
        table: Table,
        key: Mapping[str, object],
        *,
        condition: str | None = None,
        values: Mapping[str, object] | None = None,
        names: Mapping[str, str] | None = None,
        **options: Unpack[TaskOptions],
    ) -> None:
        super().__init__(**options)
        check_strings(self, condition=condition)
        _check_items(self, table, condition, key=key, values=values, names=names)
        self.table, self.key, self.condition, self.values, self.names = table, key, condition, values, names
        self.output_type = Answer

    def arguments(self, bindings: Bindings) -> dict[str, object]:
        sent: dict[str, object] = {"TableName": bindings.text(self.table), "Key": _item(self.key)}
        return sent | _expressions(ConditionExpression=self.condition, values=self.values, names=self.names)


def _check_items(
    task: Task[Any, Any], table: Table, *texts: str | None, values: object = None, names: object = None, **items: object
) -> None:
    """Raise WorkflowError for a call that DynamoDB would reject: an empty key, or unmatched placeholders."""
    check_binding(task, Table, table)
    check_objects(task, **items, values=values, names=names)
    for name, item in items.items():
        if not item:
            raise WorkflowError(
                f"{type(task).__name__}: {name} must not be empty, because DynamoDB finds an item by its key"
            )
    fixed = [text for text in texts if isinstance(text, str)]
    if len(fixed) == len([text for text in texts if text is not None]):
        _check_placeholders(task, fixed, values or {}, names or {})


def _check_placeholders(task: object, texts: Sequence[str], *given: object) -> None:
    used = {placeholder for text in texts for placeholder in re.findall(r"[:#][A-Za-z0-9_]+", text)}
    known = {str(name) for names in given for name in cast("Mapping[str, object]", names)}
    if used != known:
        only = "must be used in an expression" if known - used else "has no value: add it to values or names"
        raise WorkflowError(f"{type(task).__name__}: {', '.join(sorted(known - used or used - known))} {only}")


def _item(values: Mapping[str, object]) -> dict[str, object]:
    return {name: marshal(value) for name, value in values.items()}


def _expressions(
    values: Mapping[str, object] | None = None, names: Mapping[str, str] | None = None, **expressions: str | None
) -> dict[str, object]:
    """Return the given expressions of a DynamoDB call, with the values and names of their placeholders."""
    sent: dict[str, object] = {name: text for name, text in expressions.items() if text is not None}
    if names:
        sent["ExpressionAttributeNames"] = dict(names)
    if values:
        sent["ExpressionAttributeValues"] = _item(values)
    return sent
