"""Erasure of an order's free text (reasons, payment methods, evidence) and of everything that could confirm a guess at
it.

The ledger keeps its hashes of the text, so its chain and the locked audit objects stay intact. Their salt is replaced
in the conditional write that erases the last text: without it, nobody can compare them with a guess (law 42). Later
text is hashed with the new salt. An order with many requests takes several writes and keeps its salt until the last
one, because requests that still have a fingerprint are recognised by it.
"""

from dataclasses import dataclass
from typing import Final

from ..ledger import Kind
from ..lifecycles import CaseStatus, OrderStatus, RefundStatus
from ..order import Order
from ..ports import Change

MAX_ERASED: Final = 30
"""Requests erased per write: each takes three clauses of an expression, which may have at most 4096 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRefused:
    """The reason why the text of an order cannot be erased yet."""

    reason: str


def erase_text(order: Order, requested_by: str, salt: str, now: str) -> Change | ErasureRefused | None:
    """Erase the text of the next requests of an order, at most 30; None if all of it is erased already.

    Repeat it until it returns None. `salt` replaces the order's salt together with the last request. While a payment, a
    refund or the resolution of a case is open, its text may still be needed, and the result is the reason not to erase
    it.
    """
    if reason := _find_open(order):
        return ErasureRefused(reason=reason)
    remaining = [accepted for accepted in order.requests.values() if not accepted.erased]
    if not remaining:
        return None
    after = order.append(
        Kind.TEXT_FORGOTTEN,
        at=None,
        now=now,
        subject=order.order_id,
        amount_minor=0,
        facts={"cause": "people", "requested_by": requested_by},
    )
    for accepted in remaining[:MAX_ERASED]:
        after = after.with_request(accepted.erase())
    return Change(before=order, after=after if len(remaining) > MAX_ERASED else after.erase_text(salt))


_OPEN_REFUNDS = frozenset({RefundStatus.AWAITING_APPROVAL, RefundStatus.RESERVED, RefundStatus.PENDING})


def _find_open(order: Order) -> str | None:
    if order.status in (OrderStatus.PENDING, OrderStatus.AUTHORIZED) or order.account.movement:
        return f"its payment has not ended: the order is {order.status}"
    waiting = [each for each in order.account.refunds.values() if each.status in _OPEN_REFUNDS]
    if waiting:
        return f"refund {waiting[0].refund_id} has not ended: it is {waiting[0].status}"
    proposed = [each for each in order.account.cases.values() if each.status is CaseStatus.PROPOSED]
    return f"the resolution of case {proposed[0].case_id} waits for a decision" if proposed else None
