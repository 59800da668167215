"""Erase the free text of an order. The ledger and the audit trail hold only salted hashes of it."""

from collections.abc import Callable
from dataclasses import dataclass

from ...contracts.storage import order_key
from ...domain.order import Order
from ..clients import DynamoDBClient, call
from .attribute_values import encode
from .update_expression import Update


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser:
    """Erase text and replace its salt, so that the remaining hashes can no longer be compared with anything."""

    client: DynamoDBClient
    table: str
    fresh_salt: Callable[[], str]

    def forget(self, order: Order) -> None:
        """Erase every reason and payment method of an order. Ledger, totals and audit objects stay as they are."""
        update = Update()
        update.condition = f"attribute_exists({update.name('pk')})"
        update.set({"salt": self.fresh_salt()})
        for subject in order.requests:
            update.set_at(("requests", subject, "text"), "")
        call(
            self.client.update_item,
            TableName=self.table,
            Key={"pk": encode(order_key(order.order_id))},
            **update.request(),
        )
