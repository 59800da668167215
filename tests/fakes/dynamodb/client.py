"""An in-memory DynamoDB with a boto3 client's interface.

It rejects what AWS rejects (tests/contract compares it with DynamoDB Local), raises NotImplementedError for anything it
does not support, and can return stale reads and small pages. Rows share structure with written and returned values, so
never change a returned value in place. `strict` also checks every argument against botocore's own model, as a real
client does before it sends a request.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from .conditions import Values, project
from .errors import Exceptions, invalid, refusal
from .expressions import Compiled, compile_expressions
from .model import require_model
from .table import Index, Table, parse_table, stream_record
from .values import MAXIMUM_ITEM_BYTES, Item, accepted_item, size_of

Response = dict[str, Any]
MAXIMUM_PAGE_BYTES = 1024 * 1024
MAXIMUM_TRANSACTION = 100
TOKEN_SECONDS = 600
_WRITES = {"Put": "Item", "Update": "Key", "Delete": "Key", "ConditionCheck": "Key"}
_METADATA = {"RequestId": "FAKE", "HTTPStatusCode": 200, "RetryAttempts": 0}
_TOO_LARGE = "Item size has exceeded the maximum allowed size"
_TOO_LARGE_UPDATE = "Item size to update has exceeded the maximum allowed size"


def _answer(**members: Any) -> Response:
    return {**members, "ResponseMetadata": _METADATA}


class FakeDynamoDB:
    """Tables in memory, one writer at a time. page_items: the maximum page of a Query or Scan, regardless of Limit
    (None: only AWS's 1 MB). lag: the number of writes that an eventually consistent read lags behind.
    """

    exceptions = Exceptions()

    def __init__(
        self,
        *,
        strict: bool = True,
        page_items: int | None = None,
        lag: int = 0,
        seconds: Callable[[], float] = time.time,
    ) -> None:
        self.tables: dict[str, Table] = {}
        self.streams: dict[str, list[Response]] = {}
        self.strict, self.page_items, self.lag = strict, page_items, lag
        self._seconds = seconds
        self._tokens: dict[str, tuple[float, str]] = {}
        self._undo: deque[tuple[Table, tuple[str, ...], Item | None]] = deque(maxlen=max(lag, 1))

    # tables

    def create_table(self, **request: Any) -> Response:
        if request["TableName"] in self.tables:
            raise refusal("ResourceInUseException", "Cannot create preexisting table", "CreateTable")
        table = self.tables[request["TableName"]] = parse_table(request)
        return _answer(TableDescription={"TableName": table.name, "TableStatus": "ACTIVE"})

    def delete_table(self, **request: Any) -> Response:
        table = self._table(request)
        del self.tables[table.name]
        return _answer(TableDescription={"TableName": table.name})

    def _table(self, request: dict[str, Any]) -> Table:
        table = self.tables.get(request["TableName"])
        if table is None:
            raise refusal("ResourceNotFoundException", "Requested resource not found")
        return table

    def _begin(self, operation: str, request: dict[str, Any]) -> None:
        if self.strict:
            require_model(operation, request)

    # single items

    def get_item(self, **request: Any) -> Response:
        self._begin("GetItem", request)
        table = self._table(request)
        expressions = compile_expressions(request, table)
        expressions.bound(request)
        key = table.key_of(accepted_item(request["Key"])[0], exact=True)
        row = table.rows.get(key) if request.get("ConsistentRead") or not self.lag else self._stale(table).get(key)
        return _answer() if row is None else _answer(Item=_project_row(row, expressions))

    def put_item(self, **request: Any) -> Response:
        return self._write("PutItem", "Put", request)

    def update_item(self, **request: Any) -> Response:
        return self._write("UpdateItem", "Update", request)

    def delete_item(self, **request: Any) -> Response:
        return self._write("DeleteItem", "Delete", request)

    def _write(self, operation: str, kind: str, request: dict[str, Any]) -> Response:
        self._begin(operation, request)
        option = request.get("ReturnValues", "NONE")
        if kind != "Update" and option not in ("NONE", "ALL_OLD"):
            raise invalid("Return values set to invalid value")
        write = _Write(self._table(request), kind, request)
        if not write.holds():
            members = write.refused_item()
            raise refusal("ConditionalCheckFailedException", "The conditional request failed", operation, **members)
        self._store(write, *write.outcome())
        return_values = write.return_values(option)
        return _answer(Attributes=return_values) if return_values else _answer()

    def _store(self, write: "_Write", new: Item | None, bound: int) -> None:
        table, key = write.table, write.key
        if self.lag:
            self._undo.append((table, key, write.old))
        if write.old != new:
            stream = self.streams.setdefault(table.name, [])
            stream.append(stream_record(table, write.old, new, len(stream)))
        if new is None:
            table.rows.pop(key, None)
            table.bounds.pop(key, None)
        else:
            table.rows[key] = new
            table.bounds[key] = bound

    # transactions

    def transact_write_items(self, **request: Any) -> Response:
        self._begin("TransactWriteItems", request)
        entries = request["TransactItems"]
        if not 1 <= len(entries) <= MAXIMUM_TRANSACTION:
            raise invalid(f"Member must have length less than or equal to {MAXIMUM_TRANSACTION}")
        if self._is_repeated(request):
            return _answer()
        writes = [self._part(entry) for entry in entries]
        if len({(write.table.name, write.key) for write in writes}) < len(writes):
            raise invalid("Transaction request cannot include multiple operations on one item")
        outcomes: list[tuple[Item | None, int] | None] = []
        reasons = [self._judge(write, outcomes) for write in writes]
        if any(reason["Code"] != "None" for reason in reasons):
            raise _cancellation_error(reasons, "TransactWriteItems")
        for write, outcome in zip(writes, outcomes, strict=True):
            if outcome is not None and write.kind != "ConditionCheck":
                self._store(write, *outcome)
        if token := request.get("ClientRequestToken"):
            self._tokens[token] = (self._seconds(), repr(entries))
        return _answer()

    def _part(self, entry: dict[str, Any]) -> "_Write":
        if len(entry) != 1:
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")
        ((kind, request),) = entry.items()
        return _Write(self._table(request), kind, request)

    def _judge(self, write: "_Write", outcomes: list[tuple[Item | None, int] | None]) -> Response:
        """Return the cancellation reason of one part, and append its outcome to `outcomes`."""
        outcomes.append(None)
        if not write.holds():
            return {
                "Code": "ConditionalCheckFailed",
                "Message": "The conditional request failed",
                **write.refused_item(),
            }
        try:
            outcomes[-1] = write.outcome()
        except Exceptions.ClientError as error:
            return {"Code": "ValidationError", "Message": error.response["Error"]["Message"]}
        return {"Code": "None"}

    def _is_repeated(self, request: dict[str, Any]) -> bool:
        known = self._tokens.get(request.get("ClientRequestToken", ""))
        if known is None or self._seconds() - known[0] > TOKEN_SECONDS:
            return False
        if known[1] != repr(request["TransactItems"]):
            raise refusal(
                "IdempotentParameterMismatchException", "Token was used with other parameters", "TransactWriteItems"
            )
        return True

    def transact_get_items(self, **request: Any) -> Response:
        self._begin("TransactGetItems", request)
        entries = [entry["Get"] for entry in request["TransactItems"]]
        if not 1 <= len(entries) <= MAXIMUM_TRANSACTION:
            raise invalid(f"Member must have length less than or equal to {MAXIMUM_TRANSACTION}")
        found, seen = [], set()
        for entry in entries:
            table = self._table(entry)
            expressions = compile_expressions(entry, table)
            expressions.bound(entry)
            key = table.key_of(accepted_item(entry["Key"])[0], exact=True)
            seen.add((table.name, key))
            row = table.rows.get(key)
            found.append({} if row is None else {"Item": _project_row(row, expressions)})
        if len(seen) < len(entries):
            raise invalid("Transaction request cannot include multiple operations on one item")
        return _answer(Responses=found)

    # pages

    def query(self, **request: Any) -> Response:
        self._begin("Query", request)
        table = self._table(request)
        index = table.index(request.get("IndexName"))
        if index is not table.key and request.get("ConsistentRead"):
            raise invalid("Consistent reads are not supported on global secondary indexes")
        expressions = compile_expressions(request, table)
        condition = expressions.key_condition
        if condition is None:
            raise invalid(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
            )
        values = expressions.bound(request)
        if condition.hash != index.hash or not condition.attributes <= set(index.attributes):
            raise invalid(f"Query condition missed key schema element: {index.hash}")
        if expressions.filtered & set(index.attributes):
            raise invalid("Filter Expression can only contain non-primary key attributes")
        wanted = values[condition.value]
        for name, option in condition.compared:
            if not next(iter(values[option].values()), None):
                raise invalid("One or more parameter values are not valid. A key condition has an empty value")
            if table.types[name] not in values[option]:
                raise invalid(
                    "One or more parameter values were invalid: Condition parameter type does not match schema type"
                )
        rows = [
            row
            for row in self._entries(table, index, request)
            if row[index.hash] == wanted and condition.test(row, values)
        ]
        if not request.get("ScanIndexForward", True):
            rows.reverse()
        return self._page(table, index, rows, request, expressions, values)

    def scan(self, **request: Any) -> Response:
        self._begin("Scan", request)
        table = self._table(request)
        index = table.index(request.get("IndexName"))
        if "Segment" in request:
            raise NotImplementedError("the fake has no parallel scans")
        expressions = compile_expressions(request, table)
        values = expressions.bound(request)
        return self._page(table, index, self._entries(table, index, request), request, expressions, values)

    def _entries(self, table: Table, index: Index, request: dict[str, Any]) -> list[Item]:
        if not self.lag or request.get("ConsistentRead"):
            return table.entries(index)
        now, table.rows = table.rows, self._stale(table)
        try:
            return table.entries(index)
        finally:
            table.rows = now

    def _stale(self, table: Table) -> dict[tuple[str, ...], Item]:
        """Return the rows as they were `lag` writes ago."""
        rows = dict(table.rows)
        for written, key, old in reversed(self._undo):
            if written is table:
                if old is None:
                    rows.pop(key, None)
                else:
                    rows[key] = old
        return rows

    def _page(
        self,
        table: Table,
        index: Index,
        rows: list[Item],
        request: dict[str, Any],
        expressions: Compiled,
        values: Values,
    ) -> Response:
        rows = _after(table, index, rows, request)
        limit = request.get("Limit")
        if limit is not None and limit < 1:
            raise invalid("Limit must be greater than or equal to 1")
        maximum = min(limit or len(rows) + 1, self.page_items or len(rows) + 1)
        page = _first(rows, maximum)
        matching = [row for row in page if expressions.condition(row, values)]
        answer = _answer(Count=len(matching), ScannedCount=len(page))
        if request.get("Select") != "COUNT":
            answer["Items"] = [_project_row(_visible(row, index), expressions) for row in matching]
        if page and (len(page) < len(rows) or len(page) == maximum):
            answer["LastEvaluatedKey"] = table.place_of(page[-1], index)
        return answer

    def get_paginator(self, operation: str) -> "_Paginator":
        return _Paginator({"query": self.query, "scan": self.scan}[operation])


class _Paginator:
    """boto3's paginator for query and scan."""

    def __init__(self, call: Callable[..., Response]) -> None:
        self._call = call

    def paginate(self, **request: Any) -> Iterator[Response]:
        while True:
            page = self._call(**request)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


class _Write:
    """One write on one item: validated on construction, checked by holds(), computed by outcome()."""

    __slots__ = ("bound", "expressions", "key", "kind", "new", "old", "request", "table", "values")

    def __init__(self, table: Table, kind: str, request: dict[str, Any]) -> None:
        self.table, self.kind, self.request = table, kind, request
        if kind == "ConditionCheck" and "ConditionExpression" not in request:
            raise invalid("ConditionCheck needs a ConditionExpression")
        self.expressions = compile_expressions(request, table)
        self.values = self.expressions.bound(request)
        attributes, self.bound = accepted_item(request[_WRITES[kind]])
        self.key = table.key_of(attributes, exact=kind != "Put")
        self.new = attributes
        self.old = table.rows.get(self.key)
        if kind == "Put":
            table.check_indexes(attributes)
            if self.bound > MAXIMUM_ITEM_BYTES:
                raise invalid(_TOO_LARGE)

    def holds(self) -> bool:
        return self.expressions.condition(self.old or {}, self.values)

    def refused_item(self) -> dict[str, Item]:
        option = self.request.get("ReturnValuesOnConditionCheckFailure", "NONE")
        return {"Item": dict(self.old)} if option == "ALL_OLD" and self.old is not None else {}

    def outcome(self) -> tuple[Item | None, int]:
        """Return the new row (None: deleted) and an upper bound of its size."""
        if self.kind == "Delete":
            return None, 0
        if self.kind == "Update":
            self._update()
        return self.new, self.bound

    def _update(self) -> None:
        update, start = self.expressions.update, self.old if self.old is not None else self.new
        if update is None:
            self.new = dict(start)
            return
        self.new = update.apply(start, self.values)
        if self.table.indexes:
            self.table.check_indexes(self.new)
        grown = sum(_rough_size(value) for value in self.values.values())
        self.bound = self.table.bounds.get(self.key, self.bound) + 2 * grown + 64 * len(update.assignments)
        if self.bound > MAXIMUM_ITEM_BYTES:
            self.bound = size_of(self.new)
            if self.bound > MAXIMUM_ITEM_BYTES:
                raise invalid(_TOO_LARGE_UPDATE)

    def return_values(self, option: str) -> Item | None:
        """Return the attributes that ReturnValues requests."""
        if option == "NONE":
            return None
        if option == "ALL_OLD":
            return dict(self.old) if self.old is not None else None
        if option == "ALL_NEW":
            return dict(self.new)
        update = self.expressions.update
        if update is None:
            return None
        if option == "UPDATED_NEW":
            return {name: self.new[name] for name in update.assigned_names if name in self.new}
        return {name: self.old[name] for name in update.touched_names if name in self.old} if self.old else None


def _rough_size(value: dict[str, Any]) -> int:
    """Return an upper bound of a value's size, computed quickly."""
    return (
        len(repr(value)) * 4
        if not isinstance(value.get("S", value.get("N")), str)
        else 4 * len(next(iter(value.values()))) + 8
    )


def _visible(row: Item, index: Index) -> Item:
    return row if index.projected is None else {name: row[name] for name in row if name in index.projected}


def _project_row(row: Item, expressions: Compiled) -> Item:
    return dict(row) if expressions.projection is None else project(row, expressions.projection)


def _after(table: Table, index: Index, rows: list[Item], request: dict[str, Any]) -> list[Item]:
    start = request.get("ExclusiveStartKey")
    if start is None:
        return rows
    if set(start) != {*table.key.attributes, *index.attributes}:
        raise invalid("The provided starting key is invalid")
    forward = request.get("ScanIndexForward", True)
    place = table.position(start, index)
    return [
        row for row in rows if (table.position(row, index) > place) == forward and table.position(row, index) != place
    ]


def _first(rows: list[Item], maximum: int) -> list[Item]:
    accepted, size = [], 0
    for row in rows[:maximum]:
        size += size_of(row) if len(rows) > 100 else 0
        accepted.append(row)
        if size >= MAXIMUM_PAGE_BYTES:
            break
    return accepted


def _cancellation_error(reasons: list[Response], operation: str) -> Exception:
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return refusal("TransactionCanceledException", message, operation, CancellationReasons=reasons)
