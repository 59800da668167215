"""The verbs that book: `purchase`, `refund`, `run`, `show`, `reconcile`."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from handlers.domain.money import format_amount

from . import orders, stock
from .events import new_request_id, parse_identifier, parse_line, parse_money, read_event
from .executions import ClosedExecution, execute
from .failures import EXIT_CODES, UsageError
from .options import InstanceOption, JsonOption, StageOption
from .reconciling import REPORT_LISTS, run_reconcile
from .screen import show, status_text, table
from .target import Target, resolve_target

RequestIdOption = Annotated[
    str | None, typer.Option("--request-id", help="Repeat it to repeat the request safely; without it a fresh one.")
]


def add_commands(app: typer.Typer) -> None:
    """Register the verbs."""
    for verb in (purchase, refund, run, show_order, reconcile):
        app.command("show" if verb is show_order else verb.__name__)(verb)


def purchase(
    lines: Annotated[list[str], typer.Argument(help="SKU=QUANTITY@PRICE; price: today's, quantity: 1 if left out.")],
    customer: Annotated[str, typer.Option(help="The customer's id.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "EUR",
    payment: Annotated[str, typer.Option(help="Payment method: a test token of the sandbox gateway.")] = "pm_ok",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Buy something."""
    target = resolve_target(stage, instance)
    event = {
        "action": "purchase",
        "request_id": parse_identifier("--request-id", request_id or new_request_id()),
        "customer_id": parse_identifier("--customer", customer),
        "currency": currency,
        "lines": [_purchase_line(target, text, currency) for text in lines],
        "payment_method": payment,
    }
    return print_outcome(execute(target, event), as_json)


def refund(
    order: Annotated[str, typer.Argument(help="The order's id, as `booking purchase` printed it.")],
    reason: Annotated[str, typer.Option(help="Why, in the customer's or the agent's words.")],
    by: Annotated[str, typer.Option(help="Who asks for it: an opaque id.")],
    amount_text: Annotated[str | None, typer.Option("--amount", help="How much, as people write it: 12.34")] = None,
    lines: Annotated[list[str] | None, typer.Option("--line", help="SKU=QUANTITY that comes back; repeatable.")] = None,
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Give money back: an amount, or lines, or (with neither) all that is still refundable."""
    if amount_text is not None and lines:
        raise UsageError("Give --amount or --line, not both: a refund by lines computes its amount.")
    target = resolve_target(stage, instance)
    event: dict[str, Any] = {
        "action": "refund",
        "request_id": parse_identifier("--request-id", request_id or new_request_id()),
        "order_id": parse_identifier("ORDER", order),
        "requested_by": parse_identifier("--by", by),
        "reason": reason,
    }
    if amount_text is not None:
        event["amount_minor"] = parse_money("--amount", amount_text, orders.load_order(target, order).currency)
    if lines:
        event["lines"] = [_refund_line(text) for text in lines]
    return print_outcome(execute(target, event), as_json)


def run(
    event: Annotated[
        str, typer.Argument(metavar="EVENT.json", help="A file with any JSON value; - is standard input.")
    ],
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> int:
    """Start an execution with the file's JSON, wait, and print the BookingResult."""
    value = read_event(event)
    return print_outcome(execute(resolve_target(stage, instance), value), as_json)


def show_order(
    order: Annotated[str, typer.Argument(help="The order's id.")],
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Show an order, its ledger and its audit objects."""
    target = resolve_target(stage, instance)
    found = orders.load_order(target, order)
    objects = orders.audit_keys(target, found)
    show(as_json, orders.order_as_json(found, objects), lambda console: orders.draw_order(console, found, objects))


def reconcile(
    fence_after_seconds: Annotated[
        int | None, typer.Option(min=0, help="Give up payments that the gateway has not heard of for so long.")
    ] = None,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """Settle unknown outcomes by asking the gateway, write missing audit objects, report drift."""
    wanted = {} if fence_after_seconds is None else {"fence_after_seconds": fence_after_seconds}
    report = run_reconcile(resolve_target(stage, instance), **wanted)
    show(as_json, report, lambda console: _draw_report(console, report))


def print_outcome(execution: ClosedExecution, as_json: bool) -> int:
    """Print the BookingResult; gives the exit code that belongs to it."""
    show(as_json, execution.as_json(), lambda console: draw_result(console, execution))
    return EXIT_CODES.get(str(execution.result["status"]), 1)


def draw_result(console: Console, execution: ClosedExecution) -> None:
    """The result as a table of what it says; fields that it does not know are left out."""
    result = execution.result
    rows: list[Sequence[Any]] = [("status", status_text(str(result["status"])))]
    rows += [(name, str(result[name])) for name in ("code", "message", "order_id", "refund_id") if result.get(name)]
    if result.get("amount_minor") is not None and result.get("currency"):
        rows.append(("amount", format_amount(result["amount_minor"], result["currency"])))
    if result.get("refundable_minor") is not None and result.get("currency"):
        rows.append(("refundable", format_amount(result["refundable_minor"], result["currency"])))
    rows += [("order status", str(result["order_status"]))] if result.get("order_status") else []
    rows += [("replayed", "yes")] if result.get("replayed") else []
    rows += [("path", " → ".join(execution.path))] if execution.path else []
    console.print(table(str(result.get("action") or "booking"), ("", ""), rows))


def _draw_report(console: Console, report: dict[str, Any]) -> None:
    rows = [
        (name.replace("_", " "), str(len(report[name])), ", ".join(map(str, report[name]))) for name in REPORT_LISTS
    ]
    rows += [(f"drift: {name}", str(number), "") for name, number in sorted(report["drift"].items())]
    console.print(table("Reconciled", ("", "number", "which"), rows, right=("number",)))


def _purchase_line(target: Target, text: str, currency: str) -> dict[str, Any]:
    sku, quantity, price = parse_line(text)
    unit = stock.load_item(target, sku).price_minor if price is None else parse_money(sku, price, currency)
    return {"sku": sku, "quantity": quantity, "unit_price_minor": unit}


def _refund_line(text: str) -> dict[str, Any]:
    sku, quantity, price = parse_line(text)
    if price is not None:
        raise UsageError(f"--line {text}: a refund by lines has no price, it gives back what was paid.")
    return {"sku": sku, "quantity": quantity}
