"""Decisions taken to the store: a lost race hands back the order, from which the next try is computed."""

from .gateway import GatewayReply
from .order import Order
from .patience import Patience
from .ports import OrderStore, Overtaken
from .settling import Contradiction, absorb


def settled(orders: OrderStore, patience: Patience, order: Order, key: str, reply: GatewayReply, at: str) -> Order:
    """The order with what the gateway says of `key` in its ledger, or as it is where it can no longer take that in.

    Such a contradiction is left as it is: reconcile finds it and calls for people.
    """
    for _ in patience.attempts(order.order_id):
        change = absorb(order, key, reply, at)
        if change is None or isinstance(change, Contradiction):
            return order
        written = orders.append(change)
        if not isinstance(written, Overtaken):
            return change.after
        order = written.current
    raise AssertionError("attempts() ends by raising")
