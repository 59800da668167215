"""Stock and prices in DynamoDB: each command is one conditional write."""

from dataclasses import dataclass
from typing import Any, cast

from botocore.exceptions import ClientError

from ...contracts.storage import ITEM_SCHEMA, sku_key, stock_request_key
from ...domain.canonical import Json
from ...domain.ports import RetryPolicy
from ...domain.stock import (
    MAX_UNITS,
    AddItem,
    CountStock,
    MoveUnits,
    SetPrice,
    StockChanged,
    StockCommand,
    StockItem,
    StockRefused,
)
from ..clients import DynamoDBClient, call, code_of
from .attribute_values import Item, decode_item, encode, encode_item
from .transactions import CONFLICTS, FAILED, transact
from .update_expression import Update


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoDBInventory:
    """The `Inventory` of production."""

    client: DynamoDBClient
    table: str
    retry: RetryPolicy

    def execute(self, command: StockCommand) -> StockChanged | StockRefused:
        """Apply a command; the condition of its write is the rule in `command.apply`.

        Raises:
            Unavailable: DynamoDB throttled or failed, or concurrent sales won every attempt.
        """
        for _ in self.retry.attempts(f"The stock of {command.sku}"):
            outcome = self._move(command) if isinstance(command, MoveUnits) else self._write(command)
            if outcome is not None:
                return outcome
        raise AssertionError("attempts() ends by raising")

    def load(self, sku: str) -> StockItem | None:
        """Return an article as last written: a consistent read."""
        key = {"pk": encode(sku_key(sku))}
        item = call(self.client.get_item, TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return stock_item_from(item) if item else None

    def _write(self, command: StockCommand) -> StockChanged | StockRefused | None:
        """Write one item; None if the condition failed but would now hold, or if a transaction was running."""
        try:
            if isinstance(command, AddItem):
                call(self.client.put_item, **_put_item(self.table, command.item))
            else:
                call(self.client.update_item, **_update_item(self.table, command))
        except ClientError as error:
            if code_of(error) in CONFLICTS:
                return None
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            return _refusal(command, cast("Item | None", error.response.get("Item")))
        return StockChanged(item=self._load_existing(command.sku))

    def _move(self, command: MoveUnits) -> StockChanged | StockRefused | None:
        """Write the movement and the item in one transaction; None as in `_write`."""
        writes = [{"Put": _put_receipt(self.table, command)}, {"Update": _update_item(self.table, command)}]
        reasons = transact(self.client, writes)
        if reasons is None:
            return StockChanged(item=self._load_existing(command.sku))
        if earlier := reasons[0].get("Item"):
            return self._replay(command, decode_item(earlier))
        return (
            _refusal(command, cast("Item | None", reasons[1].get("Item"))) if reasons[1].get("Code") == FAILED else None
        )

    def _replay(self, command: MoveUnits, earlier: dict[str, Json]) -> StockChanged | StockRefused:
        if int(str(earlier["units"])) == command.units:
            return StockChanged(item=self._load_existing(command.sku), replayed=True)
        return StockRefused(
            message=f"request id {command.request_id} was used to move {earlier['units']} units of {command.sku}. "
            "Repeat that command unchanged, or use a new request id."
        )

    def _load_existing(self, sku: str) -> StockItem:
        return cast("StockItem", self.load(sku))  # no command removes an item


def stock_item_from(item: Item) -> StockItem:
    """Decode a stored article."""
    stored = decode_item(item)
    return StockItem(
        sku=str(stored["sku"]),
        price_minor=int(str(stored["price_minor"])),
        currency=str(stored["currency"]),
        available=int(str(stored["available"])),
    )


def _refusal(command: StockCommand, item: Item | None) -> StockRefused | None:
    """Explain a failed condition by the item that it failed on; None if that item would allow the command."""
    outcome = command.apply(stock_item_from(item) if item else None)
    return outcome if isinstance(outcome, StockRefused) else None


def _put_item(table: str, item: StockItem) -> dict[str, Any]:
    stored: dict[str, Json] = {
        "pk": sku_key(item.sku),
        "schema": ITEM_SCHEMA,
        "sku": item.sku,
        "price_minor": item.price_minor,
        "currency": item.currency,
        "available": item.available,
    }
    return {**_put(table, stored), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _put_receipt(table: str, command: MoveUnits) -> dict[str, Any]:
    """Return the write that stores a movement under its request id for ever, so that a repetition moves nothing."""
    stored: dict[str, Json] = {
        "pk": stock_request_key(command.sku, command.request_id),
        "schema": ITEM_SCHEMA,
        "sku": command.sku,
        "units": command.units,
    }
    return {**_put(table, stored), "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}


def _put(table: str, stored: dict[str, Json]) -> dict[str, Any]:
    return {"TableName": table, "Item": encode_item(stored), "ConditionExpression": "attribute_not_exists(pk)"}


def _update_item(table: str, command: MoveUnits | SetPrice | CountStock) -> dict[str, Any]:
    update = Update()
    if isinstance(command, MoveUnits):
        available = update.name("available")
        bounds = (update.value(max(0, -command.units)), update.value(MAX_UNITS - max(0, command.units)))
        update.condition = f"{available} BETWEEN {bounds[0]} AND {bounds[1]}"
        update.increase("available", command.units)
    elif isinstance(command, SetPrice):
        update.condition = f"{update.name('currency')} = {update.value(command.currency)}"
        update.set({"price_minor": command.price_minor})
    else:
        update.condition = f"{update.name('available')} = {update.value(command.seen)}"
        update.set({"available": command.counted})
    return {"TableName": table, "Key": {"pk": encode(sku_key(command.sku))}, **update.request()}
