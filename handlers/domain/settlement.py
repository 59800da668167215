"""Settlement: apply a gateway's reply to an order, in whatever order replies arrive and however often."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from .account import OrderStatus, RefundStatus
from .canonical import Json, format_instant
from .ledger import INTERIM, SUPERSEDED, Kind
from .order import Order
from .outcomes import outcome_at
from .payments import GatewayReply, GatewayStatus
from .ports import Change, OrderRepository, RetryPolicy, StaleOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A disagreement between gateway and ledger that no entry can settle; it is left to people."""

    subject: str
    ledger_says: str
    gateway_says: str

    def __str__(self) -> str:
        return f"{self.subject}: the ledger says {self.ledger_says}, the gateway says {self.gateway_says}"


_PAYMENT_ENTRIES: Mapping[GatewayStatus, tuple[Kind, ...]] = {
    GatewayStatus.SETTLED: (Kind.PAYMENT_CAPTURED,),
    GatewayStatus.DECLINED: (Kind.PAYMENT_DECLINED,),
    GatewayStatus.FENCED: (Kind.PAYMENT_RELEASED,),
}

_REFUND_ENTRIES: Mapping[tuple[RefundStatus, GatewayStatus], tuple[Kind, ...]] = {
    (RefundStatus.RESERVED, GatewayStatus.SETTLED): (Kind.REFUND_SETTLED,),
    (RefundStatus.RESERVED, GatewayStatus.DECLINED): (Kind.REFUND_DECLINED,),
    (RefundStatus.RESERVED, GatewayStatus.FENCED): (Kind.REFUND_RELEASED,),
    (RefundStatus.RESERVED, GatewayStatus.REVERSED): (Kind.REFUND_SETTLED, Kind.REFUND_REVERSED),
    (RefundStatus.RESERVED, GatewayStatus.PENDING): (Kind.REFUND_PENDING,),
    (RefundStatus.PENDING, GatewayStatus.SETTLED): (Kind.REFUND_SETTLED,),
    (RefundStatus.PENDING, GatewayStatus.DECLINED): (Kind.REFUND_DECLINED,),
    (RefundStatus.PENDING, GatewayStatus.FENCED): (Kind.REFUND_RELEASED,),
    (RefundStatus.PENDING, GatewayStatus.REVERSED): (Kind.REFUND_SETTLED, Kind.REFUND_REVERSED),
    (RefundStatus.SETTLED, GatewayStatus.SETTLED): (),
    (RefundStatus.SETTLED, GatewayStatus.DECLINED): (Kind.REFUND_REVERSED,),
    (RefundStatus.SETTLED, GatewayStatus.REVERSED): (Kind.REFUND_REVERSED,),
    (RefundStatus.REVERSED, GatewayStatus.SETTLED): (),
    (RefundStatus.REVERSED, GatewayStatus.REVERSED): (),
    (RefundStatus.REVERSED, GatewayStatus.DECLINED): (),
    (RefundStatus.DECLINED, GatewayStatus.DECLINED): (),
    (RefundStatus.RELEASED, GatewayStatus.FENCED): (),
}
"""The entries that a reply adds to a refund; none if the ledger has them. A failure after settlement is a reversal."""

_BELOW_FINAL: Final = frozenset({GatewayStatus.PENDING})
"""Replies that a ledger which knows more ignores: they were overtaken on their way."""

_SETTLED_PAYMENTS: Mapping[OrderStatus, GatewayStatus] = {
    OrderStatus.CONFIRMED: GatewayStatus.SETTLED,
    OrderStatus.PARTIALLY_REFUNDED: GatewayStatus.SETTLED,
    OrderStatus.REFUNDED: GatewayStatus.SETTLED,
    OrderStatus.DECLINED: GatewayStatus.DECLINED,
    OrderStatus.CANCELLED: GatewayStatus.FENCED,
}


def apply_gateway_reply(
    order: Order, key: str, reply: GatewayReply, at: str | None, now: str
) -> Change | Contradiction | None:
    """Apply a gateway's reply about `key` to an order; None if the ledger already agrees.

    `at` is the start of the execution that asked the gateway, or None if none did.
    """
    kinds = _payment_kinds(order, reply) if key == order.order_id else _refund_kinds(order, key, reply)
    if kinds is None or _amount_differs(order, key, reply):
        says = f"{reply.status.value} {reply.amount_minor} {reply.currency}".rstrip()
        return Contradiction(
            subject=key, ledger_says=f"{_ledger_status(order, key)} {amount_of(order, key)}", gateway_says=says
        )
    if not kinds:
        return None
    after = order
    for kind in kinds:
        facts = _facts(after, kind, key, reply, is_last=kind is kinds[-1])
        after = after.append(
            kind, at=at, now=now, subject=order.subject(key), amount_minor=amount_of(order, key), facts=facts
        )
    return Change(before=order, after=_answer_request(after, key), restock=_stock_to_release(order, after))


