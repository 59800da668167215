"""Orders in DynamoDB. Each change is one conditional write; a failed condition returns the item that explains it."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from botocore.exceptions import ClientError

from ...contracts.storage import ATTENTION, BY_CUSTOMER, BY_DAY, ORDERS, IndexSchema, order_key
from ...domain.errors import Unavailable
from ...domain.order import Order
from ...domain.ports import Change, Page, RetryPolicy, StaleOrder, Written
from ...domain.stock import StockItem, StockMismatch
from ..clients import DynamoDBClient, Reply, call, code_of
from .attribute_values import Item, decode, encode
from .order_items import changed_day, order_from
from .order_writes import append_order, create_order, defer_order, release_stock, reserve_stock
from .stock_items import stock_item_from
from .transactions import CONFLICTS, FAILED, transact

_EARLIEST = "0"  # sorts before every formatted instant; a key may not be empty


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoDBOrderRepository:
    """Orders in DynamoDB. A write that conflicts with another transaction is retried."""

    client: DynamoDBClient
    table: str
    retry: RetryPolicy

    def load(self, order_id: str) -> Order | None:
        """Return the order as last written: a consistent read."""
        key = {"pk": encode(order_key(order_id))}
        item = call(self.client.get_item, TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return order_from(item) if item else None

    def create(self, order: Order) -> Written | StaleOrder | StockMismatch:
        """Write the order and reserve its stock in one transaction.

        An existing order takes precedence over a stock mismatch.
        """
        writes = [{"Put": create_order(self.table, order)}]
        writes += [{"Update": reserve_stock(self.table, line, order.currency)} for line in order.lines]
        for _ in self.retry.attempts("The stock"):
            reasons = transact(self.client, writes)
            if reasons is None:
                return Written(after=order)
            if existing := reasons[0].get("Item"):
                return StaleOrder(current=order_from(existing))
            if not any(reason.get("Code") in CONFLICTS for reason in reasons):
                return _stock_mismatch(order, reasons[1:])
        raise AssertionError("attempts() ends by raising")

    def append(self, change: Change) -> Written | StaleOrder:
        """Append in one conditional update, or in one transaction if units return to stock."""
        for _ in self.retry.attempts(change.after.order_id):
            write = append_order(self.table, change)
            reasons = self._update_and_restock(write, change) if change.restock else self._update(write)
            if reasons is None:
                return Written(after=change.after)
            if existing := reasons[0].get("Item"):
                return StaleOrder(current=order_from(existing))
            if reasons[0].get("Code") == FAILED:
                raise Unavailable(f"Order {change.after.order_id} no longer exists.")
            if deleted := _deleted_skus(change.restock, reasons[1:]):
                change = change.without_restock(deleted)
        raise AssertionError("attempts() ends by raising")

    def list_due(self, shard: int, until: str, after: str | None, limit: int) -> Page:
        """Query the sparse index of orders that have a due time."""
        return self._query(ATTENTION, str(shard), "<=", until, after, limit)

    def defer(self, order: Order, until: str | None, now: str | None) -> bool:
        """Write only the due time, on condition that the ledger has not changed."""
        for _ in self.retry.attempts(order.order_id):
            reasons = self._update(defer_order(self.table, order, until, now))
            if reasons is None:
                return True
            if reasons[0].get("Code") == FAILED:
                return False
        raise AssertionError("attempts() ends by raising")

    def list_of_customer(self, customer_id: str, since: str, until: str, after: str | None, limit: int) -> Page:
        """Query the index of customers."""
        return self._query(BY_CUSTOMER, customer_id, "BETWEEN :since AND", until, after, limit, since=since)

    def list_changed(
        self, day: str, shard: int, since: str, after: str | None, limit: int, until: str | None = None
    ) -> Page:
        """Query the index of changes."""
        partition, since = changed_day(day, shard), since or _EARLIEST
        if until:
            return self._query(BY_DAY, partition, "BETWEEN :since AND", until, after, limit, since=since)
        return self._query(BY_DAY, partition, ">=", since, after, limit)

    def _update(self, write: Mapping[str, Any]) -> Sequence[Reply] | None:
        """Return None if written, else the reason in the format of a transaction's cancellation reasons."""
        try:
            call(self.client.update_item, **write)
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return [{"Code": FAILED, "Item": error.response.get("Item")}]
            if code_of(error) in CONFLICTS:
                return [{"Code": "TransactionConflict"}]
            raise
        return None

    def _update_and_restock(self, write: Mapping[str, Any], change: Change) -> Sequence[Reply] | None:
        restocks = [{"Update": release_stock(self.table, sku, units)} for sku, units in change.restock.items()]
        return transact(self.client, [{"Update": write}, *restocks])

    def _query(
        self,
        index: IndexSchema,
        partition: str,
        comparison: str,
        bound: str,
        after: str | None,
        limit: int,
        since: str | None = None,
    ) -> Page:
        since_value = {":since": encode(since)} if since else {}
        reply = call(
            self.client.query,
            TableName=self.table,
            IndexName=index.name,
            KeyConditionExpression=f"#partition = :partition AND #moment {comparison} :moment",
            ExpressionAttributeNames={"#partition": index.hash_key, "#moment": index.range_key},
            ExpressionAttributeValues={":partition": encode(partition), ":moment": encode(bound), **since_value},
            Limit=limit,
            **page_start(after),
        )
        names = tuple(str(decode(item[ORDERS.hash_key])).removeprefix(order_key("")) for item in reply["Items"])
        first = str(decode(reply["Items"][0][index.range_key])) if reply["Items"] else None
        return Page(names=names, after=page_end(reply), first=first)


def _stock_mismatch(order: Order, reasons: Sequence[Reply]) -> StockMismatch:
    found: dict[str, StockItem | None] = {}
    for line, reason in zip(order.lines, reasons, strict=True):
        item = cast("Item | None", reason.get("Item"))
        if reason.get("Code") == FAILED:
            found[line.sku] = stock_item_from(item) if item else None
    return StockMismatch(found=found)


def _deleted_skus(restock: Mapping[str, int], reasons: Sequence[Reply]) -> list[str]:
    """Return the SKUs that were deleted: their units cannot be restocked, but the money must still settle."""
    return [sku for sku, reason in zip(restock, reasons, strict=False) if reason.get("Code") == FAILED]


def page_end(reply: Reply) -> str | None:
    """Return the position at which a query's next page begins, as an opaque string."""
    last = reply.get("LastEvaluatedKey")
    return base64.urlsafe_b64encode(json.dumps(last).encode()).decode() if last else None


def page_start(after: str | None) -> dict[str, Any]:
    """Return the parameters with which a query begins at a position."""
    return {"ExclusiveStartKey": json.loads(base64.urlsafe_b64decode(after))} if after else {}
