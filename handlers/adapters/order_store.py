"""Orders in DynamoDB: each change is one conditional write, and a refused one says why without another read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from botocore.exceptions import ClientError

from ..domain.errors import Unavailable
from ..domain.order import Order
from ..domain.patience import Patience
from ..domain.ports import Change, Listed, Overtaken, ShelvesDiffer, Written
from ..domain.stock import StockItem
from ..storage_schema import ATTENTION, BY_DAY, ORDERS, IndexSchema, order_key
from .attribute_values import Item, decoded, encoded
from .clients import DynamoDBClient, Reply, call, code_of
from .order_items import changed_day, order_from
from .order_writes import appending, creation, returning, taking
from .pages import page_end, page_start
from .shelves import stock_item_from

_CONFLICTS = ("TransactionConflict", "TransactionConflictException")
_FAILED = "ConditionalCheckFailed"
_EARLIEST = "0"  # before every written instant; a key may not be empty


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoDBOrderStore:
    """The `OrderStore` of production. A conflict with another transaction decides nothing, so it is tried again."""

    client: DynamoDBClient
    table: str
    patience: Patience

    def load(self, order_id: str) -> Order | None:
        """The order as last written: a consistent read."""
        key = {"pk": encoded(order_key(order_id))}
        item = call(self.client.get_item, TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return order_from(item) if item else None

    def create(self, order: Order) -> Written | Overtaken | ShelvesDiffer:
        """One transaction: the order, and every shelf. An existing order wins over every difference of the shelves."""
        writes = [{"Put": creation(self.table, order)}]
        writes += [{"Update": taking(self.table, line, order.currency)} for line in order.lines]
        for _ in self.patience.attempts("The stock"):
            reasons = self._transact(writes)
            if reasons is None:
                return Written()
            if existing := reasons[0].get("Item"):
                return Overtaken(current=order_from(existing))
            if not any(reason.get("Code") in _CONFLICTS for reason in reasons):
                return _differences(order, reasons[1:])
        raise AssertionError("attempts() ends by raising")

    def append(self, change: Change) -> Written | Overtaken:
        """One conditional update; where units go back on the shelf, one transaction with it."""
        restock = dict(change.restock)
        for _ in self.patience.attempts(change.after.order_id):
            reasons = self._restocking(change, restock) if restock else self._updated(change)
            if reasons is None:
                return Written()
            if existing := reasons[0].get("Item"):
                return Overtaken(current=order_from(existing))
            if reasons[0].get("Code") == _FAILED:
                raise Unavailable(f"{change.after.order_id} is gone.")
            _forget_lost_shelves(restock, reasons[1:])
        raise AssertionError("attempts() ends by raising")

    def waiting(self, shard: int, after: str | None, limit: int) -> Listed:
        """From the sparse index of orders with money in flight."""
        return self._listed(ATTENTION, str(shard), "", after, limit)

    def changed_on(self, day: str, shard: int, since: str, after: str | None, limit: int) -> Listed:
        """From the index of changes."""
        return self._listed(BY_DAY, changed_day(day, shard), since, after, limit)

    def _updated(self, change: Change) -> Sequence[Reply] | None:
        """None when written, else the reason in the form that a transaction gives it."""
        try:
            call(self.client.update_item, **appending(self.table, change))
        except ClientError as error:
            if code_of(error) == "ConditionalCheckFailedException":
                return [{"Code": _FAILED, "Item": error.response.get("Item")}]
            if code_of(error) in _CONFLICTS:
                return [{"Code": "TransactionConflict"}]
            raise
        return None

    def _restocking(self, change: Change, restock: Mapping[str, int]) -> Sequence[Reply] | None:
        shelves = [{"Update": returning(self.table, sku, units)} for sku, units in restock.items()]
        return self._transact([{"Update": appending(self.table, change)}, *shelves])

    def _transact(self, writes: Sequence[Mapping[str, Any]]) -> Sequence[Reply] | None:
        """None when written, else the reason per write."""
        try:
            call(self.client.transact_write_items, TransactItems=writes)
        except ClientError as error:
            if code_of(error) != "TransactionCanceledException":
                raise
            return _decisive(cast("Sequence[Reply]", error.response.get("CancellationReasons", ())), error)
        return None

    def _listed(self, index: IndexSchema, partition: str, since: str, after: str | None, limit: int) -> Listed:
        reply = call(
            self.client.query,
            TableName=self.table,
            IndexName=index.name,
            KeyConditionExpression="#partition = :partition AND #moment >= :since",
            ExpressionAttributeNames={"#partition": index.hash_key, "#moment": index.range_key},
            ExpressionAttributeValues={":partition": encoded(partition), ":since": encoded(since or _EARLIEST)},
            Limit=limit,
            **page_start(after),
        )
        names = tuple(str(decoded(item[ORDERS.hash_key])).removeprefix(order_key("")) for item in reply["Items"])
        return Listed(names=names, after=page_end(reply))


def _decisive(reasons: Sequence[Reply], error: ClientError) -> Sequence[Reply]:
    """The reasons, if they decide anything.

    Raises:
        Unavailable: a throttle among them.
        ClientError: a reason that is neither a condition nor a conflict: a bug.
    """
    codes = {str(reason.get("Code")) for reason in reasons}
    if codes & {"ThrottlingError", "ProvisionedThroughputExceeded", "InternalServerError"}:
        raise Unavailable(str(error)) from error
    if not codes or codes - {"None", _FAILED, *_CONFLICTS}:
        raise error
    return reasons


def _differences(order: Order, reasons: Sequence[Reply]) -> ShelvesDiffer:
    found: dict[str, StockItem | None] = {}
    for line, reason in zip(order.lines, reasons, strict=True):
        item = cast("Item | None", reason.get("Item"))
        if reason.get("Code") == _FAILED:
            found[line.sku] = stock_item_from(item) if item else None
    return ShelvesDiffer(found=found)


def _forget_lost_shelves(restock: dict[str, int], reasons: Sequence[Reply]) -> None:
    """An article that left the catalogue has no shelf to go back to; that must not keep the money from settling."""
    for sku, reason in zip(tuple(restock), reasons, strict=False):
        if reason.get("Code") == _FAILED:
            del restock[sku]
