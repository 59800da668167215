"""Refunds: the checks before one is reserved, its allocation to the lines of an order, and its size in the item.

DynamoDB refuses an item above 400 KB. A refund is therefore accepted only if the item stays within a limit once
everything open has been written. The space above the limit is for entries that cannot be refused (law 31).

Longer than 250 lines so that every rule of a refund is in one place.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..answers import Answer, Code
from ..canonical import Json, hash_with_salt, parse_instant
from ..ledger import SUPERSEDED, Kind, subject_of
from ..lifecycles import OrderStatus, Refund, RefundStatus, Share
from ..money import format_amount
from ..order import Order
from ..outcomes import refuse_request
from ..ports import Change
from ..requests import IssueRefund, Origin
from .approvals import NO_APPROVALS, ApprovalPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """The part of a line that can still be refunded."""

    line: int
    sku: str
    quantity: int
    amount_minor: int


def reserve_refund(
    order: Order, request: IssueRefund, origin: Origin, now: str, policy: ApprovalPolicy = NO_APPROVALS
) -> Change | Answer:
    """Reserve a refund on an order, or refuse it. One that needs approval is held: it is reserved and not sent.

    Checks use the order's current state, except for the refund window, which is checked as of the start of the
    execution.
    """
    lines = remaining_lines(order)
    refusal = _find_refusal(order, request, origin, lines, policy)
    if refusal:
        return refusal
    shares = _allocate(order, request, lines)
    held = policy.hold(order, request, sum(share.amount_minor for share in shares), now)
    after = _append_request(order, request, origin, shares, now, held)
    full = _check_item_size(after, APPROVED_LIMIT if held else ORDINARY_LIMIT)
    return refuse_request(request, *full, order) if full else Change(before=order, after=after)


def _find_refusal(
    order: Order, request: IssueRefund, origin: Origin, lines: tuple[Remaining, ...], policy: ApprovalPolicy
) -> Answer | None:
    checks = (
        _check_captured(order),
        policy.find_fault(origin, "overrides") if request.override else None,
        _check_window(order, request, origin),
        _check_balance(order, request),
        _check_lines(order, request, lines),
    )
    found = next((each for each in checks if each), None)
    return refuse_request(request, *found, order) if found else None


Fault = tuple[Code, str] | None


def _check_captured(order: Order) -> Fault:
    if order.status not in (OrderStatus.PENDING, OrderStatus.AUTHORIZED):
        return None
    return (
        Code.NOT_CAPTURED,
        "The payment of this order has not been captured yet. Repeat the same request when the order is CONFIRMED.",
    )


def _check_window(order: Order, request: IssueRefund, origin: Origin) -> Fault:
    if request.override or parse_instant(origin.requested_at) <= parse_instant(order.refundable_until):
        return None
    return (
        Code.REFUND_WINDOW_CLOSED,
        f"This order could be refunded until {order.refundable_until}, but the refund was requested at {origin.at}.",
    )


def _check_balance(order: Order, request: IssueRefund) -> Fault:
    refundable = order.account.refundable_minor
    requested = request.amount_minor
    if requested is not None and requested > refundable:
        return _exceeds_balance(order, requested)
    if refundable == 0:
        return Code.NOTHING_TO_REFUND, f"Nothing can be refunded: {_why_nothing(order)}."
    return None


def _why_nothing(order: Order) -> str:
    account = order.account
    if account.captured_minor == 0:
        return f"the order is {order.status}, so nothing has been paid"
    amounts = (account.captured_minor, account.refunded_minor, account.reserved_minor, account.disputed_minor)
    paid, refunded, reserved, disputed = (format_amount(minor, order.currency) for minor in amounts)
    withdrawn = f", and {disputed} is withdrawn by disputes" if account.disputed_minor else ""
    return f"of {paid} paid, {refunded} has been refunded and {reserved} is reserved for refunds in flight{withdrawn}"


def _check_lines(order: Order, request: IssueRefund, lines: tuple[Remaining, ...]) -> Fault:
    remaining = {line.sku: line for line in lines}
    for each in request.units or ():
        if each.sku not in remaining:
            return Code.LINE_NOT_IN_ORDER, f"SKU {each.sku} is not in this order, which has {', '.join(remaining)}."
        if each.quantity > remaining[each.sku].quantity:
            limit = remaining[each.sku].quantity
            return (
                Code.REFUND_EXCEEDS_LINE,
                f"SKU {each.sku} has {limit} left to refund, fewer than the {each.quantity} requested.",
            )
    if request.units is None:
        return None
    return _check_price(order, sum(share.amount_minor for share in _allocate(order, request, lines)))


def _check_price(order: Order, amount_minor: int) -> Fault:
    """Reject units that have no price left, or whose price a dispute has withdrawn."""
    if not amount_minor:
        return Code.NOTHING_TO_REFUND, "The price of these units has already been refunded by amount; nothing is left."
    refundable = order.account.refundable_minor
    return _exceeds_balance(order, amount_minor) if amount_minor > refundable else None


def _exceeds_balance(order: Order, amount_minor: int) -> Fault:
    amount, limit = (format_amount(each, order.currency) for each in (amount_minor, order.account.refundable_minor))
    return Code.REFUND_EXCEEDS_BALANCE, f"At most {limit} can be refunded, but {amount} was requested."


def _check_item_size(after: Order, limit: int) -> Fault:
    size = worst_case_bytes(after)
    if size <= limit:
        return None
    return (
        Code.LEDGER_FULL,
        f"This order cannot take this refund: its ledger could grow to {-(-size // KB)} KB, and at most "
        f"{limit // KB} KB are allowed. Refund the rest in one request, by amount.",
    )


def _allocate(order: Order, request: IssueRefund, lines: tuple[Remaining, ...]) -> tuple[Share, ...]:
    if request.amount_minor is not None:
        return allocate_amount(lines, request.amount_minor)
    if request.units is not None:
        return allocate_units(lines, {each.sku: each.quantity for each in request.units})
    if order.account.disputed_minor:
        # a dispute belongs to no line and restocks nothing
        return allocate_amount(lines, order.account.refundable_minor)
    return allocate_everything(lines)


def _append_request(
    order: Order,
    request: IssueRefund,
    origin: Origin,
    shares: tuple[Share, ...],
    now: str,
    held: Mapping[str, Json],
) -> Order:
    return order.accept(request, text=request.reason).append(
        Kind.REFUND_HELD if held else Kind.REFUND_REQUESTED,
        at=origin.at,
        now=now,
        subject=subject_of(request.refund_id),
        amount_minor=sum(share.amount_minor for share in shares),
        facts={
            "request_id": request.request_id,
            "execution": origin.execution,
            "origin": origin.channel,
            "requested_by": request.requested_by,
            **({} if request.restock else {"restock": False}),
            **held,
            "reason_sha256": hash_with_salt(order.salt, request.reason),
            "shares": [share.as_json() for share in shares],
        },
    )


def record_refund(
    order: Order,
    refund_id: str,
    amount_minor: int,
    kinds: Sequence[Kind],
    *,
    at: str | None,
    now: str,
    facts: Mapping[str, Json],
) -> Change | None:
    """Record a refund that was made at the gateway, up to the last of `kinds`: by amount, and without restocking.

    Return None if it exceeds what other refunds leave of the captured amount, or if the order's item has no room for
    it.
    Disputes do not reduce that amount: refund and dispute together may overdraw the order.
    """
    lines = remaining_lines(order) if order.account.captured_minor else ()
    if not 0 < amount_minor <= sum(line.amount_minor for line in lines):
        return None
    shares: list[Json] = [share.as_json() for share in allocate_amount(lines, amount_minor)]
    is_superseded: dict[str, Json] = {} if kinds[-1] is Kind.REFUND_SETTLED else {SUPERSEDED: True}
    facts_by_kind: dict[Kind, dict[str, Json]] = {
        Kind.REFUND_REQUESTED: {"request_id": facts.get("request_id", ""), "restock": False, "shares": shares},
        Kind.REFUND_SETTLED: {"restocked": list[Json](), **is_superseded},
    }
    after = order
    for kind in (Kind.REFUND_REQUESTED, *kinds):
        entry: dict[str, Json] = {**facts, **facts_by_kind.get(kind, {})}
        after = after.append(
            kind, at=at, now=now, subject=subject_of(refund_id), amount_minor=amount_minor, facts=entry
        )
    return None if worst_case_bytes(after) > CASES_LIMIT else Change(before=order, after=after)


def remaining_lines(order: Order) -> tuple[Remaining, ...]:
    """Return the part of each captured line that no refund has taken."""
    quantities, amounts = (
        _sum_by_line(order, lambda share: share.quantity),
        _sum_by_line(order, lambda share: share.amount_minor),
    )
    return tuple(
        Remaining(
            line=share.line,
            sku=order.lines[share.line].sku,
            quantity=share.quantity - quantities.get(share.line, 0),
            amount_minor=share.amount_minor - amounts.get(share.line, 0),
        )
        for share in _captured_shares(order)
    )


def _captured_shares(order: Order) -> tuple[Share, ...]:
    """Return the paid units and amount of each line."""
    if order.account.captured_shares is not None:
        return order.account.captured_shares
    return tuple(
        Share(line=number, quantity=line.quantity, amount_minor=line.amount_minor)
        for number, line in enumerate(order.lines)
    )


def allocate_amount(lines: Sequence[Remaining], amount_minor: int) -> tuple[Share, ...]:
    """Allocate an amount to lines in proportion to what is left of each, rounding up the largest remainders.

    No units return to stock. Source: Hare's largest remainder method; equal remainders go to the earlier line.
    """
    total = sum(line.amount_minor for line in lines)
    parts = [divmod(amount_minor * line.amount_minor, total) for line in lines]
    short = amount_minor - sum(quotient for quotient, _ in parts)
    rounded_up = set(sorted(range(len(parts)), key=lambda index: -parts[index][1])[:short])
    amounts = [quotient + (index in rounded_up) for index, (quotient, _) in enumerate(parts)]
    return _to_shares((line.line, 0, amount) for line, amount in zip(lines, amounts, strict=True))


def allocate_units(lines: Sequence[Remaining], units: Mapping[str, int]) -> tuple[Share, ...]:
    """Allocate the price of a number of units per SKU; refunded one by one, the units add up to the whole line.

    The amount that earlier refunds by amount left of a line is spread evenly over its units, rounded up. The last units
    may therefore be worth nothing, but the first never are.
    """
    requested = [(line, units[line.sku]) for line in lines if line.sku in units]
    return _to_shares(
        (line.line, quantity, -(-line.amount_minor * quantity // line.quantity)) for line, quantity in requested
    )


def allocate_everything(lines: Sequence[Remaining]) -> tuple[Share, ...]:
    """Allocate all the money and all the units that are left."""
    return _to_shares((line.line, line.quantity, line.amount_minor) for line in lines)


def _to_shares(parts: Iterable[tuple[int, int, int]]) -> tuple[Share, ...]:
    return tuple(
        Share(line=line, quantity=quantity, amount_minor=minor) for line, quantity, minor in parts if quantity or minor
    )


def _sum_by_line(order: Order, measure: Callable[[Share], int]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for refund in order.account.refunds.values():
        for share in refund.shares if refund.holds_money else ():
            sums[share.line] = sums.get(share.line, 0) + measure(share)
    return sums


KB: Final = 1024

ORDINARY_LIMIT: Final = 300 * KB
"""Maximum size of an order's item, in bytes, for accepting a refund that needs no approval."""
APPROVED_LIMIT: Final = ORDINARY_LIMIT + 30 * KB
"""The same for a refund that another person approves."""
CASES_LIMIT: Final = APPROVED_LIMIT + 60 * KB
"""The same for disputes, reversals and cases. DynamoDB's limit is 400 KB."""

