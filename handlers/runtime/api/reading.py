"""Reads of orders and lists, with the caller's permissions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ...adapters.dynamodb.order_items import changed_day
from ...contracts.api_routes import Role
from ...contracts.storage import BY_CUSTOMER, BY_DAY, SHARDS
from ...domain.canonical import Json, day_of, format_instant, next_day
from ...domain.ledger import Kind
from ...domain.order import Order
from ...domain.rules.approvals import awaits_decision
from .api_dependencies import ApiServices
from .cursors import CursorPosition, decode_cursor, encode_cursor
from .http_calls import ApiProblem, Call, Reply
from .identity import Caller
from .page_reads import Partition, attention_partitions, collect_page, load_listed, read_limit
from .requesting import IDENTIFIER
from .views import view_order, view_refunds

_MAX_DAYS: Final = 31
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def sees_everything(caller: Caller) -> bool:
    """Return whether a caller may read every order."""
    return not caller.roles.isdisjoint({Role.STAFF, Role.AUDITOR})


def load_readable_order(services: ApiServices, call: Call, caller: Caller) -> Order:
    """Return the order in a call's path.

    Raises:
        ApiProblem: 404, the same for an order that does not exist and for one that is not the caller's.
    """
    order = find_order(services, call)
    if order is None or not (_sees_whole_order(caller, order) or _is_customer_of(caller, order)):
        raise ApiProblem(404, "ORDER_NOT_FOUND", "This order does not exist, or this caller may not see it.")
    return order


def find_order(services: ApiServices, call: Call) -> Order | None:
    """Return the order in a call's path for any caller."""
    order_id = call.path.get("order_id", "")
    return services.load_order(order_id) if IDENTIFIER.fullmatch(order_id) else None


def _sees_whole_order(caller: Caller, order: Order) -> bool:
    """Return whether a caller sees all of an order. An approver does while one of its refunds waits for a decision."""
    return sees_everything(caller) or (Role.APPROVER in caller.roles and awaits_decision(order))


def _is_customer_of(caller: Caller, order: Order) -> bool:
    return Role.CUSTOMER in caller.roles and order.customer_id == caller.person_id


def show_order(services: ApiServices, call: Call, caller: Caller) -> Reply:
    """Answer with an order."""
    order = load_readable_order(services, call, caller)
    return Reply(status=200, body=view_order(order, for_customer=not _sees_whole_order(caller, order)))


def list_refunds(services: ApiServices, call: Call, caller: Caller) -> Reply:
    """Answer with the refunds of an order."""
    order = load_readable_order(services, call, caller)
    for_customer = not _sees_whole_order(caller, order)
    return Reply(status=200, body={"refunds": view_refunds(order, for_customer=for_customer)})


def show_payment_action(services: ApiServices, call: Call, caller: Caller) -> Reply:
    """Answer with the action that completes a payment, read from the gateway each time."""
    order = load_readable_order(services, call, caller)
    is_waiting = order.wait is not None and order.wait.kind is Kind.PAYMENT_ACTION_REQUIRED
    action = services.deps.gateway.payment_action(order.instruction(order.order_id)) if is_waiting else None
    if order.wait is None or action is None:
        raise ApiProblem(404, "NO_PAYMENT_ACTION", "This order's payment is not waiting for its customer.")
    shown = {"url": action.url, "client_secret": action.client_secret, "until": order.wait.text("until")}
    return Reply(status=200, body={name: value for name, value in shown.items() if value})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """The filters of a list. A customer's list is always their own."""

    customer: str | None
    since: str
    needs_attention: bool

    def as_json(self) -> dict[str, Json]:
        """Return the filters in the form that a cursor is bound to."""
        return {"customer": self.customer, "since": self.since, "needs_attention": self.needs_attention}


def list_orders(services: ApiServices, call: Call, caller: Caller) -> Reply:
    """Answer with a page of orders and the cursor of the next."""
    filters, limit = _read_filter(call, caller, services.now()), read_limit(call)
    position = decode_cursor(call.query["cursor"], filters.as_json()) if "cursor" in call.query else CursorPosition()
    partitions = list(_partitions(filters, services.now()))
    ids, after = collect_page(services, partitions, position, limit)
    orders = [order for order in load_listed(services, ids) if _matches(order, filters)]
    body: dict[str, Any] = {"orders": [view_order(order, for_customer=not sees_everything(caller)) for order in orders]}
    return Reply(status=200, body=body | ({"cursor": encode_cursor(after, filters.as_json())} if after else {}))


def _read_filter(call: Call, caller: Caller, now: datetime) -> OrderFilter:
    unknown = sorted(call.query.keys() - {"customer", "since", "needs_attention", "cursor", "limit"})
    if unknown:
        raise ApiProblem(
            400, "BAD_FILTER", "The only query parameters are customer, since, needs_attention, limit and cursor."
        )
    customer, attention = call.query.get("customer"), call.query.get("needs_attention", "false")
    if customer is not None and not IDENTIFIER.fullmatch(customer):
        raise ApiProblem(400, "BAD_FILTER", "customer must be 1 to 64 characters of A-Z a-z 0-9 _ . : -.")
    if attention not in ("true", "false"):
        raise ApiProblem(400, "BAD_FILTER", "needs_attention must be true or false.")
    listed_customer = customer if sees_everything(caller) else caller.person_id
    return OrderFilter(
        customer=listed_customer, since=_read_since(call, listed_customer, now), needs_attention=attention == "true"
    )


def _read_since(call: Call, customer: str | None, now: datetime) -> str:
    """Return the first day of a list. The default is a customer's first order, or today for all customers."""
    today = day_of(format_instant(now))
    since = call.query.get("since", "0001-01-01" if customer else today)
    earliest = day_of(format_instant(now - timedelta(days=_MAX_DAYS)))
    if not _is_day(since) or (customer is None and since < earliest):
        allowed = f" from {earliest} on" if customer is None else ""
        raise ApiProblem(400, "BAD_FILTER", f"since must be a day, YYYY-MM-DD,{allowed} in UTC.")
    return since


def _is_day(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return bool(_DAY.fullmatch(text))


def _partitions(filters: OrderFilter, now: datetime) -> Iterator[Partition]:
    """Yield the partitions of the index that serves a list, in order."""
    if filters.customer:
        yield Partition(index=BY_CUSTOMER, name=filters.customer, condition=">=", bound=filters.since)
        return
    if filters.needs_attention:
        yield from attention_partitions(format_instant(now))
        return
    day, today = filters.since, day_of(format_instant(now))
    while day <= today:
        for shard in range(SHARDS):
            yield Partition(index=BY_DAY, name=changed_day(day, shard), condition=">=", bound=day)
        day = next_day(day)


def _matches(order: Order, filters: OrderFilter) -> bool:
    return bool(order.in_flight) or not (filters.needs_attention and filters.customer)
