"""`booking stock set|receive|remove|price|count|show`: maintain and show the catalogue.

Only `set` takes absolute figures, and only for a new SKU. The other verbs are relative or conditional, so none of them
can undo a concurrent sale (law 32).
"""

import random
import time
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from handlers.adapters.dynamodb.stock_items import DynamoDBInventory, stock_item_from
from handlers.domain.money import format_amount, format_number
from handlers.domain.ports import RetryPolicy
from handlers.domain.stock import (
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

from .command_errors import CommandFailed, UsageError
from .output import DryRunOption, JsonOption, show, table
from .request_input import new_request_id, parse_identifier, parse_money
from .target import DeploymentTarget, InstanceOption, StageOption, resolve_target

RETRY: Final = RetryPolicy(sleep=lambda delay: time.sleep(delay.total_seconds()), rng=random.random)

app = typer.Typer(help="Maintain and show prices and stock.", no_args_is_help=True)

SkuArgument = Annotated[str, typer.Argument(help="The SKU: 1 to 64 of the characters A-Za-z0-9_.:-")]
UnitsArgument = Annotated[int, typer.Argument(min=1, max=MAX_UNITS, help="Number of units.")]
PriceText = "Price per unit, such as 12.34."
CurrencyOption = Annotated[str, typer.Option(help="ISO 4217 code.")]
RequestIdOption = Annotated[
    str | None, typer.Option(help="Id under which the command can be repeated safely; a random one if left out.")
]


def add_commands(parent: typer.Typer) -> None:
    """Register the group."""
    parent.add_typer(app, name="stock")


@app.command("set")
def set_stock(
    sku: SkuArgument,
    price: Annotated[str, typer.Option(help=PriceText)],
    available: Annotated[int, typer.Option(min=0, max=MAX_UNITS, help="Units in stock.")],
    currency: CurrencyOption = "EUR",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Add a new SKU with its price and stock. An existing SKU is rejected."""
    item = StockItem(
        sku=parse_identifier("SKU", sku),
        price_minor=parse_money("--price", price, currency),
        currency=currency,
        available=available,
    )
    _execute(AddItem(item=item), resolve_target(stage, instance), as_json=as_json, dry_run=dry_run)


@app.command("receive")
def receive_stock(
    sku: SkuArgument,
    units: UnitsArgument,
    request_id: RequestIdOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Add units to a SKU's stock, for example after a delivery."""
    command = _movement(sku, units, request_id)
    _execute(command, resolve_target(stage, instance), as_json=as_json, dry_run=dry_run)


@app.command("remove")
def remove_stock(
    sku: SkuArgument,
    units: UnitsArgument,
    request_id: RequestIdOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Remove units from a SKU's stock, for example because they broke; at most those available."""
    command = _movement(sku, -units, request_id)
    _execute(command, resolve_target(stage, instance), as_json=as_json, dry_run=dry_run)


@app.command("price")
def set_price(
    sku: SkuArgument,
    price: Annotated[str, typer.Argument(help=PriceText)],
    currency: CurrencyOption = "EUR",
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Change a SKU's price. Purchases that quote the old one are rejected from then on."""
    command = SetPrice(
        sku=parse_identifier("SKU", sku), price_minor=parse_money("PRICE", price, currency), currency=currency
    )
    _execute(command, resolve_target(stage, instance), as_json=as_json, dry_run=dry_run)


@app.command("count")
def count_stock(
    sku: SkuArgument,
    seen: Annotated[int, typer.Option(min=0, max=MAX_UNITS, help="Units that `stock show` listed at the count.")],
    counted: Annotated[int, typer.Option("--is", min=0, max=MAX_UNITS, help="Units that were counted.")],
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Correct a SKU's stock after a physical count. Rejected if it has changed since `stock show` listed it."""
    command = CountStock(sku=parse_identifier("SKU", sku), seen=seen, counted=counted)
    _execute(command, resolve_target(stage, instance), as_json=as_json, dry_run=dry_run)


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
    return DynamoDBInventory(client=target.client("dynamodb"), table=target.output("ordersTable"), retry=RETRY)


def load_item(target: DeploymentTarget, sku: str) -> StockItem:
    """Load a catalogue item, which must exist."""
    item = inventory(target).load(sku)
    if item is None:
        raise UsageError(f"There is no SKU {sku}. `booking stock show` lists all.")
    return item


def list_items(target: DeploymentTarget) -> list[StockItem]:
    """Return all catalogue items by SKU. This reads the whole table, so do not call it in a loop."""
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


def _movement(sku: str, units: int, request_id: str | None) -> MoveUnits:
    checked_id = parse_identifier("--request-id", request_id) if request_id else new_request_id()
    return MoveUnits(sku=parse_identifier("SKU", sku), units=units, request_id=checked_id)


def _execute(command: StockCommand, target: DeploymentTarget, *, as_json: bool, dry_run: bool) -> None:
    """Run a command, or only show its effect, and print the item.

    Raises:
        CommandFailed: the command was refused and nothing changed.
    """
    stock = inventory(target)
    outcome = _preview(command, stock) if dry_run else stock.execute(command)
    if isinstance(outcome, StockRefused):
        raise CommandFailed(outcome.message)
    request_id = {"request_id": command.request_id} if isinstance(command, MoveUnits) else {}
    document = {**item_as_json(outcome.item), "dry_run": dry_run, "replayed": outcome.replayed, **request_id}
    show(as_json, document, lambda console: _draw_change(console, outcome, dry_run=dry_run))


def _preview(command: StockCommand, stock: DynamoDBInventory) -> StockChanged | StockRefused:
    outcome = command.apply(stock.load(command.sku))
    return outcome if isinstance(outcome, StockRefused) else StockChanged(item=outcome)


def _draw_change(console: Console, outcome: StockChanged, *, dry_run: bool) -> None:
    if dry_run:
        console.print("Dry run: nothing was changed. The stock would be:")
    if outcome.replayed:
        console.print("This request id was used before, so nothing was moved again. The stock is:")
    _draw(console, [outcome.item])


def _draw(console: Console, items: list[StockItem]) -> None:
    rows = [(item.sku, format_amount(item.price_minor, item.currency), str(item.available)) for item in items]
    console.print(table("Stock", ("sku", "price", "available"), rows, right=("price", "available")))
