"""`booking orders`: list orders from the table's indexes, as the console does."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import Console

from console.order_lists import MAX_SCANNED, PAGE, ListPosition, OrderLists, OrderPage
from handlers.domain.money import format_amount
from handlers.domain.order import Order
from handlers.domain.trail.verification import StoredOrder

from .booking_verbs import booking_target
from .command_errors import UsageError
from .output import JsonOption, show, table
from .request_input import parse_identifier, parse_timestamp
from .target import InstanceOption, StageOption

COLUMNS = (
    "order",
    "status",
    "customer",
    "ordered at",
    "open since",
    "cases",
    "disputes",
    "held",
    "captured",
    "refunded",
    "refundable",
)
AMOUNTS = ("held_minor", "captured_minor", "refunded_minor", "refundable_minor")


def add_commands(app: typer.Typer) -> None:
    """Register the verb."""
    app.command()(orders)


def orders(
    customer: Annotated[str | None, typer.Option(help="Orders of this customer, the latest purchase first.")] = None,
    since: Annotated[
        str | None, typer.Option(help="Orders that changed at this instant or later (2026-01-30T00:00:00Z).")
    ] = None,
    needs_attention: Annotated[
        bool,
        typer.Option(
            "--needs-attention",
            help="Orders with money in flight, an open case or an open dispute, the earliest due first.",
        ),
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=MAX_SCANNED, help="Maximum number of orders.")] = PAGE,
    as_json: JsonOption = False,
    stage: StageOption = None,
    instance: InstanceOption = "default",
) -> None:
    """List orders: of a customer, changed since an instant, needing attention, or (with neither) of the last days."""
    if sum((customer is not None, since is not None, needs_attention)) > 1:
        raise UsageError("Use one of --customer, --since and --needs-attention: each reads a different index.")
    lists = OrderLists.of(booking_target(stage, instance))
    page = lists.page(select_orders(lists, customer, since, needs_attention=needs_attention), size=limit)
    show(as_json, page_as_json(page), lambda console: draw_page(console, page))


def select_orders(
    lists: OrderLists, customer: str | None, since: str | None, *, needs_attention: bool
) -> Iterator[ListPosition]:
    """Return the list that the options ask for."""
    if customer is not None:
        return lists.of_customer(parse_identifier("--customer", customer))
    if since is not None:
        return lists.changed_since(parse_timestamp("--since", since))
    return lists.in_flight() if needs_attention else lists.list_changed()


def page_as_json(page: OrderPage) -> dict[str, Any]:
    """Return the orders for --json; `more` is true if --limit left some out."""
    return {"orders": [_order_as_json(stored) for stored in page.orders], "more": page.after is not None}


def draw_page(console: Console, page: OrderPage) -> None:
    """Print the orders as a table."""
    console.print(table("Orders", COLUMNS, [_row(stored) for stored in page.orders], right=COLUMNS[-len(AMOUNTS) :]))
    if page.after is not None:
        console.print(f"These are the first {len(page.orders)}. There are more: --limit shows up to {MAX_SCANNED}.")


def _row(stored: StoredOrder) -> tuple[str, ...]:
    fields, order = _order_as_json(stored), stored.order
    if order is None:
        return (stored.order_id, "unreadable: see `booking audit verify`", *[""] * (len(COLUMNS) - 2))
    amounts = (format_amount(fields[name], order.currency) for name in AMOUNTS)
    texts = (str(fields[name] or "") for name in _TEXTS)
    return (stored.order_id, *texts, *amounts)


def _order_as_json(stored: StoredOrder) -> dict[str, Any]:
    """Return an order's totals. If its ledger cannot be folded, every field but the id is null."""
    return {"order_id": stored.order_id, **(_totals(stored.order) if stored.order else dict.fromkeys(_FIELDS))}


def _totals(order: Order) -> dict[str, Any]:
    account = order.account
    return {
        "status": order.status.value,
        "customer_id": order.customer_id,
        "currency": order.currency,
        "ordered_at": order.ordered_at,
        "in_flight_since": order.in_flight_since(),
        "open_cases": len(account.open_cases),
        "open_disputes": len(account.open_disputes),
        "held_minor": account.held_minor,
        "captured_minor": account.captured_minor,
        "reserved_minor": account.reserved_minor,
        "refunded_minor": account.refunded_minor,
        "refundable_minor": account.refundable_minor,
    }


_TEXTS = ("status", "customer_id", "ordered_at", "in_flight_since", "open_cases", "open_disputes")
_FIELDS = (
    *_TEXTS, "currency", "reserved_minor", *AMOUNTS
)  # fmt: skip
