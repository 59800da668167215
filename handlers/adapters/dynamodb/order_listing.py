"""Lists of orders from the table's indexes, page by page and eventually consistent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...contracts.storage import ORDERS, IndexSchema, order_key
from ..clients import DynamoDBClient, call
from .attribute_values import decode, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A position in an index partition: the sort key and the order. Holding one permits nothing."""

    sort: str
    order_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderIdPage:
    """A page of order ids, in order, and the position after which the next page begins (None: it was the last)."""

    order_ids: tuple[str, ...]
    after: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoDBOrderListing:
    """The indexes of the orders table."""

    client: DynamoDBClient
    table: str

    def page(self, index: IndexSchema, partition: str, condition: str, bound: str, start: "PageStart") -> OrderIdPage:
        """Query one partition whose sort keys satisfy `condition` (">=" or "<=") with `bound`."""
        reply = call(
            self.client.query,
            TableName=self.table,
            IndexName=index.name,
            KeyConditionExpression=f"#partition = :partition AND #sort {condition} :bound",
            ExpressionAttributeNames={"#partition": index.hash_key, "#sort": index.range_key},
            ExpressionAttributeValues={":partition": encode(partition), ":bound": encode(bound)},
            Limit=start.limit,
            **start.parameters(index, partition),
        )
        ids = tuple(_order_id(item) for item in reply["Items"])
        last = reply.get("LastEvaluatedKey")
        after = Position(sort=str(decode(last[index.range_key])), order_id=_order_id(last)) if last else None
        return OrderIdPage(order_ids=ids, after=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageStart:
    """The position at which a page begins, and its maximum size."""

    limit: int
    position: Position | None = None

    def parameters(self, index: IndexSchema, partition: str) -> dict[str, Any]:
        """Return the parameters of the query. The partition is always the given one, never one from the position."""
        if self.position is None:
            return {}
        key = {
            ORDERS.hash_key: order_key(self.position.order_id),
            index.hash_key: partition,
            index.range_key: self.position.sort,
        }
        return {"ExclusiveStartKey": {name: encode(value) for name, value in key.items()}}


def _order_id(item: Mapping[str, Any]) -> str:
    return str(decode(item[ORDERS.hash_key])).removeprefix(order_key(""))
