"""The verbs that book: `purchase`, `refund`, `run`, `show`, `reconcile`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from handlers.domain.money import format_amount

from . import orders, stock
from .events import amount, fresh_request_id, identifier, line_of, read_event
from .executions import Finished, book
from .failures import EXIT_CODES, UsageRefused
from .options import Instance, Json, Stage
from .reconciling import LISTS
from .reconciling import reconcile as run_reconcile
from .screen import show, status_text, table
from .target import Target, resolve

RequestId = Annotated[
    str | None, typer.Option("--request-id", help="Repeat it to repeat the request safely; without it a fresh one.")
]


def add_to(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (purchase, refund, run, show_order, reconcile):
        app.command("show" if verb is show_order else verb.__name__)(verb)


def purchase(
    lines: Annotated[list[str], typer.Argument(help="SKU=QUANTITY@PRICE; price: today's, quantity: 1 if left out.")],
    customer: Annotated[str, typer.Option(help="The customer's id.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "EUR",
    payment: Annotated[str, typer.Option(help="Payment method: a test token of the sandbox gateway.")] = "pm_ok",
    request_id: RequestId = None,
    as_json: Json = False,
    stage: Stage = None,
    instance: Instance = "default",
) -> int:
    """Buy something."""
    target = resolve(stage, instance)
    event = {
        "action": "purchase",
        "request_id": identifier("--request-id", request_id or fresh_request_id()),
        "customer_id": identifier("--customer", customer),
        "currency": currency,
        "lines": [_bought(target, text, currency) for text in lines],
        "payment_method": payment,
    }
    return ended(book(target, event), as_json)


def refund(
    order: Annotated[str, typer.Argument(help="The order's id, as `booking purchase` printed it.")],
    reason: Annotated[str, typer.Option(help="Why, in the customer's or the agent's words.")],
    by: Annotated[str, typer.Option(help="Who asks for it: an opaque id.")],
    amount_text: Annotated[str | None, typer.Option("--amount", help="How much, as people write it: 12.34")] = None,
    lines: Annotated[list[str] | None, typer.Option("--line", help="SKU=QUANTITY that comes back; repeatable.")] = None,
    request_id: RequestId = None,
    as_json: Json = False,
    stage: Stage = None,
    instance: Instance = "default",
) -> int:
    """Give money back: an amount, or lines, or (with neither) all that is still refundable."""
    if amount_text is not None and lines:
        raise UsageRefused("Give --amount or --line, not both: a refund by lines computes its amount.")
    target = resolve(stage, instance)
    event: dict[str, Any] = {
        "action": "refund",
        "request_id": identifier("--request-id", request_id or fresh_request_id()),
        "order_id": identifier("ORDER", order),
        "requested_by": identifier("--by", by),
        "reason": reason,
    }
    if amount_text is not None:
        event["amount_minor"] = amount("--amount", amount_text, orders.load(target, order).currency)
    if lines:
        event["lines"] = [_returned(text) for text in lines]
    return ended(book(target, event), as_json)


def run(
    event: Annotated[
        str, typer.Argument(metavar="EVENT.json", help="A file with any JSON value; - is standard input.")
    ],
    as_json: Json = False,
    stage: Stage = None,
    instance: Instance = "default",
) -> int:
    """Start an execution with the file's JSON, wait, and print the BookingResult."""
    value = read_event(event)
    return ended(book(resolve(stage, instance), value), as_json)


def show_order(
    order: Annotated[str, typer.Argument(help="The order's id.")],
    as_json: Json = False,
    stage: Stage = None,
    instance: Instance = "default",
) -> None:
    """Show an order, its ledger and its audit objects."""
    target = resolve(stage, instance)
    found = orders.load(target, order)
    objects = orders.audit_objects(target, found)
    show(as_json, orders.as_document(found, objects), lambda console: orders.draw(console, found, objects))


def reconcile(
    fence_after_seconds: Annotated[
        int | None, typer.Option(min=0, help="Give up payments that the gateway has not heard of for so long.")
    ] = None,
    as_json: Json = False,
    stage: Stage = None,
    instance: Instance = "default",
) -> None:
    """Settle unknown outcomes by asking the gateway, write missing audit objects, report drift."""
    wanted = {} if fence_after_seconds is None else {"fence_after_seconds": fence_after_seconds}
    report = run_reconcile(resolve(stage, instance), **wanted)
    show(as_json, report, lambda console: _draw_report(console, report))


def ended(finished: Finished, as_json: bool) -> int:
    """Print the BookingResult; gives the exit code that belongs to it."""
    show(as_json, finished.as_json(), lambda console: draw_result(console, finished))
    return EXIT_CODES.get(str(finished.result["status"]), 1)


def draw_result(console: Console, finished: Finished) -> None:
    """The result as a table of what it says; fields that it does not know are left out."""
    result = finished.result
    rows: list[Sequence[Any]] = [("status", status_text(str(result["status"])))]
    rows += [(name, str(result[name])) for name in ("code", "message", "order_id", "refund_id") if result.get(name)]
    if result.get("amount_minor") is not None and result.get("currency"):
        rows.append(("amount", format_amount(result["amount_minor"], result["currency"])))
    if result.get("refundable_minor") is not None and result.get("currency"):
        rows.append(("refundable", format_amount(result["refundable_minor"], result["currency"])))
    rows += [("order status", str(result["order_status"]))] if result.get("order_status") else []
    rows += [("replayed", "yes")] if result.get("replayed") else []
    rows += [("path", " → ".join(finished.path))] if finished.path else []
    console.print(table(str(result.get("action") or "booking"), ("", ""), rows))


def _draw_report(console: Console, report: dict[str, Any]) -> None:
    rows = [(name.replace("_", " "), str(len(report[name])), ", ".join(map(str, report[name]))) for name in LISTS]
    rows += [(f"drift: {name}", str(number), "") for name, number in sorted(report["drift"].items())]
    console.print(table("Reconciled", ("", "number", "which"), rows, right=("number",)))


def _bought(target: Target, text: str, currency: str) -> dict[str, Any]:
    sku, quantity, price = line_of(text)
    unit = stock.one(target, sku).price_minor if price is None else amount(sku, price, currency)
    return {"sku": sku, "quantity": quantity, "unit_price_minor": unit}


def _returned(text: str) -> dict[str, Any]:
    sku, quantity, price = line_of(text)
    if price is not None:
        raise UsageRefused(f"--line {text}: a refund by lines has no price, it gives back what was paid.")
    return {"sku": sku, "quantity": quantity}
