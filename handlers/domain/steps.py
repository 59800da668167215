"""Decisions taken to the store: a lost race hands back the order, from which the next try is computed."""

from .gateway import GatewayReply
from .order import Order
from .patience import RetryPolicy
from .ports import OrderStore, StaleOrder
from .settling import Contradiction, apply_gateway_reply


def settle(orders: OrderStore, retry: RetryPolicy, order: Order, key: str, reply: GatewayReply, at: str) -> Order:
    """The order with what the gateway says of `key` in its ledger, or as it is where it can no longer take that in.

    Such a contradiction is left as it is: reconcile finds it and calls for people.
    """
    for _ in retry.attempts(order.order_id):
        change = apply_gateway_reply(order, key, reply, at)
        if change is None or isinstance(change, Contradiction):
            return order
        written = orders.append(change)
        if not isinstance(written, StaleOrder):
            return change.after
        order = written.current
    raise AssertionError("attempts() ends by raising")