_ENTRY_BYTES: Final = 1 * KB  # any entry without shares: measured 460 to 780 bytes with ids of 64 characters
_ANSWER_BYTES: Final = 1 * KB  # a stored answer with the longest message and ids
_LINE_BYTES: Final = 16  # a line's number and units in `restocked`
_ITEM_BYTES: Final = 1 * KB  # keys, totals and index attributes
_DISPUTE_BYTES: Final = 2 * _ENTRY_BYTES  # lost, and won after all
_CASE_BYTES: Final = (
    3 * _ENTRY_BYTES + 3 * _ANSWER_BYTES
)  # the subject's end, the case's, the decision, and the answers

_MAX_FUTURE_BYTES: Final = {
    RefundStatus.AWAITING_APPROVAL: 5 * _ENTRY_BYTES
    + 3 * _ANSWER_BYTES,  # approved, with its request; pending, settled, reversed
    RefundStatus.RESERVED: 3 * _ENTRY_BYTES + _ANSWER_BYTES,
    RefundStatus.PENDING: 2 * _ENTRY_BYTES + _ANSWER_BYTES,
    RefundStatus.SETTLED: _ENTRY_BYTES,
}
"""The maximum number of bytes that a refund in each state can still add; in any other state it has ended."""


def worst_case_bytes(order: Order) -> int:
    """Return an upper bound of the item's size once everything open has ended with the longest possible entries."""
    stored = sum(_size(entry.as_json()) for entry in order.ledger)
    stored += sum(_size(_stored_request(order, subject)) for subject in order.requests)
    lines = sum(len(line.sku) + 8 * _LINE_BYTES for line in order.lines)
    account = order.account
    refunds = sum(_future_bytes(refund) for refund in account.refunds.values())
    cases, disputes = len(account.open_cases), len(account.open_disputes)
    return _ITEM_BYTES + stored + lines + refunds + _CASE_BYTES * cases + _DISPUTE_BYTES * disputes


def _future_bytes(refund: Refund) -> int:
    entries = _MAX_FUTURE_BYTES.get(refund.status, 0)
    restocked = _LINE_BYTES * len(refund.shares) if refund.status is not RefundStatus.SETTLED else 0
    return entries + (restocked if entries else 0)


def _stored_request(order: Order, subject: str) -> dict[str, Json]:
    accepted = order.requests[subject]
    answer = accepted.answer.as_json() if accepted.answer else None
    fields = [accepted.request_id, accepted.subject, accepted.subject, accepted.fingerprint, accepted.text]
    names = "request_id subject fingerprint fingerprint_version text answer erased"
    return {"known": fields, "names": names, "answer": answer}


def _size(value: Json) -> int:
    """Return the length as JSON, which is never less than the bytes that DynamoDB counts."""
    text = json.dumps(value, separators=(", ", ": "), ensure_ascii=False)
    return len(text.encode("utf-8", "surrogatepass")) + 16
