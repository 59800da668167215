"""Answers: the outcome that a ledger holds, the same for every attempt, and refusals that leave no trace in one."""

from collections.abc import Mapping, Sequence
from typing import Final

from .account import Account, fold
from .answers import Answer, Code
from .ledger import SUPERSEDED, Entry, Kind
from .money import format_amount
from .order import Order
from .requests import IssueRefund, PlaceOrder, Request
from .stock import StockItem

OUTCOME_MESSAGES: dict[Kind, tuple[str, Code | None, str]] = {
    Kind.ORDER_PLACED: (
        "unknown",
        Code.PAYMENT_OUTCOME_UNKNOWN,
        "A charge of {amount} was asked for; the gateway has not said whether it was made. The order stays "
        "reserved until it says so; the same request may be repeated safely.",
    ),
    Kind.PAYMENT_CAPTURED: ("succeeded", None, "{amount} was paid."),
    Kind.PAYMENT_DECLINED: (
        "rejected",
        Code.PAYMENT_DECLINED,
        "A charge of {amount} was asked for; the gateway declined it{why} and nothing was paid. Another payment method "
        "under a new request_id is allowed.",
    ),
    Kind.PAYMENT_RELEASED: (
        "failed",
        Code.PAYMENT_RELEASED,
        "A charge of {amount} was asked for; it never reached the gateway and now cannot. Nothing was paid. The same "
        "purchase under a new request_id is allowed.",
    ),
    Kind.REFUND_REQUESTED: (
        "unknown",
        Code.REFUND_OUTCOME_UNKNOWN,
        "A refund of {amount} was asked for; the gateway has not said whether it was made. The amount stays reserved "
        "until it says so; the same request may be repeated safely.",
    ),
    Kind.REFUND_SETTLED: ("succeeded", None, "{amount} was refunded; {refundable} is still refundable."),
    Kind.REFUND_DECLINED: (
        "rejected",
        Code.REFUND_DECLINED,
        "A refund of {amount} was asked for; the gateway declined it{why}. {refundable} is refundable under a new "
        "request_id.",
    ),
    Kind.REFUND_RELEASED: (
        "failed",
        Code.REFUND_RELEASED,
        "A refund of {amount} was asked for; it never reached the gateway and now cannot. {refundable} is refundable "
        "under a new request_id.",
    ),
    Kind.REFUND_REVERSED: (
        "failed",
        Code.REFUND_REVERSED,
        "The refund of {amount} came back after it had been made. {refundable} is refundable under a new request_id.",
    ),
}


LEDGER_CODES: Final = frozenset(code.value for _, code, _ in OUTCOME_MESSAGES.values() if code)
"""Codes of outcomes that a ledger holds; any other code refuses a request before it begins."""


def outcome_at(order: Order, seq: int) -> Answer:
    """What the order's ledger says of a request up to its entry `seq`."""
    entry, account = order.ledger[seq - 1], fold(order.ledger[:seq])
    status, code, sentence = OUTCOME_MESSAGES[entry.kind]
    is_refund = entry.subject != order.order_id
    return Answer(
        status=status,
        action="refund" if is_refund else "purchase",
        request_id=_request_id(order, account, entry),
        order_id=order.order_id,
        refund_id=entry.subject if is_refund else None,
        amount_minor=entry.amount_minor,
        currency=order.currency,
        order_status=account.status.value if account.status else None,
        refundable_minor=account.refundable_minor,
        code=code.value if code else None,
        message=_message(sentence, order, account, entry),
    )


def _request_id(order: Order, account: Account, entry: Entry) -> str:
    refund = account.refunds.get(entry.subject)
    return refund.request_id if refund else order.placed.text("request_id")


def _message(sentence: str, order: Order, account: Account, entry: Entry) -> str:
    why = f" ({entry.text('reason_code')})" if "reason_code" in entry.facts else ""
    return sentence.format(
        amount=format_amount(entry.amount_minor, order.currency),
        refundable=format_amount(account.refundable_minor, order.currency),
        why=why,
    )


def outcome_seq(order: Order, subject: str) -> int:
    """Return the ledger entry that ends a request: the first outcome of its subject, or the opening entry without one.

    A refund first heard of as reversed has two entries from one write; the reversal is its outcome.
    """
    opening, *reports = [entry for entry in order.ledger if entry.subject == subject]
    return next((entry for entry in reports if not entry.facts.get(SUPERSEDED)), opening).seq


