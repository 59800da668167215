"""`booking stock set|show`: set and show the catalogue."""

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from handlers.adapters.dynamodb.stock_items import DynamoDBInventory, stock_item_from
from handlers.domain.money import format_amount, format_number
from handlers.domain.stock import StockItem

from .command_errors import UsageError
from .output import JsonOption, show, table
from .request_input import parse_identifier, parse_money
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target

app = typer.Typer(help="Set and show prices and stock.", no_args_is_help=True)


def add_commands(parent: typer.Typer) -> None:
    """Register the group."""
    parent.add_typer(app, name="stock")


@app.command("set")
def set_stock(
    sku: Annotated[str, typer.Argument(help="The SKU: 1 to 64 of the characters A-Za-z0-9_.:-")],
    price: Annotated[str, typer.Option(help="Price per unit, such as 12.34.")],
    available: Annotated[int, typer.Option(min=0, help="Units in stock.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "EUR",
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Set the price and the stock of a SKU, whatever they were before."""
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
    sku: Annotated[str | None, typer.Argument(help="A SKU; all of them if left out.")] = None,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Show prices and stock."""
    target = resolve_target(stage, instance)
    items = list_items(target) if sku is None else [load_item(target, parse_identifier("SKU", sku))]
    show(as_json, [item_as_json(item) for item in items], lambda console: _draw(console, items))


def inventory(target: DeploymentTarget) -> DynamoDBInventory:
    """Return the target's catalogue."""
    return DynamoDBInventory(client=target.client("dynamodb"), table=target.output("ordersTable"))


def load_item(target: DeploymentTarget, sku: str) -> StockItem:
    """Load a catalogue item, which must exist."""
    item = inventory(target).show(sku)
    if item is None:
        raise UsageError(f"There is no SKU {sku}. `booking stock show` lists all.")
    return item


def list_items(target: DeploymentTarget) -> list[StockItem]:
    """Return all catalogue items by SKU. Reads the whole table, so do not call it from a program's loop."""
    pages = target.client("dynamodb").get_paginator("scan")
    found = pages.paginate(
        TableName=target.output("ordersTable"),
        FilterExpression="begins_with(pk, :sku)",
        ExpressionAttributeValues={":sku": {"S": "SKU#"}},
    )
    items = [stock_item_from(item) for page in found for item in page["Items"]]
    return sorted(items, key=lambda item: item.sku)


def item_as_json(item: StockItem) -> dict[str, Any]:
    """Return a catalogue item for --json, with its price also in major units."""
    return {**asdict(item), "price": format_number(item.price_minor, item.currency)}


def _draw(console: Console, items: list[StockItem]) -> None:
    rows = [(item.sku, format_amount(item.price_minor, item.currency), str(item.available)) for item in items]
    console.print(table("Stock", ("sku", "price", "available"), rows, right=("price", "available")))
