"""Stripe's list of balance transactions as movements of money, newest first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from ...domain.canonical import format_instant, parse_instant
from ...domain.payments import Movement, MovementPage
from ...domain.requests import dispute_id_of, reported_refund_id_of
from .amounts import to_minor
from .replies import KEY, ORDER, PARTIAL_CAPTURE_REVERSAL, STAGE
from .stripe_api import Form, StripeObject

TRANSACTIONS: Final = "/v1/balance_transactions"
PAGE_SIZE: Final = 100
OF_PAYMENTS: Final = frozenset({"charge", "payment", "refund", "payment_refund", "refund_failure", "adjustment"})
"""The types of balance transactions that move a customer's money, unlike fees and payouts."""
RETURNS: Final = frozenset({"refund_failure", "dispute_reversal"})
"""The categories of movements that give back what a refund or a dispute took.

Source: docs.stripe.com/reports/reporting-categories.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementList:
    """The movements of a stage. `find_order` returns the order of a payment intent that belongs to the stage."""

    get: Callable[[str, Form], StripeObject]
    find_order: Callable[[str], str | None]
    stage: str

    def read(self, since: str, until: str, after: str | None) -> MovementPage:
        """Read a page of the movements from `since` to `until`; `after` is the previous page's last transaction."""
        query = {"limit": str(PAGE_SIZE), "expand[]": "data.source", "created[gte]": _seconds(since)}
        query |= {"created[lte]": _seconds(until)} | ({"starting_after": after} if after else {})
        page = self.get(TRANSACTIONS, query)
        transactions: list[StripeObject] = page["data"]
        found = [self._movement(each) for each in transactions if _is_of_payment(each)]
        last = str(transactions[-1]["id"]) if transactions and page["has_more"] else None
        return MovementPage(movements=tuple(each for each in found if each), after=last)

    def _movement(self, transaction: StripeObject) -> Movement | None:
        """Return a movement of our stage. A dispute or a refund made in the dashboard has a key of its own."""
        source = transaction.get("source")
        item: StripeObject = cast("StripeObject", source) if isinstance(source, dict) else {}
        named: StripeObject = item.get("metadata") or {}
        key, order_id = str(named.get(KEY, "")), str(named.get(ORDER, ""))
        if not key:
            order_id = self.find_order(str(item["payment_intent"])) or "" if item.get("payment_intent") else ""
        if not order_id or (key and named.get(STAGE) != self.stage):
            return None
        is_reported = not key and item.get("object") == "refund"
        if item.get("object") == "dispute":
            key = dispute_id_of(order_id, str(item["id"]))
        if is_reported:
            key = reported_refund_id_of(order_id, str(item["id"]))
        currency = str(transaction["currency"]).upper()
        return Movement(
            reference=str(transaction["id"]),
            at=format_instant(datetime.fromtimestamp(transaction["created"], UTC)),
            kind=str(transaction["reporting_category"]),
            amount_minor=to_minor(abs(int(transaction["amount"])), currency),
            currency=currency,
            key=key,
            order_id=order_id,
            is_reported=is_reported,
            is_return=transaction["reporting_category"] in RETURNS,
        )


def _is_of_payment(transaction: StripeObject) -> bool:
    """Return whether a transaction moves a customer's money. Of a partial capture's two, only the first does."""
    return transaction["type"] in OF_PAYMENTS and transaction["reporting_category"] != PARTIAL_CAPTURE_REVERSAL


def _seconds(instant: str) -> str:
    return str(int(parse_instant(instant).timestamp()))
