"""Stock and prices in DynamoDB."""

from dataclasses import dataclass

from ...contracts.storage import ITEM_SCHEMA, sku_key
from ...domain.canonical import Json
from ...domain.stock import StockItem
from ..clients import DynamoDBClient, call
from .attribute_values import Item, decode_item, encode, encode_item


@dataclass(frozen=True, slots=True, kw_only=True)
class DynamoDBInventory:
    """The `Shelves` of production."""

    client: DynamoDBClient
    table: str

    def put(self, item: StockItem) -> None:
        """Set an article's price and stock, whatever they were."""
        stored: dict[str, Json] = {
            "pk": sku_key(item.sku),
            "schema": ITEM_SCHEMA,
            "sku": item.sku,
            "price_minor": item.price_minor,
            "currency": item.currency,
            "available": item.available,
        }
        call(self.client.put_item, TableName=self.table, Item=encode_item(stored))

    def show(self, sku: str) -> StockItem | None:
        """An article as last written: a consistent read."""
        key = {"pk": encode(sku_key(sku))}
        item = call(self.client.get_item, TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return stock_item_from(item) if item else None


def stock_item_from(item: Item) -> StockItem:
    """The article that an item holds."""
    stored = decode_item(item)
    return StockItem(
        sku=str(stored["sku"]),
        price_minor=int(str(stored["price_minor"])),
        currency=str(stored["currency"]),
        available=int(str(stored["available"])),
    )
