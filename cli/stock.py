"""`booking stock set|show`: what is for sale."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from handlers.adapters.shelves import DynamoDBInventory, stock_item_from
from handlers.domain.money import format_amount, format_number
from handlers.domain.stock import StockItem

from .events import amount, identifier
from .failures import UsageRefused
from .options import Instance, Json, Stage
from .screen import show, table
from .target import Target, resolve

app = typer.Typer(help="Set and show what is for sale.", no_args_is_help=True)


@app.command("set")
def set_stock(
    sku: Annotated[str, typer.Argument(help="The article's name: 1 to 64 of A-Za-z0-9_.:-")],
    price: Annotated[str, typer.Option(help="Price of one, as people write it: 12.34")],
    available: Annotated[int, typer.Option(min=0, help="How many there are.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "EUR",
    as_json: Json = False,
    stage: Stage = None,
    instance: Instance = "default",
) -> None:
    """Set an article's price and stock, whatever they were."""
    item = StockItem(
        sku=identifier("SKU", sku),
        price_minor=amount("--price", price, currency),
        currency=currency,
        available=available,
    )
    shelves(resolve(stage, instance)).put(item)
    show(as_json, as_document(item), lambda console: _draw(console, [item]))


@app.command("show")
def show_stock(
    sku: Annotated[str | None, typer.Argument(help="One article; without it, all.")] = None,
    as_json: Json = False,
    stage: Stage = None,
    instance: Instance = "default",
) -> None:
    """Show what is for sale."""
    target = resolve(stage, instance)
    items = everything(target) if sku is None else [one(target, identifier("SKU", sku))]
    show(as_json, [as_document(item) for item in items], lambda console: _draw(console, items))


def shelves(target: Target) -> DynamoDBInventory:
    """The stack's shelves."""
    return DynamoDBInventory(client=target.client("dynamodb"), table=target.outputs["ordersTable"])


def one(target: Target, sku: str) -> StockItem:
    """An article that must be for sale."""
    item = shelves(target).show(sku)
    if item is None:
        raise UsageRefused(f"No article is called {sku}: `booking stock show` lists those that are.")
    return item


def everything(target: Target) -> list[StockItem]:
    """All articles, by name. Reads the whole table: for a person's eyes, not for a program's loop."""
    pages = target.client("dynamodb").get_paginator("scan")
    found = pages.paginate(
        TableName=target.outputs["ordersTable"],
        FilterExpression="begins_with(pk, :sku)",
        ExpressionAttributeValues={":sku": {"S": "SKU#"}},
    )
    items = [stock_item_from(item) for page in found for item in page["Items"]]
    return sorted(items, key=lambda item: item.sku)


def as_document(item: StockItem) -> dict[str, Any]:
    """The article for --json, its price also as people write it."""
    return {**asdict(item), "price": format_number(item.price_minor, item.currency)}


def _draw(console: Console, items: list[StockItem]) -> None:
    rows = [(item.sku, format_amount(item.price_minor, item.currency), str(item.available)) for item in items]
    console.print(table("Stock", ("sku", "price", "available"), rows, right=("price", "available")))