def amount_of(order: Order, key: str) -> int:
    """Return the amount that was requested from the gateway under a key."""
    return order.account.requested_minor if key == order.order_id else order.account.refunds[key].amount_minor


def _amount_differs(order: Order, key: str, reply: GatewayReply) -> bool:
    if reply.status not in (GatewayStatus.SETTLED, GatewayStatus.REVERSED):
        return False
    return reply.amount_minor != amount_of(order, key) or reply.currency not in ("", order.currency)


def _payment_kinds(order: Order, reply: GatewayReply) -> tuple[Kind, ...] | None:
    if order.status is OrderStatus.PENDING:
        return _PAYMENT_ENTRIES.get(reply.status)
    return () if _SETTLED_PAYMENTS[order.status] is reply.status else None


def _refund_kinds(order: Order, key: str, reply: GatewayReply) -> tuple[Kind, ...] | None:
    status = order.account.refunds[key].status
    overtaken = () if status is not RefundStatus.RESERVED and reply.status in _BELOW_FINAL else None
    return _REFUND_ENTRIES.get((status, reply.status), overtaken)


def _ledger_status(order: Order, key: str) -> str:
    return (order.status if key == order.order_id else order.account.refunds[key].status).value


def _facts(order: Order, kind: Kind, key: str, reply: GatewayReply, *, is_last: bool) -> dict[str, Json]:
    facts: dict[str, Json] = {"reference": reply.reference}
    if reply.reason:
        facts["reason_code"] = reply.reason
    if kind is Kind.REFUND_SETTLED:
        facts["restocked"] = [[line, quantity] for line, quantity in _units_to_restock(order, key).items()]
    if not is_last:
        facts[SUPERSEDED] = True
    return facts


def _answer_request(order: Order, key: str) -> Order:
    """Store the answer that the last entry gives, unless the request has one or still waits."""
    request = order.requests[order.subject(key)]
    return (
        order
        if request.answer or order.ledger[-1].kind in INTERIM
        else order.with_request(request.with_answer(outcome_at(order, order.version)))
    )


def _units_to_restock(order: Order, refund_id: str) -> dict[int, int]:
    """Return the units per line that return to stock with a refund.

    Units that returned with a refund that was reversed later are already in stock and do not return again.
    """
    refunds = order.account.refunds
    if not refunds[refund_id].restock:
        return {}
    settled = [each for each in refunds.values() if each.status is RefundStatus.SETTLED and each.restock]
    returned = Counter({s.line: 0 for s in refunds[refund_id].shares})
    for refund in (*settled, refunds[refund_id]):
        returned.update({share.line: share.quantity for share in refund.shares})
    returned.subtract(_units_restocked(order))
    lines = {share.line for share in refunds[refund_id].shares}
    return {line: units for line, units in sorted(returned.items()) if line in lines and units > 0}


def _units_restocked(order: Order) -> dict[int, int]:
    counted: Counter[int] = Counter()
    for entry in order.ledger:
        counted.update(dict(cast("Sequence[tuple[int, int]]", entry.facts.get("restocked", ()))))
    return dict(counted)


def _stock_to_release(before: Order, after: Order) -> dict[str, int]:
    """Return the units per SKU to return to stock: every line of an unpaid order, or those of a settled refund."""
    if after.status in (OrderStatus.DECLINED, OrderStatus.CANCELLED):
        return {line.sku: line.quantity for line in after.lines}
    new = after.ledger[before.version :]
    back = [pair for entry in new for pair in cast("Sequence[tuple[int, int]]", entry.facts.get("restocked", ()))]
    return {after.lines[line].sku: units for line, units in back}


def settle(
    orders: OrderRepository,
    retry: RetryPolicy,
    order: Order,
    key: str,
    reply: GatewayReply,
    *,
    at: str,
    clock: Callable[[], datetime],
) -> Order:
    """Record a gateway's reply in the order's ledger and return the order.

    A reply that contradicts the ledger changes nothing: reconcile finds it and leaves it to people.

    Raises:
        Unavailable: the order kept changing, and every attempt lost its race.
    """
    for _ in retry.attempts(order.order_id):
        change = apply_gateway_reply(order, key, reply, at, format_instant(clock()))
        if change is None or isinstance(change, Contradiction):
            return order
        written = orders.append(change)
        if not isinstance(written, StaleOrder):
            return change.after
        order = written.current
    raise AssertionError("attempts() ends by raising")
