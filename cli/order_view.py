"""Load an order and show it: lines, totals, ledger and audit objects."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError
from rich.console import Console

from handlers.adapters.dynamodb.order_repository import DynamoDBOrderRepository
from handlers.domain.canonical import day_of
from handlers.domain.ledger import key_of
from handlers.domain.lifecycles import Case, Dispute
from handlers.domain.money import format_amount
from handlers.domain.order import NewerRelease, Order, ReadOnlyOrder
from handlers.domain.ports import RetryPolicy
from handlers.domain.trail.audit import outcomes_of

from .command_errors import CommandFailed, UsageError
from .output import table
from .request_input import parse_identifier
from .target import DeploymentTarget

_RETRY: Final = RetryPolicy(sleep=lambda pause: time.sleep(pause.total_seconds()), rng=random.random)


def order_store(target: DeploymentTarget) -> DynamoDBOrderRepository:
    """Return the store of the target's orders."""
    return DynamoDBOrderRepository(client=target.client("dynamodb"), table=target.output("ordersTable"), retry=_RETRY)


def load_order(target: DeploymentTarget, order_id: str) -> Order:
    """Load an order, which must exist and not have been changed by a newer release."""
    order = load_readable_order(target, order_id)
    if isinstance(order, ReadOnlyOrder):
        raise CommandFailed(str(NewerRelease(order)))
    return order


def load_readable_order(target: DeploymentTarget, order_id: str) -> Order | ReadOnlyOrder:
    """Load an order, which must exist; if a newer release has changed it, only its readable part."""
    try:
        order = order_store(target).load(parse_identifier("ORDER", order_id))
    except NewerRelease as newer:
        return newer.order
    if order is None:
        raise UsageError(f"There is no order {order_id} in the {target.name}.")
    return order


def audit_keys(target: DeploymentTarget, order: Order) -> list[str]:
    """Return the keys of the order's audit objects, in order."""
    days = sorted({day_of(entry.recorded_at) for entry in order.ledger})
    return [key for day in days for key in _list_keys(target, outcomes_of(order.order_id, day))]


def _list_keys(target: DeploymentTarget, prefix: str) -> Iterator[str]:
    pages = target.client("s3").get_paginator("list_objects_v2")
    try:
        for page in pages.paginate(Bucket=target.output("auditBucket"), Prefix=prefix):
            yield from (item["Key"] for item in page.get("Contents", []))
    except ClientError as error:
        raise CommandFailed(f"The audit objects under {prefix} could not be listed: {error}") from error


def order_as_json(order: Order, keys: list[str]) -> dict[str, Any]:
    """Return the order for --json."""
    account = order.account
    return {
        "order_id": order.order_id,
        "customer_id": order.customer_id,
        "status": order.status.value,
        "currency": order.currency,
        "ordered_at": order.ordered_at,
        "refundable_until": order.refundable_until,
        "lines": [
            {"sku": line.sku, "quantity": line.quantity, "unit_price_minor": line.unit_price_minor}
            for line in order.lines
        ],
        "held_minor": account.held_minor,
        "captured_minor": account.captured_minor,
        "reserved_minor": account.reserved_minor,
        "refunded_minor": account.refunded_minor,
        "refundable_minor": account.refundable_minor,
        "disputed_minor": account.disputed_minor,
        "overdrawn_minor": account.overdrawn_minor,
        "cases": [_case_as_json(case) for case in account.cases.values()],
        "disputes": [_dispute_as_json(dispute) for dispute in account.disputes.values()],
        "ledger": [entry.as_json() for entry in order.ledger],
        "audit_objects": keys,
    }


def _case_as_json(case: Case) -> dict[str, Any]:
    return {
        "case_id": case.case_id,
        "about": key_of(case.about),
        "status": case.status.value,
        "reason": case.reason,
        "opened_at": case.opened.recorded_at,
    }


def _dispute_as_json(dispute: Dispute) -> dict[str, Any]:
    return {
        "reference": dispute.reference,
        "status": dispute.status.value,
        "amount_minor": dispute.amount_minor,
        "opened_at": dispute.opened_at,
    }


def draw_order(console: Console, order: Order, keys: list[str]) -> None:
    """Print the order, its ledger and its audit objects as tables."""
    console.print(_totals_table(order))
    console.print(_ledger_table([entry.as_json() for entry in order.ledger], order.currency))
    console.print(table("Audit objects", ("key",), [(key,) for key in keys]))


def _totals_table(order: Order) -> Any:
    account, currency = order.account, order.currency
    lines = ", ".join(f"{line.quantity} × {line.sku}" for line in order.lines)
    rows = [
        ("order", order.order_id),
        ("status", order.status.value),
        ("customer", order.customer_id),
        ("lines", lines),
        *([("held", f"{format_amount(account.held_minor, currency)}{_hold_end(order)}")] if account.held_minor else []),
        ("captured", format_amount(account.captured_minor, currency)),
        ("reserved", format_amount(account.reserved_minor, currency)),
        ("refunded", format_amount(account.refunded_minor, currency)),
        *([("overdrawn", format_amount(account.overdrawn_minor, currency))] if account.overdrawn_minor else []),
        ("refundable", f"{format_amount(account.refundable_minor, currency)} until {order.refundable_until}"),
    ]
    disputes = (
        (f"dispute {each.reference}", f"{format_amount(each.amount_minor, currency)} {each.status}")
        for each in account.disputes.values()
    )
    cases = (
        (f"case {each.case_id}", f"{each.reason} about {key_of(each.about)}, {each.status}")
        for each in account.cases.values()
    )
    return table("Order", ("", ""), [*rows, *disputes, *cases])


def _hold_end(order: Order) -> str:
    return f" until {order.wait.text('until')}, for `booking capture` or `booking cancel`" if order.wait else ""


def read_only_as_json(order: ReadOnlyOrder) -> dict[str, Any]:
    """Return an order changed by a newer release for --json: its ledger without totals."""
    totals = dict.fromkeys(
        ("status", "held_minor", "captured_minor", "reserved_minor", "refunded_minor", "refundable_minor")
    )
    return {
        "order_id": order.order_id,
        "currency": order.currency,
        **totals,
        "ledger": [dict(entry) for entry in order.entries],
        "problem": str(NewerRelease(order)),
    }


def draw_read_only(console: Console, order: ReadOnlyOrder) -> None:
    """Print the ledger of an order changed by a newer release."""
    console.print(str(NewerRelease(order)))
    console.print(_ledger_table(order.entries, order.currency))


def _ledger_table(entries: Sequence[Mapping[str, Any]], currency: str) -> Any:
    rows = [
        (
            str(entry["seq"]),
            str(entry["at"]),
            str(entry["type"]),
            format_amount(entry["amount_minor"], currency),
            str(entry["hash"])[:12],
        )
        for entry in entries
    ]
    return table("Ledger", ("seq", "at", "entry", "amount", "hash"), rows, right=("seq", "amount"))
