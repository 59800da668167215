"""Room in an order's item: what was accepted can be written to its end, at any size of its parts (law 31).

DynamoDB refuses an item above 400 KB. A refund is therefore accepted only while the item, with all that may still have
to be written for what is open, stays within a limit; the rest is for what nobody can refuse.
"""

import json
from typing import Final

from .account import Refund, RefundStatus
from .canonical import Json
from .order import Order

KB: Final = 1024

ORDINARY_LIMIT: Final = 300 * KB
"""Bytes that an order may come to by refunds that nobody approves."""
APPROVED_LIMIT: Final = ORDINARY_LIMIT + 30 * KB
"""Bytes that an order may come to by refunds that another person approves."""
CASES_LIMIT: Final = APPROVED_LIMIT + 60 * KB
"""Bytes that an order may come to by disputes, reversals and cases; the item may have 400 KB."""

_ENTRY: Final = 1 * KB  # any entry without shares: measured 460 to 780 bytes with ids of 64 characters
_ANSWER: Final = 1 * KB  # a stored answer with the longest message and ids
_LINE: Final = 16  # a line's number and units in `restocked`
_ITEM: Final = 1 * KB  # keys, totals and index attributes
_DISPUTE: Final = 2 * _ENTRY  # lost, and won after all
_CASE: Final = 3 * _ENTRY + 3 * _ANSWER  # the subject's end, the case's, the decision, and the answers

_STILL_TO_COME: Final = {
    RefundStatus.AWAITING_APPROVAL: 5 * _ENTRY + 3 * _ANSWER,  # approved, with its request; pending, settled, reversed
    RefundStatus.RESERVED: 3 * _ENTRY + _ANSWER,
    RefundStatus.PENDING: 2 * _ENTRY + _ANSWER,
    RefundStatus.SETTLED: _ENTRY,
}
"""The most that a refund in each state still adds; one in any other state is over."""


def worst_case_bytes(order: Order) -> int:
    """Return an upper bound of the item's size once everything that is open has ended in the longest way."""
    stored = sum(_size(entry.as_json()) for entry in order.ledger)
    stored += sum(_size(_stored_request(order, subject)) for subject in order.requests)
    lines = sum(len(line.sku) + 8 * _LINE for line in order.lines)
    account = order.account
    refunds = sum(_open_bytes(refund) for refund in account.refunds.values())
    return _ITEM + stored + lines + refunds + _DISPUTE * len(account.open_disputes) + _CASE * len(account.open_cases)


def _open_bytes(refund: Refund) -> int:
    entries = _STILL_TO_COME.get(refund.status, 0)
    restocked = _LINE * len(refund.shares) if refund.status is not RefundStatus.SETTLED else 0
    return entries + (restocked if entries else 0)


def _stored_request(order: Order, subject: str) -> dict[str, Json]:
    asked = order.requests[subject]
    answer = asked.answer.as_json() if asked.answer else None
    known = [asked.request_id, asked.subject, asked.subject, asked.fingerprint, asked.text]
    names = "request_id subject fingerprint fingerprint_version text answer erased"
    return {"known": known, "names": names, "answer": answer}


def _size(value: Json) -> int:
    """Return the length as JSON, whose signs are never fewer than the bytes that DynamoDB counts for each part."""
    text = json.dumps(value, separators=(", ", ": "), ensure_ascii=False)
    return len(text.encode("utf-8", "surrogatepass")) + 16