def execution_of(order: Order, subject: str) -> str:
    """The execution in which a request began: any other one repeats it, and a second attempt of this one does not."""
    return next(entry.text("execution") for entry in order.ledger if entry.subject == subject)


def answer_of(order: Order, subject: str) -> Answer:
    """The answer that was given, or `unknown` while the request is in flight."""
    return order.requests[subject].answer or outcome_at(order, outcome_seq(order, subject))


def refuse_invalid(message: str, action: str | None = None, request_id: str | None = None) -> Answer:
    """The request is not of the contract's form."""
    return Answer(status="rejected", code=Code.INVALID_REQUEST, message=message, action=action, request_id=request_id)


def refuse_purchase(request: PlaceOrder, code: Code, message: str) -> Answer:
    """A purchase that leaves no trace."""
    return Answer(
        status="rejected",
        code=code,
        message=message,
        action=request.action,
        request_id=request.request_id,
        order_id=None if code is not Code.KEY_REUSED else request.order_id,
        amount_minor=request.amount_minor,
        currency=request.currency,
    )


def refuse_refund(request: IssueRefund, code: Code, message: str, order: Order | None = None) -> Answer:
    """A refund that leaves no trace."""
    return Answer(
        status="rejected",
        code=code,
        message=message,
        action=request.action,
        request_id=request.request_id,
        order_id=request.order_id,
        amount_minor=request.amount_minor,
        currency=order.currency if order else None,
        order_status=order.status.value if order else None,
        refundable_minor=order.account.refundable_minor if order else None,
    )


def refuse_wrong_function(function: str) -> Answer:
    """A message for another function: the machine never sends one."""
    return refuse_invalid(f"action: this function takes {function} only.")


def refuse_unknown_order(request: IssueRefund) -> Answer:
    """There is no such order."""
    message = (
        f"A refund on {request.order_id} was asked for; there is no such order. "
        "The result of a purchase names its order."
    )
    return refuse_refund(request, Code.ORDER_NOT_FOUND, message)


def refuse_reused_key(request: Request) -> Answer:
    """The request_id belongs to another request."""
    scope = f"customer {request.customer_id}" if isinstance(request, PlaceOrder) else f"order {request.order_id}"
    message = (
        f"request_id {request.request_id} of {scope} was used for a different {request.action}; "
        "repeat that request unchanged, or ask for this one under a new request_id."
    )
    refuse = refuse_purchase if isinstance(request, PlaceOrder) else refuse_refund
    return refuse(request, Code.KEY_REUSED, message)  # type: ignore[arg-type]  # narrowed together with `refuse`


def refuse_stock_mismatch(request: PlaceOrder, found: Mapping[str, StockItem | None]) -> Answer:
    """Shelves are not as quoted: the gravest difference gives the code, and every line that has it is named."""
    faults = [fault for sku, item in found.items() for fault in _faults(request, sku, item)]
    code = min((code for code, _ in faults), key=_SEVERITY.index)
    return refuse_purchase(request, code, " ".join(message for each, message in faults if each is code))


_SEVERITY: Sequence[Code] = (Code.SKU_NOT_FOUND, Code.CURRENCY_MISMATCH, Code.PRICE_CHANGED, Code.OUT_OF_STOCK)


def _faults(request: PlaceOrder, sku: str, item: StockItem | None) -> list[tuple[Code, str]]:
    line = next(each for each in request.lines if each.sku == sku)
    if item is None:
        return [(Code.SKU_NOT_FOUND, f"{sku} was asked for; the catalogue has no such article.")]
    quoted, price = (format_amount(minor, item.currency) for minor in (line.unit_price_minor, item.price_minor))
    checks = (
        (
            item.currency != request.currency,
            Code.CURRENCY_MISMATCH,
            f"{sku} was asked for in {request.currency}; it is sold in {item.currency}.",
        ),
        (
            item.price_minor != line.unit_price_minor,
            Code.PRICE_CHANGED,
            f"{sku} was quoted at {quoted}; it is {price}.",
        ),
        (item.available < line.quantity, Code.OUT_OF_STOCK, _too_few(sku, line.quantity, item.available)),
    )
    return [(code, message) for wrong, code, message in checks if wrong]


def _too_few(sku: str, quantity: int, available: int) -> str:
    return f"{quantity} of {sku} were asked for; {available} {'is' if available == 1 else 'are'} available."
