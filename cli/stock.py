"""`booking stock set|show`: what is for sale."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from handlers.adapters.shelves import DynamoDBInventory, stock_item_from
from handlers.domain.money import format_amount, format_number
from handlers.domain.stock import StockItem

from .events import parse_identifier, parse_money
from .failures import UsageError
from .options import InstanceOption, JsonOption, StageOption
from .screen import show, table
from .target import Target, resolve_target

app = typer.Typer(help="Set and show what is for sale.", no_args_is_help=True)


@app.command("set")
def set_stock(
    sku: Annotated[str, typer.Argument(help="The article's name: 1 to 64 of A-Za-z0-9_.:-")],
    price: Annotated[str, typer.Option(help="Price of one, as people write it: 12.34")],
    available: Annotated[int, typer.Option(min=0, help="How many there are.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "EUR",
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Set an article's price and stock, whatever they were."""
    item = StockItem(
        sku=parse_identifier("SKU", sku),
        price_minor=parse_money("--price", price, currency),
        currency=currency,
        available=available,
    )
    inventory(resolve_target(stage, instance)).put(item)
    show(as_json, item_as_json(item), lambda console: _draw(console, [item]))


@app.command("show")
def show_stock(
    sku: Annotated[str | None, typer.Argument(help="One article; without it, all.")] = None,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Show what is for sale."""
    target = resolve_target(stage, instance)
    items = list_items(target) if sku is None else [load_item(target, parse_identifier("SKU", sku))]
    show(as_json, [item_as_json(item) for item in items], lambda console: _draw(console, items))


def inventory(target: Target) -> DynamoDBInventory:
    """The stack's shelves."""
    return DynamoDBInventory(client=target.client("dynamodb"), table=target.outputs["ordersTable"])


def load_item(target: Target, sku: str) -> StockItem:
    """An article that must be for sale."""
    item = inventory(target).show(sku)
    if item is None:
        raise UsageError(f"No article is called {sku}: `booking stock show` lists those that are.")
    return item


def list_items(target: Target) -> list[StockItem]:
    """All articles, by name. Reads the whole table: for a person's eyes, not for a program's loop."""
    pages = target.client("dynamodb").get_paginator("scan")
    found = pages.paginate(
        TableName=target.outputs["ordersTable"],
        FilterExpression="begins_with(pk, :sku)",
        ExpressionAttributeValues={":sku": {"S": "SKU#"}},
    )
    items = [stock_item_from(item) for page in found for item in page["Items"]]
    return sorted(items, key=lambda item: item.sku)


def item_as_json(item: StockItem) -> dict[str, Any]:
    """The article for --json, its price also as people write it."""
    return {**asdict(item), "price": format_number(item.price_minor, item.currency)}


def _draw(console: Console, items: list[StockItem]) -> None:
    rows = [(item.sku, format_amount(item.price_minor, item.currency), str(item.available)) for item in items]
    console.print(table("Stock", ("sku", "price", "available"), rows, right=("price", "available")))
