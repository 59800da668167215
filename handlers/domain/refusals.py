"""Refusals in words: each names what was asked and what would have been allowed."""

from collections.abc import Mapping, Sequence

from .answers import Answer, Code
from .money import format_amount
from .order import Order
from .requests import IssueRefund, PlaceOrder, Request
from .stock import StockItem


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
